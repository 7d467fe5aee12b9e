"""What can be done with each disk of a source, what it costs, and which files it makes."""

from collections.abc import Iterator
from dataclasses import dataclass

from vmgui.insight.clone_freeze import freeze_refusal
from vmgui.insight.clone_plan import CloneFacts, Option, PlannedDisk, SourceDisk
from vmgui.insight.clone_source import Source, writers
from vmgui.insight.clone_spec import BaseFate, CloneKind, CloneSpec, DiskChoice
from vmgui.inventory.domain import Disk
from vmgui.inventory.images import Image, MachineStorage
from vmgui.inventory.storage import Pool

OVERLAY_BYTES = 200 * 1024
"""What an empty qcow2 file takes: its header and first tables (measured with qemu-img)."""

FILE_POOLS = frozenset({"dir", "fs", "netfs", "gluster"})
"""Pools whose volumes are files, so that they can hold qcow2."""

RAW_POOLS = frozenset({"logical", "zfs"})
"""Pools whose volumes are block devices of the host: raw, and made by libvirt."""

_NETWORKED = frozenset({"network", "nvme", "vhostuser", "vhostvdpa", "dir"})

_LABELS = {
    DiskChoice.LINKED: "Linked",
    DiskChoice.FULL: "Full copy",
    DiskChoice.SHARED: "Shared, read-only",
    DiskChoice.OUT: "Leave out",
    DiskChoice.EMPTY: "Empty",
}


@dataclass(frozen=True, slots=True)
class _Disk:
    """A disk with everything that decides about it."""

    disk: Disk
    image: Image | None
    facts: CloneFacts
    source: Source
    pool: Pool | None

    @property
    def is_medium(self) -> bool:
        return self.disk.device in {"cdrom", "floppy"}


def source_disks(
    facts: CloneFacts, source: Source, spec: CloneSpec, pool: Pool | None
) -> tuple[SourceDisk, ...]:
    """Return each disk of ``source`` with what is chosen for it and what could be."""
    return tuple(
        _source_disk(_Disk(disk, source.image(disk), facts, source, pool), spec)
        for disk in source.domain.disks
    )


def planned_disk(disk: SourceDisk, name: str, pool: Pool | None) -> PlannedDisk:
    """Return the disk that a clone called ``name`` gets; ``name`` has the target's where needed."""
    target, choice = disk.disk.target, disk.choice
    if choice is DiskChoice.SHARED:
        return PlannedDisk(target, choice, disk.path, format=disk.disk.format)
    if choice is DiskChoice.OUT or pool is None or not _makes_a_file(disk):
        return PlannedDisk(target, choice)
    kind = _new_format(disk, pool)
    volume = f"{name}.{kind}" if pool.kind in FILE_POOLS else name
    return PlannedDisk(
        target,
        choice,
        path=path_in(pool, volume),
        volume=volume,
        format=kind,
        virtual_bytes=disk.virtual_bytes,
        backing=disk.path if choice is DiskChoice.LINKED else "",
        backing_format=(disk.disk.format or "raw") if choice is DiskChoice.LINKED else "",
        source=disk.path if choice is DiskChoice.FULL else "",
    )


def path_in(pool: Pool, volume: str) -> str:
    """Return where a volume of ``pool`` lies."""
    return f"{pool.path.rstrip('/')}/{volume}" if pool.path else f"{pool.name}/{volume}"


def content_bytes(image: Image, storage: MachineStorage) -> int | None:
    """Return what a full copy takes at the most: what the file and all below it hold."""
    known = {each.path: each for each in storage.images}
    total, seen = 0, set()
    step: Image | None = image
    while step is not None and step.path not in seen:
        if step.allocation_bytes is None:
            return step.virtual_bytes
        seen.add(step.path)
        total += step.allocation_bytes
        step = known.get(step.backing) if step.backing else None
    return total if image.virtual_bytes is None else min(total, image.virtual_bytes)


