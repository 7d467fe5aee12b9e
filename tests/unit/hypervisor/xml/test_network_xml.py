from dataclasses import replace

import pytest

from vmgui.hypervisor.xml.network import read_network_xml
from vmgui.inventory.key import Key
from vmgui.inventory.network import Network

KNOWN = Network(Key("h", "network", "u"), "known", active=True, persistent=False, autostart=True)


def read(inside: str) -> Network:
    return read_network_xml(f"<network>{inside}</network>", KNOWN)


def test_nat_network_with_both_protocols() -> None:
    network = read(
        "<name>default</name><forward mode='nat'><nat><port start='1' end='2'/></nat></forward>"
        "<bridge name='virbr0' stp='on' delay='0'/>"
        "<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='a'/></dhcp></ip>"
        "<ip family='ipv6' address='fd00::1' prefix='64'/>"
    )
    assert network == replace(
        KNOWN,
        name="default",
        forward="nat",
        bridge="virbr0",
        addresses=("192.168.122.1/24", "fd00::1/64"),
        has_dhcp=True,
    )


@pytest.mark.parametrize(
    ("inside", "mode"),
    [
        ("", "isolated"),
        ("<forward/>", "nat"),
        ("<forward mode='route' dev='eth0'/>", "route"),
        ("<forward mode='open'/>", "open"),
        ("<forward mode='bridge'/><bridge name='br0'/>", "bridge"),
        ("<forward mode='passthrough'><interface dev='eth1'/></forward>", "passthrough"),
        ("<forward mode='hostdev' managed='yes'><pf dev='p2'/></forward>", "hostdev"),
    ],
)
def test_way_out(inside: str, mode: str) -> None:
    assert read(inside).forward == mode


@pytest.mark.parametrize(
    ("ip", "addresses"),
    [
        ("<ip address='10.0.0.1' prefix='8'/>", ("10.0.0.1/8",)),
        ("<ip address='10.0.0.1'/>", ("10.0.0.1/32",)),
        ("<ip address='somewhere' netmask='255.0.0.0'/>", ("somewhere",)),
        ("<ip/>", ()),
    ],
)
def test_addresses(ip: str, addresses: tuple[str, ...]) -> None:
    network = read(ip)
    assert network.addresses == addresses
    assert not network.has_dhcp


def test_network_without_a_name_keeps_the_known_one() -> None:
    assert read("").name == "known"
