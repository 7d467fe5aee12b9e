"""Pool and volume XML to records. Format: https://libvirt.org/formatstorage.html."""

from vmgui.hypervisor.xml.document import (
    attribute_of,
    children,
    parse,
    size_bytes,
    text_of,
    word,
)
from vmgui.inventory.storage import Pool, Volume


def read_pool_xml(xml: str, known: Pool) -> Pool:
    """Return ``known`` with what ``xml`` tells of the pool.

    Whether it is active, persistent and started with the host, and how many volumes it has,
    isn't in the XML. An inactive pool has no sizes: libvirt writes 0 there. Raises
    `UnreadableXml`. Any thread.
    """
    root = parse(xml, "pool")
    parts = children(root)
    target = children(parts["target"]) if "target" in parts else {}
    return Pool(
        key=known.key,
        name=text_of(parts, "name") or known.name,
        active=known.active,
        persistent=known.persistent,
        autostart=known.autostart,
        kind=word(root.get("type", "dir")),
        path=text_of(target, "path"),
        capacity_bytes=size_bytes(parts.get("capacity")) if known.active else None,
        allocation_bytes=size_bytes(parts.get("allocation")) if known.active else None,
        available_bytes=size_bytes(parts.get("available")) if known.active else None,
        volume_count=known.volume_count,
    )


def read_volume_xml(xml: str, known: Volume) -> Volume:
    """Return ``known`` with what ``xml`` tells of the volume.

    Raises `UnreadableXml`. Any thread.
    """
    parts = children(parse(xml, "volume"))
    target = children(parts["target"]) if "target" in parts else {}
    backing = children(parts["backingStore"]) if "backingStore" in parts else {}
    return Volume(
        key=known.key,
        name=text_of(parts, "name") or known.name,
        path=text_of(target, "path"),
        format=word(attribute_of(target, "format", "type")),
        capacity_bytes=size_bytes(parts.get("capacity")) or 0,
        allocation_bytes=size_bytes(parts.get("allocation")) or 0,
        backing_path=text_of(backing, "path"),
        backing_format=word(attribute_of(backing, "format", "type")),
    )
