"""Whether a migration will come to its end, when, and what would change that."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vmgui.insight.amounts import counted, duration, latency, round_size, size
from vmgui.insight.migration_advice import Remedy, remedies
from vmgui.insight.migration_course import Allows, ComingRound, Course, Situation, play
from vmgui.insight.migration_rounds import Round, rounds
from vmgui.insight.migration_speed import clears, speed
from vmgui.insight.migration_writing import Writing, learn
from vmgui.inventory.migration import (
    DEFAULT_MAX_DOWNTIME_MS,
    MigrationEvent,
    MigrationSample,
    Phase,
)

__all__ = ["Allows", "ComingRound", "Forecast", "Remedy", "forecast", "forecast_before"]

ROUNDS_KNOWN = 2
"""So many rounds have to be over: one alone can't tell a wide writer from a fast one."""

_AT_THE_LIMIT = 0.85
"""From this share of the limit on it is the limit that holds it back, not the link."""

_MANY_ROUNDS = 40
"""What needs more is so near to never that a forecast may change its mind."""

_SHORT_S = 0.025
"""Over so short a time the guest's rate is told as if it never wrote a page twice."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected. ``converges`` None: still measuring, or nothing to go by.

    ``in_s`` is until the machine runs at the destination (in post-copy, until all of it is
    there), ``rounds_left`` counts the present one, ``pause_ms`` is how long it will stand still.
    ``headline`` is a few words ("Yes, in about 16 s"), ``sentence`` the reason with the two
    nearest remedies, ``remedies`` all of them. ``coming`` are the rounds to be drawn dashed,
    ``send_bytes`` what still goes over the wire. ``switch_below_bytes`` is what the longest
    pause can carry. ``bandwidth_bps`` (bytes per second) and ``dirty_bytes_per_s`` are what it
    is reckoned from: the latter as it is at the vCPUs' present speed.
    """

    converges: bool | None
    in_s: float | None = None
    rounds_left: int | None = None
    pause_ms: float | None = None
    headline: str = ""
    sentence: str = ""
    remedies: tuple[Remedy, ...] = ()
    coming: tuple[ComingRound, ...] = ()
    send_bytes: float | None = None
    most_throttle_percent: int = 0
    switch_below_bytes: float | None = None
    bandwidth_bps: float | None = None
    dirty_bytes_per_s: float | None = None

    @property
    def advice(self) -> tuple[str, ...]:
        """Return what would change a "no", the nearest first."""
        return tuple(remedy.text for remedy in self.remedies)


def forecast(
    samples: Sequence[MigrationSample],
    max_downtime_ms: float | None,
    bandwidth_limit_bps: float | None,
    allows: Allows,
    events: Iterable[MigrationEvent] = (),
) -> Forecast:
    """Return what is expected after the last of ``samples``.

    ``max_downtime_ms`` None is QEMU's own, ``bandwidth_limit_bps`` (bytes per second) None or 0
    is none. ``events`` make the rounds' beginnings exact.
    """
    if not samples:
        return _measuring("Nothing is known yet.")
    found = rounds(samples, events)
    sent = speed(samples)
    early = _by_phase(samples) or _unready(samples[-1], found, sent)
    if early is not None:
        return early
    last, allowed_ms = samples[-1], _allowed(max_downtime_ms)
    memory = float(last.memory_total_bytes or 0)
    limit = bandwidth_limit_bps or math.inf
    switch_below = min(sent or 0.0, limit) * allowed_ms / 1000
    writing = learn(found, memory, switch_below)
    if writing is None or not sent:
        return _measuring("This hypervisor doesn't tell how much the machine writes.")
    now = Situation(
        memory_bytes=memory,
        remaining_bytes=last.memory_remaining_bytes or 0,
        round_elapsed_s=_elapsed(found[-1]),
        clears_bytes_per_s=min(clears(samples, found[-1].number) or sent, limit),
        switch_below_bytes=switch_below,
        writing=writing,
        throttle_percent=last.throttle_percent or 0,
    )
    return _judge(now, allows, allowed_ms, limited=sent >= limit * _AT_THE_LIMIT, running=True)


