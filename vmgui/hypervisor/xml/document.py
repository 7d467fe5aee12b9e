"""One way into XML that nobody here wrote: parsed once, without entities, DTDs or the network."""

import re
import threading
from collections.abc import Mapping
from sys import intern

from lxml import etree

from vmgui.hypervisor.errors import UnreadableXml

_LARGEST = 2**63 - 1

_DOCTYPE = re.compile(r"(?>\s|<\?.*?\?>|<!--.*?-->|\ufeff)*+<!DOCTYPE", re.DOTALL)

_own = threading.local()


def parse(xml: str, root: str) -> etree._Element:
    """Return the root element of ``xml``, which must be called ``root``.

    Comments and processing instructions are left out, so that every node has a name. Raises
    `UnreadableXml` for malformed text, another root, and any document type declaration:
    libvirt writes none, and entities are how a few bytes become gigabytes. Any thread.
    """
    if "<!DOCTYPE" in xml and _DOCTYPE.match(xml):
        raise UnreadableXml(
            f"The description of this {root} can't be read.",
            "It has a document type declaration, which libvirt never writes.",
        )
    try:
        element = etree.fromstring(xml.encode(), _parser())
    except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
        raise UnreadableXml(
            f"The description of this {root} can't be read.", f"Its XML is malformed: {error}"
        ) from error
    if element.tag != root:
        raise UnreadableXml(
            f"The description of this {root} can't be read.",
            f"It describes something else: {element.tag}.",
        )
    return element


def children(element: etree._Element) -> dict[str, etree._Element]:
    """Return the children of ``element`` by name, of those with the same name the first."""
    return {child.tag: child for child in element.iterchildren(reversed=True)}


def text_of(parts: Mapping[str, etree._Element], name: str) -> str:
    """Return the text of ``name`` among `children`, or ""."""
    element = parts.get(name)
    return element.text or "" if element is not None else ""


def attribute_of(parts: Mapping[str, etree._Element], name: str, attribute: str) -> str:
    """Return an attribute of ``name`` among `children`, or ""."""
    element = parts.get(name)
    return element.get(attribute, "") if element is not None else ""


def word(text: str | None) -> str:
    """Return ``text``, or "" for None; one object for each of the few words that XML repeats."""
    return intern(text) if text else ""


def whole(text: str | None, default: int = 0) -> int:
    """Return ``text`` as a whole number that fits 63 bits and isn't negative, or ``default``."""
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        return default
    return number if 0 <= number <= _LARGEST else default


def size_bytes(element: etree._Element | None, unit: str = "bytes") -> int | None:
    """Return the size that ``element`` holds, in bytes; None where there is none or it is odd.

    ``unit`` is meant where the element names none: KiB in domains, bytes in storage. The units
    are those of libvirt's virScaleInteger: K and KiB are 1024, KB is 1000, case doesn't matter.
    """
    if element is None:
        return None
    number = whole(element.text, -1)
    scale = _scale(element.get("unit") or unit)
    if number < 0 or scale is None or number * scale > _LARGEST:
        return None
    return number * scale


def _scale(unit: str) -> int | None:
    known = _SCALES.get(unit)
    return known if known is not None else _SCALES.get(unit.lower())


def _parser() -> etree.XMLParser:
    # A parser is locked while it works, so threads that share one wait for each other.
    parser: etree.XMLParser | None = getattr(_own, "parser", None)
    if parser is None:
        parser = _own.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            recover=False,
            remove_comments=True,
            remove_pis=True,
            # Nobody asks for the space between elements, or for elements by their id.
            remove_blank_text=True,
            collect_ids=False,
        )
    return parser


def _all_scales() -> dict[str, int]:
    scales = {"b": 1, "byte": 1, "bytes": 1, "KiB": 1024}
    for power, letter in enumerate("kmgtpe", start=1):
        scales[letter] = scales[f"{letter}ib"] = 1024**power
        scales[f"{letter}b"] = 1000**power
    return scales


_SCALES = _all_scales()
