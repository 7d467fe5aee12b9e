"""Planning to go back to a snapshot: what is lost, what stays, and how it is done.

How it is done; the first line that fits decides:

=============================================  ==========================  =======================
the snapshot                                   the host's libvirt          way
=============================================  ==========================  =======================
is kept by another hypervisor than QEMU        any                         libvirt
has all its disks inside files                 any                         libvirt
has external disks                             reverts to them             libvirt, if all that it
                                                                           removes may go
has external disks                             reverts to them             by hand otherwise
has external disks                             doesn't (before 9.10)       by hand
has both                                       any                         refused
=============================================  ==========================  =======================

*By hand* is what libvirt would do, done with its own means on a machine that is off: new overlays
over the files that have the snapshot's state, the definition that the snapshot kept with its disks
pointed to them, the snapshot marked as the current one, and its memory restored if it has some.
The files that the machine wrote to until then stay, and are named.

libvirt's own way removes, unasked, the overlays that the *current* snapshot names
(``qemuSnapshotRevertExternalFinish``, 9.10 to 11): nobody is asked whether something is built on
them. So it is taken only where these are the files that the machine writes to now and nobody
needs them; and they are told as lost.

It is refused where

- a file with the state is missing, is written to, or (internal) has others built on it: going back
  inside it would change what they read,
- memory is saved to disk: it would no longer fit the disks,
- a disk that was left out would get back its file of then, and somebody needs that as it is (by
  hand it keeps its file of today),
- by hand: the machine runs, and nobody said that it may be forced off; it is transient; no storage
  pool holds the folder where the overlays belong.

What the machine does afterwards:

==========================  ============  =======  ======
the snapshot has            as-then       running  paused
==========================  ============  =======  ======
memory, was running         running       running  paused
memory, was paused          paused        running  paused
no memory                   off           running  paused
==========================  ============  =======  ======
"""

import posixpath
from collections.abc import Set
from datetime import datetime

from vmgui.insight.amounts import size
from vmgui.insight.file_plan import Fate, PlannedFile
from vmgui.insight.machine_files import EMULATED, MachineFiles, base_name, listed
from vmgui.insight.revert_refusals import RevertRefusals
from vmgui.insight.revert_spec import NewOverlay, RevertPlan, RevertSpec, RevertWay, Run
from vmgui.insight.snapshot_names import overlay_path
from vmgui.insight.snapshot_take import take_plan
from vmgui.insight.storage_after import after_take
from vmgui.insight.take_spec import TakePlan, TakeSpec
from vmgui.inventory.domain import DomainState
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk


def revert_plan(storage: MachineStorage, name: str, spec: RevertSpec, now: datetime) -> RevertPlan:
    """Return what going back to the snapshot ``name`` would do; see the tables above."""
    title = f"Revert to {name}"
    if not any(each.name == name for each in storage.snapshots):
        return RevertPlan(title, refusal=f"There is no snapshot {name} any more.")
    first = None
    if spec.keep:
        first = take_plan(storage, TakeSpec(name=spec.keep_name), now)
        if first.refusal:
            return RevertPlan(
                title, refusal=f"What is now can't be kept as a snapshot first: {first.refusal}"
            )
        storage = after_take(storage, first)
    snapshot = next(each for each in storage.snapshots if each.name == name)
    return _Reverting(storage, snapshot, spec, first).plan()


