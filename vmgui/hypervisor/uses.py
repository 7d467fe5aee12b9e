"""Which files the machines of a host name: now, at their next start, saved, and in snapshots."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import libvirt
from lxml import etree

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.reading import marked
from vmgui.hypervisor.stores import Unread
from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.snapshot import read_snapshot
from vmgui.hypervisor.xml.sources import DiskChain, read_chains, read_nvram_paths, read_paths
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key

_LOOK = "Look at it on the host, then try again."


@dataclass(frozen=True, slots=True)
class Definition:
    """What one description of a machine names.

    ``active`` tells that it is what runs, ``snapshot`` that it is of that snapshot. ``paths``
    are all that it names anywhere, those of disks and UEFI variables among them.
    """

    chains: tuple[DiskChain, ...]
    nvram_paths: tuple[str, ...]
    paths: tuple[str, ...]
    active: bool = False
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class MachineUses:
    """A machine and all its descriptions. One of its snapshots whose XML can't be read has none."""

    key: Key
    name: str
    active: bool
    definitions: tuple[Definition, ...]
    snapshots: tuple[Snapshot, ...]


def read_uses(conn: libvirt.virConnect, uri: str, unread: Unread) -> Iterator[MachineUses]:
    """Yield what each machine of the host uses; what can't be read is noted. Blocks."""
    abilities = Abilities()
    with_snapshots = _marked(conn, abilities, "VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT")
    saved = _marked(conn, abilities, "VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE")
    for handle in conn.listAllDomains():
        uuid, name = handle.UUIDString(), handle.name()
        key = domain_key(uri, uuid)
        active = handle.ID() >= 0  # as of the listing: a call less for each machine
        definitions = list(_now(handle, name, unread, active=active))
        if saved is None or uuid in saved:
            definitions += _saved(handle, name, unread)
        snapshots: list[Snapshot] = []
        if with_snapshots is None or uuid in with_snapshots:
            for snapshot, root in _snapshots(handle, key, name, unread):
                snapshots.append(snapshot)
                if root is not None:
                    definitions.append(_definition(root, snapshot=snapshot))
        yield MachineUses(key, name, active, tuple(definitions), tuple(snapshots))


def _marked(conn: libvirt.virConnect, abilities: Abilities, flag: str) -> frozenset[str] | None:
    return marked(abilities, conn.listAllDomains, "listAllDomains", flag)


def _definition(
    root: etree._Element, *, active: bool = False, snapshot: Snapshot | None = None
) -> Definition:
    return Definition(
        chains=tuple(read_chains(root)),
        nvram_paths=tuple(read_nvram_paths(root)),
        paths=tuple(dict.fromkeys(read_paths(root))),
        active=active,
        snapshot=snapshot,
    )


def _now(
    handle: libvirt.virDomain, name: str, unread: Unread, *, active: bool
) -> Iterator[Definition]:
    """Yield the machine as it runs, and as it starts next: one and the same where it is off."""
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE) if active else (0,):
        root = unread.ask(
            partial(_root, handle.XMLDesc, flags, "domain"), None, f"What {name} uses", _LOOK
        )
        if root is not None:
            yield _definition(root, active=active and not flags)


def _saved(handle: libvirt.virDomain, name: str, unread: Unread) -> Iterator[Definition]:
    """Yield the machine as it is restored, which is how it was saved."""

    def read() -> str:
        try:
            xml: str = handle.managedSaveGetXMLDesc(0)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID:
                raise
            return ""  # nothing is saved
        return xml

    what = f"What {name} uses in its saved state"
    xml = unread.ask(read, "", what, _LOOK, is_all=True)
    if xml:
        root = unread.ask(partial(parse, xml, "domain"), None, what, _LOOK)
        if root is not None:
            yield _definition(root)


def _snapshots(
    handle: libvirt.virDomain, key: Key, name: str, unread: Unread
) -> Iterator[tuple[Snapshot, etree._Element | None]]:
    what = f"What the snapshots of {name} use"
    none: list[libvirt.virDomainSnapshot] = []
    for each in unread.ask(handle.listAllSnapshots, none, what, _LOOK, is_all=True):
        known = Snapshot(snapshot_key(key, each.getName()), key, each.getName())
        root = unread.ask(partial(_root, each.getXMLDesc, 0, "domainsnapshot"), None, what, _LOOK)
        if root is None:
            yield known, None
        else:
            yield replace(read_snapshot(root, known), name=known.name), root


def _root(read: Callable[[int], str], flags: int, name: str) -> etree._Element:
    return parse(read(flags), name)
