"""The lab for everybody's tests: two real hosts with two guests each, and their daemons' faults.

A test that asks for ``lab`` or ``daemons`` carries the marker ``lab``; the hosts are started
with the first and end with the run, or with its process if that is killed.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from vmgui import lab as lab_room
from vmgui.lab import LabHost, LabStatus


def eventually(holds: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
    """Wait until something holds; fail with its name when it doesn't in a generous time."""
    give_up_at = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < give_up_at, f"waited {timeout_s} s in vain: {what}"
        time.sleep(0.02)


class Daemon:
    """A host's libvirt daemon, as somebody with a grudge sees it. Guests go on throughout."""

    def __init__(self, lab_name: str, host: LabHost, state_home: str) -> None:
        self._lab_name = lab_name
        self._state_home = state_home
        self.host = host

    @contextmanager
    def _in_the_labs_places(self) -> Iterator[None]:
        """Look where the lab was started: a test of the window has places of its own."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_STATE_HOME", self._state_home)
            yield

    @property
    def pid(self) -> int | None:
        """The daemon's process now, or None."""
        with self._in_the_labs_places():
            hosts = lab_room.status(self._lab_name).hosts
        return next(host.pid for host in hosts if host.name == self.host.name)

    def _send(self, what: signal.Signals) -> None:
        pid = self.pid
        assert pid is not None, f"{self.host.name} has no daemon"
        os.kill(pid, what)

    def stop(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, and return when it is gone."""
        pid = self.pid
        self._send(signal.SIGKILL)
        # Its first thread is gone before the last, and with that its sockets: it has to be reaped.
        eventually(lambda: not Path(f"/proc/{pid}").exists(), "the daemon is gone")

    def start(self) -> None:
        """Start it again, and return when it takes connections."""
        with self._in_the_labs_places():
            lab_room.restart_daemon(self._lab_name, self.host.name)
        eventually(lambda: self.pid is not None and self._takes_connections(), "the daemon is back")

    def _takes_connections(self) -> bool:
        path = parse_qs(urlsplit(self.host.uri).query)["socket"][0]
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            return client.connect_ex(path) == 0

    def heal(self) -> None:
        """Undo whatever a test did to it."""
        if self.pid is None:
            self.start()
        self.resume()


@pytest.fixture(scope="session")
def lab() -> Iterator[LabStatus]:
    """Two real hosts, lab-a and lab-b, with two booted guests each."""
    name = f"test-{os.getpid()}"
    yield lab_room.up(2, 2, name=name, owner_pid=os.getpid())
    lab_room.down(name)


@pytest.fixture(scope="session")
def state_home(lab: LabStatus) -> str:
    """Where the lab keeps its state: what the whole run has, before a test gets its own."""
    return os.environ["XDG_STATE_HOME"]


@pytest.fixture
def daemons(lab: LabStatus, state_home: str) -> Iterator[dict[str, Daemon]]:
    """The lab's daemons by their host's name, to stop, resume, kill and start; healed after."""
    made = {host.name: Daemon(lab.name, host, state_home) for host in lab.hosts}
    yield made
    for daemon in made.values():
        daemon.heal()


def qemu_pid(host: LabHost, guest: str) -> int:
    """Return the guest's process as it is seen from here: a child of its host's first one."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if parent == host.init_pid and f"guest={guest}," in command:
            return int(folder.name)
    raise AssertionError(f"{guest} has no process")


@pytest.fixture
def hung(lab: LabStatus) -> Iterator[str]:
    """Hang one of two guests of a host; it goes on after."""
    host = lab.hosts[0]
    pid = qemu_pid(host, host.guests[0])
    os.kill(pid, signal.SIGSTOP)
    yield host.guests[0]
    os.kill(pid, signal.SIGCONT)
