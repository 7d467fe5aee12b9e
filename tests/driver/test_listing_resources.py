"""Hosts, networks, pools, volumes and snapshots from libvirt's test driver."""

import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.worlds import machine_uuid, write_world
from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.host_facts import read_host
from vmgui.hypervisor.networks import list_networks
from vmgui.hypervisor.snapshots import list_snapshots
from vmgui.hypervisor.storage import count_volumes, list_pools, list_volumes
from vmgui.inventory.host import NumaCell
from vmgui.inventory.key import Key, domain_key, host_key
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk
from vmgui.inventory.storage import Volume

POOL = str(uuid.uuid5(uuid.NAMESPACE_DNS, "pool-0.example"))
OTHER_POOL = str(uuid.uuid5(uuid.NAMESPACE_DNS, "pool-1.example"))
GIB = 1 << 30


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return write_world(tmp_path / "world.xml", domains=3)


@pytest.fixture
def conn(uri: str) -> Iterator[libvirt.virConnect]:
    conn = libvirt.open(uri)
    yield conn
    conn.close()


class Failing:
    """A connection that fails one call with one code."""

    def __init__(self, conn: libvirt.virConnect, code: int, name: str, text: str = "no") -> None:
        self._conn = conn
        self._name = name
        self._error = libvirt.libvirtError(text)
        self._error.err = (code, 0, text, 2, None, None, None, 0, 0)

    def __getattr__(self, name: str) -> Any:
        return self._fail if name == self._name else getattr(self._conn, name)

    def _fail(self, *_: object) -> None:
        raise self._error


def test_networks_with_their_standing(conn: libvirt.virConnect, uri: str) -> None:
    conn.networkLookupByName("network-1").destroy()
    conn.networkLookupByName("network-0").setAutostart(1)
    networks = {n.name: n for n in list_networks(conn, uri, Abilities())}
    nat = networks["network-0"]
    assert nat == Network(
        Key(uri, "network", str(uuid.uuid5(uuid.NAMESPACE_DNS, "network-0.example"))),
        "network-0",
        active=True,
        autostart=True,
        forward="nat",
        bridge="virbr0",
        addresses=("10.0.0.1/24",),
        has_dhcp=True,
    )
    assert not networks["network-1"].active
    assert networks["network-1"].forward == "isolated"


def test_transient_network_is_told(conn: libvirt.virConnect, uri: str) -> None:
    conn.networkCreateXML("<network><name>t</name><bridge name='b9'/></network>")
    transient = {n.name for n in list_networks(conn, uri, Abilities()) if not n.persistent}
    assert transient == {"t"}


def test_pools_with_sizes_where_they_are_active(conn: libvirt.virConnect, uri: str) -> None:
    conn.storagePoolLookupByName("pool-1").destroy()
    pools = {p.name: p for p in list_pools(conn, uri, Abilities())}
    active = pools["pool-0"]
    assert (active.key, active.active, active.kind) == (Key(uri, "pool", POOL), True, "dir")
    assert active.path == "/pools/0"
    assert active.capacity_bytes
    assert active.available_bytes is not None
    assert active.volume_count is None
    assert not pools["pool-1"].active
    assert pools["pool-1"].capacity_bytes is None


def test_volumes_of_a_pool(conn: libvirt.virConnect, uri: str) -> None:
    volumes = list_volumes(conn, uri, Abilities(), POOL)
    assert sorted(v.name for v in volumes) == [f"volume-{i} & co.qcow2" for i in range(3)]
    assert next(v for v in volumes if v.name.startswith("volume-0")) == Volume(
        Key(uri, "volume", f"{POOL}/volume-0 & co.qcow2"),
        "volume-0 & co.qcow2",
        "/pools/0/volume-0 & co.qcow2",
        "qcow2",
        GIB,
        10 << 20,
    )
    assert count_volumes(conn, uri, Abilities(), POOL) == 3


def test_volumes_of_an_inactive_or_unknown_pool_are_libvirts_error(
    conn: libvirt.virConnect, uri: str
) -> None:
    conn.storagePoolLookupByName("pool-1").destroy()
    with pytest.raises(libvirt.libvirtError, match="not active"):
        list_volumes(conn, uri, Abilities(), OTHER_POOL)
    with pytest.raises(libvirt.libvirtError, match="not found"):
        count_volumes(conn, uri, Abilities(), machine_uuid(0))