def forecast_before(
    memory_bytes: float,
    dirty_bytes_per_s: float,
    bandwidth_bps: float,
    max_downtime_ms: float | None,
    allows: Allows,
    *,
    limited: bool = True,
) -> Forecast:
    """Return what is expected of a migration that hasn't begun.

    ``memory_bytes`` is what isn't zero, ``dirty_bytes_per_s`` a rate that was measured just now.
    ``limited`` says that ``bandwidth_bps`` (bytes per second) is a limit that can be raised.
    """
    if bandwidth_bps <= 0 or memory_bytes <= 0:
        return _measuring("Neither the memory in use nor the link's speed is known.")
    allowed_ms = _allowed(max_downtime_ms)
    now = Situation(
        memory_bytes=memory_bytes,
        remaining_bytes=memory_bytes,
        round_elapsed_s=0.0,
        clears_bytes_per_s=bandwidth_bps,
        switch_below_bytes=bandwidth_bps * allowed_ms / 1000,
        writing=Writing(dirty_bytes_per_s, memory_bytes),
    )
    return _judge(now, allows, allowed_ms, limited=limited, running=False)


def _allowed(max_downtime_ms: float | None) -> float:
    return DEFAULT_MAX_DOWNTIME_MS if max_downtime_ms is None else max_downtime_ms


def _unready(
    last: MigrationSample, found: tuple[Round, ...], sent_bps: float | None
) -> Forecast | None:
    """Return what there is to say while too little is known, None where it is enough."""
    if last.memory_remaining_bytes is None or not last.memory_total_bytes or not found:
        return _measuring("This hypervisor doesn't tell how much memory is left to send.")
    if sent_bps is None:
        return _measuring("The speed of the link isn't known yet.")
    if sent_bps <= 0:
        return _standing(last)
    known = sum(each.count for each in found if each.finished)
    if known >= ROUNDS_KNOWN:
        return None
    return replace(_measuring(_first_words(last, sent_bps, known)), bandwidth_bps=sent_bps)


def _judge(
    now: Situation, allows: Allows, allowed_ms: float, *, limited: bool, running: bool
) -> Forecast:
    course = play(now, allows)
    basis = Forecast(
        converges=course.arrives,
        coming=course.coming,
        switch_below_bytes=now.switch_below_bytes,
        bandwidth_bps=now.clears_bytes_per_s,
        dirty_bytes_per_s=now.writing.dirty_bytes(_SHORT_S, now.throttle_percent) / _SHORT_S,
    )
    if course.arrives:
        return replace(
            basis,
            in_s=course.in_s,
            rounds_left=len(course.coming),
            pause_ms=_pause_ms(now, course, allowed_ms),
            send_bytes=course.send_bytes,
            most_throttle_percent=course.most_throttle_percent,
            headline=_when(course.in_s),
            sentence=_yes(now, course, allows, allowed_ms, running=running),
        )
    found = remedies(now, allows, allowed_ms, limited=limited, running=running)
    return replace(
        basis,
        coming=course.coming[:1],
        headline="No",
        sentence=_no(now, basis.dirty_bytes_per_s or 0.0, found),
        remedies=found,
    )


def _pause_ms(now: Situation, course: Course, allowed_ms: float) -> float:
    limit = now.switch_below_bytes
    return course.last_bytes / limit * allowed_ms if limit > 0 else 0.0


def _when(in_s: float) -> str:
    return f"Yes, in about {duration(in_s)}" if in_s >= 1.5 else "Yes, in a second"


