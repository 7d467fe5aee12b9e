"""What XML says that a machine uses: its disks' chains, and each path that is named anywhere.

Formats: https://libvirt.org/formatdomain.html and https://libvirt.org/formatsnapshot.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from vmgui.hypervisor.xml.domain import source_name


@dataclass(frozen=True, slots=True)
class Source:
    """Where a disk's data are: a path, ``POOL/VOLUME`` or a network name, as ``kind`` says.

    ``format`` is how they are laid out, "" where the XML leaves that open.
    """

    kind: str
    name: str
    format: str = ""


@dataclass(frozen=True, slots=True)
class DiskChain:
    """A disk and what it reads from, its own source first.

    ``ends`` tells whether nothing is below the last one, as far as the XML says so itself.
    """

    target: str
    device: str
    read_only: bool
    sources: tuple[Source, ...]
    ends: bool
    shareable: bool = False


def read_chains(root: etree._Element) -> Iterator[DiskChain]:
    """Yield the disks of each domain in ``root`` that have a source. Any thread."""
    for disk in root.iterfind(".//devices/disk"):
        sources: list[Source] = []
        ends = False
        store: etree._Element | None = disk
        while store is not None:
            kind = store.get("type", "file")
            if name := source_name(kind, store.find("source")):
                sources.append(Source(kind, name, _format(store)))
            else:
                ends = bool(sources)
            ends = ends or _format(store) == "raw"
            store = store.find("backingStore")
        if sources:
            target = disk.find("target")
            yield DiskChain(
                target=target.get("dev", "") if target is not None else "",
                device=disk.get("device", "disk"),
                read_only=disk.find("readonly") is not None,
                sources=tuple(sources),
                ends=ends,
                shareable=disk.find("shareable") is not None,
            )


def read_nvram_paths(root: etree._Element) -> Iterator[str]:
    """Yield the file of UEFI variables of each domain in ``root``. Any thread."""
    for nvram in root.iterfind(".//os/nvram"):
        source = nvram.find("source")
        path = (nvram.text or "").strip() or (source.get("file", "") if source is not None else "")
        if path:
            yield path


def read_paths(root: etree._Element) -> Iterator[str]:
    """Yield each absolute path that an attribute or a text of ``root`` is. Any thread.

    A file may be a mirror's target, a kernel, a snapshot's memory or something newer than
    vmgui: that it is named is what counts.
    """
    for element in root.iter():
        for text in (element.text or "", *element.attrib.values()):
            if text.strip().startswith("/"):
                yield text.strip()


def _format(store: etree._Element) -> str:
    told = store.find("driver" if store.tag == "disk" else "format")
    return told.get("type", "") if told is not None else ""
