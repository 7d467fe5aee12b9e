"""A migration's samples as rounds, phases, and shares of memory.

QEMU sends all of the memory, then what was written meanwhile, and so on; each time that it reads
anew what was written a round begins (``dirty-sync-count``, the event MIGRATION_PASS). What is
left of one round isn't waited for: the next begins when the rest would fit into the pause.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vmgui.inventory.migration import EventKind, MigrationEvent, MigrationSample, Phase

PLACES_ARE_SCHEMATIC = "amounts are measured, places are schematic"
"""What stands beside every map that is drawn of `MemoryAmounts`."""


@dataclass(frozen=True, slots=True)
class Round:
    """A round; the present one is not ``finished``, and the memory is what it is so far.

    ``to_send_bytes`` was known to be dirty when it began, ``sent_bytes`` went over the wire in
    it. ``dirty_bytes_per_s`` is what the guest wrote anew while it lasted, which is known when it
    is over. ``count`` is more than 1 where rounds were shorter than the time between two samples:
    it then stands for that many, of which ``number`` is the last, and ``to_send_bytes`` is of
    that one.
    """

    number: int
    started_at_monotonic_s: float
    duration_s: float
    finished: bool
    to_send_bytes: float | None = None
    sent_bytes: float | None = None
    remaining_bytes: float | None = None
    dirty_bytes_per_s: float | None = None
    throttle_percent: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """How long a phase lasted; ``duration_s`` is None for the one that lasts."""

    phase: Phase
    started_at_monotonic_s: float
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class MemoryAmounts:
    """Where a machine's memory stands: amounts are measured, places are not known.

    They add up to ``total_bytes``. ``current_bytes`` was sent and is still true, ``written_bytes``
    was sent and has been written since (or is missing there, in post-copy), ``leaving_bytes`` is
    on its way, ``waiting_bytes`` was never sent yet, ``zero_bytes`` needs no sending. Whatever
    draws them as a map has to say `PLACES_ARE_SCHEMATIC`.
    """

    total_bytes: int
    current_bytes: int
    written_bytes: int
    leaving_bytes: int
    waiting_bytes: int
    zero_bytes: int

    def share(self, amount_bytes: int) -> float:
        """Return an amount as a share of the memory, 0..1."""
        return amount_bytes / self.total_bytes if self.total_bytes else 0.0


def rounds(
    samples: Sequence[MigrationSample], events: Iterable[MigrationEvent] = ()
) -> tuple[Round, ...]:
    """Return the rounds in which memory was copied, the oldest first.

    ``events`` of the kind `EventKind.ROUND` make the beginnings exact; without them they are
    reckoned from the samples on both sides. Where the hypervisor counts no rounds, one begins
    whenever more remains than before.
    """
    groups = _grouped(samples)
    began = _beginnings(groups, events)
    found = []
    for index, (number, group) in enumerate(groups):
        following = groups[index + 1][1] if index + 1 < len(groups) else None
        before = groups[index - 1] if index else None
        start = began[index]
        finished = following is not None or group[-1] is not _last_of_copying(samples)
        end = began[index + 1] if following else max(group[-1].at_monotonic_s, start)
        left = group[-1].memory_remaining_bytes
        found.append(
            Round(
                number=number,
                started_at_monotonic_s=start,
                duration_s=max(end - start, 0.0),
                finished=finished,
                to_send_bytes=_at_beginning(group[0], start),
                sent_bytes=_sent(before[1][-1] if before else None, group, following, start, end),
                remaining_bytes=left,
                dirty_bytes_per_s=_written(following, end - start),
                throttle_percent=group[0].throttle_percent or 0,
                count=max(number - before[0], 1) if before else 1,
            )
        )
    return tuple(found)


def phases(samples: Sequence[MigrationSample]) -> tuple[PhaseSpan, ...]:
    """Return the phases that were seen, in their order."""
    starts: list[tuple[Phase, float]] = []
    for sample in samples:
        if not starts or starts[-1][0] is not sample.phase:
            starts.append((sample.phase, sample.at_monotonic_s))
    ends = [at for _, at in starts[1:]] + [None]
    return tuple(
        PhaseSpan(phase, at, None if end is None or phase is Phase.DONE else end - at)
        for (phase, at), end in zip(starts, ends, strict=True)
    )


def memory_amounts(samples: Sequence[MigrationSample]) -> MemoryAmounts | None:
    """Return where the memory stands at the last sample; None where it isn't told."""
    if not samples:
        return None
    last = samples[-1]
    total, left = last.memory_total_bytes, last.memory_remaining_bytes
    if not total or left is None:
        return None
    if last.phase is Phase.DONE:
        left = 0
    left = min(max(left, 0), total)
    zero = min(_zero(samples), total - left)
    leaving = min(_leaving(samples), left)
    first = (last.round or 1) <= 1 and last.phase in (Phase.SETUP, Phase.PRECOPY)
    waiting = left - leaving if first else 0
    return MemoryAmounts(
        total_bytes=total,
        current_bytes=total - left - zero,
        written_bytes=left - leaving - waiting,
        leaving_bytes=leaving,
        waiting_bytes=waiting,
        zero_bytes=zero,
    )


