"""Which files of a chain can be merged or pulled, and what that changes."""

from dataclasses import replace
from typing import Any

import pytest

from tests.storages import (
    MIB,
    chain,
    disk,
    external,
    image,
    internal,
    machine,
    path,
    snapshot,
    stored,
    user,
    with_images,
)
from vmgui.insight.disk_merge import Direction, MergePlan, MergeSpec, commit_plan, pull_plan
from vmgui.insight.file_plan import Fate, FilePlan, Merge
from vmgui.inventory.domain import DomainState
from vmgui.inventory.images import MachineStorage

RUNNING = DomainState.RUNNING


def tower(state: DomainState = RUNNING) -> MachineStorage:
    """Return a machine on top over mid over base, without snapshots."""
    return stored(
        machine(disk(file="top"), state=state),
        image("base", mib=100), image("mid", "base", mib=20), image("top", "mid", mib=5),
    )  # fmt: skip


def commit(storage: MachineStorage, **spec: Any) -> MergePlan:
    return commit_plan(storage, MergeSpec("vda", **spec))


def pull(storage: MachineStorage, **spec: Any) -> MergePlan:
    return pull_plan(storage, MergeSpec("vda", **spec))


def fates(plan: FilePlan) -> dict[str, Fate]:
    return {file.path.rpartition("/")[2]: file.fate for file in plan.files}


def test_the_active_file_goes_into_the_next_one() -> None:
    plan = commit(tower())
    assert fates(plan) == {"mid": Fate.GROWS, "top": Fate.REMOVED}
    assert plan.merges == (Merge(path("top"), path("mid"), 5 * MIB),)
    assert (plan.copies_bytes, plan.frees_bytes) == (5 * MIB, 5 * MIB)
    assert (plan.top, plan.base, plan.pivots, plan.starts) == ("", path("mid"), True, False)
    assert plan.machine == "keeps running"


def test_all_of_it_goes_into_the_base() -> None:
    plan = commit(tower(), base=path("base"))
    assert fates(plan) == {"base": Fate.GROWS, "top": Fate.REMOVED, "mid": Fate.REMOVED}
    assert plan.files[0].becomes_bytes == 125 * MIB
    assert plan.ends == (path("top"), path("mid"))


def test_the_middle_goes_and_the_upper_file_moves_on() -> None:
    plan = commit(tower(), top=path("mid"))
    assert fates(plan) == {"base": Fate.GROWS, "mid": Fate.REMOVED, "top": Fate.KEPT}
    assert plan.files[-1].backing_after == path("base")
    assert (plan.top, plan.pivots) == (path("mid"), False)


@pytest.mark.parametrize("make", [commit, pull])
def test_a_machine_that_is_off_is_started_without_its_processors(make: Any) -> None:
    plan = make(tower(DomainState.OFF))
    assert (plan.refusal, plan.starts) == ("", True)
    assert "stays off" in plan.machine
    assert plan.reasons


def test_what_is_below_is_pulled_in_and_stays() -> None:
    plan = pull(tower())
    assert fates(plan) == {"top": Fate.GROWS, "mid": Fate.LEFT, "base": Fate.LEFT}
    assert plan.files[0].becomes_bytes == 125 * MIB
    assert (plan.direction, plan.base, plan.frees_bytes) == (Direction.PULL, "", 0)
    assert "mid and base stay, and nobody uses that" in plan.warnings[0]


def test_a_part_is_pulled_in() -> None:
    plan = pull(tower(), base=path("base"))
    assert fates(plan) == {"top": Fate.GROWS, "mid": Fate.LEFT}
    assert plan.files[0].backing_after == path("base")


def test_what_others_need_is_kept_by_a_pull() -> None:
    storage = with_images(tower(), image("db", "base", users=(user("db"),)))
    plan = pull(storage)
    assert fates(plan)["base"] is Fate.KEPT
    assert "machine db" in next(f.what for f in plan.files if f.path == path("base"))
    snapshots = pull(chain("first", state=RUNNING))
    assert fates(snapshots) == {"web.first": Fate.GROWS, "web.qcow2": Fate.KEPT}
    assert "first stays on a branch aside" in snapshots.warnings[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda s: with_images(s, image("db", "mid", users=(user("db"),))),
                     "mid would change, and db of machine db", id="another-machine-on-the-base"),
        pytest.param(lambda s: with_images(s, image("mid", "base", users=(user("db"),))),
                     "machine db needs it", id="the-base-is-another-machines"),
        pytest.param(lambda s: with_images(s, image("clone", "top")),
                     "top would go, and clone", id="a-file-on-the-top"),
        pytest.param(lambda s: with_images(s, image("top", "mid", internal=("in",))),
                     "in lies inside top, which would go", id="an-internal-one-in-the-top"),
        pytest.param(
            lambda s: replace(s, snapshots=(
                snapshot("one", machine(disk(file="mid")), external("vda", "top")),)),
            "snapshot one needs it as it is. Delete the snapshot instead", id="a-state"),
        pytest.param(lambda s: replace(s, unread=("Nobody knows.",)), "Nobody knows.", id="unread"),
    ],
)  # fmt: skip
def test_nothing_is_merged_that_somebody_needs(change: Any, why: str) -> None:
    plan = commit(change(tower()))
    assert why in plan.refusal
    assert plan.files == ()


def test_a_pull_would_damage_a_snapshot_inside() -> None:
    storage = with_images(tower(), image("top", "mid", internal=("in",)))
    assert (
        "in lies inside top and would be damaged: it reads the files below" in pull(storage).refusal
    )
    known = snapshot("in", machine(disk(file="top")), internal())
    assert "would be damaged" in pull(replace(tower(), snapshots=(known,))).refusal


@pytest.mark.parametrize("make", [commit, pull])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda s: replace(s, domain=machine(disk("vdb"))), "no disk vda"),
        (lambda s: replace(s, domain=machine(disk(device="cdrom"))), "no disk with a file"),
        (lambda s: replace(s, domain=machine(disk(file="top", read_only=True))), "read-only"),
        (lambda s: replace(s, domain=machine(disk(file="top"), state=DomainState.SAVED)), "saved"),
        (lambda s: replace(s, domain=machine(disk(file="top"), state=DomainState.MIGRATING)),
         "wait until"),
        (lambda s: replace(s, domain=machine(disk(file="top"), hypervisor_type="vmware")),
         "no chains"),
        (lambda s: replace(s, next_start=machine(disk(file="other"))), "at the next start"),
        (lambda s: with_images(s, image("base", exists=False)), "is missing"),
        (lambda s: replace(s, domain=machine(disk(file="base"))), "stands by itself"),
    ],
)  # fmt: skip
def test_a_disk_that_cant_be_merged_says_why(make: Any, change: Any, why: str) -> None:
    assert why in make(change(tower())).refusal


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (commit(tower(), top=path("else")), "doesn't read /images/else"),
        (commit(tower(), top=path("mid"), base=path("top")), "doesn't read /images/top"),
        (commit(tower(), base=path("else")), "doesn't read /images/else"),
        (pull(tower(), base=path("else")), "doesn't read /images/else"),
        (pull(tower(), base=path("mid")), "stands directly on mid already"),
    ],
)
def test_files_that_arent_in_the_chain_are_named(plan: MergePlan, why: str) -> None:
    assert why in plan.refusal


def test_the_only_disk_needs_no_name() -> None:
    assert commit_plan(tower(), MergeSpec()).target == "vda"
    two = replace(tower(), domain=machine(disk(file="top"), disk("vdb", "data")))
    assert "say which is meant" in commit_plan(two, MergeSpec()).refusal
