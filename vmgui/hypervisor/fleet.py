"""All hosts that are connected, or shall be."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TypeVar, TypeVarTuple

import libvirt
from psygnal import Signal

from vmgui.hypervisor.connection import DEADLINE_S, Connection, is_in_process
from vmgui.hypervisor.errors import ConnectionLost, VmguiError
from vmgui.hypervisor.link import HostLink
from vmgui.hypervisor.questions import Question
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, host_key

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_log = logging.getLogger(__name__)


class Fleet:
    """The links to all hosts, by URI. Belongs to the loop's thread.

    ``asked`` is emitted with each question that a host has for a person; where nobody listens
    when a link is made, hosts that ask are refused.
    """

    asked = Signal(Question)

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._links: dict[str, HostLink] = {}

    @property
    def uris(self) -> tuple[str, ...]:
        """Return the URIs of all links, in the order in which they were added."""
        return tuple(self._links)

    def connect(self, uri: str, name: str = "", *, read_only: bool = False) -> HostLink:
        """Begin to connect to ``uri``; a link that exists is tried again at once."""
        if (link := self._links.get(uri)) is not None:
            link.retry_now()
            return link
        ask = self.asked.emit if len(self.asked) else None
        link = HostLink(uri, name, self._inventory, ask, read_only=read_only)
        self._links[uri] = link
        link.start()
        return link

    async def disconnect(self, uri: str) -> None:
        """Close the link to ``uri``, and forget its host and everything on it."""
        link = self._links.pop(uri, None)
        if link is None:
            return
        # At once: closing takes its time, and somebody may connect anew meanwhile.
        link.forget()
        self._inventory.apply(Change(removed=(host_key(uri),)))
        await link.stop()
        if uri not in self._links:
            # What was being read may have come in since.
            self._inventory.apply(Change(removed=(host_key(uri),)))

    def retry(self, uri: str) -> None:
        """Try ``uri`` again now, where its link waits or was refused."""
        self._link(uri, "Try again").retry_now()

    async def close(self) -> None:
        """Close all links at once; the records stay."""
        await asyncio.gather(*(link.stop() for link in self._links.values()))
        self._links.clear()

    async def settled(self) -> None:
        """Wait until each host was read completely, or could not be reached."""
        await asyncio.gather(*(link.settled.wait() for link in self._links.values()))

    @property
    def unsettled(self) -> frozenset[str]:
        """Return the URIs of hosts that `settled` waits for."""
        return frozenset(uri for uri, link in self._links.items() if not link.settled.is_set())

    def read_only(self, uri: str) -> bool:
        """Tell whether ``uri`` is connected for reading only."""
        return self._link(uri, "Look up").host.link.read_only

    def machines_elsewhere(self, uri: str) -> tuple[tuple[str, Domain], ...]:
        """Return the machines of every host but ``uri`` with that host's name, as last seen."""
        return tuple(
            (host.name, domain)
            for host in self._inventory.hosts()
            if host.key.host != uri
            for domain in self._inventory.of(Domain, host.key.host)
        )

    async def call(
        self,
        uri: str,
        work: Callable[[libvirt.virConnect, *Ts], T],
        *args: *Ts,
        what: str,
        urgent: bool = True,
        deadline_s: float | None = DEADLINE_S,
    ) -> T:
        """Run a short call on a host; see `HostLink.call`."""
        link = self._link(uri, what)
        return await link.call(work, *args, what=what, urgent=urgent, deadline_s=deadline_s)

    async def long_call(
        self, uri: str, work: Callable[[libvirt.virConnect, *Ts], T], *args: *Ts, what: str
    ) -> T:
        """Run a call that may take long on a host; see `HostLink.long_call`."""
        return await self._link(uri, what).long_call(work, *args, what=what)

    async def call_between(
        self,
        uri: str,
        other: str,
        work: Callable[[libvirt.virConnect, libvirt.virConnect, *Ts], T],
        *args: *Ts,
        what: str,
    ) -> T:
        """Run ``work(conn, conn of other, *args)`` for as long as it takes.

        Each connection is this call's own until it returns (CVE-2024-4418).
        """
        link, there = self._link(uri, what), self._link(other, what)
        async with link.lend(what) as conn, there.lend(what) as conn_there:
            return await conn.call_with(conn_there, work, *args, what=what)

    async def figures_connection(self, uri: str) -> Connection:
        """Return a connection for statistics alone; see `HostLink.figures_connection`."""
        return await self._link(uri, "Read figures").figures_connection()

    async def release(self, connection: Connection) -> None:
        """Take back what `figures_connection` gave."""
        # Its link may be gone by now: what was lent for it is closed all the same.
        if not is_in_process(connection.uri):
            await connection.close()

    async def reread(self, keys: Iterable[Key]) -> Change:
        """Read these objects again, host by host; apply and return what became different."""
        by_host: dict[str, set[Key]] = {}
        for key in keys:
            by_host.setdefault(key.host, set()).add(key)
        changes = [await self._link(uri, "Read again").reread(k) for uri, k in by_host.items()]
        return Change.joined(changes)

    def watch(self, machine: Key | None) -> None:
        """Look for snapshots of one machine first from now on, None for of none in particular.

        libvirt tells of none that somebody else takes; on a host with many their turn comes late.
        """
        for uri, link in self._links.items():
            link.watch(machine.id if machine is not None and machine.host == uri else "")

    async def read_all_again(self) -> None:
        """Read everything again on every host that is connected.

        A host that fails costs no other its reading, and says itself how it stands.
        """
        links = tuple(self._links.values())
        outcomes = await asyncio.gather(
            *(link.read_all_again() for link in links), return_exceptions=True
        )
        for link, outcome in zip(links, outcomes, strict=True):
            if isinstance(outcome, VmguiError):
                _log.info("%s was not read again: %s", link.uri, outcome)
            elif outcome is not None:
                raise outcome

    def _link(self, uri: str, what: str) -> HostLink:
        try:
            return self._links[uri]
        except KeyError:
            raise ConnectionLost(what, f"{uri} is not connected any more.") from None
