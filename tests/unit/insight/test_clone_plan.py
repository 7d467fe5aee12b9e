from dataclasses import replace

import pytest

from tests.clone_facts import (
    DATA,
    GIB,
    IMAGES,
    KEY,
    LVM,
    MACHINE,
    POOL,
    SYSTEM,
    URI,
    external_snapshot,
    facts,
    user,
)
from vmgui.insight.clone_plan import ClonePlan
from vmgui.insight.clone_planner import plan_clones
from vmgui.insight.clone_spec import (
    BaseFate,
    CloneKind,
    CloneSpec,
    DiskChoice,
    GuestName,
    hostname_of,
)
from vmgui.insight.file_plan import Fate
from vmgui.inventory.domain import Disk, Domain, DomainState
from vmgui.inventory.images import ImageUser, Use
from vmgui.inventory.key import domain_key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key

FULL = CloneSpec(kind=CloneKind.FULL)
LINKED = CloneSpec(kind=CloneKind.LINKED)
CLASS = replace(LINKED, count=12, pattern="student-{n:02}")
OTHER = Domain(domain_key(URI, "other"), "other", DomainState.OFF)


def reason(plan: ClonePlan, target: str, choice: DiskChoice) -> str:
    disk = next(each for each in plan.disks if each.disk.target == target)
    return next(option.refusal for option in disk.options if option.value == choice)


def test_one_full_clone_has_a_name_copies_and_a_mac_of_its_own() -> None:
    plan = plan_clones(facts(), FULL)
    (clone,) = plan.machines
    assert plan.ready
    assert clone.name == "win-clone"
    assert [(disk.target, disk.choice, disk.path) for disk in clone.disks] == [
        ("vda", DiskChoice.FULL, "/vm/win-clone-vda.qcow2"),
        ("vdb", DiskChoice.FULL, "/vm/win-clone-vdb.raw"),
        ("sda", DiskChoice.SHARED, "/vm/setup.iso"),
    ]
    assert clone.macs[0][1].startswith("52:54:00:")
    assert clone.macs[0][1] != "52:54:00:aa:bb:cc"
    assert clone.uuid != MACHINE.uuid
    assert plan.files.copies_bytes == plan.space.now_bytes == 50 * GIB
    assert plan.files.fate_of("/vm/win.qcow2") is Fate.KEPT


def test_a_class_of_linked_clones_shares_no_name_mac_uuid_or_file() -> None:
    plan = plan_clones(facts(), CLASS)
    assert plan.ready
    names = [clone.name for clone in plan.machines]
    assert names[0] == "student-01"
    assert names[-1] == "student-12"
    for each in (
        names,
        [clone.uuid for clone in plan.machines],
        [mac for clone in plan.machines for _, mac in clone.macs],
        [disk.path for clone in plan.machines for disk in clone.disks if disk.volume],
    ):
        assert len(set(each)) == len(each)
    assert plan.base is BaseFate.OVERLAY
    assert plan.files.fate_of("/vm/win.qcow2") is Fate.FROZEN
    assert plan.freeze is not None
    overlay = next(disk.path for disk in plan.freeze.disks if disk.target == "vda")
    assert overlay not in {image.path for image in IMAGES}
    assert plan.files.fate_of(overlay) is not None
    assert plan.space.full_bytes == 12 * 50 * GIB
    assert plan.space.now_bytes is not None
    assert plan.space.now_bytes < GIB
    raw = plan.machines[0].disks[1]
    assert (raw.format, raw.backing, raw.backing_format) == ("qcow2", "/vm/data.raw", "raw")


def test_the_plan_is_the_same_each_time_and_another_seed_gives_other_addresses() -> None:
    assert plan_clones(facts(), CLASS) == plan_clones(facts(), CLASS)
    other = plan_clones(facts(), replace(CLASS, seed=5))
    assert other.machines[0].macs != plan_clones(facts(), CLASS).machines[0].macs


def test_a_mac_that_another_machine_of_any_host_has_is_passed_over() -> None:
    first = plan_clones(facts(), CLASS).machines
    taken = frozenset(mac for clone in first for _, mac in clone.macs)
    again = plan_clones(facts(macs=taken), CLASS).machines
    assert not taken & {mac for clone in again for _, mac in clone.macs}


