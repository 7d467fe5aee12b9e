from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from vmgui.hypervisor.stats import Devices, Order, Reading, Roster, blocked_monitors, read
from vmgui.inventory.figures import DomainCounters

URI = "test:///default"
UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
GIB = 1024**3
DEVICES = {UUID: Devices(("vda",), ("testnet0",))}


@pytest.fixture
def conn() -> Iterator[libvirt.virConnect]:
    conn = libvirt.open(URI)
    yield conn
    conn.close()


def many(tmp_path: Path, machines: int) -> str:
    domains = "".join(
        f"<domain type='test'><name>vm-{i}</name><memory unit='MiB'>64</memory>"
        "<os><type>hvm</type></os></domain>"
        for i in range(machines)
    )
    path = tmp_path / "node.xml"
    path.write_text(f"<node>{domains}</node>")
    return f"test://{path}"


def uuids(reading: Reading) -> set[str]:
    return {each.key.id for each in reading.domains}


def test_machine_is_asked_by_itself_where_the_bulk_call_tells_states_only(
    conn: libvirt.virConnect,
) -> None:
    reading = read(conn, URI, Order(1.0, devices=DEVICES), Roster())

    (machine,) = reading.domains
    assert reading.roster.in_bulk is False
    assert reading.active == {UUID}
    assert machine.run_id == 1
    assert (machine.vcpus, machine.memory_max_bytes) == (2, 8 * GIB)
    assert machine.memory_granted_bytes == 2 * GIB
    assert machine.cpu_time_ns


def test_counters_go_on_from_poll_to_poll(conn: libvirt.virConnect) -> None:
    first = read(conn, URI, Order(1.0, devices=DEVICES), Roster())
    second = read(conn, URI, Order(1.0, devices=DEVICES), first.roster)

    def grew(name: str) -> bool:
        before, now = (getattr(each.domains[0], name) for each in (first, second))
        return bool(before < now)

    assert grew("at_monotonic_s")
    assert grew("cpu_time_ns")
    assert grew("disk_read_bytes")
    assert grew("disk_written_bytes")
    assert grew("net_received_bytes")


def test_devices_that_are_not_there_cost_their_figures_only(conn: libvirt.virConnect) -> None:
    wrong = {UUID: Devices(("vda", "vdz"), ("testnet0", "gone"))}
    (machine,) = read(conn, URI, Order(1.0, devices=wrong), Roster()).domains

    assert machine.disk_read_bytes is None
    assert machine.net_received_bytes is None
    assert machine.cpu_time_ns is not None


def test_host_tells_its_size_and_cpu_time(conn: libvirt.virConnect) -> None:
    reading = read(conn, URI, Order(1.0), Roster())

    assert reading.host.cpus == conn.getInfo()[2]
    assert reading.host.memory_total_bytes == conn.getInfo()[1] * 1024**2
    assert reading.host.cpu_busy_ns


def test_calls_that_the_driver_lacks_are_remembered(conn: libvirt.virConnect) -> None:
    roster = read(conn, URI, Order(1.0), Roster()).roster

    assert "getMemoryStats" in roster.abilities.missing


def test_machine_that_stops_or_starts_is_noticed(conn: libvirt.virConnect) -> None:
    domain = conn.lookupByUUIDString(UUID)
    roster = read(conn, URI, Order(1.0), Roster()).roster
    domain.destroy()
    try:
        stopped = read(conn, URI, Order(1.0), roster)
    finally:
        domain.create()
    started = read(conn, URI, Order(1.0), stopped.roster)

    assert (stopped.active, stopped.domains) == (frozenset(), ())
    assert started.active == {UUID}
    assert started.domains[0].run_id != 1


def test_habits_of_a_driver_are_learnt_once_something_runs(conn: libvirt.virConnect) -> None:
    domain = conn.lookupByUUIDString(UUID)
    domain.destroy()
    try:
        roster = read(conn, URI, Order(1.0), Roster()).roster
    finally:
        domain.create()

    assert roster.in_bulk is None
    assert read(conn, URI, Order(1.0), roster).roster.in_bulk is False


def test_machines_are_read_in_turns_when_time_is_short(tmp_path: Path) -> None:
    uri = many(tmp_path, 20)
    conn = libvirt.open(uri)
    roster, seen = Roster(), list[DomainCounters]()
    for _ in range(20):
        reading = read(conn, uri, Order(0.0), roster)
        roster = reading.roster
        seen.extend(reading.domains)

    assert len(reading.active) == 20
    assert len(seen) == 20
    assert {each.key.id for each in seen} == reading.active


def test_wanted_machines_are_read_at_every_poll(tmp_path: Path) -> None:
    uri = many(tmp_path, 20)
    conn = libvirt.open(uri)
    reading = read(conn, uri, Order(0.0), Roster())
    wanted = frozenset(sorted(reading.active)[7:8])
    others = set()
    for _ in range(19):
        reading = read(conn, uri, Order(0.0, first=wanted), reading.roster)
        assert wanted < uuids(reading)
        others |= uuids(reading) - wanted

    assert others == reading.active - wanted


def test_everything_is_read_when_there_is_time(tmp_path: Path) -> None:
    uri = many(tmp_path, 20)
    reading = read(libvirt.open(uri), uri, Order(60.0), Roster())

    assert uuids(reading) == reading.active
    assert len(reading.domains) == 20


def test_machines_that_are_left_out_are_not_asked_but_run(conn: libvirt.virConnect) -> None:
    reading = read(conn, URI, Order(1.0, left_out=frozenset({UUID})), Roster(in_bulk=False))

    assert reading.domains == ()
    assert reading.active == {UUID}


def test_no_monitor_hangs_in_the_test_driver(conn: libvirt.virConnect) -> None:
    assert blocked_monitors(conn, None, 0.0) == frozenset()
