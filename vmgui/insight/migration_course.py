"""A migration played through to its end, as QEMU would go on from where it stands.

A round is sent until the rest would fit into the longest pause at the present speed
(``downtime-limit`` × bandwidth); then it is read anew what was written. If that fits too, the
machine stops, the rest is sent, and it goes on at the destination. Auto-converge looks at each
such reading that is at least a second after the last: where more than half of what was sent has
been written anew, for the second time, the vCPUs are slowed by 20 %, then by 10 % more each time,
up to 99 % (QEMU, ``migration/ram.c``: ``throttle-trigger-threshold``, ``cpu-throttle-initial``,
``cpu-throttle-increment``, ``max-cpu-throttle``).
"""

from dataclasses import dataclass

from vmgui.insight.migration_writing import Writing


@dataclass(frozen=True, slots=True)
class Allows:
    """What the migration may do by itself: fixed when it starts.

    ``post_copy`` means that a person may switch to it. The throttle's steps are QEMU's.
    """

    auto_converge: bool = False
    post_copy: bool = False
    throttle_initial_percent: int = 20
    throttle_increment_percent: int = 10
    throttle_max_percent: int = 99


@dataclass(frozen=True, slots=True)
class ComingRound:
    """A round that is expected: how long from now it begins, how long it lasts, what it sends.

    The first one is the rest of the present round.
    """

    starts_in_s: float
    duration_s: float
    send_bytes: float
    dirty_bytes_per_s: float
    throttle_percent: int


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a migration stands. ``round_elapsed_s`` is since the present round began.

    ``remaining_bytes`` is what is known to be dirty. ``clears_bytes_per_s`` is how fast that
    falls, ``switch_below_bytes`` what the longest pause can carry.
    """

    memory_bytes: float
    remaining_bytes: float
    round_elapsed_s: float
    clears_bytes_per_s: float
    switch_below_bytes: float
    writing: Writing
    throttle_percent: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """How it goes on. ``arrives`` false: not within `MOST_ROUNDS`, or never.

    ``in_s`` is until the machine runs at the destination, the pause included. ``last_bytes`` are
    sent in the pause. ``most_throttle_percent`` is the strongest slowing on the way.
    """

    arrives: bool
    coming: tuple[ComingRound, ...]
    in_s: float = 0.0
    last_bytes: float = 0.0
    send_bytes: float = 0.0
    most_throttle_percent: int = 0


MOST_ROUNDS = 1000
"""What takes more rounds is so near to never that a little jitter decides it."""

_PIECE_S = 0.05
"""QEMU looks at what is left after pieces of about this length (``MAX_WAIT`` in ram.c)."""

_LOOK_EVERY_S = 1.0
_HIGH_RATIO = 0.5


class _Throttle:
    """Auto-converge: watches the readings, and tells how much the vCPUs are slowed."""

    def __init__(self, allows: Allows, percent: int, elapsed_s: float, speed: float) -> None:
        self._allows = allows
        self.percent = percent
        self._period_s = elapsed_s
        self._sent = elapsed_s * speed
        self._dirty = 0.0
        self._high = 0

    @property
    def may_rise(self) -> bool:
        return self._allows.auto_converge and self.percent < self._allows.throttle_max_percent

    def read(self, duration_s: float, sent_bytes: float, dirty_bytes: float) -> None:
        """Take over what a round that has just ended sent and what was written meanwhile."""
        self._period_s += duration_s
        self._sent += sent_bytes
        self._dirty += dirty_bytes
        if self._period_s < _LOOK_EVERY_S:
            return
        if self._dirty > self._sent * _HIGH_RATIO:
            self._high += 1
        if self._high >= 2 and self.may_rise:
            self._high = 0
            raised = self.percent + self._allows.throttle_increment_percent
            first = self._allows.throttle_initial_percent
            self.percent = min(raised if self.percent else first, self._allows.throttle_max_percent)
        self._period_s = self._sent = self._dirty = 0.0


def play(now: Situation, allows: Allows, most_rounds: int = MOST_ROUNDS) -> Course:
    """Return how the migration goes on if nobody turns a knob.

    ``now`` needs a speed above zero. The expectation of the last reading is the middle of what
    it can be, since nobody knows where in a piece it falls.
    """
    speed, limit = now.clears_bytes_per_s, now.switch_below_bytes
    throttle = _Throttle(allows, now.throttle_percent, now.round_elapsed_s, speed)
    remaining, elapsed, at, sent = now.remaining_bytes, now.round_elapsed_s, 0.0, 0.0
    coming: list[ComingRound] = []
    for _ in range(most_rounds):
        before, slowed = remaining, throttle.percent
        send = min(max(remaining - limit, 0.0) + speed * _PIECE_S / 2, remaining)
        lasts = send / speed
        dirty = now.writing.dirty_bytes(elapsed + lasts, slowed)
        # What is written again before it was sent is dirty only once.
        dirty *= 1 - min((remaining - send) / max(now.writing.set_bytes, 1.0), 1.0)
        rate = dirty / (elapsed + lasts) if elapsed + lasts > 0 else 0.0
        coming.append(ComingRound(at, lasts, send, rate, slowed))
        remaining = min(remaining - send + dirty, now.memory_bytes)
        at, sent = at + lasts, sent + send
        throttle.read(lasts, send, dirty)
        if remaining <= limit:
            return Course(
                arrives=True,
                coming=tuple(coming),
                in_s=at + remaining / speed,
                last_bytes=remaining,
                send_bytes=sent + remaining,
                most_throttle_percent=max(each.throttle_percent for each in coming),
            )
        # What a round leaves grows with what it began with, so once it grew it never shrinks
        # again, unless the vCPUs are slowed further. The present round may have begun long ago.
        stuck = remaining >= before and not elapsed and slowed == throttle.percent
        elapsed = 0.0
        if stuck and not throttle.may_rise:
            break
    return Course(arrives=False, coming=tuple(coming))
