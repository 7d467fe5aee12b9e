"""Planning a snapshot: internal or external, with memory or without, and into which files.

What libvirt's QEMU driver does and refuses was tried on 9.0; see
https://libvirt.org/formatsnapshot.html for the words.

Which kind ``auto`` becomes; the first line that fits decides, and says why:

====================================================  ========  ==========================
the machine                                           kind      memory
====================================================  ========  ==========================
its file systems shall be quiesced                    external  no
runs, and its memory isn't wanted                     external  no
runs, and has a device of the host                    external  no
a disk isn't qcow2                                    external  as wanted, if it runs
a disk that can be written is left out                external  as wanted, if it runs
has UEFI variables that aren't qcow2                  external  as wanted, if it runs
writes into the overlay of an external snapshot       external  as wanted, if it runs
none of these                                         internal  always, if it runs
====================================================  ========  ==========================

``internal`` is refused where a line above the last fits; wanted memory where one of the first
three does, or the machine doesn't run.

In which states:

=============================  ===================================================
running, paused                yes
off, crashed                   yes, without memory
saved                          no: memory and disks would no longer fit together
everything else                no, until it is one of the others
=============================  ===================================================
"""

import posixpath
from collections.abc import Iterator
from datetime import datetime

from vmgui.insight.amounts import round_size
from vmgui.insight.file_plan import Fate, PlannedFile
from vmgui.insight.machine_files import EMULATED, OWN_FORMATS, MachineFiles, agreed, listed
from vmgui.insight.snapshot_disks import passed_through, why_never_in, why_not_in
from vmgui.insight.snapshot_names import name_from, name_refusal, overlay_path
from vmgui.insight.take_spec import SnapshotKind, TakenDisk, TakePlan, TakeSpec, Wanted
from vmgui.inventory.domain import AgentState, Disk, Domain, DomainState
from vmgui.inventory.images import MachineStorage


def take_plan(storage: MachineStorage, spec: TakeSpec, now: datetime) -> TakePlan:
    """Return what taking a snapshot would do; see the tables above."""
    return _Taking(storage, spec, now).plan()


_BUSY = {
    DomainState.SAVED: "{} is off with its memory saved to disk, and the two would no longer fit "
    "together: restore it, or discard the saved memory.",
    DomainState.SHUTTING_DOWN: "{} is shutting down: wait until it is off.",
    DomainState.SLEEPING: "{} sleeps: wake it first.",
    DomainState.MIGRATING: "{} is moving to another host: wait until it is there.",
    DomainState.UNKNOWN: "Nobody knows what {} is doing now.",
}


