"""Planning to shorten a disk's chain: merging files into one below, or pulling what is below in.

*Commit* copies what the files from ``top`` down hold into ``base``; they are gone afterwards, and
the disk reads from ``base`` in their place. *Pull* copies what the files below the active one hold
into it; they stay, and the disk doesn't read them any more.

==================  ==================  =================  =====================================
what                file that changes   files that end     refused where
==================  ==================  =================  =====================================
commit, active      base                top … above base   somebody needs one of them, a snapshot
                                                           lies inside one that ends
commit, middle      base                top … above base   the same
pull                the active one      none               a snapshot lies inside the active one
==================  ==================  =================  =====================================

Somebody is another file built on it, a snapshot whose state it is, another machine. An internal
snapshot inside the active file reads from the files below too: after a pull it would read zeros.

libvirt copies only while there is a process: a machine that is off is started without its
processors for it, and ended afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from vmgui.insight.file_plan import Fate, FilePlan, Merge, PlannedFile
from vmgui.insight.machine_files import EMULATED, MachineFiles, agreed, base_name, listed
from vmgui.inventory.domain import DomainState
from vmgui.inventory.images import MachineStorage


class Direction(StrEnum):
    """Which way the data go."""

    COMMIT = "commit"
    PULL = "pull"


@dataclass(frozen=True, slots=True)
class MergeSpec:
    """What is asked for: paths, "" for the active file and for the one below it (pull: none).

    ``disk`` is a target, "" for the only disk of a machine that has one.
    """

    disk: str = ""
    top: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class MergePlan(FilePlan):
    """A merge. ``top`` is "" where it is the active file; ``base`` "" where all is pulled in.

    ``starts`` tells that the machine is off and has to be started paused for it.
    """

    direction: Direction = Direction.COMMIT
    target: str = ""
    top: str = ""
    base: str = ""
    active: str = ""
    starts: bool = False
    ends: tuple[str, ...] = ()

    @property
    def pivots(self) -> bool:
        """Tell whether the machine moves on to the base when all is copied."""
        return self.direction is Direction.COMMIT and not self.top


def commit_plan(storage: MachineStorage, spec: MergeSpec) -> MergePlan:
    """Return what merging files of a disk's chain into one below would do."""
    files = MachineFiles(storage)
    spec = _with_disk(storage, spec)
    active = files.active(spec.disk)
    title = f"Merge overlays of {spec.disk}"
    chain = files.chain(active)
    top = spec.top or active
    refusal = next(_refusals(storage, files, spec.disk), "")
    if not refusal and top not in chain:
        refusal = f"{spec.disk} doesn't read {top}."
    if refusal:
        return MergePlan(title, refusal=refusal, target=spec.disk)
    below = chain[chain.index(top) + 1 :]
    if not below:
        return MergePlan(
            title, refusal=f"{base_name(top)} stands by itself: there is nothing below it."
        )
    base = spec.base or below[0]
    if base not in below:
        return MergePlan(title, refusal=f"{base_name(top)} doesn't read {base}.")
    ends = chain[chain.index(top) : chain.index(base)]
    upper = chain[chain.index(top) - 1] if top != active else ""
    refusal = _refuse_commit(storage, files, ends, base, upper)
    if refusal:
        return MergePlan(title, refusal=refusal, target=spec.disk)
    amounts = [files.size(path) for path in ends]
    copied = None if None in amounts else sum(amount or 0 for amount in amounts)
    held = files.size(base)
    planned = [
        PlannedFile(
            base,
            Fate.GROWS,
            f"disk {spec.disk}" + (": takes the writes afterwards" if top == active else ""),
            spec.disk,
            held,
            None if held is None or copied is None else held + copied,
        )
    ]
    planned += [
        PlannedFile(path, Fate.REMOVED, f"disk {spec.disk}", spec.disk, files.size(path), 0)
        for path in ends
    ]
    if upper:
        amount = files.size(upper)
        planned.append(
            PlannedFile(
                upper,
                Fate.KEPT,
                f"disk {spec.disk}: then reads from {base_name(base)}",
                spec.disk,
                amount,
                amount,
                base,
            )
        )
    return MergePlan(
        f"Merge {listed(base_name(path) for path in ends)} into {base_name(base)}",
        files=tuple(planned),
        merges=tuple(Merge(path, base, files.size(path)) for path in ends),
        machine=_machine(storage),
        reasons=_reasons(storage),
        loses=tuple(_lost_ways(files, ends)),
        copies_bytes=copied,
        frees_bytes=copied,
        direction=Direction.COMMIT,
        target=spec.disk,
        top="" if top == active else top,
        base=base,
        active=active,
        starts=not storage.domain.state.is_active,
        ends=ends,
    )