class _Reverting:
    """One plan in the making."""

    def __init__(
        self,
        storage: MachineStorage,
        snapshot: Snapshot,
        spec: RevertSpec,
        first: TakePlan | None,
    ) -> None:
        self.storage = storage
        self.files = MachineFiles(storage)
        self.against = RevertRefusals(self.files, snapshot)
        self.domain = storage.domain
        self.active = self.domain.state.is_active or self.domain.run_id is not None
        self.snapshot = snapshot
        self.spec = spec
        self.first = first
        self.planned: list[PlannedFile] = list(first.files) if first else []
        self.reasons: list[str] = []
        self.loses: list[str] = []
        self.warnings: list[str] = []

    @property
    def title(self) -> str:
        return f"Revert to {self.snapshot.name}"

    def plan(self) -> RevertPlan:
        external = [disk for disk in self.snapshot.disks if disk.kind == "external"]
        internal = [disk for disk in self.snapshot.disks if disk.kind == "internal"]
        refusal = self._state_refusal()
        emulated = self.domain.hypervisor_type in EMULATED
        if not refusal and emulated and external and internal:
            refusal = "It is partly internal and partly external: libvirt can't go back to that."
        if refusal:
            return self._refused(refusal)
        self._warn()
        if not emulated:
            self.reasons.append("This hypervisor keeps the snapshot by itself.")
            self._lose_the_present(())
            return self._by_libvirt()
        misled = next(self.against.misled_disks(), "")
        if external and self.storage.reverts_external and not misled and self._may_libvirt_remove():
            return self._natively(external)
        if external:
            return self._by_hand(external)
        return self._refused(misled) if misled else self._inside(internal)

    def _refused(self, refusal: str) -> RevertPlan:
        return RevertPlan(self.title, refusal=refusal, snapshot=self.snapshot.name)

    def _state_refusal(self) -> str:
        domain = self.domain
        if domain.state is DomainState.SAVED or domain.has_managed_save:
            return (
                f"{domain.name} has its memory saved to disk, and it would no longer fit: restore "
                "it, or discard the saved memory."
            )
        if domain.state is DomainState.MIGRATING:
            return f"{domain.name} is moving to another host: wait until it is there."
        return ""

    @property
    def _after(self) -> DomainState:
        if self.spec.run is Run.RUNNING:
            return DomainState.RUNNING
        if self.spec.run is Run.PAUSED:
            return DomainState.PAUSED
        if not self.snapshot.has_memory:
            return DomainState.OFF
        return DomainState.PAUSED if self.snapshot.state == "paused" else DomainState.RUNNING

    def _warn(self) -> None:
        """Say what doesn't come back with the snapshot."""
        in_it = {disk.target for disk in self.snapshot.disks if disk.kind != "no"}
        then = {disk.target for disk in self.snapshot.then.disks} if self.snapshot.then else in_it
        for disk in self.domain.disks:
            if disk.device not in {"disk", "lun"} or not disk.source or disk.read_only:
                continue
            if disk.target not in then:
                self.warnings.append(
                    f"{disk.target} came after the snapshot: the machine won't have it any more; "
                    "its file stays."
                )
            elif disk.target not in in_it and self.domain.hypervisor_type in EMULATED:
                self.warnings.append(
                    f"{disk.target} isn't in the snapshot: it stays as it is today."
                )
        if self.domain.nvram_path:
            self.warnings.append("The UEFI variables stay as they are today.")
        if not self.snapshot.has_memory and self.snapshot.state not in {"shutoff", ""}:
            self.warnings.append(
                "Its disks come back as after a power cut: the memory of that moment isn't in it."
            )

    def _lose_the_present(self, overlays: tuple[str, ...]) -> None:
        if self.first is not None:
            self.reasons.append(f"What is now is kept as snapshot {self.first.name}.")
            return
        if self.active:
            self.loses.append("What the machine is doing now, with its memory.")
        if not overlays:
            self.loses.append("All that was written since the last snapshot.")

    def _by_libvirt(self, *, memory_path: str = "") -> RevertPlan:
        after = self._after
        return RevertPlan(
            self.title,
            files=tuple(self.planned),
            machine=_becomes(after, active=self.active),
            reasons=tuple(self.reasons),
            loses=tuple(self.loses),
            warnings=tuple(self.warnings),
            copies_bytes=self.first.copies_bytes if self.first else 0,
            snapshot=self.snapshot.name,
            way=RevertWay.LIBVIRT,
            first=self.first,
            # libvirt calls it risky to replace a process that runs by one that boots.
            starts_anew=self.active and (self.spec.force_off or not self.snapshot.has_memory),
            memory_path=memory_path,
            after=after,
            run=self.spec.run,
        )

    def _inside(self, internal: list[SnapshotDisk]) -> RevertPlan:
        for disk in internal:
            state = self.files.state_of(self.snapshot, disk.target)
            if refusal := next(self.against.inside(disk.target, state), ""):
                return self._refused(refusal)
            self._fate(
                state,
                Fate.WRITTEN,
                f"disk {disk.target}: goes back to {self.snapshot.name} inside",
                disk.target,
            )
        self.reasons.append("Internal: libvirt goes back inside the disks' files.")
        self._lose_the_present(())
        return self._by_libvirt()

    def _natively(self, external: list[SnapshotDisk]) -> RevertPlan:
        for disk in external:
            state = self.files.state_of(self.snapshot, disk.target)
            if refusal := next(self.against.of_state(disk.target, state), ""):
                return self._refused(refusal)
            self._fate(state, Fate.KEPT, f"disk {disk.target} at {self.snapshot.name}", disk.target)
        self.reasons.append("External: libvirt makes new files over the snapshot's.")
        gone = {disk.path for disk in self._current_overlays}
        self._leave_the_present(external, gone)
        self._lose_the_present(())
        return self._by_libvirt(memory_path=self.snapshot.memory_path)

    @property
    def _current_overlays(self) -> tuple[SnapshotDisk, ...]:
        """Return the overlays that libvirt removes when it goes back by itself."""
        current = next((each for each in self.storage.snapshots if each.current), None)
        disks = current.disks if current is not None else ()
        return tuple(disk for disk in disks if disk.kind == "external")

    def _may_libvirt_remove(self) -> bool:
        """Tell whether only what the machine writes to now would go, and nobody needs it."""
        if self.storage.unread or not any(each.current for each in self.storage.snapshots):
            return False
        return all(
            disk.path == self.files.active(disk.target)
            and not self.files.needs(disk.path)
            and not self.files.has_inside(disk.path)
            for disk in self._current_overlays
        )

    def _by_hand(self, external: list[SnapshotDisk]) -> RevertPlan:
        name = self.snapshot.name
        if refusal := next(self.against.by_hand(force_off=self.spec.force_off), ""):
            return self._refused(refusal)
        overlays: list[NewOverlay] = []
        paths = set(self.files.paths)
        for disk in external:
            state = self.files.state_of(self.snapshot, disk.target)
            refusal = next(self.against.of_state(disk.target, state), "")
            refusal = refusal or next(self.against.of_overlay(state), "")
            if refusal:
                return self._refused(refusal)
            overlay = self._overlay(disk.target, state, paths, alone=len(external) == 1)
            paths.add(overlay.path)
            overlays.append(overlay)
        left = self._leave_the_present(external)
        for overlay in overlays:
            target = overlay.target
            self._fate(overlay.below, Fate.KEPT, f"disk {target} at {name}", target)
            self.planned.append(
                PlannedFile(
                    overlay.path,
                    Fate.CREATED,
                    f"disk {target}: takes the writes from now on",
                    target,
                    None,
                    overlay.virtual_bytes,
                    overlay.below,
                )
            )
        self.reasons.append(
            "External: this host's libvirt can't go back by itself, so new files are made over "
            "the snapshot's, and the machine is defined as it was then."
        )
        self._lose_the_present(left)
        after = self._after
        return RevertPlan(
            self.title,
            files=tuple(self.planned),
            machine=_becomes(after, active=self.active, forced_off=self.active),
            reasons=tuple(self.reasons),
            loses=tuple(self.loses),
            warnings=tuple(self.warnings),
            copies_bytes=self.first.copies_bytes if self.first else 0,
            snapshot=name,
            way=RevertWay.BY_HAND,
            first=self.first,
            forces_off=self.active,
            overlays=tuple(overlays),
            as_now=tuple(d.target for d in self.against.left_out if self.files.active(d.target)),
            memory_path=self.snapshot.memory_path,
            after=after,
            run=self.spec.run,
        )

    def _overlay(self, target: str, state: str, taken: set[str], *, alone: bool) -> NewOverlay:
        image = self.files.image(state)
        assert image is not None
        assert image.pool is not None
        assert image.virtual_bytes is not None
        words = [self.domain.name, self.snapshot.name] + ([] if alone else [target])
        then = self.snapshot.then
        disk = next((d for d in then.disks if d.target == target), None) if then else None
        return NewOverlay(
            target,
            overlay_path(posixpath.dirname(state), words, ".qcow2", taken),
            state,
            image.format or (disk.format if disk else "") or "raw",
            image.virtual_bytes,
            image.pool,
        )

    def _leave_the_present(
        self, external: list[SnapshotDisk], gone: Set[str] = frozenset()
    ) -> tuple[str, ...]:
        """Plan what becomes of the files that take the writes now; return those left behind.

        Those in ``gone`` are removed; one that was to be made for what is kept isn't there then.
        """
        left: list[str] = []
        for disk in external:
            path = self.files.active(disk.target)
            if not path:
                continue
            if path in gone:
                if not any(file.path == path for file in self.planned):
                    self._fate(path, Fate.REMOVED, f"disk {disk.target} as it is now", disk.target)
                self.planned = [
                    file
                    for file in self.planned
                    if file.path != path or file.fate is not Fate.CREATED
                ]
                continue
            needs = self.files.needs(path)
            owners = [s.name for s in self.files.overlay_of(path)]
            known = next((file for file in self.planned if file.path == path), None)
            what = f"disk {disk.target} as it is now"
            if needs or owners:
                words = f"needed by {listed(needs)}" if needs else f"since {listed(owners)}"
                what = f"{what}, {words}"
            if known is None:
                self._fate(path, Fate.KEPT if needs else Fate.LEFT, what, disk.target)
            if not needs:
                left.append(path)
                if self.first is None:
                    amount = self.files.size(path)
                    held = f" ({size(amount)})" if amount is not None else ""
                    self.warnings.append(
                        f"What was written since stays in {base_name(path)}{held}, which no "
                        "snapshot leads back to."
                    )
        return tuple(left)

    def _fate(self, path: str, fate: Fate, what: str, target: str) -> None:
        amount = self.files.size(path)
        self.planned = [file for file in self.planned if file.path != path or file.fate is not fate]
        self.planned.append(PlannedFile(path, fate, what, target, amount, amount))


def _becomes(after: DomainState, *, active: bool, forced_off: bool = False) -> str:
    if forced_off:
        return {
            DomainState.RUNNING: "is forced off, then started",
            DomainState.PAUSED: "is forced off, then started and paused",
        }.get(after, "is forced off, and stays off")
    return {
        DomainState.RUNNING: "runs afterwards" if active else "is started",
        DomainState.PAUSED: "is paused afterwards",
    }.get(after, "is switched off" if active else "stays off")