def _grouped(
    samples: Sequence[MigrationSample],
) -> list[tuple[int, list[MigrationSample]]]:
    groups: list[tuple[int, list[MigrationSample]]] = []
    for sample in samples:
        if sample.phase not in (Phase.PRECOPY, Phase.SWITCHOVER) or not sample.memory_total_bytes:
            continue
        number = _number(sample, groups)
        if groups and groups[-1][0] == number:
            groups[-1][1].append(sample)
        else:
            groups.append((number, [sample]))
    return groups


def _number(sample: MigrationSample, groups: list[tuple[int, list[MigrationSample]]]) -> int:
    if not groups:
        return max(sample.round or 1, 1)
    number, group = groups[-1]
    if sample.round is not None:
        return max(sample.round, number)
    before, now = group[-1].memory_remaining_bytes, sample.memory_remaining_bytes
    return number + (before is not None and now is not None and now > before)


def _last_of_copying(samples: Sequence[MigrationSample]) -> MigrationSample | None:
    """Return the last sample if memory is still being copied, else None."""
    last = samples[-1] if samples else None
    return last if last and last.phase in (Phase.PRECOPY, Phase.SWITCHOVER) else None


def _beginnings(
    groups: list[tuple[int, list[MigrationSample]]], events: Iterable[MigrationEvent]
) -> list[float]:
    told = {
        int(event.value): event.at_monotonic_s
        for event in events
        if event.kind is EventKind.ROUND and event.value.isdecimal()
    }
    found: list[float] = []
    for index, (number, group) in enumerate(groups):
        first = group[0].at_monotonic_s
        if not index:
            start = told.get(number, first)
        else:
            before_number, before = groups[index - 1]
            # Of several rounds that no sample fell into, the first one begins the stretch.
            start = told.get(before_number + 1, _reckoned(before[-1], first))
            start = max(start, found[-1])
        found.append(min(start, first))
    return found


def _reckoned(before: MigrationSample, latest: float) -> float:
    """Return when the round of ``before`` ended, if it went on as it was."""
    left, speed = before.memory_remaining_bytes, before.memory_bps
    if left is None or not speed:
        return (before.at_monotonic_s + latest) / 2
    return min(before.at_monotonic_s + left / speed, latest)


def _at_beginning(first: MigrationSample, start: float) -> float | None:
    if first.memory_remaining_bytes is None:
        return None
    gone = (first.at_monotonic_s - start) * (first.memory_bps or 0.0)
    return min(first.memory_remaining_bytes + gone, first.memory_total_bytes or 0)


def _sent(
    before: MigrationSample | None,
    group: list[MigrationSample],
    following: list[MigrationSample] | None,
    start: float,
    end: float,
) -> float | None:
    """Return what was sent between two moments, each between two samples."""
    at_start = _processed_at(before, group[0], start)
    at_end = _processed_at(group[-1], following[0] if following else group[-1], end)
    return None if at_start is None or at_end is None else max(at_end - at_start, 0.0)


def _processed_at(
    early: MigrationSample | None, late: MigrationSample, at_monotonic_s: float
) -> float | None:
    b = late.memory_processed_bytes
    if early is None:
        # Nothing was sent before the first round began.
        return 0.0 if b is not None else None
    a = early.memory_processed_bytes
    if a is None or b is None:
        return None
    length = late.at_monotonic_s - early.at_monotonic_s
    share = (at_monotonic_s - early.at_monotonic_s) / length if length > 0 else 1.0
    return a + (b - a) * min(max(share, 0.0), 1.0)


def _written(following: list[MigrationSample] | None, duration_s: float) -> float | None:
    """Return what was written in a round, as the samples of the next one tell it."""
    if following is None:
        return None
    told = next((s.dirty_bytes_per_s for s in following if s.dirty_bytes_per_s is not None), None)
    if told is not None:
        return told
    found = following[0].memory_remaining_bytes
    return found / duration_s if found is not None and duration_s > 0 else None


def _zero(samples: Sequence[MigrationSample]) -> int:
    """Return how much was found to be zero in the first round; later ones count pages again."""
    first = [s for s in samples if (s.round or 1) <= 1 and s.memory_constant_bytes is not None]
    later = next((s for s in samples if s.memory_constant_bytes is not None), None)
    known = first[-1] if first else later
    return max(known.memory_constant_bytes or 0, 0) if known else 0


def _leaving(samples: Sequence[MigrationSample]) -> int:
    """Return what went over the wire between the last two samples."""
    sent = [s.memory_processed_bytes for s in samples[-2:]]
    if len(sent) < 2 or sent[0] is None or sent[1] is None or samples[-1].phase is Phase.DONE:
        return 0
    return max(sent[1] - sent[0], 0)
