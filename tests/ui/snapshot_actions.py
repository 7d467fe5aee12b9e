"""Planners of tests: they answer when the test lets them, and remember what they were asked."""

import asyncio
from collections.abc import Callable, Mapping

from vmgui.insight.file_plan import Fate, FilePlan, Merge, PlannedFile

GIB = 2**30
BASE, OVERLAY = "/images/web-0000.qcow2", "/images/web-0000.before-update"


class Planner:
    """Returns what ``make`` gives for the arguments; with ``hold`` only after `let_go`."""

    def __init__(self, make: Callable[[Mapping[str, object]], FilePlan]) -> None:
        self.asked: list[dict[str, object]] = []
        self.make = make
        self.at_once = self.most_at_once = 0
        self._gate = asyncio.Event()
        self._gate.set()

    def hold(self) -> None:
        """Answer nothing from now on."""
        self._gate.clear()

    def let_go(self) -> None:
        """Answer what waits, and everything after it."""
        self._gate.set()

    async def __call__(self, values: Mapping[str, object]) -> FilePlan:
        self.asked.append(dict(values))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._gate.wait()
            return self.make(values)
        finally:
            self.at_once -= 1


def taking(values: Mapping[str, object]) -> FilePlan:
    """Return a plan of taking a snapshot that follows the arguments."""
    external = values.get("kind") != "internal"
    left_out = values.get("leave_out", ())
    assert isinstance(left_out, tuple)
    files: tuple[PlannedFile, ...] = (
        PlannedFile(BASE, Fate.FROZEN, "disk vda", "vda", 4 * GIB),
        PlannedFile(OVERLAY, Fate.CREATED, "changes since", "vda", None, 20 * GIB, BASE),
    )
    if not external:
        files = (PlannedFile(BASE, Fate.WRITTEN, "disk vda", "vda", 4 * GIB, 5 * GIB),)
    return FilePlan(
        f"Take snapshot {values.get('name', '')}",
        files,
        machine="keeps running",
        reasons=("External, for the machine runs and its memory isn't wanted.",),
        warnings=tuple(f"{target} is left out." for target in left_out),
        refusal="No disk would be in it." if len(left_out) == 2 else "",
        virsh=("virsh snapshot-create-as web-0000 --disk-only --atomic",),
    )


def reverting(values: Mapping[str, object]) -> FilePlan:
    """Return a plan of reverting that loses what is now unless it is kept."""
    kept = values.get("keep") is True
    return FilePlan(
        "Revert to fresh",
        (PlannedFile(BASE, Fate.WRITTEN, "disk vda", "vda", 4 * GIB, 4 * GIB),),
        machine="is stopped, and runs as it did then",
        loses=() if kept else ("What was written since 14 November 2023, 22:13.",),
        virsh=("virsh snapshot-revert web-0000 fresh",),
    )


def deleting(values: Mapping[str, object]) -> FilePlan:
    """Return a plan of deleting: a merge, or nothing at all where only libvirt forgets."""
    if values.get("metadata_only"):
        return FilePlan(
            "Forget fresh",
            (PlannedFile(OVERLAY, Fate.LEFT, "changes since", "vda", GIB),),
            machine="keeps running",
            virsh=("virsh snapshot-delete web-0000 fresh --metadata",),
        )
    return FilePlan(
        "Delete fresh",
        (
            PlannedFile(BASE, Fate.GROWS, "disk vda", "vda", 4 * GIB, 5 * GIB),
            PlannedFile(OVERLAY, Fate.REMOVED, "changes since", "vda", GIB),
            PlannedFile("/images/other.qcow2", Fate.KEPT, "disk vdb", "vdb", 2 * GIB),
        ),
        (Merge(OVERLAY, BASE, GIB),),
        "keeps running",
        loses=("The way back to “fresh”.",),
        copies_bytes=GIB,
        frees_bytes=GIB,
        virsh=("virsh snapshot-delete web-0000 fresh",),
    )


def merging(values: Mapping[str, object]) -> FilePlan:
    """Return a plan of merging what is chosen."""
    return FilePlan(
        f"Merge {values.get('disk')}",
        (
            PlannedFile(BASE, Fate.GROWS, "base of vda", "vda", 4 * GIB, 5 * GIB),
            PlannedFile(OVERLAY, Fate.REMOVED, "disk vda", "vda", GIB),
        ),
        (Merge(OVERLAY, BASE, GIB),),
        "keeps running",
        copies_bytes=GIB,
        frees_bytes=GIB,
        virsh=(f"virsh blockcommit web-0000 {values.get('disk')} --active --pivot --verbose",),
    )
