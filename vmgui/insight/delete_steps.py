"""The steps by which snapshots are deleted, and the plan of them."""

import posixpath
from dataclasses import dataclass
from enum import StrEnum

from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key


class DeleteWay(StrEnum):
    """How a snapshot is deleted."""

    METADATA = "metadata"
    BY_DRIVER = "by driver"
    INTERNAL = "internal"
    MERGE = "merge"
    BRANCH = "branch"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that goes with a snapshot, through its pool."""

    path: str
    pool: Key

    @property
    def volume(self) -> str:
        """Return its name in the pool."""
        return posixpath.basename(self.path)


@dataclass(frozen=True, slots=True)
class DeleteStep:
    """One snapshot that goes; ``files`` are removed after libvirt has forgotten it.

    ``starts`` tells that the machine is off and has to be started paused for it. ``children``
    have to be moved on to ``parent`` before libvirt forgets it.
    """

    snapshot: str
    way: DeleteWay
    files: tuple[OwnFile, ...] = ()
    starts: bool = False
    children: tuple[str, ...] = ()
    parent: str = ""

    @property
    def metadata_only(self) -> bool:
        """Tell whether libvirt shall touch no file."""
        return self.way in (DeleteWay.METADATA, DeleteWay.BRANCH)


@dataclass(frozen=True, slots=True)
class DeletePlan(FilePlan):
    """Snapshots that would be deleted, in the order of ``steps``."""

    steps: tuple[DeleteStep, ...] = ()


def total(*amounts: int | None) -> int | None:
    """Return the sum of amounts, None where one isn't known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def stays(domain: Domain) -> str:
    """Tell what the machine meets: nothing."""
    if domain.state.is_active:
        return "keeps running" if domain.state.value != "paused" else "stays paused"
    return "stays off"
