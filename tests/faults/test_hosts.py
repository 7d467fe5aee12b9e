"""Real daemons that hang, die and come back: the host's own rows change, and nothing else."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import libvirt
import pytest

from tests.lab_fixture import Daemon
from tests.until import until
from vmgui.hypervisor import refresh, storage
from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import ConnectionLost, VmguiError
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.storage import Pool
from vmgui.lab import LabStatus

pytestmark = pytest.mark.usefixtures("no_thread_stays")


@asynccontextmanager
async def connected(lab: LabStatus) -> AsyncIterator[tuple[Fleet, Inventory]]:
    inventory = Inventory()
    fleet = Fleet(inventory)
    for host in lab.hosts:
        fleet.connect(host.uri, host.name)
    await asyncio.wait_for(fleet.settled(), 60)
    try:
        yield fleet, inventory
    finally:
        await fleet.close()


def host_called(inventory: Inventory, name: str) -> Host:
    return next(host for host in inventory.hosts() if host.name == name)


def state_of(inventory: Inventory, name: str) -> LinkState:
    return host_called(inventory, name).link.state


def machines_of(inventory: Inventory, name: str) -> set[str]:
    uri = host_called(inventory, name).key.host
    return {domain.name for domain in inventory.of(Domain, uri)}


async def test_a_daemon_that_hangs_costs_its_own_host_and_comes_back_by_itself(
    lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    async with connected(lab) as (fleet, inventory):
        before = machines_of(inventory, "lab-a")
        assert before
        daemons["lab-a"].stop()
        await until(lambda: state_of(inventory, "lab-a") is not LinkState.CONNECTED, "noticed")
        # What is known stays, with the time of the last answer, and the other host goes on.
        assert machines_of(inventory, "lab-a") == before
        seen_at_s = host_called(inventory, "lab-a").link.answered_at_monotonic_s
        assert seen_at_s is not None
        other = host_called(inventory, "lab-b").key.host
        hostname = await fleet.call(other, lambda c: c.getHostname(), what="Ask the other")
        assert hostname == "lab-b"
        assert state_of(inventory, "lab-b") is LinkState.CONNECTED

        daemons["lab-a"].resume()
        await until(
            lambda: state_of(inventory, "lab-a") is LinkState.CONNECTED, "back", within_s=90
        )
        assert machines_of(inventory, "lab-a") == before
        answered_s = host_called(inventory, "lab-a").link.answered_at_monotonic_s
        assert answered_s is not None
        assert answered_s > seen_at_s


async def test_a_daemon_that_dies_is_told_at_once_and_found_again(
    lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    async with connected(lab) as (fleet, inventory):
        before = machines_of(inventory, "lab-a")
        daemons["lab-a"].kill()
        await until(lambda: state_of(inventory, "lab-a") is LinkState.LOST, "noticed")
        link = host_called(inventory, "lab-a").link
        assert link.why
        uri = host_called(inventory, "lab-a").key.host
        with pytest.raises(ConnectionLost) as lost:
            await fleet.call(uri, lambda c: c.getHostname(), what="Ask the dead")
        assert lost.value.what_to_do

        daemons["lab-a"].start()
        fleet.retry(uri)
        await until(
            lambda: state_of(inventory, "lab-a") is LinkState.CONNECTED, "back", within_s=90
        )
        await until(lambda: machines_of(inventory, "lab-a") == before, "machines are the same")


async def test_a_call_under_way_when_the_daemon_dies_fails_and_does_not_hang(
    lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    async with connected(lab) as (fleet, inventory):
        uri = host_called(inventory, "lab-a").key.host
        daemons["lab-a"].stop()
        call = asyncio.ensure_future(
            fleet.call(uri, lambda c: c.getCapabilities(), what="Ask", deadline_s=None)
        )
        daemons["lab-a"].kill()
        with pytest.raises(ConnectionLost):
            await asyncio.wait_for(call, 60)


async def test_calls_under_way_when_a_hanging_daemon_is_given_up_all_fail(
    lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    # libvirt itself crashes here where two of them are under way on one connection.
    async with connected(lab) as (fleet, inventory):
        uri = host_called(inventory, "lab-a").key.host
        daemons["lab-a"].stop()
        calls = [
            fleet.call(uri, lambda c: c.getCapabilities(), what="Ask", deadline_s=None)
            for _ in range(3)
        ] + [fleet.long_call(uri, lambda c: c.getCapabilities(), what="Ask") for _ in range(3)]
        given_up = asyncio.gather(*calls, return_exceptions=True)
        await until(lambda: state_of(inventory, "lab-a") is LinkState.LOST, "given up")
        daemons["lab-a"].resume()
        outcomes = await asyncio.wait_for(given_up, 60)
        assert all(isinstance(outcome, VmguiError | str) for outcome in outcomes)
        assert any(isinstance(outcome, ConnectionLost) for outcome in outcomes)


async def test_what_virsh_does_meanwhile_is_there_when_the_host_is_back(
    lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    xml = "<network><name>while-away</name></network>"
    async with connected(lab) as (fleet, inventory):
        uri = host_called(inventory, "lab-a").key.host
        heard: list[Change] = []
        inventory.changed.connect(heard.append)
        await fleet.call(uri, lambda c: c.networkDefineXML(xml), what="Define")
        await until(
            lambda: any(r.name == "while-away" for c in heard for r in c.added), "told by an event"
        )
        daemons["lab-a"].kill()
        await until(lambda: state_of(inventory, "lab-a") is LinkState.LOST, "noticed")
        daemons["lab-a"].start()
        fleet.retry(uri)
        await until(
            lambda: state_of(inventory, "lab-a") is LinkState.CONNECTED, "back", within_s=90
        )
        await fleet.call(
            uri, lambda c: c.networkLookupByName("while-away").undefine(), what="Undefine"
        )
        await until(
            lambda: any(k.kind == "network" for c in heard for k in c.removed), "told by an event"
        )


async def test_a_pool_that_hangs_leaves_its_host_connected(
    lab: LabStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What hangs is our asking: no pool of a real daemon does so on demand.
    go_on, asked = threading.Event(), threading.Event()
    count = storage.count_volumes

    def hang(conn: libvirt.virConnect, uri: str, abilities: Abilities, pool: str) -> int | None:
        asked.set()
        go_on.wait()
        return count(conn, uri, abilities, pool)

    monkeypatch.setattr(refresh, "count_volumes", hang)
    inventory = Inventory()
    states: list[LinkState] = []
    inventory.changed.connect(
        lambda change: states.extend(
            record.link.state for record in change.updated if isinstance(record, Host)
        )
    )
    fleet = Fleet(inventory)
    uri = lab.hosts[0].uri
    fleet.connect(uri, "lab-a")
    try:
        await asyncio.wait_for(fleet.settled(), 60)
        assert asked.is_set()
        assert [pool.volume_count for pool in inventory.of(Pool)] == [None, None]
        assert machines_of(inventory, "lab-a")
        # Two signs of life come while it hangs, and what a person asks for is done.
        signs = len(states)
        await until(lambda: len(states) >= signs + 2, "signs of life")
        assert await fleet.long_call(uri, lambda c: c.getHostname(), what="Ask") == "lab-a"
        assert set(states) == {LinkState.CONNECTED}
        go_on.set()

        async def counted() -> bool:
            await fleet.read_all_again()
            return all(pool.volume_count is not None for pool in inventory.of(Pool))

        async with asyncio.timeout(30):
            while not await counted():
                pass
    finally:
        go_on.set()
        await fleet.close()


async def test_a_daemon_at_a_socket_of_its_own_goes_under_its_own_name(lab: LabStatus) -> None:
    inventory = Inventory()
    fleet = Fleet(inventory)
    fleet.connect(lab.hosts[1].uri)
    await asyncio.wait_for(fleet.settled(), 60)
    assert [host.name for host in inventory.hosts()] == ["lab-b"]
    await fleet.close()
