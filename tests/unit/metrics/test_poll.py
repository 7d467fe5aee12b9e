"""Going round a machine that hangs: real threads and deadlines, a daemon of our own making.

What a real daemon does is tried in the lab's tests; here are the cases that can't be had there.
"""

import threading
from collections.abc import Iterator
from typing import Any

import libvirt
import pytest

from vmgui.hypervisor.connection import Connection
from vmgui.hypervisor.errors import CallLate
from vmgui.hypervisor.stats import Reading
from vmgui.metrics.poll import HostPoll

pytestmark = pytest.mark.usefixtures("no_thread_stays")

URI = "qemu+ssh://far/system"


class Machine:
    """A machine that can hang: then whoever asks it waits, and its monitor is seen to be busy."""

    def __init__(self, uuid: str) -> None:
        self.uuid = uuid
        self._turn = threading.Condition()
        self._hangs = False
        self._waiting = 0

    def hang(self) -> None:
        with self._turn:
            self._hangs = True

    def go_on(self) -> None:
        """Answer those who wait, and all that come."""
        with self._turn:
            self._hangs = False
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self._waiting, timeout=10)

    def ask(self) -> None:
        with self._turn:
            self._waiting += 1
            self._turn.wait_for(lambda: not self._hangs)
            self._waiting -= 1
            self._turn.notify_all()

    def UUIDString(self) -> str:
        return self.uuid

    def ID(self) -> int:
        return 1

    def controlInfo(self) -> list[int]:
        if self._waiting:
            return [libvirt.VIR_DOMAIN_CONTROL_OCCUPIED, 0, 5000]
        return [libvirt.VIR_DOMAIN_CONTROL_OK, 0, 0]


class Daemon:
    """Lends connections to itself, and answers on them as libvirt does."""

    def __init__(self) -> None:
        self.machines = [Machine("a"), Machine("b"), Machine("c")]
        self.takes_its_time = threading.Event()
        self.takes_its_time.set()
        self.lent = 0
        self.returned = 0

    async def figures_connection(self, uri: str) -> Connection:
        self.lent += 1
        return Connection(uri, self, read_only=True)

    async def release(self, connection: Connection) -> None:
        self.returned += 1
        # The real one waits 2 s for a stuck call; nothing here depends on it.
        connection._workers.stop()

    def listAllDomains(self, _flags: int) -> list[Machine]:
        return self.machines

    def getAllDomainStats(self, _groups: int, _flags: int) -> list[Any]:
        return self.domainListGetStats(self.machines, 0, 0)

    def domainListGetStats(self, asked: list[Machine], _groups: int, _flags: int) -> list[Any]:
        self.takes_its_time.wait()
        for machine in asked:
            machine.ask()
        return [(machine, {"state.state": 1, "cpu.time": 1}) for machine in asked]

    def getInfo(self) -> list[Any]:
        return ["x86_64", 1024, 4, 0, 1, 1, 4, 1]

    def getCPUStats(self, _cpu: int) -> dict[str, int]:
        return {"user": 1, "kernel": 1}

    def getMemoryStats(self, _cell: int) -> dict[str, int]:
        return {"total": 1024, "free": 512}

    def isAlive(self) -> bool:
        return True


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon()
    yield daemon
    daemon.takes_its_time.set()
    for machine in daemon.machines:
        machine.go_on()


async def poll_once(poll: HostPoll) -> Reading:
    return await poll.poll(frozenset(), {})


def read(reading: Reading) -> set[str]:
    return {counters.key.id for counters in reading.domains}


async def test_a_machine_that_hangs_costs_one_poll_and_only_its_own_figures(daemon: Daemon) -> None:
    poll = HostPoll(URI, daemon, deadline_s=0.4)
    assert read(await poll_once(poll)) == {"a", "b", "c"}
    daemon.machines[1].hang()
    with pytest.raises(CallLate):
        await poll_once(poll)
    reading = await poll_once(poll)
    await poll.close()

    assert read(reading) == {"a", "c"}
    assert reading.active == {"a", "b", "c"}
    assert poll.left_out == {"b"}
    assert daemon.lent == daemon.returned == 2


async def test_machines_that_hang_one_behind_the_other_are_all_found(daemon: Daemon) -> None:
    poll = HostPoll(URI, daemon, deadline_s=0.4)
    for machine in daemon.machines[:2]:
        machine.hang()
    with pytest.raises(CallLate):
        await poll_once(poll)
    assert poll.left_out == {"a"}
    with pytest.raises(CallLate):
        await poll_once(poll)
    assert poll.left_out == {"a", "b"}
    assert read(await poll_once(poll)) == {"c"}
    await poll.close()


async def test_a_machine_comes_back_once_its_monitor_is_free(daemon: Daemon) -> None:
    clock = Clock()
    poll = HostPoll(URI, daemon, deadline_s=0.4, clock=clock)
    daemon.machines[1].hang()
    with pytest.raises(CallLate):
        await poll_once(poll)
    for _ in range(3):
        clock.now_s += 6
        assert read(await poll_once(poll)) == {"a", "c"}  # looked at, not asked
    daemon.machines[1].go_on()
    clock.now_s += 6
    assert read(await poll_once(poll)) == {"a", "b", "c"}
    assert poll.left_out == frozenset()
    await poll.close()


async def test_a_machine_that_hangs_each_time_it_is_asked_stays_out_for_longer(
    daemon: Daemon,
) -> None:
    clock = Clock()
    poll = HostPoll(URI, daemon, deadline_s=0.4, clock=clock)
    machine = daemon.machines[1]
    for out_s in (5, 30, 60):
        machine.hang()
        with pytest.raises(CallLate):
            await poll_once(poll)
        machine.go_on()
        clock.now_s += out_s - 1
        assert read(await poll_once(poll)) == {"a", "c"}
        clock.now_s += 1
    assert read(await poll_once(poll)) == {"a", "b", "c"}
    await poll.close()


async def test_a_host_with_much_to_read_is_given_more_time(daemon: Daemon) -> None:
    poll = HostPoll(URI, daemon, deadline_s=0.5)
    daemon.takes_its_time.clear()
    with pytest.raises(CallLate):
        await poll_once(poll)
    later = threading.Timer(0.7, daemon.takes_its_time.set)
    later.start()
    assert read(await poll_once(poll)) == {"a", "b", "c"}
    await poll.close()

    assert poll.left_out == frozenset()
