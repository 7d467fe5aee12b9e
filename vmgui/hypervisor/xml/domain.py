"""Domain XML to records. Format: https://libvirt.org/formatdomain.html."""

from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from vmgui.hypervisor.xml.document import (
    attribute_of,
    children,
    parse,
    size_bytes,
    text_of,
    whole,
    word,
)
from vmgui.hypervisor.xml.metadata import Origin, read_metadata, read_origin
from vmgui.inventory.domain import AgentState, Disk, Domain, Interface, Screen

_AGENT_CHANNEL = "org.qemu.guest_agent.0"
_DEVICES = ("disk", "interface", "graphics", "channel", "serial", "console", "hostdev")
_X86 = frozenset({"i686", "x86_64"})
_UEFI_NAMES = ("ovmf", "aavmf", "edk2", "uefi")


def read_domain_xml(xml: str, known: Domain) -> Domain:
    """Return ``known`` with what ``xml`` tells of the machine, and ``read_fully`` set.

    State, autostart, saved state and snapshots aren't in the XML. Elements that are missing,
    unknown or odd leave their fields at the default. Raises `UnreadableXml`. Any thread.
    """
    return read_domain(parse(xml, "domain"), known)


def read_domain(root: etree._Element, known: Domain) -> Domain:
    """Return ``known`` with what the element of a machine tells; see `read_domain_xml`."""
    parts = children(root)
    run_id = root.get("id")
    tags, os_name = read_metadata(parts["metadata"]) if "metadata" in parts else ((), "")
    origin = read_origin(parts["metadata"]) if "metadata" in parts else Origin()
    memory_max = size_bytes(parts.get("memory"), "KiB") or 0
    memory = size_bytes(parts.get("currentMemory"), "KiB")
    vcpus_max = whole(text_of(parts, "vcpu"), 1)
    devices = _read_devices(parts.get("devices"))
    system = _read_os(parts.get("os"), booted_by_host="bootloader" in parts)
    return Domain(
        key=known.key,
        name=text_of(parts, "name") or known.name,
        state=known.state,
        state_reason=known.state_reason,
        run_id=whole(run_id) if run_id else None,
        persistent=known.persistent,
        autostart=known.autostart,
        has_managed_save=known.has_managed_save,
        read_fully=True,
        title=text_of(parts, "title"),
        description=text_of(parts, "description"),
        tags=tags,
        hypervisor_type=word(root.get("type")),
        os_type=system.kind,
        arch=system.arch,
        machine=system.machine,
        os_name=os_name,
        firmware=system.firmware,
        nvram_path=system.nvram_path,
        cpu_mode=_cpu_mode(parts.get("cpu")),
        vcpus=whole(attribute_of(parts, "vcpu", "current"), vcpus_max),
        vcpus_max=vcpus_max,
        memory_bytes=memory_max if memory is None else memory,
        memory_max_bytes=memory_max,
        disks=devices.disks,
        interfaces=devices.interfaces,
        screens=devices.screens,
        has_serial=devices.has_serial,
        host_devices=devices.host_devices,
        agent=devices.agent,
        snapshot_count=known.snapshot_count,
        state_since_s=known.state_since_s,
        is_template=origin.is_template,
        clone_of=origin.clone_of,
        clone_of_name=origin.clone_of_name,
    )


class _System(NamedTuple):
    kind: str = ""
    arch: str = ""
    machine: str = ""
    firmware: str = ""
    nvram_path: str = ""


def _read_os(os: etree._Element | None, *, booted_by_host: bool) -> _System:
    if os is None:
        return _System()
    parts = children(os)
    kind = text_of(parts, "type").strip()
    arch = attribute_of(parts, "type", "arch")
    nvram_path = text_of(parts, "nvram").strip()
    if "nvram" in parts and not nvram_path:
        nvram_path = attribute_of(children(parts["nvram"]), "source", "file")
    loader = parts.get("loader")
    if os.get("firmware") == "efi" or (loader is not None and _is_uefi(loader)):
        secure = attribute_of(parts, "loader", "secure") == "yes" or _wants_secure_boot(os)
        firmware = "UEFI, Secure Boot" if secure else "UEFI"
    elif kind == "hvm" and arch in _X86 and not booted_by_host:
        firmware = "BIOS"
    else:
        # Containers, paravirtual guests and other processors have none.
        firmware = ""
    machine = attribute_of(parts, "type", "machine")
    return _System(word(kind), word(arch), word(machine), firmware, nvram_path)


def _wants_secure_boot(os: etree._Element) -> bool:
    return any(
        feature.get("name") == "secure-boot" and feature.get("enabled") == "yes"
        for feature in os.iterfind("firmware/feature")
    )


def _cpu_mode(cpu: etree._Element | None) -> str:
    if cpu is None:
        return ""
    return word(cpu.get("mode")) or ("custom" if cpu.find("model") is not None else "")


