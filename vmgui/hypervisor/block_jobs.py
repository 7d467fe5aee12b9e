"""Merging the files of a disk's chain while a process has them open.

libvirt tells the end of such a job only by events, and an event may be missed; so it is watched by
asking, and whether it succeeded is read from the chain that the machine has afterwards.
"""

import contextlib
import time

import libvirt

from vmgui.hypervisor.domains import find, paused_process
from vmgui.hypervisor.errors import CallFailed
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.insight.disk_merge import Direction, MergePlan
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.key import domain_key

_LOOK_EVERY_S = 0.1
_RESUMED = {
    (Direction.COMMIT, False): libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT,
    (Direction.COMMIT, True): libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT,
}
"""The kind of a job that is under way already, by direction and by whether it pivots."""


def merge(conn: libvirt.virConnect, uuid: str, plan: MergePlan) -> None:
    """Merge as ``plan`` says, and return when the machine has the new chain.

    A machine that is off runs without its processors meanwhile. A commit that is under way on the
    disk already, as after the daemon was killed, is carried to its end. Raises CallFailed where
    the job ended before it was done: then the chain is as it was.
    """
    domain = find(conn, uuid)
    with paused_process(domain) if plan.starts else contextlib.nullcontext():
        _merge(domain, plan)


def merge_progress(conn: libvirt.virConnect, uuid: str, target: str) -> float | None:
    """Return how far the job of a disk is, 0..1; None where there is none or it can't be told."""
    info = find(conn, uuid).blockJobInfo(target, 0)
    end: int = info.get("end", 0) if info else 0
    return min(1.0, info["cur"] / end) if end else None


def abort_merge(conn: libvirt.virConnect, uuid: str, target: str) -> None:
    """Break off the job of a disk; the chain stays as it was."""
    find(conn, uuid).blockJobAbort(target, 0)


def _merge(domain: libvirt.virDomain, plan: MergePlan) -> None:
    before = _chain_length(domain, plan.target)
    info = domain.blockJobInfo(plan.target, 0)
    if not (info and info["type"] == _RESUMED.get((plan.direction, plan.pivots))):
        _begin(domain, plan)
    while info := domain.blockJobInfo(plan.target, 0):
        if plan.pivots and info["cur"] == info["end"] and _pivot(domain, plan.target):
            break
        time.sleep(_LOOK_EVERY_S)
    # Files may be spelled otherwise in the XML than in the plan; each of them is a link of it.
    if _chain_length(domain, plan.target) != before - len(plan.merges):
        raise CallFailed(
            "The merge ended before all was copied.",
            "It was cancelled, or the host could not write: perhaps its disk is full.",
            "The chain is as it was; it can be tried again.",
        )


def _begin(domain: libvirt.virDomain, plan: MergePlan) -> None:
    if plan.direction is Direction.PULL:
        if plan.base:
            domain.blockRebase(plan.target, plan.base, 0, 0)
        else:
            domain.blockPull(plan.target, 0, 0)
        return
    flags = libvirt.VIR_DOMAIN_BLOCK_COMMIT_DELETE
    if plan.pivots:
        flags |= libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE
    domain.blockCommit(plan.target, plan.base, plan.top or None, 0, flags)


def _pivot(domain: libvirt.virDomain, target: str) -> bool:
    """Move the machine on to the base; False where the job isn't ready yet."""
    try:
        domain.blockJobAbort(target, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
    except libvirt.libvirtError as error:
        # The figures may be equal for a moment before QEMU says that it is ready; and a person
        # may have cancelled in the same moment, then there is no job any more.
        if error.get_error_code() in _NOT_READY:
            return False
        raise
    return True


_NOT_READY = (libvirt.VIR_ERR_BLOCK_COPY_ACTIVE, libvirt.VIR_ERR_OPERATION_INVALID)


def _chain_length(domain: libvirt.virDomain, target: str) -> int:
    """Return how many files a disk reads from, its own among them; 0 for no such disk."""
    xml = domain.XMLDesc(0)
    known = Domain(domain_key("", domain.UUIDString()), "", DomainState.UNKNOWN)
    disks = read_domain_xml(xml, known).disks
    disk = next((each for each in disks if each.target == target), None)
    return 1 + len(disk.backing) if disk is not None else 0
