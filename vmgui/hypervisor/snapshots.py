"""What snapshots a machine has."""

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import is_gone
from vmgui.hypervisor.reading import read_or_keep
from vmgui.hypervisor.xml.snapshot import read_snapshot_xml
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, oldest_first


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


def _read(handle: libvirt.virDomainSnapshot, domain: Key, current_name: str) -> Snapshot | None:
    name = handle.getName()
    key = Key(domain.host, "snapshot", f"{domain.id}/{name}")
    known = Snapshot(key, domain, name, current=name == current_name)
    return read_or_keep(known, lambda: read_snapshot_xml(handle.getXMLDesc(), known))