def pull_plan(storage: MachineStorage, spec: MergeSpec) -> MergePlan:
    """Return what pulling the files below into the active one would do."""
    files = MachineFiles(storage)
    spec = _with_disk(storage, spec)
    active = files.active(spec.disk)
    title = f"Pull what {spec.disk} reads into its file"
    refusal = next(_refusals(storage, files, spec.disk), "")
    chain = files.chain(active)
    base = spec.base
    if not refusal and len(chain) < 2:
        refusal = f"{base_name(active)} stands by itself: there is nothing below it."
    if not refusal and base and base not in chain[1:]:
        refusal = f"{base_name(active)} doesn't read {base}."
    if not refusal and base == chain[1]:
        refusal = f"{base_name(active)} stands directly on {base_name(base)} already."
    if not refusal and (inside := files.has_inside(active)):
        refusal = (
            f"{agreed(inside, 'lies', 'lie')} inside {base_name(active)} and would be damaged: it "
            "reads the files below too. Delete what is inside first."
        )
    if refusal:
        return MergePlan(title, refusal=refusal, target=spec.disk)
    pulled = chain[1 : chain.index(base)] if base else chain[1:]
    amounts = [files.size(path) for path in pulled]
    copied = None if None in amounts else sum(amount or 0 for amount in amounts)
    held = files.size(active)
    planned = [
        PlannedFile(
            active,
            Fate.GROWS,
            f"disk {spec.disk}: " + (f"then reads from {base_name(base)}" if base else "alone"),
            spec.disk,
            held,
            None if held is None or copied is None else held + copied,
            base,
        )
    ]
    warnings: list[str] = []
    unused: list[str] = []
    for number, path in enumerate(pulled):
        needs = files.needs(path, but_files=[active, *pulled[:number]])
        wanted = needs or files.overlay_of(path) or files.has_inside(path)
        fate = Fate.KEPT if wanted or storage.unread else Fate.LEFT
        words = f", needed by {listed(needs)}" if needs else ""
        planned.append(
            PlannedFile(
                path, fate, f"base of {spec.disk}{words}", spec.disk, amounts[number],
                amounts[number],
            )
        )  # fmt: skip
        if fate is Fate.LEFT:
            unused.append(base_name(path))
    if unused:
        warnings.append(f"{agreed(unused, 'stays', 'stay')}, and nobody uses that any more.")
    branches = [s.name for path in pulled for s in files.external_states(path)]
    if branches:
        warnings.append(
            f"{agreed(dict.fromkeys(branches), 'stays', 'stay')} on a branch aside: deleting that "
            "no longer merges anything."
        )
    return MergePlan(
        f"Pull {listed(base_name(path) for path in pulled)} into {base_name(active)}",
        files=tuple(planned),
        merges=tuple(Merge(path, active, files.size(path)) for path in pulled),
        machine=_machine(storage),
        reasons=_reasons(storage),
        warnings=tuple(warnings),
        copies_bytes=copied,
        direction=Direction.PULL,
        target=spec.disk,
        base=base,
        active=active,
        starts=not storage.domain.state.is_active,
    )


def _with_disk(storage: MachineStorage, spec: MergeSpec) -> MergeSpec:
    disks = [d.target for d in storage.domain.disks if d.device == "disk" and not d.read_only]
    return replace(spec, disk=disks[0]) if not spec.disk and len(disks) == 1 else spec


def _refusals(storage: MachineStorage, files: MachineFiles, target: str) -> Iterator[str]:
    """Yield why no merge of the disk can be done at all, the first reason first."""
    domain = storage.domain
    disk = files.disk(target)
    if disk is None:
        yield f"{domain.name} has no disk {target}." if target else _WHICH.format(domain.name)
        return
    if domain.hypervisor_type not in EMULATED:
        yield "This hypervisor keeps no chains of files that could be merged."
    if disk.device != "disk" or not disk.source:
        yield f"{target} is no disk with a file."
    if disk.read_only:
        yield f"{target} is read-only."
    if domain.state is DomainState.SAVED or domain.has_managed_save:
        yield (
            f"{domain.name} has its memory saved to disk, with the files that it used: restore "
            "it, or discard the saved memory."
        )
    if domain.state in _BUSY:
        yield f"{domain.name} is {domain.state}: wait until that is over."
    if not domain.state.is_active and not domain.persistent:
        yield f"{domain.name} isn't there any more."
    later = storage.next_start
    if later is not None:
        then = next((d for d in later.disks if d.target == target), None)
        if then is None or then.source != files.active(target):
            yield f"{target} will be another file at the next start: nothing is merged before it."
    for path in files.chain(files.active(target)):
        image = files.image(path)
        if image is not None and image.exists is False:
            yield f"{path} is missing."


_WHICH = "{} has more than one disk, or none: say which is meant."
_BUSY = frozenset({DomainState.SHUTTING_DOWN, DomainState.MIGRATING, DomainState.UNKNOWN})


def _refuse_commit(
    storage: MachineStorage, files: MachineFiles, ends: tuple[str, ...], base: str, upper: str
) -> str:
    if storage.unread:
        return (
            "Not everything on the host could be read, so nobody knows what else needs these "
            f"files: {storage.unread[0]}"
        )
    above = {*ends, upper}
    for path in (*ends, base):
        if needs := files.needs(path, but_files=above):
            what = "would change" if path == base else "would go"
            advice = " Delete the snapshot instead, or pull." if files.external_states(path) else ""
            who = agreed(needs, "needs", "need")
            return f"{base_name(path)} {what}, and {who} it as it is.{advice}"
        if path != base and (inside := files.has_inside(path)):
            return f"{agreed(inside, 'lies', 'lie')} inside {base_name(path)}, which would go."
    return ""


def _lost_ways(files: MachineFiles, ends: tuple[str, ...]) -> list[str]:
    return [
        f"{base_name(path)} took the writes since snapshot {snapshot.name}: nothing parts them "
        "from it any more."
        for path in ends
        for snapshot in files.overlay_of(path)
    ]


def _machine(storage: MachineStorage) -> str:
    if storage.domain.state is DomainState.PAUSED:
        return "stays paused"
    if storage.domain.state.is_active:
        return "keeps running"
    return "stays off: a process without its processors does the copying"


def _reasons(storage: MachineStorage) -> tuple[str, ...]:
    if storage.domain.state.is_active:
        return ()
    return ("libvirt copies only while there is a process, so one is started for it.",)