def test_a_name_that_is_taken_is_a_conflict_with_a_number_to_skip() -> None:
    known = facts(names={"student-07": "lab-b"})
    plan = plan_clones(known, CLASS)
    (taken,) = plan.conflicts
    assert (taken.number, taken.conflict, taken.can_skip) == (7, "exists on lab-b", True)
    assert not plan.ready
    assert "student-07" in plan.refusal
    skipped = plan_clones(known, replace(CLASS, skipped=(7,)))
    assert skipped.ready
    assert [clone.number for clone in skipped.machines][-1] == 13
    assert len(skipped.machines) == 12
    renamed = plan_clones(known, replace(CLASS, names=((7, "guest-7"),)))
    assert renamed.ready


def test_the_name_that_is_offered_is_free() -> None:
    known = facts(names={"win-clone": "lab-a", "win-clone-2": "lab-b"})
    assert plan_clones(known, FULL).machines[0].name == "win-clone-3"
    assert plan_clones(known, FULL).ready


def test_two_clones_of_one_name_are_both_conflicts() -> None:
    plan = plan_clones(facts(), replace(CLASS, count=2, names=((2, "student-01"),)))
    assert len(plan.conflicts) == 2
    assert "2 of the clones" in plan.conflicts[0].conflict


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("student", "need {n}"),
        ("a-{m}", "is none of"),
        ("a-{n", "no partner"),
        ("   ", "can't be empty"),
    ],
)
def test_a_pattern_that_gives_no_names_is_refused(pattern: str, says: str) -> None:
    assert says in plan_clones(facts(), replace(CLASS, pattern=pattern)).refusal


@pytest.mark.parametrize("name", ["a/b", " a", "a\x07b", "x" * 201, ".."])
def test_a_name_that_no_file_can_bear_is_a_conflict(name: str) -> None:
    assert plan_clones(facts(), replace(FULL, pattern=name)).conflicts[0].conflict


def test_a_file_that_is_there_already_is_never_taken_for_a_clone() -> None:
    left = replace(IMAGES[0], path="/vm/win-clone-vda.qcow2", users=())
    plan = plan_clones(facts(images=(*IMAGES, left)), FULL)
    assert plan.machines[0].disks[0].path == "/vm/win-clone-vda-2.qcow2"


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        (replace(MACHINE, state=DomainState.RUNNING, run_id=3), "pausing isn't enough"),
        (replace(MACHINE, state=DomainState.PAUSED, run_id=3), "pausing isn't enough"),
        (replace(MACHINE, state=DomainState.CRASHED, run_id=3), "take an external snapshot"),
        (replace(MACHINE, state=DomainState.SAVED, has_managed_save=True), "saved to disk"),
        (replace(MACHINE, persistent=False), "transient"),
    ],
)
def test_a_machine_whose_disks_are_in_use_is_refused_with_what_to_do(
    machine: Domain, says: str
) -> None:
    for spec in (FULL, LINKED):
        assert says in plan_clones(facts(machine), spec).refusal


def test_an_external_snapshot_of_a_running_machine_is_cloned_from_its_frozen_files() -> None:
    snapshot, after = external_snapshot(state="running")
    running = replace(after, state=DomainState.RUNNING, run_id=4)
    known = facts(
        running,
        snapshots=(snapshot,),
        images=tuple(replace(image, users=()) for image in IMAGES[:2]) + IMAGES[2:],
    )
    plan = plan_clones(known, replace(LINKED, snapshot="before"))
    assert plan.ready, plan.refusal
    assert plan.base is None
    assert plan.machines[0].disks[0].backing == "/vm/win.qcow2"
    assert plan.files.fate_of("/vm/win.qcow2") is Fate.KEPT
    assert any("power cut" in warning for warning in plan.files.warnings)


def test_a_disk_that_the_snapshot_left_out_is_not_what_it_was() -> None:
    snapshot, after = external_snapshot()
    left_out = replace(snapshot, disks=(snapshot.disks[0], SnapshotDisk("vdb", "no")))
    machine = replace(after, disks=(after.disks[0], DATA))
    images = (replace(IMAGES[0], users=()), *IMAGES[1:])
    known = facts(machine, snapshots=(left_out,), images=images)
    plan = plan_clones(known, replace(FULL, snapshot="before"))
    assert "vdb can't be copied" in plan.refusal
    assert "didn't freeze it" in plan.refusal


