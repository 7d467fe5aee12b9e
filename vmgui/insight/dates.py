"""Moments in the words that a person reads, in the time zone of whoever looks.

Times are seconds since the epoch. One that no calendar holds, or 0 for "not told", gives "".
"""

from datetime import datetime

from vmgui.insight.amounts import duration


def day(at_s: float, now_s: float) -> str:
    """Return ``4 Apr``, with the year where it isn't that of ``now_s``: ``4 Apr 2023``."""
    when, now = _local(at_s), _local(now_s)
    if when is None:
        return ""
    words = f"{when.day} {when:%b}"
    return words if now is not None and now.year == when.year else f"{words} {when.year}"


def clock(at_s: float) -> str:
    """Return ``09:30``."""
    when = _local(at_s)
    return "" if when is None else f"{when:%H:%M}"


def moment(at_s: float, now_s: float) -> str:
    """Return ``4 Apr, 09:30``."""
    return ", ".join(filter(None, (day(at_s, now_s), clock(at_s))))


def span(start_s: float, end_s: float, now_s: float) -> str:
    """Return ``2 – 4 Apr``, ``30 Mar – 4 Apr``, or one day where both are of it."""
    first, last = day(start_s, now_s), day(end_s, now_s)
    if first == last or not first or not last:
        return last or first
    (number, *rest), (_, *others) = first.split(" "), last.split(" ")
    return f"{number} – {last}" if rest == others else f"{first} – {last}"


def about(duration_s: float) -> str:
    """Return a time span in its largest unit alone: ``21 d``."""
    return " ".join(duration(duration_s).split(" ")[:2])


def _local(at_s: float) -> datetime | None:
    if at_s <= 0:
        return None
    try:
        return datetime.fromtimestamp(at_s).astimezone()
    except (OverflowError, OSError, ValueError):
        return None
