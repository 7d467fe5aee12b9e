"""Snapshot XML to records. Format: https://libvirt.org/formatsnapshot.html."""

from collections.abc import Mapping

from lxml import etree

from vmgui.hypervisor.xml.document import attribute_of, children, parse, text_of, whole, word
from vmgui.inventory.snapshot import Snapshot

_WITH_GUEST_AWAKE = frozenset({"running", "paused", "blocked", "idle", "pmsuspended"})


def read_snapshot_xml(xml: str, known: Snapshot) -> Snapshot:
    """Return ``known`` with what ``xml`` tells; whether it is current isn't in the XML.

    Raises `UnreadableXml`. Any thread.
    """
    parts = children(parse(xml, "domainsnapshot"))
    state = text_of(parts, "state").strip()
    disks = _disk_kinds(parts.get("disks"))
    return Snapshot(
        key=known.key,
        domain=known.domain,
        name=text_of(parts, "name") or known.name,
        parent=text_of(children(parts["parent"]), "name") if "parent" in parts else "",
        state=word(state),
        description=text_of(parts, "description"),
        created_at_s=whole(text_of(parts, "creationTime").strip()),
        has_memory=_has_memory(parts, state),
        external=attribute_of(parts, "memory", "snapshot") == "external" or "external" in disks,
        current=known.current,
    )


def _disk_kinds(disks: etree._Element | None) -> frozenset[str]:
    return (
        frozenset(disk.get("snapshot", "") for disk in disks) if disks is not None else frozenset()
    )


def _has_memory(parts: Mapping[str, etree._Element], state: str) -> bool:
    if "memory" in parts:
        return attribute_of(parts, "memory", "snapshot") in {"internal", "external"}
    # ESX and VirtualBox don't say: they keep the memory of a guest that ran.
    return state in _WITH_GUEST_AWAKE
