"""Whether a machine can move to a host: checks, each with its evidence and its fix."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Question(IntEnum):
    """The three questions, in the order in which they are asked."""

    CAN_RUN = 1  # can it run there?
    CAN_GO = 2  # can it get there?
    WILL_WORK = 3  # will it work once there?


class Verdict(StrEnum):
    """What came of a check; one that couldn't be made is worth knowing, as a warning is."""

    PASS = "pass"  # noqa: S105  a verdict, no password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fix:
    """What would make a check pass.

    ``action_id`` with ``arguments`` acts upon the machine where vmgui has such an action, and
    ``spec_changes`` are fields of the `MigrationSpec` to set; where neither is there, ``title``
    is a sentence of what a person has to do.
    """

    title: str
    action_id: str = ""
    arguments: tuple[tuple[str, str | bool | int | tuple[str, ...] | None], ...] = ()
    spec_changes: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``evidence`` is the sentence that stands beside ``title``."""

    id: str
    question: Question
    title: str
    verdict: Verdict
    evidence: str
    fix: Fix | None = None
