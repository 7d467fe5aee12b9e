from dataclasses import replace

import pytest

from vmgui.insight.snapshot_sizes import (
    NOW,
    SnapshotSize,
    SpaceHeld,
    snapshot_sizes,
    space_over_time,
)
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.images import Image, ImageUser, MachineStorage, Use
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key

WEB, DB = domain_key("h", "web"), domain_key("h", "db")


def user(use: Use, snapshot: str = "", domain: Key = WEB) -> ImageUser:
    return ImageUser(domain, domain.id, use, "vda", snapshot)


def made(name: str, at_s: int, *disks: SnapshotDisk, memory: str | None = None) -> Snapshot:
    return Snapshot(
        snapshot_key(WEB, name),
        WEB,
        name,
        created_at_s=at_s,
        has_memory=memory is not None,
        memory_path=memory or "",
        disks=disks,
    )


def over(path: str, target: str = "vda") -> SnapshotDisk:
    return SnapshotDisk(target, "external", path, "qcow2")


SHARED = Image("/base", allocation_bytes=1000, users=(user(Use.DISK, domain=DB),))
FILES = (
    SHARED,
    Image("/f", backing="/base", allocation_bytes=100, users=(user(Use.STATE, "one"),)),
    Image(
        "/o1", backing="/f", allocation_bytes=30,
        users=(user(Use.OVERLAY, "one"), user(Use.STATE, "two")),
    ),
    Image(
        "/o2", backing="/o1", allocation_bytes=7,
        users=(user(Use.OVERLAY, "two"), user(Use.DISK)),
    ),
    Image("/m2", allocation_bytes=64, users=(user(Use.MEMORY, "two"),)),
    Image("/cd", allocation_bytes=500, users=(user(Use.MEDIUM),)),
)  # fmt: skip
STORAGE = MachineStorage(
    Domain(WEB, "web", DomainState.RUNNING),
    snapshots=(
        made("one", 10, over("/o1"), SnapshotDisk("vdb", "no")),
        made("two", 20, over("/o2"), memory="/m2"),
    ),
    images=FILES,
)


def test_a_snapshot_outside_takes_its_new_file_and_its_memory() -> None:
    sizes = snapshot_sizes(STORAGE)
    assert sizes == {
        "one": SnapshotSize((("vda", 30),), 0),
        "two": SnapshotSize((("vda", 7),), 64),
    }
    assert (sizes["one"].total_bytes, sizes["two"].total_bytes) == (30, 71)


def test_space_over_time() -> None:
    # The base is another machine's too, and a disc isn't held because of snapshots.
    assert space_over_time(STORAGE, 30.0) == (
        SpaceHeld("one", 10.0, 100, 0),
        SpaceHeld("two", 20.0, 130, 64),
        SpaceHeld(NOW, 30.0, 137, 64),
    )


def test_what_was_noted_then_is_taken_for_what_was_held() -> None:
    one, two, now = space_over_time(STORAGE, 30.0, {"one": 90, "other": 1})
    assert (one.disk_bytes, two.disk_bytes, now.disk_bytes) == (90, 130, 137)


def inside(internal_bytes: int, internal: str = "in") -> MachineStorage:
    disk = Image(
        "/f",
        allocation_bytes=100,
        internal=("other", internal),
        internal_bytes=(5, internal_bytes),
        users=(user(Use.STATE, "in"), user(Use.DISK)),
    )
    second = replace(disk, path="/g", internal_bytes=(0, 0), allocation_bytes=10)
    snapshot = made("in", 10, SnapshotDisk("vda", "internal"), SnapshotDisk("vdb", "internal"))
    return replace(
        STORAGE, snapshots=(replace(snapshot, has_memory=True),), images=(disk, second, SHARED)
    )


def test_memory_inside_a_disk_is_what_the_header_says() -> None:
    storage = inside(40)
    size = snapshot_sizes(storage)["in"]
    assert size == SnapshotSize((("vda", None), ("vdb", None)), 40)
    assert (size.total_bytes, size.known_bytes) == (None, 40)
    # It lies in the disk's file: together they are no more than that.
    assert space_over_time(storage, 20.0) == (
        SpaceHeld("in", 10.0, 70, 40),
        SpaceHeld(NOW, 20.0, 70, 40),
    )


@pytest.mark.parametrize("storage", [inside(0), inside(40, "unheard")])
def test_memory_inside_a_disk_isnt_known_without_a_header(storage: MachineStorage) -> None:
    assert snapshot_sizes(storage)["in"].memory_bytes is None
    assert space_over_time(storage, 20.0)[-1] == SpaceHeld(NOW, 20.0, 110, 0)


def test_a_file_of_unknown_size_makes_it_the_least() -> None:
    unknown = tuple(
        replace(image, allocation_bytes=None) if image.path == "/o1" else image for image in FILES
    )
    storage = replace(STORAGE, images=unknown)
    assert snapshot_sizes(storage)["one"].total_bytes is None
    assert [each.is_least for each in space_over_time(storage, 30.0)] == [False, True, True]
    assert not space_over_time(storage, 30.0, {NOW: 5})[-1].is_least


def test_without_memory_file_the_memory_isnt_known() -> None:
    storage = replace(STORAGE, images=FILES[:4])
    assert snapshot_sizes(storage)["two"].memory_bytes is None
    assert [each.is_least for each in space_over_time(storage, 30.0)] == [False, True, True]


def test_a_file_that_is_gone_takes_nothing() -> None:
    gone = tuple(
        replace(image, allocation_bytes=None, exists=False) if image.path == "/f" else image
        for image in FILES
    )
    assert space_over_time(replace(STORAGE, images=gone), 30.0)[-1] == SpaceHeld(NOW, 30.0, 37, 64)


def test_without_snapshots_there_is_only_now() -> None:
    alone = replace(STORAGE, snapshots=(), images=FILES[:2])
    assert space_over_time(alone, 30.0) == (SpaceHeld(NOW, 30.0, 100, 0),)
    assert snapshot_sizes(alone) == {}
