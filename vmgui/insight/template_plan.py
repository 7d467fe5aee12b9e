"""Marking a machine as a template, and releasing it: which files must not change, and who reads."""

from collections.abc import Iterator

from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.insight.image_graph import ImageGraph
from vmgui.insight.machine_files import listed
from vmgui.inventory.images import MachineStorage

_ONLY_HERE = (
    "vmgui refuses to start or change a template; virsh and other programs aren't stopped by the "
    "mark, and would break every clone."
)


def mark_plan(storage: MachineStorage) -> FilePlan:
    """Return what marking would mean for the machine's files."""
    return FilePlan(
        f"Make {storage.domain.name} a template",
        files=tuple(_files(storage, Fate.FROZEN)),
        machine="isn't started or changed any more, until it is released",
        warnings=(_ONLY_HERE,),
    )


def release_plan(storage: MachineStorage, elsewhere: tuple[str, ...] = ()) -> FilePlan:
    """Return what releasing would mean; refused while something reads the machine's files.

    ``elsewhere`` are the names of its linked clones on other hosts.
    """
    title = f"Release template {storage.domain.name}"
    names = [*dependents(storage), *elsewhere]
    refusal = ""
    if names:
        shown = listed(names[:5]) if len(names) <= 5 else f"{listed(names[:4])} and others"
        refusal = f"{shown} would be broken: their disks read this machine's. Delete them first."
    elif storage.unread:
        refusal = f"Whether something reads its disks is not known: {storage.unread[0]}"
    return FilePlan(
        title,
        files=tuple(_files(storage, Fate.KEPT)),
        machine="can be started and changed again",
        refusal=refusal,
    )


def dependents(storage: MachineStorage) -> tuple[str, ...]:
    """Return the names of other machines whose disks read this machine's, and of lone files."""
    graph = ImageGraph(storage.images)
    found: dict[str, None] = {}
    for disk in storage.domain.disks:
        if disk.device != "disk" or disk.read_only or not disk.source:
            continue
        for path in graph.ways_up(disk.source):
            image = graph.get(path)
            users = image.users if image is not None else ()
            others = [user for user in users if user.domain != storage.domain.key]
            found |= dict.fromkeys(user.domain_name for user in others)
            if path != disk.source and not users:
                found[path] = None
    return tuple(found)


def _files(storage: MachineStorage, fate: Fate) -> Iterator[PlannedFile]:
    graph = ImageGraph(storage.images)
    for disk in storage.domain.disks:
        if disk.device != "disk" or not disk.source:
            continue
        for image in graph.chain(disk.source):
            yield PlannedFile(
                image.path,
                fate,
                f"{disk.target} of {storage.domain.name}",
                disk.target,
                image.allocation_bytes,
                image.allocation_bytes,
            )
