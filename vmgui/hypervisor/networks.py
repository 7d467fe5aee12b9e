"""What virtual networks a connection has."""

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.reading import Marks, read_or_keep
from vmgui.hypervisor.xml.network import read_network_xml
from vmgui.inventory.key import Key
from vmgui.inventory.network import Network


def list_networks(conn: libvirt.virConnect, uri: str, abilities: Abilities) -> tuple[Network, ...]:
    """Return all networks, none where the driver has none: four calls, and one for each."""
    handles = abilities.ask("listAllNetworks", conn.listAllNetworks)
    if not handles:
        return ()
    marks = Marks(abilities, conn.listAllNetworks, "listAllNetworks", "VIR_CONNECT_LIST_NETWORKS")
    read = (_read(handle, uri, marks) for handle in handles)
    return tuple(network for network in read if network is not None)


def _read(handle: libvirt.virNetwork, uri: str, marks: Marks) -> Network | None:
    uuid = handle.UUIDString()
    key = Key(uri, "network", uuid)
    known = Network(key, handle.name(), **marks.of(uuid)._asdict())
    return read_or_keep(known, lambda: read_network_xml(handle.XMLDesc(), known))
