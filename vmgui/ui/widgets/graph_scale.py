"""The arithmetic of a graph: axis, labels, gaps and thinning. Knows no Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Literal, NamedTuple

Quantity = Literal["percent", "memory", "disk", "network"]
"""What an axis counts: per cent, bytes, bytes a second, or bits a second."""

_MIB, _GIB = 1024**2, 1024**3
_GAP_STEPS = 2.5  # a pause longer than this many steps was not measured
_HEADROOM = 1.06
_MOST_TICKS = 5


class Tick(NamedTuple):
    """A grid line: where, in the axis' own numbers, and what is written beside it."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class ValueScale:
    """A vertical axis: from ``low`` (0, or negative where mirrored) to ``high``."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    divisor: float
    unit: str

    def text(self, value: float) -> str:
        """Return a value with its unit, to three significant figures; never a minus."""
        return f"{figures(abs(value) / self.divisor)} {self.unit}"


def value_scale(quantity: Quantity, up: float, down: float, *, mirrored: bool) -> ValueScale:
    """Return the axis that holds values from 0 to ``up``, and 0 to ``down`` beneath it.

    Both are in the quantity's unit (see `Quantity`), positive, and 0 where there is nothing.
    Per cent is always 0 to 100. The labels are positive on both sides, and the unit stands
    once, at the topmost.
    """
    if quantity == "percent":
        ticks = tuple(Tick(v, f"{v} %" if v == 100 else str(v)) for v in (0, 25, 50, 75, 100))
        return ValueScale(0.0, 100.0, ticks, 1.0, "%")
    divisor, unit, least = _unit(quantity, max(up, down))
    high = max(up / divisor * _HEADROOM, least)
    low = max(down / divisor * _HEADROOM, least) if mirrored else 0.0
    step = _nice_step((high + low) / _MOST_TICKS, binary=quantity == "memory")
    # Ends on half a step, so that the axis doesn't breathe with every sample.
    high = max(ceil(high / step * 2) * step / 2, step)
    low = max(ceil(low / step * 2) * step / 2, step) if mirrored else 0.0
    first, last = -floor(low / step + 1e-9), floor(high / step + 1e-9)
    decimals = max(0, -floor(log10(step) + 1e-9))
    ticks = tuple(
        Tick(
            n * step * divisor,
            _label(abs(n) * step, decimals) + (f" {unit}" if n == last else ""),
        )
        for n in range(first, last + 1)
    )
    return ValueScale(-low * divisor, high * divisor, ticks, divisor, unit)


def time_ticks(window_s: float) -> tuple[Tick, ...]:
    """Return the labels of the last ``window_s`` seconds; positions are negative seconds."""
    if window_s <= 120:
        per, unit = 1.0, "s"
    elif window_s <= 2 * 3600:
        per, unit = 60.0, "min"
    elif window_s <= 2 * 86400:
        per, unit = 3600.0, "h"
    else:
        per, unit = 86400.0, "d"
    whole = window_s / per
    parts = next((n for n in (4, 5, 6, 3, 7) if (whole / n) == floor(whole / n)), 4)
    ticks = [
        Tick(-window_s * n / parts, f"−{figures(whole * n / parts)}") for n in range(parts, 0, -1)
    ]
    ticks[0] = Tick(ticks[0].at, f"{ticks[0].label} {unit}")
    return (*ticks, Tick(0.0, "now"))


def figures(value: float) -> str:
    """Return a number with at most three significant figures, thousands set off thinly."""
    if value >= 1000:
        return f"{value:,.0f}".replace(",", "\u2009")
    if value >= 99.95 or value == 0:
        return f"{value:.0f}"
    decimals = 1 if value >= 9.995 else 2
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".")


def split_runs(
    at_s: Sequence[float], values: Sequence[float], step_s: float, since_s: float
) -> list[list[tuple[float, float]]]:
    """Return the pieces of a series that were really measured, oldest first.

    A value that isn't finite, and a pause of more than 2.5 steps, ends a piece. What is older
    than ``since_s`` is left out, but for the last point before it, from which the line comes.
    """
    runs: list[list[tuple[float, float]]] = []
    run: list[tuple[float, float]] = []
    before = 0.0
    longest = step_s * _GAP_STEPS
    for at, value in zip(at_s, values, strict=True):
        if run and (at - before > longest or not isfinite(value)):
            runs.append(run)
            run = []
        if isfinite(value):
            if at <= since_s:
                run.clear()
            run.append((at, value))
        before = at
    if run:
        runs.append(run)
    return [run for run in runs if run[-1][0] > since_s]


def thin_out(
    run: Sequence[tuple[float, float]], columns: int, span: float
) -> Sequence[tuple[float, float]]:
    """Return at most about two points a pixel column: the lowest and the highest of each.

    ``span`` is how much of the first coordinate the columns cover. Peaks survive.
    """
    if columns <= 0 or len(run) <= 2 * columns:
        return run
    width = span / columns
    kept: list[tuple[float, float]] = []
    column = floor(run[0][0] / width)
    low = high = run[0]
    for point in run:
        here = floor(point[0] / width)
        if here != column:
            kept.extend(sorted({low, high}))
            column, low, high = here, point, point
        elif point[1] < low[1]:
            low = point
        elif point[1] > high[1]:
            high = point
    kept.extend(sorted({low, high}))
    return kept


def _label(value: float, decimals: int) -> str:
    return figures(value) if value >= 1000 or value == 0 else f"{value:.{decimals}f}"


def _unit(quantity: Quantity, most: float) -> tuple[float, str, float]:
    """Return divisor, name, and the least that an axis shows, in that unit."""
    if quantity == "memory":
        return (_GIB, "GiB", 0.5) if most >= _GIB else (_MIB, "MiB", 16.0)
    return (1e6, "MB/s", 0.5) if quantity == "disk" else (1e6, "Mb/s", 0.5)


def _nice_step(at_least: float, *, binary: bool) -> float:
    if binary and at_least > 1:
        step = 1.0
        while step < at_least:
            step *= 2
        return step
    power: float = 10.0 ** floor(log10(at_least))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= at_least * (1 - 1e-9)))
