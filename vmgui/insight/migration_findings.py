"""What a check of a migration says."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Question(IntEnum):
    """The three questions, in the order in which they are asked."""

    CAN_RUN = 1
    CAN_GO = 2
    WILL_WORK = 3

    @property
    def words(self) -> str:
        """Return the question as it is asked."""
        return ("Can it run there?", "Can it get there?", "Will it work once there?")[self - 1]


class Verdict(StrEnum):
    """What came of a check; one that couldn't be made is worth knowing, as a warning is."""

    PASS = "pass"  # noqa: S105  a verdict, no password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fix:
    """What would make a check pass, or a warning go.

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


@dataclass(frozen=True, slots=True)
class About:
    """Makes the findings of one check, so that each says only its verdict and its evidence."""

    id: str
    question: Question
    title: str

    def passed(self, evidence: str) -> Check:
        """Return that all is well."""
        return Check(self.id, self.question, self.title, Verdict.PASS, evidence)

    def warned(self, evidence: str, fix: Fix | None = None) -> Check:
        """Return something worth knowing."""
        return Check(self.id, self.question, self.title, Verdict.WARN, evidence, fix)

    def failed(self, evidence: str, fix: Fix | None = None) -> Check:
        """Return what stands in the way."""
        return Check(self.id, self.question, self.title, Verdict.FAIL, evidence, fix)

    def unknown(self, why: str = "") -> Check:
        """Return that the check couldn't be made."""
        evidence = f"couldn't be checked{f': {why}' if why else ''}"
        return Check(self.id, self.question, self.title, Verdict.UNKNOWN, evidence)
