"""What snapshots take on the disk, each by itself and together over time."""

from collections.abc import Mapping
from dataclasses import dataclass

from vmgui.insight.image_graph import ImageGraph
from vmgui.inventory.images import Image, MachineStorage, Use
from vmgui.inventory.snapshot import Snapshot

NOW = ""
"""The name under which the machine as it is now stands among the amounts."""


@dataclass(frozen=True, slots=True)
class SnapshotSize:
    """What a snapshot takes, in bytes.

    ``disks`` holds, for each disk that is in it, what was written since into the file that was
    made for it; None where nobody tells, as for one inside a disk, which shares the disk's file.
    ``memory_bytes`` is 0 where it has no memory, None where nobody tells.
    """

    disks: tuple[tuple[str, int | None], ...] = ()
    memory_bytes: int | None = 0

    @property
    def known_bytes(self) -> int:
        """Return the sum of what is known."""
        return sum(size or 0 for _, size in self.disks) + (self.memory_bytes or 0)

    @property
    def total_bytes(self) -> int | None:
        """Return the sum, None where a part of it isn't known."""
        parts = (*(size for _, size in self.disks), self.memory_bytes)
        return None if None in parts else self.known_bytes


@dataclass(frozen=True, slots=True)
class SpaceHeld:
    """What the machine's own files took together when a snapshot was taken, or `NOW`.

    ``memory_bytes`` is saved memory, ``disk_bytes`` everything else. ``is_least`` tells that
    the size of some file isn't known, so that it may be more.
    """

    name: str
    at_s: float
    disk_bytes: int
    memory_bytes: int
    is_least: bool = False


def snapshot_sizes(storage: MachineStorage) -> dict[str, SnapshotSize]:
    """Return what each snapshot takes, by its name."""
    images = {image.path: image for image in storage.images}
    return {
        snapshot.name: SnapshotSize(_disks(snapshot, images), _memory(storage, snapshot, images))
        for snapshot in storage.snapshots
    }


def space_over_time(
    storage: MachineStorage, now_s: float, noted: Mapping[str, int] | None = None
) -> tuple[SpaceHeld, ...]:
    """Return what was held at each snapshot, the oldest first, and at ``now_s``.

    Only files that no other machine needs count. How large a file was in the past nobody keeps:
    one that takes no writes any more was as large as now when the next snapshot was taken, and
    the ones that take writes now count for what they have today. ``noted`` are the disks' bytes
    that were noted at a snapshot, by its name: these are taken instead.
    """
    snapshots = storage.snapshots
    sizes = snapshot_sizes(storage)
    images = {image.path: image for image in storage.images}
    made_by = {
        disk.path: number
        for number, snapshot in enumerate(snapshots)
        for disk in snapshot.disks
        if disk.path
    }
    own = _own_files(storage)
    held: list[SpaceHeld] = []
    for number in range(len(snapshots) + 1):
        # The file that a snapshot made is empty then: it has grown by the next one.
        there = [images[path] for path in own if made_by.get(path, -1) < number]
        taken = snapshots[: number + 1]
        name = snapshots[number].name if number < len(snapshots) else NOW
        # What lies inside a disk's file is counted as memory, so it isn't counted as disk.
        inside = sum(
            sizes[each.name].memory_bytes or 0
            for each in taken
            if each.has_memory and not each.memory_path
        )
        disk_bytes = sum(image.allocation_bytes or 0 for image in there) - inside
        is_least = any(image.allocation_bytes is None for image in there) or any(
            sizes[each.name].memory_bytes is None and bool(each.memory_path) for each in taken
        )
        told = (noted or {}).get(name)
        held.append(
            SpaceHeld(
                name=name,
                at_s=float(snapshots[number].created_at_s) if name else now_s,
                disk_bytes=max(0, disk_bytes) if told is None else told,
                memory_bytes=sum(sizes[each.name].memory_bytes or 0 for each in taken),
                is_least=is_least and told is None,
            )
        )
    return tuple(held)


def _disks(snapshot: Snapshot, images: Mapping[str, Image]) -> tuple[tuple[str, int | None], ...]:
    sizes: list[tuple[str, int | None]] = []
    for disk in snapshot.disks:
        if disk.kind == "no":
            continue
        image = images.get(disk.path) if disk.path else None
        sizes.append((disk.target, image.allocation_bytes if image is not None else None))
    return tuple(sizes)


def _memory(storage: MachineStorage, snapshot: Snapshot, images: Mapping[str, Image]) -> int | None:
    if not snapshot.has_memory:
        return 0
    if snapshot.memory_path:
        image = images.get(snapshot.memory_path)
        return image.allocation_bytes if image is not None else None
    # QEMU keeps it in the first of the disks; their headers tell, where they were read.
    inside = sum(
        size
        for image in storage.images
        if any(
            (user.domain, user.snapshot, user.use) == (storage.domain.key, snapshot.name, Use.STATE)
            for user in image.users
        )
        for name, size in zip(image.internal, image.internal_bytes, strict=True)
        if name == snapshot.name
    )
    return inside or None


def _own_files(storage: MachineStorage) -> tuple[str, ...]:
    """Return the disks' files that this machine or its snapshots read, and nobody else."""
    graph = ImageGraph(storage.images)
    own = storage.domain.key
    found: list[str] = []
    for image in storage.images:
        users = [reader.user for reader in graph.readers(image.path)]
        uses = {user.use for user in users if not user.read_only}
        if (
            uses & {Use.DISK, Use.STATE, Use.OVERLAY}
            and all(user.domain == own for user in users)
            and image.exists is not False
        ):
            found.append(image.path)
    return tuple(found)
