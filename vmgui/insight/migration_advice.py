"""What would make a migration arrive that doesn't, the nearest first."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from vmgui.insight.amounts import latency, size
from vmgui.insight.migration_course import Allows, Situation, play
from vmgui.inventory.migration import MIB


class Knob(StrEnum):
    """What has to be turned."""

    BANDWIDTH = "bandwidth"
    DOWNTIME = "downtime"
    POST_COPY = "post-copy"
    AUTO_CONVERGE = "auto-converge"
    PAUSE = "pause"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would help. ``value`` is in MiB/s or ms, None where the knob has none.

    ``anew`` says that it counts from the next start on: this migration has to be cancelled first.
    """

    knob: Knob
    text: str
    value: int | None = None
    anew: bool = False


ROUNDS_WANTED = 12
"""A remedy has to bring the machine over within so many rounds, else it is none."""

_MOST_FACTOR = 64.0
_LONGEST_PAUSE_MS = 10_000
"""From here on it would be honest to call it a shutdown."""


def remedies(
    now: Situation, allows: Allows, max_downtime_ms: float, *, limited: bool, running: bool
) -> tuple[Remedy, ...]:
    """Return what would bring the machine over, the nearest first.

    ``limited``: the bandwidth limit is what holds it back, so raising it may help. ``running``:
    it has begun, and flags of the start can't be set any more. Knobs that are turned a little
    come before those that are turned a lot, what works at once before what needs a new start.
    """
    turned = sorted(
        _turned(now, allows, max_downtime_ms, limited=limited), key=lambda pair: pair[0]
    )
    found = [remedy for _, remedy in turned]
    anew: list[Remedy] = []
    helps = not allows.auto_converge and play(now, replace(allows, auto_converge=True)).arrives
    if helps and not running:
        found.append(Remedy(Knob.AUTO_CONVERGE, "Allow auto-converge"))
    elif helps:
        text = "Cancel, and start again with auto-converge"
        anew.append(Remedy(Knob.AUTO_CONVERGE, text, anew=True))
    if allows.post_copy and running:
        found.append(Remedy(Knob.POST_COPY, "Switch to post-copy"))
    elif allows.post_copy:
        found.append(Remedy(Knob.POST_COPY, "Switch to post-copy after the first round"))
    elif not running:
        found.append(Remedy(Knob.POST_COPY, "Allow post-copy"))
    else:
        text = "Cancel, and start again with post-copy allowed"
        anew.append(Remedy(Knob.POST_COPY, text, anew=True))
    if running:
        found.append(Remedy(Knob.PAUSE, "Pause the machine until it is there"))
    if not limited and (wanted := _bandwidth(now, allows)) is not None:
        text = f"Give it a link that carries {size(wanted * MIB)}/s"
        anew.append(Remedy(Knob.LINK, text, wanted, anew=True))
    return (*found, *anew)


def _turned(
    now: Situation, allows: Allows, max_downtime_ms: float, *, limited: bool
) -> list[tuple[float, Remedy]]:
    """Return the remedies that turn a knob, each with how far it has to be turned."""
    found = []
    if limited and (wanted := _bandwidth(now, allows)) is not None:
        text = f"Raise the limit to {size(wanted * MIB)}/s"
        factor = wanted * MIB / now.clears_bytes_per_s
        found.append((factor, Remedy(Knob.BANDWIDTH, text, wanted)))
    if (pause := _pause(now, allows, max_downtime_ms)) is not None:
        text = f"Allow a pause of {latency(pause / 1000)}"
        found.append((pause / max_downtime_ms, Remedy(Knob.DOWNTIME, text, pause)))
    return found


def _bandwidth(now: Situation, allows: Allows) -> int | None:
    """Return the bandwidth in MiB/s that would do, None where none does."""

    def faster(factor: float) -> Situation:
        return replace(
            now,
            clears_bytes_per_s=now.clears_bytes_per_s * factor,
            switch_below_bytes=now.switch_below_bytes * factor,
        )

    factor = _least(lambda factor: _arrives(faster(factor), allows))
    return None if factor is None else _round_up(now.clears_bytes_per_s * factor / MIB)


def _pause(now: Situation, allows: Allows, max_downtime_ms: float) -> int | None:
    """Return the pause in ms that would do, None where only one that is too long does."""

    def longer(factor: float) -> Situation:
        return replace(now, switch_below_bytes=now.switch_below_bytes * factor)

    factor = _least(lambda factor: _arrives(longer(factor), allows))
    if factor is None or max_downtime_ms <= 0:
        return None
    pause = _round_up(max_downtime_ms * factor)
    return pause if pause <= _LONGEST_PAUSE_MS else None


def _arrives(now: Situation, allows: Allows) -> bool:
    return play(now, replace(allows, auto_converge=False), ROUNDS_WANTED).arrives


def _least(enough: Callable[[float], bool]) -> float | None:
    """Return the least factor from 1 on that is enough, to a hundredth; None where none is."""
    low, high = 1.0, 1.25
    while not enough(high):
        low, high = high, high * 1.5
        if high > _MOST_FACTOR:
            return None
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _round_up(value: float) -> int:
    """Return the next number with two digits that count, as a person would set it."""
    step = 10 ** max(math.floor(math.log10(value)) - 1, 0) if value > 0 else 1
    return math.ceil(value / step) * step
