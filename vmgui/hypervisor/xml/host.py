"""What a host says of itself: capabilities and SMBIOS. Format: https://libvirt.org/formatcaps.html."""

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from vmgui.hypervisor.xml.document import attribute_of, children, parse, size_bytes, whole
from vmgui.inventory.host import NumaCell


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The parts of a host's capabilities that its record holds; empty where it doesn't tell.

    ``cpus`` counts hardware threads; ``cores`` are those of a socket, ``threads`` those of a
    core. ``guest_types`` are domain types ("kvm", "qemu"), ``guest_archs`` processors.
    """

    arch: str = ""
    cpu_model: str = ""
    cpu_vendor: str = ""
    cpus: int | None = None
    sockets: int | None = None
    cores: int | None = None
    threads: int | None = None
    numa: tuple[NumaCell, ...] = ()
    guest_types: tuple[str, ...] = ()
    guest_archs: tuple[str, ...] = ()
    security_model: str = ""


def read_capabilities_xml(xml: str) -> Capabilities:
    """Return what ``xml`` tells. Raises `UnreadableXml`. Any thread."""
    root = parse(xml, "capabilities")
    host = root.find("host")
    if host is None:
        host = etree.Element("host")
    cells = host.findall("topology/cells/cell")
    threads_of_host = {
        cpu.get("id", ""): cpu.get("socket_id")
        for cell in cells
        for cpu in cell.iterfind("cpus/cpu")
    }
    sockets = {socket for socket in threads_of_host.values() if socket is not None}
    topology = host.find("cpu/topology")
    return Capabilities(
        arch=host.findtext("cpu/arch", "").strip(),
        cpu_model=host.findtext("cpu/model", "").strip(),
        cpu_vendor=host.findtext("cpu/vendor", "").strip(),
        cpus=len(threads_of_host) or None,
        sockets=len(sockets) or None,
        cores=_count(topology, "cores"),
        threads=_count(topology, "threads"),
        numa=tuple(_read_cell(cell) for cell in cells),
        guest_types=_unique(root.iterfind("guest/arch/domain"), "type"),
        guest_archs=_unique(root.iterfind("guest/arch"), "name"),
        security_model=", ".join(_security_models(host)),
    )


def read_sysinfo_xml(xml: str) -> str:
    """Return maker and model of the machine ("LENOVO ThinkPad X230"), or "". Any thread."""
    system = parse(xml, "sysinfo").find("system")
    if system is None:
        return ""
    words = {entry.get("name"): (entry.text or "").strip() for entry in system.iterfind("entry")}
    return " ".join(filter(None, (words.get("manufacturer"), words.get("product"))))


def _security_models(host: etree._Element) -> list[str]:
    """Return what confines guests; "none" is libvirt's word for a driver that doesn't."""
    names = (model.findtext("model", "").strip() for model in host.iterfind("secmodel"))
    return [name for name in names if name not in {"", "none"}]


def _read_cell(cell: etree._Element) -> NumaCell:
    return NumaCell(
        id=whole(cell.get("id")),
        memory_bytes=size_bytes(cell.find("memory"), "KiB") or 0,
        cpus=whole(attribute_of(children(cell), "cpus", "num")),
    )


def _count(topology: etree._Element | None, name: str) -> int | None:
    return whole(topology.get(name)) or None if topology is not None else None


def _unique(elements: Iterable[etree._Element], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (each.get(name) for each in elements))))
