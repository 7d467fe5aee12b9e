"""Which snapshot is asked for, and the plan of one."""

from dataclasses import dataclass
from enum import StrEnum

from vmgui.insight.file_plan import FilePlan


class SnapshotKind(StrEnum):
    """Where a snapshot keeps the disks' state."""

    AUTO = "auto"
    INTERNAL = "internal"  # inside the disk's file
    EXTERNAL = "external"  # the file as it is; writes go to a new one


class Wanted(StrEnum):
    """Whether something is wanted."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class TakeSpec:
    """What is asked for.

    ``name`` may be a pattern with ``{n}`` (the next free number), ``{date}`` and ``{time}``; ""
    is `DEFAULT_PATTERN`. ``disks`` are the targets that go in, empty for all; ``leave_out`` those
    that don't. ``memory_path`` is where external memory goes, "" for beside the first disk.
    """

    name: str = ""
    description: str = ""
    kind: SnapshotKind = SnapshotKind.AUTO
    memory: Wanted = Wanted.AUTO
    disks: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    memory_path: str = ""
    quiesce: bool = False


@dataclass(frozen=True, slots=True)
class TakenDisk:
    """What the snapshot does with a disk: "internal", "external" or "no".

    ``frozen`` is the file that has its state; ``path`` the new overlay, of format ``format``.
    """

    target: str
    kind: str
    frozen: str = ""
    path: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True)
class TakePlan(FilePlan):
    """A snapshot that would be taken.

    ``memory`` is "internal", "external" or "no". With ``by_driver`` the hypervisor itself decides
    about files, and nothing is said of them.
    """

    name: str = ""
    description: str = ""
    active: bool = False
    memory: str = "no"
    memory_path: str = ""
    quiesce: bool = False
    by_driver: bool = False
    disks: tuple[TakenDisk, ...] = ()

    @property
    def is_external(self) -> bool:
        """Tell whether writes go to new files afterwards."""
        return any(disk.kind == "external" for disk in self.disks)
