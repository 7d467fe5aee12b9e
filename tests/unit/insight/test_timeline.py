"""Snapshots in time: order, lanes, folded pauses, and the way of the arrow keys."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgui.insight.timeline import APART_X, HERE, NEXT_X, Timeline, timeline
from vmgui.insight.timeline_walk import Direction, step
from vmgui.inventory.key import domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key

MACHINE = domain_key("test:///x", "uuid")
DAY_S = 86400
START_S = 1_772_500_000  # in March 2026
NOW_S = START_S + 37 * DAY_S


def snapshot(name: str, days: float, parent: str = "", *, current: bool = False) -> Snapshot:
    at_s = START_S + round(days * DAY_S)
    return Snapshot(
        snapshot_key(MACHINE, name), MACHINE, name, parent, created_at_s=at_s, current=current
    )


PICTURED = (
    snapshot("fresh-install", 0),
    snapshot("configured", 2, "fresh-install"),
    snapshot("load-test", 9, "configured"),
    snapshot("before-upgrade", 30, "configured"),
    snapshot("try-1", 30.1, "before-upgrade"),
    snapshot("broken-index", 30.2, "try-1"),
    snapshot("upgraded", 32, "before-upgrade"),
    snapshot("nightly-06", 34, "upgraded", current=True),
)


def lanes(layout: Timeline) -> dict[str, int]:
    return {node.name: node.lane for node in layout.nodes}


def test_your_line_is_straight_and_branches_share_the_first_free_lane() -> None:
    layout = timeline(PICTURED, NOW_S)
    assert [node.name for node in layout.nodes if node.on_line] == [
        "fresh-install",
        "configured",
        "before-upgrade",
        "upgraded",
        "nightly-06",
        HERE,
    ]
    assert lanes(layout) == {
        "fresh-install": 0,
        "configured": 0,
        "load-test": 1,
        "before-upgrade": 0,
        "try-1": 1,
        "broken-index": 1,
        "upgraded": 0,
        "nightly-06": 0,
        HERE: 0,
    }
    assert layout.branches == 3
    assert layout.lanes == 2
    assert layout.here.parent == "nightly-06"


def test_a_long_pause_is_folded_and_named() -> None:
    layout = timeline(PICTURED, NOW_S)
    assert [fold.text for fold in layout.folds] == ["21 d"]
    load_test, before = layout.node("load-test"), layout.node("before-upgrade")
    assert load_test is not None
    assert before is not None
    assert load_test.x < layout.folds[0].x < before.x


def test_a_day_is_named_once_and_another_year_with_its_number() -> None:
    layout = timeline((*PICTURED, snapshot("old", -400)), NOW_S)
    words = [day.text for day in layout.days]
    assert len(words) == len(set(words))
    assert words[0].endswith("2025")
    assert not words[1].endswith("2026")


def test_branches_at_the_same_time_take_lanes_of_their_own() -> None:
    layout = timeline(
        (
            snapshot("root", 0),
            snapshot("a1", 1, "root"),
            snapshot("b1", 2, "root"),
            snapshot("a2", 3, "a1"),
            snapshot("b2", 4, "b1"),
            snapshot("tip", 5, "root", current=True),
        ),
        NOW_S,
    )
    assert lanes(layout)["root"] == lanes(layout)["tip"] == 0
    assert lanes(layout)["a1"] == lanes(layout)["a2"] == 1
    assert lanes(layout)["b1"] == lanes(layout)["b2"] == 2


def test_without_a_current_one_nothing_leads_here() -> None:
    layout = timeline((snapshot("a", 0), snapshot("b", 1, "a")), NOW_S)
    assert layout.here.parent is None
    assert [node.name for node in layout.nodes if node.on_line] == [HERE]
    assert lanes(layout) == {"a": 0, "b": 0, HERE: 0}


def test_no_snapshots_leave_the_machine_alone() -> None:
    layout = timeline((), NOW_S)
    assert [node.name for node in layout.nodes] == [HERE]
    assert layout.lanes == 1


def test_a_parent_that_is_gone_is_told() -> None:
    layout = timeline((snapshot("a", 0, "gone"), snapshot("b", 1, "a")), NOW_S)
    assert [(node.name, node.orphan) for node in layout.nodes] == [
        ("a", True),
        ("b", False),
        (HERE, False),
    ]


def test_a_cycle_is_cut_at_its_oldest() -> None:
    layout = timeline((snapshot("a", 1, "b"), snapshot("b", 2, "a"), snapshot("c", 3, "c")), NOW_S)
    assert {node.name: node.parent for node in layout.nodes} == {
        "a": None,
        "b": "a",
        "c": None,
        HERE: None,
    }


def test_a_clock_that_went_back_puts_no_child_before_its_parent() -> None:
    layout = timeline((snapshot("parent", 5), snapshot("child", 1, "parent", current=True)), NOW_S)
    assert [node.name for node in layout.nodes] == ["parent", "child", HERE]


def test_what_was_taken_at_no_known_time_makes_no_pause_and_no_day() -> None:
    unknown = Snapshot(snapshot_key(MACHINE, "esx"), MACHINE, "esx", current=True)
    layout = timeline((unknown,), NOW_S)
    assert layout.folds == ()
    assert len(layout.days) == 1


@pytest.mark.parametrize(
    ("start", "direction", "end"),
    [
        ("upgraded", "left", "before-upgrade"),
        ("before-upgrade", "right", "upgraded"),
        ("nightly-06", "right", HERE),
        (HERE, "right", HERE),
        (HERE, "left", "nightly-06"),
        ("fresh-install", "left", "fresh-install"),
        ("upgraded", "down", "broken-index"),
        ("configured", "down", "load-test"),
        ("load-test", "down", "load-test"),
        ("load-test", "up", "configured"),
        ("try-1", "left", "before-upgrade"),
        ("load-test", "right", "try-1"),
        ("nobody", "left", HERE),
    ],
)
def test_the_arrow_keys_go_along_the_line_and_between_branches(
    start: str, direction: Direction, end: str
) -> None:
    assert step(timeline(PICTURED, NOW_S), start, direction) == end


NAMES = st.sampled_from([f"s{number}" for number in range(24)] + ["gone"])


@st.composite
def any_snapshots(draw: st.DrawFn) -> list[Snapshot]:
    """Draw up to 24 snapshots with any parents, also themselves, in circles or not there."""
    made = []
    for name in draw(st.lists(NAMES.filter("gone".__ne__), unique=True)):
        at_s = draw(st.sampled_from([-5, 0, START_S, START_S + 1, 2**62]) | st.integers(0, NOW_S))
        made.append(
            Snapshot(
                snapshot_key(MACHINE, name),
                MACHINE,
                name,
                draw(st.just("") | NAMES),
                created_at_s=at_s,
                current=draw(st.booleans()),
            )
        )
    return made


@given(any_snapshots())
def test_whatever_libvirt_tells_the_picture_holds_together(snapshots: list[Snapshot]) -> None:
    layout = timeline(snapshots, NOW_S)
    at = {node.name: node for node in layout.nodes}
    assert len(at) == len(layout.nodes) == len(snapshots) + 1
    assert layout.nodes[-1].name == HERE
    assert layout.width_x > layout.nodes[-1].x
    for node in layout.nodes:
        assert 0 <= node.lane < layout.lanes
        if node.parent is not None:
            assert at[node.parent].x + NEXT_X <= node.x
        told = node.snapshot.parent if node.snapshot is not None else ""
        if told and node.parent != told:
            assert node.parent is None
            assert told not in at or any(s.parent == node.name for s in snapshots)
    for one, other in pairwise(layout.nodes):
        assert other.x - one.x >= APART_X - 1e-9
        assert other.at_s >= one.at_s
    by_lane: dict[int, float] = {}
    for node in layout.nodes:
        assert node.x >= by_lane.get(node.lane, 0.0)
        by_lane[node.lane] = node.x + NEXT_X - 1e-9


@given(any_snapshots(), st.lists(st.sampled_from(["left", "right", "up", "down"])))
def test_every_key_leads_to_something_that_is_there(
    snapshots: list[Snapshot], keys: list[Direction]
) -> None:
    layout = timeline(snapshots, NOW_S)
    name = HERE
    for key in keys:
        name = step(layout, name, key)
        assert layout.node(name) is not None


def test_two_hundred_in_thirty_branches_stay_flat() -> None:
    made = [snapshot("s0", 0)]
    for number in range(1, 200):
        back = 1 if number % 7 else 12
        parent = f"s{max(0, number - back)}"
        made.append(snapshot(f"s{number}", number, parent, current=number == 199))
    layout = timeline(made, NOW_S + 400 * DAY_S)
    assert len(layout.nodes) == 201
    assert layout.branches >= 25
    assert layout.lanes <= 4
