"""What a machine's XML says that its destination has to have.

Format: https://libvirt.org/formatdomain.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.domain import source_name
from vmgui.insight.migration_facts import (
    CpuFacts,
    DeviceFacts,
    DiskFacts,
    FirmwareFacts,
    NeedFacts,
)

_TIED = ("pci", "usb", "scsi", "scsi_host", "mdev")
_FOLDERS = {"virtiofs": "virtiofs", "path": "9p", "handle": "9p"}


@dataclass(frozen=True, slots=True)
class Needs:
    """What a machine needs of a host; ``cpu_xml`` is "" where its XML names no CPU."""

    name: str
    emulator: str
    virt_type: str
    arch: str
    machine: str
    cpu_xml: str
    cpu: CpuFacts
    disks: tuple[DiskFacts, ...]
    needs: tuple[NeedFacts, ...]
    devices: tuple[DeviceFacts, ...]
    firmware: FirmwareFacts


def read_needs(xml: str) -> Needs:
    """Return what the machine of ``xml`` needs; raises UnreadableXml. Any thread."""
    root = parse(xml, "domain")
    kind = root.find("os/type")
    cpu = root.find("cpu")
    return Needs(
        name=root.findtext("name", ""),
        emulator=root.findtext("devices/emulator", ""),
        virt_type=root.get("type", ""),
        arch=kind.get("arch", "") if kind is not None else "",
        machine=kind.get("machine", "") if kind is not None else "",
        cpu_xml="" if cpu is None else etree.tostring(cpu, encoding="unicode", with_tail=False),
        cpu=_cpu(cpu),
        disks=tuple(_disk(disk) for disk in root.iterfind("devices/disk")),
        needs=tuple(dict.fromkeys(_needs(root))),
        devices=tuple(_devices(root)),
        firmware=_firmware(root),
    )


def _cpu(cpu: etree._Element | None) -> CpuFacts:
    if cpu is None:
        return CpuFacts()
    model = cpu.findtext("model", "")
    return CpuFacts(mode=cpu.get("mode", "custom"), model=model)


def _disk(disk: etree._Element) -> DiskFacts:
    kind = disk.get("type", "file")
    target, driver, source = disk.find("target"), disk.find("driver"), disk.find("source")
    below = disk.find("backingStore")
    return DiskFacts(
        target=target.get("dev", "") if target is not None else "",
        device=disk.get("device", "disk"),
        source_type=kind,
        source=source_name(kind, source) or "",
        format=driver.get("type", "") if driver is not None else "",
        cache=driver.get("cache", "") if driver is not None else "",
        read_only=disk.find("readonly") is not None,
        shareable=disk.find("shareable") is not None,
        transient=disk.find("transient") is not None,
        startup_policy=source.get("startupPolicy", "") if source is not None else "",
        has_backing=below is not None and below.find("source") is not None,
    )


def _needs(root: etree._Element) -> Iterator[NeedFacts]:
    for interface in root.iterfind("devices/interface"):
        source = interface.find("source")
        kind = interface.get("type", "")
        attribute = {"network": "network", "bridge": "bridge", "direct": "dev"}.get(kind)
        if source is not None and attribute and (name := source.get(attribute)):
            yield NeedFacts("device" if kind == "direct" else kind, name)
        rules = interface.find("filterref")
        if rules is not None and (name := rules.get("filter")):
            yield NeedFacts("filter", name)


def _devices(root: etree._Element) -> Iterator[DeviceFacts]:
    for device in root.iterfind("devices/hostdev"):
        kind = device.get("type", "")
        if kind in _TIED:
            # Only the hypervisor knows whether a VFIO device can be moved.
            yield DeviceFacts(kind, "of the host", None if kind in ("pci", "mdev") else False)
    for device in root.iterfind("devices/interface[@type='hostdev']"):
        yield DeviceFacts("pci", device.findtext("alias", "network"), None)
    for device in root.iterfind("devices/interface[@type='vdpa']"):
        yield DeviceFacts("vdpa", device.findtext("alias", "network"))
    for device in root.iterfind("devices/shmem"):
        yield DeviceFacts("shmem", device.get("name", ""), device.get("role") == "master")
    for device in root.iterfind("devices/filesystem"):
        driver, target = device.find("driver"), device.find("target")
        name = target.get("dir", "") if target is not None else ""
        kind = driver.get("type", "path") if driver is not None else "path"
        yield DeviceFacts(_FOLDERS.get(kind, "9p"), name)


def _firmware(root: etree._Element) -> FirmwareFacts:
    backend = root.find("devices/tpm/backend")
    return FirmwareFacts(
        loader=root.findtext("os/loader", "").strip(),
        nvram=root.findtext("os/nvram", "").strip(),
        tpm=backend.get("type", "") if backend is not None else "",
    )
