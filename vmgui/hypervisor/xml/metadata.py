"""What a domain's ``<metadata>`` says: vmgui's own tags and origin, and the system's name.

libosinfo: https://libosinfo.org; its ids look like ``http://debian.org/debian/12``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from vmgui.hypervisor.errors import UnfitText
from vmgui.inventory.domain import METADATA_URI, ORIGIN_URI

METADATA_PREFIX = "vmgui"
"""The prefix (libvirt's ``key``) under which `tags_element` is handed to virDomainSetMetadata."""

_TAGS = f"{{{METADATA_URI}}}tags"
_TAG_NAMES = frozenset({"tag", f"{{{METADATA_URI}}}tag"})
_LIBOSINFO = "{http://libosinfo.org/xmlns/libvirt/domain/1.0}libosinfo"
_OS = "{http://libosinfo.org/xmlns/libvirt/domain/1.0}os"

# https://www.w3.org/TR/xml/#charsets
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


ORIGIN_PREFIX = "vmgui-origin"
"""The prefix under which `origin_element` is handed to virDomainSetMetadata."""

_ORIGIN = f"{{{ORIGIN_URI}}}origin"


@dataclass(frozen=True, slots=True)
class BaseOfDisk:
    """What a linked clone's disk reads from."""

    target: str
    path: str
    format: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Whether a domain is a template, and whose linked clone it is (UUID, and name at the time)."""

    is_template: bool = False
    clone_of: str = ""
    clone_of_name: str = ""
    bases: tuple[BaseOfDisk, ...] = ()


def read_origin(metadata: etree._Element) -> Origin:
    """Return what ``<metadata>`` says of a domain's origin."""
    for element in metadata.iterchildren(_ORIGIN):
        return Origin(
            element.get("template") == "yes",
            element.get("of", ""),
            element.get("name", ""),
            tuple(
                BaseOfDisk(base.get("disk", ""), base.get("path", ""), base.get("format", ""))
                for base in element
                if base.tag in {"base", f"{{{ORIGIN_URI}}}base"}
            ),
        )
    return Origin()


def origin_element(origin: Origin) -> str | None:
    """Return the text for virDomainSetMetadata that keeps ``origin``; None removes it.

    As with `tags_element`, libvirt adds the namespace. Raises `UnfitText`.
    """
    if origin == Origin():
        return None
    root = etree.Element("origin")
    if origin.is_template:
        root.set("template", "yes")
    if origin.clone_of:
        root.set("of", check_text(origin.clone_of))
        root.set("name", check_text(origin.clone_of_name))
    for base in origin.bases:
        each = etree.SubElement(root, "base")
        each.set("disk", check_text(base.target))
        each.set("path", check_text(base.path))
        each.set("format", check_text(base.format))
    return etree.tostring(root, encoding="unicode")


def read_metadata(metadata: etree._Element) -> tuple[tuple[str, ...], str]:
    """Return what ``<metadata>`` tells: vmgui's tags, and the guest's system in words.

    Tags come in their order, each once; "" means that libosinfo says nothing of the system.
    """
    tags: tuple[str, ...] = ()
    os_name = ""
    for element in metadata.iterchildren(_TAGS, _LIBOSINFO):
        if element.tag == _TAGS:
            # libvirt puts the children into the namespace or leaves them out of it.
            tags = _tidy(tag.text or "" for tag in element if tag.tag in _TAG_NAMES)
        else:
            for os in element.iterchildren(_OS):
                os_name = readable_os(os.get("id", ""))
    return tags, os_name


def tags_element(tags: Iterable[str]) -> str | None:
    """Return the text for virDomainSetMetadata that keeps ``tags``; None removes them all.

    Surrounding space, empty tags and repeated tags are left out. There is no namespace in the
    text: libvirt adds METADATA_URI as `METADATA_PREFIX` by itself, and refuses it twice. Raises
    `UnfitText` for characters that XML can't hold.
    """
    kept = _tidy(tags)
    if not kept:
        return None
    root = etree.Element("tags")
    for tag in kept:
        etree.SubElement(root, "tag").text = check_text(tag)
    return etree.tostring(root, encoding="unicode")


def check_text(text: str) -> str:
    """Return ``text`` unchanged, or raise `UnfitText` where XML can't hold a character of it."""
    found = _ILLEGAL.search(text)
    if found is not None:
        raise UnfitText(
            "This text can't be kept.",
            f"libvirt's XML has no room for the character U+{ord(found[0]):04X}.",
            "Leave the character out.",
        )
    return text


@lru_cache(maxsize=256)
def readable_os(os_id: str) -> str:
    """Return a name for a libosinfo id: ``http://debian.org/debian/12`` gives "Debian 12"."""
    _, _, path = os_id.rpartition("://")
    family, _, version = path.partition("/")[2].strip("/").partition("/")
    if not family or family == "unknown":
        return ""
    name = _FAMILIES.get(family) or family.replace("-", " ").title()
    if family == "win":
        version = _windows(version)
    return " ".join(filter(None, (name, version.replace("/", " "))))


def _tidy(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (tag.strip() for tag in tags))))


_SERVER = re.compile(r"2k(\d+)(r2)?$")


def _windows(version: str) -> str:
    server = _SERVER.match(version)
    if server is None:
        return {"xp": "XP", "vista": "Vista", "2k": "2000"}.get(version, version)
    return f"Server 20{int(server[1]):02}{' R2' if server[2] else ''}"


_FAMILIES = {
    "almalinux": "AlmaLinux",
    "alpinelinux": "Alpine Linux",
    "altlinux": "ALT Linux",
    "archlinux": "Arch Linux",
    "caasp": "CaaS Platform",
    "centos-stream": "CentOS Stream",
    "centos": "CentOS",
    "cirros": "CirrOS",
    "dragonflybsd": "DragonFly BSD",
    "eos": "Endless OS",
    "freebsd": "FreeBSD",
    "gnome": "GNOME OS",
    "macosx": "macOS",
    "msdos": "MS-DOS",
    "netbsd": "NetBSD",
    "nixos": "NixOS",
    "ol": "Oracle Linux",
    "openbsd": "OpenBSD",
    "opensolaris": "OpenSolaris",
    "opensuse": "openSUSE",
    "openwrt": "OpenWrt",
    "oraclelinux": "Oracle Linux",
    "rhel": "RHEL",
    "rocky": "Rocky Linux",
    "sled": "SUSE Linux Enterprise Desktop",
    "sle": "SUSE Linux Enterprise",
    "sles": "SUSE Linux Enterprise Server",
    "slem": "SUSE Linux Enterprise Micro",
    "win": "Windows",
}
