"""Virtual networks."""

from dataclasses import dataclass

from vmgui.inventory.key import Key


@dataclass(frozen=True, slots=True)
class Network:
    """A virtual network: its way out, its bridge and its addresses (CIDR)."""

    key: Key
    name: str
    active: bool = False
    persistent: bool = True
    autostart: bool = False
    forward: str = "isolated"
    bridge: str = ""
    addresses: tuple[str, ...] = ()
    has_dhcp: bool = False
