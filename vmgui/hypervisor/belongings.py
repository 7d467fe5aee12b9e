"""What belongs to a domain: its files, who else uses them, and what libvirt keeps of it.

Read before a domain is deleted, in one long call: it looks through every domain, every snapshot
and every volume of the host, since a file may be the disk of another machine, or the base of its
disk. What can't be read counts as a possible user, never as none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import libvirt
from lxml import etree

from vmgui.hypervisor.errors import is_cut
from vmgui.hypervisor.stores import Stores, Unread, id_of_path
from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.hypervisor.xml.sources import DiskChain, read_chains, read_paths
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.key import Key, domain_key

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
    domain = read_domain_xml(xml, Domain(domain_key(uri, uuid), "", DomainState.UNKNOWN))
    unread = Unread()
    snapshots = _read_snapshots(handle, unread)
    stores = Stores(conn, uri, unread)
    chains = tuple(read_chains(root))
    users = _Users(stores, unread)
    users.learn(chains)
    _look_at_others(conn, uuid, users, unread)
    users_of = users.by_id()
    nvram_path = domain.nvram_path
    return Belongings(
        active=active,
        persistent=persistent,
        files=tuple(
            _file(handle, found, stores, users_of.get(found.id, set()))
            for found in _files(chains, snapshots.files, stores)
        ),
        nvram_path=nvram_path,
        has_tpm_state=root.find("devices/tpm/backend[@type='emulator']") is not None,
        has_managed_save=bool(
            unread.ask(handle.hasManagedSaveImage, 0, "Whether memory is saved", _LOOK, is_all=True)
        ),
        snapshots=tuple(snapshots.internal),
        external_snapshots=tuple(snapshots.external),
        checkpoints=_checkpoints(handle, unread),
        nvram_users=(tuple(sorted(users_of.get(id_of_path(nvram_path), ()))) if nvram_path else ()),
        unread=unread.sentences,
        idle_pools=tuple(stores.idle),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A file of the domain by its id, before it is known who else uses it."""

    id: str
    role: FileRole
    name: str = ""
    target: str = ""
    read_only: bool = False


def _files(
    chains: tuple[DiskChain, ...], snapshot_files: dict[str, FileRole], stores: Stores
) -> Iterator[_Found]:
    seen: set[str] = set()
    for chain in chains:
        top = chain.sources[0]
        names = {stores.id_of(source): source.name for source in chain.sources}
        # A machine that is off does not tell its chain; the volumes do.
        for id_ in stores.below([stores.id_of(top)]):
            if id_ in seen:
                continue
            seen.add(id_)
            name = names.get(id_, "")
            if chain.device not in {"disk", "lun"}:
                yield _Found(id_, FileRole.MEDIUM, name, chain.target, chain.read_only)
            elif id_ == stores.id_of(top):
                yield _Found(id_, FileRole.DISK, name, chain.target, chain.read_only)
            else:
                yield _Found(id_, FileRole.BASE, name)
    for path, role in snapshot_files.items():
        if id_of_path(path) not in seen:
            yield _Found(id_of_path(path), role, path)


def _file(
    handle: libvirt.virDomain, found: _Found, stores: Stores, users: set[str]
) -> BelongingFile:
    volume, pool = stores.volume(found.id), stores.pool(found.id)
    size = _size(handle, found.target) if volume is None else volume.allocation_bytes
    return BelongingFile(
        path=_path(found) if volume is None else volume.path,
        role=found.role,
        target=found.target,
        pool=None if pool is None else pool.key,
        pool_kind="" if pool is None else pool.kind,
        size_bytes=size,
        read_only=found.read_only,
        users=tuple(sorted(users)),
        upper=stores.upper(found.id),
    )


def _path(found: _Found) -> str:
    return found.id if found.id.startswith("/") else found.name or found.id.partition(":")[2]


class _Users:
    """Which other machines use what, now, at their next start, or in a snapshot."""

    def __init__(self, stores: Stores, unread: Unread) -> None:
        self._stores = stores
        self._unread = unread
        self._named: dict[str, set[str]] = {}
        self._chains: list[tuple[str, DiskChain]] = []

    def learn(self, chains: tuple[DiskChain, ...]) -> None:
        """Take over what lies on what."""
        for chain in chains:
            self._stores.learn(chain)

    def take(self, name: str, root: etree._Element) -> None:
        """Note what the XML of ``name`` uses."""
        chains = tuple(read_chains(root))
        self.learn(chains)
        self._chains += [(name, chain) for chain in chains]
        ids = self._named.setdefault(name, set())
        ids.update(id_of_path(path) for path in read_paths(root))
        ids.update(self._stores.id_of(source) for chain in chains for source in chain.sources)

    def by_id(self) -> dict[str, set[str]]:
        """Return the names of those that use each id, once all are noted."""
        for name, chain in self._chains:
            if not self._stores.is_known(chain):
                self._unread.add(
                    f"What {chain.sources[0].name} of {name} is built on",
                    "no active storage pool holds it",
                    "Start its pool or make one of its folder, then try again.",
                )
        users: dict[str, set[str]] = {}
        for name, ids in self._named.items():
            for id_ in self._stores.below(sorted(ids)):
                users.setdefault(id_, set()).add(name)
        return users


def _look_at_others(conn: libvirt.virConnect, uuid: str, users: _Users, unread: Unread) -> None:
    for handle in conn.listAllDomains():
        if handle.UUIDString() == uuid:
            continue
        name = handle.name()
        for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
            root = unread.ask(
                partial(_root, handle.XMLDesc, flags, "domain"),
                None, f"What {name} uses", _LOOK,
            )  # fmt: skip
            if root is not None:
                users.take(name, root)
        for snapshot, root in _snapshot_roots(handle, name, unread):
            users.take(f"{name} (snapshot {snapshot})", root)


@dataclass(slots=True)
class _Snapshots:
    """The domain's own: names of internal and of external ones, and the files of the latter."""

    internal: list[str]
    external: list[str]
    files: dict[str, FileRole]


def _read_snapshots(handle: libvirt.virDomain, unread: Unread) -> _Snapshots:
    found = _Snapshots([], [], {})
    for name, root in _snapshot_roots(handle, handle.name(), unread):
        own: dict[str, FileRole] = {}
        for source in root.iterfind("disks/disk[@snapshot='external']/source"):
            own[source.get("file") or source.get("dev") or ""] = FileRole.SNAPSHOT_DISK
        for memory in root.iterfind("memory[@snapshot='external']"):
            own[memory.get("file", "")] = FileRole.SNAPSHOT_MEMORY
        (found.external if own else found.internal).append(name)
        found.files |= {path: role for path, role in own.items() if path}
    return found


def _snapshot_roots(
    handle: libvirt.virDomain, of: str, unread: Unread
) -> Iterator[tuple[str, etree._Element]]:
    what = f"What the snapshots of {of} use"
    none: list[libvirt.virDomainSnapshot] = []
    for snapshot in unread.ask(handle.listAllSnapshots, none, what, _LOOK, is_all=True):
        root = unread.ask(
            partial(_root, snapshot.getXMLDesc, 0, "domainsnapshot"),
            None, what, _LOOK,
        )  # fmt: skip
        if root is not None:
            yield snapshot.getName(), root


def _root(read: Callable[[int], str], flags: int, name: str) -> etree._Element:
    return parse(read(flags), name)


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