def test_a_disk_that_a_later_snapshot_froze_is_not_what_it_was_at_the_first() -> None:
    snapshot, after = external_snapshot()
    left_out = replace(snapshot, disks=(snapshot.disks[0], SnapshotDisk("vdb", "no")))
    images = tuple(replace(image, users=()) for image in IMAGES[:2]) + IMAGES[2:]
    # Its file of then takes no writes any more, but took some after the snapshot.
    known = facts(after, snapshots=(left_out,), images=images)
    for spec in (FULL, LINKED):
        assert "didn't freeze it" in plan_clones(known, replace(spec, snapshot="before")).refusal
    without_it = replace(FULL, snapshot="before", disks=(("vdb", DiskChoice.OUT),))
    assert plan_clones(known, without_it).ready


def test_an_internal_snapshot_is_refused_with_the_way_round() -> None:
    inside = Snapshot(
        snapshot_key(KEY, "clean"), KEY, "clean", disks=(SnapshotDisk("vda", "internal"),)
    )
    known = facts(snapshots=(inside,))
    assert "internal snapshot" in plan_clones(known, replace(FULL, snapshot="clean")).refusal
    # The machine couldn't be reverted to it with an overlay over its file.
    assert "internal snapshots" in plan_clones(known, LINKED).refusal
    assert plan_clones(known, replace(LINKED, base=BaseFate.TEMPLATE)).ready
    assert plan_clones(known, FULL).ready


def test_a_template_needs_nothing_done_to_it() -> None:
    plan = plan_clones(facts(replace(MACHINE, is_template=True)), LINKED)
    assert plan.ready
    assert plan.base is None
    assert plan.bases == ()
    assert plan.files.fate_of("/vm/win.qcow2") is Fate.KEPT


def test_a_file_that_another_machine_writes_to_is_not_cloned() -> None:
    also = replace(IMAGES[0], users=(*IMAGES[0].users, user(SYSTEM, OTHER)))
    plan = plan_clones(facts(images=(also, *IMAGES[1:])), FULL)
    assert "other writes to it too" in plan.refusal
    assert reason(plan, "vda", DiskChoice.SHARED)
    assert not reason(plan, "vda", DiskChoice.OUT)
    assert plan_clones(
        facts(images=(also, *IMAGES[1:])), replace(FULL, disks=(("vda", DiskChoice.OUT),))
    ).ready


def test_who_only_reads_a_file_is_in_nobodys_way() -> None:
    reader = ImageUser(OTHER.key, "other", Use.DISK, "vda", read_only=True)
    also = replace(IMAGES[0], users=(*IMAGES[0].users, reader))
    assert plan_clones(facts(images=(also, *IMAGES[1:])), FULL).ready


def test_only_a_disk_that_nobody_changes_can_be_shared() -> None:
    spec = replace(FULL, disks=(("vdb", DiskChoice.SHARED),))
    assert "writes to it" in plan_clones(facts(), spec).refusal
    assert plan_clones(facts(replace(MACHINE, is_template=True)), spec).ready


@pytest.mark.parametrize(
    ("disk", "choice", "says"),
    [
        (replace(SYSTEM, device="lun"), DiskChoice.FULL, "LUN"),
        (replace(SYSTEM, shareable=True), DiskChoice.LINKED, "never stands still"),
        (replace(SYSTEM, format=""), DiskChoice.LINKED, "guessed"),
        (
            replace(SYSTEM, source_type="network", source="iqn.x/1"),
            DiskChoice.FULL,
            "network storage",
        ),
        (replace(SYSTEM, source="/elsewhere/a.qcow2"), DiskChoice.FULL, "no active pool"),
    ],
)
def test_each_odd_disk_says_why_it_cant(disk: Disk, choice: DiskChoice, says: str) -> None:
    known = facts(replace(MACHINE, disks=(disk,)), images=(replace(IMAGES[0], users=()),))
    plan = plan_clones(known, replace(FULL, disks=(("vda", choice),)))
    assert says in plan.refusal
    assert says in reason(plan, "vda", choice)


def test_an_overlay_can_be_put_over_a_file_outside_of_every_pool() -> None:
    disks = (replace(SYSTEM, source="/elsewhere/a.qcow2"),)
    known = facts(replace(MACHINE, disks=disks), images=())
    plan = plan_clones(known, LINKED)
    assert plan.ready, plan.refusal
    assert plan.machines[0].disks[0].backing == "/elsewhere/a.qcow2"


