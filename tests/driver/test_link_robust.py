"""What a host's link outlives: things that go, hang or fail while they are read."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.driver.test_link import URI, fleet_of
from tests.until import until
from tests.worlds import machine_uuid, write_world
from vmgui.hypervisor import link as link_module
from vmgui.hypervisor import refresh as refresh_module
from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.aside import Aside
from vmgui.hypervisor.errors import CallFailed, CallLate
from vmgui.hypervisor.fleet import Fleet
from vmgui.hypervisor.link import display_name
from vmgui.hypervisor.snapshots import list_snapshots
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot
from vmgui.inventory.storage import Pool

pytestmark = pytest.mark.usefixtures("no_thread_stays")


@pytest.fixture
def world(tmp_path: Path) -> str:
    return write_world(tmp_path / "world.xml", domains=3, snapshot_every=1)


def pools(inventory: Inventory) -> dict[str, int | None]:
    return {pool.name: pool.volume_count for pool in inventory.of(Pool)}


def besides_machines(inventory: Inventory) -> set[Key]:
    return {
        *(each.key for each in inventory.of(Network)),
        *(each.key for each in inventory.of(Pool)),
        *(each.key for each in inventory.of(Snapshot)),
    }


def states(inventory: Inventory) -> list[LinkState]:
    return [host.link.state for host in inventory.hosts()]


def before(
    monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[libvirt.virConnect, Any], None]
) -> None:
    """Have something happen on the host just before it is asked."""
    real = getattr(refresh_module, name)

    def wrapped(conn: libvirt.virConnect, uri: str, abilities: Abilities, *args: Any) -> Any:
        act(conn, *args)
        return real(conn, uri, abilities, *args)

    monkeypatch.setattr(refresh_module, name, wrapped)


@pytest.mark.parametrize("end", ["destroy", "undefine"])
async def test_a_pool_that_goes_before_it_is_counted_costs_nothing_else(
    end: str, world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(conn: libvirt.virConnect, uuid: str) -> None:
        pool = conn.storagePoolLookupByUUIDString(uuid)
        if pool.name() == "pool-0" and pool.isActive():
            pool.destroy()
            if end == "undefine":
                pool.undefine()

    before(monkeypatch, "count_volumes", stop)
    async with fleet_of(world) as (_, inventory):
        assert states(inventory) == [LinkState.CONNECTED]
        assert pools(inventory)["pool-1"] == 3
        assert pools(inventory).get("pool-0") is None
        assert list(inventory.of(Snapshot))


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, gate: threading.Event) -> list[str]:
    """Make pool-0 hang until the gate opens; tells which pools were counted."""
    asked: list[str] = []

    def hang(conn: libvirt.virConnect, uuid: str) -> None:
        name = conn.storagePoolLookupByUUIDString(uuid).name()
        asked.append(name)
        if name == "pool-0":
            gate.wait()

    before(monkeypatch, "count_volumes", hang)
    monkeypatch.setattr(refresh_module, "Aside", lambda: Aside(0.2))
    return asked


async def test_a_pool_that_hangs_is_waited_for_once_and_the_rest_goes_on(
    world: str, gate: threading.Event, asked: list[str]
) -> None:
    try:
        async with fleet_of(world) as (fleet, inventory):
            assert pools(inventory) == {"pool-0": None, "pool-1": 3}
            assert states(inventory) == [LinkState.CONNECTED]
            assert list(inventory.of(Snapshot))
            await fleet.read_all_again()
            assert sorted(asked) == ["pool-0", "pool-1", "pool-1"]
            gate.set()

            async def counted() -> int | None:
                await fleet.read_all_again()
                return pools(inventory)["pool-0"]

            async with asyncio.timeout(20):
                while await counted() is None:
                    pass
            assert states(inventory) == [LinkState.CONNECTED]
    finally:
        gate.set()


async def test_a_host_whose_pool_hangs_can_be_left(
    world: str, gate: threading.Event, asked: list[str]
) -> None:
    async with fleet_of(world) as (fleet, inventory):
        await asyncio.wait_for(fleet.disconnect(world), 20)
        assert len(inventory) == 0
        gate.set()


@pytest.mark.parametrize("name", ["list_networks", "list_pools", "list_snapshots"])
async def test_what_cant_be_listed_stays_as_it_was(
    name: str, world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: libvirt.virConnect, *__: Any) -> None:
        error = libvirt.libvirtError("Failed to connect socket to 'virtnetworkd-sock'")
        error.err = (libvirt.VIR_ERR_SYSTEM_ERROR, 0, str(error), 2, "", "", "", 0, 0)
        raise error

    async with fleet_of(world) as (fleet, inventory):
        known = besides_machines(inventory)
        before(monkeypatch, name, fail)
        await fleet.read_all_again()
        assert states(inventory) == [LinkState.CONNECTED]
        now = besides_machines(inventory)
        assert now == known
    async with fleet_of(world) as (_, inventory):
        assert states(inventory) == [LinkState.CONNECTED]
        assert len(list(inventory.of(Domain))) == 3


def test_snapshots_of_a_machine_that_went_are_none(world: str) -> None:
    conn = libvirt.open(world)
    gone = "00000000-0000-0000-0000-000000000001"
    assert list_snapshots(conn, world, Abilities(), gone) == ()
    assert list_snapshots(conn, world, Abilities(), machine_uuid(0))
    conn.close()


async def test_a_machine_that_goes_while_its_snapshots_are_read_costs_nothing_else(
    world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go(conn: libvirt.virConnect, uuid: str) -> None:
        if uuid == machine_uuid(0) and _is_there(conn, uuid):
            machine = conn.lookupByUUIDString(uuid)
            machine.destroy()
            machine.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)

    before(monkeypatch, "list_snapshots", go)
    async with fleet_of(world) as (_, inventory):
        assert states(inventory) == [LinkState.CONNECTED]
        await until(lambda: inventory.domain(domain_key(world, machine_uuid(0))) is None, "gone")
        assert len(list(inventory.of(Snapshot))) == 4


def _is_there(conn: libvirt.virConnect, uuid: str) -> bool:
    return any(each.UUIDString() == uuid for each in conn.listAllDomains())


# all hosts at once, and one again


async def test_one_host_that_fails_keeps_no_other_from_being_read(
    world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet_of(URI, world) as (fleet, inventory):
        real = link_module.HostLink.read_all_again

        async def read(self: link_module.HostLink) -> None:
            if self.uri == URI:
                raise CallLate("List the machines")
            await real(self)

        monkeypatch.setattr(link_module.HostLink, "read_all_again", read)
        machine = next(inventory.of(Domain, world))
        inventory.apply(Change(removed=(machine.key,)))
        await fleet.read_all_again()
        assert inventory.domain(machine.key) is not None


async def test_a_host_that_is_connected_again_at_once_stays() -> None:
    async with fleet_of(URI) as (fleet, inventory):
        leaving = asyncio.ensure_future(fleet.disconnect(URI))
        await asyncio.sleep(0)
        assert inventory.host(URI) is None  # at once, and not when it is closed
        fleet.connect(URI, "again")
        await leaving
        await asyncio.wait_for(fleet.settled(), 30)
        host = inventory.host(URI)
        assert host is not None
        assert (host.name, host.link.state) == ("again", LinkState.CONNECTED)
        assert [each.name for each in inventory.of(Domain)] == ["test"]


async def test_a_link_that_is_stopped_while_it_closes_leaves_no_connection_open(
    world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing, go_on = asyncio.Event(), asyncio.Event()

    async def close(_: Aside) -> None:
        closing.set()
        await go_on.wait()

    fleet = Fleet(Inventory())
    link = fleet.connect(world)
    await asyncio.wait_for(fleet.settled(), 30)
    connection = link._connection
    assert connection is not None
    monkeypatch.setattr(Aside, "close", close)
    connection._mark_lost("It broke.")
    await closing.wait()
    ending = asyncio.ensure_future(fleet.close())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait_for(ending, 20)
    with pytest.raises(libvirt.libvirtError, match="invalid connection"):
        connection._conn.getHostname()


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("qemu:///system", "qemu (this computer)"),
        ("qemu:///session", "qemu session"),
        ("lxc:///system", "lxc (this computer)"),
        ("qemu+ssh://root@far.example:22/system", "far.example"),
        ("qemu+ssh://far.example/session", "far.example (session)"),
        ("lxc+ssh://far.example/system", "far.example (lxc)"),
        ("test:///default", "test (this computer)"),
        ("test:///tmp/my%20class.xml", "test my class"),
        ("test:///tmp/other.xml", "test other"),
        ("nonsense", "nonsense (this computer)"),
    ],
)
def test_hosts_without_a_name_get_one_that_tells_them_apart(uri: str, name: str) -> None:
    assert display_name(uri) == name


# the deadline of what is read beside the link


async def test_a_late_call_is_not_begun_again_until_it_came_back() -> None:
    aside = Aside(0.05)
    go_on = asyncio.Event()
    begun: list[int] = []

    async def call() -> str:
        begun.append(1)
        await go_on.wait()
        return "here"

    for _ in range(3):
        with pytest.raises(CallLate):
            await aside.ask("pool", call, what="Count")
    assert len(begun) == 1
    go_on.set()
    await until(lambda: not aside._late, "back")
    assert await aside.ask("pool", call, what="Count") == "here"
    await aside.close()


async def test_what_fails_in_time_is_told_as_it_is() -> None:
    async def fail() -> None:
        raise CallFailed("No")

    with pytest.raises(CallFailed):
        await Aside().ask("pool", fail, what="Count")


async def test_what_is_late_ends_with_its_host() -> None:
    aside = Aside(0.01)
    ended: list[bool] = []

    async def call() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(CallLate):
        await aside.ask("pool", call, what="Count")
    await aside.close()
    assert ended == [True]


@pytest.mark.logs
async def test_a_listener_that_fails_costs_no_host_its_link(
    world: str, caplog: pytest.LogCaptureFixture
) -> None:
    inventory = Inventory()

    def fail(_: Change) -> None:
        raise ZeroDivisionError("a bug of a view")

    inventory.changed.connect(fail)
    fleet = Fleet(inventory)
    fleet.connect(world)
    await asyncio.wait_for(fleet.settled(), 30)
    assert states(inventory) == [LinkState.CONNECTED]
    assert len(list(inventory.of(Domain))) == 3
    assert "a bug of a view" in caplog.text
    await fleet.close()
