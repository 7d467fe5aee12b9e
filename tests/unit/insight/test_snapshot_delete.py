"""What goes, stays and is merged when a snapshot is deleted, and when it can't be."""

from dataclasses import replace
from typing import Any

import pytest

from tests.storages import (
    MIB,
    POOL,
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
from vmgui.insight.delete_steps import DeletePlan, DeleteWay, OwnFile
from vmgui.insight.file_plan import Fate, FilePlan, Merge
from vmgui.insight.snapshot_delete import DeleteSpec, delete_plan
from vmgui.inventory.domain import DomainState
from vmgui.inventory.images import Image, MachineStorage, Use
from vmgui.inventory.snapshot import SnapshotDisk


def delete(storage: MachineStorage, name: str, **spec: Any) -> DeletePlan:
    return delete_plan(storage, name, DeleteSpec(**spec))


def fates(plan: FilePlan) -> dict[str, Fate]:
    return {file.path.rpartition("/")[2]: file.fate for file in plan.files}


def inside(*names: str, state: DomainState = DomainState.OFF) -> MachineStorage:
    """Return a machine with internal snapshots."""
    domain = machine(state=state)
    snapshots = tuple(
        snapshot(name, domain, internal(), parent=names[i - 1] if i else "")
        for i, name in enumerate(names)
    )
    return replace(stored(domain, image("web.qcow2", internal=names)), snapshots=snapshots)


def branched() -> MachineStorage:
    """Return a machine with first, second and third, that was reverted to first.

    It writes to ``web.now`` over the base; second and third are a branch that it doesn't use.
    """
    storage = chain("first", "second", "third")
    return with_images(
        replace(storage, domain=machine(disk(file="web.now"))), image("web.now", "web.qcow2")
    )


def test_the_last_one_is_merged_into_the_file_below() -> None:
    plan = delete(chain("first", "second", state=DomainState.RUNNING), "second")
    assert fates(plan) == {"web.first": Fate.GROWS, "web.second": Fate.REMOVED}
    assert plan.merges == (Merge(path("web.second"), path("web.first"), 20 * MIB),)
    assert (plan.copies_bytes, plan.frees_bytes) == (20 * MIB, 20 * MIB)
    assert plan.files[0].becomes_bytes == 30 * MIB
    assert plan.machine == "keeps running"
    assert plan.loses == ("The way back to second.",)
    assert [(s.snapshot, s.way) for s in plan.steps] == [("second", DeleteWay.MERGE)]


def test_one_in_the_middle_moves_the_next_file_on() -> None:
    plan = delete(chain("first", "second", "third"), "second")
    assert fates(plan) == {
        "web.first": Fate.GROWS,
        "web.second": Fate.REMOVED,
        "web.third": Fate.KEPT,
    }
    assert plan.files[2].backing_after == path("web.first")
    assert plan.machine == "stays off"
    assert any("the guest doesn't run" in reason for reason in plan.reasons)


@pytest.mark.parametrize(
    ("state", "name", "starts"),
    [
        (DomainState.OFF, "second", False),
        (DomainState.OFF, "first", True),
        (DomainState.RUNNING, "first", False),
    ],
)
def test_one_in_the_middle_of_a_machine_that_is_off_takes_a_process(
    state: DomainState, name: str, *, starts: bool
) -> None:
    assert delete(chain("first", "second", state=state), name).steps[0].starts is starts


def test_with_all_that_came_after_it_everything_ends_in_its_state() -> None:
    plan = delete(chain("first", "second", "third"), "first", children=True)
    assert [step.snapshot for step in plan.steps] == ["third", "second", "first"]
    assert fates(plan) == {
        "web.qcow2": Fate.GROWS,
        "web.first": Fate.REMOVED,
        "web.second": Fate.REMOVED,
        "web.third": Fate.REMOVED,
    }
    assert [m.at_most_bytes for m in plan.merges] == [30 * MIB, 50 * MIB, 60 * MIB]
    assert plan.copies_bytes == 140 * MIB
    assert plan.frees_bytes == 60 * MIB
    assert len(plan.loses) == 3


def test_metadata_only_leaves_every_file() -> None:
    storage = chain("first")
    first = replace(storage.snapshots[0], memory_path=path("first.memory"))
    storage = with_images(replace(storage, snapshots=(first,)), Image(path("first.memory")))
    plan = delete(storage, "first", metadata_only=True)
    assert fates(plan) == {"web.first": Fate.KEPT, "first.memory": Fate.LEFT}
    assert plan.steps[0].metadata_only
    assert not plan.merges
    assert not plan.steps[0].files
    within = delete(inside("one"), "one", metadata_only=True)
    assert fates(within) == {"web.qcow2": Fate.KEPT}
    assert "one still takes room inside web.qcow2" in within.warnings[0]
    assert delete(storage, "first", metadata_only=True, children=True).refusal


def test_an_internal_one_frees_room_inside() -> None:
    plan = delete(inside("one", "two"), "one")
    assert (plan.steps[0].way, plan.frees_bytes) == (DeleteWay.INTERNAL, None)
    assert fates(plan) == {"web.qcow2": Fate.WRITTEN}
    both = delete(inside("one", "two"), "one", children=True)
    assert [step.snapshot for step in both.steps] == ["two", "one"]


def test_an_internal_one_under_an_overlay_is_refused() -> None:
    storage = chain("outside")
    old = snapshot("old", machine(), internal())
    storage = replace(storage, snapshots=(old, replace(storage.snapshots[0], parent="old")))
    plan = delete(storage, "old")
    assert "inside web.qcow2, but the machine writes to web.outside since" in plan.refusal
    assert "after old, which is internal" in delete(storage, "outside").refusal
    assert delete(storage, "outside", metadata_only=True).refusal == ""


def test_a_branch_is_forgotten_and_its_own_overlay_removed() -> None:
    plan = delete(branched(), "third")
    assert plan.steps[0].way is DeleteWay.BRANCH
    assert plan.steps[0].files == (OwnFile(path("web.third"), POOL),)
    assert fates(plan) == {"web.third": Fate.REMOVED, "web.second": Fate.KEPT}
    assert "What was written after it on this branch (30 MiB)." in plan.loses
    assert (plan.copies_bytes, plan.frees_bytes) == (0, 30 * MIB)


def test_a_branchs_middle_keeps_what_the_next_one_needs() -> None:
    plan = delete(branched(), "second")
    assert fates(plan)["web.second"] is Fate.KEPT
    assert plan.steps[0].files == ()
    assert "third" in next(file.what for file in plan.files)


def test_the_state_that_the_machine_goes_on_from_can_be_forgotten_alone() -> None:
    plan = delete(branched(), "first")
    assert plan.steps[0].way is DeleteWay.BRANCH
    assert fates(plan) == {"web.first": Fate.KEPT, "web.qcow2": Fate.KEPT}


def test_a_whole_branch_goes_with_its_files_and_the_machine_keeps_its_own() -> None:
    plan = delete(branched(), "second", children=True)
    assert fates(plan)["web.third"] is Fate.REMOVED
    assert fates(plan)["web.second"] is Fate.REMOVED
    assert fates(plan)["web.first"] is Fate.KEPT
    assert plan.frees_bytes == 50 * MIB


def test_external_memory_goes_with_it_or_is_named() -> None:
    storage = chain("first")
    memory = path("first.memory")
    first = replace(storage.snapshots[0], memory_path=memory, has_memory=True)
    storage = replace(storage, snapshots=(first,))
    held = with_images(storage, Image(memory, pool=POOL, allocation_bytes=5 * MIB, exists=True))
    plan = delete(held, "first")
    assert plan.steps[0].files == (OwnFile(memory, POOL),)
    assert plan.frees_bytes == 15 * MIB
    elsewhere = delete(with_images(storage, Image(memory, exists=True)), "first")
    assert elsewhere.fate_of(memory) is Fate.LEFT
    assert "no active storage pool" in elsewhere.warnings[0]
    # What its XML calls memory may be anything: only memory goes.
    own = (user("web", Use.MEMORY, target="", snapshot="first"), user("web"))
    disk_too = Image(memory, pool=POOL, exists=True, users=own)
    assert delete(with_images(storage, disk_too), "first").fate_of(memory) is Fate.KEPT
    base = image("web.clone", "first.memory")
    below = Image(memory, pool=POOL, exists=True, users=own[:1])
    assert delete(with_images(storage, base, below), "first").fate_of(memory) is Fate.KEPT
    alone = delete(with_images(storage, below), "first")
    assert alone.fate_of(memory) is Fate.REMOVED
    gone = delete(with_images(storage, Image(memory, exists=False)), "first")
    assert gone.fate_of(memory) is None


BASE, OVER = "web.qcow2", "web.first"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda s: with_images(s, image("web.other", BASE)),
                     "web.qcow2 would change, and web.other", id="another-file-on-the-base"),
        pytest.param(
            lambda s: with_images(s, image("db.qcow2", BASE, users=(user("db"),))),
            "db.qcow2 of machine db needs it", id="another-machine-on-the-base"),
        pytest.param(lambda s: with_images(s, image(BASE, users=(user("db"),))),
                     "machine db needs it", id="the-base-is-another-machines-disk"),
        pytest.param(
            lambda s: with_images(s, image(BASE, users=(user("db", Use.STATE, snapshot="old"),))),
            "snapshot old of machine db needs it", id="the-base-is-another-machines-state"),
        pytest.param(lambda s: with_images(s, image("clone", OVER)),
                     "web.first would go, and clone", id="a-file-on-the-overlay"),
        pytest.param(
            lambda s: replace(s, snapshots=(*s.snapshots,
                              snapshot("twin", machine(), external("vda", "web.twin")))),
            "snapshot twin needs it", id="another-snapshot-of-the-same-state"),
        pytest.param(lambda s: with_images(s, image(OVER, BASE, internal=("deep",))),
                     "deep lies inside web.first", id="an-internal-one-in-the-overlay"),
        pytest.param(lambda s: replace(s, domain=replace(s.domain, has_managed_save=True)),
                     "memory saved to disk", id="saved"),
        pytest.param(lambda s: replace(s, unread=("The disk of db is unknown.",)),
                     "The disk of db is unknown.", id="unread"),
        pytest.param(lambda s: with_images(s, image(BASE, exists=False)),
                     "is missing", id="the-base-was-moved-away"),
    ],
)  # fmt: skip
def test_nothing_is_merged_that_somebody_needs(change: Any, why: str) -> None:
    plan = delete(change(chain("first")), "first")
    assert why in plan.refusal
    assert (plan.files, plan.steps) == ((), ())