def test_a_missing_file_is_named() -> None:
    gone = replace(IMAGES[0], exists=False)
    assert (
        "/vm/win.qcow2 is missing" in plan_clones(facts(images=(gone, *IMAGES[1:])), FULL).refusal
    )


def test_an_encrypted_disk_says_so() -> None:
    known = facts(disk_obstacles={"vda": "It is encrypted."})
    assert "encrypted" in plan_clones(known, FULL).refusal


def test_a_block_pool_takes_copies_but_no_overlays() -> None:
    onto = replace(FULL, pool="lvm")
    plan = plan_clones(facts(), onto)
    assert plan.ready, plan.refusal
    disk = plan.machines[0].disks[0]
    assert (disk.path, disk.format) == ("/dev/vg/win-clone-vda", "raw")
    assert plan.spec.pool == LVM.key.id
    assert "qcow2" in plan_clones(facts(), replace(LINKED, pool="lvm")).refusal
    assert "makes no volumes" in plan_clones(facts(), replace(FULL, pool="san")).refusal
    assert "has no pool" in plan_clones(facts(), replace(FULL, pool="nowhere")).refusal


def test_a_pool_without_room_refuses_and_one_that_may_fill_warns() -> None:
    small = replace(POOL, available_bytes=60 * GIB)
    plan = plan_clones(facts(pools=(small,)), replace(FULL, count=2, pattern="a-{n}"))
    assert "100 GiB at once" in plan.refusal
    assert "60 GiB free" in plan.refusal
    linked = plan_clones(facts(pools=(small,)), CLASS)
    assert linked.ready
    assert any("fills its disks" in warning for warning in linked.files.warnings)


def test_a_chain_is_copied_whole() -> None:
    base = replace(IMAGES[0], path="/vm/base.qcow2", allocation_bytes=30 * GIB, users=())
    top = replace(IMAGES[0], backing="/vm/base.qcow2", allocation_bytes=3 * GIB)
    plan = plan_clones(facts(replace(MACHINE, disks=(SYSTEM,)), images=(top, base)), FULL)
    assert plan.space.now_bytes == 33 * GIB


def test_the_guest_is_told_its_name_in_the_best_way_that_fits() -> None:
    assert plan_clones(facts(), FULL).spec.guest is GuestName.NONE
    assert plan_clones(facts(kernel_name=True), FULL).spec.guest is GuestName.KERNEL
    seeded = plan_clones(facts(seed="sda"), FULL)
    assert seeded.spec.guest is GuestName.CLOUD_INIT
    assert seeded.machines[0].seed_path == "/vm/win-clone-seed.iso"
    assert seeded.machines[0].disks[2].choice is DiskChoice.EMPTY
    assert plan_clones(facts(sysprep=""), FULL).spec.guest is GuestName.SYSPREP
    refused = plan_clones(facts(), replace(FULL, guest=GuestName.SYSPREP)).refusal
    assert "not installed" in refused


def test_uefi_variables_are_copied_where_they_lie_in_a_pool_and_else_made_anew() -> None:
    machine = replace(MACHINE, nvram_path="/vm/win_VARS.fd")
    held = replace(IMAGES[0], path="/vm/win_VARS.fd", format="raw", users=())
    plan = plan_clones(facts(machine, images=(*IMAGES, held)), FULL)
    assert plan.machines[0].nvram == "/vm/win-clone_VARS.fd"
    anew = plan_clones(facts(machine), FULL)
    assert anew.machines[0].nvram == ""
    assert any("UEFI variables" in warning for warning in anew.files.warnings)


def test_what_is_passed_through_is_left_out_and_said() -> None:
    plan = plan_clones(facts(left_out=("Clones don't get the GPU.",)), FULL)
    assert plan.ready
    assert "Clones don't get the GPU." in plan.files.warnings


@pytest.mark.parametrize(
    ("name", "hostname"),
    [("Student 07", "student-07"), ("-x_y-", "x-y"), ("日本", "clone"), ("a" * 80, "a" * 63)],
)
def test_a_host_name_is_one_that_a_resolver_takes(name: str, hostname: str) -> None:
    assert hostname_of(name) == hostname
