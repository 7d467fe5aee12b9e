"""How fast a migration goes at the moment, from its samples."""

from collections.abc import Sequence
from itertools import pairwise

from vmgui.inventory.migration import MigrationSample

_WINDOW_S = 5.0
"""The speed is the mean over so long, for a link's throughput jumps about."""

_STANDS_S = 2.0
"""Nothing sent for so long is no hiccup."""


def speed(samples: Sequence[MigrationSample]) -> float | None:
    """Return what went over the wire lately in bytes per second; 0 where it stands."""
    last = samples[-1]
    recent = [
        sample
        for sample in samples
        if sample.phase is last.phase
        and sample.memory_total_bytes
        and sample.at_monotonic_s >= last.at_monotonic_s - _WINDOW_S
    ]
    sent = [
        (sample.at_monotonic_s, sample.memory_processed_bytes)
        for sample in recent
        if sample.memory_processed_bytes is not None
    ]
    if len(sent) > 1 and sent[-1][0] > sent[0][0]:
        short = [(at, processed) for at, processed in sent if at >= sent[-1][0] - _STANDS_S]
        if sent[-1][0] - sent[0][0] >= _STANDS_S and short[0][1] == sent[-1][1]:
            return 0.0
        return (sent[-1][1] - sent[0][1]) / (sent[-1][0] - sent[0][0])
    told = [sample.memory_bps for sample in recent if sample.memory_bps is not None]
    return sum(told) / len(told) if told else None


def clears(samples: Sequence[MigrationSample], number: int) -> float | None:
    """Return how fast what remains falls, which compression makes faster than the wire.

    Only within rounds after the first one, where few pages are zero, and over a second at least.
    """
    last = samples[-1]
    if number < 2:
        return None
    gone = took = 0.0
    for before, after in pairwise(samples):
        if (
            before.at_monotonic_s < last.at_monotonic_s - _WINDOW_S
            or before.round != after.round
            or (after.round or 0) < 2
            or before.memory_remaining_bytes is None
            or after.memory_remaining_bytes is None
        ):
            continue
        gone += before.memory_remaining_bytes - after.memory_remaining_bytes
        took += after.at_monotonic_s - before.at_monotonic_s
    return gone / took if took >= 1 and gone > 0 else None
