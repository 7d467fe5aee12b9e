"""What virtual networks a connection has, and which addresses they have given away."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import is_cut
from vmgui.hypervisor.reading import Marks, read_or_keep
from vmgui.hypervisor.xml.network import read_network_xml
from vmgui.inventory.key import Key
from vmgui.inventory.network import Lease, Network


def list_networks(conn: libvirt.virConnect, uri: str, abilities: Abilities) -> tuple[Network, ...]:
    """Return all networks, none where the driver has none: four calls, and two for each."""
    handles = abilities.ask("listAllNetworks", conn.listAllNetworks)
    if not handles:
        return ()
    marks = Marks(abilities, conn.listAllNetworks, "listAllNetworks", "VIR_CONNECT_LIST_NETWORKS")
    read = (_read(handle, uri, marks, abilities) for handle in handles)
    return tuple(network for network in read if network is not None)


def read_leases(
    conn: libvirt.virConnect, _uri: str, abilities: Abilities, networks: Sequence[Network]
) -> tuple[Network, ...]:
    """Return those of ``networks`` whose leases have become others: two calls for each."""
    changed = []
    for network in networks:
        try:
            leases = _leases(conn.networkLookupByUUIDString(network.key.id), abilities)
        except libvirt.libvirtError as error:
            if is_cut(error):
                raise
            continue  # it vanished; an event tells of that
        if leases != network.leases:
            changed.append(replace(network, leases=leases))
    return tuple(changed)


def gives_leases(network: Network) -> bool:
    """Tell whether a network can have leases now."""
    return network.active and network.has_dhcp


def _read(
    handle: libvirt.virNetwork, uri: str, marks: Marks, abilities: Abilities
) -> Network | None:
    uuid = handle.UUIDString()
    key = Key(uri, "network", uuid)
    known = Network(key, handle.name(), **marks.of(uuid)._asdict())
    network = read_or_keep(known, lambda: read_network_xml(handle.XMLDesc(), known))
    if network is None or not gives_leases(network):
        return network
    return replace(network, leases=_leases(handle, abilities))


def _leases(handle: libvirt.virNetwork, abilities: Abilities) -> tuple[Lease, ...]:
    told = abilities.ask_if_told("DHCPLeases", handle.DHCPLeases) or []
    return tuple(sorted((_lease(each) for each in told), key=_order))


def _lease(told: Mapping[str, Any]) -> Lease:
    # A lease of IPv6 may be known by the client's id alone.
    return Lease(
        mac=(told.get("mac") or "").lower(),
        address=told.get("ipaddr") or "",
        hostname=told.get("hostname") or "",
        expires_at_s=told.get("expirytime") or None,
    )


def _order(lease: Lease) -> tuple[int, int, str]:
    try:
        address = ip_address(lease.address)
    except ValueError:
        return 0, 0, lease.address
    return address.version, int(address), lease.mac
