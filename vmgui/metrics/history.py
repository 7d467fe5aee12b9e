"""The history of figures: kept in a SQLite file, without the loop ever waiting for a disk."""

import asyncio
import contextlib
import logging
import math
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from vmgui.hypervisor.workers import Workers
from vmgui.inventory.figures import Sample
from vmgui.inventory.key import Key
from vmgui.metrics.history_file import (
    TooNew,
    identity,
    is_busy,
    is_damage,
    is_full,
    open_for_reading,
    open_for_writing,
    put_aside,
)
from vmgui.metrics.history_reader import Series, read_series
from vmgui.metrics.history_writer import Writer

_log = logging.getLogger(__name__)

_PAUSE_S = 60.0
_PATIENCE_S = 1.0
_LAST_PATIENCE_S = 5.0
_MOST_WAITING = 60
"""Ticks that may wait for the disk; more are dropped, as memory must not grow."""


class History:
    """Keeps samples, and gives them back as series. Its methods belong to the loop's thread.

    With no path nothing is kept. ``problem`` is a sentence while something is wrong, or after a
    damaged file was put aside. What goes wrong here never raises into who samples.
    """

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.problem = ""
        self._file = _File(path, clock) if path is not None else None
        self._reading = _Reading(path) if path is not None else None
        self._threads: tuple[Workers, Workers] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = 0
        self._drops = False

    async def open(self) -> None:
        """Open the file, made or migrated if need be."""
        if self._file is not None:
            self._loop = asyncio.get_running_loop()
            self._threads = (Workers("history-write", 1), Workers("history-read", 1))
            await _patiently(self._write(self._file.open), _PATIENCE_S)

    def append(self, samples: Sequence[Sample]) -> None:
        """Keep the samples of one host's poll; returns at once."""
        if self._file is None or self._threads is None or not samples:
            return
        if self._waiting >= _MOST_WAITING:
            self._drops = True
            self._say("The disk is too slow for the history of figures; some of them are missing.")
            return
        self._write(partial(self._file.append, samples))

    async def series(self, key: Key, start_s: float, end_s: float) -> Series:
        """Return what is known of a machine or host between two times (seconds since the epoch).

        Steps are 2 s for the last hour, a minute for the last day, else a quarter of an hour.
        What was appended before is in it, unless the disk is slow.
        """
        threads = self._threads
        if self._file is None or self._reading is None or threads is None:
            return Series()
        await _patiently(self._write(_nothing), _PATIENCE_S)
        if self._threads is not threads:  # it was closed meanwhile
            return Series()
        reading = partial(self._reading.read, key, start_s, end_s)
        try:
            return await asyncio.wrap_future(threads[1].submit(reading, urgent=False))
        except (sqlite3.Error, TooNew) as error:
            _log.info("The history can't be read: %r", error)
            if is_damage(error) and self._threads is threads:
                await asyncio.wrap_future(self._write(self._file.mend))
            return Series()

    async def close(self) -> None:
        """Write what waits, and close the file; a disk that hangs is left to itself."""
        if self._file is None or self._reading is None or self._threads is None:
            return
        (writing, reading), self._threads = self._threads, None
        ends = [
            writing.submit(self._file.close, urgent=False),
            reading.submit(self._reading.close, urgent=False),
        ]
        writing.stop()
        reading.stop()
        for end in ends:
            await _patiently(end, _LAST_PATIENCE_S)

    def _write(self, work: "Callable[[], str | None]") -> "Future[str | None]":
        """Run a step of the writing side in its thread, and take over what it says."""
        assert self._threads is not None
        self._waiting += 1
        future = self._threads[0].submit(work, urgent=False)
        future.add_done_callback(self._on_written)
        return future

    def _on_written(self, future: "Future[str | None]") -> None:
        """Carry the outcome from the writer's thread to the loop."""
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._written, future)

    def _written(self, future: "Future[str | None]") -> None:
        self._waiting -= 1
        if self._drops and not self._waiting:
            self._drops = False
            self._say("")
        self._say(future.result())

    def _say(self, problem: str | None) -> None:
        """Take over what the file says; None says that all is well and nothing new."""
        if problem is not None:
            self.problem = problem


def _nothing() -> None:
    """Be done when all that was handed to the writer's thread before is done."""


async def _patiently(future: "Future[Any]", timeout_s: float) -> None:
    """Wait for a thread's work, but not for ever."""
    await asyncio.wait({asyncio.wrap_future(future)}, timeout=timeout_s)


class _Reading:
    """The reading side; every method runs in the reader's thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def read(self, key: Key, start_s: float, end_s: float) -> Series:
        """Read a series; raises sqlite3.Error or TooNew."""
        now = identity(self._path)
        if now is None:
            return Series()
        if now != self._identity:  # the file was put aside
            self.close()
        try:
            if self._db is None:
                self._db = open_for_reading(self._path)
                self._identity = now
            return read_series(self._db, key, start_s, end_s)
        except (sqlite3.Error, TooNew):
            self.close()
            raise

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


class _File:
    """The writing side; every method runs in the writer's thread, and returns the problem.

    "" says that an earlier problem is over, None that there is nothing to say.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._token = uuid.uuid4().hex
        self._writer: Writer | None = None
        self._identity: tuple[int, int] | None = None
        self._paused_until_s = -math.inf
        self._failing = False

    def open(self) -> str | None:
        return self._guarded(self._open)

    def append(self, samples: Sequence[Sample]) -> str | None:
        if self._clock() < self._paused_until_s:
            return None
        return self._guarded(lambda: self._append(samples))

    def mend(self) -> str | None:
        """Put a file aside that turned out to be damaged, and begin a new one."""
        self.close()
        said = None
        try:
            # Another vmgui may have done it already.
            if self._identity is None or identity(self._path) == self._identity:
                said = (
                    "The history of figures was damaged. It is kept as "
                    f"{put_aside(self._path)}; a new one has begun."
                )
            self._open()
        except (sqlite3.Error, OSError, TooNew) as error:
            return self._pause(error)
        return said

    def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except sqlite3.Error as error:
                _log.info("The history did not close well: %s", error)

    def _open(self) -> Writer:
        if self._writer is None:
            self._writer = Writer(open_for_writing(self._path), self._token)
            self._identity = identity(self._path)
        return self._writer

    def _append(self, samples: Sequence[Sample]) -> None:
        self._open().append(samples[0].key.host, samples)

    def _guarded(self, step: Callable[[], object]) -> str | None:
        try:
            step()
        except (sqlite3.Error, OSError, TooNew) as error:
            if is_damage(error):
                return self.mend()
            return self._pause(error)
        if self._failing:
            self._failing = False
            return ""
        return None

    def _pause(self, error: sqlite3.Error | OSError | TooNew) -> str | None:
        _log.info("The history can't be written: %r", error)
        if is_busy(error):
            return None  # another process holds it; the next tick tries again
        self.close()
        self._paused_until_s = self._clock() + _PAUSE_S
        self._failing = True
        if isinstance(error, TooNew):
            return (
                f"The history of figures in {self._path} was written by a newer vmgui; "
                "this one leaves it alone and keeps none."
            )
        if is_full(error):
            return f"The disk is full: the history of figures in {self._path} pauses."
        return f"The history of figures in {self._path} pauses: {error}."
