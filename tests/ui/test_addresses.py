"""Addresses of guests: what a host's DHCP server gave is shown and found."""

import json
import subprocess
import sys

import pytest
from PySide6.QtWidgets import QLabel
from qasync import QEventLoop

from tests.lab_fixture import eventually
from tests.ui.conftest import OpenWindow
from tests.until import until
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.network import Network
from vmgui.lab import LabStatus
from vmgui.ui.widgets.facts import Facts

pytestmark = pytest.mark.lab


async def test_the_address_of_a_guest_is_shown_and_found(
    qloop: QEventLoop, open_window: OpenWindow, lab: LabStatus
) -> None:
    uri = lab.hosts[0].uri
    window = await open_window(uri)
    inventory = window.session.inventory
    key = min(inventory.of(Domain), key=lambda domain: domain.name).key

    def addresses() -> list[str]:
        domain = inventory.domain(key)
        assert domain is not None
        return [address for each in domain.interfaces for address in each.addresses]

    await until(addresses, "the guest has an address", within_s=60)
    (address,) = addresses()
    leases = [lease for network in inventory.of(Network) for lease in network.leases]
    (lease,) = (each for each in leases if each.address == address)
    assert lease.mac in {each.mac for each in inventory.domain(key).interfaces}  # type: ignore[union-attr]

    window.open_key(key)
    facts = window.findChild(Facts, "facts")
    assert facts is not None
    await until(
        lambda: address in {label.text() for label in facts.findChildren(QLabel)},
        "the page shows it",
    )
    window.side.query.set_text(f"ip:{address.rpartition('.')[0]}.* -ip:127.*")
    await until(lambda: window.tree.index_of_key(key).isValid(), "a pattern finds it")
    window.side.query.set_text(address)
    await until(lambda: window.tree.matching == 1, "it is found without a key")

    window.session.run("domain.force-off", key)
    await until(lambda: _state(inventory.domain(key)) is DomainState.OFF, "it is off")
    assert not addresses(), "what is off has no address, whatever the lease says"
    window.session.run("domain.start", key)
    await until(addresses, "it has one again", within_s=60)


def test_the_command_line_tells_addresses(lab: LabStatus) -> None:
    host = lab.hosts[1]
    command = [sys.executable, "-m", "vmgui", "-c", host.uri]

    def said(*arguments: str) -> str:
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=True
        ).stdout

    def addresses() -> list[str]:
        document = json.loads(said("show", host.guests[0], "--json"))
        return [address for each in document["interfaces"] for address in each["addresses"]]

    eventually(lambda: bool(addresses()), "the guest has an address", 60)
    assert f"IP address   {addresses()[0]}" in said("show", host.guests[0])


def _state(domain: Domain | None) -> DomainState:
    assert domain is not None
    return domain.state
