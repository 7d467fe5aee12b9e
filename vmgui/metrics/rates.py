"""Rates from two readings of counters. Pure: no clock, no I/O.

A figure that can't be trusted is None, a gap in the graph, never a spike and never negative. So
it is after a restart (another ``run_id``), when a counter went backwards (reset, wrap, a disk
taken out), when the number of vCPUs changed between the readings, when time did not advance and
when either reading lacks the counter.
"""

from collections.abc import Iterable

from vmgui.inventory.figures import DomainCounters, HostCounters, Sample

_NS_PER_S = 1e9
_BITS = 8

_QEMU_OWN_THREADS = 2.0
"""Beside its vCPUs a machine's process has threads of its own, for disks and network.

Their time is in ``cpu.time`` too, so a busy machine may truly pass 100 %. Up to twice its vCPUs
and this many threads that is taken for real and shown as 100 %; beyond, the counter jumped.
"""

_HOST_TOLERANCE = 0.1
"""Host CPU counters tick in hundredths of a second, and are not read all at the same instant."""


def domain_sample(before: DomainCounters | None, now: DomainCounters, at_s: float) -> Sample:
    """Return what a machine did between two readings; ``at_s`` is the wall time of ``now``.

    CPU is ``cpu.time`` over wall time and vCPUs, from 0 to 1. Used memory is the guest's own
    ``available − usable``, else its process's resident size, which is then said.
    """
    step_s = _step_s(before, now)
    used, resident = _memory_used(now)
    sized = {
        "memory_used_bytes": used,
        "memory_granted_bytes": now.memory_granted_bytes,
        "memory_max_bytes": now.memory_max_bytes,
    }
    if before is None or step_s is None:
        return Sample(now.key, at_s, memory_is_resident=resident, **sized)
    vcpus = now.vcpus if now.vcpus == before.vcpus else None
    received = _rate(before.net_received_bytes, now.net_received_bytes, step_s)
    sent = _rate(before.net_sent_bytes, now.net_sent_bytes, step_s)
    return Sample(
        now.key,
        at_s,
        cpu_ratio=_machine_ratio(before.cpu_time_ns, now.cpu_time_ns, step_s, vcpus),
        steal_ratio=_machine_ratio(before.steal_ns, now.steal_ns, step_s, vcpus),
        memory_is_resident=resident,
        disk_read_bytes_per_s=_rate(before.disk_read_bytes, now.disk_read_bytes, step_s),
        disk_written_bytes_per_s=_rate(before.disk_written_bytes, now.disk_written_bytes, step_s),
        disk_requests_per_s=_rate(before.disk_requests, now.disk_requests, step_s),
        net_received_bits_per_s=None if received is None else received * _BITS,
        net_sent_bits_per_s=None if sent is None else sent * _BITS,
        net_dropped_per_s=_rate(before.net_dropped, now.net_dropped, step_s),
        step_s=step_s,
        **sized,
    )


def host_sample(
    before: HostCounters | None, now: HostCounters, machines: Iterable[Sample], at_s: float
) -> Sample:
    """Return what a host did between two readings.

    CPU and memory are the host's own, everything that runs there included. Disk and network are
    the sums over ``machines``, the newest samples of those that run: libvirt has no counters of
    the host's own devices.
    """
    step_s = None if before is None else _positive(now.at_monotonic_s - before.at_monotonic_s)
    ratio = None
    if before is not None and step_s is not None and now.cpus and now.cpus == before.cpus:
        busy = _rate(before.cpu_busy_ns, now.cpu_busy_ns, step_s)
        if busy is not None:
            ratio = _bounded(busy / _NS_PER_S / now.cpus, 1 + _HOST_TOLERANCE)
    used = None
    if now.memory_total_bytes is not None and now.memory_free_bytes is not None:
        kept = now.memory_free_bytes + (now.memory_reclaimable_bytes or 0)
        used = max(0, now.memory_total_bytes - kept)
    sums = _sums(machines)
    return Sample(
        now.key,
        at_s,
        cpu_ratio=ratio,
        memory_used_bytes=used,
        memory_max_bytes=now.memory_total_bytes,
        disk_read_bytes_per_s=sums[0],
        disk_written_bytes_per_s=sums[1],
        disk_requests_per_s=sums[2],
        net_received_bits_per_s=sums[3],
        net_sent_bits_per_s=sums[4],
        net_dropped_per_s=sums[5],
        step_s=step_s,
    )


def _step_s(before: DomainCounters | None, now: DomainCounters) -> float | None:
    """Return the time between two readings of the same run of a machine."""
    if before is None or before.run_id != now.run_id or before.key != now.key:
        return None
    return _positive(now.at_monotonic_s - before.at_monotonic_s)


def _positive(seconds: float) -> float | None:
    return seconds if seconds > 0 else None


def _rate(before: int | None, now: int | None, step_s: float) -> float | None:
    if before is None or now is None or now < before:
        return None
    return (now - before) / step_s


def _machine_ratio(
    before_ns: int | None, now_ns: int | None, step_s: float, vcpus: int | None
) -> float | None:
    rate = _rate(before_ns, now_ns, step_s)
    if rate is None or not vcpus:
        return None
    return _bounded(rate / _NS_PER_S / vcpus, 2 + _QEMU_OWN_THREADS / vcpus)


def _bounded(ratio: float, believable: float) -> float | None:
    return min(ratio, 1.0) if ratio <= believable else None


def _memory_used(now: DomainCounters) -> tuple[int | None, bool]:
    available, usable = now.memory_available_bytes, now.memory_usable_bytes
    if available is not None and usable is not None and 0 <= usable <= available:
        return available - usable, False
    return now.memory_rss_bytes, now.memory_rss_bytes is not None


def _sums(machines: Iterable[Sample]) -> list[float | None]:
    sums: list[float | None] = [None] * 6
    for sample in machines:
        rates = (
            sample.disk_read_bytes_per_s,
            sample.disk_written_bytes_per_s,
            sample.disk_requests_per_s,
            sample.net_received_bits_per_s,
            sample.net_sent_bits_per_s,
            sample.net_dropped_per_s,
        )
        for i, rate in enumerate(rates):
            if rate is not None:
                sums[i] = (sums[i] or 0.0) + rate
    return sums
