"""What belongs to a domain: its files, who else uses them, and what libvirt keeps of it.

Read before a domain is deleted, in one long call: it looks through every domain and every
volume of the host, since a file may be the disk of another machine, or the base of its disk.
"""

import contextlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import libvirt

from vmgui.hypervisor.errors import UnreadableXml
from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.hypervisor.xml.storage import read_volume_xml
from vmgui.inventory.domain import Disk, Domain, DomainState
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.storage import Volume


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

    ``pool`` is the key of the pool that holds it, None where no active pool of the host does;
    ``size_bytes`` is what it takes on the disk, None where that is not known. ``users`` are the
    names of other domains that use it; ``upper`` the paths of volumes that are built on it.
    """

    path: str
    role: FileRole
    target: str = ""
    pool: Key | None = None
    size_bytes: int | None = None
    read_only: bool = False
    users: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Belongings:
    """What belongs to a domain. ``snapshots`` names those whose data lie inside its disks."""

    active: bool
    persistent: bool
    files: tuple[BelongingFile, ...] = ()
    nvram_path: str = ""
    has_tpm_state: bool = False
    has_managed_save: bool = False
    snapshots: tuple[str, ...] = ()
    external_snapshots: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()


def read_belongings(conn: libvirt.virConnect, uuid: str, uri: str) -> Belongings:
    """Return what belongs to a domain; raises libvirtError where it is not there."""
    handle = conn.lookupByUUIDString(uuid)
    active, persistent = bool(handle.isActive()), bool(handle.isPersistent())
    xml = handle.XMLDesc()
    domain = read_domain_xml(xml, _unknown(uri, uuid))
    internal, external, snapshot_files = _read_snapshots(handle)
    stores = _Stores(conn, uri)
    found = list(_files(domain, stores))
    known = {file.path for file in found}
    found += [stores.file(path, role) for path, role in snapshot_files.items() if path not in known]
    users = _users(conn, uri, uuid, stores)
    return Belongings(
        active=active,
        persistent=persistent,
        files=tuple(
            BelongingFile(
                file.path,
                file.role,
                file.target,
                file.pool,
                file.size_bytes if file.size_bytes is not None else _size(handle, file),
                file.read_only,
                users=tuple(sorted(users.get(file.path, ()))),
                upper=stores.upper(file.path),
            )
            for file in found
        ),
        nvram_path=domain.nvram_path,
        has_tpm_state=parse(xml, "domain").find("devices/tpm/backend[@type='emulator']")
        is not None,
        has_managed_save=_ask_bool(handle.hasManagedSaveImage),
        snapshots=internal,
        external_snapshots=external,
        checkpoints=_checkpoints(handle),
    )


class _Stores:
    """The volumes of the host's active pools, as of now."""

    def __init__(self, conn: libvirt.virConnect, uri: str) -> None:
        self._volumes: dict[str, Volume] = {}
        self._by_name: dict[str, str] = {}
        self._pools: dict[str, Key] = {}
        self._upper: dict[str, list[str]] = {}
        for pool in _active_pools(conn):
            key = Key(uri, "pool", pool.UUIDString())
            with contextlib.suppress(libvirt.libvirtError):
                # A file that was made behind libvirt's back may be built on one of ours.
                pool.refresh(0)
            for volume in _volumes(pool, key):
                self._volumes[volume.path] = volume
                self._pools[volume.path] = key
                self._by_name[f"{pool.name()}/{volume.name}"] = volume.path
                if volume.backing_path:
                    self._upper.setdefault(_plain(volume.backing_path), []).append(volume.path)

    def path(self, source: str) -> str:
        """Return the path of a disk's source, which may be ``POOL/VOLUME``."""
        return self._by_name.get(source, _plain(source))

    def backing(self, path: str) -> str:
        """Return what the volume of ``path`` is built on, "" for nothing that is known."""
        volume = self._volumes.get(path)
        return _plain(volume.backing_path) if volume is not None and volume.backing_path else ""

    def upper(self, path: str) -> tuple[str, ...]:
        """Return the volumes that are built on ``path``."""
        return tuple(self._upper.get(path, ()))

    def file(self, path: str, role: FileRole, disk: Disk | None = None) -> BelongingFile:
        """Return what is known of ``path``."""
        volume = self._volumes.get(path)
        return BelongingFile(
            path,
            role,
            target=disk.target if disk is not None else "",
            pool=self._pools.get(path),
            size_bytes=volume.allocation_bytes if volume is not None else None,
            read_only=disk is not None and disk.read_only,
        )

    def chain(self, disk: Disk) -> list[str]:
        """Return the paths that ``disk`` reads from, its own first."""
        paths: list[str] = []
        waiting = [self.path(source) for source in (disk.source, *disk.backing) if source]
        while waiting:
            path = waiting.pop(0)
            if path in paths:
                continue
            paths.append(path)
            # A machine that is off does not tell its chain; the volumes do.
            if below := self.backing(path):
                waiting.append(below)
        return paths


