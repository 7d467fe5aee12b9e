"""Virtual networks."""

from dataclasses import dataclass

from vmgui.inventory.key import Key


@dataclass(frozen=True, slots=True)
class Lease:
    """An address that a network's DHCP server has given away.

    ``expires_at_s`` is wall time (seconds since the epoch), None where it never expires.
    """

    mac: str
    address: str
    hostname: str = ""
    expires_at_s: int | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """A virtual network: its way out, its bridge and its addresses (CIDR).

    ``leases`` are in the order of their addresses; there are none where the driver doesn't tell.
    """

    key: Key
    name: str
    active: bool = False
    persistent: bool = True
    autostart: bool = False
    forward: str = "isolated"
    bridge: str = ""
    addresses: tuple[str, ...] = ()
    has_dhcp: bool = False
    leases: tuple[Lease, ...] = ()
