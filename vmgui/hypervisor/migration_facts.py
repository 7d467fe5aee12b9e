"""Reading what the checks of a migration are made from: one long call a host.

Nothing here changes a host, but for a look of libvirt into pools whose folders are concerned.
What can't be read is left at None, and told in ``unread`` where that matters.
"""

import contextlib
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import libvirt
from lxml import etree

from vmgui.hypervisor.domains import find
from vmgui.hypervisor.errors import UnreadableXml, is_cut, is_gone
from vmgui.hypervisor.states import read_state
from vmgui.hypervisor.xml.document import parse, size_bytes
from vmgui.hypervisor.xml.migration import Needs, read_needs
from vmgui.insight.migration_facts import CpuFacts, CpuFit, DiskFacts, FirmwareFacts, NeedFacts

T = TypeVar("T")

_KIB = 1024
_LOOKED_THROUGH = ("dir", "fs", "netfs")
_SAME_AFTER_ALL_S = 300.0
"""Files whose times are nearer than this may be one that a host sees late."""

_JOBS = {
    libvirt.VIR_DOMAIN_JOB_OPERATION_START: "start",
    libvirt.VIR_DOMAIN_JOB_OPERATION_SAVE: "save",
    libvirt.VIR_DOMAIN_JOB_OPERATION_RESTORE: "restore",
    libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN: "migration",
    libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT: "migration",
    libvirt.VIR_DOMAIN_JOB_OPERATION_SNAPSHOT: "snapshot",
    libvirt.VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT: "revert",
    libvirt.VIR_DOMAIN_JOB_OPERATION_DUMP: "dump",
    libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP: "backup",
}


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A volume as one host sees it.

    ``changed`` is when its inode last changed, as libvirt writes it: a time that no copying
    tool can set. ``pool_source`` is what a network file system's pool mounts, "" for others;
    ``pool`` its UUID, and ``room_bytes`` what is free there.
    """

    pool: str
    pool_type: str
    pool_source: str
    room_bytes: int | None
    changed: str = ""
    capacity_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class SourceRead:
    """What was read at the source."""

    needs: Needs
    host_uuid: str
    memory_free_bytes: int | None
    files: dict[str, SeenFile]
    other_job: str | None
    snapshots: int | None
    checkpoints: int | None


@dataclass(frozen=True, slots=True)
class DestinationRead:
    """What was read at the destination; ``pools`` are by the folder that they are for."""

    host_uuid: str
    memory_free_bytes: int | None
    cpu: CpuFacts
    firmware: FirmwareFacts
    needs: tuple[NeedFacts, ...]
    files: dict[str, SeenFile]
    pools: dict[str, SeenFile]
    pools_known: bool
    guest_types: frozenset[str] | None
    machine_types: frozenset[str] | None
    name_taken: bool | None
    uuid_state: str | None


def read_source(conn: libvirt.virConnect, uuid: str) -> SourceRead:
    """Return what the source knows of a machine; raises libvirtError and UnreadableXml."""
    domain = find(conn, uuid)
    active = bool(domain.isActive())
    # What would be sent: for a running machine with the CPU that it really has.
    flags = libvirt.VIR_DOMAIN_XML_MIGRATABLE if active else libvirt.VIR_DOMAIN_XML_INACTIVE
    needs = read_needs(domain.XMLDesc(flags))
    disks = tuple(_measured(domain, disk) for disk in needs.disks)
    root = _capabilities(conn)
    return SourceRead(
        needs=replace(needs, disks=disks),
        host_uuid=root.findtext("host/uuid", "") if root is not None else "",
        memory_free_bytes=_memory_free(conn),
        files=_files(conn, disks)[0],
        other_job=_told(lambda: _job(domain)) if active else "",
        snapshots=_told(domain.snapshotNum),
        checkpoints=_told(lambda: len(domain.listAllCheckpoints())),
    )


def read_destination(
    conn: libvirt.virConnect, needs: Needs, uuid: str, name: str, live: bool
) -> DestinationRead:
    """Return what the destination has of what a machine needs; raises libvirtError where cut."""
    root = _capabilities(conn)
    guest = _guest(root, needs)
    files, pools = _files(conn, needs.disks)
    return DestinationRead(
        host_uuid=root.findtext("host/uuid", "") if root is not None else "",
        memory_free_bytes=_memory_free(conn),
        cpu=_compare(conn, needs) if live else needs.cpu,
        firmware=_firmware(conn, needs),
        needs=tuple(_need(conn, need) for need in needs.needs),
        files=files,
        pools=pools if pools is not None else {},
        pools_known=pools is not None,
        guest_types=_guest_types(guest),
        machine_types=_machine_types(guest, needs.virt_type),
        name_taken=_told(lambda: _is_taken(conn, name, uuid)),
        uuid_state=_told(lambda: _uuid_state(conn, uuid)),
    )


def read_again(conn: libvirt.virConnect, disks: tuple[DiskFacts, ...]) -> dict[str, SeenFile]:
    """Return the files of disks as a host sees them now."""
    return _files(conn, disks)[0]


def compared(
    disk: DiskFacts, before: SourceRead, after: dict[str, SeenFile], there: DestinationRead
) -> DiskFacts:
    """Return a disk with what the two hosts say of it.

    ==========================================  =======
    the file                                    shared
    ==========================================  =======
    both pools mount the same network source    yes
    it isn't there                              no
    the same size and time of change            yes
    unchanged here, another size there          no
    unchanged here, another time by far there   no
    anything else                               unknown
    ==========================================  =======

    It was looked at here ``before`` and ``after``, since a running guest writes.
    """
    if disk.source_type not in ("file", "block") or not disk.source:
        return disk
    seen, here, later = there.files.get(disk.source), before.files.get(disk.source), after
    now = later.get(disk.source)
    pool = there.pools.get(posixpath.dirname(disk.source))
    known = there.pools_known and pool is not None
    shared = _is_same(here, now, seen, pool if known else None)
    return replace(
        disk,
        shared=shared,
        there=True if seen is not None else (False if known else None),
        pool_there=pool is not None if there.pools_known else None,
        room_there_bytes=pool.room_bytes if pool is not None else None,
        backing_there=None,
    )


def _is_same(  # noqa: PLR0911  a truth table, a row each
    before: SeenFile | None,
    after: SeenFile | None,
    there: SeenFile | None,
    pool: SeenFile | None,
) -> bool | None:
    mounted = before.pool_source if before is not None else ""
    if mounted and pool is not None and mounted == pool.pool_source:
        return True
    if there is None:
        return False if pool is not None else None
    if before is None or after is None or not there.changed:
        return None
    if there.changed in (before.changed, after.changed):
        return True
    if before.changed != after.changed:
        return None
    if there.capacity_bytes != before.capacity_bytes:
        return False
    apart_s = abs(float(there.changed) - float(before.changed))
    return False if apart_s > _SAME_AFTER_ALL_S else None


def _told(call: Callable[[], T]) -> T | None:
    """Return what ``call`` gives, None where the driver doesn't tell; raises where it is cut."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if is_cut(error):
            raise
        return None


