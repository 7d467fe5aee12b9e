"""Reads the history of one machine or host. Runs in a thread of its own."""

import math
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vmgui.inventory.key import Key
from vmgui.metrics.blocks import FIELDS, MACHINES, decode, row
from vmgui.metrics.history_writer import LEVELS

_GAP_STEPS = 1.5
"""So much time, in steps, may pass that no reading accounts for before it is a gap."""


@dataclass(frozen=True, slots=True)
class Series:
    """Figures of one machine or host over time, the oldest first.

    ``times_s`` are seconds since the epoch; ``values`` holds for each field of `Sample` that is
    kept (`blocks.FIELDS`) as many values as there are times, nan where nothing is known. Rates
    are means over the time since the point before; ``cpu_ratio_max`` is the highest reading in
    it, so that short bursts are seen in a long view. A point of nothing but nan parts what lies
    before and after a gap.
    """

    times_s: "array[float]" = field(default_factory=lambda: array("d"))
    values: Mapping[str, "array[float]"] = field(
        default_factory=lambda: {name: array("d") for name in FIELDS}
    )


def read_series(db: sqlite3.Connection, key: Key, start_s: float, end_s: float) -> Series:
    """Read what is known from ``start_s`` to ``end_s``; raises sqlite3.Error.

    Uses the shortest steps that reach back to ``start_s``, or as far as anything does, and for
    what longer steps do not have yet the shorter ones.
    """
    found = db.execute(
        "SELECT host.id, slot FROM host JOIN series ON series.host = host.id"
        " WHERE uri = ? AND series.id = ?",
        (key.host, key.id),
    ).fetchone()
    if found is None:
        return Series()
    host, slot = found
    db.execute("BEGIN")  # all that follows is read as of one moment
    try:
        finest = _finest(db, host, slot // MACHINES, start_s)
        points: list[tuple[float, int, bytes]] = []
        since_s = start_s
        for level in range(finest, -1, -1):
            rows = _rows(db, level, host, slot // MACHINES, since_s, end_s)
            points += [(at_ms / 1000, level, data) for at_ms, data in rows]
            since_s = points[-1][0] if points else start_s
    finally:
        db.rollback()
    return _series(_figures(points, slot))


def _rows(
    db: sqlite3.Connection, level: int, host: int, block: int, after_s: float, until_s: float
) -> list[tuple[int, bytes]]:
    span = (math.ceil(after_s * 1000), math.floor(until_s * 1000))
    if level == 0:
        return db.execute(
            "SELECT at_ms, data FROM fine WHERE host = ? AND at_ms > ? AND at_ms <= ?"
            " AND block = ? ORDER BY at_ms",
            (host, *span, block),
        ).fetchall()
    return db.execute(
        "SELECT at_ms, data FROM coarse WHERE host = ? AND level = ? AND block = ?"
        " AND at_ms > ? AND at_ms <= ? ORDER BY at_ms",
        (host, level, block, *span),
    ).fetchall()


def _finest(db: sqlite3.Connection, host: int, block: int, start_s: float) -> int:
    """Return the level of the shortest steps that reach back to the start, or as far as any."""
    oldest_ms = [
        db.execute("SELECT min(at_ms) FROM fine WHERE host = ?", (host,)).fetchone()[0],
        *(
            db.execute(
                "SELECT min(at_ms) FROM coarse WHERE host = ? AND level = ? AND block = ?",
                (host, level, block),
            ).fetchone()[0]
            for level in range(1, len(LEVELS))
        ),
    ]
    reach_s = [math.inf if at_ms is None else at_ms / 1000 for at_ms in oldest_ms]
    # As long as nothing was dropped, the first short step lies before the end of the first long.
    for level, (step_s, _kept_s) in enumerate(LEVELS):
        if reach_s[level] <= max(start_s + step_s, min(reach_s[level:])):
            return level
    return len(LEVELS) - 1


def _figures(
    points: Iterable[tuple[float, int, bytes]], slot: int
) -> Iterator[tuple[float, int, float, "array[float]"]]:
    for at_s, level, data in points:
        block = decode(data)
        found = None if block is None else row(block, slot)
        if found is not None:
            figures, step_s = found
            yield at_s, level, step_s, figures


def _series(points: Iterable[tuple[float, int, float, "array[float]"]]) -> Series:
    times_s = array("d")
    rows = array("f")
    nothing = array("f", [math.nan]) * len(FIELDS)
    for at_s, level, step_s, figures in points:
        longest_s = LEVELS[level].step_s
        if times_s and at_s - step_s - times_s[-1] > _GAP_STEPS * longest_s:
            times_s.append(min(times_s[-1] + longest_s, at_s))
            rows.extend(nothing)
        times_s.append(at_s)
        rows.extend(figures)
    width = len(FIELDS)
    return Series(times_s, {name: array("d", rows[i::width]) for i, name in enumerate(FIELDS)})