def _yes(
    now: Situation, course: Course, allows: Allows, allowed_ms: float, *, running: bool
) -> str:
    more = "more round" if running else "round"
    text = (
        f"{counted(len(course.coming), more)}, then a pause of "
        f"{latency(_pause_ms(now, course, allowed_ms) / 1000)} "
        f"(allowed: {latency(allowed_ms / 1000)})."
    )
    if len(course.coming) > _MANY_ROUNDS:
        text += " It only just gets there: if it writes a little more, it never does."
    slowed = course.most_throttle_percent
    if not slowed:
        return text
    text += (
        f" Its vCPUs are slowed by {'up to ' if slowed > now.throttle_percent else ''}{slowed} %."
    )
    freely = play(replace(now, throttle_percent=0), replace(allows, auto_converge=False))
    without = f"about {duration(freely.in_s)}" if freely.arrives else "never"
    return f"{text} Without that: {without}."


def _no(now: Situation, rate: float, found: tuple[Remedy, ...]) -> str:
    slowed = f", slowed by {now.throttle_percent} %," if now.throttle_percent else ""
    text = f"It writes {size(rate)}/s{slowed}; the link carries {size(now.clears_bytes_per_s)}/s."
    if not found:
        return text
    first, *others = (remedy.text for remedy in found[:2])
    return f"{text} {first}{''.join(f', or {o[0].lower()}{o[1:]}' for o in others)}."


def _by_phase(samples: Sequence[MigrationSample]) -> Forecast | None:
    """Return what there is to say outside of pre-copy, None in it."""
    last = samples[-1]
    match last.phase:
        case Phase.SETUP:
            return _measuring("It is being prepared.")
        case Phase.DONE:
            return Forecast(True, 0.0, 0, last.downtime_ms, "It is there")
        case Phase.SWITCHOVER:
            return Forecast(
                True, 0.0, 0, last.downtime_ms, "Now", "It stands still and changes over."
            )
        case Phase.POSTCOPY:
            return _postcopy(samples)
    if not last.memory_total_bytes and last.disk_total_bytes:
        return _disks(samples)
    return None


def _postcopy(samples: Sequence[MigrationSample]) -> Forecast:
    last = samples[-1]
    left, sent = last.memory_remaining_bytes, speed(samples)
    text = "It runs at the destination"
    if left is None:
        return Forecast(True, sentence=f"{text} and fetches what is missing.", headline="Yes")
    if not sent:
        return replace(
            _standing(last),
            converges=None,
            sentence=f"{text}, {round_size(left)} are missing there and nothing arrives: "
            "it stands still where it needs them. If the link stays away, it is lost.",
        )
    in_s = left / sent
    return Forecast(
        True,
        in_s,
        0,
        0.0,
        _when(in_s),
        f"{text} and fetches the last {round_size(left)}.",
        send_bytes=left,
        bandwidth_bps=sent,
    )


def _disks(samples: Sequence[MigrationSample]) -> Forecast:
    """Return what is known while disks are copied, which libvirt does before the memory."""
    last = samples[-1]
    left = last.disk_remaining_bytes
    if left is None:
        return _measuring("Its disks are copied first.")
    text = f"Its disks are copied first: {round_size(left)} left"
    if not last.disk_bps:
        return _measuring(f"{text}.")
    return _measuring(f"{text}, about {duration(left / last.disk_bps)}. Then the memory.")


def _standing(last: MigrationSample) -> Forecast:
    left = last.memory_remaining_bytes or 0
    return Forecast(
        False,
        headline="No",
        sentence=f"Nothing goes over the link, {round_size(left)} are left. "
        "Look after the link, or cancel: the machine runs where it was.",
        bandwidth_bps=0.0,
    )


def _measuring(sentence: str) -> Forecast:
    return Forecast(None, headline="Measuring…", sentence=sentence)


def _first_words(last: MigrationSample, sent_bps: float, known: int) -> str:
    left = duration((last.memory_remaining_bytes or 0) / sent_bps)
    which = "first" if not known else "second"
    return f"The {which} round takes about {left} more; two have to be over to compare."


def _elapsed(present: Round) -> float:
    """Return since when what is written now counts for the next round."""
    return 0.0 if present.finished else present.duration_s / present.count
