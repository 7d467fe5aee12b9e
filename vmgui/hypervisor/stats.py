"""Figures of a host and of its running machines, read with as few calls as its driver allows.

QEMU answers one bulk call for all machines. Other drivers lack the bulk call, or tell no more
than states with it (the test driver); there each machine is asked by itself, in turns, so that a
poll never costs more than a given time. Which of the two it is, is found out once a connection
and kept in its `Roster`.

Nothing here changes a machine. Used memory is told only where the machine's own balloon device
has a statistics period (``<memballoon><stats period='…'/>``), and setting one is an edit of the
machine, which a viewer has no business making; where there is none, resident size stands in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import is_gone, is_unsupported
from vmgui.hypervisor.stats_bulk import NOWAIT, read_in_bulk, refuses_flag
from vmgui.hypervisor.stats_each import Devices, Machine, Turns, read_in_turns, roll_call
from vmgui.hypervisor.stats_host import HostSize, measure_host, read_host
from vmgui.inventory.figures import DomainCounters, HostCounters

__all__ = ["Devices", "Order", "Reading", "Roster", "blocked_monitors", "read"]


@dataclass(frozen=True, slots=True)
class Roster:
    """What was learnt of one connection; goes back in with its next poll.

    ``in_bulk`` tells whether the bulk call has figures, None until a machine ran. The handles in
    ``machines`` keep the connection open: drop the roster with it.
    """

    in_bulk: bool | None = None
    size: HostSize | None = None
    machines: Mapping[int, Machine] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    abilities: Abilities = field(default_factory=Abilities)


@dataclass(frozen=True, slots=True)
class Order:
    """What a poll shall do.

    ``left_out`` are UUIDs that must not be asked, as they would hang. The rest matters only
    where machines are asked one by one: ``first`` go at every poll, ``devices`` names what they
    have (by UUID), ``budget_s`` is how much CPU time of this thread it may take.
    """

    budget_s: float
    left_out: frozenset[str] = frozenset()
    first: frozenset[str] = frozenset()
    devices: Mapping[str, Devices] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a poll brought: ``active`` are the UUIDs of all running machines, read or not."""

    host: HostCounters
    domains: tuple[DomainCounters, ...]
    active: frozenset[str]
    roster: Roster


def read(conn: libvirt.virConnect, uri: str, order: Order, roster: Roster) -> Reading:
    """Read the host's and its running machines' counters. Runs in a worker.

    Raises libvirtError where the connection is broken or the bulk call failed.
    """
    abilities = roster.abilities
    size = roster.size or measure_host(conn, abilities)
    host = read_host(conn, uri, abilities, size)
    in_bulk, machines, turns = roster.in_bulk, roster.machines, roster.turns
    counters: tuple[DomainCounters, ...] = ()
    active: frozenset[str] = frozenset()
    if in_bulk is not False:
        found = _bulk(conn, uri, order.left_out, abilities)
        if found is None:
            in_bulk = False
        else:
            counters, active, tells = found
            # Nothing is learnt from a host on which nothing runs.
            in_bulk = in_bulk or (tells if active else None)
    if in_bulk is False:
        machines = roll_call(conn, uri, machines)
        active = frozenset(machine.key.id for machine in machines.values())
        asked = {i: m for i, m in machines.items() if m.key.id not in order.left_out}
        counters, turns = read_in_turns(
            abilities, asked, order.first, order.devices, order.budget_s, turns
        )
    roster = replace(roster, in_bulk=in_bulk, size=size, machines=machines, turns=turns)
    return Reading(host, counters, active, roster)


def _bulk(
    conn: libvirt.virConnect, uri: str, left_out: frozenset[str], abilities: Abilities
) -> tuple[tuple[DomainCounters, ...], frozenset[str], bool] | None:
    """Read in bulk, without the flag that an old server refuses; None where it can't be had."""
    nowait = NOWAIT not in abilities.missing
    try:
        return read_in_bulk(conn, uri, left_out, nowait=nowait)
    except libvirt.libvirtError as error:
        if nowait and refuses_flag(error):
            abilities.remember_missing(NOWAIT)
            return _bulk(conn, uri, left_out, abilities)
        if is_unsupported(error):
            return None
        raise


_OCCUPIED = frozenset({libvirt.VIR_DOMAIN_CONTROL_OCCUPIED, libvirt.VIR_DOMAIN_CONTROL_ERROR})


def blocked_monitors(
    conn: libvirt.virConnect, among: frozenset[str] | None, at_least_s: float
) -> frozenset[str]:
    """Return the UUIDs of running machines whose monitor has not answered for ``at_least_s``.

    Looks at those in ``among``, or at all. ``virDomainGetControlInfo`` answers from the daemon's
    own books, so it does not hang on a hung machine. Empty where the driver has no such call.
    """
    blocked = set()
    for domain in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        uuid = domain.UUIDString()
        if among is not None and uuid not in among:
            continue
        try:
            state, _detail, for_ms = domain.controlInfo()
        except libvirt.libvirtError as error:
            if is_unsupported(error):
                break
            if is_gone(error) or conn.isAlive():
                continue
            raise
        if state in _OCCUPIED and for_ms >= at_least_s * 1000:
            blocked.add(uuid)
    return frozenset(blocked)