def _is_uefi(loader: etree._Element) -> bool:
    if loader.get("type") == "pflash":
        return True
    path = (loader.text or "").lower()
    return any(name in path for name in _UEFI_NAMES)


class _Devices(NamedTuple):
    disks: tuple[Disk, ...]
    interfaces: tuple[Interface, ...]
    screens: tuple[Screen, ...]
    has_serial: bool
    host_devices: tuple[str, ...]
    agent: AgentState


def _read_devices(devices: etree._Element | None) -> _Devices:
    disks: list[Disk] = []
    interfaces: list[Interface] = []
    screens: list[Screen] = []
    host_devices: list[str] = []
    has_serial = False
    agent = AgentState.NONE
    for device in () if devices is None else devices.iterchildren(*_DEVICES):
        match device.tag:
            case "disk":
                disks.append(_read_disk(device))
            case "interface":
                interfaces.append(_read_interface(device))
            case "hostdev":
                host_devices.append(word(device.get("type", "subsystem")))
            case "graphics":
                screens.append(_read_screen(device))
            case "channel":
                agent = _agent_behind(device) or agent
            case _:
                has_serial = True
    host_devices += ["pci" for each in interfaces if each.kind == "hostdev"]
    return _Devices(
        tuple(disks), tuple(interfaces), tuple(screens), has_serial, tuple(host_devices), agent
    )


def _agent_behind(channel: etree._Element) -> AgentState | None:
    for target in channel.iterchildren("target"):
        if target.get("name") == _AGENT_CHANNEL:
            connected = target.get("state") == "connected"
            return AgentState.CONNECTED if connected else AgentState.DISCONNECTED
    return None


def _read_disk(disk: etree._Element) -> Disk:
    parts = children(disk)
    source_type = disk.get("type", "file")
    return Disk(
        target=word(attribute_of(parts, "target", "dev")),
        device=word(disk.get("device", "disk")),
        bus=word(attribute_of(parts, "target", "bus")),
        source_type=word(source_type),
        source=source_name(source_type, parts.get("source")),
        format=word(attribute_of(parts, "driver", "type")),
        read_only="readonly" in parts,
        shareable="shareable" in parts,
        backing=tuple(_backing_files(parts.get("backingStore"))),
    )


def _backing_files(store: etree._Element | None) -> Iterator[str]:
    while store is not None:
        name = source_name(store.get("type", ""), store.find("source"))
        if name:
            yield name
        store = store.find("backingStore")


_PATH_ATTRIBUTES = {"file": "file", "block": "dev", "dir": "dir", "vhostuser": "path"}


def source_name(kind: str, source: etree._Element | None) -> str:
    """Return the path, ``POOL/VOLUME`` or network name in a disk's ``source``, "" for none."""
    if source is None:
        return ""
    match kind:
        case "volume":
            return f"{source.get('pool', '')}/{source.get('volume', '')}".strip("/")
        case "network":
            return source.get("name", "") or source.get("protocol", "")
        case "nvme":
            return _pci_address(source)
        case "vhostvdpa":
            return source.get("dev", "")
        case _:
            return source.get(_PATH_ATTRIBUTES.get(kind, "file"), "")


def _pci_address(source: etree._Element) -> str:
    address = source.find("address")
    if address is None:
        return ""
    domain, bus, slot, function = (
        address.get(part, "0x0").removeprefix("0x")
        for part in ("domain", "bus", "slot", "function")
    )
    return f"{domain:0>4}:{bus:0>2}:{slot:0>2}.{function}"


def _read_interface(interface: etree._Element) -> Interface:
    parts = children(interface)
    kind = interface.get("type", "")
    return Interface(
        mac=attribute_of(parts, "mac", "address"),
        kind=word(kind),
        source=word(_network_source(kind, parts.get("source"))),
        model=word(attribute_of(parts, "model", "type")),
        target=attribute_of(parts, "target", "dev"),
    )


_NETWORK_ATTRIBUTES = {
    "network": "network",
    "bridge": "bridge",
    "internal": "name",
    "vhostuser": "path",
    "vds": "switchid",
}


def _network_source(kind: str, source: etree._Element | None) -> str:
    if source is None:
        return ""
    if kind == "hostdev":
        return _pci_address(source)
    if kind in {"server", "client", "mcast", "udp"}:
        return f"{source.get('address', '')}:{source.get('port', '')}".strip(":")
    return source.get(_NETWORK_ATTRIBUTES.get(kind, "dev"), "")


def _read_screen(graphics: etree._Element) -> Screen:
    address = graphics.get("listen", "")
    for listen in graphics.iterchildren("listen"):
        address = listen.get("address") or listen.get("socket") or address
        if address:
            break
    port = whole(graphics.get("port"), 0) or whole(graphics.get("tlsPort"), 0)
    return Screen(word(graphics.get("type")), address or graphics.get("socket", ""), port or None)
