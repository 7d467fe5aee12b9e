"""What is read of a machine before it is cloned, and how a clone comes to be defined."""

from dataclasses import dataclass

import libvirt
from lxml import etree

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.domains import Kept, edit_flags, find, undefine
from vmgui.hypervisor.errors import NotPossibleNow, UnreadableXml
from vmgui.hypervisor.images import read_machine_storage, read_machine_storages
from vmgui.hypervisor.networks import list_networks
from vmgui.hypervisor.storage import list_pools
from vmgui.hypervisor.xml.clone_facts import CloneHints, read_hints
from vmgui.hypervisor.xml.disk_sources import repointed_xml
from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.hypervisor.xml.metadata import (
    ORIGIN_PREFIX,
    Origin,
    origin_element,
    read_origin,
)
from vmgui.inventory.domain import ORIGIN_URI, Domain, DomainState
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.key import domain_key
from vmgui.inventory.storage import Pool


@dataclass(frozen=True, slots=True)
class CloneReading:
    """What one host tells for a plan of clones, as of one reading.

    ``machines`` are all its machines as they are defined now; ``definitions`` and ``hints`` are
    by snapshot, "" for the machine itself.
    """

    storage: MachineStorage
    pools: tuple[Pool, ...]
    networks: tuple[str, ...]
    machines: tuple[Domain, ...]
    definitions: dict[str, str]
    hints: dict[str, CloneHints]


def read_for_clones(conn: libvirt.virConnect, uuid: str, uri: str) -> CloneReading:
    """Return what must be known to plan clones; for `Fleet.long_call`. Raises libvirtError."""
    abilities = Abilities()
    storage = read_machine_storage(conn, uuid, uri)
    definitions = dict(_definitions(conn, uuid, storage))
    return CloneReading(
        storage=storage,
        pools=list_pools(conn, uri, abilities),
        networks=tuple(network.name for network in list_networks(conn, uri, abilities)),
        machines=tuple(_machines(conn, uri)),
        definitions=definitions,
        hints={name: read_hints(xml) for name, xml in definitions.items()},
    )


def _definitions(
    conn: libvirt.virConnect, uuid: str, storage: MachineStorage
) -> list[tuple[str, str]]:
    machine = find(conn, uuid)
    secure = libvirt.VIR_DOMAIN_XML_SECURE
    found = [("", machine.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | secure))]
    for snapshot in storage.snapshots:
        if not any(disk.kind == "external" for disk in snapshot.disks):
            continue
        handle = machine.snapshotLookupByName(snapshot.name)
        root = parse(handle.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE), "domainsnapshot")
        # Of a machine that ran libvirt keeps both: as it ran, and as it would have started next.
        then = root.find("inactiveDomain")
        then = then if then is not None else root.find("domain")
        if then is not None:
            then.tag = "domain"
            found.append((snapshot.name, etree.tostring(then, encoding="unicode")))
    return found


def _machines(conn: libvirt.virConnect, uri: str) -> list[Domain]:
    found = []
    for handle in conn.listAllDomains():
        known = Domain(domain_key(uri, handle.UUIDString()), handle.name(), DomainState.UNKNOWN)
        try:
            found.append(read_domain_xml(handle.XMLDesc(), known))
        except (libvirt.libvirtError, UnreadableXml):
            found.append(known)  # its name counts all the same
    return found


def define(conn: libvirt.virConnect, xml: str) -> None:
    """Define a new machine; refuses one whose UUID or MAC a machine of the host has by now.

    libvirt itself refuses a name that is taken; but it would take a definition with a UUID that
    exists for a change of that machine, and it lets machines share a MAC.
    """
    root = parse(xml, "domain")
    own = {mac.get("address", "").lower() for mac in root.iterfind("devices/interface/mac")}
    for machine in _machines(conn, ""):
        if machine.uuid == root.findtext("uuid", ""):
            raise NotPossibleNow(_FAILED, f"{machine.name} has its UUID by now.", _AGAIN)
        taken = own & {interface.mac.lower() for interface in machine.interfaces}
        if taken:
            raise NotPossibleNow(
                _FAILED, f"{machine.name} has its MAC {min(taken)} by now.", _AGAIN
            )
    conn.defineXML(xml)


def take_back(conn: libvirt.virConnect, uuid: str, *also: Kept) -> None:
    """Undefine a clone; refuses one that somebody has started, for its disks would go next."""
    machine = find(conn, uuid)
    if machine.isActive():
        raise NotPossibleNow("It stays.", f"{machine.name()} was started meanwhile.")
    undefine(conn, uuid, *also)


_FAILED = "The clone can't be defined."
_AGAIN = "Do it again: it gets another one then."


