"""All machines of a host in one call, where the driver can."""

import time
from collections.abc import Mapping

import libvirt

from vmgui.hypervisor.errors import is_unsupported
from vmgui.inventory.figures import DomainCounters
from vmgui.inventory.key import domain_key

_GROUPS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_VCPU
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)
# Never ENFORCE_STATS: one group that a driver lacks would cost all the others.
_ACTIVE = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
_NOWAIT = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT

NOWAIT = "NOWAIT"
"""Stands in the set of missing calls where the server is too old for the flag."""

_KIB = 1024
_Figures = Mapping[str, int]
_Records = list[tuple[libvirt.virDomain, _Figures]]


def read_in_bulk(
    conn: libvirt.virConnect, uri: str, left_out: frozenset[str], *, nowait: bool
) -> tuple[tuple[DomainCounters, ...], frozenset[str], bool]:
    """Read all running machines but those whose UUIDs are ``left_out``.

    Returns their counters, the UUIDs of all running machines, and whether the driver told more
    than states. Raises libvirtError, NO_SUPPORT where there is no such call.
    """
    active: frozenset[str] = frozenset()
    began_s = time.monotonic()
    records: _Records
    if left_out:
        domains = {
            domain.UUIDString(): domain
            for domain in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        }
        active = frozenset(domains)
        asked = [domain for uuid, domain in domains.items() if uuid not in left_out]
        flags = _NOWAIT if nowait else 0
        records = conn.domainListGetStats(asked, _GROUPS, flags) if asked else []
    else:
        records = conn.getAllDomainStats(_GROUPS, _ACTIVE | (_NOWAIT if nowait else 0))
    # Machines are read one after the other while the call lasts. Its middle is off by a steady
    # amount for each, which falls out of a difference.
    at_s = (began_s + time.monotonic()) / 2
    counters = tuple(_counters(uri, at_s, domain, figures) for domain, figures in records)
    tells = any(not name.startswith("state.") for _, figures in records for name in figures)
    return counters, active | {each.key.id for each in counters}, tells


def refuses_flag(error: libvirt.libvirtError) -> bool:
    """Tell whether ``error`` may come from a flag that the server is too old for."""
    return error.get_error_code() == libvirt.VIR_ERR_INVALID_ARG or (
        is_unsupported(error) and "flag" in (error.get_error_message() or "")
    )


def _counters(
    uri: str, at_s: float, domain: libvirt.virDomain, figures: _Figures
) -> DomainCounters:
    vcpus = figures.get("vcpu.current")
    disks = range(figures.get("block.count", 0))
    nets = range(figures.get("net.count", 0))
    run_id = domain.ID()
    return DomainCounters(
        key=domain_key(uri, domain.UUIDString()),
        at_monotonic_s=at_s,
        run_id=run_id if run_id >= 0 else None,
        vcpus=vcpus,
        cpu_time_ns=figures.get("cpu.time"),
        steal_ns=_sum(figures, "vcpu", range(figures.get("vcpu.maximum", 0)), "delay"),
        memory_granted_bytes=_bytes(figures, "balloon.current"),
        memory_max_bytes=_bytes(figures, "balloon.maximum"),
        memory_rss_bytes=_bytes(figures, "balloon.rss"),
        memory_available_bytes=_bytes(figures, "balloon.available"),
        memory_usable_bytes=_bytes(figures, "balloon.usable"),
        disk_read_bytes=_sum(figures, "block", disks, "rd.bytes"),
        disk_written_bytes=_sum(figures, "block", disks, "wr.bytes"),
        disk_requests=_sum(figures, "block", disks, "rd.reqs", "wr.reqs"),
        net_received_bytes=_sum(figures, "net", nets, "rx.bytes"),
        net_sent_bytes=_sum(figures, "net", nets, "tx.bytes"),
        net_dropped=_sum(figures, "net", nets, "rx.drop", "tx.drop"),
    )


def _bytes(figures: _Figures, name: str) -> int | None:
    kib = figures.get(name)
    return None if kib is None else kib * _KIB


def _sum(figures: _Figures, group: str, numbers: range, *names: str) -> int | None:
    """Add up the devices of a group; None where there is no device that tells."""
    told = [
        value
        for number in numbers
        for name in names
        if (value := figures.get(f"{group}.{number}.{name}")) is not None
    ]
    return sum(told) if told else None
