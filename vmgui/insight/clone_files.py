"""The file plan of clones: every file that is made, frozen or only read."""

from collections.abc import Iterator

from vmgui.insight.amounts import counted, size
from vmgui.insight.clone_plan import CloneFacts, PlannedMachine, SourceDisk, Space
from vmgui.insight.clone_source import Source
from vmgui.insight.clone_spec import BaseFate, CloneSpec, DiskChoice, GuestName
from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.insight.take_spec import TakePlan


def file_plan(
    facts: CloneFacts,
    source: Source,
    spec: CloneSpec,
    disks: tuple[SourceDisk, ...],
    machines: tuple[PlannedMachine, ...],
    of_source: tuple[BaseFate | None, TakePlan | None],
    space: Space,
    refusal: str,
) -> FilePlan:
    """Return what becomes of files; ``of_source`` is what happens to the source, and how."""
    base, freeze = of_source
    name = facts.storage.domain.name
    copied = [disk.now_bytes for disk in disks if disk.choice is DiskChoice.FULL]
    known = [amount for amount in copied if amount is not None]
    return FilePlan(
        title=f"Clone {name}",
        files=(
            *_source_files(facts, disks, base),
            *(freeze.files if freeze is not None else ()),
            *(file for machine in machines for file in _clone_files(machine, disks)),
        ),
        machine=_machine(name, base),
        reasons=tuple(_reasons(name, spec, disks, base, space)),
        warnings=tuple(_warnings(facts, source, spec, disks, machines, space)),
        refusal=refusal or _conflicts(machines),
        copies_bytes=spec.count * sum(known) if len(known) == len(copied) else None,
    )


def _conflicts(machines: tuple[PlannedMachine, ...]) -> str:
    found = [f"{machine.name}: {machine.conflict}" for machine in machines if machine.conflict]
    if len(found) > 1:
        return f"{len(found)} of the clones can't be made as they are named. {found[0]}, …"
    return f"{found[0]}." if found else ""


def _machine(name: str, base: BaseFate | None) -> str:
    if base is BaseFate.TEMPLATE:
        return f"{name} becomes a template: it isn't started while clones depend on it"
    if base is BaseFate.OVERLAY:
        return f"{name} goes on with overlays; its present files stay as they are"
    return f"{name} isn't touched"


def _source_files(
    facts: CloneFacts, disks: tuple[SourceDisk, ...], base: BaseFate | None
) -> Iterator[PlannedFile]:
    name = facts.storage.domain.name
    for disk in disks:
        target = disk.disk.target
        if not disk.path or disk.choice in {DiskChoice.OUT, DiskChoice.EMPTY}:
            continue
        if disk.choice is DiskChoice.LINKED and base is BaseFate.OVERLAY:
            continue  # the snapshot's own plan has it
        frozen = disk.choice is DiskChoice.LINKED and base is not None
        yield PlannedFile(
            disk.path,
            Fate.FROZEN if frozen else Fate.KEPT,
            f"{target} of {name}",
            target,
            disk.allocation_bytes,
            disk.allocation_bytes,
        )


def _clone_files(machine: PlannedMachine, disks: tuple[SourceDisk, ...]) -> Iterator[PlannedFile]:
    for disk, source in zip(machine.disks, disks, strict=True):
        if disk.volume:
            yield PlannedFile(
                disk.path,
                Fate.CREATED,
                f"{disk.target} of {machine.name}",
                disk.target,
                source.now_bytes,
                source.worst_bytes,
                backing_after=disk.backing,
            )
    if machine.nvram:
        yield PlannedFile(machine.nvram, Fate.CREATED, f"UEFI variables of {machine.name}")
    if machine.seed_path:
        yield PlannedFile(machine.seed_path, Fate.CREATED, f"cloud-init seed of {machine.name}")


def _reasons(
    name: str,
    spec: CloneSpec,
    disks: tuple[SourceDisk, ...],
    base: BaseFate | None,
    space: Space,
) -> Iterator[str]:
    if base is BaseFate.OVERLAY:
        yield f"Linked clones read {name}'s files, so {name} must not write to them any more."
    if base is BaseFate.TEMPLATE:
        yield f"Linked clones read {name}'s files, so {name} must stay as it is."
    for disk in disks:
        if disk.choice is DiskChoice.LINKED and disk.disk.format == "raw":
            yield f"{disk.disk.target} is raw; it is read through a qcow2 overlay."
    if space.full_bytes and any(disk.choice is DiskChoice.LINKED for disk in disks):
        yield f"{counted(spec.count, 'full clone')} would take {size(space.full_bytes)} at once."


def _warnings(
    facts: CloneFacts,
    source: Source,
    spec: CloneSpec,
    disks: tuple[SourceDisk, ...],
    machines: tuple[PlannedMachine, ...],
    space: Space,
) -> Iterator[str]:
    yield from facts.left_out
    yield from facts.reminders
    if any(disk.choice is DiskChoice.LINKED for disk in disks):
        yield (
            "vmgui refuses to change the files that linked clones read; virsh and other programs "
            "aren't stopped by that, and would break every clone."
        )
    if source.snapshot is not None and source.snapshot.state not in {"", "shutoff"}:
        yield (
            f"{source.snapshot.name} was taken while the machine ran: clones start as after a "
            "power cut."
        )
    if source.domain.nvram_path and not all(machine.nvram for machine in machines):
        yield (
            "The UEFI variables are in no pool, so each clone gets new ones: boot entries and "
            "keys of its own are not carried over."
        )
    for disk in disks:
        image = source.image(disk.disk)
        if disk.choice is DiskChoice.FULL and image is not None and image.internal:
            yield f"The internal snapshots in {disk.path} aren't copied."
    if spec.guest is GuestName.NONE:
        yield "The guests aren't told that they are others: each says that it is the source."
    elif spec.guest in {GuestName.KERNEL, GuestName.CLOUD_INIT}:
        yield "The machine id inside the guest stays the source's."
    if (
        space.worst_bytes is not None
        and space.free_bytes is not None
        and space.worst_bytes > space.free_bytes
    ):
        yield (
            f"If each clone fills its disks they need {size(space.worst_bytes)}; "
            f"{space.pool_name} has {size(space.free_bytes)} free."
        )
