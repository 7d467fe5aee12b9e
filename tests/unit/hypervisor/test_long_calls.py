"""Long calls: a connection each, a few at once, none left open."""

import asyncio
import threading
from typing import Any

import pytest

from tests.until import until
from vmgui.hypervisor.connection import Connection
from vmgui.hypervisor.errors import CallFailed, ConnectionFailed, ConnectionLost
from vmgui.hypervisor.long_calls import LongCalls

pytestmark = pytest.mark.usefixtures("no_thread_stays")


class Host:
    """Opens connections to nothing, with real threads; libvirt's part is this object."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.closed = 0

    async def open(self) -> Connection:
        await self.may_open.wait()
        self.opened.append(Connection("qemu+ssh://far/system", self, read_only=False))
        return self.opened[-1]

    def unregisterCloseCallback(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1


async def left(calls: LongCalls, host: Host) -> None:
    await calls.close()
    assert host.closed == len(host.opened)


async def test_calls_that_follow_each_other_share_a_connection() -> None:
    host = Host()
    calls = LongCalls(host.open)
    for _ in range(3):
        assert await calls.run(lambda _, word: word, "done", what="Do") == "done"
    assert len(host.opened) == 1
    await left(calls, host)


async def test_calls_at_once_have_a_connection_each_and_are_no_more_than_eight() -> None:
    host = Host()
    calls = LongCalls(host.open)
    go_on = threading.Event()
    lock, running, most = threading.Lock(), [0], [0]

    def work(_: object) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        go_on.wait()
        with lock:
            running[0] -= 1

    tasks = [asyncio.ensure_future(calls.run(work, what="Do")) for _ in range(10)]
    await until(lambda: running[0] == 8, "eight run")
    go_on.set()
    await asyncio.gather(*tasks)
    assert (most[0], len(host.opened)) == (8, 8)
    await left(calls, host)


async def test_a_failed_call_gives_its_connection_back() -> None:
    host = Host()
    calls = LongCalls(host.open)

    def fail(_: object) -> None:
        raise CallFailed("No")

    for _ in range(10):
        with pytest.raises(CallFailed):
            await calls.run(fail, what="Do")
    assert len(host.opened) == 1
    await left(calls, host)


async def test_a_connection_that_cant_be_opened_takes_no_turn() -> None:
    async def refuse() -> Connection:
        raise ConnectionFailed("No")

    calls = LongCalls(refuse)
    for _ in range(20):
        with pytest.raises(ConnectionFailed):
            await calls.run(lambda _: None, what="Do")
    await calls.close()


async def test_a_broken_connection_is_not_used_again() -> None:
    host = Host()
    calls = LongCalls(host.open)
    await calls.run(lambda _: None, what="Do")
    host.opened[0]._mark_lost("It broke.")
    await calls.run(lambda _: None, what="Do")
    assert len(host.opened) == 2
    assert host.closed == 1
    await left(calls, host)


async def test_a_call_that_is_given_up_closes_its_connection_and_frees_its_turn() -> None:
    host = Host()
    calls = LongCalls(host.open)
    begun, go_on = threading.Event(), threading.Event()

    def work(_: object) -> None:
        begun.set()
        go_on.wait()

    task = asyncio.ensure_future(calls.run(work, what="Do"))
    await asyncio.get_running_loop().run_in_executor(None, begun.wait)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert host.closed == 1
    assert await calls.run(lambda _: "next", what="Do") == "next"
    await left(calls, host)


@pytest.mark.parametrize(
    ("ends", "expected"), [("closed", ConnectionLost), ("cancelled", asyncio.CancelledError)]
)
async def test_a_connection_that_opens_after_the_end_is_closed_again(
    ends: str, expected: type[BaseException]
) -> None:
    host = Host()
    calls = LongCalls(host.open)
    host.may_open.clear()
    did: list[Any] = []
    task = asyncio.ensure_future(calls.run(did.append, what="Do"))
    await asyncio.sleep(0)
    await calls.close()
    host.may_open.set()
    if ends == "cancelled":
        task.cancel()
    with pytest.raises(expected):
        await task
    assert did == []
    assert host.closed == len(host.opened)
    # The link connects anew, and the same object serves it.
    assert await calls.run(lambda _: "again", what="Do") == "again"
    await left(calls, host)
