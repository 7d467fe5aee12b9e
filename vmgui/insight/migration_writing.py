"""How much memory a guest writes anew within a time, learned from the rounds of its migration.

A guest that writes all over the place has dirtied ``rate × time``; one that writes the same
pages again and again no more than those. Both are one curve,

    dirty(t) = set · (1 − exp(−rate · t / set)),

as random writes over a working set make it. Long rounds tell the size of the set, short ones the
rate. vCPUs that are slowed by p per cent write as if (1 − p/100) of the time passed. A round
counts anew only what wasn't left over from the one before: of what was left, all was written by
the guest (but in the first round), so so much of its set is missing from the count.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from vmgui.insight.migration_rounds import Round

_AGEING = 0.6
"""How much an observation counts beside the next newer one: guests change what they do."""

_NEWEST = 6
_OLDEST = 4
_LEAST_WEIGHT = 0.1

_CHANGED = 0.7
"""What is off by more than that is no jitter: the guest does something else now."""

_TOLERANCE = 0.01
"""So much more of mean square relative error makes a curve no less likely: it may be jitter."""

_STEEPEST = 4.0
"""Over this many times its own constant a curve is flat: more says nothing about the rate."""


@dataclass(frozen=True, slots=True)
class Writing:
    """The curve of a guest: ``rate_bytes_per_s`` unslowed, over ``set_bytes`` of memory."""

    rate_bytes_per_s: float
    set_bytes: float

    def dirty_bytes(self, duration_s: float, throttle_percent: float = 0) -> float:
        """Return what is written anew within a time, each page counted once."""
        if self.rate_bytes_per_s <= 0 or self.set_bytes <= 0:
            return 0.0
        written = self.rate_bytes_per_s * duration_s * (1 - throttle_percent / 100)
        return self.set_bytes * -math.expm1(-written / self.set_bytes)


@dataclass(frozen=True, slots=True)
class _Seen:
    written_for_s: float
    dirty_bytes: float
    uncounted_bytes: float
    weight: float


def learn(
    rounds: Iterable[Round], memory_bytes: float, left_over_bytes: float = 0.0
) -> Writing | None:
    """Return the curve that fits the finished rounds best, None where none tells what was written.

    ``left_over_bytes`` is what a round leaves to the next.

    It never claims a set larger than the memory. Where rounds leave open how far the curve bends,
    as those of one length do, the middle of what is likely is taken.
    """
    seen = _seen(rounds, left_over_bytes)
    if not seen or memory_bytes <= 0:
        return None
    if all(each.dirty_bytes <= 0 for each in seen):
        return Writing(0.0, memory_bytes)
    longest = max(each.written_for_s for each in seen)
    shortest = min(each.written_for_s for each in seen)
    fits = []
    for step in range(_STEPS + 1):
        # The constant (rate / set) from nearly straight over the longest to flat over the shortest.
        low, high = 0.02 / longest, _STEEPEST / shortest
        constant = low * (high / low) ** (step / _STEPS)
        fits.append((constant, _fit(seen, constant)[1]))
    best = min(error for _, error in fits)
    likely = [math.log(constant) for constant, error in fits if error <= best + _TOLERANCE]
    constant = math.exp(sum(likely) / len(likely))
    size, _ = _fit(seen, constant)
    if size > memory_bytes:
        return _within(seen, memory_bytes)
    return Writing(size * constant, size)


_STEPS = 60


def _seen(rounds: Iterable[Round], left_over_bytes: float) -> list[_Seen]:
    told = [
        (each, each.dirty_bytes_per_s)
        for each in rounds
        if each.finished and each.duration_s > 0 and each.dirty_bytes_per_s is not None
    ]
    # Where it settles all rounds have one length, and only the first ones tell the set.
    chosen = told if len(told) <= _NEWEST + _OLDEST else told[:_OLDEST] + told[-_NEWEST:]
    found: list[_Seen] = []
    for age, (each, rate) in enumerate(reversed(chosen)):
        duration = each.duration_s / each.count
        slowed = duration * (1 - min(each.throttle_percent, 99) / 100)
        uncounted = left_over_bytes if each.number > 1 else 0.0
        weight = max(_AGEING**age, _LEAST_WEIGHT)
        seen = _Seen(slowed, max(rate, 0.0) * duration, uncounted, weight)
        if all(_fits_to(seen, newer) for newer in found):
            found.append(seen)
    return found


def _fits_to(older: _Seen, newer: _Seen) -> bool:
    """Tell whether both can be of one guest: the longer, the more, but at no higher rate.

    Else it has changed what it does, and only the newer one counts.
    """
    short, long = sorted((older, newer), key=lambda each: each.written_for_s)
    in_short = short.dirty_bytes + short.uncounted_bytes
    in_long = long.dirty_bytes + long.uncounted_bytes
    slower = long.dirty_bytes / long.written_for_s * _CHANGED <= in_short / short.written_for_s
    return slower and short.dirty_bytes * _CHANGED <= in_long


def _fit(seen: list[_Seen], constant: float) -> tuple[float, float]:
    """Return the size of the set that fits best for a constant, and the error that is left."""
    sizes = [
        (each.weight, each.dirty_bytes / -math.expm1(-constant * each.written_for_s) + uncounted)
        for each in seen
        if (uncounted := each.uncounted_bytes) or each.dirty_bytes
    ]
    logs = [(share, math.log(size)) for share, size in sizes]
    weight = sum(share for share, _ in logs)
    mean = sum(share * log for share, log in logs) / weight
    error = sum(share * (log - mean) ** 2 for share, log in logs) / weight
    return math.exp(mean), error


def _within(seen: list[_Seen], memory_bytes: float) -> Writing:
    """Return the curve whose set is all of the memory, its rate as the rounds tell."""
    weight = sum(each.weight for each in seen)
    rate = 0.0
    for each in seen:
        share = min(each.dirty_bytes / memory_bytes, 0.98)
        rate += each.weight * -math.log1p(-share) * memory_bytes / each.written_for_s
    return Writing(rate / weight, memory_bytes)
