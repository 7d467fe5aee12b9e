"""Planning to delete one snapshot, whatever came after it."""

from collections.abc import Iterator

from vmgui.insight.amounts import size
from vmgui.insight.delete_steps import DeletePlan, DeleteStep, DeleteWay, OwnFile, stays, total
from vmgui.insight.file_plan import Fate, Merge, PlannedFile
from vmgui.insight.machine_files import EMULATED, MachineFiles, agreed, base_name, listed
from vmgui.insight.storage_after import without
from vmgui.inventory.domain import DomainState
from vmgui.inventory.images import Image, MachineStorage, Use
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk


class Deleting:
    """The plan of one snapshot in the making; the tables are in `vmgui.insight.snapshot_delete`."""

    def __init__(self, storage: MachineStorage, snapshot: Snapshot, *, metadata_only: bool) -> None:
        self.storage = storage
        self.files = MachineFiles(storage)
        self.snapshot = snapshot
        self.metadata_only = metadata_only
        self.title = f"Delete snapshot {snapshot.name}"
        self.planned: list[PlannedFile] = []
        self.own: list[OwnFile] = []
        self.merged: list[tuple[str, str]] = []
        self.starts = False
        self.reasons: list[str] = []
        self.warnings: list[str] = []
        self.loses = [f"The way back to {snapshot.name}."]

    def plan(self) -> tuple[DeletePlan, MachineStorage]:
        """Return the plan, and the storage as it would be afterwards."""
        way, refusal = self._way()
        if not refusal:
            refusal = self._fill(way)
        if refusal:
            return DeletePlan(self.title, refusal=refusal), self.storage
        if not self.metadata_only:
            self._memory()
        removed = [file for file in self.planned if file.fate is Fate.REMOVED]
        copied = [self.files.size(above) for above, _ in self.merged]
        plan = DeletePlan(
            self.title,
            files=tuple(self.planned),
            merges=tuple(
                Merge(above, below, self.files.size(above)) for above, below in self.merged
            ),
            machine=stays(self.storage.domain),
            reasons=tuple(self.reasons),
            loses=tuple(self.loses),
            warnings=tuple(self.warnings),
            copies_bytes=total(*copied),
            frees_bytes=(
                None
                if way in (DeleteWay.INTERNAL, DeleteWay.BY_DRIVER)
                else total(*(file.size_bytes for file in removed))
            ),
            steps=(
                DeleteStep(
                    self.snapshot.name,
                    way,
                    tuple(self.own),
                    starts=self.starts,
                    children=self._children,
                    parent=self.snapshot.parent,
                ),
            ),
        )
        after = without(
            self.storage,
            self.snapshot,
            merged=self.merged,
            removed=[file.path for file in removed],
        )
        return plan, after

    @property
    def _children(self) -> tuple[str, ...]:
        name = self.snapshot.name
        return tuple(each.name for each in self.storage.snapshots if each.parent == name)

    @property
    def _external(self) -> tuple[SnapshotDisk, ...]:
        return tuple(disk for disk in self.snapshot.disks if disk.kind == "external")

    @property
    def _internal(self) -> tuple[SnapshotDisk, ...]:
        return tuple(disk for disk in self.snapshot.disks if disk.kind == "internal")

    def _way(self) -> tuple[DeleteWay, str]:
        """Return how it is done, and why it can't be; see the table above."""
        if self.metadata_only:
            return DeleteWay.METADATA, ""
        if self.storage.domain.hypervisor_type not in EMULATED:
            return DeleteWay.BY_DRIVER, ""
        if not self._external:
            return DeleteWay.INTERNAL, self._refuse_internal()
        inside = [disk for disk in self._external if self._is_in_chain(disk)]
        way = DeleteWay.MERGE if inside else DeleteWay.BRANCH
        if self._internal:
            return way, f"{self.snapshot.name} is partly internal: libvirt can't delete that."
        if inside and len(inside) < len(self._external):
            out = listed(disk.target for disk in self._external if disk not in inside)
            return way, (
                f"The machine still reads the overlay of {listed(d.target for d in inside)}, but "
                f"not that of {out}: libvirt can't delete half a snapshot. Forget it instead "
                "(metadata only)."
            )
        return way, ""

    def _is_in_chain(self, disk: SnapshotDisk) -> bool:
        chain = self.files.chain(self.files.active(disk.target))
        path = disk.path
        state = self.files.state_of(self.snapshot, disk.target)
        return path in chain and state in chain and chain.index(state) == chain.index(path) + 1

    def _refuse_internal(self) -> str:
        for disk in self._internal:
            state = self.files.state_of(self.snapshot, disk.target)
            active = self.files.active(disk.target)
            if state and state != active:
                overlays = self.files.overlay_of(active)
                after = f" since snapshot {overlays[0].name}" if overlays else ""
                return (
                    f"It lies inside {base_name(state)}, but the machine writes to "
                    f"{base_name(active) or 'no such disk'}{after}, and libvirt looks for it only "
                    "there. Delete what came after it first, or forget it (metadata only)."
                )
        return ""

    def _fill(self, way: DeleteWay) -> str:
        match way:
            case DeleteWay.METADATA:
                self._forget()
            case DeleteWay.BY_DRIVER:
                self.reasons.append("This hypervisor keeps the snapshot by itself.")
            case DeleteWay.INTERNAL:
                self._remove_inside()
            case DeleteWay.MERGE:
                return self._merge()
            case DeleteWay.BRANCH:
                return self._cut_branch()
        return ""

    def _forget(self) -> None:
        self.reasons.append("Only what libvirt knows of it goes; every file stays.")
        for disk in self._external:
            path = disk.path
            self._keep(path, disk.target, f"changes since {self.snapshot.name}")
        if self.snapshot.memory_path:
            self._leave(self.snapshot.memory_path, f"memory of {self.snapshot.name}")
        for disk in self._internal:
            state = self.files.state_of(self.snapshot, disk.target)
            self._keep(state, disk.target, f"disk {disk.target}, {self.snapshot.name} inside it")
            self.warnings.append(
                f"{self.snapshot.name} still takes room inside {base_name(state)}; qemu-img "
                "snapshot shows it."
            )

    def _remove_inside(self) -> None:
        self.reasons.append("Internal: libvirt removes it from inside the disks.")
        for disk in self._internal:
            path = self.files.state_of(self.snapshot, disk.target)
            amount = self.files.size(path)
            self.planned.append(
                PlannedFile(
                    path,
                    Fate.WRITTEN,
                    f"disk {disk.target}: room inside becomes free, the file keeps its size",
                    disk.target,
                    amount,
                    amount,
                )
            )

    def _merge(self) -> str:
        domain = self.storage.domain
        if refusal := next(self._refusals_of_merging(), ""):
            return refusal
        for disk in self._external:
            above = disk.path
            below = self.files.state_of(self.snapshot, disk.target)
            if refusal := self._refuse_merge(disk.target, above, below):
                return refusal
            self._plan_merge(disk.target, above, below)
        if not domain.state.is_active:
            # libvirt 9 looks for the files below only in the chain of a process: it merges the
            # last file of a machine that is off by itself, and one in the middle not at all.
            self.starts = any(
                disk.path != self.files.active(disk.target) for disk in self._external
            )
            self.reasons.append(
                "Merging takes a process, so one is started without its processors; the guest "
                "doesn't run."
            )
        self.reasons.append(
            "External: what was written since goes into the file below, which the machine then "
            "uses."
        )
        return ""

    def _refusals_of_merging(self) -> Iterator[str]:
        """Yield why nothing of the machine can be merged, whatever the files are."""
        domain = self.storage.domain
        if self.storage.unread:
            yield f"{_UNREAD} {self.storage.unread[0]}"
        if domain.state is DomainState.SAVED or domain.has_managed_save:
            yield (
                f"{domain.name} has its memory saved to disk, with the files that it used: "
                "restore it, or discard the saved memory."
            )
        parent = next((s for s in self.storage.snapshots if s.name == self.snapshot.parent), None)
        if parent is not None and any(disk.kind == "internal" for disk in parent.disks):
            yield (
                f"It came after {parent.name}, which is internal, and libvirt doesn't merge such a "
                "one. Forget it (metadata only), then merge its overlay."
            )

    def _refuse_merge(self, target: str, above: str, below: str) -> str:
        active = self.files.active(target)
        chain = self.files.chain(active)
        position = chain.index(above)
        upper = chain[position - 1] if position else ""
        for path in (above, below):
            image = self.files.image(path)
            if image is not None and image.exists is False:
                return f"{path} is missing: nothing can be merged without it."
        needs = self.files.needs(below, but_files=[above], but_snapshots=[self.snapshot.name])
        if needs:
            return (
                f"{base_name(below)} would change, and {agreed(needs, 'needs', 'need')} it as "
                "it is. Delete "
                "that first, or forget this snapshot (metadata only)."
            )
        moved = [s.name for s in self.files.external_states(above)]
        needs = self.files.needs(above, but_files=[upper], but_snapshots=moved)
        if needs:
            return (
                f"{base_name(above)} would go, and {agreed(needs, 'needs', 'need')} it. "
                "Delete that first, "
                "or forget this snapshot (metadata only)."
            )
        if inside := self.files.has_inside(above):
            return (
                f"{agreed(inside, 'lies', 'lie')} inside {base_name(above)}, which would go. "
                f"Delete {'it' if len(inside) == 1 else 'them'} first."
            )
        return ""

    def _plan_merge(self, target: str, above: str, below: str) -> None:
        self.merged.append((above, below))
        active = self.files.active(target)
        amount, added = self.files.size(below), self.files.size(above)
        most = None if amount is None or added is None else amount + added
        uses = ", takes the writes" if above == active else ""
        what = f"disk {target}: gets what was written since {self.snapshot.name}{uses}"
        self.planned += [
            PlannedFile(below, Fate.GROWS, what, target, amount, most),
            PlannedFile(
                above, Fate.REMOVED, f"changes since {self.snapshot.name}", target, added, 0
            ),
        ]
        for upper in self.files.above(above):
            self.planned.append(
                PlannedFile(
                    upper,
                    Fate.KEPT,
                    f"disk {target}: then reads from {base_name(below)}",
                    target,
                    self.files.size(upper),
                    self.files.size(upper),
                    below,
                )
            )

    def _cut_branch(self) -> str:
        name = self.snapshot.name
        self.reasons.append(
            "External, on a branch that the machine doesn't use: nothing is merged."
        )
        for disk in self._external:
            path = disk.path
            image = self.files.image(path)
            if image is None or image.exists is False:
                self.warnings.append(f"{path} isn't there any more.")
            elif why := self._why_kept(path):
                self._keep(path, disk.target, f"changes since {name}: {why}")
            elif self.storage.unread:
                self._leave(path, f"changes since {name}", disk.target)
                self.warnings.append(f"{_UNREAD} {self.storage.unread[0]}")
            else:
                self._remove(path, f"changes since {name}", disk.target)
                amount = self.files.size(path)
                held = f" ({size(amount)})" if amount is not None else ""
                self.loses.append(f"What was written after it on this branch{held}.")
            state = self.files.state_of(self.snapshot, disk.target)
            gone = {file.path for file in self.planned if file.fate is Fate.REMOVED}
            if state and not self._is_wanted(state, gone):
                self._leave(state, f"disk {disk.target} at {name}", disk.target)
            elif state:
                self._keep(state, disk.target, f"disk {disk.target}")
        return ""

    def _why_kept(self, path: str) -> str:
        needs = self.files.needs(path, but_snapshots=[self.snapshot.name])
        if needs:
            return f"{agreed(needs, 'needs', 'need')} it"
        others = [s.name for s in self.files.overlay_of(path) if s.name != self.snapshot.name]
        if others:
            return f"it is also the overlay of {listed(others)}"
        if self.files.internal_states(path):
            return f"{agreed(self.files.has_inside(path), 'lies', 'lie')} inside it"
        used = {disk.source for disk in self.storage.domain.disks}
        later = self.storage.next_start
        used |= {disk.source for disk in later.disks} if later else set()
        return "the machine uses it" if path in used else ""

    def _is_wanted(self, path: str, gone: set[str]) -> bool:
        """Tell whether somebody names or needs ``path`` once this snapshot is gone."""
        if self.files.needs(path, but_files=gone, but_snapshots=[self.snapshot.name]):
            return True
        if any(s.name != self.snapshot.name for s in self.files.overlay_of(path)):
            return True
        if self.files.internal_states(path):
            return True
        return any(disk.source == path for disk in self.storage.domain.disks)

    def _memory(self) -> None:
        path = self.snapshot.memory_path
        if not path:
            return
        what = f"memory of {self.snapshot.name}"
        image = self.files.image(path)
        if image is not None and image.exists is False:
            return
        if others := self._who_else_names(image):
            self._keep(path, "", f"{what}: {agreed(others, 'names', 'name')} it too")
        elif self.files.above(path):
            self._keep(path, "", f"{what}: {agreed(self.files.needs(path), 'needs', 'need')} it")
        else:
            self._remove(path, what)

    def _who_else_names(self, image: Image | None) -> tuple[str, ...]:
        """Return who has the file of the memory for anything else than that."""
        own = (self.storage.domain.key, self.snapshot.name, Use.MEMORY)
        users = image.users if image is not None else ()
        return tuple(
            dict.fromkeys(
                f"{user.domain_name}, as {user.use},"
                for user in users
                if (user.domain, user.snapshot, user.use) != own
            )
        )

    def _remove(self, path: str, what: str, target: str = "") -> None:
        image = self.files.image(path)
        if image is None or image.pool is None:
            self._leave(path, what, target)
            self.warnings.append(
                f"{path} stays: no active storage pool of the host holds it, so it has to be "
                "removed there by hand."
            )
            return
        self.own.append(OwnFile(path, image.pool))
        self.planned.append(
            PlannedFile(path, Fate.REMOVED, what, target, image.allocation_bytes, 0)
        )

    def _leave(self, path: str, what: str, target: str = "") -> None:
        amount = self.files.size(path)
        self.planned.append(PlannedFile(path, Fate.LEFT, what, target, amount, amount))

    def _keep(self, path: str, target: str, what: str) -> None:
        amount = self.files.size(path)
        self.planned.append(PlannedFile(path, Fate.KEPT, what, target, amount, amount))


_UNREAD = "Not everything on the host could be read, so nobody knows what else needs these files:"
