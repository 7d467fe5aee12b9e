"""What snapshots a machine has."""

import bisect
from collections.abc import Mapping
from typing import NamedTuple

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import is_gone
from vmgui.hypervisor.reading import read_or_keep
from vmgui.hypervisor.xml.snapshot import read_snapshot_xml
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, oldest_first


class Names(NamedTuple):
    """What the snapshots of machines are called, by UUID; None where that wasn't asked.

    ``last`` is the last machine that was asked in turn, "" for none. ``current`` is the current
    snapshot of the machine that was asked first, "" for none.
    """

    by_uuid: Mapping[str, frozenset[str] | None]
    last: str
    current: str = ""


def list_snapshots(
    conn: libvirt.virConnect, uri: str, abilities: Abilities, domain_uuid: str
) -> tuple[Snapshot, ...]:
    """Return a machine's snapshots, the oldest first: three calls, and one for each snapshot.

    None where the driver has no snapshots, or the machine went meanwhile.
    """
    try:
        machine = conn.lookupByUUIDString(domain_uuid)
        handles = abilities.ask("listAllSnapshots", machine.listAllSnapshots)
    except libvirt.libvirtError as error:
        if is_gone(error):
            return ()
        raise
    if not handles:
        return ()
    # A machine may have snapshots and none that is current: libvirt calls that an error.
    current = abilities.ask_if_told("snapshotCurrent", machine.snapshotCurrent)
    current_name = "" if current is None else current.getName()
    read = (_read(handle, domain_key(uri, domain_uuid), current_name) for handle in handles)
    return oldest_first(each for each in read if each is not None)


def name_snapshots(
    conn: libvirt.virConnect,
    _uri: str,
    abilities: Abilities,
    first: str,
    after: str,
    at_most: int,
) -> Names | None:
    """Return which machines have snapshots, and what those of some of them are called.

    libvirt has no event for snapshots, so this is how one that somebody else took is found: one
    call for all, and one for each machine that is asked: that with the UUID ``first``, if any,
    and ``at_most`` so many that come after the UUID ``after``, and then from the start. None
    where the driver can't tell.
    """
    flag = libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT
    call = "listAllDomains(VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT)"
    handles = abilities.ask_if_told(call, lambda: conn.listAllDomains(flag))
    if handles is None:
        return None
    by_uuid = {handle.UUIDString(): handle for handle in handles}
    ordered = sorted(by_uuid)
    start = bisect.bisect_right(ordered, after)
    turn = (ordered[start:] + ordered[:start])[:at_most]
    found: dict[str, frozenset[str] | None] = dict.fromkeys(by_uuid)
    current = ""
    if first in by_uuid:
        # A machine may have snapshots and none that is current: libvirt calls that an error.
        its = abilities.ask_if_told("snapshotCurrent", by_uuid[first].snapshotCurrent)
        current = "" if its is None else its.getName()
    for uuid in {first} & by_uuid.keys() | set(turn):
        names = abilities.ask_if_told("snapshotListNames", by_uuid[uuid].snapshotListNames)
        found[uuid] = None if names is None else frozenset(names)
    return Names(found, turn[-1] if turn else "", current)


def snapshot_xml(conn: libvirt.virConnect, domain_uuid: str, name: str) -> str:
    """Return a snapshot's XML, without passwords."""
    machine = conn.lookupByUUIDString(domain_uuid)
    xml: str = machine.snapshotLookupByName(name).getXMLDesc()
    return xml


def _read(handle: libvirt.virDomainSnapshot, domain: Key, current_name: str) -> Snapshot | None:
    name = handle.getName()
    key = Key(domain.host, "snapshot", f"{domain.id}/{name}")
    known = Snapshot(key, domain, name, current=name == current_name)
    return read_or_keep(known, lambda: read_snapshot_xml(handle.getXMLDesc(), known))
