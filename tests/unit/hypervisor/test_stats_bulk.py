"""Bulk figures as servers of all ages give them; their records are copied from real ones."""

import time
from typing import Any

import libvirt
import pytest

from vmgui.hypervisor.stats import Order, Roster, read
from vmgui.inventory.figures import DomainCounters
from vmgui.inventory.key import domain_key

URI = "qemu:///system"
NOWAIT = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
ENFORCE = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS

FULL: dict[str, Any] = {
    "state.state": 1, "state.reason": 1, "cpu.time": 4430000000, "cpu.user": 3810000000,
    "balloon.current": 98304, "balloon.maximum": 131072, "balloon.unused": 32736,
    "balloon.available": 62020, "balloon.usable": 39252, "balloon.rss": 220736,
    "vcpu.current": 2, "vcpu.maximum": 4, "vcpu.0.time": 3950000000, "vcpu.0.delay": 6000,
    "vcpu.2.time": 1, "vcpu.2.delay": 500,
    "net.count": 3, "net.0.name": "vnet0", "net.0.rx.bytes": 14085, "net.0.rx.drop": 1,
    "net.0.tx.bytes": 11449, "net.0.tx.drop": 0, "net.1.name": "hostdev",
    "net.2.rx.bytes": 15, "net.2.rx.drop": 2, "net.2.tx.bytes": 1, "net.2.tx.drop": 4,
    "block.count": 2, "block.0.name": "vda", "block.0.rd.reqs": 2, "block.0.rd.bytes": 4608,
    "block.0.wr.reqs": 5, "block.0.wr.bytes": 512, "block.1.name": "sda", "block.1.rd.reqs": 1,
    "block.1.rd.bytes": 10, "block.1.wr.reqs": 0, "block.1.wr.bytes": 0,
}  # fmt: skip


def error(code: int, message: str = "") -> libvirt.libvirtError:
    made = libvirt.libvirtError(message)
    made.err = (code, 0, message, 2, "", "", "", -1, -1)
    return made


class Machine:
    def __init__(self, uuid: str, figures: dict[str, Any]) -> None:
        self.uuid, self.figures = uuid, figures

    def UUIDString(self) -> str:
        return self.uuid

    def ID(self) -> int:
        return 7


class Server:
    """A server with two machines; a subclass for each age of it."""

    def __init__(self) -> None:
        self.machines = [Machine("a", FULL), Machine("b", {"state.state": 1, "cpu.time": 5})]
        self.flags: list[int] = []
        self.asked: list[list[str]] = []

    def getAllDomainStats(self, _groups: int, flags: int) -> list[Any]:
        return self.domainListGetStats(self.machines, _groups, flags)

    def domainListGetStats(self, machines: list[Machine], _groups: int, flags: int) -> list[Any]:
        self.flags.append(flags)
        self.asked.append([machine.uuid for machine in machines])
        return [(machine, machine.figures) for machine in machines]

    def listAllDomains(self, _flags: int) -> list[Machine]:
        return self.machines

    def getInfo(self) -> list[Any]:
        return ["x86_64", 1024, 8, 0, 1, 1, 8, 1]

    def getCPUStats(self, _cpu: int) -> dict[str, int]:
        return {"kernel": 10, "user": 20, "idle": 30, "iowait": 40}

    def getMemoryStats(self, _cell: int) -> dict[str, int]:
        return {"total": 1000, "free": 100, "buffers": 20, "cached": 30}


def test_all_figures_are_found_and_devices_added_up() -> None:
    began_s = time.monotonic()
    reading = read(Server(), URI, Order(1.0), Roster())
    full, _ = reading.domains

    assert began_s <= full.at_monotonic_s <= time.monotonic()
    assert full == DomainCounters(
        domain_key(URI, "a"), full.at_monotonic_s, 7, vcpus=2, cpu_time_ns=4430000000,
        steal_ns=6500, memory_granted_bytes=98304 * 1024, memory_max_bytes=131072 * 1024,
        memory_rss_bytes=220736 * 1024, memory_available_bytes=62020 * 1024,
        memory_usable_bytes=39252 * 1024, disk_read_bytes=4618, disk_written_bytes=512,
        disk_requests=8, net_received_bytes=14100, net_sent_bytes=11450, net_dropped=7,
    )  # fmt: skip


