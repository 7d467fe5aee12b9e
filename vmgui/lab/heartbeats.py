"""The outer end of the guests' heartbeats.

A guest that is paused has no clock that goes on, so the gaps are measured here: each guest's
second serial port is a connection of its QEMU to one socket of the lab, which all hosts see. A
guest that migrates is heard from the one QEMU and then from the other, by the same clock.
"""

import json
import socket
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from vmgui.lab.definitions import BEATS_SOCKET
from vmgui.lab.layout import Layout
from vmgui.lab.records import LabHeartbeat

_BACKLOG = 128
# A guest may write what it likes. A beat is shorter than this, and more than one is a delay.
_MOST_BYTES = 4096


@dataclass(slots=True)
class _Beats:
    count: int
    first_s: float
    last_s: float
    longest_gap_s: float
    stopped: bool = False


class Heartbeats:
    """What the supervisor hears. Its calls don't block."""

    def __init__(self, layout: Layout, guests: Collection[str]) -> None:
        self._layout = layout
        self._guests = frozenset(guests)
        self._heard: dict[str, _Beats] = {}
        self._unfinished: dict[socket.socket, bytes] = {}
        layout.beats_dir.mkdir(mode=0o700)
        layout.beat_file("").parent.mkdir(mode=0o700)
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(str(layout.beats_dir / BEATS_SOCKET))
        self._door.listen(_BACKLOG)
        self._door.setblocking(False)

    def sockets(self) -> list[socket.socket]:
        """Return what to wait for."""
        return [self._door, *self._unfinished]

    def take(self, ready: Collection[Any]) -> None:
        """Take in what came on those of the sockets that are ready."""
        if self._door in ready:
            with suppress(OSError):
                newcomer = self._door.accept()[0]
                newcomer.setblocking(False)
                self._unfinished[newcomer] = b""
        for each in [known for known in self._unfinished if known in ready]:
            try:
                came = each.recv(_MOST_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                came = b""
            if not came:
                del self._unfinished[each]
                each.close()
                continue
            *lines, rest = (self._unfinished[each] + came).split(b"\n")
            self._unfinished[each] = rest[-_MOST_BYTES:]
            for line in lines:
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        name, _, count = line.decode(errors="replace").strip().partition(" ")
        if name not in self._guests or not (count.isascii() and count.isdecimal()):
            return
        now_s = time.monotonic()
        before = self._heard.get(name)
        if int(count) == 0:
            if before is None:
                return
            beats = replace(before, stopped=True)
        elif before is None or int(count) == 1:
            beats = _Beats(int(count), now_s, now_s, 0.0)
        else:
            longest_gap_s = max(before.longest_gap_s, now_s - before.last_s)
            beats = _Beats(int(count), before.first_s, now_s, longest_gap_s)
        self._heard[name] = beats
        file = self._layout.beat_file(name)
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(beats)))
        draft.replace(file)


def read_heartbeat(layout: Layout, guest: str) -> LabHeartbeat | None:
    """Return a guest's heartbeat as it is now; None before its first beat."""
    try:
        beats = _Beats(**json.loads(layout.beat_file(guest).read_text()))
    except FileNotFoundError:
        return None
    now_s = time.monotonic()
    quiet_s = 0.0 if beats.stopped else now_s - beats.last_s
    return LabHeartbeat(
        beats=beats.count,
        for_ms=((beats.last_s if beats.stopped else now_s) - beats.first_s) * 1000,
        longest_gap_ms=max(beats.longest_gap_s, quiet_s) * 1000,
        quiet_ms=quiet_s * 1000,
        stopped=beats.stopped,
    )
