"""Network XML to records. Format: https://libvirt.org/formatnetwork.html."""

from ipaddress import ip_interface

from lxml import etree

from vmgui.hypervisor.xml.document import attribute_of, children, parse, text_of, word
from vmgui.inventory.network import Network


def read_network_xml(xml: str, known: Network) -> Network:
    """Return ``known`` with what ``xml`` tells of the network.

    Whether it is active, persistent and started with the host isn't in the XML. Raises
    `UnreadableXml`. Any thread.
    """
    root = parse(xml, "network")
    parts = children(root)
    forward = parts.get("forward")
    addresses = root.findall("ip")
    return Network(
        key=known.key,
        name=text_of(parts, "name") or known.name,
        active=known.active,
        persistent=known.persistent,
        autostart=known.autostart,
        # <forward/> without a mode is NAT.
        forward="isolated" if forward is None else word(forward.get("mode", "nat")),
        bridge=attribute_of(parts, "bridge", "name"),
        addresses=tuple(filter(None, (_cidr(ip) for ip in addresses))),
        has_dhcp=any(ip.find("dhcp") is not None for ip in addresses),
    )


def _cidr(ip: etree._Element) -> str:
    """Return ``address/prefix``; what isn't an address is returned as it stands."""
    address = ip.get("address", "")
    # libvirt gives IPv4 a netmask or a prefix, IPv6 a prefix; a single address has neither.
    prefix = ip.get("prefix") or ip.get("netmask")
    try:
        return str(ip_interface(f"{address}/{prefix}" if prefix else address))
    except ValueError:
        return address