def test_volume_whose_name_is_not_text_hides_no_other(
    conn: libvirt.virConnect, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_of = libvirt.virStorageVol.name

    def broken(self: libvirt.virStorageVol) -> str:
        name = str(name_of(self))
        return b"caf\xe9".decode() if name.startswith("volume-1") else name

    monkeypatch.setattr(libvirt.virStorageVol, "name", broken)
    assert len(list_volumes(conn, uri, Abilities(), POOL)) == 2


def test_snapshots_the_oldest_first(conn: libvirt.virConnect, uri: str) -> None:
    snapshots = list_snapshots(conn, uri, Abilities(), machine_uuid(0))
    key = domain_key(uri, machine_uuid(0))
    first, second = snapshots
    assert first.then is not None
    assert first.then.name == "web-0000"
    assert replace(first, then=None) == Snapshot(
        Key(uri, "snapshot", f"{key.id}/fresh"),
        key,
        "fresh",
        state="running",
        description="Number 0 of web-0000",
        created_at_s=1_700_000_000,
        has_memory=True,
        disks=(SnapshotDisk("vda", "internal"),),
    )
    assert (second.name, second.parent, second.current) == ("before <update>", "fresh", True)


def test_machine_without_snapshots_has_none(conn: libvirt.virConnect, uri: str) -> None:
    assert list_snapshots(conn, uri, Abilities(), machine_uuid(1)) == ()


def test_snapshots_of_which_none_is_current(tmp_path: Path) -> None:
    path = tmp_path / "other.xml"
    uri = write_world(path, domains=1)
    path.write_text(path.read_text().replace("<active>1</active>", "<active>0</active>"))
    conn = libvirt.open(uri)
    snapshots = list_snapshots(conn, uri, Abilities(), machine_uuid(0))
    assert [(s.name, s.current) for s in snapshots] == [
        ("fresh", False),
        ("before <update>", False),
    ]
    conn.close()


LACKED = frozenset({"getMemoryStats"})  # by the test driver


def test_host_facts() -> None:
    conn = libvirt.open("test:///default")
    host = read_host(conn, "test:///default", Abilities())
    assert host.key == host_key("test:///default")
    assert host.name == host.hostname == conn.getHostname()
    assert (host.driver, host.arch) == ("TEST", "i686")
    assert (host.cpus, host.sockets, host.cores, host.threads) == (16, 2, 2, 2)
    assert (host.memory_bytes, host.cpu_mhz) == (3 * GIB, 1400)
    assert host.numa == (NumaCell(0, 2 * GIB, 8), NumaCell(1, 4 * GIB, 8))
    assert (host.guest_types, host.guest_archs) == (("test",), ("i686",))
    assert host.security_model == "testSecurity"
    assert host.libvirt_version.count(".") == 2
    assert host.hypervisor_version == "0.0.2"
    assert host.missing_calls == LACKED
    conn.close()


@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("getCapabilities", {"guest_types", "guest_archs", "security_model"}),
        ("getInfo", {"cpus", "sockets", "cores", "threads", "cpu_mhz", "memory_bytes"}),
        ("getHostname", {"hostname", "name"}),
        ("getType", {"driver"}),
        ("getVersion", {"hypervisor_version"}),
        ("getLibVersion", {"libvirt_version"}),
        ("getSysinfo", set()),
    ],
)
def test_call_that_a_driver_lacks_costs_its_own_facts_only(
    conn: libvirt.virConnect, uri: str, call: str, lost: set[str]
) -> None:
    whole = asdict(read_host(conn, uri, Abilities()))
    poor = asdict(read_host(Failing(conn, libvirt.VIR_ERR_NO_SUPPORT, call), uri, Abilities()))
    assert {name for name in whole if whole[name] != poor[name]} == lost | {"missing_calls"}
    assert poor["missing_calls"] == {call} | LACKED
    assert poor["name"]


def test_call_that_fails_otherwise_is_not_called_missing(
    conn: libvirt.virConnect, uri: str
) -> None:
    host = read_host(Failing(conn, libvirt.VIR_ERR_INTERNAL_ERROR, "getSysinfo"), uri, Abilities())
    assert host.missing_calls == LACKED
    assert host.cpus == 16


def test_broken_connection_is_raised_not_taken_for_a_missing_call(
    conn: libvirt.virConnect, uri: str
) -> None:
    cut = Failing(conn, libvirt.VIR_ERR_RPC, "getInfo", "client socket is closed")
    with pytest.raises(libvirt.libvirtError, match="closed"):
        read_host(cut, uri, Abilities())


@pytest.mark.parametrize(
    ("call", "read"),
    [("listAllNetworks", list_networks), ("listAllStoragePools", list_pools)],
)
def test_driver_without_networks_or_pools_has_none(
    conn: libvirt.virConnect, uri: str, call: str, read: Any
) -> None:
    abilities = Abilities()
    assert read(Failing(conn, libvirt.VIR_ERR_NO_SUPPORT, call), uri, abilities) == ()
    assert abilities.missing == {call}
