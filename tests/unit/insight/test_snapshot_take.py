"""Which snapshot is taken, of what, into which files, and why not."""

from datetime import datetime
from typing import Any

import pytest

from tests.storages import GIB, chain, disk, image, internal, machine, path, snapshot, stored
from vmgui.insight.file_plan import Fate
from vmgui.insight.snapshot_names import name_from, name_refusal
from vmgui.insight.snapshot_take import take_plan
from vmgui.insight.take_spec import SnapshotKind, TakePlan, TakeSpec, Wanted
from vmgui.inventory.domain import AgentState, Domain, DomainState
from vmgui.inventory.images import Image, MachineStorage

NOW = datetime(2026, 4, 9, 14, 5, 7)  # noqa: DTZ001  the time of the wall, as a person reads it
RUNNING = DomainState.RUNNING
UEFI: dict[str, Any] = {"firmware": "UEFI", "nvram_path": "/nvram/web.fd"}


def take(storage: MachineStorage | Domain, **spec: Any) -> TakePlan:
    if isinstance(storage, Domain):
        storage = stored(storage)
    return take_plan(storage, TakeSpec(**{"name": "one", **spec}), NOW)


def kinds(plan: TakePlan) -> dict[str, str]:
    return {each.target: each.kind for each in plan.disks}


RAW = disk("vdb", "data.raw", format="raw")
TWO = (disk(), disk("vdb", "data.qcow2"))


@pytest.mark.parametrize(
    ("storage", "spec", "kind", "memory", "why"),
    [
        pytest.param(
            stored(machine(state=RUNNING, agent=AgentState.CONNECTED)), {"quiesce": True},
            "external", "no", "can be quiesced", id="quiesced"),
        pytest.param(
            stored(machine(state=RUNNING)), {"memory": Wanted.NO},
            "external", "no", "leaves the memory", id="memory-not-wanted"),
        pytest.param(
            stored(machine(state=RUNNING, host_devices=("pci",))), {},
            "external", "no", "device of the host (pci)", id="passthrough"),
        pytest.param(
            stored(machine(disk(), RAW)), {}, "external", "no", "vdb is raw", id="raw"),
        pytest.param(
            stored(machine(disk(), RAW, state=RUNNING)), {},
            "external", "external", "vdb is raw", id="raw-running"),
        pytest.param(
            stored(machine(*TWO)), {"leave_out": ("vdb",)},
            "external", "no", "vdb is left out", id="left-out"),
        pytest.param(
            stored(machine(**UEFI)), {}, "external", "no", "UEFI variables", id="uefi"),
        pytest.param(
            stored(machine(state=RUNNING, **UEFI)), {},
            "external", "external", "UEFI variables", id="uefi-running"),
        pytest.param(
            chain("first"), {}, "external", "no", "overlay of snapshot first", id="on-an-overlay"),
        pytest.param(stored(machine()), {}, "internal", "no", "every disk is qcow2", id="off"),
        pytest.param(
            stored(machine(state=RUNNING)), {},
            "internal", "internal", "every disk is qcow2", id="running"),
        pytest.param(
            stored(machine(state=DomainState.PAUSED)), {},
            "internal", "internal", "every disk is qcow2", id="paused"),
        pytest.param(
            stored(machine(**UEFI), image("web.qcow2"),
                   Image("/nvram/web.fd", "qcow2")),
            {}, "internal", "no", "every disk is qcow2", id="uefi-in-qcow2"),
    ],
)  # fmt: skip
def test_the_kind_is_chosen_with_its_reason(
    storage: MachineStorage, spec: dict[str, Any], kind: str, memory: str, why: str
) -> None:
    plan = take(storage, **spec)
    assert plan.refusal == ""
    assert kinds(plan)["vda"] == kind
    assert plan.memory == memory
    assert why in plan.reasons[0]
    if kind == "external":
        refused = take(storage, **{**spec, "kind": SnapshotKind.INTERNAL})
        assert refused.refusal.startswith("It can't be internal: ")
        assert why in refused.refusal