def check_still_off(conn: libvirt.virConnect, uuid: str) -> None:
    """Raise NotPossibleNow where a machine was started while its disks were being cloned."""
    machine = find(conn, uuid)
    if machine.isActive():
        raise NotPossibleNow(
            "The clone is no good.",
            f"{machine.name()} was started while its disks were cloned: what was read is torn.",
            "Shut it down, and clone it again.",
        )


def check_still_frozen(
    conn: libvirt.virConnect, uuid: str, snapshot: str, paths: tuple[str, ...]
) -> None:
    """Raise NotPossibleNow where what a snapshot froze has changed while it was being cloned.

    A snapshot that is deleted takes the writes since into the files that it froze.
    """
    machine = find(conn, uuid)
    why = ""
    if snapshot not in machine.snapshotListNames():
        why = f"{snapshot} was deleted while it was cloned: what was read is torn."
    elif {path for _, path in _sources(conn, uuid)} & set(paths):
        why = f"{machine.name()} writes to the files of {snapshot} again: what was read is torn."
    if why:
        raise NotPossibleNow("The clone is no good.", why, "Clone it again.")


def set_origin(conn: libvirt.virConnect, uuid: str, origin: Origin) -> None:
    """Keep whether a domain is a template, and whose clone it is."""
    domain = find(conn, uuid)
    domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT,
        origin_element(origin),
        ORIGIN_PREFIX,
        ORIGIN_URI,
        edit_flags(domain),
    )


def get_origin(conn: libvirt.virConnect, uuid: str) -> Origin:
    """Return what a domain's definition says of its origin."""
    root = parse(find(conn, uuid).XMLDesc(), "domain")
    metadata = root.find("metadata")
    return Origin() if metadata is None else read_origin(metadata)


@dataclass(frozen=True, slots=True)
class CloneToReset:
    """A clone, its origin, and the sources of its disks as its definition spells them."""

    storage: MachineStorage
    origin: Origin
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ResetReading:
    """What one host tells for resetting clones."""

    pools: tuple[Pool, ...]
    clones: tuple[CloneToReset, ...]


def read_for_reset(conn: libvirt.virConnect, uuids: tuple[str, ...], uri: str) -> ResetReading:
    """Return what must be known to reset clones, in one look through the host.

    Raises libvirtError where one of them is not there.
    """
    abilities = Abilities()
    # Sources first: a snapshot that is taken while all is read makes them old, which is noticed.
    sources = [_sources(conn, uuid) for uuid in uuids]
    return ResetReading(
        list_pools(conn, uri, abilities),
        tuple(
            CloneToReset(storage, get_origin(conn, storage.domain.uuid), own)
            for storage, own in zip(read_machine_storages(conn, uuids, uri), sources, strict=True)
        ),
    )


def check_as_read(
    conn: libvirt.virConnect,
    uuid: str,
    sources: tuple[tuple[str, str], ...],
    snapshots: tuple[str, ...],
) -> None:
    """Raise NotPossibleNow where a clone has other disks or snapshots than were read."""
    machine = find(conn, uuid)
    names = Abilities().ask_if_told("snapshotListNames", machine.snapshotListNames) or []
    if _sources(conn, uuid) != sources or set(names) - set(snapshots):
        raise NotPossibleNow(
            "The clone can't be reset.",
            f"Somebody changed the disks of {machine.name()} or took a snapshot meanwhile.",
            "Look at it, then do it again.",
        )


def give_disks(
    conn: libvirt.virConnect,
    uuid: str,
    files: dict[str, str],
    sources: tuple[tuple[str, str], ...],
    snapshots: tuple[str, ...],
) -> None:
    """Define a machine that is off with other qcow2 ``files``, by target; see `check_as_read`."""
    check_as_read(conn, uuid, sources, snapshots)
    machine = find(conn, uuid)
    if machine.isActive():
        raise NotPossibleNow(
            "The clone can't be reset.", f"{machine.name()} was started again.", "Do it again."
        )
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
    conn.defineXML(repointed_xml(machine.XMLDesc(flags), files))


def has_disk(conn: libvirt.virConnect, uuid: str, path: str) -> bool:
    """Tell whether a machine's definition names ``path`` as a disk."""
    return path in dict(_sources(conn, uuid)).values()


def _sources(conn: libvirt.virConnect, uuid: str) -> tuple[tuple[str, str], ...]:
    xml = find(conn, uuid).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    known = Domain(domain_key("", uuid), "", DomainState.UNKNOWN)
    return tuple((disk.target, disk.source) for disk in read_domain_xml(xml, known).disks)
