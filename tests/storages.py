"""Machines with disks, chains and snapshots as records, for tests of plans."""

from dataclasses import replace
from typing import Any

from vmgui.inventory.domain import Disk, Domain, DomainState
from vmgui.inventory.images import Image, ImageUser, MachineStorage, Use
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key

URI = "qemu:///system"
FOLDER = "/images"
POOL = Key(URI, "pool", "11111111-1111-4111-8111-111111111111")
MIB = 1 << 20
GIB = 1 << 30


def key(name: str = "web") -> Key:
    return domain_key(URI, f"uuid-of-{name}")


def path(name: str) -> str:
    return f"{FOLDER}/{name}"


def disk(target: str = "vda", file: str = "web.qcow2", **more: Any) -> Disk:
    values: dict[str, Any] = {"bus": "virtio", "source": path(file), "format": "qcow2", **more}
    return Disk(target, **values)


def machine(*disks: Disk, state: DomainState = DomainState.OFF, **more: Any) -> Domain:
    values: dict[str, Any] = {
        "run_id": 1 if state.is_active else None,
        "hypervisor_type": "kvm",
        "memory_bytes": 2 * GIB,
        "read_fully": True,
        "disks": disks or (disk(),),
        "has_managed_save": state is DomainState.SAVED,
        **more,
    }
    return Domain(key(), "web", state, **values)


def image(file: str, below: str = "", *, mib: int = 100, **more: Any) -> Image:
    values: dict[str, Any] = {
        "format": "qcow2",
        "virtual_bytes": 10 * GIB,
        "allocation_bytes": mib * MIB,
        "backing": path(below) if below else "",
        "pool": POOL,
        "exists": True,
        **more,
    }
    return Image(path(file), **values)


def user(name: str, use: Use = Use.DISK, **more: Any) -> ImageUser:
    return ImageUser(key(name), name, use, **{"target": "vda", **more})


def snapshot(name: str, then: Domain | None, *disks: SnapshotDisk, **more: Any) -> Snapshot:
    values: dict[str, Any] = {
        "state": "shutoff",
        "disks": disks,
        "then": then,
        "external": any(each.kind == "external" for each in disks),
        **more,
    }
    return Snapshot(snapshot_key(key(), name), key(), name, **values)


def external(target: str, file: str) -> SnapshotDisk:
    return SnapshotDisk(target, "external", path(file), "qcow2")


def internal(target: str = "vda") -> SnapshotDisk:
    return SnapshotDisk(target, "internal")


def stored(domain: Domain, *images: Image, **more: Any) -> MachineStorage:
    known = {"folders": (FOLDER,), **more}
    return MachineStorage(domain, images=images or (image("web.qcow2"),), **known)


def chain(*names: str, state: DomainState = DomainState.OFF, **more: Any) -> MachineStorage:
    """Return a machine whose disk has an external snapshot for each name, the oldest first.

    The first snapshot's state is ``web.qcow2``; each took its writes in ``web.NAME``. Sizes are
    100 MiB for the base, and 10, 20, … for what came after.
    """
    files = ["web.qcow2", *(f"web.{name}" for name in names)]
    snapshots = [
        snapshot(
            name,
            machine(disk(file=files[number])),
            external("vda", files[number + 1]),
            parent=names[number - 1] if number else "",
            current=number == len(names) - 1,
            created_at_s=number,
        )
        for number, name in enumerate(names)
    ]
    images = [image(files[0])] + [
        image(file, files[number], mib=10 * (number + 1)) for number, file in enumerate(files[1:])
    ]
    return replace(
        stored(machine(disk(file=files[-1]), state=state), *images),
        snapshots=tuple(snapshots),
        **more,
    )


def with_images(storage: MachineStorage, *images: Image) -> MachineStorage:
    """Return ``storage`` with these images in place of those of their paths, and beside them."""
    paths = {each.path for each in images}
    kept = tuple(each for each in storage.images if each.path not in paths)
    return replace(storage, images=(*kept, *images))
