"""Bringing linked clones back to what their template is: the overlay is made anew over its base.

=====================================  ==================================================
the disk of the clone                  what becomes of it
=====================================  ==================================================
linked, in a pool                      an empty file takes its place, then it is removed
linked, its file is missing            its file is made anew
a full copy, shared, left empty        not touched, and said
=====================================  ==================================================

The new file has another name, so that it is there before anything goes; the next reset goes back
to the first name.
"""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace

from vmgui.insight.clone_disks import OVERLAY_BYTES
from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.insight.image_graph import ImageGraph, depends_on
from vmgui.insight.machine_files import listed
from vmgui.inventory.domain import Disk, Domain
from vmgui.inventory.images import Image, MachineStorage
from vmgui.inventory.key import Key
from vmgui.inventory.storage import Pool


@dataclass(frozen=True, slots=True)
class Base:
    """What a clone's metadata say that one of its disks reads from."""

    target: str
    path: str
    format: str


@dataclass(frozen=True, slots=True)
class NewOverlay:
    """An overlay that is made anew; ``old`` is the file whose place it takes, "" for none."""

    target: str
    pool: Key
    volume: str
    path: str
    virtual_bytes: int
    base: str
    base_format: str
    old: str

    @property
    def old_volume(self) -> str:
        """Return the name in the pool of the file whose place it takes."""
        return self.old.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ResetPlan(FilePlan):
    """What resetting one clone would do; ``sources`` tell whether it is still what was read."""

    name: str = ""
    uuid: str = ""
    forces_off: bool = False
    discards_saved: bool = False
    snapshots: tuple[str, ...] = ()
    overlays: tuple[NewOverlay, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()


def reset_plan(
    storage: MachineStorage,
    bases: Iterable[Base],
    pools: Iterable[Pool],
    sources: tuple[tuple[str, str], ...] = (),
    *,
    snapshots: bool,
) -> ResetPlan:
    """Return what bringing a clone back would do; ``snapshots`` agrees to lose its snapshots.

    ``sources`` are its disks' by target, as its definition spells them.
    """
    plan = _Resetting(storage, tuple(bases), tuple(pools), may_lose_snapshots=snapshots).plan()
    return replace(plan, sources=sources)


class _Resetting:
    """One plan in the making."""

    def __init__(
        self,
        storage: MachineStorage,
        bases: tuple[Base, ...],
        pools: tuple[Pool, ...],
        *,
        may_lose_snapshots: bool,
    ) -> None:
        self._storage = storage
        self._domain = storage.domain
        self._bases = {base.target: base for base in bases}
        self._pools = pools
        self._may_lose_snapshots = may_lose_snapshots
        self._graph = ImageGraph(storage.images)
        defined = storage.next_start or storage.domain
        self._disks = {disk.target: disk for disk in defined.disks}

    def plan(self) -> ResetPlan:
        domain = self._domain
        title = f"Reset {domain.name}"
        refusal = next(filter(None, self._refusals()), "")
        if refusal:
            return ResetPlan(title, refusal=refusal, name=domain.name, uuid=domain.uuid)
        overlays = tuple(self._overlays())
        active = _is_active(domain)
        removed = [self._graph.get(each.old) for each in overlays if each.old]
        sizes = [image.allocation_bytes for image in removed if image is not None]
        known = [each for each in sizes if each is not None]
        return ResetPlan(
            title,
            files=tuple(self._files(overlays)),
            machine="is forced off" if active else "stays off",
            loses=tuple(self._loses(overlays)),
            warnings=tuple(self._warnings()),
            frees_bytes=sum(known) if len(known) == len(sizes) else None,
            name=domain.name,
            uuid=domain.uuid,
            forces_off=active,
            discards_saved=domain.has_managed_save,
            snapshots=tuple(each.name for each in self._storage.snapshots),
            overlays=overlays,
        )

    def _refusals(self) -> Iterator[str]:
        domain = self._domain
        if not domain.clone_of or not self._bases:
            yield f"{domain.name} is no linked clone that vmgui made: it has nothing to go back to."
        if domain.is_template:
            yield f"{domain.name} is a template itself: release it first."
        if not domain.persistent:
            yield f"{domain.name} is transient: it is gone once it is off."
        yield self._snapshot_refusal()
        for target, base in self._bases.items():
            disk = self._disks.get(target)
            if disk is not None and disk.source:
                yield self._disk_refusal(disk, base)
        if not any(target in self._disks for target in self._bases):
            yield f"{domain.name} has none of the disks any more that it was cloned with."

    def _snapshot_refusal(self) -> str:
        snapshots = self._storage.snapshots
        if not snapshots:
            return ""
        names = listed(each.name for each in snapshots)
        if any(disk.kind == "external" for each in snapshots for disk in each.disks):
            return f"It has external snapshots, whose files build on each other: delete {names}."
        if not self._may_lose_snapshots:
            return f"Its snapshots would be lost: delete {names}, or say that they may go."
        return ""

    def _disk_refusal(self, disk: Disk, base: Base) -> str:
        image = self._graph.get(disk.source)
        below = self._graph.get(base.path)
        if below is None or below.exists is False:
            return f"What {disk.target} was made of is missing: {base.path}."
        if image is not None and image.exists is not False and image.backing != base.path:
            reads = image.backing or "nothing"
            return (
                f"{disk.target} isn't as it was made: it reads from {reads} now, and not from "
                f"{base.path}."
            )
        if self._pool_of(disk.source, image) is None:
            return f"{disk.source} is in no active pool of the host: start its pool."
        others = depends_on(self._storage, disk.source, [self._domain.key])
        if others:
            return f"{others[0].user.domain_name} reads {disk.source}: it would be broken."
        if self._storage.unread:
            return f"Whether something else reads its disk is not known: {self._storage.unread[0]}"
        return ""

    def _pool_of(self, path: str, image: Image | None) -> Pool | None:
        folder = path.rpartition("/")[0]
        for pool in self._pools:
            held = image is not None and image.pool == pool.key
            if pool.active and (held or pool.path.rstrip("/") == folder):
                return pool
        return None

    def _overlays(self) -> Iterator[NewOverlay]:
        taken = {each.path for each in self._storage.images}
        for target, base in self._bases.items():
            disk = self._disks.get(target)
            if disk is None or not disk.source:
                continue
            image = self._graph.get(disk.source)
            pool = self._pool_of(disk.source, image)
            below = self._graph.get(base.path)
            assert pool is not None
            there = image is not None and image.exists is not False
            path = another_name(disk.source, taken) if there else disk.source
            taken.add(path)
            size = image.virtual_bytes if image is not None else None
            yield NewOverlay(
                target,
                pool.key,
                path.rpartition("/")[2],
                path,
                size or (below.virtual_bytes if below is not None else None) or 0,
                base.path,
                base.format,
                disk.source if there else "",
            )

    def _files(self, overlays: tuple[NewOverlay, ...]) -> Iterator[PlannedFile]:
        name = self._domain.name
        for each in overlays:
            if each.old:
                image = self._graph.get(each.old)
                size = image.allocation_bytes if image is not None else None
                what = f"{each.target} of {name}: what it wrote"
                yield PlannedFile(each.old, Fate.REMOVED, what, each.target, size)
            yield PlannedFile(
                each.path,
                Fate.CREATED,
                f"{each.target} of {name}, as it was made",
                each.target,
                OVERLAY_BYTES,
                each.virtual_bytes,
                backing_after=each.base,
            )
            yield PlannedFile(each.base, Fate.KEPT, f"what {each.target} reads", each.target)

    def _loses(self, overlays: tuple[NewOverlay, ...]) -> Iterator[str]:
        if targets := [each.target for each in overlays if each.old]:
            yield f"All that {self._domain.name} wrote to {listed(targets)} since it was cloned."
        if _is_active(self._domain):
            yield "What runs in it now: it is forced off."
        if self._domain.has_managed_save:
            yield "Its memory that is saved to disk."
        if self._storage.snapshots:
            names = listed(each.name for each in self._storage.snapshots)
            yield f"Its snapshots: {names}."

    def _warnings(self) -> Iterator[str]:
        kept = [
            disk.target
            for disk in self._disks.values()
            if disk.device == "disk" and not disk.read_only and disk.target not in self._bases
        ]
        if kept:
            yield f"{listed(kept)} has no base to go back to, and stays as it is."
        if self._domain.nvram_path:
            yield "Its UEFI variables stay as they are."


_AGAIN = ".again"


def another_name(path: str, taken: Set[str]) -> str:
    """Return a path beside ``path`` that isn't taken: the same one at every second time."""
    folder, _, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".") if "." in name.lstrip(".") else (name, "", "")
    plain = stem.removesuffix(_AGAIN)
    candidate, number = plain, 1
    while (found := f"{folder}/{candidate}{dot}{ending}") in taken:
        candidate = f"{plain}{_AGAIN}" if number == 1 else f"{plain}{_AGAIN}-{number}"
        number += 1
    return found


def _is_active(domain: Domain) -> bool:
    return domain.state.is_active or domain.run_id is not None
