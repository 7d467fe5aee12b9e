"""Connections against libvirt's test driver, which runs in this process."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import libvirt
import pytest

from vmgui.hypervisor.auth import Attempt, Credentials
from vmgui.hypervisor.connection import Connection
from vmgui.hypervisor.errors import (
    AuthenticationFailed,
    CallLate,
    ConnectionFailed,
    ConnectionLost,
    NotPossibleNow,
    Vanished,
)
from vmgui.hypervisor.questions import Question
from vmgui.hypervisor.subscription import HostEvent

pytestmark = pytest.mark.usefixtures("no_thread_stays")
URI = "test:///default"


def names(conn: Any) -> list[str]:
    return [domain.name() for domain in conn.listAllDomains()]


async def open_connection(uri: str = URI, **options: Any) -> Connection:
    return await Connection.open(uri, Credentials(uri, None), **options)


async def test_a_call_runs_in_a_thread_of_the_connection() -> None:
    connection = await open_connection()
    assert await connection.call(names, what="List") == ["test"]
    thread = await connection.call(lambda _: threading.current_thread(), what="Look")
    assert thread is not threading.main_thread()
    await connection.close()


async def test_a_late_call_is_left_behind_and_the_connection_goes_on() -> None:
    connection = await open_connection()
    gate = threading.Event()
    with pytest.raises(CallLate, match=r"Hang.*within 0\.05 s.*may still"):
        await connection.call(lambda _: gate.wait(), what="Hang", deadline_s=0.05)
    assert await connection.call(names, what="List") == ["test"]
    gate.set()
    await connection.close()


async def test_libvirts_errors_become_ours_with_its_own_text_apart() -> None:
    connection = await open_connection()
    with pytest.raises(Vanished) as vanished:
        await connection.call(lambda c: c.lookupByName("<b>x</b>"), what="Find it")
    assert vanished.value.what == "Find it"
    assert "error 42" in vanished.value.libvirt_says
    with pytest.raises(NotPossibleNow):
        await connection.call(lambda c: c.lookupByName("test").rename("new"), what="Rename test")
    await connection.close()


async def test_events_arrive_on_the_loop() -> None:
    connection = await open_connection()
    arrived: asyncio.Queue[tuple[HostEvent, threading.Thread]] = asyncio.Queue()
    kinds = await connection.subscribe(
        lambda event: arrived.put_nowait((event, threading.current_thread()))
    )
    assert "domain" in kinds
    await connection.call(lambda c: c.lookupByName("test").suspend(), what="Pause")
    event, thread = await asyncio.wait_for(arrived.get(), 10)
    await connection.call(lambda c: c.lookupByName("test").resume(), what="Resume")
    assert (event.kind, event.aspect) == ("domain", "lifecycle")
    assert thread is threading.main_thread()
    await connection.close()


async def test_a_closed_connection_says_so() -> None:
    connection = await open_connection()
    await connection.close()
    await connection.close()
    with pytest.raises(ConnectionLost):
        await connection.call(names, what="List")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("qemu+unix:///system?socket=/nowhere/sock", "No libvirt daemon listens there"),
        ("qemu+ssh://no-such-host.invalid/system", "name is not known"),
        ("qemu+tcp://127.0.0.1:1/system", "No libvirt daemon listens there"),
    ],
)
async def test_what_cannot_be_opened_says_why_and_what_to_do(uri: str, why: str) -> None:
    with pytest.raises(ConnectionFailed) as failed:
        await open_connection(uri)
    assert why in failed.value.why
    assert failed.value.what_to_do
    assert failed.value.libvirt_says
    assert not failed.value.is_final


@pytest.mark.parametrize("uri", ["not a uri", "qemu+pigeon:///system"])
async def test_a_uri_that_cannot_work_is_final(uri: str) -> None:
    with pytest.raises(ConnectionFailed) as failed:
        await open_connection(uri)
    assert failed.value.is_final


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ``ssh`` that asks for a password as ssh does, and runs the command on this computer."""
    program = tmp_path / "ssh"
    program.write_text(
        "#!/bin/sh\n"
        'echo "$@" >"$0.asked"\n'
        'answer=$("$SSH_ASKPASS" "root@far\'s password: ") || exit 255\n'
        'if [ "$answer" != "s3cret pass" ]; then\n'
        '  echo "root@far: Permission denied (password)." >&2; exit 255\n'
        "fi\n"
        "exec virt-ssh-helper test:///default\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


async def ask_through_ssh(answer: str | None) -> tuple[list[Question], Exception]:
    asked: list[Question] = []

    def on_question(question: Question) -> None:
        asked.append(question)
        if answer is None:
            question.refuse()
        else:
            question.answer([answer])

    uri = "qemu+ssh://root@far/system"
    with pytest.raises(ConnectionFailed) as failed:
        await Connection.open(uri, Credentials(uri, on_question))
    return asked, failed.value


async def test_ssh_asks_its_own_question_through_us(ssh: Path) -> None:
    asked, error = await ask_through_ssh("wrong")
    (prompt,) = asked[0].prompts
    assert prompt.text == "root@far's password"
    assert prompt.secret
    assert isinstance(error, AuthenticationFailed)
    assert "did not let you in" in error.why


async def test_a_question_that_is_refused_ends_the_attempt(ssh: Path) -> None:
    asked, error = await ask_through_ssh(None)
    assert len(asked) == 1
    assert isinstance(error, AuthenticationFailed)
    assert "not answered" in error.why


async def test_an_attempt_that_is_given_up_while_answers_are_kept_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeping = asyncio.Event()
    opened: list[Connection] = []
    init = Connection.__init__

    def note(self: Connection, *args: Any, **options: Any) -> None:
        init(self, *args, **options)
        opened.append(self)

    async def keep(_: Attempt) -> None:
        keeping.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Connection, "__init__", note)
    monkeypatch.setattr(Attempt, "keep_answers", keep)
    task = asyncio.ensure_future(open_connection())
    await keeping.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (connection,) = opened
    assert connection.is_lost
    with pytest.raises(libvirt.libvirtError, match="invalid connection"):
        connection._conn.getHostname()
