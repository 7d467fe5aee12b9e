"""A machine's disks before a migration: shared, to be copied, or impossible.

| copied | storage                       | verdict                                                 |
|--------|-------------------------------|---------------------------------------------------------|
| no     | shared, or over the network   | pass; fail if QEMU before 4.0 caches writes             |
| no     | read-only, and there          | pass                                                    |
| no     | only here                     | fail: copy it                                           |
| yes    | shared                        | fail: it would be copied onto itself                    |
| yes    | file there                    | warn: it is overwritten (incremental: needs that)       |
| yes    | no file there, but its pool   | pass, if there is room; fail for incremental            |
| yes    | no file and no pool there     | fail: libvirt can't create it                           |
| yes    | block device                  | warn if there is one of that name, else fail            |
| yes    | folder, NVMe, vhost-user      | fail: QEMU can't copy it                                |

(qemuMigrationAnyCopyDisk, qemuMigrationDstPrecreateStorage, qemuMigrationSrcIsSafe in libvirt's
``src/qemu/qemu_migration.c``.)
"""

from collections.abc import Iterator

from vmgui.insight.amounts import round_size
from vmgui.insight.migration_facts import DiskFacts, MigrationFacts
from vmgui.insight.migration_findings import About, Check, Fix, Question
from vmgui.inventory.migration import CopyStorage, MigrationSpec

_UNCOPIED = ("dir", "nvme", "vhostuser", "vhostvdpa")
_EMPTIES_CACHE = (4, 0)


def is_copied(disk: DiskFacts, spec: MigrationSpec) -> bool:
    """Tell whether a disk is copied: by name, or by libvirt's own choice where none is named."""
    if spec.copy_storage is CopyStorage.NONE or not disk.source:
        return False
    if spec.copy_disks:
        return disk.target in spec.copy_disks
    return not disk.read_only and not disk.shareable


def to_copy(facts: MigrationFacts) -> tuple[str, ...]:
    """Return the targets of the disks that have to be copied since only the source has them."""
    return tuple(
        disk.target
        for disk in facts.disks
        if disk.source and not disk.read_only and _is_disk(disk) and _shared(disk) is False
    )


def disk_checks(facts: MigrationFacts) -> Iterator[Check]:
    """Return a check for each disk that isn't removable."""
    for disk in facts.disks:
        if not _is_disk(disk) or not disk.source:
            continue
        about = About(f"disk:{disk.target}", Question.CAN_GO, f"Disk {disk.target}")
        if disk.transient and facts.spec.live:
            yield about.failed("It is transient: its changes are in a file that QEMU doesn't move.")
        elif is_copied(disk, facts.spec):
            yield _copied(about, disk, facts)
        elif facts.spec.live:
            yield _left(about, disk, facts)
        else:
            yield _left_off(about, disk, facts)


def _is_disk(disk: DiskFacts) -> bool:
    return disk.device in ("disk", "lun")


def _shared(disk: DiskFacts) -> bool | None:
    return True if disk.source_type == "network" else disk.shared


def _name(facts: MigrationFacts) -> str:
    return facts.destination.host.name if facts.destination else facts.spec.destination


def _left(about: About, disk: DiskFacts, facts: MigrationFacts) -> Check:
    """Return the check of a disk that isn't copied while the machine runs."""
    shared, here = _shared(disk), facts.source.host.name
    if shared and disk.source_type == "network":
        return about.passed(f"{disk.source} is reached over the network from both")
    if shared:
        return _cached(about, disk, facts)
    if disk.read_only and disk.there:
        return about.passed(f"{disk.source} is read-only, and on both")
    if shared is None and disk.there is not False:
        return about.unknown("whether both hosts have the same storage")
    if disk.read_only:
        return about.failed(
            f"{disk.source} is only on {here}.",
            Fix(f"Copy it to the same path on {_name(facts)}: libvirt copies no read-only disk."),
        )
    return about.failed(f"{disk.source} is only on {here}.", _copy_fix(facts))


def _copy_fix(facts: MigrationFacts) -> Fix:
    disks = to_copy(facts)
    changes: tuple[tuple[str, object], ...] = (("copy_disks", disks),)
    if facts.spec.copy_storage is CopyStorage.NONE:
        changes = (("copy_storage", CopyStorage.FULL), *changes)
    return Fix(f"Copy {', '.join(disks) or 'it'}", spec_changes=changes)


def _cached(about: About, disk: DiskFacts, facts: MigrationFacts) -> Check:
    if disk.cache in ("none", "directsync") or disk.shareable or disk.read_only:
        cache = f", cache={disk.cache}" if disk.cache else ""
        return about.passed(f"{disk.source} is the same on both{cache}")
    version = tuple(
        int(part) for part in facts.source.host.hypervisor_version.split(".") if part.isdecimal()
    )
    if version and version < _EMPTIES_CACHE:
        return about.failed(
            f"{disk.source} is shared, but cache={disk.cache or 'default'}: QEMU before 4.0 may "
            "leave the destination with old data.",
            Fix("Set the disk's cache to none."),
        )
    return about.passed(f"{disk.source} is the same on both; QEMU empties its cache first")


