"""What keeps the files that linked clones read from changing: an external snapshot of the source.

The source then goes on with overlays of its own, as after any external snapshot, and deleting
that snapshot (refused while clones read its files) brings everything together again.
"""

from datetime import UTC, datetime

from vmgui.insight.clone_plan import CloneFacts
from vmgui.insight.snapshot_take import take_plan
from vmgui.insight.take_spec import SnapshotKind, TakePlan, TakeSpec, Wanted

BASE_SNAPSHOT = "base-of-clones"
"""The snapshot's name; a number follows where it is taken."""

_NO_TIME = datetime.fromtimestamp(0, UTC)  # the name has none in it


def freeze_plan(facts: CloneFacts, targets: tuple[str, ...]) -> TakePlan:
    """Return the snapshot that freezes the files of these disks."""
    storage = facts.storage
    taken = {each.name for each in storage.snapshots}
    name, number = BASE_SNAPSHOT, 1
    while name in taken:
        number += 1
        name = f"{BASE_SNAPSHOT}-{number}"
    spec = TakeSpec(
        name=name,
        description="Keeps what linked clones read as it is.",
        kind=SnapshotKind.EXTERNAL,
        memory=Wanted.NO,
        leave_out=tuple(disk.target for disk in storage.domain.disks if disk.target not in targets),
    )
    return take_plan(storage, spec, _NO_TIME)


def freeze_refusal(facts: CloneFacts, targets: tuple[str, ...]) -> str:
    """Tell in a sentence why the source can't go on with overlays; "" where it can."""
    name = facts.storage.domain.name
    external = [
        any(disk.kind == "external" for disk in each.disks) for each in facts.storage.snapshots
    ]
    if not all(external):
        return (
            f"{name} has internal snapshots, which it couldn't be reverted to any more once it "
            "goes on with an overlay: make it a template, or copy in full."
        )
    return freeze_plan(facts, targets).refusal
