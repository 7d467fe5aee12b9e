"""How somebody wants to go back to a snapshot, and the plan of it."""

import posixpath
from dataclasses import dataclass
from enum import StrEnum

from vmgui.insight.file_plan import FilePlan
from vmgui.insight.take_spec import TakePlan
from vmgui.inventory.domain import DomainState
from vmgui.inventory.key import Key


class RevertWay(StrEnum):
    """Who does it."""

    LIBVIRT = "libvirt"
    BY_HAND = "by hand"


class Run(StrEnum):
    """What the machine does afterwards."""

    AS_THEN = "as-then"
    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class RevertSpec:
    """What is asked for: with ``keep``, what is now is taken as a snapshot ``keep_name`` first."""

    keep: bool = False
    keep_name: str = ""
    run: Run = Run.AS_THEN
    force_off: bool = False


@dataclass(frozen=True, slots=True)
class NewOverlay:
    """An empty qcow2 file to be made in a pool, over ``below``."""

    target: str
    path: str
    below: str
    below_format: str
    virtual_bytes: int
    pool: Key

    @property
    def volume(self) -> str:
        """Return its name in the pool."""
        return posixpath.basename(self.path)


@dataclass(frozen=True, slots=True)
class RevertPlan(FilePlan):
    """A revert; ``first`` is the snapshot that is taken before it. ``after`` is what it does then.

    ``starts_anew``: libvirt has to be told that a machine that runs may be replaced. By hand, the
    disks in ``as_now`` keep the files that they have now, for the snapshot left them out.
    """

    snapshot: str = ""
    way: RevertWay = RevertWay.LIBVIRT
    first: TakePlan | None = None
    forces_off: bool = False
    starts_anew: bool = False
    overlays: tuple[NewOverlay, ...] = ()
    as_now: tuple[str, ...] = ()
    memory_path: str = ""
    after: DomainState = DomainState.OFF
    run: Run = Run.AS_THEN
