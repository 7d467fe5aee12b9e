"""Hosts, and how well they can be reached."""

from dataclasses import dataclass, field
from enum import StrEnum

from vmgui.inventory.key import Key


class LinkState(StrEnum):
    """How a connection stands, in the words that are shown."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    STALLED = "stalled"
    LOST = "lost"
    REFUSED = "refused"

    @property
    def is_fresh(self) -> bool:
        """Tell whether what is shown of the host can be taken as true now."""
        return self is LinkState.CONNECTED


@dataclass(frozen=True, slots=True)
class Link:
    """The state of one connection.

    ``waiting_for`` says what a connecting link waits for ("opening the connection", "asking for
    a password"). ``why`` and ``what_to_do`` are ours, ``libvirt_says`` is the library's own
    text. Times are monotonic seconds of this process, None where nothing was measured.
    """

    state: LinkState = LinkState.CLOSED
    waiting_for: str = ""
    why: str = ""
    what_to_do: str = ""
    libvirt_says: str = ""
    since_monotonic_s: float | None = None
    retry_at_monotonic_s: float | None = None
    answered_at_monotonic_s: float | None = None
    latency_s: float | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class NumaCell:
    """A NUMA node of a host."""

    id: int
    memory_bytes: int
    cpus: int


@dataclass(frozen=True, slots=True)
class Host:
    """A hypervisor host, its hardware and its versions, as far as the driver tells.

    Empty strings and None mean "the driver does not tell". ``cpus`` counts hardware threads,
    ``cores`` those of a socket, ``threads`` those of a core. ``product`` is maker and model of
    the machine; ``guest_types`` are domain types ("kvm"), ``guest_archs`` processors.
    """

    key: Key
    name: str
    link: Link = field(default_factory=Link)
    hostname: str = ""
    driver: str = ""
    libvirt_version: str = ""
    hypervisor_version: str = ""
    arch: str = ""
    cpu_model: str = ""
    cpu_vendor: str = ""
    cpus: int | None = None
    sockets: int | None = None
    cores: int | None = None
    threads: int | None = None
    cpu_mhz: int | None = None
    memory_bytes: int | None = None
    numa: tuple[NumaCell, ...] = ()
    product: str = ""
    guest_types: tuple[str, ...] = ()
    guest_archs: tuple[str, ...] = ()
    security_model: str = ""
    missing_calls: frozenset[str] = frozenset()