def _left_off(about: About, disk: DiskFacts, facts: MigrationFacts) -> Check:
    """Return the check of a disk of a machine that is off: only its definition moves."""
    if _shared(disk) or (disk.there and disk.read_only):
        return about.passed(f"{disk.source} is on both")
    if disk.there is None:
        return about.unknown()
    if disk.there:
        return about.warned(f"There is a {disk.source} there, but nobody knows whether the same.")
    return about.warned(
        f"{disk.source} stays on {facts.source.host.name}: the machine can't start there before "
        "it is copied.",
        _copy_fix(facts) if facts.copies_offline else Fix("Copy it to the same path there."),
    )


def _copied(  # noqa: PLR0911  a truth table, a row each
    about: About, disk: DiskFacts, facts: MigrationFacts
) -> Check:
    spec = facts.spec
    if _shared(disk):
        others = tuple(
            each.target
            for each in facts.disks
            if each.target != disk.target and is_copied(each, spec) and not _shared(each)
        )
        rest: object = spec.copy_storage if others else CopyStorage.NONE
        fix = Fix("Leave it", spec_changes=(("copy_storage", rest), ("copy_disks", others)))
        return about.failed(
            f"{disk.source} is the same on both: copying it onto itself would destroy it.", fix
        )
    if disk.read_only:
        return about.failed("It is read-only, and libvirt copies no such disk.")
    if disk.source_type in _UNCOPIED:
        return about.failed(f"QEMU can't copy a disk of the kind {disk.source_type}.")
    if disk.there is None:
        return about.unknown(f"whether {disk.source} is on {_name(facts)} already")
    if disk.source_type == "block":
        return _copied_device(about, disk, facts)
    if spec.copy_storage is CopyStorage.INCREMENTAL:
        return _incremental(about, disk, facts)
    if disk.there:
        return about.warned(
            f"{disk.source} is on {_name(facts)} already, and would be overwritten.",
            Fix("Make sure that nobody needs it, or move it away."),
        )
    return _created(about, disk, facts)


def _copied_device(about: About, disk: DiskFacts, facts: MigrationFacts) -> Check:
    if disk.there:
        return about.warned(f"What is on {disk.source} of {_name(facts)} would be overwritten.")
    return about.failed(
        f"{disk.source} isn't on {_name(facts)}, and libvirt can't make a device.",
        Fix(f"Make a device of {_size(disk)} under that name there."),
    )


def _incremental(about: About, disk: DiskFacts, facts: MigrationFacts) -> Check:
    if not disk.there:
        return about.failed(
            f"For an incremental copy {disk.source} has to be on {_name(facts)} already.",
            Fix("Copy it whole", spec_changes=(("copy_storage", CopyStorage.FULL),)),
        )
    if disk.has_backing and disk.backing_there is None:
        return about.unknown("whether the files below it are there")
    if disk.has_backing and not disk.backing_there:
        return about.failed(
            f"The files below {disk.source} aren't all on {_name(facts)}.",
            Fix("Copy it whole", spec_changes=(("copy_storage", CopyStorage.FULL),)),
        )
    return about.warned(
        f"Only the top file is copied, {_size(disk)}, onto the {disk.source} that is there: "
        "what lies below has to be the same."
    )


def _created(about: About, disk: DiskFacts, facts: MigrationFacts) -> Check:
    name, folder = _name(facts), disk.source.rpartition("/")[0] or "its pool"
    if disk.pool_there is None:
        return about.unknown(f"whether {name} has a pool for {folder}")
    if not disk.pool_there:
        return about.failed(
            f"No active pool on {name} is for {folder}, so libvirt can't create the file.",
            Fix(f"Make and start a pool with the folder {folder} on {name}."),
        )
    room, size, capacity = disk.room_there_bytes, disk.size_bytes, disk.capacity_bytes
    if room is not None and size is not None and room < size:
        return about.failed(f"{round_size(size)} to copy, {round_size(room)} free on {name}.")
    if room is not None and capacity is not None and room < capacity:
        return about.warned(
            f"{_size(disk)} to copy; it can grow to {round_size(capacity)}, "
            f"and {round_size(room)} are free."
        )
    whole = ", with what lies below it" if disk.has_backing else ""
    return about.passed(f"{_size(disk)} are copied{whole}")


def _size(disk: DiskFacts) -> str:
    size = disk.size_bytes if disk.size_bytes is not None else disk.capacity_bytes
    return round_size(size) if size is not None else "its size"
