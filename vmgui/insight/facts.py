"""What a page tells of a machine or a host in words: a label, a value, a detail beside it.

What the driver doesn't tell is left out, never guessed. All texts are as libvirt gave them:
they are shown as plain text.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from vmgui.insight.amounts import counted, round_size, size
from vmgui.inventory.domain import AgentState, Disk, Domain, DomainState, Interface
from vmgui.inventory.host import Host
from vmgui.inventory.key import Key, domain_key


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: ``id`` is stable, ``detail`` stands beside the value and matters less.

    ``link`` is what the value leads to. ``good`` marks a value that says that something works.
    """

    id: str
    label: str
    value: str
    detail: str = ""
    mono: bool = False
    link: Key | None = None
    good: bool = False


def machine_facts(domain: Domain, host: Host | None) -> tuple[Fact, ...]:
    """Return what is known of a machine, the first lines the ones that are asked for most."""
    return tuple(_of_machine(domain, host))


def host_facts(host: Host, *, networks: int, pools: int) -> tuple[Fact, ...]:
    """Return what is known of a host; networks and pools are only counted here."""
    return tuple(_of_host(host, networks, pools))


def machine_summary(domain: Domain) -> str:
    """Return the line under a machine's name: system, CPUs, memory, title."""
    parts = (
        domain.os_name,
        f"{domain.vcpus} vCPU" if domain.vcpus else "",
        round_size(domain.memory_bytes) if domain.memory_bytes else "",
        domain.title,
    )
    return " · ".join(filter(None, parts))


def host_summary(host: Host) -> str:
    """Return the line under a host's name: CPU, memory, versions."""
    versions = ", ".join(
        filter(
            None,
            (
                f"libvirt {host.libvirt_version}" if host.libvirt_version else "",
                f"{host.driver} {host.hypervisor_version}".strip()
                if host.hypervisor_version
                else "",
            ),
        )
    )
    parts = (
        host.cpu_model,
        counted(host.cpus, "thread") if host.cpus else "",
        round_size(host.memory_bytes) if host.memory_bytes else "",
        versions,
    )
    return " · ".join(filter(None, parts))


def _of_machine(domain: Domain, host: Host | None) -> Iterator[Fact]:
    if host is not None:
        starts = "starts with the host" if domain.autostart else "doesn't start with the host"
        yield Fact("host", "Host", host.name, starts, link=host.key)
    if domain.state_reason and domain.state not in (DomainState.RUNNING, DomainState.OFF):
        yield Fact("state", "State", domain.state.value.capitalize(), domain.state_reason)
    if domain.has_managed_save:
        yield Fact("saved", "Saved state", "kept", "the next start goes on from there")
    if domain.is_template:
        yield Fact("template", "Template", "only cloned", "not started or changed")
    if domain.clone_of:
        yield Fact(
            "clone-of",
            "Linked clone of",
            domain.clone_of_name or domain.clone_of,
            link=domain_key(domain.key.host, domain.clone_of),
        )
    if not domain.persistent:
        yield Fact("transient", "Definition", "transient", "vanishes when it stops")
    if not domain.read_fully:
        return
    if domain.vcpus:
        most = f"of {domain.vcpus_max} at most" if domain.vcpus_max > domain.vcpus else ""
        yield Fact("cpu", "CPU", f"{domain.vcpus} vCPU", _joined(most, domain.cpu_mode))
    if domain.memory_bytes:
        yield Fact(
            "memory",
            "Memory",
            f"{size(domain.memory_bytes)} {'now' if domain.state.is_active else 'at start'}",
            f"{size(domain.memory_max_bytes)} max" if domain.memory_max_bytes else "",
        )
    for disk in domain.disks:
        yield _of_disk(disk)
    for index, interface in enumerate(domain.interfaces):
        yield from _of_interface(index, interface)
    yield from _of_system(domain)


def _of_disk(disk: Disk) -> Fact:
    names = {"disk": "Disk", "cdrom": "CD-ROM", "floppy": "Floppy", "lun": "LUN"}
    label = f"{names.get(disk.device, 'Disk')} {disk.target}"
    over = f"on {counted(len(disk.backing), 'other file')}" if disk.backing else ""
    detail = _joined(
        disk.format,
        "read-only" if disk.read_only and disk.device == "disk" else "",
        "shared" if disk.shareable else "",
        over,
    )
    identity = f"disk-{disk.target}"
    if not disk.source:
        return Fact(identity, label, "empty", disk.bus)
    return Fact(identity, label, disk.source, detail, mono=True)