def _capabilities(conn: libvirt.virConnect) -> etree._Element | None:
    xml = _told(conn.getCapabilities)
    with contextlib.suppress(UnreadableXml):
        return parse(xml, "capabilities") if xml else None
    return None


def _memory_free(conn: libvirt.virConnect) -> int | None:
    stats = _told(lambda: conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS))
    if not stats or "free" not in stats:
        return None
    free: int = stats["free"] + stats.get("cached", 0) + stats.get("buffers", 0)
    return _KIB * free


def _measured(domain: libvirt.virDomain, disk: DiskFacts) -> DiskFacts:
    if not disk.source:
        return disk
    info = _told(lambda: domain.blockInfo(disk.target))
    if info is None:
        return disk
    capacity, allocation, _ = info
    return replace(disk, size_bytes=allocation, capacity_bytes=capacity)


def _job(domain: libvirt.virDomain) -> str:
    stats = domain.jobStats()
    if stats.get("type", libvirt.VIR_DOMAIN_JOB_NONE) == libvirt.VIR_DOMAIN_JOB_NONE:
        return ""
    return _JOBS.get(stats.get(libvirt.VIR_DOMAIN_JOB_OPERATION, 0), "another job")


def _files(
    conn: libvirt.virConnect, disks: tuple[DiskFacts, ...]
) -> tuple[dict[str, SeenFile], dict[str, SeenFile] | None]:
    """Return the files of the disks, and the pools by folder; None where pools aren't told."""
    paths = {each.source for each in disks if each.source.startswith("/")}
    folders = {posixpath.dirname(path) for path in paths}
    handles = _told(lambda: conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE))
    if handles is None:
        return {}, None
    pools: dict[str, SeenFile] = {}
    for handle in handles:
        xml = _told(handle.XMLDesc)
        if xml is None:
            continue
        root = parse(xml, "pool")
        folder = posixpath.normpath(root.findtext("target/path", "/"))
        if folder in folders and root.get("type") in _LOOKED_THROUGH:
            _told(lambda pool=handle: pool.refresh(0))  # type: ignore[misc]  # a loop's own value
            pools[folder] = _seen_pool(root)
    files = {}
    for path in paths:
        volume = _told(lambda path=path: conn.storageVolLookupByPath(path))  # type: ignore[misc]
        if volume is None:
            continue
        pool = pools.get(posixpath.dirname(path), SeenFile("", "", "", None))
        xml = _told(volume.XMLDesc)
        if xml is not None:
            root = parse(xml, "volume")
            files[path] = replace(
                pool,
                changed=root.findtext("target/timestamps/ctime", ""),
                capacity_bytes=size_bytes(root.find("capacity")),
            )
    return files, pools


def _seen_pool(root: etree._Element) -> SeenFile:
    source = ""
    if root.get("type") == "netfs":
        host, folder = root.find("source/host"), root.find("source/dir")
        if host is not None and folder is not None:
            source = f"{host.get('name', '')}:{folder.get('path', '')}"
    kind = root.get("type", "")
    room = size_bytes(root.find("available"))
    return SeenFile(root.findtext("uuid", ""), kind, source, room)


