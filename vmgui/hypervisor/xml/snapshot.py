"""Snapshot XML to records. Format: https://libvirt.org/formatsnapshot.html."""

from collections.abc import Iterator, Mapping

from lxml import etree

from vmgui.hypervisor.xml.document import attribute_of, children, parse, text_of, whole, word
from vmgui.hypervisor.xml.domain import read_domain, source_name
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk

_WITH_GUEST_AWAKE = frozenset({"running", "paused", "blocked", "idle", "pmsuspended"})

_STATES = {
    "running": DomainState.RUNNING,
    "blocked": DomainState.RUNNING,
    "idle": DomainState.RUNNING,
    "paused": DomainState.PAUSED,
    "pmsuspended": DomainState.SLEEPING,
    "crashed": DomainState.CRASHED,
    "shutoff": DomainState.OFF,
}
"""What a machine did when its snapshot was taken; not told of one of its disks alone."""


def read_snapshot_xml(xml: str, known: Snapshot) -> Snapshot:
    """Return ``known`` with what ``xml`` tells; whether it is current isn't in the XML.

    Raises `UnreadableXml`. Any thread.
    """
    return read_snapshot(parse(xml, "domainsnapshot"), known)


def read_snapshot(root: etree._Element, known: Snapshot) -> Snapshot:
    """Return ``known`` with what the element of a snapshot tells; see `read_snapshot_xml`."""
    parts = children(root)
    state = text_of(parts, "state").strip()
    disks = tuple(_disks(parts.get("disks")))
    memory = attribute_of(parts, "memory", "snapshot")
    return Snapshot(
        key=known.key,
        domain=known.domain,
        name=text_of(parts, "name") or known.name,
        parent=text_of(children(parts["parent"]), "name") if "parent" in parts else "",
        state=word(state),
        description=text_of(parts, "description"),
        created_at_s=whole(text_of(parts, "creationTime").strip()),
        has_memory=_has_memory(parts, state),
        external=memory == "external" or any(disk.kind == "external" for disk in disks),
        current=known.current,
        memory_path=attribute_of(parts, "memory", "file") if memory == "external" else "",
        disks=disks,
        then=_then(parts.get("domain"), known.domain, state),
    )


def _disks(disks: etree._Element | None) -> Iterator[SnapshotDisk]:
    for disk in () if disks is None else disks.iterchildren("disk"):
        parts = children(disk)
        yield SnapshotDisk(
            target=word(disk.get("name")),
            kind=word(disk.get("snapshot")),
            path=source_name(disk.get("type", "file"), parts.get("source")),
            format=word(attribute_of(parts, "driver", "type")),
        )


def _then(domain: etree._Element | None, key: Key, state: str) -> Domain | None:
    if domain is None or len(domain) <= 1:
        return None  # ESX and VirtualBox name the machine, and tell no more of it
    return read_domain(domain, Domain(key, "", _STATES.get(state, DomainState.UNKNOWN)))


def _has_memory(parts: Mapping[str, etree._Element], state: str) -> bool:
    if "memory" in parts:
        return attribute_of(parts, "memory", "snapshot") in {"internal", "external"}
    # ESX and VirtualBox don't say: they keep the memory of a guest that ran.
    return state in _WITH_GUEST_AWAKE
