"""The one mutable map of everything that is known."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from psygnal import EmitLoopError, Signal

from vmgui.inventory.changes import Change, Record
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host
from vmgui.inventory.key import Key, Kind, host_key
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot
from vmgui.inventory.storage import Pool, Volume

_log = logging.getLogger(__name__)

R = TypeVar("R", Host, Domain, Network, Pool, Volume, Snapshot)


class Inventory:
    """Holds the last known record of every object. Belongs to the loop's thread.

    `apply` is the only writer. ``changed`` is emitted with what really became different.
    """

    changed = Signal(Change)

    def __init__(self) -> None:
        self._records: dict[Key, Record] = {}
        self._by_host: dict[tuple[str, Kind], dict[Key, Record]] = {}
        self._moving: dict[Key, str] = {}

    def set_moving(self, key: Key, words: str) -> None:
        """Show a machine as migrating from now on, or as its host tells it again ("").

        libvirt calls it running at its source until it has arrived. Whoever ends it has the
        machine read again.
        """
        if not words:
            self._moving.pop(key, None)
            return
        self._moving[key] = words
        if (record := self.domain(key)) is not None:
            self.apply(Change(updated=(record,)))

    def apply(self, change: Change) -> Change:
        """Take over ``change``, tell listeners, and return what became different.

        Removing a host removes everything on it; removing a domain removes its snapshots, and
        removing a pool its volumes.
        """
        added: list[Record] = []
        updated: list[Record] = []
        removed: list[Key] = []
        for key in change.removed:
            removed.extend(self._forget(key))
        for record in map(self._shown, (*change.added, *change.updated)):
            old = self._records.get(record.key)
            if old == record:
                continue
            (updated if old is not None else added).append(record)
            self._records[record.key] = record
            self._by_host.setdefault(record.key[:2], {})[record.key] = record
        done = Change(tuple(added), tuple(updated), tuple(removed))
        if done:
            self._tell(done)
        return done

    def get(self, key: Key) -> Record | None:
        """Return the record of ``key``, or None where it is not, or no longer, there."""
        return self._records.get(key)

    def host(self, uri: str) -> Host | None:
        """Return the host behind ``uri``."""
        record = self._records.get(host_key(uri))
        return record if isinstance(record, Host) else None

    def domain(self, key: Key) -> Domain | None:
        """Return the domain of ``key``."""
        record = self._records.get(key)
        return record if isinstance(record, Domain) else None

    def hosts(self) -> tuple[Host, ...]:
        """Return all hosts, in the order in which they were added."""
        return tuple(
            record
            for (_, kind), records in self._by_host.items()
            if kind == "host"
            for record in records.values()
            if isinstance(record, Host)
        )

    def of(self, kind: type[R], uri: str | None = None) -> Iterator[R]:
        """Yield the records of one kind, of one host or of all."""
        name: Kind = _KINDS[kind]
        hosts = [uri] if uri is not None else [host.key.host for host in self.hosts()]
        for host in hosts:
            for record in self._by_host.get((host, name), {}).values():
                assert isinstance(record, kind)
                yield record

    def __len__(self) -> int:
        return len(self._records)

    def _shown(self, record: Record) -> Record:
        words = self._moving.get(record.key)
        if words and isinstance(record, Domain) and record.state.is_active:
            return replace(record, state=DomainState.MIGRATING, state_reason=words)
        return record

    def _tell(self, done: Change) -> None:
        try:
            self.changed.emit(done)
        except EmitLoopError:
            # A bug of whoever listens: it must not end the link that reads this host.
            _log.exception("A listener failed on a change")

    def _forget(self, key: Key) -> list[Key]:
        gone = [key] if key in self._records else []
        gone += self._children(key)
        for each in gone:
            del self._records[each]
            records = self._by_host[each[:2]]
            del records[each]
            if not records:
                del self._by_host[each[:2]]
        return gone

    def _children(self, key: Key) -> list[Key]:
        if key.kind == "host":
            held = [
                k for (uri, _), records in self._by_host.items() if uri == key.host for k in records
            ]
            return [k for k in held if k != key]
        child = _CHILDREN.get(key.kind)
        if child is None:
            return []
        prefix = f"{key.id}/"
        return [k for k in self._by_host.get((key.host, child), ()) if k.id.startswith(prefix)]


_CHILDREN: dict[Kind, Kind] = {"domain": "snapshot", "pool": "volume"}

_KINDS: dict[type[Record], Kind] = {
    Host: "host",
    Domain: "domain",
    Network: "network",
    Pool: "pool",
    Volume: "volume",
    Snapshot: "snapshot",
}
