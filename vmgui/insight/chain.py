"""The files behind a machine's disks as a picture shows them: boxes, what leads where."""

from dataclasses import dataclass
from enum import StrEnum

from vmgui.insight.file_plan import Fate
from vmgui.inventory.images import MachineStorage, Use
from vmgui.inventory.snapshot import Snapshot

MEMORY = "memory"
"""Stands among the disks for the files with the memory of snapshots."""


class Role(StrEnum):
    """What a file is to the machine as it is now."""

    ACTIVE = "active, takes the writes"
    OVERLAY = "overlays, read-only"
    BASE = "base, read-only"
    ASIDE = "aside"  # needed by a snapshot or by another machine alone
    STRAY = "stray"  # nobody needs it


@dataclass(frozen=True, slots=True)
class Box:
    """A file in its place.

    ``figure`` says how large it is, ``story`` what it holds, in words. ``marks`` are the
    snapshots that it was made for or that lie in it (``inside`` the latter), ``state_of`` those
    whose state it is. ``others`` are the names of other machines that read it. ``ratio`` is the
    share of its size that is allocated. ``fate`` is what the plan makes of it.
    """

    path: str
    name: str
    role: Role
    column: int
    row: int
    parent: str = ""
    figure: str = ""
    story: str = ""
    missing: bool = False
    inside: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    state_of: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    ratio: float | None = None
    fate: Fate | None = None

    @property
    def snapshot(self) -> str:
        """Return the snapshot that the file stands for first, "" for none."""
        own = sorted(self.marks - set(self.inside))
        return next(iter((*own, *reversed(self.state_of), *self.inside)), "")


@dataclass(frozen=True, slots=True)
class Arc:
    """Something that a plan does between two files: ``text`` names it."""

    start: str
    end: str
    text: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The layout of one disk. ``merges`` copy data, ``rewired`` read from another file after."""

    target: str
    boxes: tuple[Box, ...]
    merges: tuple[Arc, ...] = ()
    rewired: tuple[Arc, ...] = ()

    def box(self, path: str) -> Box | None:
        """Return the box of a file."""
        return next((box for box in self.boxes if box.path == path), None)


def targets(storage: MachineStorage) -> tuple[str, ...]:
    """Return the disks that have files worth a picture, and `MEMORY` where some is kept."""
    found = {disk.target for disk in storage.domain.disks if disk.device in ("disk", "lun")}
    for snapshot in storage.snapshots:
        found.update(disk.target for disk in snapshot.disks if disk.path)
    memory = [MEMORY] if memory_paths(storage) else []
    return (*sorted(found), *memory)


def overlay_of(snapshot: Snapshot, target: str) -> str:
    """Return the path of the file that took the writes after a snapshot, "" for none."""
    return next((disk.path for disk in snapshot.disks if disk.target == target), "")


def state_of(snapshot: Snapshot, target: str) -> str:
    """Return the path of the file that a disk was when a snapshot was taken, "" if not known."""
    disks = snapshot.then.disks if snapshot.then is not None else ()
    return next((disk.source for disk in disks if disk.target == target), "")


def memory_paths(storage: MachineStorage) -> list[str]:
    """Return the files with the memory of the machine's snapshots, also of those that are gone."""
    named = [snapshot.memory_path for snapshot in storage.snapshots if snapshot.memory_path]
    key = storage.domain.key
    told = [
        image.path
        for image in storage.images
        for user in image.users
        if user.use is Use.MEMORY and user.domain == key
    ]
    return list(dict.fromkeys((*named, *told)))
