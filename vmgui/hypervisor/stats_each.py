"""Machines asked one by one, in turns, where the driver has no bulk figures."""

import bisect
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.inventory.figures import DomainCounters
from vmgui.inventory.key import Key, domain_key

_KIB = 1024

_LONGEST_S = 1.0
"""Wall time of a poll: a far host costs little CPU, but must not hold up the next poll."""

_FIRST_SHARE = 0.75
"""How much of the time the machines that are looked at may take from all others."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A running machine and libvirt's handle for it."""

    key: Key
    run_id: int
    handle: libvirt.virDomain


@dataclass(frozen=True, slots=True)
class Devices:
    """Names by which a machine's disks (``vda``) and interfaces (name or MAC) are asked for."""

    disks: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()


def roll_call(
    conn: libvirt.virConnect, uri: str, known: Mapping[int, Machine]
) -> Mapping[int, Machine]:
    """Return the running machines by run id, ascending; ``known`` itself if nothing changed."""
    if set(conn.listDomainsID()) == known.keys():
        return known
    found = conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    by_id = {domain.ID(): domain for domain in found}
    return {
        run_id: Machine(domain_key(uri, domain.UUIDString()), run_id, domain)
        for run_id, domain in sorted(by_id.items())
        if run_id >= 0  # it stopped meanwhile
    }


@dataclass(frozen=True, slots=True)
class Turns:
    """Run ids that were read last: of the machines that go first, and of all others."""

    first: int = -1
    others: int = -1


def read_in_turns(
    abilities: Abilities,
    machines: Mapping[int, Machine],
    first: frozenset[str],
    devices: Mapping[str, Devices],
    budget_s: float,
    turns: Turns,
) -> tuple[tuple[DomainCounters, ...], Turns]:
    """Read as many machines as ``budget_s`` of CPU time allows, each at most once.

    Those whose UUIDs are in ``first`` come at every poll, the others go on where the poll before
    left off; at least one of either is read. Returns the counters and the turns for next time.
    """
    ahead = [run_id for run_id, machine in machines.items() if machine.key.id in first]
    others = [run_id for run_id in machines if machines[run_id].key.id not in first]
    share = _FIRST_SHARE if others else 1.0
    began_cpu_s, began_s = time.thread_time(), time.monotonic()
    read: list[DomainCounters] = []

    def take(run_ids: list[int], last: int, until: float) -> int:
        for run_id in _after(run_ids, last):
            last = run_id
            counters = _read(abilities, machines[run_id], devices)
            if counters is not None:
                read.append(counters)
            if (
                time.thread_time() - began_cpu_s > budget_s * until
                or time.monotonic() - began_s > _LONGEST_S * until
            ):
                break
        return last

    last_ahead = take(ahead, turns.first, share)
    last_other = take(others, turns.others, 1.0)
    return tuple(read), Turns(last_ahead, last_other)


def _after(run_ids: list[int], last: int) -> Iterator[int]:
    start = bisect.bisect_right(run_ids, last)
    yield from run_ids[start:]
    yield from run_ids[:start]


def _read(
    abilities: Abilities, machine: Machine, devices: Mapping[str, Devices]
) -> DomainCounters | None:
    """Return the counters of one machine, or None if it can't be asked (it has just stopped)."""
    domain = machine.handle
    # info() has the CPU time as well; getCPUStats() would be a second call for the same.
    info = abilities.ask_if_told("info", domain.info)
    if info is None:
        return None
    _state, max_kib, granted_kib, vcpus, cpu_time_ns = info
    memory = abilities.ask_if_told("memoryStats", domain.memoryStats) or {}
    named = devices.get(machine.key.id, _NO_DEVICES)
    read_bytes, written_bytes, requests = _disks(abilities, domain, named.disks)
    received_bytes, sent_bytes, dropped = _interfaces(abilities, domain, named.interfaces)
    return DomainCounters(
        key=machine.key,
        at_monotonic_s=time.monotonic(),
        run_id=machine.run_id,
        vcpus=vcpus or None,
        cpu_time_ns=cpu_time_ns,
        memory_granted_bytes=granted_kib * _KIB,
        memory_max_bytes=max_kib * _KIB,
        memory_rss_bytes=_bytes(memory.get("rss")),
        memory_available_bytes=_bytes(memory.get("available")),
        memory_usable_bytes=_bytes(memory.get("usable")),
        disk_read_bytes=read_bytes,
        disk_written_bytes=written_bytes,
        disk_requests=requests,
        net_received_bytes=received_bytes,
        net_sent_bytes=sent_bytes,
        net_dropped=dropped,
    )


_NO_DEVICES = Devices()
_Three = tuple[int | None, int | None, int | None]
_UNKNOWN: _Three = (None, None, None)


def _disks(abilities: Abilities, domain: libvirt.virDomain, names: tuple[str, ...]) -> _Three:
    """Return bytes read, bytes written and requests; unknown unless every disk tells."""
    totals = [0, 0, 0]
    for name in names:
        told = abilities.ask_if_told("blockStats", partial(domain.blockStats, name))
        if told is None or min(told[:4]) < 0:  # -1 is "not known"
            return _UNKNOWN
        totals[0] += told[1]
        totals[1] += told[3]
        totals[2] += told[0] + told[2]
    return (totals[0], totals[1], totals[2]) if names else _UNKNOWN


def _interfaces(abilities: Abilities, domain: libvirt.virDomain, names: tuple[str, ...]) -> _Three:
    """Return bytes received, bytes sent and packets dropped; unknown unless every one tells."""
    totals = [0, 0, 0]
    for name in names:
        told = abilities.ask_if_told("interfaceStats", partial(domain.interfaceStats, name))
        if told is None or min(told) < 0:
            return _UNKNOWN
        totals[0] += told[0]
        totals[1] += told[4]
        totals[2] += told[3] + told[7]
    return (totals[0], totals[1], totals[2]) if names else _UNKNOWN


def _bytes(kib: int | None) -> int | None:
    return None if kib is None else kib * _KIB
