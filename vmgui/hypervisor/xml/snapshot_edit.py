"""Snapshot XML that libvirt is given. Format: https://libvirt.org/formatsnapshot.html.

What is made anew is built from elements; what libvirt wrote is changed where it has to be, and
the rest of it survives.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from vmgui.hypervisor.errors import UnreadableXml
from vmgui.hypervisor.xml.disk_sources import disk_elements, point
from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.metadata import check_text
from vmgui.insight.take_spec import TakePlan

_ROOT = "domainsnapshot"


def new_snapshot_xml(plan: TakePlan) -> str:
    """Return what libvirt is told to take; raises `UnfitText` for what XML can't hold.

    A hypervisor that decides about files by itself is told of none.
    """
    root = etree.Element(_ROOT)
    etree.SubElement(root, "name").text = check_text(plan.name)
    if plan.description:
        etree.SubElement(root, "description").text = check_text(plan.description)
    if plan.by_driver:
        return _text(root)
    memory = etree.SubElement(root, "memory", snapshot=plan.memory)
    if plan.memory_path:
        memory.set("file", check_text(plan.memory_path))
    disks = etree.SubElement(root, "disks")
    for taken in plan.disks:
        disk = etree.SubElement(disks, "disk", name=taken.target, snapshot=taken.kind)
        if taken.kind == "external":
            disk.set("type", "file")
            etree.SubElement(disk, "driver", type=taken.format)
            etree.SubElement(disk, "source", file=check_text(taken.path))
    return _text(root)


def edited_snapshot_xml(
    xml: str, *, name: str | None = None, description: str | None = None, parent: str | None = None
) -> str:
    """Return ``xml`` with another name, description or parent; None leaves it as it is.

    An empty parent makes it a root. Raises `UnreadableXml`, and `UnfitText` for what XML can't
    hold.
    """
    root = parse(xml, _ROOT)
    if name is not None:
        _set(root, "name", name)
    if description is not None:
        _set(root, "description", description)
    if parent is not None:
        for element in root.findall("parent"):
            root.remove(element)
        if parent:
            _set(etree.SubElement(root, "parent"), "name", parent)
    return _text(root)


def is_of_disks_only(xml: str) -> bool:
    """Tell whether a snapshot of a machine that ran has no memory; libvirt wants a flag for it."""
    return parse(xml, _ROOT).findtext("state", "").strip() == "disk-snapshot"


@dataclass(frozen=True, slots=True)
class Repointing:
    """Which files disks get: new qcow2 ``files`` by target, and those they have now (``as_now``).

    ``now_xml`` is the machine's definition.
    """

    files: Mapping[str, str]
    as_now: tuple[str, ...] = ()
    now_xml: str = ""


def machine_then_xml(xml: str, repointing: Repointing, *, as_it_ran: bool) -> str:
    """Return the definition that a snapshot kept, its disks pointed to other files.

    ``as_it_ran`` wants the machine with what was changed for its run alone, as memory needs it.
    Raises `UnreadableXml` where libvirt kept none.
    """
    root = parse(xml, _ROOT)
    machine = None if as_it_ran else root.find("inactiveDomain")
    if machine is None:
        machine = root.find("domain")
    if machine is None:
        raise UnreadableXml(
            "The machine can't be defined as it was.", "libvirt didn't keep its definition."
        )
    machine.tag = "domain"
    now = disk_elements(parse(repointing.now_xml, "domain")) if repointing.as_now else {}
    for target, disk in disk_elements(machine).items():
        path = repointing.files.get(target)
        if path is not None:
            point(disk, "file", etree.Element("source", file=path), "qcow2")
        elif target in repointing.as_now and target in now:
            source, driver = now[target].find("source"), now[target].find("driver")
            form = driver.get("type", "raw") if driver is not None else "raw"
            if source is not None:
                point(disk, now[target].get("type", "file"), copy.deepcopy(source), form)
    return etree.tostring(machine, encoding="unicode")


def _set(parent: etree._Element, name: str, text: str) -> None:
    element = parent.find(name)
    if element is None:
        element = etree.SubElement(parent, name)
    element.text = check_text(text)


def _text(root: etree._Element) -> str:
    return etree.tostring(root, encoding="unicode")