def test_figures_that_are_not_told_are_none() -> None:
    _, bare = read(Server(), URI, Order(1.0), Roster()).domains

    assert bare == DomainCounters(domain_key(URI, "b"), bare.at_monotonic_s, 7, cpu_time_ns=5)


def test_the_hosts_own_counters() -> None:
    host = read(Server(), URI, Order(1.0), Roster()).host

    assert (host.cpus, host.cpu_busy_ns) == (8, 30)
    assert host.memory_total_bytes == 1000 * 1024
    assert (host.memory_free_bytes, host.memory_reclaimable_bytes) == (100 * 1024, 50 * 1024)


def test_one_call_is_all_it_takes_and_it_never_waits_for_a_job() -> None:
    server = Server()
    roster = read(server, URI, Order(1.0), Roster()).roster
    read(server, URI, Order(1.0), roster)

    assert len(server.flags) == 2
    assert all(flags & NOWAIT and not flags & ENFORCE for flags in server.flags)
    assert roster.in_bulk is True


def test_machines_that_are_left_out_are_not_asked_but_run() -> None:
    server = Server()
    reading = read(server, URI, Order(1.0, left_out=frozenset({"a"})), Roster(in_bulk=True))

    assert server.asked == [["b"]]
    assert server.flags[0] & NOWAIT
    assert reading.active == {"a", "b"}


def test_nobody_is_asked_when_all_are_left_out() -> None:
    server = Server()
    order = Order(1.0, left_out=frozenset({"a", "b"}))
    reading = read(server, URI, order, Roster(in_bulk=True))

    assert server.asked == []
    assert reading.domains == ()
    assert reading.roster.in_bulk is True


class BeforeNowait(Server):
    def domainListGetStats(self, machines: list[Machine], groups: int, flags: int) -> list[Any]:
        if flags & NOWAIT:
            self.flags.append(flags)
            raise error(libvirt.VIR_ERR_INVALID_ARG, "unsupported flags (0x20000000)")
        return super().domainListGetStats(machines, groups, flags)


def test_a_server_too_old_for_a_flag_is_asked_without_it_ever_after() -> None:
    server = BeforeNowait()
    reading = read(server, URI, Order(1.0), Roster())
    assert len(reading.domains) == 2
    read(server, URI, Order(1.0), reading.roster)

    assert [bool(flags & NOWAIT) for flags in server.flags] == [True, False, False]


class WithoutBulk(Server):
    def domainListGetStats(self, machines: list[Machine], groups: int, flags: int) -> list[Any]:
        self.flags.append(flags)
        raise error(libvirt.VIR_ERR_NO_SUPPORT, "this function is not supported")

    def listDomainsID(self) -> list[int]:
        return []


def test_a_driver_without_the_bulk_call_is_not_asked_for_it_again() -> None:
    server = WithoutBulk()
    roster = read(server, URI, Order(1.0), Roster()).roster
    read(server, URI, Order(1.0), roster)

    assert len(server.flags) == 1
    assert roster.in_bulk is False


class ForbidsHostFigures(Server):
    calls = 0

    def getCPUStats(self, _cpu: int) -> dict[str, int]:
        self.calls += 1
        raise error(libvirt.VIR_ERR_ACCESS_DENIED, "access denied")


def test_what_is_forbidden_is_none_and_not_asked_for_again() -> None:
    server = ForbidsHostFigures()
    reading = read(server, URI, Order(1.0), Roster())
    read(server, URI, Order(1.0), reading.roster)

    assert reading.host.cpu_busy_ns is None
    assert len(reading.domains) == 2
    assert server.calls == 1


class Broken(Server):
    def getCPUStats(self, _cpu: int) -> dict[str, int]:
        raise error(libvirt.VIR_ERR_INTERNAL_ERROR, "client socket is closed")


def test_a_broken_connection_is_an_error_and_no_gap() -> None:
    with pytest.raises(libvirt.libvirtError, match="socket is closed"):
        read(Broken(), URI, Order(1.0), Roster())
