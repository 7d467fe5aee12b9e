"""What the lab makes of what comes from its guests' second serial port."""

import select
import socket
from collections.abc import Iterator

import pytest

from tests.lab_fixture import eventually
from vmgui.lab.definitions import BEATS_SOCKET
from vmgui.lab.heartbeats import Heartbeats, read_heartbeat
from vmgui.lab.layout import Layout
from vmgui.lab.records import LabHeartbeat


@pytest.fixture
def layout() -> Iterator[Layout]:
    made = Layout("beats")
    held = made.lock()
    assert held is not None
    made.make()
    yield made
    made.sweep()


class Room:
    """The ear, and the guests' QEMUs."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.ear = Heartbeats(layout, {"web-01"})

    def qemu(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.connect(str(self.layout.beats_dir / BEATS_SOCKET))
        self.listen()
        return client

    def listen(self) -> None:
        self.ear.take(select.select(self.ear.sockets(), [], [], 5)[0])

    def say(self, qemu: socket.socket, text: bytes) -> LabHeartbeat | None:
        qemu.sendall(text)
        self.listen()
        return read_heartbeat(self.layout, "web-01")


@pytest.fixture
def room(layout: Layout) -> Iterator[Room]:
    made = Room(layout)
    yield made
    for each in made.ear.sockets():
        each.close()


def test_the_longest_gap_goes_over_from_one_qemu_to_the_next(room: Room) -> None:
    source, destination = room.qemu(), room.qemu()
    assert read_heartbeat(room.layout, "web-01") is None
    room.say(source, b"web-01 1\nweb-01 2\n")
    eventually(lambda: (_now(room).quiet_ms) > 30, "a pause")
    assert _now(room).longest_gap_ms >= _now(room).quiet_ms - 5
    there = room.say(destination, b"web-01 3\n")
    assert there is not None
    assert there.beats == 3
    assert there.longest_gap_ms > 30
    assert there.quiet_ms < there.longest_gap_ms
    source.close()
    room.listen()
    assert len(room.ear.sockets()) == 2
    destination.close()
    room.listen()


def _now(room: Room) -> LabHeartbeat:
    found = read_heartbeat(room.layout, "web-01")
    assert found is not None
    return found


def test_a_beat_of_one_begins_anew_and_a_beat_of_none_ends(room: Room) -> None:
    qemu = room.qemu()
    room.say(qemu, b"web-01 1\n")
    eventually(lambda: _now(room).quiet_ms > 30, "a pause")
    room.say(qemu, b"web-01 2\n")
    anew = room.say(qemu, b"web-01 1\n")
    assert anew is not None
    assert (anew.beats, anew.stopped) == (1, False)
    assert anew.longest_gap_ms < 30
    ended = room.say(qemu, b"web-01 0\n")
    assert ended is not None
    assert (ended.beats, ended.stopped, ended.quiet_ms) == (1, True, 0)
    assert read_heartbeat(room.layout, "web-01") == ended
    qemu.close()


def test_only_whole_beats_of_known_guests_count(room: Room) -> None:
    qemu = room.qemu()
    for text in (b"../x 1\n", b"web-01\n", b"web-01 -1\n", b"web-01 \xff\n", b"\0" * 9000 + b"\n"):
        assert room.say(qemu, text) is None
    while (found := room.say(qemu, b"\nweb-01 7")) is None and room.say(qemu, b"\r\n") is None:
        pass
    assert found is None
    assert _now(room).beats == 7
    qemu.close()
