"""Facts in words made into rows of the facts widget."""

from collections.abc import Iterable

from vmgui.insight import facts as told
from vmgui.ui.widgets.facts import Fact, Part


def rows(facts: Iterable[told.Fact]) -> tuple[Fact, ...]:
    """Return a row for each fact; its link carries the fact's id."""
    return tuple(_row(fact) for fact in facts)


def _row(fact: told.Fact) -> Fact:
    value = Part(
        fact.value,
        "acc" if fact.link else "ok" if fact.good else "t1",
        fact.mono,
        fact.id if fact.link else "",
        "check-circle" if fact.good else "",
    )
    return Fact(fact.label, (value, Part(f"· {fact.detail}", "t3")) if fact.detail else (value,))
