"""What the tests of the lab itself need: real connections, and labs of their own."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest

from tests.lab_fixture import eventually
from vmgui import lab as lab_room
from vmgui.lab.layout import Layout
from vmgui.lab.processes import start_ticks

_INTERFACES_BEFORE = set(Path("/sys/class/net").iterdir())

_numbers = itertools.count(1)


@pytest.fixture(autouse=True, scope="session")
def _libvirt_keeps_quiet() -> None:
    libvirt.registerErrorHandler(lambda *_: None, None)


@pytest.fixture
def connect() -> Iterator[Callable[[str], libvirt.virConnect]]:
    """Open URIs with bare libvirt; what was opened is closed."""
    opened: list[libvirt.virConnect] = []

    def open_(uri: str) -> libvirt.virConnect:
        opened.append(libvirt.open(uri))
        return opened[-1]

    yield open_
    for connection in opened:
        connection.close()


@pytest.fixture
def lab_name() -> Iterator[str]:
    """A name for a lab of the test's own, which is down when the test ends."""
    name = f"own-{os.getpid()}-{next(_numbers)}"
    yield name
    lab_room.down(name)


class Traces:
    """What a lab may leave on the machine, taken while it is up, to be looked for after."""

    def __init__(self, name: str) -> None:
        self._layout = Layout(name)
        supervisor = self._layout.supervisor_pid()
        assert supervisor is not None
        family = {supervisor}
        while grown := _children(family) - family:
            family |= grown
        self._processes = {pid: start_ticks(pid) for pid in family}

    def assert_gone(self) -> None:
        """Fail on the first thing of the lab that is still there."""
        assert not self.processes()
        assert not self.mounts()
        assert not self.folders()
        assert set(Path("/sys/class/net").iterdir()) <= _INTERFACES_BEFORE

    def await_gone(self) -> None:
        """Wait for a supervisor that nobody waits for otherwise, then look for the rest."""
        eventually(lambda: not self.processes(), "the lab's processes are gone", 60)
        self.assert_gone()

    def processes(self) -> list[int]:
        """Return those of the lab's processes that live still."""
        return [pid for pid, born in self._processes.items() if born and start_ticks(pid) == born]

    def folders(self) -> list[Path]:
        """Return the lab's folders that are there still."""
        return [f for f in (self._layout.state_dir, self._layout.run_dir) if f.exists()]

    def mounts(self) -> list[str]:
        """Return mounts of the lab's folders, in any namespace of any process."""
        found: set[str] = set()
        for table in Path("/proc").glob("[0-9]*/mountinfo"):
            try:
                lines = table.read_text().splitlines()
            except OSError:
                continue  # a process that ended, or somebody else's
            found.update(line for line in lines if f"/{self._layout.name}/" in line)
        return sorted(found)


def _children(parents: set[int]) -> set[int]:
    children = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) in parents:
            children.add(int(status.parent.name))
    return children