def _files(domain: Domain, stores: _Stores) -> Iterator[BelongingFile]:
    seen: set[str] = set()
    for disk in domain.disks:
        for depth, path in enumerate(stores.chain(disk)):
            if path in seen:
                continue
            seen.add(path)
            if disk.device not in {"disk", "lun"}:
                yield stores.file(path, FileRole.MEDIUM, disk)
            elif depth == 0:
                yield stores.file(path, FileRole.DISK, disk)
            else:
                yield stores.file(path, FileRole.BASE)


def _users(conn: libvirt.virConnect, uri: str, uuid: str, stores: _Stores) -> dict[str, set[str]]:
    """Return which other domains use a path, now or at their next start."""
    users: dict[str, set[str]] = {}
    for handle in conn.listAllDomains():
        if handle.UUIDString() == uuid:
            continue
        for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
            try:
                domain = read_domain_xml(handle.XMLDesc(flags), _unknown(uri, uuid))
            except (libvirt.libvirtError, UnreadableXml):
                continue  # it went meanwhile, or nobody can say what it uses
            paths = {path for disk in domain.disks for path in stores.chain(disk)}
            for path in filter(None, (*paths, domain.nvram_path)):
                users.setdefault(path, set()).add(domain.name)
    return users


def _read_snapshots(
    handle: libvirt.virDomain,
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, FileRole]]:
    """Return the names of internal and of external snapshots, and the files of the latter."""
    try:
        snapshots = handle.listAllSnapshots()
    except libvirt.libvirtError:
        return (), (), {}  # this driver has none
    internal: list[str] = []
    external: list[str] = []
    files: dict[str, FileRole] = {}
    for snapshot in snapshots:
        root = parse(snapshot.getXMLDesc(), "domainsnapshot")
        own: dict[str, FileRole] = {}
        for source in root.iterfind("disks/disk[@snapshot='external']/source"):
            own[source.get("file") or source.get("dev") or ""] = FileRole.SNAPSHOT_DISK
        for memory in root.iterfind("memory[@snapshot='external']"):
            own[memory.get("file", "")] = FileRole.SNAPSHOT_MEMORY
        (external if own else internal).append(snapshot.getName())
        files |= {_plain(path): role for path, role in own.items() if path}
    return tuple(internal), tuple(external), files


def _checkpoints(handle: libvirt.virDomain) -> tuple[str, ...]:
    try:
        return tuple(checkpoint.getName() for checkpoint in handle.listAllCheckpoints())
    except libvirt.libvirtError:
        return ()  # this driver has none


def _active_pools(conn: libvirt.virConnect) -> list[libvirt.virStoragePool]:
    try:
        pools: list[libvirt.virStoragePool] = conn.listAllStoragePools(
            libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE
        )
    except libvirt.libvirtError:
        return []  # this driver has no storage
    return pools


def _volumes(pool: libvirt.virStoragePool, key: Key) -> Iterator[Volume]:
    try:
        handles = pool.listAllVolumes()
    except libvirt.libvirtError:
        return  # it was stopped meanwhile
    for handle in handles:
        # One that went meanwhile, or that can't be read, is nobody's to delete.
        with contextlib.suppress(libvirt.libvirtError, UnreadableXml):
            name = handle.name()
            known = Volume(Key(key.host, "volume", f"{key.id}/{name}"), name)
            yield read_volume_xml(handle.XMLDesc(), known)


def _size(handle: libvirt.virDomain, file: BelongingFile) -> int | None:
    if not file.target:
        return None
    try:
        allocation: int = handle.blockInfo(file.target)[1]
    except libvirt.libvirtError:
        return None
    return allocation


def _ask_bool(call: object) -> bool:
    assert callable(call)
    try:
        return bool(call())
    except libvirt.libvirtError:
        return False


def _unknown(uri: str, uuid: str) -> Domain:
    return Domain(domain_key(uri, uuid), "", DomainState.UNKNOWN)


def _plain(path: str) -> str:
    return posixpath.normpath(path) if path else ""
