"""A file plan in words."""

import pytest

from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.insight.plan_words import figures, in_short, needed_bytes, sizes

_GIB = 1 << 30


@pytest.mark.parametrize(
    ("fate", "now", "after", "said"),
    [
        (Fate.GROWS, 4 * _GIB, 6 * _GIB, "4.0 GiB → up to 6.0 GiB"),
        (Fate.CREATED, None, 20 * _GIB, "up to 20 GiB"),
        (Fate.CREATED, 0, 20 * _GIB, "up to 20 GiB"),
        (Fate.WRITTEN, _GIB, _GIB, "1.0 GiB"),
        (Fate.REMOVED, 2 * _GIB, 0, "2.0 GiB"),
        (Fate.KEPT, 2 * _GIB, None, "2.0 GiB"),
        (Fate.CREATED, None, None, ""),
    ],
)
def test_a_size_now_and_at_most(fate: Fate, now: int | None, after: int | None, said: str) -> None:
    assert sizes(PlannedFile("/a", fate, "disk", size_bytes=now, becomes_bytes=after)) == said


def test_what_is_needed_counts_what_grows_and_not_what_goes() -> None:
    plan = FilePlan(
        "x",
        (
            PlannedFile("/a", Fate.GROWS, "", size_bytes=_GIB, becomes_bytes=3 * _GIB),
            PlannedFile("/b", Fate.CREATED, "", becomes_bytes=4 * _GIB),
            PlannedFile("/c", Fate.REMOVED, "", size_bytes=9 * _GIB),
            PlannedFile("/d", Fate.WRITTEN, "", size_bytes=2 * _GIB, becomes_bytes=_GIB),
        ),
    )
    assert needed_bytes(plan) == 6 * _GIB


def test_one_file_of_unknown_growth_makes_the_need_unknown() -> None:
    plan = FilePlan("x", (PlannedFile("/a", Fate.CREATED, ""),), machine="is off")
    assert needed_bytes(plan) is None
    assert figures(plan) == (("Needs", "not known"), ("Machine", "is off"))
    assert in_short(plan) == "1 file created · is off"


def test_what_is_nothing_is_not_told() -> None:
    assert figures(FilePlan("x")) == ()
    assert in_short(FilePlan("x")) == "No file is touched"


def test_a_refusal_is_all_that_is_said_in_a_line() -> None:
    plan = FilePlan("x", copies_bytes=_GIB, refusal="vdb is raw.")
    assert in_short(plan) == "vdb is raw."
