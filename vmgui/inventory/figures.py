"""Figures of machines and hosts: counters as they are read, and the samples made of them.

None always means "not visible over this connection", never zero.
"""

from dataclasses import dataclass

from vmgui.inventory.key import Key


@dataclass(frozen=True, slots=True)
class DomainCounters:
    """One reading of a domain's counters, monotonic since the guest was started.

    ``run_id`` is libvirt's id of this run: another id means that the counters began anew.
    ``memory_rss_bytes`` is what the process holds on the host; available and usable are the
    guest's own words through its balloon driver.
    """

    key: Key
    at_monotonic_s: float
    run_id: int | None
    vcpus: int | None = None
    cpu_time_ns: int | None = None
    steal_ns: int | None = None
    memory_granted_bytes: int | None = None
    memory_max_bytes: int | None = None
    memory_rss_bytes: int | None = None
    memory_available_bytes: int | None = None
    memory_usable_bytes: int | None = None
    disk_read_bytes: int | None = None
    disk_written_bytes: int | None = None
    disk_requests: int | None = None
    net_received_bytes: int | None = None
    net_sent_bytes: int | None = None
    net_dropped: int | None = None


@dataclass(frozen=True, slots=True)
class HostCounters:
    """One reading of a host's own counters. CPU times are summed over ``cpus`` threads."""

    key: Key
    at_monotonic_s: float
    cpus: int | None = None
    cpu_busy_ns: int | None = None
    memory_total_bytes: int | None = None
    memory_free_bytes: int | None = None
    memory_reclaimable_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What one machine or host did over the last step.

    ``at_s`` is wall time (seconds since the epoch), the end of the step, and ``step_s`` its
    length: rates are means over it. None says that there is nothing before it to compare with:
    a gap ends here. ``cpu_ratio`` runs from 0 to 1 over all vCPUs (host: all threads).
    ``memory_is_resident`` says that the guest doesn't tell what it uses, so that the figure is
    what its process holds on the host.
    """

    key: Key
    at_s: float
    cpu_ratio: float | None = None
    steal_ratio: float | None = None
    memory_used_bytes: int | None = None
    memory_granted_bytes: int | None = None
    memory_max_bytes: int | None = None
    memory_is_resident: bool = False
    disk_read_bytes_per_s: float | None = None
    disk_written_bytes_per_s: float | None = None
    disk_requests_per_s: float | None = None
    net_received_bits_per_s: float | None = None
    net_sent_bits_per_s: float | None = None
    net_dropped_per_s: float | None = None
    step_s: float | None = None
