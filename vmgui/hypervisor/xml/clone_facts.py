"""What a definition says about whether and how a machine can be cloned."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from vmgui.hypervisor.xml.clone import KERNEL_NAME, foreign_devices
from vmgui.hypervisor.xml.document import parse

_SEED = re.compile(r"seed|cidata|cloud-?init|nocloud", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CloneHints:
    """What only the XML tells; the fields are those of `CloneFacts`."""

    obstacles: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    reminders: tuple[str, ...] = ()
    disk_obstacles: dict[str, str] = field(default_factory=dict)
    kernel_name: bool = False
    seed: str = ""


def read_hints(xml: str) -> CloneHints:
    """Return what the definition tells; raises `UnreadableXml`. Any thread."""
    root = parse(xml, "domain")
    devices = root.find("devices")
    if devices is None:
        devices = etree.Element("devices")
    return CloneHints(
        tuple(_obstacles(root)),
        tuple(dict.fromkeys(_left_out(devices))),
        tuple(_reminders(root, devices)),
        dict(_disk_obstacles(devices)),
        KERNEL_NAME in root.findtext("os/cmdline", ""),
        next(_seeds(devices), ""),
    )


def _obstacles(root: etree._Element) -> Iterator[str]:
    kind = root.findtext("os/type", "")
    if kind == "exe":
        yield "It is a container: its files are a folder of the host, which libvirt doesn't copy."


_FOREIGN = {
    "hostdev": "a device of the host that is passed through",
    "interface": "a network device of the host that is passed through",
    "tpm": "the host's TPM",
}


def _left_out(devices: etree._Element) -> Iterator[str]:
    for device in foreign_devices(devices):
        kind = device.get("type", "")
        which = f" ({kind})" if kind and device.tag == "hostdev" else ""
        yield f"Clones don't get {_FOREIGN[device.tag]}{which}: only one machine can have it."


def _reminders(root: etree._Element, devices: etree._Element) -> Iterator[str]:
    for folder in devices.iterfind("filesystem"):
        source = folder.find("source")
        path = source.get("dir", "") if source is not None else ""
        if path:
            yield f"Clones share the host's folder {path} with the source."
    if devices.find("shmem") is not None:
        yield "Clones share the source's memory device (shmem)."
    if devices.find("tpm/backend[@type='emulator']") is not None:
        yield "Clones get a new TPM: keys in the source's are not carried over."
    for device in devices.iterfind(".//source[@mode='bind'][@service]"):
        yield f"Clones listen on port {device.get('service')}, as the source does: one at a time."
    if any("schemas/domain/qemu" in str(child.tag) for child in root):
        yield "Arguments for QEMU itself are carried over unread; they may name the source's files."


def _disk_obstacles(devices: etree._Element) -> Iterator[tuple[str, str]]:
    for disk in devices.iterfind("disk"):
        target = disk.find("target")
        name = target.get("dev", "") if target is not None else ""
        if disk.find("encryption") is not None or disk.find("source/encryption") is not None:
            yield name, "It is encrypted: a copy would need the secret, which vmgui doesn't handle."


def _seeds(devices: etree._Element) -> Iterator[str]:
    for disk in devices.iterfind("disk[@device='cdrom']"):
        source, target = disk.find("source"), disk.find("target")
        if source is None or target is None:
            continue
        path = source.get("file") or source.get("volume") or source.get("dev") or ""
        if _SEED.search(path.rpartition("/")[2]):
            yield target.get("dev", "")