def test_a_child_that_cant_go_refuses_the_whole() -> None:
    storage = chain("first", "second")
    storage = with_images(storage, image("db.qcow2", "web.first", users=(user("db"),)))
    assert "second, which came after it: " in delete(storage, "first", children=True).refusal


def test_half_a_snapshot_is_refused() -> None:
    then = machine(disk(), disk("vdb", "data.qcow2"))
    both = snapshot("both", then, external("vda", "web.both"), external("vdb", "data.both"))
    storage = stored(
        machine(disk(file="web.both"), disk("vdb", "data.now")),
        image("web.qcow2"), image("web.both", "web.qcow2"), image("data.qcow2"),
        image("data.both", "data.qcow2"), image("data.now", "data.qcow2"),
    )  # fmt: skip
    plan = delete(replace(storage, snapshots=(both,)), "both")
    assert "overlay of vda, but not that of vdb" in plan.refusal


def test_a_mixed_one_is_refused() -> None:
    then = machine(disk(), disk("vdb", "data.qcow2"))
    mixed = snapshot("mixed", then, external("vda", "web.mixed"), SnapshotDisk("vdb", "internal"))
    storage = stored(
        machine(disk(file="web.mixed")), image("web.qcow2"), image("web.mixed", "web.qcow2")
    )
    assert "partly internal" in delete(replace(storage, snapshots=(mixed,)), "mixed").refusal


def test_another_hypervisor_does_it_by_itself() -> None:
    domain = machine(hypervisor_type="vmware")
    storage = replace(stored(domain), snapshots=(snapshot("one", domain),))
    plan = delete(storage, "one")
    assert (plan.refusal, plan.steps[0].way, plan.files) == ("", DeleteWay.BY_DRIVER, ())


def test_one_that_went_is_refused() -> None:
    assert "no snapshot gone any more" in delete(chain("first"), "gone").refusal


def test_a_line_to_be_copied_is_quoted() -> None:
    odd = "it; rm -rf $HOME"
    refusal = delete(with_images(chain("first"), image(odd, "web.qcow2")), "first").refusal
    assert f"virsh vol-delete '{path(odd)}' removes it" in refusal
