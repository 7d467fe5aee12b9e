"""An X client that asks a window, from outside, whether it answers.

Runs as a process of its own, on any Python that has python-xlib, and knows nothing of vmgui::

    python probe.py PID X_PID OUT

waits for the first window of process PID that answers pings, and appends a JSON object a line to
OUT. ``mapped`` is when the window came to the screen. Then it sends ``_NET_WM_PING`` (EWMH), the
next one 20 ms after each answer, and notes for each answer ``sent_s``, ``took_s`` and
``starved_s``: how long in that time the window's main thread, the X server X_PID or this probe
stood ready while no processor was free (Linux, /proc/PID/schedstat): no fault of the window's. All
times are of CLOCK_MONOTONIC.

Lines on its standard input steer it: ``pause`` (answered by ``paused`` once no ping is under way),
``resume``, ``keys WIDTHxHEIGHT NAME…`` (answered by ``keys``), ``end``. ``keys`` strikes each named
combination ("Control_L+f", "Down") as a keyboard would (XTEST) and waits for pixels to change
(XDamage) within so many of the window's upper left corner.
"""

import contextlib
import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from Xlib import XK, X, Xatom
from Xlib.display import Display
from Xlib.error import XError
from Xlib.ext import damage, xtest
from Xlib.protocol import event as events

PAUSE_S = 0.02
"""From an answer to the next ping."""

LEAST_PX = 200
"""A window smaller than this in either way is a splash or a tooltip."""

KEY_PATIENCE_S = 10.0
KEY_REST_S = 0.3
"""Between keys, so that one key's pixels are not taken for the next one's."""

CURSOR_PX = 4
"""Damage this narrow is a text cursor that blinks, no answer to a key."""