@pytest.mark.parametrize(
    ("state", "more", "why"),
    [
        (DomainState.RUNNING, {}, ""),
        (DomainState.PAUSED, {}, ""),
        (DomainState.OFF, {}, ""),
        (DomainState.CRASHED, {}, ""),
        (DomainState.CRASHED, {"run_id": 3}, "force it off"),
        (DomainState.SAVED, {}, "no longer fit together"),
        (DomainState.OFF, {"has_managed_save": True}, "no longer fit together"),
        (DomainState.SHUTTING_DOWN, {}, "wait until it is off"),
        (DomainState.SLEEPING, {}, "wake it first"),
        (DomainState.MIGRATING, {}, "moving to another host"),
        (DomainState.UNKNOWN, {}, "Nobody knows"),
    ],
)
def test_a_state_allows_it_or_says_why_not(
    state: DomainState, more: dict[str, Any], why: str
) -> None:
    plan = take(machine(state=state, **more))
    assert why in plan.refusal
    assert bool(plan.refusal) == bool(why)


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (disk("sda", device="cdrom"), "drive for media"),
        (disk("fda", device="floppy"), "drive for media"),
        (disk("vdb", source=""), "empty"),
        (disk("vdb", read_only=True), "read-only"),
    ],
)
def test_what_cant_change_is_left_out_by_itself(extra: Any, why: str) -> None:
    plan = take(machine(disk(), extra))
    assert (plan.refusal, kinds(plan)) == ("", {"vda": "internal", extra.target: "no"})
    assert plan.warnings == ()
    assert why in take(machine(disk(), extra), disks=(extra.target,)).refusal


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (disk("vdb", shareable=True), "other machines may write to it"),
        (disk("vdb", source_type="network", source="pool/image", format="raw"), "of type network"),
        (disk("sdb", device="lun", source_type="block", source="/dev/sdb"), "passed through"),
    ],
)
def test_what_cant_be_in_it_is_left_out_by_a_person_alone(extra: Any, why: str) -> None:
    refused = take(machine(disk(), extra))
    assert why in refused.refusal
    assert "Leave it out" in refused.refusal
    plan = take(machine(disk(), extra), leave_out=(extra.target,))
    assert kinds(plan) == {"vda": "external", extra.target: "no"}
    assert f"{extra.target} is left out: a revert will leave it" in plan.warnings[0]


def test_a_raw_disk_is_external_only() -> None:
    assert "vdb is raw" in take(machine(disk(), RAW), kind=SnapshotKind.INTERNAL).refusal
    plan = take(machine(disk(), RAW))
    assert kinds(plan) == {"vda": "external", "vdb": "external"}


def test_a_block_device_gets_its_overlay_beside_another_file() -> None:
    block = disk("vdb", source_type="block", source="/dev/vg/data", format="raw")
    plan = take(machine(disk(), block))
    assert plan.fate_of(path("web.one.vdb.qcow2")) is Fate.CREATED
    alone = take(machine(block))
    assert "no other disk shows a folder" in alone.refusal


@pytest.mark.parametrize(
    ("domain", "spec", "why"),
    [
        (machine(), {"memory": Wanted.YES}, "no memory to keep"),
        (machine(state=RUNNING, host_devices=("usb",)), {"memory": Wanted.YES}, "(usb)"),
        (machine(), {"quiesce": True}, "no file systems to quiesce"),
        (machine(state=RUNNING), {"quiesce": True}, "needs the guest agent"),
        (machine(state=RUNNING, agent=AgentState.CONNECTED),
         {"quiesce": True, "memory": Wanted.YES}, "exclude each other"),
        (machine(), {"disks": ("vdz",)}, "no disk vdz"),
        (machine(), {"leave_out": ("vda",)}, "No disk would be in it"),
        (machine(disk("sda", device="cdrom")), {}, "No disk would be in it"),
        (machine(state=RUNNING), {"kind": SnapshotKind.EXTERNAL, "memory_path": "here"},
         "its full path"),
        (machine(state=RUNNING),
         {"kind": SnapshotKind.EXTERNAL, "memory_path": path("web.qcow2")}, "is taken"),
    ],
)  # fmt: skip
def test_what_cant_be_had_is_refused(domain: Domain, spec: dict[str, Any], why: str) -> None:
    assert why in take(domain, **spec).refusal


def test_an_internal_one_grows_the_first_disk_by_the_memory() -> None:
    plan = take(machine(*TWO, state=RUNNING))
    first, second = plan.files
    assert (first.path, first.fate) == (path("web.qcow2"), Fate.GROWS)
    assert first.becomes_bytes == (first.size_bytes or 0) + 2 * GIB
    assert second.becomes_bytes == second.size_bytes
    assert plan.machine == "pauses while its memory is written (up to 2 GiB)"


