"""Everything at a glance: totals over all hosts, and what wants a look, the gravest first."""

from collections.abc import Callable
from dataclasses import dataclass, field

from vmgui.insight.attention import Severity, attention, host_attention
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key

Latest = Callable[[Key], Sample | None]
"""Returns the newest sample of a machine or host."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all hosts; what a host doesn't tell is left out of its sum.

    ``promised_bytes`` is the memory that running machines may claim at most, ``granted_bytes``
    what they have. ``per_host`` holds, by URI, how many machines are on, and how many there are.
    """

    hosts: int = 0
    connected: int = 0
    machines: int = 0
    active: int = 0
    cpus: int = 0
    vcpus: int = 0
    busy_cpus: float | None = None
    memory_bytes: int = 0
    used_bytes: int | None = None
    granted_bytes: int = 0
    promised_bytes: int = 0
    per_host: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """One machine or host that wants a look, and why."""

    key: Key
    name: str
    severity: Severity
    reason: str


def totals(inventory: Inventory, latest: Latest) -> Totals:
    """Return the sums over everything that is known now."""
    hosts = inventory.hosts()
    busy: list[float] = []
    used: list[int] = []
    for host in hosts:
        sample = latest(host.key)
        if sample is not None and sample.cpu_ratio is not None and host.cpus:
            busy.append(sample.cpu_ratio * host.cpus)
        if sample is not None and sample.memory_used_bytes is not None:
            used.append(sample.memory_used_bytes)
    machines = active = vcpus = granted = promised = 0
    per_host: dict[str, tuple[int, int]] = {}
    for host in hosts:
        on = there = 0
        for domain in inventory.of(Domain, host.key.host):
            there += 1
            if domain.state.is_active:
                on += 1
                vcpus += domain.vcpus
                granted += domain.memory_bytes
                promised += max(domain.memory_max_bytes, domain.memory_bytes)
        per_host[host.key.host] = (on, there)
        machines, active = machines + there, active + on
    return Totals(
        hosts=len(hosts),
        connected=sum(host.link.state.is_fresh for host in hosts),
        machines=machines,
        active=active,
        cpus=sum(host.cpus or 0 for host in hosts),
        vcpus=vcpus,
        busy_cpus=sum(busy) if busy else None,
        memory_bytes=sum(host.memory_bytes or 0 for host in hosts),
        used_bytes=sum(used) if used else None,
        granted_bytes=granted,
        promised_bytes=promised,
        per_host=per_host,
    )


def looks(inventory: Inventory, latest: Latest, most: int) -> tuple[Look, ...]:
    """Return what wants a look, the gravest first, at most ``most``.

    Of a host that doesn't answer its machines aren't listed one by one, unless something else is
    the matter with them.
    """
    found: list[Look] = []
    for host in inventory.hosts():
        concern = host_attention(host)
        if concern is not None:
            found.append(Look(host.key, host.name, concern.severity, concern.reason))
        found += _of_machines(inventory, latest, host)
    order = list(Severity)
    found.sort(key=lambda look: order.index(look.severity))
    return tuple(found[:most])


def _of_machines(inventory: Inventory, latest: Latest, host: Host) -> list[Look]:
    found: list[Look] = []
    for domain in inventory.of(Domain, host.key.host):
        sample = latest(domain.key) if domain.state is DomainState.RUNNING else None
        concern = attention(domain, None, sample)
        if concern is not None:
            found.append(Look(domain.key, domain.name, concern.severity, concern.reason))
    return found
