"""The history of figures: kept in a SQLite file, without the loop ever waiting for a disk."""

import asyncio
import logging
import math
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from psygnal import Signal

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
_MOST_WAITING = 60
"""Ticks that may wait for the disk; more are dropped, as memory must not grow."""


class History:
    """Keeps samples, and gives them back as series. Its methods belong to the loop's thread.

    With no path nothing is kept. ``problem`` is a sentence while something is wrong, or after a
    damaged file was put aside; ``problem_changed`` is emitted with it. What goes wrong here
    never raises into who samples.
    """

    problem_changed = Signal(str)

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.problem = ""
        self._path = path
        self._file = _File(path, clock) if path is not None else None
        self._write_thread = ThreadPoolExecutor(1, "history-write")
        self._read_thread = ThreadPoolExecutor(1, "history-read")
        self._reading: sqlite3.Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = 0

    async def open(self) -> None:
        """Open the file, made or migrated if need be."""
        self._loop = asyncio.get_running_loop()
        if self._file is not None:
            self._say(await self._loop.run_in_executor(self._write_thread, self._file.open))

    def append(self, samples: Sequence[Sample]) -> None:
        """Keep the samples of one host's poll; returns at once."""
        if self._file is None or self._loop is None or not samples:
            return
        if self._waiting >= _MOST_WAITING:
            self._say("The disk is too slow for the history of figures; some of them are missing.")
            return
        self._waiting += 1
        future = self._write_thread.submit(self._file.append, samples)
        future.add_done_callback(self._on_written)

    async def series(self, key: Key, start_s: float, end_s: float) -> Series:
        """Return what is known of a machine or host between two times (seconds since the epoch).

        Steps are 2 s for the last hour, a minute for the last day, else a quarter of an hour.
        What was appended before is in it, unless the disk is slow.
        """
        loop = self._loop
        if self._path is None or loop is None:
            return Series()
        written = loop.run_in_executor(self._write_thread, _nothing)
        await asyncio.wait({written}, timeout=_PATIENCE_S)
        if self._loop is None:  # it was closed meanwhile
            return Series()
        try:
            return await loop.run_in_executor(self._read_thread, self._read, key, start_s, end_s)
        except (sqlite3.Error, TooNew) as error:
            _log.info("The history can't be read: %r", error)
            if is_damage(error) and self._file is not None:
                self._say(await loop.run_in_executor(self._write_thread, self._file.mend))
            return Series()

    async def close(self) -> None:
        """Write what waits, and close the file."""
        if self._loop is None:
            return
        loop, self._loop = self._loop, None
        if self._file is not None:
            await loop.run_in_executor(self._write_thread, self._file.close)
            await loop.run_in_executor(self._read_thread, self._forget_reading)
        self._write_thread.shutdown(wait=False)
        self._read_thread.shutdown(wait=False)

    def _on_written(self, future: "Future[str | None]") -> None:
        """Carry the outcome from the writer's thread to the loop."""
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._written, future)
        except RuntimeError:  # the loop has ended
            return

    def _written(self, future: "Future[str | None]") -> None:
        self._waiting -= 1
        self._say(future.result())

    def _say(self, problem: str | None) -> None:
        """Take over what the file says; None says that all is well and nothing new."""
        if problem is not None and problem != self.problem:
            self.problem = problem
            self.problem_changed.emit(problem)

    def _read(self, key: Key, start_s: float, end_s: float) -> Series:
        assert self._path is not None
        if not self._path.exists():
            return Series()
        try:
            if self._reading is None:
                self._reading = open_for_reading(self._path)
            return read_series(self._reading, key, start_s, end_s)
        except (sqlite3.Error, TooNew):
            self._forget_reading()
            raise

    def _forget_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None


def _nothing() -> None:
    """Be done when all that was handed to the writer's thread before is done."""


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
