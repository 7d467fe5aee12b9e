"""A host's own counters."""

import time
from dataclasses import dataclass

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.inventory.figures import HostCounters
from vmgui.inventory.key import host_key

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True)
class HostSize:
    """What a host has; asked once a connection, since the server walks all of sysfs for it."""

    cpus: int | None = None
    memory_bytes: int | None = None


def measure_host(conn: libvirt.virConnect, abilities: Abilities) -> HostSize:
    """Ask how many threads and how much memory the host has."""
    info = abilities.ask_if_told("getInfo", conn.getInfo)
    return HostSize(info[2] or None, info[1] * _MIB) if info is not None else HostSize()


def read_host(
    conn: libvirt.virConnect, uri: str, abilities: Abilities, size: HostSize
) -> HostCounters:
    """Read the host's CPU time and memory; what its driver does not tell is None.

    ``nodeGetCPUStats`` counts user and kernel time apart (nanoseconds, all threads together);
    buffers and cache are what the kernel would give back, so they are not "used".
    """
    at_s = time.monotonic()
    cpu = abilities.ask_if_told(
        "getCPUStats", lambda: conn.getCPUStats(libvirt.VIR_NODE_CPU_STATS_ALL_CPUS)
    )
    memory = abilities.ask_if_told(
        "getMemoryStats", lambda: conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    )
    total, free, reclaimable = size.memory_bytes, None, None
    if memory and "total" in memory:
        total = memory["total"] * _KIB
        free = memory["free"] * _KIB if "free" in memory else None
        reclaimable = (memory.get("buffers", 0) + memory.get("cached", 0)) * _KIB
    else:
        free = abilities.ask_if_told("getFreeMemory", conn.getFreeMemory)
    return HostCounters(
        key=host_key(uri),
        at_monotonic_s=at_s,
        cpus=size.cpus,
        cpu_busy_ns=cpu["user"] + cpu["kernel"]
        if cpu and {"user", "kernel"} <= cpu.keys()
        else None,
        memory_total_bytes=total,
        memory_free_bytes=free,
        memory_reclaimable_bytes=reclaimable,
    )
