from dataclasses import replace

import pytest

from tests.clone_facts import GIB, IMAGES, KEY, MACHINE, POOL, URI, user
from vmgui.insight.clone_reset import Base, ResetPlan, another_name, reset_plan
from vmgui.insight.file_plan import Fate
from vmgui.insight.template_plan import dependents, mark_plan, release_plan
from vmgui.inventory.domain import Disk, Domain, DomainState
from vmgui.inventory.images import Image, ImageUser, MachineStorage, Use
from vmgui.inventory.key import domain_key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key

OWN = Disk("vda", bus="virtio", source="/vm/pc-1.qcow2", format="qcow2")
FULL = Disk("vdb", bus="virtio", source="/vm/pc-1-vdb.raw", format="raw")
CLONE = Domain(
    domain_key(URI, "clone-1"),
    "pc-1",
    DomainState.OFF,
    disks=(OWN, FULL),
    clone_of=KEY.id,
    clone_of_name="win",
)
OVERLAY = Image(
    "/vm/pc-1.qcow2", "qcow2", 64 * GIB, 3 * GIB, backing="/vm/win.qcow2", pool=POOL.key,
    exists=True, users=(user(OWN, CLONE),),
)  # fmt: skip
COPY = Image("/vm/pc-1-vdb.raw", "raw", 20 * GIB, GIB, pool=POOL.key, users=(user(FULL, CLONE),))
BASES = (Base("vda", "/vm/win.qcow2", "qcow2"),)
INSIDE = Snapshot(
    snapshot_key(CLONE.key, "mine"), CLONE.key, "mine", disks=(SnapshotDisk("vda", "internal"),)
)
OUTSIDE = replace(INSIDE, disks=(SnapshotDisk("vda", "external", "/vm/pc-1.mine", "qcow2"),))


def storage(clone: Domain = CLONE, *images: Image, **changes: object) -> MachineStorage:
    found = MachineStorage(clone, images=images or (*IMAGES, OVERLAY, COPY))
    return replace(found, **changes)  # type: ignore[arg-type]


def reset(of: MachineStorage, *, snapshots: bool = False) -> ResetPlan:
    return reset_plan(of, BASES, (POOL,), snapshots=snapshots)


def test_only_what_the_clone_wrote_itself_goes() -> None:
    plan = reset(storage())
    assert plan.refusal == ""
    (overlay,) = plan.overlays
    assert (overlay.base, overlay.virtual_bytes) == ("/vm/win.qcow2", 64 * GIB)
    # Beside the old one, which goes last.
    assert (overlay.volume, overlay.old) == ("pc-1.again.qcow2", "/vm/pc-1.qcow2")
    assert plan.fate_of("/vm/pc-1.again.qcow2") is Fate.CREATED
    assert plan.fate_of("/vm/win.qcow2") is Fate.KEPT
    assert [file.path for file in plan.of(Fate.REMOVED)] == ["/vm/pc-1.qcow2"]
    assert plan.frees_bytes == 3 * GIB
    assert "wrote to vda" in plan.loses[0]
    assert "vdb has no base" in plan.warnings[0]
    assert not plan.forces_off


def test_one_that_runs_is_forced_off_and_that_is_said() -> None:
    plan = reset(storage(replace(CLONE, state=DomainState.RUNNING, run_id=3)))
    assert plan.forces_off
    assert any("forced off" in each for each in plan.loses)


def test_saved_memory_goes_with_the_disks_that_it_belongs_to() -> None:
    plan = reset(storage(replace(CLONE, state=DomainState.SAVED, has_managed_save=True)))
    assert plan.discards_saved
    assert any("saved" in each for each in plan.loses)


def test_an_overlay_that_is_missing_is_made_anew() -> None:
    plan = reset(storage(CLONE, *IMAGES, replace(OVERLAY, exists=False, backing="")))
    assert plan.refusal == ""
    assert (plan.overlays[0].old, plan.overlays[0].volume) == ("", "pc-1.qcow2")
    assert plan.of(Fate.REMOVED) == ()
    assert plan.loses == ()


def test_snapshots_are_lost_only_where_that_was_agreed_to() -> None:
    assert "mine" in reset(storage(snapshots=(INSIDE,))).refusal
    agreed = reset(storage(snapshots=(INSIDE,)), snapshots=True)
    assert agreed.snapshots == ("mine",)
    assert any("mine" in each for each in agreed.loses)
    # Files of external ones build on each other: nobody makes that good.
    assert "external" in reset(storage(snapshots=(OUTSIDE,)), snapshots=True).refusal


OTHER = ImageUser(domain_key(URI, "o"), "other", Use.DISK, "vda")


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (storage(replace(CLONE, clone_of="")), "no linked clone"),
        (storage(replace(CLONE, is_template=True)), "release it first"),
        (storage(replace(CLONE, persistent=False)), "transient"),
        (storage(replace(CLONE, disks=(FULL,))), "none of the disks"),
        (storage(CLONE, replace(IMAGES[0], exists=False), OVERLAY, COPY), "missing: /vm/win.qcow2"),
        (storage(CLONE, OVERLAY, COPY), "missing: /vm/win.qcow2"),
        (
            storage(CLONE, *IMAGES, replace(OVERLAY, backing="/vm/data.raw"), COPY),
            "reads from /vm/data.raw now",
        ),
        (
            storage(
                CLONE, *IMAGES, OVERLAY, Image("/vm/x", backing="/vm/pc-1.qcow2", users=(OTHER,))
            ),
            "other reads",
        ),
        (storage(unread=("web can't be read.",)), "web can't be read"),
    ],
)
def test_what_would_lose_more_than_the_clones_own_is_refused(of: MachineStorage, says: str) -> None:
    plan = reset(of)
    assert says in plan.refusal
    assert not plan.overlays


def test_a_pool_that_is_not_active_is_named() -> None:
    of = storage(CLONE, *IMAGES, replace(OVERLAY, pool=None))
    idle = replace(POOL, active=False)
    assert "no active pool" in reset_plan(of, BASES, (idle,), snapshots=False).refusal


def test_a_template_is_released_once_nothing_reads_it() -> None:
    template = replace(MACHINE, is_template=True)
    of = MachineStorage(template, images=(*IMAGES, OVERLAY))
    assert dependents(of) == ("pc-1",)
    assert "pc-1 would be broken" in release_plan(of).refusal
    alone = MachineStorage(template, images=IMAGES)
    assert release_plan(alone).refusal == ""
    assert "far on lab-b" in release_plan(alone, ("far on lab-b",)).refusal
    unread = replace(alone, unread=("web can't be read.",))
    assert "web can't be read" in release_plan(unread).refusal
    # A file that is built on it counts, though no machine names it.
    lone = MachineStorage(template, images=(*IMAGES, replace(OVERLAY, users=())))
    assert "/vm/pc-1.qcow2" in release_plan(lone).refusal
    # Discs are nobody's to freeze.
    assert mark_plan(alone).fate_of("/vm/setup.iso") is None
    assert mark_plan(alone).fate_of("/vm/win.qcow2") is Fate.FROZEN


def test_names_of_files_go_to_and_fro() -> None:
    first = "/vm/Über pc.1.qcow2"
    second = another_name(first, {first})
    assert second == "/vm/Über pc.1.again.qcow2"
    assert another_name(second, {second}) == first
    assert another_name(second, {first, second}) == "/vm/Über pc.1.again-2.qcow2"
    assert another_name("/vm/disk", {"/vm/disk"}) == "/vm/disk.again"