class Probe:
    """Pings one window; `run` returns on ``end`` or when the input closes."""

    def __init__(self, pid: int, x_pid: int, out: TextIO) -> None:
        self._pid = pid
        self._chain = [Path(f"/proc/{each}/schedstat") for each in (pid, x_pid, "self")]
        self._out = out
        self._display = Display()
        self._root = self._display.screen().root
        atom = self._display.intern_atom
        self._protocols, self._ping = atom("WM_PROTOCOLS"), atom("_NET_WM_PING")
        self._pid_atom = atom("_NET_WM_PID")
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask | X.StructureNotifyMask)
        self._display.damage_query_version()
        self._window: Any = None
        self._serial = 0
        self._sent_s: float | None = None
        self._starved_at_sent_s = 0.0
        self._next_s = 0.0
        self._paused = False
        self._pausing = False
        self._pixels_s: list[float] = []
        self._strip_px: tuple[int, ...] = ()

    def run(self) -> None:
        """Serve until the end."""
        while True:
            for line in self._wait():
                words = line.split()
                if words[:1] == ["end"] or not line:
                    return
                self._obey(words)
            self._tick()

    def _obey(self, words: list[str]) -> None:
        match words:
            case ["pause"]:
                self._pausing = True
            case ["resume"]:
                self._paused = self._pausing = False
                self._next_s = time.monotonic()
            case ["keys", size, *names]:
                self._strip_px = tuple(int(side) for side in size.split("x"))
                self._strike(names)

    def _wait(self) -> list[str]:
        """Wait for input, X events or the next ping; return lines of the input, "" at its end."""
        self._display.flush()
        self._take_events()
        patience_s = 0.5
        if self._window is not None and self._sent_s is None and not self._paused:
            patience_s = max(0.0, self._next_s - time.monotonic())
        ready, _, _ = select.select([self._display, sys.stdin], [], [], patience_s)
        self._take_events()
        return [sys.stdin.readline()] if sys.stdin in ready else []

    def _take_events(self) -> None:
        while self._display.pending_events():
            self._take(self._display.next_event())

    def _take(self, event: Any) -> None:
        now_s = time.monotonic()
        if event.type == X.MapNotify and self._window is None:
            self._consider(event.window, now_s)
        elif event.type == X.ClientMessage and event.client_type == self._protocols:
            _format, data = event.data
            if data[0] == self._ping and data[1] == self._serial and self._sent_s is not None:
                self._answered(now_s)
        elif event.type == self._display.extension_event.DamageNotify:
            area, (width_px, height_px) = event.area, self._strip_px
            if area.width > CURSOR_PX and area.x < width_px and area.y < height_px:
                self._pixels_s.append(now_s)

    def _consider(self, window: Any, now_s: float) -> None:
        """Take a window that has just come up, if it is the one."""
        try:
            known = window.get_full_property(self._protocols, Xatom.ATOM)
            owner = window.get_full_property(self._pid_atom, Xatom.CARDINAL)
            size = window.get_geometry()
        except XError:
            return  # it is gone already
        if (
            known is None
            or self._ping not in known.value
            or (owner is not None and owner.value[0] != self._pid)
            or min(size.width, size.height) < LEAST_PX
        ):
            return
        self._window = window
        self._note(event="mapped", at_s=now_s, width_px=size.width, height_px=size.height)

    def _tick(self) -> None:
        now_s = time.monotonic()
        if self._pausing and self._sent_s is None:
            self._pausing, self._paused = False, True
            self._note(event="paused", at_s=now_s)
        if self._window is None or self._sent_s is not None or self._paused:
            return
        if now_s >= self._next_s:
            self._serial += 1
            message = events.ClientMessage(
                window=self._window,
                client_type=self._protocols,
                data=(32, [self._ping, self._serial, self._window.id, 0, 0]),
            )
            self._starved_at_sent_s = self._starved_s()
            self._sent_s = time.monotonic()
            self._window.send_event(message)
            self._display.flush()

    def _answered(self, now_s: float) -> None:
        assert self._sent_s is not None
        self._note(
            event="ping",
            sent_s=self._sent_s,
            took_s=now_s - self._sent_s,
            starved_s=self._starved_s() - self._starved_at_sent_s,
        )
        self._sent_s = None
        self._next_s = now_s + PAUSE_S

    def _starved_s(self) -> float:
        """Return how long all who take part in an answer have waited for a processor so far."""
        waited_ns = 0
        for place in self._chain:
            # One that has ended waits no more.
            with contextlib.suppress(OSError):
                waited_ns += int(place.read_text(encoding="ascii").split()[1])
        return waited_ns / 1e9

    def _strike(self, names: list[str]) -> None:
        """Strike keys one by one, and note how long each took to change pixels."""
        window = self._window
        took_s: list[float | None] = []
        if window is not None:
            # There is no window manager that would do it.
            window.set_input_focus(X.RevertToParent, X.CurrentTime)
            watched = window.damage_create(damage.DamageReportRawRectangles)
            self._settle()
            for name in names:
                took_s.append(self._key(name))
                self._settle()
            self._display.damage_destroy(watched)
        self._note(event="keys", names=names, took_s=took_s)

    def _key(self, name: str) -> float | None:
        codes = [
            self._display.keysym_to_keycode(XK.string_to_keysym(part)) for part in name.split("+")
        ]
        self._pixels_s.clear()
        for code in codes:
            xtest.fake_input(self._display, X.KeyPress, code)
        began_s = time.monotonic()
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.flush()
        until_s = began_s + KEY_PATIENCE_S
        while not self._pixels_s and time.monotonic() < until_s:
            self._hear(until_s)
        return self._pixels_s[0] - began_s if self._pixels_s else None

    def _settle(self) -> None:
        """Let what the last key began come to its end."""
        until_s = time.monotonic() + KEY_REST_S
        while time.monotonic() < until_s:
            self._hear(until_s)

    def _hear(self, until_s: float) -> None:
        self._display.flush()
        self._take_events()
        patience_s = max(0.0, until_s - time.monotonic())
        select.select([self._display], [], [], min(patience_s, 0.05))
        self._take_events()

    def _note(self, **row: object) -> None:
        self._out.write(json.dumps(row) + "\n")


def main() -> None:
    """Probe the process and write to the file that the command line names."""
    pid, x_pid, out = sys.argv[1:]
    if os.name != "posix" or not sys.platform.startswith("linux"):
        sys.exit("The probe reads /proc, so it needs Linux.")
    with Path(out).open("a", buffering=1, encoding="utf-8") as file:
        Probe(int(pid), int(x_pid), file).run()


if __name__ == "__main__":
    main()