def _of_interface(index: int, interface: Interface) -> Iterator[Fact]:
    kind = "" if interface.kind in ("network", "") else interface.kind
    value = interface.source or interface.kind
    detail = _joined(kind if interface.source else "", interface.model, interface.target)
    yield Fact(f"network-{index}", "Network", value, detail)
    if interface.mac:
        yield Fact(f"mac-{index}", "MAC", interface.mac, mono=True)
    if interface.addresses:
        yield Fact(f"ip-{index}", "IP address", ", ".join(interface.addresses), mono=True)


def _of_system(domain: Domain) -> Iterator[Fact]:
    kind = {"hvm": "", "exe": "container", "linux": "paravirtual"}.get(
        domain.os_type, domain.os_type
    )
    system = domain.os_name or domain.arch or kind
    if system:
        arch = domain.arch if domain.os_name else ""
        yield Fact("system", "System", system, _joined(kind, arch, domain.hypervisor_type))
    if domain.os_type == "hvm":
        yield Fact("firmware", "Firmware", domain.firmware, domain.machine)
    for index, screen in enumerate(domain.screens):
        port = f":{screen.port}" if screen.port else ""
        address = f"{screen.address}{port}" if screen.address or port else ""
        yield Fact(f"screen-{index}", "Display", screen.kind.upper(), address)
    if domain.agent is not AgentState.NONE:
        answers = domain.agent is AgentState.CONNECTED
        value = "connected" if answers else "doesn't answer"
        yield Fact("agent", "Guest agent", value, good=answers)
    if domain.snapshot_count is not None:
        yield Fact("snapshots", "Snapshots", str(domain.snapshot_count))
    if domain.description:
        first, _, rest = domain.description.strip().partition("\n")
        yield Fact("description", "Description", f"{first} …" if rest else first)
    yield Fact("uuid", "UUID", domain.uuid, mono=True)


def _of_host(host: Host, networks: int, pools: int) -> Iterator[Fact]:
    yield Fact(
        "uri", "Connection", host.key.host, "read-only" if host.link.read_only else "", mono=True
    )
    if host.hostname:
        yield Fact("hostname", "Host name", host.hostname)
    if host.driver:
        yield Fact("driver", "Hypervisor", host.driver, host.hypervisor_version)
    if host.libvirt_version:
        yield Fact("libvirt", "libvirt", host.libvirt_version)
    if host.cpu_model or host.cpus:
        speed = f"{host.cpu_mhz / 1000:.1f} GHz" if host.cpu_mhz else ""
        yield Fact("cpu", "CPU", host.cpu_model or host.arch, _joined(host.cpu_vendor, speed))
    if host.cpus:
        yield Fact("topology", "Topology", counted(host.cpus, "thread"), _topology(host))
    if host.memory_bytes:
        yield Fact("memory", "Memory", size(host.memory_bytes))
    if host.numa:
        cells = ", ".join(
            f"{round_size(c.memory_bytes)} for {counted(c.cpus, 'thread')}" for c in host.numa
        )
        yield Fact("numa", "NUMA", counted(len(host.numa), "node"), cells)
    if host.arch:
        yield Fact("arch", "Architecture", host.arch)
    if host.guest_types:
        shown = host.guest_types[:_GUEST_TYPES_SHOWN]
        more = len(host.guest_types) - len(shown)
        yield Fact(
            "guests",
            "Guest types",
            ", ".join(shown),
            f"and {more} more" if more else "",
        )
    if host.security_model:
        yield Fact("security", "Security model", host.security_model)
    yield Fact("networks", "Networks", str(networks))
    yield Fact("pools", "Storage pools", str(pools))
    if host.missing_calls:
        lacking = ", ".join(sorted({_CALLS.get(call, call) for call in host.missing_calls}))
        yield Fact("missing", "Driver lacks", lacking)


_GUEST_TYPES_SHOWN = 4

_CALLS = {
    "getSysinfo": "the host's hardware",
    "getCapabilities": "capabilities",
    "getInfo": "the host's processors and memory",
    "getHostname": "the host's name",
    "getLibVersion": "libvirt's version",
    "getVersion": "the hypervisor's version",
    "getAllDomainStats": "figures in bulk",
    "getCPUStats": "CPU figures",
    "getMemoryStats": "memory figures",
    "getFreeMemory": "free memory",
    "memoryStats": "memory of guests",
    "blockStats": "disk figures",
    "interfaceStats": "network figures",
    "snapshotNum": "snapshots",
    "listAllNetworks": "networks",
    "DHCPLeases": "addresses that its networks gave",
    "listAllStoragePools": "storage pools",
    "domainEventRegisterAny": "events",
}
"""libvirt's calls in the words of what is missing without them."""


def _topology(host: Host) -> str:
    parts = (
        counted(host.sockets, "socket") if host.sockets else "",
        counted(host.cores, "core") if host.cores else "",
        counted(host.threads, "thread") + " a core" if host.threads else "",
    )
    return " × ".join(filter(None, parts))


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))
