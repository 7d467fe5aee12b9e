"""Moving a machine to another host, watching it, and steering it while it moves.

``migrate`` blocks for as long as the machine moves, on a connection to either host that nothing
else uses meanwhile (CVE-2024-4418); whatever else is asked goes over other connections.
"""

import contextlib
import posixpath
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import libvirt

from vmgui.hypervisor.domains import find
from vmgui.hypervisor.errors import is_gone
from vmgui.hypervisor.states import read_state
from vmgui.hypervisor.volumes import volume_xml
from vmgui.inventory.domain import DomainState
from vmgui.inventory.migration import (
    Compression,
    CopyStorage,
    MigrationSample,
    MigrationSpec,
    Phase,
    Transport,
)

OnRound = Callable[[float, int], object]
"""Gets the monotonic time and the number of each round that begins, on libvirt's event thread."""


@dataclass(frozen=True, slots=True)
class NewVolume:
    """A file that has to be at the destination before a disk is copied into it."""

    path: str
    format: str
    capacity_bytes: int

    @property
    def name(self) -> str:
        """Return its name in the pool."""
        return posixpath.basename(self.path)

    def pool(self, conn: libvirt.virConnect) -> libvirt.virStoragePool:
        """Return libvirt's pool for the folder that it lies in."""
        return conn.storagePoolLookupByTargetPath(posixpath.dirname(self.path))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a machine stands on one host. ``incoming``: it waits for its memory to arrive."""

    state: DomainState
    reason: str
    active: bool
    incoming: bool

    @property
    def runs(self) -> bool:
        """Tell whether this is the machine, and not what is left of it or yet to become it."""
        return self.active and not self.incoming


def flags_of(spec: MigrationSpec, *, unsafe: bool = False) -> int:
    """Return the flags of a migration.

    =============================  ===========================================
    asked for                      flags
    =============================  ===========================================
    live                           LIVE
    not live                       OFFLINE
    persist_destination            PERSIST_DEST
    undefine_source                UNDEFINE_SOURCE
    copy_storage full              NON_SHARED_DISK
    copy_storage incremental       NON_SHARED_INC
    transport p2p                  PEER2PEER
    transport tunnelled            PEER2PEER and TUNNELLED
    live and auto_converge         AUTO_CONVERGE
    live and post_copy             POSTCOPY
    live and parallel_channels     PARALLEL
    live and compression           COMPRESSED
    live and tls                   TLS
    unsafe                         UNSAFE: vmgui saw that both have one file
    =============================  ===========================================

    Of a machine that is off libvirt takes no flag that is about memory.
    """
    live = spec.live
    table = (
        (live, libvirt.VIR_MIGRATE_LIVE),
        (not live, libvirt.VIR_MIGRATE_OFFLINE),
        (spec.persist_destination, libvirt.VIR_MIGRATE_PERSIST_DEST),
        (spec.undefine_source, libvirt.VIR_MIGRATE_UNDEFINE_SOURCE),
        (spec.copy_storage is CopyStorage.FULL, libvirt.VIR_MIGRATE_NON_SHARED_DISK),
        (spec.copy_storage is CopyStorage.INCREMENTAL, libvirt.VIR_MIGRATE_NON_SHARED_INC),
        (spec.transport is not Transport.DIRECT, libvirt.VIR_MIGRATE_PEER2PEER),
        (spec.transport is Transport.TUNNELLED, libvirt.VIR_MIGRATE_TUNNELLED),
        (live and spec.auto_converge, libvirt.VIR_MIGRATE_AUTO_CONVERGE),
        (live and spec.post_copy, libvirt.VIR_MIGRATE_POSTCOPY),
        (live and spec.parallel_channels > 0, libvirt.VIR_MIGRATE_PARALLEL),
        (live and spec.compression is not Compression.NONE, libvirt.VIR_MIGRATE_COMPRESSED),
        (live and spec.tls, libvirt.VIR_MIGRATE_TLS),
        (unsafe, libvirt.VIR_MIGRATE_UNSAFE),
    )
    flags = 0
    for asked, flag in table:
        if asked:
            flags |= flag
    return flags


def parameters_of(spec: MigrationSpec) -> dict[str, Any]:
    """Return libvirt's typed parameters; what was left open isn't among them."""
    live = spec.live
    wanted: dict[str, Any] = {
        libvirt.VIR_MIGRATE_PARAM_URI: spec.migrate_uri or None,
        libvirt.VIR_MIGRATE_PARAM_DEST_NAME: spec.new_name or None,
        libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: spec.bandwidth_mib_s if live else None,
        libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS: list(spec.copy_disks) or None,
        libvirt.VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS: (spec.parallel_channels or None)
        if live
        else None,
        libvirt.VIR_MIGRATE_PARAM_COMPRESSION: spec.compression.value
        if live and spec.compression is not Compression.NONE
        else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def migrate(
    conn: libvirt.virConnect,
    there: libvirt.virConnect,
    uuid: str,
    spec: MigrationSpec,
    unsafe: bool,
    on_round: OnRound,
) -> None:
    """Move a machine, and return when it has arrived; raises libvirtError.

    Peer-to-peer the source's daemon opens its own connection to the destination.
    """
    domain = find(conn, uuid)

    def began(_conn: object, _domain: object, number: int, _data: object) -> None:
        on_round(time.monotonic(), number)

    listener = None
    with contextlib.suppress(libvirt.libvirtError):  # a driver without rounds
        listener = conn.domainEventRegisterAny(
            domain, libvirt.VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, began, None
        )
    flags, parameters = flags_of(spec, unsafe=unsafe), parameters_of(spec)
    try:
        if spec.transport is Transport.DIRECT:
            domain.migrate3(there, parameters, flags)
        else:
            domain.migrateToURI3(spec.destination, parameters, flags)
    finally:
        if listener is not None:
            with contextlib.suppress(libvirt.libvirtError):  # it went with the connection
                conn.domainEventDeregisterAny(listener)


def read_sample(conn: libvirt.virConnect, uuid: str) -> MigrationSample | None:
    """Return how far a machine is on its way; None while it has no job."""
    domain = find(conn, uuid)
    stats = domain.jobStats()
    return sample_of(stats, tuple(domain.state()), time.monotonic())


def read_completed(conn: libvirt.virConnect, uuid: str) -> MigrationSample | None:
    """Return the figures of a migration that has ended, asked of the destination."""
    stats = find(conn, uuid).jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    return sample_of(stats, (0, 0), time.monotonic(), ended=True)


def sample_of(
    stats: dict[str, Any], state: tuple[int, ...], at_monotonic_s: float, *, ended: bool = False
) -> MigrationSample | None:
    """Return libvirt's job statistics as a sample; None where they are of no job.

    =========================  ===========
    the machine at the source  phase
    =========================  ===========
    its job has ended          done
    paused for post-copy       post-copy
    paused for a migration     switch-over
    no memory to send yet      set-up
    anything else              pre-copy
    =========================  ===========
    """
    if stats.get("type", libvirt.VIR_DOMAIN_JOB_NONE) == libvirt.VIR_DOMAIN_JOB_NONE:
        return None
    pages = stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE)
    page = stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, 4096)
    phase = Phase.PRECOPY
    if ended:
        phase = Phase.DONE
    elif state == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY):
        phase = Phase.POSTCOPY
    elif state == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION):
        phase = Phase.SWITCHOVER
    elif not stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_TOTAL):
        phase = Phase.SETUP
    return MigrationSample(
        at_monotonic_s=at_monotonic_s,
        phase=phase,
        round=stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_ITERATION) or None,
        memory_total_bytes=stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_TOTAL),
        memory_processed_bytes=stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_PROCESSED),
        memory_remaining_bytes=stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_REMAINING),
        memory_constant_bytes=_times(stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_CONSTANT), page),
        memory_bps=stats.get(libvirt.VIR_DOMAIN_JOB_MEMORY_BPS),
        dirty_bytes_per_s=_times(pages, page),
        throttle_percent=stats.get(libvirt.VIR_DOMAIN_JOB_AUTO_CONVERGE_THROTTLE),
        downtime_ms=stats.get(libvirt.VIR_DOMAIN_JOB_DOWNTIME),
        disk_total_bytes=stats.get(libvirt.VIR_DOMAIN_JOB_DISK_TOTAL),
        disk_processed_bytes=stats.get(libvirt.VIR_DOMAIN_JOB_DISK_PROCESSED),
        disk_remaining_bytes=stats.get(libvirt.VIR_DOMAIN_JOB_DISK_REMAINING),
        disk_bps=stats.get(libvirt.VIR_DOMAIN_JOB_DISK_BPS),
    )


def set_bandwidth(conn: libvirt.virConnect, uuid: str, mib_s: int) -> None:
    """Limit what a migration may send, in MiB/s; holds for the one that is under way."""
    find(conn, uuid).migrateSetMaxSpeed(mib_s)


def set_downtime(conn: libvirt.virConnect, uuid: str, milliseconds: int) -> None:
    """Set how long the machine may stand still at the end."""
    find(conn, uuid).migrateSetMaxDowntime(milliseconds)


def start_post_copy(conn: libvirt.virConnect, uuid: str) -> None:
    """Let the machine go on at the destination now, which fetches what is missing."""
    find(conn, uuid).migrateStartPostCopy()


def standing(conn: libvirt.virConnect, uuid: str) -> Standing | None:
    """Return how a machine stands on a host; None where the host has none of that UUID."""
    try:
        domain = find(conn, uuid)
        state, reason = domain.state()
        active = bool(domain.isActive())
    except libvirt.libvirtError as error:
        if is_gone(error):
            return None
        raise
    ours, words = read_state(state, reason, is_active=active, is_saved=False)
    waits = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
    return Standing(ours, words, active, (state, reason) == waits)


def make_volumes(conn: libvirt.virConnect, wanted: tuple[NewVolume, ...]) -> tuple[NewVolume, ...]:
    """Make the files that disks are copied into; return those that weren't there before.

    All or none: where one can't be made, those that were are removed again.
    """
    made: list[NewVolume] = []
    try:
        for volume in wanted:
            pool = volume.pool(conn)
            pool.createXML(volume_xml(volume.name, volume.format, volume.capacity_bytes))
            made.append(volume)
    except libvirt.libvirtError:
        remove_volumes(conn, tuple(made))
        raise
    return tuple(made)


def remove_volumes(conn: libvirt.virConnect, made: tuple[NewVolume, ...]) -> None:
    """Remove files that `make_volumes` made for a machine that didn't come."""
    for volume in made:
        with contextlib.suppress(libvirt.libvirtError):  # it stays then, and nobody uses it
            volume.pool(conn).storageVolLookupByName(volume.name).delete()


def _times(number: int | None, by: int) -> int | None:
    return None if number is None else number * by