def _guest(root: etree._Element | None, needs: Needs) -> etree._Element | None:
    if root is None:
        return None
    return next(
        (
            arch
            for arch in root.iterfind("guest/arch")
            if arch.get("name") == needs.arch or not needs.arch
        ),
        None,
    )


def _guest_types(arch: etree._Element | None) -> frozenset[str] | None:
    return None if arch is None else frozenset(each.get("type", "") for each in arch.iter("domain"))


def _machine_types(arch: etree._Element | None, virt_type: str) -> frozenset[str] | None:
    if arch is None:
        return None
    own = [each for each in arch.iterfind("domain") if each.get("type") == virt_type]
    places = [*own, arch]
    names = {each.text or "" for place in places for each in place.iterfind("machine")}
    names |= {each.get("canonical", "") for place in places for each in place.iterfind("machine")}
    return frozenset(filter(None, names)) or None


def _compare(conn: libvirt.virConnect, needs: Needs) -> CpuFacts:
    if not needs.cpu_xml:
        return replace(needs.cpu, error="its description names no CPU")

    def compare(flags: int) -> int:
        verdict: int = conn.compareHypervisorCPU(
            needs.emulator or None,
            needs.arch,
            needs.machine,
            needs.virt_type,
            needs.cpu_xml,
            flags,
        )
        return verdict

    try:
        found = compare(0)
        fits = {
            libvirt.VIR_CPU_COMPARE_IDENTICAL: CpuFit.SAME,
            libvirt.VIR_CPU_COMPARE_SUPERSET: CpuFit.MORE,
            libvirt.VIR_CPU_COMPARE_INCOMPATIBLE: CpuFit.LACKS,
        }
        fit = fits.get(found)
        if fit is not CpuFit.LACKS:
            return replace(needs.cpu, fit=fit)
        compare(libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE)
    except libvirt.libvirtError as error:
        if is_cut(error):
            raise
        text = error.get_error_message() or str(error)
        if error.get_error_code() != libvirt.VIR_ERR_CPU_INCOMPATIBLE:
            return replace(needs.cpu, error=text)
        named = text.rpartition("features: ")[2] if "features: " in text else ""
        lacks = tuple(filter(None, (each.strip() for each in named.split(","))))
        return replace(needs.cpu, fit=CpuFit.LACKS, lacks=lacks, error=text)
    return replace(needs.cpu, fit=CpuFit.LACKS)


def _firmware(conn: libvirt.virConnect, needs: Needs) -> FirmwareFacts:
    facts = needs.firmware
    if not facts.loader and not facts.tpm:
        return facts
    xml = _told(
        lambda: conn.getDomainCapabilities(
            needs.emulator or None, needs.arch, needs.machine, needs.virt_type, 0
        )
    )
    if xml is None:
        return facts
    root = parse(xml, "domainCapabilities")
    loaders = {each.text for each in root.iterfind("os/loader/value")}
    backends = {each.text for each in root.iterfind("devices/tpm/enum[@name='backendModel']/value")}
    return replace(
        facts,
        # Firmware that libvirt doesn't list may be there all the same.
        loader_there=(facts.loader in loaders or None) if facts.loader else None,
        tpm_there=facts.tpm in backends if facts.tpm else None,
    )


def _need(conn: libvirt.virConnect, need: NeedFacts) -> NeedFacts:
    lookups: dict[str, Callable[[str], object]] = {
        "network": conn.networkLookupByName,
        "bridge": conn.interfaceLookupByName,
        "device": conn.interfaceLookupByName,
        "filter": conn.nwfilterLookupByName,
    }
    try:
        found = lookups[need.kind](need.name)
    except libvirt.libvirtError as error:
        if is_cut(error):
            raise
        there = False if is_gone(error) or _is_missing(error) else None
        return replace(need, there=there)
    active = bool(found.isActive()) if isinstance(found, libvirt.virNetwork) else None
    return replace(need, there=True, active_there=active)


def _is_missing(error: libvirt.libvirtError) -> bool:
    return error.get_error_code() in (
        libvirt.VIR_ERR_NO_NWFILTER,
        libvirt.VIR_ERR_NO_INTERFACE,
    )


def _is_taken(conn: libvirt.virConnect, name: str, uuid: str) -> bool:
    try:
        other: str = conn.lookupByName(name).UUIDString()
    except libvirt.libvirtError as error:
        if is_gone(error):
            return False
        raise
    return other != uuid


def _uuid_state(conn: libvirt.virConnect, uuid: str) -> str:
    try:
        domain = find(conn, uuid)
        state, reason = domain.state()
    except libvirt.libvirtError as error:
        if is_gone(error):
            return ""
        raise
    is_saved = bool(_told(domain.hasManagedSaveImage))
    words, _ = read_state(state, reason, is_active=bool(domain.isActive()), is_saved=is_saved)
    return words.value
