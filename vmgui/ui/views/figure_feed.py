"""The figures of one machine or host over a range of time: read from history once, then live."""

import asyncio
import math
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from vmgui.inventory.figures import Sample
from vmgui.inventory.key import Key
from vmgui.ui.bridge import Bridge

RANGES_S = (60, 300, 900, 3600, 86400)
"""What can be looked at, in seconds."""

_LIVE_UP_TO_S = 3600
"""Up to this range live samples go on the line; above, it is read anew now and then."""

_REREAD_EVERY_S = 60.0
_SLACK = 256

FIGURES = tuple(
    each.name
    for each in fields(Sample)
    if each.name not in ("key", "at_s", "step_s", "memory_is_resident")
)
"""The fields of a sample that make a line."""


class Series(Protocol):
    """What history returns: times in wall seconds, ascending, and a row for each figure."""

    @property
    def times_s(self) -> Sequence[float]:
        """Return when each sample was taken."""
        ...

    @property
    def values(self) -> Mapping[str, Sequence[float]]:
        """Return the figures by the name of their field; NaN is a gap."""
        ...


class Past(Protocol):
    """Where older figures are read."""

    async def series(self, key: Key, start_s: float, end_s: float) -> Series:
        """Return what was kept between two moments, in wall seconds."""
        ...


class FigureFeed(QObject):
    """Keeps a range of figures of ``key`` up to date. ``changed`` says that there is more.

    Nothing is read before `set_range` is called. ``step_s`` is how far apart samples are
    expected, until some have come. `close` ends what is under way.
    """

    changed = Signal()

    def __init__(
        self,
        key: Key,
        past: Past,
        bridge: Bridge,
        parent: QObject | None = None,
        *,
        step_s: float = 2.0,
    ) -> None:
        super().__init__(parent)
        self.key = key
        self.range_s = 0
        self.latest: Sample | None = None
        self._past = past
        self._times = array("d")
        self._values = {name: array("d") for name in FIGURES}
        self._read_at_s = -math.inf
        self._task: asyncio.Task[None] | None = None
        self._expected_step_s = step_s
        self._steps: list[float] = []
        bridge.samples_arrived.connect(self._on_samples)

    @property
    def times_s(self) -> Sequence[float]:
        """Return when the samples were taken, in wall seconds."""
        return self._times

    @property
    def values(self) -> Mapping[str, Sequence[float]]:
        """Return a row for each figure, as long as `times_s`; NaN is a gap."""
        return self._values

    @property
    def step_s(self) -> float:
        """Return how far apart samples are at most where nothing is missing."""
        live = max(self._steps, default=self._expected_step_s)
        return live if self.range_s <= _LIVE_UP_TO_S else max(live, 60.0)

    def follow(self, key: Key, latest: Sample | None) -> None:
        """Be about something else from now on, of which ``latest`` is known; has no figures yet."""
        self.close()
        self.key, self.latest = key, latest
        self._times = array("d")
        self._values = {name: array("d") for name in FIGURES}
        self._steps = []
        self.changed.emit()

    def set_range(self, range_s: int, now_s: float) -> None:
        """Show the last ``range_s`` seconds before ``now_s``, from history first."""
        self.range_s = range_s
        self._read(now_s)

    def close(self) -> None:
        """End a reading that is under way."""
        if self._task is not None:
            self._task.cancel()

    def _read(self, now_s: float) -> None:
        self.close()
        self._read_at_s = now_s
        self._task = asyncio.get_running_loop().create_task(
            self._take_past(now_s - self.range_s - self.step_s, now_s),
            name=f"past figures of {self.key.id or self.key.host}",
        )
        self._task.add_done_callback(_report)

    async def _take_past(self, start_s: float, end_s: float) -> None:
        series = await self._past.series(self.key, start_s, end_s)
        newest = series.times_s[-1] if len(series.times_s) else -math.inf
        begin = bisect_left(self._times, math.nextafter(newest, math.inf))
        times, values = array("d", series.times_s), {}
        empty = array("d", [math.nan]) * len(times)
        for name in FIGURES:
            past = series.values.get(name)
            values[name] = (empty[:] if past is None else array("d", past)) + self._values[name][
                begin:
            ]
        self._times, self._values = times + self._times[begin:], values
        self.changed.emit()

    def _on_samples(self, samples: Mapping[Key, Sample]) -> None:
        sample = samples.get(self.key)
        if sample is None:
            return
        self.latest = sample
        if sample.step_s is not None:
            self._steps = [*self._steps[-4:], sample.step_s]
        if not self._times or sample.at_s > self._times[-1]:
            self._append(sample)
        if self.range_s > _LIVE_UP_TO_S and sample.at_s - self._read_at_s > _REREAD_EVERY_S:
            self._read(sample.at_s)
        self.changed.emit()

    def _append(self, sample: Sample) -> None:
        self._times.append(sample.at_s)
        for name, row in self._values.items():
            figure = getattr(sample, name)
            row.append(math.nan if figure is None else figure)
        old = bisect_left(self._times, sample.at_s - max(self.range_s, RANGES_S[0]) - self.step_s)
        if old > _SLACK:  # dropped in lots, since each costs a move of the whole row
            del self._times[:old]
            for row in self._values.values():
                del row[:old]


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        task.get_loop().call_exception_handler(
            {"message": "Past figures were not shown", "exception": error, "task": task}
        )
