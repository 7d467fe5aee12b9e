"""libvirt's event loop on a thread of our own.

Neither libvirt's default loop nor ``libvirtaio`` lives with Qt and worker threads, so libvirt is
given this implementation (``virEventRegisterImpl``): a thread in ``poll()``, woken through a
pipe when something is added, changed or removed from another thread. It has to be registered
before the first connection is opened, once in a process, and it stays for the process's life.
"""

import contextlib
import itertools
import os
import select
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import libvirt

_TO_POLL: tuple[tuple[int, int], ...] = (
    (libvirt.VIR_EVENT_HANDLE_READABLE, select.POLLIN),
    (libvirt.VIR_EVENT_HANDLE_WRITABLE, select.POLLOUT),
    (libvirt.VIR_EVENT_HANDLE_ERROR, select.POLLERR),
    (libvirt.VIR_EVENT_HANDLE_HANGUP, select.POLLHUP),
)


@dataclass(slots=True)
class _Handle:
    fd: int
    mask: int
    callback: Any
    opaque: Any


@dataclass(slots=True)
class _Timer:
    interval_ms: int
    due_s: float
    callback: Any
    opaque: Any


class EventThread:
    """The thread that runs libvirt's callbacks.

    libvirt changes the two tables from whichever thread it is called in, and that can be in the
    midst of any line here: a garbage collection may free a handle of libvirt's, the last of its
    connection, which is closed then. So there is no lock, which that thread would wait for
    itself: each change of a table is one operation of a dict or deque, and rounds go over copies.
    """

    def __init__(self) -> None:
        self._handles: dict[int, _Handle] = {}
        self._timers: dict[int, _Timer] = {}
        self._gone: deque[Any] = deque()
        self._ids = itertools.count(1)
        self._wake_r, self._wake_w = os.pipe()
        os.set_blocking(self._wake_r, False)
        os.set_blocking(self._wake_w, False)
        self._thread = threading.Thread(target=self._run, name="libvirt-events", daemon=True)

    def start(self) -> None:
        """Register with libvirt and begin to poll."""
        libvirt.virEventRegisterImpl(
            self._add_handle,
            self._update_handle,
            self._remove_handle,
            self._add_timer,
            self._update_timer,
            self._remove_timer,
        )
        self._thread.start()

    def _add_handle(self, fd: int, events: int, callback: Any, opaque: Any) -> int:
        new = next(self._ids)
        self._handles[new] = _Handle(fd, events, callback, opaque)
        self._wake()
        return new

    def _update_handle(self, watch: int, events: int) -> None:
        if handle := self._handles.get(watch):
            handle.mask = events
        self._wake()

    def _remove_handle(self, watch: int) -> int:
        handle = self._handles.pop(watch, None)
        if handle is None:
            return -1
        # libvirt may be inside the callback now: what it handed over is freed by the event
        # thread, between two rounds.
        self._gone.append(handle.opaque)
        self._wake()
        return 0

    def _add_timer(self, interval_ms: int, callback: Any, opaque: Any) -> int:
        new = next(self._ids)
        self._timers[new] = _Timer(interval_ms, _due(interval_ms), callback, opaque)
        self._wake()
        return new

    def _update_timer(self, timer_id: int, interval_ms: int) -> None:
        if timer := self._timers.get(timer_id):
            timer.due_s = _due(interval_ms)
            timer.interval_ms = interval_ms
        self._wake()

    def _remove_timer(self, timer_id: int) -> int:
        timer = self._timers.pop(timer_id, None)
        if timer is None:
            return -1
        self._gone.append(timer.opaque)
        self._wake()
        return 0

    def _wake(self) -> None:
        # Also from this thread: what changed may be in a round's copy already.
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_w, b".")

    def _run(self) -> None:
        while True:
            self._round()

    def _round(self) -> None:
        poller = select.poll()
        poller.register(self._wake_r, select.POLLIN)
        watched: dict[int, int] = {}
        for handle in self._handles.copy().values():
            if handle.mask:
                watched[handle.fd] = watched.get(handle.fd, 0) | _poll_mask(handle.mask)
        due = [t.due_s for t in self._timers.copy().values() if t.interval_ms >= 0]
        for fd, mask in watched.items():
            poller.register(fd, mask)
        wait_ms = max(0.0, (min(due) - time.monotonic()) * 1000) if due else None
        ready = dict(poller.poll(wait_ms))
        if ready.pop(self._wake_r, 0):
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_r, 4096)
        self._run_timers()
        self._run_handles(ready)
        while self._gone:
            libvirt.virEventInvokeFreeCallback(self._gone.popleft())

    def _run_timers(self) -> None:
        now_s = time.monotonic()
        timers = self._timers.copy().items()
        due = [(i, t) for i, t in timers if t.interval_ms >= 0 and t.due_s <= now_s]
        for _, timer in due:
            timer.due_s = now_s + timer.interval_ms / 1000
        for timer_id, timer in due:
            if timer_id in self._timers:  # an earlier callback of this round may have removed it
                timer.callback(timer_id, timer.opaque)

    def _run_handles(self, ready: dict[int, int]) -> None:
        hit = [
            (i, h, _libvirt_mask(ready[h.fd], h.mask))
            for i, h in self._handles.copy().items()
            if h.fd in ready
        ]
        for watch, handle, events in hit:
            if watch in self._handles and events:
                handle.callback(watch, handle.fd, events, handle.opaque)


_thread: EventThread | None = None


def start_event_thread() -> None:
    """Start the process's event thread, unless it runs; before the first connection opens."""
    global _thread  # noqa: PLW0603 - libvirt takes one implementation for the process's life
    if _thread is None:
        # libvirt prints each error by itself, beside raising it.
        libvirt.registerErrorHandler(lambda *_: None, None)
        _thread = EventThread()
        _thread.start()


def _due(interval_ms: int) -> float:
    return time.monotonic() + max(0, interval_ms) / 1000


def _poll_mask(events: int) -> int:
    return sum(poll for ours, poll in _TO_POLL if events & ours)


def _libvirt_mask(ready: int, wanted: int) -> int:
    wanted |= libvirt.VIR_EVENT_HANDLE_ERROR | libvirt.VIR_EVENT_HANDLE_HANGUP
    if ready & select.POLLNVAL:
        ready |= select.POLLERR
    return sum(ours for ours, poll in _TO_POLL if ready & poll and wanted & ours)
