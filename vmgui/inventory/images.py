"""Disk images: the files behind disks, what each of them reads from, and who needs it."""

from dataclasses import dataclass
from enum import StrEnum

from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot


class Use(StrEnum):
    """What a file is to somebody who names it, in the words that are shown."""

    DISK = "disk"  # a machine's own, now or at its next start
    MEDIUM = "medium"  # in a drive for discs or floppies
    NVRAM = "UEFI variables"
    STATE = "state of a snapshot"  # what the disk was when the snapshot was taken
    OVERLAY = "changes since a snapshot"  # the file that took the writes after it
    MEMORY = "memory of a snapshot"
    NAMED = "named in its definition"  # a kernel, the target of a copy, or what else names it


@dataclass(frozen=True, slots=True)
class ImageUser:
    """Somebody who names a file directly: a machine, or (``snapshot`` not empty) one of its own.

    Whoever reads it through another file, which is built on it, is not among its users: see
    `vmgui.insight.image_graph`.
    """

    domain: Key
    domain_name: str
    use: Use
    target: str = ""
    snapshot: str = ""
    active: bool = False
    read_only: bool = False
    shareable: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A file, volume or network image of one host, as of one reading.

    ``backing`` is the path of what it reads from, "" where it stands by itself. ``pool`` is the
    key of the active pool that holds it, None where none does. ``exists`` is None where nobody
    can tell. ``internal`` are the names of the snapshots inside it, where its header was read.
    ``internal_bytes`` is the memory that each of them keeps, in the same order, 0 for none.
    ``path`` is a name in the network, or ``volume:POOL/VOLUME``, where no file stands for it.
    Sizes are None where the host doesn't tell.
    """

    path: str
    format: str = ""
    virtual_bytes: int | None = None
    allocation_bytes: int | None = None
    backing: str = ""
    backing_format: str = ""
    pool: Key | None = None
    exists: bool | None = None
    internal: tuple[str, ...] = ()
    internal_bytes: tuple[int, ...] = ()
    users: tuple[ImageUser, ...] = ()


@dataclass(frozen=True, slots=True)
class MachineStorage:
    """What a machine's disks really are, read in one go before something is done to them.

    ``domain`` is the machine as it is now, ``next_start`` its definition where that can differ
    (it runs and is persistent). ``images`` are all files that the host knows of, of this machine
    and of all others; each has one path here, and the disks, UEFI variables and snapshots of this
    record name it by that, however their XML spells it. ``unread`` names in a sentence each
    thing that could not be read: what it uses isn't known, so nothing that it might need may
    go. ``reverts_external`` tells whether the host's libvirt reverts to external snapshots by
    itself (9.10 and later). ``folders`` are those of which every file is among the images: of
    another one nobody knows whether a file is there.
    """

    domain: Domain
    next_start: Domain | None = None
    snapshots: tuple[Snapshot, ...] = ()
    images: tuple[Image, ...] = ()
    folders: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    reverts_external: bool = False
