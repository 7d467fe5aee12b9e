"""Planning to delete a snapshot: what is merged, what goes, what stays, and why it can't be.

How it is done; the first line that fits decides:

=====================================================  =============================================
the snapshot                                           what is done
=====================================================  =============================================
shall only be forgotten (``metadata_only``)            libvirt forgets it; every file stays
is kept by another hypervisor than QEMU                that hypervisor deletes it
has its disks inside the files that are in use         libvirt removes it from inside them
has its disks inside other files                       refused: libvirt looks in the wrong files
has all its overlays in the machine's chains           libvirt merges each into the file below
has none of its overlays in the machine's chains       libvirt forgets it; its own overlays go,
                                                       where nobody needs them
has some in, some out of the chains                    refused
=====================================================  =============================================

Merging changes the file below and ends the overlay. It is refused where

- another file, another snapshot or another machine needs the file below as it is,
- another file or machine needs the overlay (the next file of the chain is moved on to the file
  below, and so is the state of the next snapshot),
- an internal snapshot lies inside the overlay, or is the one before: libvirt merges neither,
- memory is saved to disk, for it is bound to the files that it was saved with,
- something couldn't be read, for it might need one of them.

libvirt leaves the memory file of an external snapshot behind: it goes with it, where a storage pool
holds it. With ``children`` all that came after go first, the last one first; the plan is the sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vmgui.insight.delete_steps import DeletePlan, stays, total
from vmgui.insight.file_plan import Fate
from vmgui.insight.machine_files import listed
from vmgui.insight.snapshot_delete_one import Deleting
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class DeleteSpec:
    """What is asked for: also all that came after it, or nothing but libvirt's knowledge of it."""

    children: bool = False
    metadata_only: bool = False


def delete_plan(storage: MachineStorage, name: str, spec: DeleteSpec) -> DeletePlan:
    """Return what deleting the snapshot ``name`` would do; see the tables above."""
    title = f"Delete snapshot {name}"
    snapshots = {each.name: each for each in storage.snapshots}
    if name not in snapshots:
        return DeletePlan(title, refusal=f"There is no snapshot {name} any more.")
    if spec.children and spec.metadata_only:
        return DeletePlan(
            title, refusal="Forget one at a time: what came after it would be lost from sight."
        )
    order = _last_first(storage.snapshots, name) if spec.children else [name]
    plan = DeletePlan(title, machine=stays(storage.domain))
    now = storage
    for each in order:
        snapshot = next(s for s in now.snapshots if s.name == each)
        one, now = Deleting(now, snapshot, metadata_only=spec.metadata_only).plan()
        if one.refusal:
            why = one.refusal if each == name else f"{each}, which came after it: {one.refusal}"
            return DeletePlan(title, refusal=why)
        plan = _joined(plan, one)
    if spec.children and len(order) > 1:
        others = listed([each for each in order if each != name])
        plan = replace(plan, title=f"{title} and {others}")
    return plan


def descendants(snapshots: Sequence[Snapshot], name: str) -> list[str]:
    """Return the names of all that came after ``name``, each behind its parent."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        parent = waiting.pop()
        children = [s.name for s in snapshots if s.parent == parent and s.name not in found]
        found += children
        waiting += children
    return found


def _last_first(snapshots: Sequence[Snapshot], name: str) -> list[str]:
    return [*reversed(descendants(snapshots, name)), name]


def _joined(first: DeletePlan, second: DeletePlan) -> DeletePlan:
    """Return the sum of two steps: a file that an earlier one wrote and a later one removes goes.

    A file that goes in the end was never its size's worth of gain for what was merged into it.
    """
    files = {file.path: file for file in first.files}
    for file in second.files:
        old = files.get(file.path)
        if old is None or old.fate is not Fate.REMOVED:
            grown = old is not None and old.fate is Fate.GROWS
            amount = old.size_bytes if old is not None and grown else file.size_bytes
            files[file.path] = replace(file, size_bytes=amount)
    removed = [file for file in files.values() if file.fate is Fate.REMOVED]
    return replace(
        first,
        files=tuple(files.values()),
        merges=first.merges + second.merges,
        reasons=tuple(dict.fromkeys(first.reasons + second.reasons)),
        loses=first.loses + second.loses,
        warnings=tuple(dict.fromkeys(first.warnings + second.warnings)),
        copies_bytes=total(first.copies_bytes, second.copies_bytes),
        frees_bytes=total(*(file.size_bytes for file in removed))
        if removed
        else second.frees_bytes,
        steps=first.steps + second.steps,
    )
