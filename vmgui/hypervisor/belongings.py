"""What belongs to a domain: its files, who else uses them, and what libvirt keeps of it.

Read before a domain is deleted, in one long call: it looks through every domain, every snapshot
and every volume of the host, since a file may be the disk of another machine, or the base of its
disk. What can't be read counts as a possible user, never as none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import libvirt

from vmgui.hypervisor.errors import is_cut
from vmgui.hypervisor.host_images import HostImages
from vmgui.hypervisor.stores import Unread
from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.domain import read_domain
from vmgui.insight.image_graph import ImageGraph
from vmgui.inventory.domain import Disk, Domain, DomainState
from vmgui.inventory.images import ImageUser
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot

_DISKS = frozenset({"disk", "lun"})
_LOOK = "Look at it on the host, then try again."


class FileRole(StrEnum):
    """What a file is to its domain, in the words that are shown."""

    DISK = "disk"
    BASE = "base of a disk"
    SNAPSHOT_DISK = "disk of a snapshot"
    SNAPSHOT_MEMORY = "memory of a snapshot"
    MEDIUM = "medium"


@dataclass(frozen=True, slots=True)
class BelongingFile:
    """A file or volume that a domain uses.

    ``pool`` is the key of the pool that holds it, None where no active pool of the host does,
    and ``pool_kind`` that pool's kind; ``size_bytes`` is what it takes on the disk, None where
    that is not known. ``users`` are the names of other domains that use it; ``upper`` the paths
    of volumes that are built on it.
    """

    path: str
    role: FileRole
    target: str = ""
    pool: Key | None = None
    pool_kind: str = ""
    size_bytes: int | None = None
    read_only: bool = False
    users: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Belongings:
    """What belongs to a domain. ``snapshots`` names those whose data lie inside its disks.

    ``unread`` says in sentences what could not be read: where there is any, something that isn't
    seen may use each of the files. ``idle_pools`` were not looked into. ``nvram_users`` are the
    names of other domains that use the file of its UEFI variables.
    """

    active: bool
    persistent: bool
    files: tuple[BelongingFile, ...] = ()
    nvram_path: str = ""
    has_tpm_state: bool = False
    has_managed_save: bool = False
    snapshots: tuple[str, ...] = ()
    external_snapshots: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    nvram_users: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    idle_pools: tuple[str, ...] = ()


def read_belongings(conn: libvirt.virConnect, uuid: str, uri: str) -> Belongings:
    """Return what belongs to a domain; raises libvirtError where it is not there."""
    handle = conn.lookupByUUIDString(uuid)
    active, persistent = bool(handle.isActive()), bool(handle.isPersistent())
    xml = handle.XMLDesc()
    root = parse(xml, "domain")
    host = HostImages(conn, uri, own=uuid)
    domain = host.resolved(
        read_domain(root, Domain(domain_key(uri, uuid), "", DomainState.UNKNOWN))
    )
    unread = Unread()
    graph = ImageGraph(host.images)
    has_saved = unread.ask(
        handle.hasManagedSaveImage, 0, "Whether memory is saved", _LOOK, is_all=True
    )
    checkpoints = _checkpoints(handle, unread)
    snapshots = host.snapshots_of(domain.key)
    return Belongings(
        active=active,
        persistent=persistent,
        files=tuple(
            _file(handle, found, host, graph) for found in _files(domain, snapshots, graph)
        ),
        nvram_path=domain.nvram_path,
        has_tpm_state=root.find("devices/tpm/backend[@type='emulator']") is not None,
        has_managed_save=bool(has_saved),
        snapshots=tuple(each.name for each in snapshots if not each.external),
        external_snapshots=tuple(each.name for each in snapshots if each.external),
        checkpoints=checkpoints,
        nvram_users=_others(graph, domain.nvram_path, domain.key),
        # What our own disks are built on is asked of nobody: where it goes, all of it goes.
        unread=(*(each for each in host.unread if each not in host.own_unread), *unread.sentences),
        idle_pools=host.idle_pools,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A file of the domain, before it is known who else uses it."""

    path: str
    role: FileRole
    disk: Disk | None = None


def _files(domain: Domain, snapshots: tuple[Snapshot, ...], graph: ImageGraph) -> Iterator[_Found]:
    """Yield each file once: the disks with what is below each, then what snapshots have."""
    seen: set[str] = set()
    for found in (*_disk_files(domain, graph), *_snapshot_files(snapshots)):
        if found.path not in seen:
            seen.add(found.path)
            yield found


def _disk_files(domain: Domain, graph: ImageGraph) -> Iterator[_Found]:
    for disk in domain.disks:
        if not disk.source:
            continue
        is_disk = disk.device in _DISKS
        top, *below = dict.fromkeys(
            (*(image.path for image in graph.chain(disk.source)), *disk.backing)
        )
        yield _Found(top, FileRole.DISK if is_disk else FileRole.MEDIUM, disk)
        for path in below:
            yield _Found(path, FileRole.BASE) if is_disk else _Found(path, FileRole.MEDIUM, disk)


def _snapshot_files(snapshots: tuple[Snapshot, ...]) -> Iterator[_Found]:
    for snapshot in snapshots:
        yield from (
            _Found(each.path, FileRole.SNAPSHOT_DISK) for each in snapshot.disks if each.path
        )
        if snapshot.memory_path:
            yield _Found(snapshot.memory_path, FileRole.SNAPSHOT_MEMORY)
        # What a disk was then is below the disk of today, unless somebody went back.
        for then in snapshot.then.disks if snapshot.then is not None else ():
            if then.source and then.device in _DISKS:
                yield _Found(then.source, FileRole.SNAPSHOT_DISK)


def _file(
    handle: libvirt.virDomain, found: _Found, host: HostImages, graph: ImageGraph
) -> BelongingFile:
    image, pool = graph.get(found.path), host.pool_of(found.path)
    size = image.allocation_bytes if image is not None else None
    target = found.disk.target if found.disk is not None else ""
    return BelongingFile(
        path=found.path,
        role=found.role,
        target=target,
        pool=None if pool is None else pool.key,
        pool_kind="" if pool is None else pool.kind,
        size_bytes=_size(handle, target) if size is None else size,
        read_only=found.disk is not None and found.disk.read_only,
        users=_others(graph, found.path, host.own),
        upper=graph.above(found.path),
    )


def _others(graph: ImageGraph, path: str, own: Key) -> tuple[str, ...]:
    """Return the names of those that read ``path`` beside the domain itself."""
    if not path:
        return ()
    users = (reader.user for reader in graph.readers(path) if reader.user.domain != own)
    return tuple(sorted({_told(user) for user in users}))


def _told(user: ImageUser) -> str:
    if not user.snapshot:
        return user.domain_name
    return f"{user.domain_name} (snapshot {user.snapshot})"


def _checkpoints(handle: libvirt.virDomain, unread: Unread) -> tuple[str, ...]:
    def names() -> tuple[str, ...]:
        return tuple(checkpoint.getName() for checkpoint in handle.listAllCheckpoints())

    return unread.ask(names, (), "Which checkpoints there are", _LOOK, is_all=True)


def _size(handle: libvirt.virDomain, target: str) -> int | None:
    if not target:
        return None
    try:
        allocation: int = handle.blockInfo(target)[1]
    except libvirt.libvirtError as error:
        if is_cut(error):
            raise
        return None
    return allocation
