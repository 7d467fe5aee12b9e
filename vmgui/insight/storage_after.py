"""What a machine's storage would look like after a step, so that plans of several steps add up.

Pure: a record in, a record out. It follows what libvirt 9.0 does; the tests on the lab compare it
with what is read afterwards.
"""

from collections.abc import Iterable
from dataclasses import replace

from vmgui.insight.machine_files import MachineFiles
from vmgui.insight.take_spec import TakePlan
from vmgui.inventory.domain import Domain
from vmgui.inventory.images import Image, MachineStorage
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key


def after_take(storage: MachineStorage, plan: TakePlan) -> MachineStorage:
    """Return the storage as it would be once ``plan`` was carried out."""
    key = storage.domain.key
    taken = Snapshot(
        key=snapshot_key(key, plan.name),
        domain=key,
        name=plan.name,
        parent=next((each.name for each in storage.snapshots if each.current), ""),
        state=storage.domain.state.value,
        description=plan.description,
        has_memory=plan.memory != "no",
        external=plan.is_external,
        current=True,
        memory_path=plan.memory_path,
        disks=tuple(SnapshotDisk(d.target, d.kind, d.path, d.format) for d in plan.disks),
        then=storage.domain,
    )
    images = list(storage.images)
    overlays = {disk.frozen: disk for disk in plan.disks if disk.kind == "external"}
    pools = {image.path: image.pool for image in storage.images}
    virtual = {image.path: image.virtual_bytes for image in storage.images}
    images += [
        Image(
            disk.path,
            disk.format,
            virtual.get(disk.frozen),
            0,
            backing=disk.frozen,
            pool=pools.get(disk.frozen),
            exists=True,
        )
        for disk in overlays.values()
    ]
    moved = {path: disk.path for path, disk in overlays.items()}
    return replace(
        storage,
        domain=_pointed(storage.domain, moved),
        next_start=_pointed(storage.next_start, moved) if storage.next_start else None,
        snapshots=(*(replace(each, current=False) for each in storage.snapshots), taken),
        images=tuple(images),
    )


def without(
    storage: MachineStorage,
    snapshot: Snapshot,
    *,
    merged: Iterable[tuple[str, str]] = (),
    removed: Iterable[str] = (),
) -> MachineStorage:
    """Return the storage without a snapshot; its children become those of its parent.

    ``merged`` are pairs of a file and the file below that took its data; whoever used the first
    uses the second. ``removed`` are files that go beside.
    """
    into = dict(merged)
    gone = {*into, *removed}
    files = MachineFiles(storage)
    snapshots: list[Snapshot] = []
    for each in storage.snapshots:
        if each.name != snapshot.name:
            orphan = each.parent == snapshot.name
            heir = snapshot.current and each.name == snapshot.parent
            snapshots.append(
                replace(
                    each,
                    parent=snapshot.parent if orphan else each.parent,
                    current=each.current or heir,
                    then=_pointed(each.then, into) if each.then is not None else None,
                )
            )
    taken = {below: files.image(above) for above, below in into.items()}
    images = [
        replace(
            image,
            allocation_bytes=(
                _sum(image, taken[image.path]) if image.path in taken else image.allocation_bytes
            ),
            backing=into.get(image.backing, image.backing),
            internal=tuple(name for name in image.internal if name != snapshot.name),
        )
        for image in storage.images
        if image.path not in gone
    ]
    return replace(
        storage,
        domain=_pointed(storage.domain, into),
        next_start=_pointed(storage.next_start, into) if storage.next_start else None,
        snapshots=tuple(snapshots),
        images=tuple(images),
    )


def _sum(image: Image, other: Image | None) -> int | None:
    if image.allocation_bytes is None or other is None or other.allocation_bytes is None:
        return None
    return image.allocation_bytes + other.allocation_bytes


def _pointed(domain: Domain, moved: dict[str, str]) -> Domain:
    return replace(
        domain,
        disks=tuple(
            replace(disk, source=moved[disk.source]) if disk.source in moved else disk
            for disk in domain.disks
        ),
    )
