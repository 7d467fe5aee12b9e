"""Pointing the disks of a definition to other files.

Format: https://libvirt.org/formatdomain.html.
"""

from collections.abc import Mapping

from lxml import etree

from vmgui.hypervisor.xml.document import parse


def repointed_xml(xml: str, files: Mapping[str, str]) -> str:
    """Return a definition whose disks have qcow2 ``files``, by target; the rest survives.

    Raises `UnreadableXml`.
    """
    machine = parse(xml, "domain")
    for target, disk in disk_elements(machine).items():
        if target in files:
            point(disk, "file", etree.Element("source", file=files[target]), "qcow2")
    return etree.tostring(machine, encoding="unicode")


def disk_elements(machine: etree._Element) -> dict[str, etree._Element]:
    """Return the disks of a definition by target."""
    found = {}
    for disk in machine.iterfind("devices/disk"):
        target = disk.find("target")
        if target is not None:
            found[target.get("dev", "")] = disk
    return found


def point(disk: etree._Element, kind: str, source: etree._Element, form: str) -> None:
    """Give a disk another source; what was said of the old one's chain goes."""
    disk.set("type", kind)
    for part in ("backingStore", "mirror", "source"):
        for element in disk.findall(part):
            disk.remove(element)
    disk.append(source)
    driver = disk.find("driver")
    if driver is None:
        driver = etree.SubElement(disk, "driver", name="qemu")
    driver.set("type", form)
