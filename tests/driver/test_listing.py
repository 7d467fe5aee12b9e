"""Listing machines from libvirt's test driver: real calls, on worlds of our own."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.worlds import HOSTILE_NAMES, TAGS, machine_name, machine_uuid, write_world
from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.listing import list_domains, read_domains, read_listed
from vmgui.hypervisor.xml.metadata import METADATA_PREFIX, tags_element
from vmgui.inventory.domain import METADATA_URI, AgentState, Domain, DomainState
from vmgui.inventory.key import domain_key

MACHINES = 40

Open = Callable[..., tuple[libvirt.virConnect, str]]


@pytest.fixture
def open_world(tmp_path: Path) -> Iterator[Open]:
    opened: list[libvirt.virConnect] = []

    def open_one(**wanted: Any) -> tuple[libvirt.virConnect, str]:
        uri = write_world(tmp_path / f"{len(opened)}.xml", **wanted)
        opened.append(libvirt.open(uri))
        return opened[-1], uri

    yield open_one
    for conn in opened:
        conn.close()


@pytest.fixture
def world(open_world: Open) -> tuple[libvirt.virConnect, str]:
    return open_world(domains=MACHINES)


def libvirt_error(code: int, text: str) -> libvirt.libvirtError:
    error = libvirt.libvirtError(text)
    error.err = (code, 0, text, 2, None, None, None, 0, 0)
    return error


class Lacking:
    """A connection whose driver lacks or refuses some calls, as ESX and VirtualBox do."""

    def __init__(self, conn: libvirt.virConnect, code: int, *names: str) -> None:
        self._conn = conn
        self._code = code
        self._names = names
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._conn, name)
        if name not in self._names:
            return call

        def refuse(*_: object) -> None:
            self.asked[name] += 1
            raise libvirt_error(self._code, "not to be had")

        return refuse


def read_all(conn: libvirt.virConnect, uri: str) -> dict[str, Domain]:
    abilities = Abilities()
    read = read_listed(conn, abilities, list_domains(conn, uri, abilities))
    return {domain.uuid: domain for domain in read}


def off_machine(conn: libvirt.virConnect) -> libvirt.virDomain:
    machine = conn.lookupByUUIDString(machine_uuid(1))
    machine.destroy()
    return machine


def test_machines_are_listed_by_name_and_state(world: tuple[libvirt.virConnect, str]) -> None:
    conn, uri = world
    listed = list_domains(conn, uri, Abilities())
    assert {d.key: d.name for d in listed.domains} == {
        domain_key(uri, machine_uuid(i)): machine_name(i) for i in range(MACHINES)
    }
    assert not any(d.read_fully for d in listed.domains)
    assert Counter(d.state for d in listed.domains) == {
        DomainState.RUNNING: 24,
        DomainState.PAUSED: 4,
        DomainState.OFF: 6,
        DomainState.SAVED: 4,
        DomainState.CRASHED: 2,
    }
    assert [d.uuid for d in listed.domains] == [h.UUIDString() for h in listed.handles]


def test_listing_asks_no_machine_by_itself(
    world: tuple[libvirt.virConnect, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> None:
        pytest.fail("a call a machine")

    for name in ("state", "info", "XMLDesc", "autostart", "isPersistent", "hasManagedSaveImage"):
        monkeypatch.setattr(libvirt.virDomain, name, asked)
    assert len(list_domains(*world, Abilities()).domains) == MACHINES


def test_machine_is_read_in_full(world: tuple[libvirt.virConnect, str]) -> None:
    domain = read_all(*world)[machine_uuid(3)]
    assert domain.read_fully
    assert domain.title == "Machine 3: build-0003"
    assert domain.description == "Serves <b>build-0003</b> & others.\nSecond line."
    assert domain.tags == TAGS[3]
    assert (domain.hypervisor_type, domain.arch) == ("test", "x86_64")
    assert (domain.vcpus, domain.vcpus_max) == (4, 8)
    assert (domain.memory_bytes, domain.memory_max_bytes) == (4 << 30, 8 << 30)
    assert [disk.target for disk in domain.disks] == ["vda", "vdb", "sda"]
    assert domain.disks[1].source == "pool-0/volume-3.raw"
    assert domain.interfaces[0].source == "network-0"
    assert domain.screens[0].port == 5903
    assert domain.has_serial
    assert domain.agent is AgentState.DISCONNECTED
    assert domain.state is DomainState.RUNNING
    assert domain.run_id is not None


def test_hostile_names_come_through_untouched(open_world: Open) -> None:
    conn, uri = open_world(domains=len(HOSTILE_NAMES), hostile=True)
    assert {d.name for d in list_domains(conn, uri, Abilities()).domains} == set(HOSTILE_NAMES)
    read = read_all(conn, uri)
    for index, name in enumerate(HOSTILE_NAMES):
        domain = read[machine_uuid(index)]
        assert domain.name == name
        assert domain.title == f"Machine {index}: {name}"
        assert domain.tags == TAGS[index % len(TAGS)]


def test_slices_hold_every_machine_once(world: tuple[libvirt.virConnect, str]) -> None:
    conn, uri = world
    abilities = Abilities()
    listed = list_domains(conn, uri, abilities)
    parts = list(listed.slices(15))
    assert [len(part.domains) for part in parts] == [15, 15, 10]
    read = [domain for part in parts for domain in read_listed(conn, abilities, part)]
    assert [d.key for d in read] == [d.key for d in listed.domains]


def test_machine_that_vanishes_after_listing_is_left_out(
    world: tuple[libvirt.virConnect, str],
) -> None:
    conn, uri = world
    abilities = Abilities()
    listed = list_domains(conn, uri, abilities)
    off_machine(conn).undefine()
    read = read_listed(conn, abilities, listed)
    assert {d.uuid for d in listed.domains} - {d.uuid for d in read} == {machine_uuid(1)}


def test_machine_that_vanishes_between_state_and_xml_is_left_out(
    world: tuple[libvirt.virConnect, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    conn, uri = world
    xml_of = libvirt.virDomain.XMLDesc

    def remove_first(self: libvirt.virDomain, flags: int = 0) -> str:
        if self.UUIDString() == machine_uuid(1):
            off_machine(conn).undefine()
        return str(xml_of(self, flags))

    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", remove_first)
    assert read_all(conn, uri).keys() == {machine_uuid(i) for i in range(MACHINES)} - {
        machine_uuid(1)
    }


def test_state_is_that_of_reading_not_of_listing(world: tuple[libvirt.virConnect, str]) -> None:
    conn, uri = world
    abilities = Abilities()
    listed = list_domains(conn, uri, abilities)
    off_machine(conn)
    read = {d.uuid: d for d in read_listed(conn, abilities, listed)}
    domain = read[machine_uuid(1)]
    assert (domain.state, domain.state_reason) == (DomainState.OFF, "forced off")
    assert domain.run_id is None


def test_chosen_machines_are_read_and_unknown_ones_left_out(
    world: tuple[libvirt.virConnect, str],
) -> None:
    wanted = [machine_uuid(2), machine_uuid(MACHINES + 1), machine_uuid(0)]
    read = read_domains(*world, Abilities(), wanted)
    assert [d.uuid for d in read] == [machine_uuid(2), machine_uuid(0)]
    assert all(d.read_fully for d in read)
    assert read_domains(*world, Abilities(), []) == ()


def test_autostart_saved_state_and_transience_are_told(
    world: tuple[libvirt.virConnect, str],
) -> None:
    conn, uri = world
    conn.lookupByUUIDString(machine_uuid(0)).setAutostart(1)
    conn.lookupByUUIDString(machine_uuid(1)).managedSave()
    transient = conn.createXML(
        "<domain type='test'><name>transient</name><memory>1024</memory>"
        "<os><type>hvm</type></os></domain>"
    )
    read = read_all(conn, uri)
    assert [uuid for uuid, d in read.items() if d.autostart] == [machine_uuid(0)]
    assert [uuid for uuid, d in read.items() if not d.persistent] == [transient.UUIDString()]
    saved = read[machine_uuid(1)]
    assert saved.has_managed_save
    assert saved.state is DomainState.SAVED
    assert not read[machine_uuid(0)].has_managed_save


def test_tags_survive_libvirt(world: tuple[libvirt.virConnect, str]) -> None:
    conn, uri = world
    machine = conn.lookupByUUIDString(machine_uuid(3))
    for tags in (("<b>&amp;", 'a "b"', "line\nbreak\r\ttab", "אב \U0001f47b"), ("other",), ()):
        machine.setMetadata(
            libvirt.VIR_DOMAIN_METADATA_ELEMENT,
            tags_element(tags),
            METADATA_PREFIX,
            METADATA_URI,
        )
        assert read_all(conn, uri)[machine_uuid(3)].tags == tags


def test_snapshots_are_counted(world: tuple[libvirt.virConnect, str]) -> None:
    conn, uri = world
    conn.lookupByUUIDString(machine_uuid(1)).snapshotCreateXML("<domainsnapshot/>")
    counts = {uuid: d.snapshot_count for uuid, d in read_all(conn, uri).items()}
    expected = {machine_uuid(i): 2 if i % 10 == 0 else 0 for i in range(MACHINES)}
    assert counts == expected | {machine_uuid(1): 1}


@pytest.mark.parametrize("code", [libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_ACCESS_DENIED])
def test_driver_without_bulk_statistics_tells_the_same_and_is_asked_once(
    world: tuple[libvirt.virConnect, str], code: int
) -> None:
    conn, uri = world
    poor = Lacking(conn, code, "getAllDomainStats", "domainListGetStats")
    abilities = Abilities()
    listed = list_domains(poor, uri, abilities)
    by_uuid = {d.uuid: d for d in read_listed(poor, abilities, listed)}
    assert by_uuid == read_all(conn, uri)
    assert poor.asked.total() == 1
    assert abilities.missing == {"getAllDomainStats"}


def test_machine_that_vanishes_is_left_out_without_bulk_statistics_too(
    world: tuple[libvirt.virConnect, str],
) -> None:
    conn, uri = world
    poor = Lacking(conn, libvirt.VIR_ERR_NO_SUPPORT, "getAllDomainStats", "domainListGetStats")
    abilities = Abilities()
    listed = list_domains(poor, uri, abilities)
    off_machine(conn).undefine()
    read = read_listed(poor, abilities, listed)
    assert {d.uuid for d in listed.domains} - {d.uuid for d in read} == {machine_uuid(1)}


def test_driver_without_filters_lists_all_the_same(world: tuple[libvirt.virConnect, str]) -> None:
    conn, uri = world

    class Filterless:
        def __getattr__(self, name: str) -> Any:
            return getattr(conn, name)

        def listAllDomains(self, flags: int = 0) -> Any:
            poor = Lacking(conn, libvirt.VIR_ERR_NO_SUPPORT, "listAllDomains")
            return (poor if flags else conn).listAllDomains(flags)

    abilities = Abilities()
    read = read_listed(conn, abilities, list_domains(Filterless(), uri, abilities))
    assert len(read) == MACHINES
    assert {d.snapshot_count for d in read} == {None}
    assert len(abilities.missing) == 4


def test_other_failures_of_the_list_are_raised(world: tuple[libvirt.virConnect, str]) -> None:
    conn, uri = world
    broken = Lacking(conn, libvirt.VIR_ERR_INTERNAL_ERROR, "getAllDomainStats")
    with pytest.raises(libvirt.libvirtError):
        list_domains(broken, uri, Abilities())


@pytest.mark.logs
def test_machine_whose_xml_cannot_be_read_stays_as_listed(
    world: tuple[libvirt.virConnect, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", lambda *_: "<domain>")
    read = read_all(*world)
    assert len(read) == MACHINES
    assert not any(d.read_fully for d in read.values())
    assert read[machine_uuid(0)].name == machine_name(0)


def test_connection_that_breaks_while_machines_are_read_is_raised(
    world: tuple[libvirt.virConnect, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise libvirt_error(libvirt.VIR_ERR_RPC, "client socket is closed")

    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", cut)
    with pytest.raises(libvirt.libvirtError, match="closed"):
        read_all(*world)


def test_worlds_are_the_same_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    write_world(first, domains=30, hostile=True)
    write_world(second, domains=30, hostile=True)
    assert first.read_bytes() == second.read_bytes()