class _Taking:
    """One plan in the making."""

    def __init__(self, storage: MachineStorage, spec: TakeSpec, now: datetime) -> None:
        self.files = MachineFiles(storage)
        self.spec = spec
        self.domain = storage.domain
        self.active = self.domain.state.is_active or self.domain.run_id is not None
        self.names = [each.name for each in storage.snapshots]
        self.name = name_from(spec.name, self.names, now)
        self.reasons: list[str] = []
        self.warnings: list[str] = []

    def plan(self) -> TakePlan:
        refusal = self._state_refusal() or name_refusal(self.name, self.names)
        if refusal:
            return self._refused(refusal)
        if self.domain.hypervisor_type not in EMULATED:
            return self._by_driver()
        wanted, refusal = self._wanted_disks()
        refusal = refusal or self._quiesce_refusal()
        if refusal:
            return self._refused(refusal)
        external = next(self._reasons_for_external(wanted), "")
        kind = self.spec.kind
        if kind is SnapshotKind.AUTO:
            kind = SnapshotKind.EXTERNAL if external else SnapshotKind.INTERNAL
            self.reasons.append(f"{kind.capitalize()}: {external or _WHY_INTERNAL}")
        if kind is SnapshotKind.INTERNAL:
            refusal = external and f"It can't be internal: {external}"
            refusal = refusal or name_refusal(self.name, self.names, inside=True)
        refusal = refusal or self._memory_refusal() or (not wanted and _NO_DISK) or ""
        if refusal:
            return self._refused(refusal)
        memory = self._has_memory()
        self._warn(wanted, kind, memory=memory)
        if kind is SnapshotKind.INTERNAL:
            return self._internal(wanted, memory=memory)
        return self._external(wanted, memory=memory)

    @property
    def title(self) -> str:
        return f"Take snapshot {self.name}"

    def _refused(self, refusal: str) -> TakePlan:
        return TakePlan(self.title, refusal=refusal, name=self.name, active=self.active)

    def _state_refusal(self) -> str:
        state = self.domain.state
        if state is DomainState.CRASHED and self.active:
            return f"{self.domain.name} has crashed and is kept for a look at it: force it off."
        sentence = _BUSY.get(state, "")
        if not sentence and self.domain.has_managed_save:
            sentence = _BUSY[DomainState.SAVED]
        return sentence.format(self.domain.name)

    def _quiesce_refusal(self) -> str:
        if not self.spec.quiesce:
            return ""
        if not self.active:
            return f"{self.domain.name} is off: there are no file systems to quiesce."
        if self.domain.agent is not AgentState.CONNECTED:
            return (
                "Quiescing needs the guest agent, and it doesn't answer: start it in the guest, or "
                "take the snapshot without."
            )
        if self.spec.memory is Wanted.YES:
            return "Quiesced file systems and saved memory exclude each other: choose one of them."
        return ""

    def _wanted_disks(self) -> tuple[list[Disk], str]:
        """Return the disks that go in, and a refusal where one can't."""
        known = {disk.target for disk in self.domain.disks}
        asked = (*self.spec.disks, *self.spec.leave_out)
        if stray := [target for target in asked if target not in known]:
            return [], f"{self.domain.name} has no disk {listed(stray)}."
        wanted: list[Disk] = []
        for disk in self.domain.disks:
            named = disk.target in self.spec.disks
            if disk.target in self.spec.leave_out or (self.spec.disks and not named):
                continue
            if why := why_never_in(disk):
                if named:
                    return [], f"{disk.target} can't be in a snapshot: {why}"
                continue
            if why := why_not_in(disk):
                return [], f"{disk.target} can't be in a snapshot: {why} {_LEAVE_IT_OUT}"
            wanted.append(disk)
        return wanted, ""

    def _left_out(self, wanted: list[Disk]) -> list[Disk]:
        """Return the disks that the guest writes to and that aren't in it."""
        return [disk for disk in self.domain.disks if disk not in wanted and not why_never_in(disk)]

    def _reasons_for_external(self, wanted: list[Disk]) -> Iterator[str]:
        domain, spec = self.domain, self.spec
        if spec.quiesce:
            yield "only an external one can be quiesced."
        if self.active and spec.memory is Wanted.NO:
            yield "only an external one leaves the memory of a machine that runs."
        if self.active and domain.host_devices:
            yield f"{passed_through(domain)}, so its memory can't be saved."
        for disk in wanted:
            form = disk.format or "raw"
            if form not in OWN_FORMATS:
                yield f"{disk.target} is {form}, which keeps no snapshots inside."
        if left := self._left_out(wanted):
            names = agreed((disk.target for disk in left), "is", "are")
            yield f"{names} left out, and an internal one takes every disk."
        if domain.nvram_path and self._nvram_format() not in OWN_FORMATS:
            yield "its UEFI variables are in a file that keeps no snapshots inside."
        for disk in wanted:
            path = disk.source
            if overlays := self.files.overlay_of(path):
                yield (
                    f"{disk.target} writes into the overlay of snapshot {overlays[0].name}, and "
                    "libvirt can't delete the two kinds where they are mixed."
                )

    def _nvram_format(self) -> str:
        image = self.files.image(self.domain.nvram_path)
        return image.format if image is not None else ""

    def _memory_refusal(self) -> str:
        if self.spec.memory is not Wanted.YES:
            return ""
        if not self.active:
            return f"{self.domain.name} is off: there is no memory to keep."
        if self.domain.host_devices:
            return f"Its memory can't be saved: {passed_through(self.domain)}."
        return ""

    def _has_memory(self) -> bool:
        if not self.active or self.spec.quiesce or self.domain.host_devices:
            return False
        return self.spec.memory is not Wanted.NO

    def _warn(self, wanted: list[Disk], kind: SnapshotKind, *, memory: bool) -> None:
        for disk in self._left_out(wanted):
            self.warnings.append(
                f"{disk.target} is left out: a revert will leave it as it is by then."
            )
        if self.active and not memory and not self.spec.quiesce:
            self.warnings.append(
                "Without its memory, the disks are kept as after a power cut: what the guest has "
                "not written yet isn't in it."
            )
        if kind is SnapshotKind.EXTERNAL:
            inside = dict.fromkeys(
                name for disk in wanted for name in self.files.has_inside(disk.source)
            )
            if inside:
                self.warnings.append(
                    f"{agreed(inside, 'lies', 'lie')} inside a file that others will be built on: "
                    "until these are merged there is no way back into it, and no deleting inside."
                )
            if self.domain.nvram_path:
                self.warnings.append("The UEFI variables aren't part of it.")
        if not self.domain.persistent:
            self.warnings.append(
                f"{self.domain.name} is transient: what libvirt knows of the snapshot is gone "
                "when it stops."
            )

    def _by_driver(self) -> TakePlan:
        if self.spec.disks or self.spec.leave_out:
            return self._refused("This hypervisor chooses by itself which disks are in a snapshot.")
        if self.spec.quiesce or self.spec.memory_path:
            return self._refused("This hypervisor can't do that: it keeps snapshots by itself.")
        if self.spec.kind is SnapshotKind.EXTERNAL:
            return self._refused("This hypervisor keeps snapshots by itself, never in files.")
        return TakePlan(
            self.title,
            machine=_goes_on(self.domain),
            reasons=("This hypervisor keeps the snapshot by itself; it tells of no files.",),
            copies_bytes=None,
            name=self.name,
            description=self.spec.description,
            active=self.active,
            memory="internal" if self.active else "no",
            by_driver=True,
        )

    def _disks(self, wanted: list[Disk], taken: dict[str, TakenDisk]) -> tuple[TakenDisk, ...]:
        return tuple(
            taken.get(disk.target, TakenDisk(disk.target, "no")) for disk in self.domain.disks
        )

    def _internal(self, wanted: list[Disk], *, memory: bool) -> TakePlan:
        files = []
        taken = {}
        for number, disk in enumerate(wanted):
            path = disk.source
            taken[disk.target] = TakenDisk(disk.target, "internal", path)
            size = self.files.size(path)
            # QEMU writes the memory into the first disk.
            more = self.domain.memory_bytes if memory and number == 0 else 0
            files.append(
                PlannedFile(
                    path,
                    Fate.GROWS,
                    f"disk {disk.target}: takes the state inside"
                    + (", and the memory" if more else ""),
                    disk.target,
                    size,
                    None if size is None else size + more,
                )
            )
        return TakePlan(
            self.title,
            files=tuple(files),
            machine=_goes_on(self.domain, pauses=memory),
            reasons=tuple(self.reasons),
            warnings=tuple(self.warnings),
            copies_bytes=self.domain.memory_bytes if memory else 0,
            name=self.name,
            description=self.spec.description,
            active=self.active,
            memory="internal" if memory else "no",
            disks=self._disks(wanted, taken),
        )

    def _external(self, wanted: list[Disk], *, memory: bool) -> TakePlan:
        paths = set(self.files.paths)
        files: list[PlannedFile] = []
        taken: dict[str, TakenDisk] = {}
        for disk in wanted:
            below = disk.source
            folder = self._folder(disk)
            if not folder:
                return self._refused(
                    f"{disk.target} is a block device, and no other disk shows a folder for the "
                    f"file that would take its writes. {_LEAVE_IT_OUT}"
                )
            words = [self.domain.name, self.name] + ([disk.target] if len(wanted) > 1 else [])
            above = overlay_path(folder, words, ".qcow2", paths)
            paths.add(above)
            taken[disk.target] = TakenDisk(disk.target, "external", below, above, "qcow2")
            size = self.files.size(below)
            files += [
                PlannedFile(
                    below, Fate.FROZEN, f"disk {disk.target} as it is", disk.target, size, size
                ),
                PlannedFile(
                    above,
                    Fate.CREATED,
                    f"disk {disk.target}: takes the writes from now on",
                    disk.target,
                    None,
                    self.files.virtual(below),
                    below,
                ),
            ]
        memory_path = ""
        if memory:
            beside = posixpath.dirname(next(iter(taken.values())).path)
            memory_path = self._memory_path(beside, paths)
            if refusal := self._memory_path_refusal(memory_path, paths):
                return self._refused(refusal)
            files.append(
                PlannedFile(
                    memory_path,
                    Fate.CREATED,
                    f"memory of {self.name}",
                    becomes_bytes=self.domain.memory_bytes,
                )
            )
        return TakePlan(
            self.title,
            files=tuple(files),
            machine=_goes_on(self.domain, pauses=memory),
            reasons=tuple(self.reasons),
            warnings=tuple(self.warnings),
            copies_bytes=self.domain.memory_bytes if memory else 0,
            name=self.name,
            description=self.spec.description,
            active=self.active,
            memory="external" if memory else "no",
            memory_path=memory_path,
            quiesce=self.spec.quiesce,
            disks=self._disks(wanted, taken),
        )

    def _memory_path(self, beside: str, paths: set[str]) -> str:
        if self.spec.memory_path:
            path = self.spec.memory_path
            return posixpath.normpath(path) if path.startswith("/") else path
        known = self.files.storage.folders
        folder = beside if beside in known or not known else known[0]
        return overlay_path(folder, [self.domain.name, self.name], ".memory", paths)

    def _memory_path_refusal(self, path: str, paths: set[str]) -> str:
        """Tell why the memory can't go to ``path``: libvirt would write over what is there."""
        if not path.startswith("/") or path in paths:
            return (
                "The memory needs a file of its own, with its full path: "
                f"{path} is taken or has none."
            )
        if posixpath.dirname(path) not in self.files.storage.folders:
            return (
                f"Nobody knows whether {path} is there already, and libvirt would write over it: "
                "the memory's file has to be in the folder of an active storage pool. Choose one, "
                "or take the snapshot without memory."
            )
        return ""

    def _folder(self, disk: Disk) -> str:
        """Return where a new file over ``disk`` belongs: beside it, or beside another file."""
        for each in (disk, *self.domain.disks):
            path = each.source
            if each.source_type != "block" and path.startswith("/") and not why_never_in(each):
                return posixpath.dirname(path)
        return ""


_WHY_INTERNAL = "every disk is qcow2, so all of it fits into the files that are there."
_NO_DISK = "No disk would be in it: there is none that the guest writes to, or all are left out."
_LEAVE_IT_OUT = "Leave it out if the snapshot may do without it."


def _goes_on(domain: Domain, *, pauses: bool = False) -> str:
    if domain.state is DomainState.PAUSED:
        return "stays paused"
    if not domain.state.is_active:
        return "stays off"
    if pauses:
        return f"pauses while its memory is written (up to {round_size(domain.memory_bytes)})"
    return "keeps running"
