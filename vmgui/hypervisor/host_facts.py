"""What a host is: hardware, versions, what it can run."""

from dataclasses import replace

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import UnreadableXml
from vmgui.hypervisor.xml.host import Capabilities, read_capabilities_xml, read_sysinfo_xml
from vmgui.inventory.host import Host
from vmgui.inventory.key import host_key

_MIB = 1024 * 1024


def read_host(conn: libvirt.virConnect, uri: str, abilities: Abilities) -> Host:
    """Return the facts of the host behind ``uri``, under its host name and with a default link.

    What the driver lacks or the host doesn't tell is left out; what it lacks is named in
    ``missing_calls``, with what other calls over this connection found missing. Raises only
    where the connection broke.
    """
    capabilities = _capabilities(conn, abilities)
    # arch, memory in MiB, active CPUs, MHz, NUMA nodes, sockets a node, cores, threads
    info = abilities.ask_if_told("getInfo", conn.getInfo) or ["", 0, 0, 0, 0, 0, 0, 0]
    arch, memory_mib, cpus, mhz, nodes, sockets, cores, threads = info
    hostname = abilities.ask_if_told("getHostname", conn.getHostname) or ""
    facts = Host(
        key=host_key(uri),
        name=hostname or uri,
        hostname=hostname,
        driver=abilities.ask_if_told("getType", conn.getType) or "",
        libvirt_version=_version(abilities.ask_if_told("getLibVersion", conn.getLibVersion)),
        hypervisor_version=_version(abilities.ask_if_told("getVersion", conn.getVersion)),
        arch=capabilities.arch or arch,
        cpu_model=capabilities.cpu_model,
        cpu_vendor=capabilities.cpu_vendor,
        cpus=cpus or capabilities.cpus,
        sockets=capabilities.sockets or nodes * sockets or None,
        cores=cores or capabilities.cores,
        threads=threads or capabilities.threads,
        cpu_mhz=mhz or None,
        memory_bytes=_memory_bytes(conn, abilities)
        or memory_mib * _MIB
        or sum(cell.memory_bytes for cell in capabilities.numa)
        or None,
        numa=capabilities.numa,
        product=_product(conn, abilities),
        guest_types=capabilities.guest_types,
        guest_archs=capabilities.guest_archs,
        security_model=capabilities.security_model,
    )
    return replace(facts, missing_calls=abilities.missing)


def _capabilities(conn: libvirt.virConnect, abilities: Abilities) -> Capabilities:
    xml = abilities.ask_if_told("getCapabilities", conn.getCapabilities)
    try:
        return read_capabilities_xml(xml) if xml else Capabilities()
    except UnreadableXml:
        return Capabilities()


def _memory_bytes(conn: libvirt.virConnect, abilities: Abilities) -> int | None:
    """Return the memory that the host's figures are measured against.

    Some kernels tell another amount by NUMA node, which is where ``getInfo`` has it from.
    """
    stats = abilities.ask_if_told(
        "getMemoryStats", lambda: conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    )
    return stats["total"] * 1024 if stats and "total" in stats else None


def _product(conn: libvirt.virConnect, abilities: Abilities) -> str:
    xml = abilities.ask_if_told("getSysinfo", conn.getSysinfo)
    try:
        return read_sysinfo_xml(xml) if xml else ""
    except UnreadableXml:
        return ""


def _version(number: int | None) -> str:
    """Return libvirt's packed version as text: 9000000 is "9.0.0"; None and 0 are ""."""
    if not number:
        return ""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
