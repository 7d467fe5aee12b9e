"""Virtual machines as libvirt describes them."""

from dataclasses import dataclass
from enum import StrEnum

from vmgui.inventory.key import Key

METADATA_URI = "https://vmgui.org/xmlns/domain/1"
"""The XML namespace of what vmgui keeps in a domain's metadata (its tags)."""

ORIGIN_URI = "https://vmgui.org/xmlns/origin/1"
"""The XML namespace of whether a domain is a template, and whose linked clone it is.

One of its own, since libvirt keeps one element for each namespace.
"""


class DomainState(StrEnum):
    """What a machine is doing, in the words that are shown."""

    RUNNING = "running"
    PAUSED = "paused"
    SHUTTING_DOWN = "shutting down"
    OFF = "off"
    SAVED = "saved"
    CRASHED = "crashed"
    SLEEPING = "sleeping"
    MIGRATING = "migrating"
    UNKNOWN = "unknown"

    @property
    def is_active(self) -> bool:
        """Tell whether a hypervisor process stands behind the machine."""
        return self in _ACTIVE


_ACTIVE = frozenset(
    {
        DomainState.RUNNING,
        DomainState.PAUSED,
        DomainState.SHUTTING_DOWN,
        DomainState.SLEEPING,
        DomainState.MIGRATING,
    }
)


class AgentState(StrEnum):
    """Whether the guest agent answers."""

    NONE = "none"  # no channel for it in the definition
    DISCONNECTED = "disconnected"
    CONNECTED = "connected"


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk, CD-ROM or floppy of a domain.

    ``source`` is a path, ``POOL/VOLUME`` or the name of a network disk; ``backing`` the files
    below it, the nearest first, as far as the XML tells.
    """

    target: str
    device: str = "disk"
    bus: str = ""
    source_type: str = "file"
    source: str = ""
    format: str = ""
    read_only: bool = False
    shareable: bool = False
    backing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of a domain; ``source`` is the network, bridge or device it is on.

    ``addresses`` are the IP addresses that a running guest was given there, as far as libvirt's
    own DHCP server gave them.
    """

    mac: str
    kind: str = "network"
    source: str = ""
    model: str = ""
    target: str = ""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Screen:
    """A graphical console: ``kind`` is vnc, spice or another protocol."""

    kind: str
    address: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """A virtual machine, as last read from its host.

    ``read_fully`` is false while only name and state are known and the XML is still to come.
    ``state_since_s`` is wall time (seconds since the epoch) of the last change of state that
    vmgui saw, or None where the machine was in that state already when it was first seen.
    ``hangs`` is what polling found: its hypervisor process doesn't answer, so that it is left out
    of the figures until it does.
    ``clone_of`` is the UUID of the machine whose linked clone it is, "" for none, and
    ``clone_of_name`` what that was called then. ``is_template``: linked clones may read its disks,
    so that it must not change.
    ``host_devices`` has the kind ("pci", "usb", "mdev") of each device of the host that is passed
    through.
    """

    key: Key
    name: str
    state: DomainState
    state_reason: str = ""
    run_id: int | None = None
    persistent: bool = True
    autostart: bool = False
    has_managed_save: bool = False
    read_fully: bool = False
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    hypervisor_type: str = ""
    os_type: str = ""
    arch: str = ""
    machine: str = ""
    os_name: str = ""
    firmware: str = "BIOS"
    nvram_path: str = ""
    cpu_mode: str = ""
    vcpus: int = 0
    vcpus_max: int = 0
    memory_bytes: int = 0
    memory_max_bytes: int = 0
    disks: tuple[Disk, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    screens: tuple[Screen, ...] = ()
    has_serial: bool = False
    host_devices: tuple[str, ...] = ()
    agent: AgentState = AgentState.NONE
    snapshot_count: int | None = None
    state_since_s: float | None = None
    hangs: bool = False
    is_template: bool = False
    clone_of: str = ""
    clone_of_name: str = ""

    @property
    def uuid(self) -> str:
        """Return the UUID, which is the key's id."""
        return self.key.id
