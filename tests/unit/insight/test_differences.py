"""Settings then and now, and what going back doesn't bring back."""

from dataclasses import replace

import pytest

from vmgui.insight.differences import Difference, caution, differences
from vmgui.inventory.domain import Disk, Domain, DomainState, Interface
from vmgui.inventory.key import domain_key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key

GIB = 2**30
KEY = domain_key("test:///x", "uuid")
NOW = Domain(
    KEY,
    "db-01",
    DomainState.RUNNING,
    read_fully=True,
    vcpus=8,
    vcpus_max=8,
    memory_bytes=32 * GIB,
    memory_max_bytes=32 * GIB,
    machine="q35",
    disks=(Disk("vda", bus="virtio", source="/db.upgraded"), Disk("sda", "cdrom", "sata")),
    interfaces=(Interface("52:54:00:00:00:01", source="default", model="virtio"),),
)
TAKEN = Snapshot(snapshot_key(KEY, "s"), KEY, "s", external=True, then=NOW)


def test_what_is_the_same_is_not_told() -> None:
    then = replace(NOW, disks=(Disk("vda", bus="virtio", source="/db.qcow2"), NOW.disks[1]))
    assert differences(replace(TAKEN, then=then), NOW) == ()


def test_each_setting_that_was_another_is_told() -> None:
    then = replace(
        NOW,
        vcpus=6,
        vcpus_max=12,
        memory_bytes=24 * GIB,
        memory_max_bytes=24 * GIB,
        firmware="UEFI",
        disks=(
            Disk("vdb", bus="scsi", read_only=True),
            replace(NOW.disks[1], source="/iso/debian.iso"),
        ),
        interfaces=(),
    )
    assert differences(replace(TAKEN, then=then), NOW) == (
        Difference("Memory", "24 GiB", "32 GiB"),
        Difference("vCPU", "6", "8"),
        Difference("vCPU at most", "12", "8"),
        Difference("Firmware", "UEFI", "BIOS"),
        Difference("Disk vdb", "disk scsi read-only", "–"),
        Difference("Disk sda", "cdrom sata debian.iso", "cdrom sata empty"),
        Difference("Disk vda", "–", "disk virtio"),
        Difference("Network 52:54:00:00:00:01", "–", "network default virtio"),
    )


@pytest.mark.parametrize("then", [None, NOW])
def test_nothing_is_told_where_one_side_is_not_known(then: Domain | None) -> None:
    now = NOW if then is None else replace(NOW, read_fully=False, vcpus=0)
    assert differences(replace(TAKEN, then=then), now) == ()


VDA, VDB = SnapshotDisk("vda", "external"), SnapshotDisk("vdb", "no")


@pytest.mark.parametrize(
    ("state", "has_memory", "disks", "words"),
    [
        (
            "disk-snapshot",
            False,
            (VDA, VDB),
            (
                "Reverting brings vda back, but vdb stays as it is today. The machine starts from "
                "power-off."
            ),
        ),
        (
            "shutoff",
            False,
            (VDA, VDB, SnapshotDisk("vdc", "no")),
            "Reverting brings vda back, but vdb and vdc stay as they are today.",
        ),
        ("running", True, (VDA,), ""),
        ("running", False, (VDA,), "Without its memory the machine starts from power-off."),
        ("shutoff", False, (VDB,), "Reverting brings no disk back."),
        ("shutoff", False, (), ""),
    ],
)
def test_what_going_back_does_not_bring_back(
    state: str, has_memory: bool, disks: tuple[SnapshotDisk, ...], words: str
) -> None:
    taken = replace(TAKEN, state=state, has_memory=has_memory, disks=disks)
    assert caution(taken, NOW) == words


def test_a_disk_that_came_later_is_named() -> None:
    later = replace(NOW, disks=(*NOW.disks, Disk("vdz")))
    assert caution(replace(TAKEN, state="shutoff"), later) == (
        "vdz was added later and is not part of it."
    )
