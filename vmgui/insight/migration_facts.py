"""What is read of a machine and two hosts before it moves; the checks are made from nothing else.

None always means that it couldn't be read, never that it isn't so.
"""

from dataclasses import dataclass
from enum import StrEnum

from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.migration import MigrationSpec


class CpuFit(StrEnum):
    """libvirt's own verdict on the guest's CPU at the destination (``compareHypervisorCPU``)."""

    SAME = "identical"
    MORE = "superset"
    LACKS = "incompatible"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """A host as one end of a migration.

    ``host_uuid`` is that of the daemon (capabilities). ``memory_promised_bytes`` and
    ``vcpus_promised`` add up the running machines; ``memory_free_bytes`` is what the host could
    give now, its caches included. ``cpu_busy_ratio`` runs from 0 to 1 over all threads.
    ``tls_ready`` tells whether the hypervisor has certificates for migration.
    """

    host: Host
    host_uuid: str = ""
    memory_free_bytes: int | None = None
    memory_promised_bytes: int | None = None
    vcpus_promised: int | None = None
    cpu_busy_ratio: float | None = None
    tls_ready: bool | None = None


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """A disk, and what there is of it at the destination.

    ``device`` is disk, lun, cdrom or floppy; ``source_type`` as in the XML (file, block, network,
    volume, nvme, dir, vhostuser …) and ``source`` what it names, "" for an empty drive.
    ``size_bytes`` is what copying would carry, ``capacity_bytes`` what the guest sees.
    ``shared``: both hosts have the very same storage there (one NFS export, one cluster, a pool
    of the same source), or it is reached over the network anyway. ``there``: a file, device or
    volume of that name is at the destination. ``pool_there``: an active pool has that folder as
    its target, so libvirt can create the file; ``room_there_bytes`` is free in it.
    ``backing_there``: all files below the top one are there.
    """

    target: str
    device: str = "disk"
    source_type: str = "file"
    source: str = ""
    format: str = ""
    cache: str = ""
    read_only: bool = False
    shareable: bool = False
    transient: bool = False
    startup_policy: str = ""
    size_bytes: int | None = None
    capacity_bytes: int | None = None
    has_backing: bool = False
    shared: bool | None = None
    there: bool | None = None
    pool_there: bool | None = None
    room_there_bytes: int | None = None
    backing_there: bool | None = None


@dataclass(frozen=True, slots=True)
class NeedFacts:
    """A network, bridge, filter or host interface that the machine names.

    ``kind`` is network, bridge, filter, device (macvtap) or another word of the XML, ``name`` its
    name at the source. ``active_there`` counts for networks.
    """

    kind: str
    name: str
    there: bool | None = None
    active_there: bool | None = None


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A device that ties a machine to its host.

    ``kind`` is pci, usb, scsi, mdev, vdpa, shmem, virtiofs or 9p; ``name`` its address or tag.
    ``moves``: libvirt can move it (a VFIO device with migration support, a shmem of role master);
    None where only the hypervisor knows.
    """

    kind: str
    name: str
    moves: bool | None = False


@dataclass(frozen=True, slots=True)
class CpuFacts:
    """The guest's CPU. ``mode`` and ``model`` are of its XML; ``fit`` is None where not compared.

    ``lacks`` are the features that the guest has and the destination hasn't, ``differs`` what is
    different but no obstacle (a microcode version). ``invtsc_unset``: it has the feature invtsc
    without a fixed TSC frequency, which QEMU doesn't move.
    """

    mode: str = ""
    model: str = ""
    fit: CpuFit | None = None
    lacks: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    error: str = ""
    invtsc_unset: bool = False


@dataclass(frozen=True, slots=True)
class FirmwareFacts:
    """Firmware image, variable store and TPM of the machine; "" where it has none.

    ``loader_there`` tells whether the destination has that image. ``nvram_shared`` and
    ``tpm_shared``: their state lies on storage that both have; libvirt carries what is local.
    ``tpm`` is emulator, passthrough or external; ``tpm_there`` whether the destination offers it.
    """

    loader: str = ""
    loader_there: bool | None = None
    nvram: str = ""
    nvram_shared: bool | None = None
    tpm: str = ""
    tpm_there: bool | None = None
    tpm_shared: bool | None = None


@dataclass(frozen=True, slots=True)
class MigrationFacts:
    """All that the checks of one machine against one destination are made from.

    ``destination`` is None where that host isn't connected and nothing of it is known but its
    URI in ``spec``. ``guest_types_there`` are domain types ("kvm"), ``machine_types_there`` those
    of the machine's processor. ``other_job`` names the job that runs on the machine ("backup"),
    "" for none. ``blockers`` are QEMU's own reasons, where it was asked. ``name_taken_there``:
    another machine has the name that it will have. ``uuid_state_there`` is "" where the UUID
    isn't used there, "off" for a definition of its own from before, which is taken over, else the
    state of what runs. ``snapshots`` and ``checkpoints`` count. ``ports_open``: the source
    reaches the migration ports of the destination. ``destination_hostname_resolves``: the source
    finds it by its name. ``clock_apart_s`` is how far the hosts' clocks are apart, ``latency_s``
    the way to the destination. ``copies_offline``: disks of a machine that is off are copied by
    vmgui itself. ``unread`` names in a sentence each thing that couldn't be read.
    """

    domain: Domain
    source: HostFacts
    destination: HostFacts | None
    spec: MigrationSpec
    cpu: CpuFacts = CpuFacts()
    firmware: FirmwareFacts = FirmwareFacts()
    disks: tuple[DiskFacts, ...] = ()
    needs: tuple[NeedFacts, ...] = ()
    devices: tuple[DeviceFacts, ...] = ()
    guest_types_there: frozenset[str] | None = None
    machine_types_there: frozenset[str] | None = None
    other_job: str | None = None
    blockers: tuple[str, ...] | None = None
    name_taken_there: bool | None = None
    uuid_state_there: str | None = None
    snapshots: int | None = None
    checkpoints: int | None = None
    ports_open: bool | None = None
    destination_hostname_resolves: bool | None = None
    clock_apart_s: float | None = None
    latency_s: float | None = None
    copies_offline: bool = False
    unread: tuple[str, ...] = ()