def _source_disk(disk: _Disk, spec: CloneSpec) -> SourceDisk:
    options = tuple(
        Option(choice, _LABELS[choice], "", _refusal(disk, choice, spec)) for choice in DiskChoice
    )
    chosen = spec.choice_of(disk.disk.target)
    choice = chosen if chosen is not None else _default(disk, spec, options)
    image = disk.image
    virtual = image.virtual_bytes if image is not None else None
    content = content_bytes(image, disk.facts.storage) if image is not None else None
    now: int | None = 0
    worst: int | None = 0
    match choice:
        case DiskChoice.FULL:
            now, worst = content, virtual
        case DiskChoice.LINKED:
            now, worst = OVERLAY_BYTES, virtual
        case DiskChoice.EMPTY if not disk.is_medium:
            now, worst = OVERLAY_BYTES, virtual
        case _:
            pass
    return SourceDisk(
        disk.disk,
        image.path if image is not None else "",
        choice,
        options,
        virtual,
        content,
        now,
        worst,
    )


def _default(disk: _Disk, spec: CloneSpec, options: tuple[Option, ...]) -> DiskChoice:
    """Return what the kind means for this disk; a drive keeps its medium, which nobody changes."""
    possible = {option.value for option in options if not option.refusal}
    wanted = DiskChoice.LINKED if spec.kind is CloneKind.LINKED else DiskChoice.FULL
    if disk.is_medium:
        order = [DiskChoice.SHARED, DiskChoice.EMPTY]
        if disk.disk.target == disk.facts.seed:
            # It names the source to the guest.
            order.reverse()
    elif disk.disk.read_only:
        order = [DiskChoice.SHARED, wanted, DiskChoice.OUT]
    elif disk.disk.device == "lun" or not disk.disk.source:
        order = [DiskChoice.OUT]
    else:
        # What it can't have is not silently something else: the plan refuses, and says why.
        return wanted
    return next((choice for choice in order if choice in possible), DiskChoice.OUT)


def _refusal(disk: _Disk, choice: DiskChoice, spec: CloneSpec) -> str:
    return next(filter(None, _reasons(disk, choice, spec)), "")


def _reasons(disk: _Disk, choice: DiskChoice, spec: CloneSpec) -> Iterator[str]:
    """Yield why ``choice`` can't be had, the one that matters most first.

    ========  =======  ======  ====  =====
    choice    disk     medium  lun   empty
    ========  =======  ======  ====  =====
    linked    yes      no      no    no
    full      yes      no      no    no
    shared    if still yes     no    no
    out       yes      yes     yes   yes
    empty     yes      yes     no    yes
    ========  =======  ======  ====  =====
    """
    if choice is DiskChoice.OUT:
        return
    if disk.disk.device == "lun":
        yield "The guest talks to the device itself (LUN): two machines can't have it."
    if disk.is_medium:
        if choice in {DiskChoice.LINKED, DiskChoice.FULL}:
            yield "A medium isn't copied: share it, or leave the drive empty."
        if choice is DiskChoice.SHARED:
            yield from _why_no_medium(disk)
        return
    if choice is DiskChoice.EMPTY:
        if disk.image is None or disk.image.virtual_bytes is None:
            yield "Its size isn't known."
        yield _pool_refusal(disk.pool)
        return
    yield from _why_unreadable(disk)
    match choice:
        case DiskChoice.SHARED:
            yield from _why_not_shared(disk)
        case DiskChoice.LINKED:
            yield from _why_not_linked(disk, spec)
        case _:
            yield from _why_not_full(disk)


def _why_no_medium(disk: _Disk) -> Iterator[str]:
    if not disk.disk.source:
        yield "The drive is empty."
    if disk.disk.device == "floppy" and not disk.disk.read_only:
        yield "A floppy can be written: two machines can't have it."
    if disk.image is not None and disk.image.exists is False:
        yield f"{disk.image.path} is missing."


