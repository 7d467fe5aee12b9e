"""What the disks of a machine really are, and all that its host has beside them."""

from dataclasses import replace

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import UnreadableXml
from vmgui.hypervisor.host_images import HostImages
from vmgui.hypervisor.listing import read_domains
from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.inventory.domain import Domain
from vmgui.inventory.images import MachineStorage

_REVERTS_EXTERNAL_SINCE = 9_010_000


def read_machine_storage(conn: libvirt.virConnect, uuid: str, uri: str) -> MachineStorage:
    """Return what the disks of a machine are, and all that the host has beside them.

    Blocks for as long as it takes: for `Fleet.long_call`. Raises libvirtError where the machine
    is not there, and `UnreadableXml` where its own description can't be read.
    """
    (storage,) = read_machine_storages(conn, (uuid,), uri)
    return storage


def read_machine_storages(
    conn: libvirt.virConnect, uuids: tuple[str, ...], uri: str
) -> tuple[MachineStorage, ...]:
    """Return the same for several machines, from one look through the host.

    Only the images of the first are looked into, where they can be; of the others is known what
    libvirt tells.
    """
    domains = [_read_domain(conn, uuid, uri) for uuid in uuids]
    host = HostImages(conn, uri, own=uuids[0])
    reverts = _reverts_external(conn)
    return tuple(_storage(conn, domain, host, reverts=reverts) for domain in domains)


def _storage(
    conn: libvirt.virConnect, domain: Domain, host: HostImages, *, reverts: bool
) -> MachineStorage:
    handle = conn.lookupByUUIDString(domain.uuid)
    next_start = None
    if handle.isActive() and handle.isPersistent():
        xml = handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        next_start = host.resolved(read_domain_xml(xml, domain))
    current = Abilities().ask_if_told("snapshotCurrent", handle.snapshotCurrent)
    return MachineStorage(
        domain=host.resolved(domain),
        next_start=next_start,
        snapshots=tuple(
            replace(each, current=current is not None and current.getName() == each.name)
            for each in host.snapshots_of(domain.key)
        ),
        images=host.images,
        folders=host.folders,
        unread=host.unread,
        reverts_external=reverts,
    )


def _read_domain(conn: libvirt.virConnect, uuid: str, uri: str) -> Domain:
    xml = conn.lookupByUUIDString(uuid).XMLDesc()
    parse(xml, "domain")  # what can't be read is an error here: there is nothing to go by
    found = read_domains(conn, uri, Abilities(), (uuid,))
    if not found or not found[0].read_fully:
        raise UnreadableXml("The machine can't be read.", "It changed while it was read.")
    return found[0]


def _reverts_external(conn: libvirt.virConnect) -> bool:
    """Tell whether libvirt itself reverts to external snapshots.

    Its capabilities name it among the features of a guest since it can: 9.10, for QEMU.
    """
    abilities = Abilities()
    xml = abilities.ask_if_told("getCapabilities", conn.getCapabilities)
    if xml and parse(xml, "capabilities").find("guest/features/externalSnapshot") is not None:
        return True
    if conn.getType() != "QEMU":
        return False
    version = abilities.ask_if_told("getLibVersion", conn.getLibVersion)
    return version is not None and version >= _REVERTS_EXTERNAL_SINCE
