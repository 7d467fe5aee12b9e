"""Whether a migration will come to its end, when, and what would change that."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allows:
    """What the migration may do by itself: fixed when it starts.

    The throttle's steps are QEMU's: ``cpu-throttle-initial``, ``cpu-throttle-increment`` and
    ``max-cpu-throttle``.
    ``post_copy`` means that a person may switch to it.
    """

    auto_converge: bool = False
    post_copy: bool = False
    throttle_initial_percent: int = 20
    throttle_increment_percent: int = 10
    throttle_max_percent: int = 99


@dataclass(frozen=True, slots=True)
class ComingRound:
    """A round that is expected: how long from now it begins, how long it lasts, what it sends."""

    starts_in_s: float
    duration_s: float
    send_bytes: float
    dirty_bytes_per_s: float
    throttle_percent: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected. ``converges`` None: still measuring, or nothing to go by.

    ``in_s`` is until the machine runs at the destination, ``rounds_left`` counts the present
    one, ``pause_ms`` is how long it will stand still. ``headline`` is a few words ("Yes, in about
    16 s"), ``sentence`` the reason, ``advice`` what would change it, the nearest first.
    ``coming`` are the rounds to be drawn dashed. ``switch_below_bytes`` is what the longest pause
    can carry.
    """

    converges: bool | None
    in_s: float | None = None
    rounds_left: int | None = None
    pause_ms: float | None = None
    headline: str = ""
    sentence: str = ""
    advice: tuple[str, ...] = ()
    coming: tuple[ComingRound, ...] = ()
    switch_below_bytes: float | None = None
