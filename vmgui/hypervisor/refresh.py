"""Brings the inventory up to date with one host: all of it, then what events name.

Reading runs in the connection's threads, in slices, so that thousands of machines neither hold
up other calls nor the loop.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar, TypeVarTuple

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.aside import Aside
from vmgui.hypervisor.connection import DEADLINE_S, Connection
from vmgui.hypervisor.errors import VmguiError
from vmgui.hypervisor.host_facts import read_host
from vmgui.hypervisor.listing import Listed, list_domains, read_domains, read_listed
from vmgui.hypervisor.networks import gives_leases, list_networks, read_leases
from vmgui.hypervisor.snapshots import list_snapshots, name_snapshots
from vmgui.hypervisor.storage import count_volumes, list_pools
from vmgui.hypervisor.subscription import HostEvent
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot, snapshot_key
from vmgui.inventory.storage import Pool

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_log = logging.getLogger(__name__)

_SLICE = 200
_SETTLE_S = 0.05
"""Events of one change come in a burst: they are read together."""

_LEASES_AGAIN_S = 10.0
"""libvirt has no event for a lease: a guest that has just booted shows its address after this."""

_LOOK_AGAIN_S = 60.0
_LOOK_AGAIN_WITHOUT_EVENTS_S = 3.0

_SNAPSHOTS_EVERY_S = 3.0
_MACHINES_A_TURN = 40
"""libvirt tells of no snapshot that somebody takes: which machines have some is one call, what
they are called is one for each, so that is asked of so many at a time."""


class CallAside(Protocol):
    """Runs a call on another connection of the host, as `HostLink.long_call` does."""

    async def __call__(
        self, work: Callable[[libvirt.virConnect, *Ts], T], /, *args: *Ts, what: str
    ) -> T:
        """Run ``work(conn, *args)``."""


class Refresh:
    """Reads one connection's objects into the inventory. Belongs to the loop's thread.

    Machines are what a link is for: it fails where they can't be read. Whatever else can't be
    read stays as it was. Storage pools are read with ``call_aside``, for they may hang.
    ``watched`` is the UUID of the machine whose snapshots somebody looks at, "" for none.
    """

    def __init__(self, connection: Connection, inventory: Inventory, call_aside: CallAside) -> None:
        self._connection = connection
        self._inventory = inventory
        self._call_aside = call_aside
        self._aside = Aside()
        self._abilities = Abilities()
        self._uri = connection.uri
        self._dirty: set[Key] = set()
        self._woken = asyncio.Event()
        self._told_of: frozenset[str] = frozenset()
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._last_asked = ""
        self.watched = ""

    async def read_host(self) -> Host:
        """Return the host's facts, under the name that it gives itself."""
        return await self._call(read_host, what="Read the host's facts")

    async def read_everything(self) -> None:
        """Read all objects: machines by name and state first, then each in full."""
        self._told_of = await self._connection.subscribe(self._on_event)
        await self._look_over()
        await self._read_rest()

    async def read_all_again(self) -> None:
        """Read all objects in full, whether they seem to have changed or not."""
        await self._look_over(everything=True)
        await self._read_rest()

    async def close(self) -> None:
        """Give up what still hangs."""
        await self._aside.close()

    async def _read_rest(self) -> None:
        await self._read_networks()
        await self._read_pools()
        with_snapshots = [d.key for d in self._inventory.of(Domain, self._uri) if d.snapshot_count]
        for key in with_snapshots:
            await self._read_snapshots(key)

    async def follow(self) -> None:
        """Read what events name, and now and then look for what they did not; never returns."""
        pause_s = _LOOK_AGAIN_S if "domain" in self._told_of else _LOOK_AGAIN_WITHOUT_EVENTS_S
        look_again_s = time.monotonic() + pause_s
        leases_s = time.monotonic() + _LEASES_AGAIN_S
        snapshots_s = time.monotonic() + _SNAPSHOTS_EVERY_S
        while True:
            next_s = min(look_again_s, leases_s, snapshots_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(next_s - time.monotonic()):
                    await self._woken.wait()
            if self._woken.is_set():
                await asyncio.sleep(_SETTLE_S)
                self._woken.clear()
                dirty, self._dirty = self._dirty, set()
                await self.reread(dirty)
            if time.monotonic() >= snapshots_s:
                await self._look_for_snapshots()
                snapshots_s = time.monotonic() + _SNAPSHOTS_EVERY_S
            if time.monotonic() >= look_again_s:
                await self._look_over()
                await self._read_networks()
                await self._read_pools()
                look_again_s = time.monotonic() + pause_s
                leases_s = time.monotonic() + _LEASES_AGAIN_S
            elif time.monotonic() >= leases_s:
                await self._read_leases()
                leases_s = time.monotonic() + _LEASES_AGAIN_S

    async def reread(self, keys: set[Key]) -> Change:
        """Read these objects again, apply it, and return what became different."""
        uuids = sorted(key.id for key in keys if key.kind == "domain")
        changes = [await self._read_domains(uuids)]
        if any(key.kind == "network" for key in keys):
            changes.append(await self._read_networks())
        if any(key.kind == "pool" for key in keys):
            changes.append(await self._read_pools())
        owners = {key.id.split("/", 1)[0] for key in keys if key.kind == "snapshot"}
        changes += [await self._read_snapshots(domain_key(self._uri, uuid)) for uuid in owners]
        return Change.joined(changes)

    async def _call(
        self,
        work: Callable[[libvirt.virConnect, str, Abilities, *Ts], T],
        *args: *Ts,
        what: str,
        deadline_s: float = DEADLINE_S,
    ) -> T:
        return await self._connection.call(
            work, self._uri, self._abilities, *args, what=what, deadline_s=deadline_s
        )

    def _on_event(self, event: HostEvent) -> None:
        key = Key(self._uri, event.kind, event.id)
        self._dirty.add(key)
        domain = self._inventory.domain(key)
        if domain is not None and domain.snapshot_count and event.aspect == "lifecycle":
            # Going back to a snapshot is told as a start or a pause, if at all.
            self._dirty.add(snapshot_key(key, ""))
        self._woken.set()

    async def _look_over(self, *, everything: bool = False) -> None:
        """Compare names and states with what is held, and read in full what differs."""
        listed = await self._call(list_domains, what="List the machines", deadline_s=60.0)
        held = {d.key: d for d in self._inventory.of(Domain, self._uri)}
        new = tuple(d for d in listed.domains if d.key not in held)
        gone = tuple(held.keys() - {d.key for d in listed.domains})
        self._inventory.apply(Change(updated=new, removed=gone))
        for part in _selected(listed, {} if everything else held).slices(_SLICE):
            read = await self._connection.call(
                read_listed, self._abilities, part, what="Read machines", deadline_s=30.0
            )
            self._apply_domains([d.key for d in part.domains], read)

    async def _read_domains(self, uuids: list[str]) -> Change:
        done = []
        for start in range(0, len(uuids), _SLICE):
            part = uuids[start : start + _SLICE]
            read = await self._call(read_domains, part, what="Read machines", deadline_s=30.0)
            done.append(self._apply_domains([domain_key(self._uri, uuid) for uuid in part], read))
        return Change.joined(done)

    def _apply_domains(self, asked: Iterable[Key], read: Sequence[Domain]) -> Change:
        gone = set(asked) - {domain.key for domain in read}
        return self._inventory.apply(
            Change(updated=tuple(self._with_past(d) for d in read), removed=tuple(gone))
        )

    def _with_past(self, domain: Domain) -> Domain:
        """Return ``domain`` with what only other readings know, such as since when it is so."""
        domain = self._with_addresses(domain)
        old = self._inventory.domain(domain.key)
        if old is None:
            return domain
        is_new = old.state is not domain.state and old.read_fully
        return replace(
            domain,
            state_since_s=time.time() if is_new else old.state_since_s,
            hangs=old.hangs and domain.state.is_active,
        )

    def _with_addresses(self, domain: Domain) -> Domain:
        """Return ``domain`` with the addresses that it was given; one that is off has none."""
        known = self._addresses if domain.state.is_active else {}
        addresses = [known.get(each.mac.lower(), ()) for each in domain.interfaces]
        if addresses == [each.addresses for each in domain.interfaces]:
            return domain
        pairs = zip(domain.interfaces, addresses, strict=True)
        return replace(domain, interfaces=tuple(replace(i, addresses=a) for i, a in pairs))

    async def _read_networks(self) -> Change:
        return await self._or_as_it_was(self._list_networks())

    async def _list_networks(self) -> Change:
        read = await self._call(list_networks, what="List the networks")
        change = self._replace_all({n.key for n in self._inventory.of(Network, self._uri)}, read)
        return Change.joined((change, self._tell_addresses()))

    async def _read_leases(self) -> None:
        giving = tuple(n for n in self._inventory.of(Network, self._uri) if gives_leases(n))
        if giving and "DHCPLeases" not in self._abilities.missing:
            read = await self._call(read_leases, giving, what="Read the DHCP leases")
            self._inventory.apply(Change(updated=read))
            self._tell_addresses()

    def _tell_addresses(self) -> Change:
        """Give the machines the addresses of all leases, where these have become others."""
        found: dict[str, list[str]] = {}
        for network in self._inventory.of(Network, self._uri):
            for lease in network.leases:
                found.setdefault(lease.mac, []).append(lease.address)
        addresses = {mac: tuple(each) for mac, each in found.items()}
        if addresses == self._addresses:
            return Change()
        self._addresses = addresses
        domains = self._inventory.of(Domain, self._uri)
        return self._inventory.apply(Change(updated=tuple(map(self._with_addresses, domains))))

    async def _read_pools(self) -> Change:
        return await self._or_as_it_was(self._list_pools())

    async def _list_pools(self) -> Change:
        listed = await self._ask_aside("pools", list_pools, what="List the storage pools")
        read = [
            replace(pool, volume_count=await self._count_volumes(pool)) if pool.active else pool
            for pool in listed
        ]
        return self._replace_all({p.key for p in self._inventory.of(Pool, self._uri)}, read)

    async def _count_volumes(self, pool: Pool) -> int | None:
        what = f"Count the volumes of {pool.name}"
        try:
            return await self._ask_aside(pool.key.id, count_volumes, pool.key.id, what=what)
        except VmguiError as error:
            # It was stopped meanwhile, or hangs; it is looked at again in its turn.
            _log.info("%s: %s", self._uri, error)
            return None

    async def _ask_aside(
        self,
        name: str,
        work: Callable[[libvirt.virConnect, str, Abilities, *Ts], T],
        *args: *Ts,
        what: str,
    ) -> T:
        return await self._aside.ask(
            name,
            lambda: self._call_aside(work, self._uri, self._abilities, *args, what=what),
            what=what,
        )

    async def _look_for_snapshots(self) -> Change:
        return await self._or_as_it_was(self._compare_snapshots())

    async def _compare_snapshots(self) -> Change:
        """Find snapshots that somebody else took or deleted, and read those machines again."""
        names = await self._call(
            name_snapshots,
            watched := self.watched,
            self._last_asked,
            _MACHINES_A_TURN,
            what="Look for snapshots",
        )
        if names is None:
            return Change()
        self._last_asked = names.last
        held: dict[str, set[str]] = {}
        current = ""
        for snapshot in self._inventory.of(Snapshot, self._uri):
            held.setdefault(snapshot.domain.id, set()).add(snapshot.name)
            if snapshot.current and snapshot.domain.id == watched:
                current = snapshot.name
        found = names.by_uuid
        differ = {
            uuid
            for uuid, theirs in found.items()
            if uuid not in held or (theirs is not None and theirs != held[uuid])
        }
        if watched in found and current != names.current:
            differ.add(watched)
        changed = [domain_key(self._uri, uuid) for uuid in differ | held.keys() - found.keys()]
        known = [key for key in changed if self._inventory.domain(key) is not None]
        if not known:
            return Change()
        return await self.reread({*known, *(snapshot_key(key, "") for key in known)})

    async def _read_snapshots(self, domain: Key) -> Change:
        return await self._or_as_it_was(self._list_snapshots(domain))

    async def _list_snapshots(self, domain: Key) -> Change:
        read = await self._call(list_snapshots, domain.id, what="List the snapshots")
        held = {s.key for s in self._inventory.of(Snapshot, self._uri) if s.domain == domain}
        return self._inventory.apply(
            Change(updated=tuple(read), removed=tuple(held - {s.key for s in read}))
        )

    async def _or_as_it_was(self, reading: Awaitable[Change]) -> Change:
        """Return what ``reading`` changed: nothing where the host can't tell now."""
        try:
            return await reading
        except VmguiError as error:
            if self._connection.is_lost:
                raise
            _log.info("%s: %s", self._uri, error)
            return Change()

    def _replace_all(self, held: set[Key], read: Sequence[Network] | Sequence[Pool]) -> Change:
        return self._inventory.apply(
            Change(updated=tuple(read), removed=tuple(held - {record.key for record in read}))
        )


def _selected(listed: Listed, held: Mapping[Key, Domain]) -> Listed:
    """Return those of ``listed`` that are not held as they are now."""
    pairs = [
        (domain, handle)
        for domain, handle in zip(listed.domains, listed.handles, strict=True)
        if _differs(held.get(domain.key), domain)
    ]
    return Listed(tuple(domain for domain, _ in pairs), tuple(handle for _, handle in pairs))


def _differs(old: Domain | None, seen: Domain) -> bool:
    if old is None or not old.read_fully:
        return True
    if bool(old.snapshot_count) is (seen.snapshot_count == 0):
        return True
    return _listed_part(old) != _listed_part(seen)


def _listed_part(domain: Domain) -> tuple[object, ...]:
    """Return what listing tells of a machine without reading it."""
    return (
        domain.name,
        domain.state,
        domain.run_id,
        domain.persistent,
        domain.autostart,
        domain.has_managed_save,
    )
