"""A host's link and its records, against libvirt's test driver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.until import until
from tests.worlds import write_world
from vmgui.hypervisor.errors import ConnectionLost
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import host_key
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot
from vmgui.inventory.storage import Pool

pytestmark = pytest.mark.usefixtures("no_thread_stays")
URI = "test:///default"


@asynccontextmanager
async def fleet_of(*uris: str) -> AsyncIterator[tuple[Fleet, Inventory]]:
    inventory = Inventory()
    fleet = Fleet(inventory)
    for uri in uris:
        fleet.connect(uri)
    await asyncio.wait_for(fleet.settled(), 30)
    try:
        yield fleet, inventory
    finally:
        await fleet.close()


def the_domain(inventory: Inventory) -> Domain:
    (domain,) = inventory.of(Domain)
    return domain


async def test_everything_is_there_once_settled() -> None:
    async with fleet_of(URI) as (_, inventory):
        host = inventory.host(URI)
        assert host is not None
        assert host.link.state is LinkState.CONNECTED
        assert host.hostname
        assert the_domain(inventory).read_fully
        assert [network.name for network in inventory.of(Network)] == ["default"]
        (pool,) = inventory.of(Pool)
        assert pool.volume_count == 0


async def test_what_others_change_is_there_by_an_event() -> None:
    async with fleet_of(URI) as (fleet, inventory):
        heard: list[Change] = []
        inventory.changed.connect(heard.append)
        await fleet.call(URI, lambda c: c.lookupByName("test").suspend(), what="Pause")
        await until(lambda: the_domain(inventory).state is DomainState.PAUSED, "paused")
        assert the_domain(inventory).state_since_s is not None
        await fleet.call(URI, lambda c: c.lookupByName("test").resume(), what="Resume")
        await until(lambda: the_domain(inventory).state is DomainState.RUNNING, "running")
        assert all(not change.removed for change in heard)


async def test_what_others_define_and_undefine_comes_and_goes() -> None:
    os = "<os><type>hvm</type></os>"
    xml = f"<domain type='test'><name>new</name><memory>1024</memory>{os}</domain>"

    def known(inventory: Inventory) -> set[str]:
        return {domain.name for domain in inventory.of(Domain)}

    async with fleet_of(URI) as (fleet, inventory):
        await fleet.call(URI, lambda c: c.defineXML(xml), what="Define")
        await until(lambda: known(inventory) == {"test", "new"}, "there")
        await fleet.call(URI, lambda c: c.lookupByName("new").undefine(), what="Undefine")
        await until(lambda: known(inventory) == {"test"}, "gone")


def _take(conn: libvirt.virConnect, name: str) -> None:
    xml = f"<domainsnapshot><name>{name}</name></domainsnapshot>"
    conn.lookupByName("test").snapshotCreateXML(xml)


def _delete(conn: libvirt.virConnect, name: str) -> None:
    conn.lookupByName("test").snapshotLookupByName(name).delete()


async def test_what_others_do_to_snapshots_is_found_though_libvirt_tells_nothing() -> None:
    async with fleet_of(URI) as (fleet, inventory):

        def names() -> list[str]:
            return sorted(snapshot.name for snapshot in inventory.of(Snapshot))

        assert names() == []
        await fleet.call(URI, _take, "one", what="Take")
        await until(lambda: names() == ["one"], "the first is there")
        await fleet.call(URI, _take, "two", what="Take")
        await until(lambda: names() == ["one", "two"], "the second is there")
        assert the_domain(inventory).snapshot_count == 2
        await fleet.call(URI, _delete, "one", what="Delete")
        await until(lambda: names() == ["two"], "the first is gone")
        await fleet.call(URI, _delete, "two", what="Delete")
        await until(lambda: names() == [], "the second is gone")
        assert the_domain(inventory).snapshot_count == 0


async def test_thousands_of_machines_are_all_read_fully(tmp_path: Path) -> None:
    world = tmp_path / "world.xml"
    write_world(world, domains=1000)
    async with fleet_of(f"test://{world}") as (_, inventory):
        domains = list(inventory.of(Domain))
        assert len(domains) == 1000
        assert all(domain.read_fully for domain in domains)


async def test_a_host_that_cannot_be_reached_is_lost_and_tried_again_when_asked() -> None:
    uri = "qemu+unix:///system?socket=/nowhere/sock"
    async with fleet_of(uri, URI) as (fleet, inventory):
        lost = inventory.host(uri)
        assert lost is not None
        assert lost.link.state is LinkState.LOST
        assert lost.link.why
        assert lost.link.what_to_do
        assert lost.link.retry_at_monotonic_s is not None
        heard: list[LinkState] = []
        inventory.changed.connect(
            lambda change: heard.extend(
                host.link.state for host in change.updated if host.key == host_key(uri)
            )
        )
        fleet.retry(uri)
        await until(lambda: len(heard) >= 2, "tried again")
        assert the_domain(inventory).name == "test"


async def test_a_refused_host_waits_for_a_person() -> None:
    async with fleet_of("qemu+pigeon:///system") as (_, inventory):
        (host,) = inventory.hosts()
        assert host.link.state is LinkState.REFUSED
        assert host.link.retry_at_monotonic_s is None


async def test_a_read_only_connection_says_so_and_refuses_changes() -> None:
    inventory = Inventory()
    fleet = Fleet(inventory)
    fleet.connect(URI, read_only=True)
    await asyncio.wait_for(fleet.settled(), 30)
    assert fleet.read_only(URI)
    (host,) = inventory.hosts()
    assert host.link.read_only
    await fleet.close()


async def test_a_host_that_is_disconnected_takes_its_records_along() -> None:
    async with fleet_of(URI) as (fleet, inventory):
        await fleet.disconnect(URI)
        assert len(inventory) == 0

        def anything(_: Any) -> None:
            raise AssertionError

        with pytest.raises(ConnectionLost):
            await fleet.call(URI, anything, what="Anything")


async def test_everything_is_read_again_when_asked() -> None:
    async with fleet_of(URI) as (fleet, inventory):
        domain = the_domain(inventory)
        inventory.apply(Change(removed=(domain.key,)))
        await fleet.read_all_again()
        assert the_domain(inventory).name == domain.name