def _why_unreadable(disk: _Disk) -> Iterator[str]:
    """Yield why nobody may read what the disk holds."""
    if not disk.disk.source:
        yield "It has no file."
    if reason := disk.facts.disk_obstacles.get(disk.disk.target, ""):
        yield reason
    image = disk.image
    if disk.disk.source_type in _NETWORKED and (image is None or image.pool is None):
        yield f"It is on {disk.disk.source_type} storage that no active pool of the host holds."
    elif image is None:
        yield "What is behind it isn't known."
    elif image.exists is False:
        yield f"{image.path} is missing."
    elif others := writers(image, disk.facts.storage.domain):
        yield f"{others[0]} writes to it too: what is read of it may be torn."
    elif disk.source.snapshot is not None and not _was_frozen(disk):
        yield (
            f"{disk.source.snapshot.name} didn't freeze it: the machine wrote to it afterwards, so "
            "it isn't what it was then."
        )
    elif disk.source.snapshot is not None and _is_live(disk, image):
        yield (
            f"The machine may write to its file of {disk.source.snapshot.name} now, so it isn't "
            "what it was then."
        )


def _was_frozen(disk: _Disk) -> bool:
    """Tell whether a snapshot keeps what a disk held then; one that it left out went on."""
    snapshot = disk.source.snapshot
    assert snapshot is not None
    return disk.disk.read_only or any(
        each.target == disk.disk.target and each.kind == "external" for each in snapshot.disks
    )


def _is_live(disk: _Disk, image: Image) -> bool:
    """Tell whether the source itself has this file as a disk now, so that it may change."""
    storage = disk.facts.storage
    own = [*storage.domain.disks, *(storage.next_start.disks if storage.next_start else ())]
    paths = {each.source for each in own if not each.read_only}
    return image.path in paths or bool(writers(image))


def _why_not_shared(disk: _Disk) -> Iterator[str]:
    image = disk.image
    if disk.disk.bus in {"ide", "sata"}:
        yield f"QEMU has no read-only disks on {disk.disk.bus.upper()}."
    frozen = disk.facts.storage.domain.is_template or disk.disk.read_only
    if image is not None and not frozen and _is_live(disk, image):
        yield (
            f"{disk.facts.storage.domain.name} writes to it: only a disk that nobody changes can "
            "be shared. Make the machine a template first."
        )


def _why_not_linked(disk: _Disk, spec: CloneSpec) -> Iterator[str]:
    pool = disk.pool
    yield _pool_refusal(pool)
    if pool is not None and pool.kind not in FILE_POOLS:
        yield f"{pool.name} is a {pool.kind} pool: an overlay is a qcow2 file, which it can't hold."
    if disk.disk.shareable:
        yield "It is meant to be shared by machines that write to it, so it never stands still."
    if not disk.disk.format:
        yield "Its format isn't known; a guessed one would let a guest read other files."
    if spec.base is BaseFate.OVERLAY and needs_base(disk.facts, disk.source):
        yield freeze_refusal(disk.facts, (disk.disk.target,))


def _why_not_full(disk: _Disk) -> Iterator[str]:
    yield _pool_refusal(disk.pool)
    if disk.image is not None and disk.image.pool is None:
        yield (
            f"{disk.image.path} is in no active pool of the host, and libvirt copies only volumes: "
            "make a pool of its folder."
        )


def _pool_refusal(pool: Pool | None) -> str:
    if pool is None:
        return "There is no active pool that could hold its file."
    return pool_refusal(pool)


def pool_refusal(pool: Pool) -> str:
    """Tell in a sentence why a pool can't take new disks; "" where it can."""
    if not pool.active:
        return f"{pool.name} is not active."
    if pool.kind not in FILE_POOLS | RAW_POOLS:
        return f"{pool.name} is a {pool.kind} pool: libvirt makes no volumes in it."
    return ""


def needs_base(facts: CloneFacts, source: Source) -> bool:
    """Tell whether linked clones need something done that keeps the source's files as they are."""
    return source.snapshot is None and not facts.storage.domain.is_template


def _makes_a_file(disk: SourceDisk) -> bool:
    return disk.choice in {DiskChoice.LINKED, DiskChoice.FULL} or (
        disk.choice is DiskChoice.EMPTY and disk.disk.device == "disk"
    )


def _new_format(disk: SourceDisk, pool: Pool) -> str:
    if pool.kind not in FILE_POOLS:
        return "raw"
    return (disk.disk.format or "raw") if disk.choice is DiskChoice.FULL else "qcow2"