def test_an_external_one_names_each_file_that_it_makes() -> None:
    plan = take(machine(*TWO, state=RUNNING), kind=SnapshotKind.EXTERNAL, name="before: üpdate")
    assert [(file.path, file.fate) for file in plan.files] == [
        (path("web.qcow2"), Fate.FROZEN),
        (path("web.before___pdate.vda.qcow2"), Fate.CREATED),
        (path("data.qcow2"), Fate.FROZEN),
        (path("web.before___pdate.vdb.qcow2"), Fate.CREATED),
        (path("web.before___pdate.memory"), Fate.CREATED),
    ]
    assert plan.files[1].backing_after == path("web.qcow2")
    assert (plan.memory, plan.memory_path) == ("external", path("web.before___pdate.memory"))
    assert [each.path for each in plan.disks] == [plan.files[1].path, plan.files[3].path]


def test_a_new_file_never_takes_a_path_that_is_known() -> None:
    storage = stored(machine(), image("web.qcow2"), image("web.one.qcow2"))
    plan = take(storage, kind=SnapshotKind.EXTERNAL)
    assert plan.disks[0].path == path("web.one-2.qcow2")


def test_without_memory_it_says_what_is_missing() -> None:
    plan = take(machine(state=RUNNING), memory=Wanted.NO)
    assert plan.machine == "keeps running"
    assert "as after a power cut" in plan.warnings[0]
    assert take(machine()).warnings == ()


def test_snapshots_that_will_lie_under_an_overlay_are_named() -> None:
    domain = machine()
    storage = stored(domain, image("web.qcow2", internal=("old",)))
    plan = take(storage, kind=SnapshotKind.EXTERNAL)
    assert "old lies inside a file that others will be built on" in plan.warnings[0]
    known = MachineStorage(domain, snapshots=(snapshot("old", domain, internal()),))
    assert "old lies inside" in take(known, kind=SnapshotKind.EXTERNAL).warnings[0]


def test_uefi_variables_and_transience_are_told() -> None:
    told = " ".join(take(machine(persistent=False, **UEFI)).warnings)
    assert "UEFI variables aren't part" in told
    assert "transient" in told


def test_another_hypervisor_decides_by_itself() -> None:
    esx = machine(hypervisor_type="vmware", state=RUNNING)
    plan = take(esx)
    assert (plan.by_driver, plan.files, plan.copies_bytes) == (True, (), None)
    for spec in ({"leave_out": ("vda",)}, {"quiesce": True}, {"kind": SnapshotKind.EXTERNAL}):
        assert take(esx, **spec).refusal


@pytest.mark.parametrize(
    ("pattern", "taken", "name"),
    [
        ("", (), "snapshot-1"),
        ("  ", ("snapshot-1", "snapshot-3"), "snapshot-2"),
        ("nightly-{date}", (), "nightly-2026-04-09"),
        ("{date}_{time}", (), "2026-04-09_14-05-07"),
        ("a {n} {n}", ("a 1 1",), "a 2 2"),
        ("plain", ("plain",), "plain"),
        ("{other}", (), "{other}"),
    ],
)
def test_a_pattern_stands_for_a_name(pattern: str, taken: tuple[str, ...], name: str) -> None:
    assert name_from(pattern, taken, NOW) == name


@pytest.mark.parametrize(
    ("name", "inside", "why"),
    [
        ("fine", True, ""),
        ("also fine: <ä> 'x' \"y\" &", True, ""),
        (" ", False, "needs a name"),
        ("old", False, "old already"),
        ("a/b", False, "no slash"),
        (".hidden", False, "no dot"),
        ("two\nlines", False, "one line"),
        ("ä" * 126, False, "250 bytes"),
        ("7", True, "digits alone"),
        ("7", False, ""),
    ],
)
def test_a_name_that_libvirt_cant_keep_is_refused(name: str, inside: bool, why: str) -> None:
    reason = name_refusal(name, ("old",), inside=inside)
    assert why in reason
    assert bool(reason) == bool(why)


def test_memory_goes_only_where_it_is_known_that_nothing_is_written_over() -> None:
    running = machine(state=RUNNING)
    spec: dict[str, Any] = {"kind": SnapshotKind.EXTERNAL}
    refused = take(running, memory_path="/etc/passwd", **spec).refusal
    assert "Nobody knows whether /etc/passwd is there already" in refused
    # Not by another way of writing it, either.
    taken = take(running, memory_path="/elsewhere/..//images/./web.qcow2", **spec).refusal
    assert "/images/web.qcow2 is taken" in taken
    # The disk lies in no pool: the memory goes to where there is one, or nowhere.
    elsewhere = take(stored(running, folders=("/pool",)), **spec)
    assert (elsewhere.refusal, elsewhere.memory_path) == ("", "/pool/web.one.memory")
    assert "Nobody knows" in take(stored(running, folders=()), **spec).refusal
    assert take(stored(running, folders=()), memory=Wanted.NO, **spec).refusal == ""
