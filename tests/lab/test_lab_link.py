"""Guests move between a lab's hosts over its switch, by what any libvirt client can call.

The disk in the pool ``shared`` is the same file for both hosts, but on a file system that libvirt
takes for local, so its migration has to be told that this is safe (VIR_MIGRATE_UNSAFE): libvirt
9.0 refuses it otherwise. Newer ones believe ``shared_filesystems`` in qemu.conf, which is set.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libvirt
import pytest

from tests.lab_fixture import eventually
from vmgui import lab as lab_room
from vmgui.hypervisor.console import ConsoleShell
from vmgui.lab import LabHeartbeat, LabStatus, LabUnavailable, guests

pytestmark = pytest.mark.lab

Connect = Callable[[str], libvirt.virConnect]

_MBIT = 1_000_000
_PATIENCE_S = 90
_FLAGS = (
    libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
)


@pytest.fixture(scope="module")
def linked() -> Iterator[LabStatus]:
    """Two hosts with two guests each, to be moved about."""
    name = f"link-{os.getpid()}"
    yield lab_room.up(2, 2, name=name, owner_pid=os.getpid())
    lab_room.down(name)


@pytest.fixture(autouse=True)
def _link_healed(linked: LabStatus) -> Iterator[None]:
    yield
    lab_room.link(linked.name).join()
    lab_room.link(linked.name).set_rate(None)


@dataclass(frozen=True)
class Moved:
    """A machine that arrived, and what libvirt says of its journey."""

    domain: libvirt.virDomain
    bytes_a_s: int
    downtime_ms: int


def migrate(
    connect: Connect, linked: LabStatus, name: str, *, to: str, flags: int = 0, uri: str = ""
) -> Moved:
    """Migrate a machine to one of the two hosts from the other; gives up after a while."""
    there = connect(next(host.uri for host in linked.hosts if host.name == to))
    here = connect(next(host.uri for host in linked.hosts if host.name != to))
    domain = here.lookupByName(name)
    # Another connection, for one call at a time is safe on each.
    stop = connect(next(host.uri for host in linked.hosts if host.name != to)).lookupByName(name)
    late = threading.Timer(_PATIENCE_S, stop.abortJob)
    late.start()
    try:
        arrived = domain.migrate3(
            there, {libvirt.VIR_MIGRATE_PARAM_URI: uri or f"tcp://{to}"}, _FLAGS | flags
        )
    finally:
        late.cancel()
        late.join()
    told = arrived.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    return Moved(arrived, told["memory_bps"], told["downtime"])


def names(connect: Connect, linked: LabStatus, host: str) -> set[str]:
    """Return the machines that run on a host."""
    uri = next(each.uri for each in linked.hosts if each.name == host)
    running = libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING
    return {domain.name() for domain in connect(uri).listAllDomains(running)}


def test_a_guest_moves_over_tcp_with_its_shared_disk_and_its_pulse_goes_on(
    linked: LabStatus, connect: Connect
) -> None:
    guests.set_workload(linked.name, "db-01", 1, 8)
    guests.reset_heartbeat(linked.name, "db-01")
    address = lab_room.link(linked.name).port("lab-b").address
    moved = migrate(
        connect,
        linked,
        "db-01",
        to="lab-b",
        flags=libvirt.VIR_MIGRATE_UNSAFE,
        uri=f"tcp://{address}",
    )
    assert "db-01" not in names(connect, linked, "lab-a")
    assert "db-01" in names(connect, linked, "lab-b")
    beats_then = _pulse(linked).beats
    eventually(lambda: _pulse(linked).beats > beats_then + 5, "it beats at the destination")
    # The gap holds the pause, and the beats are 50 ms apart by themselves.
    assert _pulse(linked).longest_gap_ms >= moved.downtime_ms - 100
    eventually(
        lambda: guests.workload(linked.name, "db-01").reached_mib_s > 0.5,
        "it still writes what it was told",
    )
    disk = moved.domain.XMLDesc()
    assert "/var/lib/libvirt/shared/db-01.qcow2" in disk
    guests.stop_heartbeat(linked.name, "db-01")
    eventually(lambda: _pulse(linked).stopped, "it stops when it is told")


def _pulse(linked: LabStatus) -> LabHeartbeat:
    found = guests.heartbeat(linked.name, "db-01")
    assert found is not None
    return found


def test_a_guest_moves_with_its_disk_copied(linked: LabStatus, connect: Connect) -> None:
    guests.set_workload(linked.name, "web-01", 0, 1)
    with ConsoleShell(linked.hosts[0].uri, "web-01") as shell:
        shell.run("echo carried-along | dd of=/dev/vda bs=512 seek=2000 conv=fsync")
    there = connect(linked.hosts[1].uri)
    there.storagePoolLookupByName("default").createXML(
        "<volume><name>web-01.qcow2</name><capacity unit='MiB'>64</capacity>"
        "<target><format type='qcow2'/></target></volume>"
    )
    migrate(connect, linked, "web-01", to="lab-b", flags=libvirt.VIR_MIGRATE_NON_SHARED_DISK)
    with ConsoleShell(linked.hosts[1].uri, "web-01") as shell:
        shell.run("echo 3 >/proc/sys/vm/drop_caches")
        text = shell.run("dd if=/dev/vda bs=512 skip=2000 count=1 2>/dev/null | head -1")
    assert text.strip() == "carried-along"


def test_the_rate_of_one_hosts_cable_is_the_speed_of_the_move_either_way(
    linked: LabStatus, connect: Connect
) -> None:
    link = lab_room.link(linked.name)
    guests.set_workload(linked.name, "db-02", 0, 1)

    def speed(to: str, slow_host: str | None) -> int:
        link.set_rate(300 * _MBIT)
        if slow_host:
            link.set_rate(60 * _MBIT, slow_host)
        moved = migrate(connect, linked, "db-02", to=to, flags=libvirt.VIR_MIGRATE_UNSAFE)
        return moved.bytes_a_s

    leaving = speed("lab-a", slow_host="lab-b")
    assert [port.rate_bps for port in link.ports().values()] == [300 * _MBIT, 60 * _MBIT]
    fast = speed("lab-b", slow_host=None)
    arriving = speed("lab-a", slow_host="lab-a")
    assert 3 < fast / leaving < 7
    assert 3 < fast / arriving < 7
    migrate(connect, linked, "db-02", to="lab-b", flags=libvirt.VIR_MIGRATE_UNSAFE)


def test_a_cut_link_stops_the_move_and_a_joined_one_ends_it(
    linked: LabStatus, connect: Connect
) -> None:
    link = lab_room.link(linked.name)
    guests.set_workload(linked.name, "db-02", 0, 1)
    link.set_rate(60 * _MBIT)
    watched = connect(linked.hosts[1].uri).lookupByName("db-02")
    arrived: list[Moved] = []
    move = threading.Thread(
        target=lambda: arrived.append(
            migrate(connect, linked, "db-02", to="lab-a", flags=libvirt.VIR_MIGRATE_UNSAFE)
        )
    )
    move.start()

    def sent() -> int:
        return int(watched.jobStats().get("memory_processed", 0))

    eventually(lambda: sent() > 4_000_000, "the move is under way")
    assert not link.cut("lab-a")["lab-a"].joined

    def stands_still() -> bool:
        before = sent()
        time.sleep(0.5)  # at 60 Mbit/s some 3 MiB would pass
        return sent() == before

    eventually(stands_still, "nothing passes any more")
    assert move.is_alive()
    assert watched.isActive()
    assert link.join("lab-a")["lab-a"].joined
    move.join()
    assert arrived[0].domain.isActive()
    assert "db-02" in names(connect, linked, "lab-a")


@pytest.mark.parametrize("how", [0, libvirt.VIR_MIGRATE_TUNNELLED])
def test_a_host_reaches_its_neighbour_by_itself(
    linked: LabStatus, connect: Connect, how: int
) -> None:
    guests.set_workload(linked.name, "db-02", 0, 1)
    place = next(host for host in linked.hosts if "db-02" in names(connect, linked, host.name))
    goal = next(host for host in linked.hosts if host.name != place.name)
    connect(place.uri).lookupByName("db-02").migrateToURI3(
        goal.peer_uri,
        {},
        _FLAGS | libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_UNSAFE | how,
    )
    assert "db-02" in names(connect, linked, goal.name)


def test_what_cannot_be_set_is_refused_with_a_sentence(linked: LabStatus) -> None:
    with pytest.raises(LabUnavailable, match="no host “lab-x”"):
        lab_room.link(linked.name).cut("lab-x")
    with pytest.raises(LabUnavailable, match="MiB of memory free"):
        guests.set_workload(linked.name, "db-01", 1, 500)
    with pytest.raises(LabUnavailable, match="no guest “nobody”"):
        guests.set_workload(linked.name, "nobody", 1, 1)
    with pytest.raises(LabUnavailable, match="not up"):
        lab_room.link("another").ports()
