"""What machines a connection has: all of them in bulk, their descriptions in slices.

Every function blocks, so it runs in a thread of its connection. None asks a question a machine
where libvirt has one for all: over a socket a call costs about 0.1 ms whatever it asks.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import is_gone
from vmgui.hypervisor.reading import marked, read_or_keep
from vmgui.hypervisor.states import read_state
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import domain_key

_SNAPSHOT_MARK = "listAllDomains(VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT)"

State = tuple[int, int]
"""libvirt's state and reason."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Machines by name and state, with libvirt's handles to read the rest with.

    ``domains`` and ``handles`` are in the same order. Handles stay inside this room.
    """

    domains: tuple[Domain, ...]
    handles: tuple[libvirt.virDomain, ...]

    def slices(self, size: int) -> Iterator["Listed"]:
        """Yield the whole in pieces of at most ``size`` machines."""
        for start in range(0, len(self.domains), size):
            end = start + size
            yield Listed(self.domains[start:end], self.handles[start:end])


def list_domains(conn: libvirt.virConnect, uri: str, abilities: Abilities) -> Listed:
    """Return all machines by name and state, ``read_fully`` unset: five calls however many."""
    stats = abilities.ask(
        "getAllDomainStats", lambda: conn.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE)
    )
    if stats is None:
        handles = conn.listAllDomains()
        states = _states_one_by_one(handles)
    else:
        handles = [handle for handle, _ in stats]
        states = _states_from_stats(stats)
    return _listed(uri, handles, states, _read_marks(conn, abilities))


def read_listed(
    conn: libvirt.virConnect, abilities: Abilities, listed: Listed
) -> tuple[Domain, ...]:
    """Return the machines of ``listed`` read fully, with their state as it is now.

    One call for all states, one a machine for its XML, and one more where it has snapshots.
    Machines that have gone meanwhile are left out; one whose XML can't be had or read comes as
    it was listed, with ``read_fully`` unset. Secrets are never asked for.
    """
    states = _states(conn, abilities, listed.handles)
    read: list[Domain] = []
    for known, handle in zip(listed.domains, listed.handles, strict=True):
        if known.uuid not in states:
            continue
        domain = _read(abilities, known, handle, states[known.uuid])
        if domain is not None:
            read.append(domain)
    return tuple(read)


def read_domains(
    conn: libvirt.virConnect, uri: str, abilities: Abilities, uuids: Collection[str]
) -> tuple[Domain, ...]:
    """Return the machines of ``uuids`` read fully; those that are not there are left out."""
    handles = [handle for uuid in uuids if (handle := _lookup(conn, uuid)) is not None]
    states = _states(conn, abilities, handles)
    listed = _listed(uri, handles, states, _read_marks(conn, abilities))
    return read_listed(conn, abilities, listed)


@dataclass(frozen=True, slots=True)
class _Marks:
    """UUIDs of the machines that have something which most have not."""

    transient: frozenset[str]
    autostart: frozenset[str]
    saved: frozenset[str]
    with_snapshots: frozenset[str] | None


def _read_marks(conn: libvirt.virConnect, abilities: Abilities) -> _Marks:
    def read(flag: str) -> frozenset[str] | None:
        return marked(abilities, conn.listAllDomains, "listAllDomains", flag)

    return _Marks(
        transient=read("VIR_CONNECT_LIST_DOMAINS_TRANSIENT") or frozenset(),
        autostart=read("VIR_CONNECT_LIST_DOMAINS_AUTOSTART") or frozenset(),
        saved=read("VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE") or frozenset(),
        with_snapshots=read("VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT"),
    )


def _listed(
    uri: str,
    handles: Collection[libvirt.virDomain],
    states: Mapping[str, State],
    marks: _Marks,
) -> Listed:
    pairs: list[tuple[Domain, libvirt.virDomain]] = []
    for handle in handles:
        uuid = handle.UUIDString()
        if uuid in states:
            pairs.append((_quick(uri, uuid, handle, states[uuid], marks), handle))
    return Listed(tuple(domain for domain, _ in pairs), tuple(handle for _, handle in pairs))


def _quick(uri: str, uuid: str, handle: libvirt.virDomain, state: State, marks: _Marks) -> Domain:
    run_id = _run_id(handle)
    is_saved = uuid in marks.saved
    ours, reason = read_state(*state, is_active=run_id is not None, is_saved=is_saved)
    snapshots = marks.with_snapshots
    return Domain(
        key=domain_key(uri, uuid),
        name=handle.name(),
        state=ours,
        state_reason=reason,
        run_id=run_id,
        persistent=uuid not in marks.transient,
        autostart=uuid in marks.autostart,
        has_managed_save=is_saved,
        snapshot_count=0 if snapshots is not None and uuid not in snapshots else None,
    )


def _with_state(known: Domain, state: State, run_id: int | None) -> Domain:
    ours, reason = read_state(*state, is_active=run_id is not None, is_saved=known.has_managed_save)
    if (ours, reason) == (known.state, known.state_reason):
        return known
    return replace(known, state=ours, state_reason=reason)


def _read(
    abilities: Abilities, known: Domain, handle: libvirt.virDomain, state: State
) -> Domain | None:
    listed = _with_state(known, state, _run_id(handle))
    domain = read_or_keep(listed, lambda: read_domain_xml(handle.XMLDesc(), listed))
    if domain is None or domain.snapshot_count is not None or not _is_told_of_snapshots(abilities):
        return domain
    return replace(domain, snapshot_count=abilities.ask_if_told("snapshotNum", handle.snapshotNum))


def _is_told_of_snapshots(abilities: Abilities) -> bool:
    """Tell whether the machines without snapshots are known: else all would be asked."""
    return _SNAPSHOT_MARK not in abilities.missing


def _states(
    conn: libvirt.virConnect, abilities: Abilities, handles: Collection[libvirt.virDomain]
) -> dict[str, State]:
    if not handles:
        return {}
    stats = abilities.ask(
        "getAllDomainStats",
        lambda: conn.domainListGetStats(list(handles), libvirt.VIR_DOMAIN_STATS_STATE),
    )
    return _states_one_by_one(handles) if stats is None else _states_from_stats(stats)


def _states_from_stats(
    stats: Iterable[tuple[libvirt.virDomain, dict[str, int]]],
) -> dict[str, State]:
    return {
        handle.UUIDString(): (figures.get("state.state", -1), figures.get("state.reason", 0))
        for handle, figures in stats
    }


def _states_one_by_one(handles: Iterable[libvirt.virDomain]) -> dict[str, State]:
    states: dict[str, State] = {}
    for handle in handles:
        try:
            state, reason = handle.state()
        except libvirt.libvirtError as error:
            if not is_gone(error):
                raise
        else:
            states[handle.UUIDString()] = (state, reason)
    return states


def _lookup(conn: libvirt.virConnect, uuid: str) -> libvirt.virDomain | None:
    try:
        return conn.lookupByUUIDString(uuid)
    except libvirt.libvirtError as error:
        if is_gone(error):
            return None
        raise


def _run_id(handle: libvirt.virDomain) -> int | None:
    run_id = handle.ID()
    return run_id if run_id >= 0 else None
