"""Whether a machine can move to a host: checks in three questions, each with evidence and fix."""

from collections.abc import Iterable

from vmgui.insight.migration_can_go import can_go
from vmgui.insight.migration_can_run import can_run
from vmgui.insight.migration_facts import MigrationFacts
from vmgui.insight.migration_findings import Check, Fix, Question, Verdict
from vmgui.insight.migration_will_work import will_work

__all__ = ["Check", "Fix", "Question", "Verdict", "blocking", "checks", "counts", "why_not"]


def checks(facts: MigrationFacts) -> tuple[Check, ...]:
    """Return all checks, in the order of the three questions."""
    found = (*can_run(facts), *can_go(facts), *will_work(facts))
    return tuple(sorted(found, key=lambda check: check.question))


def blocking(found: Iterable[Check]) -> tuple[Check, ...]:
    """Return what stands in the way."""
    return tuple(check for check in found if check.verdict is Verdict.FAIL)


def counts(found: Iterable[Check]) -> tuple[int, int, int]:
    """Return how many block, are worth knowing, and pass."""
    verdicts = [check.verdict for check in found]
    to_know = verdicts.count(Verdict.WARN) + verdicts.count(Verdict.UNKNOWN)
    return verdicts.count(Verdict.FAIL), to_know, verdicts.count(Verdict.PASS)


def why_not(found: Iterable[Check]) -> str:
    """Return the reason why a host can't take the machine, "" where it can."""
    stops = blocking(found)
    if not stops:
        return ""
    more = len(stops) - 1
    return f"{stops[0].title}: {stops[0].evidence}" + (f" (and {more} more)" if more else "")
