"""What is done to snapshots: one short function a call, on a connection's own threads.

Each takes a libvirt connection, the machine's UUID and mostly a snapshot's name, and raises
libvirtError. What goes and what stays was decided by a plan.
"""

import contextlib

import libvirt

from vmgui.hypervisor.domains import find, paused_process
from vmgui.hypervisor.errors import NotPossibleNow, is_gone
from vmgui.hypervisor.xml.snapshot_edit import (
    Repointing,
    edited_snapshot_xml,
    is_of_disks_only,
    machine_then_xml,
    new_snapshot_xml,
)
from vmgui.insight.revert_spec import RevertPlan, Run
from vmgui.insight.take_spec import TakePlan
from vmgui.inventory.domain import DomainState

_SECURE = libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE
_REDEFINE = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
_CURRENT = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT
_DISK_ONLY = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
_METADATA_ONLY = libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY
_RUN_FLAGS = {
    Run.AS_THEN: 0,
    Run.RUNNING: libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING,
    Run.PAUSED: libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED,
}


def take_flags(plan: TakePlan) -> int:
    """Return libvirt's flags for a snapshot.

    ========  ========  =======  ==========================
    kind      machine   memory   flags
    ========  ========  =======  ==========================
    internal  any       any      none
    external  off       no       DISK_ONLY
    external  runs      no       DISK_ONLY, ATOMIC
    external  runs      yes      ATOMIC
    ========  ========  =======  ==========================

    QUIESCE is added where it is wanted.
    """
    if plan.by_driver or not plan.is_external:
        return 0
    flags = 0
    if plan.memory == "no":
        flags |= _DISK_ONLY
    if plan.active:
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC
    if plan.quiesce:
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE
    return flags


def take(conn: libvirt.virConnect, uuid: str, plan: TakePlan) -> None:
    """Take the snapshot that ``plan`` describes."""
    find(conn, uuid).snapshotCreateXML(new_snapshot_xml(plan), take_flags(plan))


def revert(conn: libvirt.virConnect, uuid: str, name: str, run: Run, *, starts_anew: bool) -> None:
    """Go back to a snapshot as libvirt does it."""
    flags = _RUN_FLAGS[run]
    if starts_anew:
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE
    domain = find(conn, uuid)
    domain.revertToSnapshot(domain.snapshotLookupByName(name), flags)


def delete(conn: libvirt.virConnect, uuid: str, name: str, *, starts: bool) -> None:
    """Delete a snapshot as libvirt does it.

    With ``starts`` a machine that is off runs without its processors meanwhile.
    """
    domain = find(conn, uuid)
    with paused_process(domain) if starts else contextlib.nullcontext():
        domain.snapshotLookupByName(name).delete()


def forget(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Let libvirt forget a snapshot, and touch no file.

    Its children are moved on first: libvirt 9 would do that too, but also point their states to
    the file below this one's overlay, as if it had been merged.
    """
    snapshot = find(conn, uuid).snapshotLookupByName(name)
    _move_children(conn, uuid, snapshot, _parent_of(snapshot))
    snapshot.delete(_METADATA_ONLY)


def define_as_then(conn: libvirt.virConnect, uuid: str, plan: RevertPlan) -> None:
    """Define a machine that is off as it was at a snapshot, over the plan's overlays."""
    domain = find(conn, uuid)
    if domain.isActive():
        raise NotPossibleNow(
            f"{domain.name()} isn't taken back.",
            "It was started meanwhile: it would notice nothing before its next start.",
            "Shut it down, and do it again.",
        )
    xml = _read(conn, uuid, plan.snapshot)
    conn.defineXML(machine_then_xml(xml, _repointing(conn, uuid, plan), as_it_ran=False))


def restore_memory(conn: libvirt.virConnect, uuid: str, plan: RevertPlan) -> None:
    """Start a machine, which was defined as it was then, from the memory of the snapshot."""
    xml = _read(conn, uuid, plan.snapshot)
    xml = machine_then_xml(xml, _repointing(conn, uuid, plan), as_it_ran=True)
    paused = plan.after is DomainState.PAUSED
    flag = libvirt.VIR_DOMAIN_SAVE_PAUSED if paused else libvirt.VIR_DOMAIN_SAVE_RUNNING
    conn.restoreFlags(plan.memory_path, xml, flag)


def _repointing(conn: libvirt.virConnect, uuid: str, plan: RevertPlan) -> Repointing:
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
    return Repointing(
        {overlay.target: overlay.path for overlay in plan.overlays},
        plan.as_now,
        find(conn, uuid).XMLDesc(flags),
    )


def start_paused(conn: libvirt.virConnect, uuid: str) -> None:
    """Start a machine without its processors."""
    find(conn, uuid).createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)


def mark_current(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Let libvirt take a snapshot for the one that the machine goes on from."""
    _redefine(conn, uuid, _read(conn, uuid, name), current=True)


def describe(conn: libvirt.virConnect, uuid: str, name: str, description: str) -> None:
    """Give a snapshot another description."""
    xml = edited_snapshot_xml(_read(conn, uuid, name), description=description)
    _redefine(conn, uuid, xml, current=_is_current(conn, uuid, name))


def rename(conn: libvirt.virConnect, uuid: str, name: str, new_name: str) -> None:
    """Give a snapshot another name: define it anew, move its children on, forget the old one."""
    snapshot = find(conn, uuid).snapshotLookupByName(name)
    xml = edited_snapshot_xml(snapshot.getXMLDesc(_SECURE), name=new_name)
    _redefine(conn, uuid, xml, current=bool(snapshot.isCurrent()))
    _move_children(conn, uuid, snapshot, new_name)
    snapshot.delete(_METADATA_ONLY)


def read_xml(conn: libvirt.virConnect, uuid: str, name: str) -> str:
    """Return a snapshot's XML as libvirt keeps it, without passwords."""
    xml: str = find(conn, uuid).snapshotLookupByName(name).getXMLDesc(0)
    return xml


def _move_children(
    conn: libvirt.virConnect, uuid: str, snapshot: libvirt.virDomainSnapshot, parent: str
) -> None:
    for child in snapshot.listAllChildren(0):
        moved = edited_snapshot_xml(child.getXMLDesc(_SECURE), parent=parent)
        _redefine(conn, uuid, moved, current=bool(child.isCurrent()))


def _parent_of(snapshot: libvirt.virDomainSnapshot) -> str:
    try:
        name: str = snapshot.getParent().getName()
    except libvirt.libvirtError as error:
        if not is_gone(error):
            raise
        return ""  # it has none
    return name


def _read(conn: libvirt.virConnect, uuid: str, name: str) -> str:
    # With its passwords: what is defined anew must not lose them.
    xml: str = find(conn, uuid).snapshotLookupByName(name).getXMLDesc(_SECURE)
    return xml


def _is_current(conn: libvirt.virConnect, uuid: str, name: str) -> bool:
    return bool(find(conn, uuid).snapshotLookupByName(name).isCurrent())


def _redefine(conn: libvirt.virConnect, uuid: str, xml: str, *, current: bool) -> None:
    flags = _REDEFINE | (_CURRENT if current else 0)
    if is_of_disks_only(xml):
        flags |= _DISK_ONLY
    find(conn, uuid).snapshotCreateXML(xml, flags)
