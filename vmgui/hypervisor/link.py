"""Keeps one host connected, and what is known of it up to date.

A link is a task that goes round: open, read everything, then follow events and feel the pulse
until the connection breaks, then wait and open again. All of it runs on the loop; what libvirt
is asked runs in the connection's threads.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, TypeVar, TypeVarTuple
from urllib.parse import unquote, urlsplit

import libvirt

from vmgui.hypervisor.auth import Credentials
from vmgui.hypervisor.connection import DEADLINE_S, Connection, is_in_process
from vmgui.hypervisor.errors import (
    AuthenticationFailed,
    CallLate,
    ConnectionFailed,
    ConnectionLost,
    VmguiError,
)
from vmgui.hypervisor.long_calls import LongCalls
from vmgui.hypervisor.questions import Ask
from vmgui.hypervisor.refresh import Refresh
from vmgui.inventory.changes import Change
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, host_key

_log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_PULSE_S = 2.0
_STALLED_AFTER_S = 3.0
_GIVEN_UP_AFTER_S = 20.0
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
_COMES_BACK = "vmgui connects again by itself."


class HostLink:
    """One host's connections, its state and its records. Belongs to the loop's thread.

    ``settled`` is set once the first attempt has come to something: everything was read, or it
    failed.
    """

    def __init__(
        self, uri: str, name: str, inventory: Inventory, ask: Ask | None, *, read_only: bool = False
    ) -> None:
        self.uri = uri
        self.settled = asyncio.Event()
        self._inventory = inventory
        self._wants_read_only = read_only
        self._credentials = Credentials(uri, ask, self._on_asking)
        self._connection: Connection | None = None
        self._refresh: Refresh | None = None
        self._watched = ""
        self._long_calls = LongCalls(self._open_another)
        # Apart from those, so that pools which hang never take a person's turn.
        self._aside_calls = LongCalls(self._open_another)
        self._is_forgotten = False
        self._retry = asyncio.Event()
        self._is_named = bool(name)
        self._host = Host(host_key(uri), name or display_name(uri))
        self._task: asyncio.Task[None] | None = None

    @property
    def host(self) -> Host:
        """Return the host's record as it stands."""
        return self._host

    @property
    def shares_world(self) -> bool:
        """Tell whether another connection would see other machines.

        The test driver lives in this process, and makes a world anew for each opened file.
        """
        return is_in_process(self.uri)

    def start(self) -> None:
        """Begin to connect."""
        self._show(LinkState.CONNECTING, waiting_for="opening the connection")
        self._task = asyncio.get_running_loop().create_task(self._keep(), name=f"link {self.uri}")

    async def stop(self) -> None:
        """Close every connection; the records stay until somebody removes the host."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            # The task may have been closing them when it was cancelled.
            await self._close_connections()
        self._show(LinkState.CLOSED)

    def forget(self) -> None:
        """Show no state of this host any more: its record is somebody else's from now on."""
        self._is_forgotten = True

    def retry_now(self) -> None:
        """Try again at once, where the link waits to try, or was refused."""
        self._retry.set()

    async def call(
        self,
        work: Callable[[libvirt.virConnect, *Ts], T],
        *args: *Ts,
        what: str,
        urgent: bool = True,
        deadline_s: float | None = DEADLINE_S,
    ) -> T:
        """Run a short call on the main connection; see `Connection.call`."""
        return await self._connected(what).call(
            work, *args, what=what, urgent=urgent, deadline_s=deadline_s
        )

    async def long_call(
        self, work: Callable[[libvirt.virConnect, *Ts], T], *args: *Ts, what: str
    ) -> T:
        """Run a call that may take long on a connection of its own; see `LongCalls`."""
        return await self._call_on_another(self._long_calls, work, *args, what=what)

    @contextlib.asynccontextmanager
    async def lend(self, what: str) -> AsyncIterator[Connection]:
        """Give a connection that nobody else uses until the block ends."""
        self._connected(what)
        async with self._long_calls.lend(what) as connection:
            yield connection

    async def _call_aside(
        self, work: Callable[[libvirt.virConnect, *Ts], T], /, *args: *Ts, what: str
    ) -> T:
        return await self._call_on_another(self._aside_calls, work, *args, what=what)

    async def _call_on_another(
        self,
        calls: LongCalls,
        work: Callable[[libvirt.virConnect, *Ts], T],
        *args: *Ts,
        what: str,
    ) -> T:
        main = self._connected(what)
        if self.shares_world:
            return await main.call_apart(work, *args, what=what)
        return await calls.run(work, *args, what=what)

    async def figures_connection(self) -> Connection:
        """Return a connection for statistics, to be given back with `Fleet.release`."""
        main = self._connected("Read figures")
        return main if self.shares_world else await self._open_another()

    def watch(self, uuid: str) -> None:
        """Look for snapshots of this machine first from now on; "" for none in particular."""
        self._watched = uuid
        if self._refresh is not None:
            self._refresh.watched = uuid

    async def reread(self, keys: Iterable[Key]) -> Change:
        """Read these objects again, and apply what came of it."""
        self._connected("Read again")
        assert self._refresh is not None
        return await self._refresh.reread(set(keys))

    async def read_all_again(self) -> None:
        """Read everything again; does nothing while the host is not connected."""
        if self._refresh is not None:
            await self._refresh.read_all_again()

    def _connected(self, what: str) -> Connection:
        if self._connection is None:
            raise ConnectionLost(
                what, f"{self._host.name} is not connected.", "Wait for it, or try it now."
            )
        return self._connection

    async def _open_another(self) -> Connection:
        return await Connection.open(
            self.uri, self._credentials, read_only=self._host.link.read_only
        )

    async def _keep(self) -> None:
        pauses = iter(_PAUSES_S)
        while True:
            self._retry.clear()
            try:
                connection = await self._open()
                pauses = iter(_PAUSES_S)
                await self._serve(connection)
            except VmguiError as error:
                self._failed(error, next(pauses, _PAUSES_S[-1]))
            except Exception as error:
                # A bug of ours must not leave a row that looks alive.
                _log.exception("The link to %s failed", self.uri)
                self._failed(VmguiError("Fault in vmgui", f"A fault in vmgui: {error!r}"), 60.0)
            finally:
                self.settled.set()
                await self._close_connections()
            pause_s = self._host.link.retry_at_monotonic_s
            with contextlib.suppress(TimeoutError):
                wait_s = None if pause_s is None else max(0.0, pause_s - time.monotonic())
                async with asyncio.timeout(wait_s):
                    await self._retry.wait()

    def _failed(self, error: VmguiError, pause_s: float) -> None:
        final = isinstance(error, ConnectionFailed) and error.is_final
        self._show(
            LinkState.REFUSED if final else LinkState.LOST,
            why=error.why or error.what,
            what_to_do=error.what_to_do,
            libvirt_says=error.libvirt_says,
            retry_at_monotonic_s=None if final else time.monotonic() + pause_s,
        )

    async def _open(self) -> Connection:
        again = self._host.link.state in (LinkState.LOST, LinkState.STALLED)
        self._show(
            LinkState.LOST if again else LinkState.CONNECTING,
            why=self._host.link.why,
            waiting_for="opening the connection",
        )
        try:
            return await Connection.open(
                self.uri, self._credentials, read_only=self._wants_read_only
            )
        except AuthenticationFailed as refused:
            if self._wants_read_only or refused.was_asked:
                raise
            # Some hosts let anybody look.
            try:
                return await Connection.open(self.uri, self._credentials, read_only=True)
            except VmguiError:
                raise refused from None

    def _on_asking(self, asking: bool) -> None:
        if self._connection is None:
            waiting = "your answer" if asking else "opening the connection"
            self._show(self._host.link.state, why=self._host.link.why, waiting_for=waiting)

    async def _serve(self, connection: Connection) -> None:
        """Keep everything up to date until the connection breaks, then raise why."""
        self._connection = connection
        self._answered(latency_s=None, read_only=connection.read_only)
        refresh = self._refresh = Refresh(connection, self._inventory, self._call_aside)
        refresh.watched = self._watched
        tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(self._read_and_follow(refresh)),
            asyncio.create_task(self._feel_pulse(connection)),
        ]
        try:
            ends: list[asyncio.Future[Any]] = [*tasks, connection.lost]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        failures = [each for each in outcomes if isinstance(each, Exception)]
        if connection.lost.done():
            reason = connection.lost.result()
            failures = [ConnectionLost("Connection lost", reason, _COMES_BACK)]
        try:
            raise failures[0]
        finally:
            # What failed would keep this frame alive, and the frame what failed: with it
            # libvirt's handles, which must be gone before the connection is closed.
            del task, tasks, ends, outcomes, failures, refresh

    async def _read_and_follow(self, refresh: Refresh) -> None:
        # A daemon that has just started takes its time over capabilities: machines don't wait.
        await asyncio.gather(refresh.read_everything(), self._read_facts(refresh))
        self.settled.set()
        await refresh.follow()

    async def _read_facts(self, refresh: Refresh) -> None:
        facts = await refresh.read_host()
        # "This computer" would be a poor name for a daemon at a socket of its own.
        keeps_name = self._is_named or not facts.hostname or "socket=" not in self.uri
        name = self._host.name if keeps_name else facts.hostname
        self._host = replace(facts, name=name, link=self._host.link)
        self._publish()

    async def _feel_pulse(self, connection: Connection) -> None:
        while True:
            pulse = asyncio.create_task(
                connection.call(_pulse, what="Ask for a sign of life", urgent=True, deadline_s=None)
            )
            try:
                done, _ = await asyncio.wait({pulse}, timeout=_STALLED_AFTER_S)
                if not done:
                    self._show(
                        LinkState.STALLED,
                        why="The host does not answer; what is shown is as old as it says.",
                        read_only=connection.read_only,
                    )
                    done, _ = await asyncio.wait({pulse}, timeout=_GIVEN_UP_AFTER_S)
                if not done:
                    raise CallLate("Host silent", "The host does not answer.", "")
                latency_s = await pulse
            finally:
                pulse.cancel()
            self._answered(latency_s, read_only=connection.read_only)
            await asyncio.sleep(_PULSE_S)

    async def _close_connections(self) -> None:
        main, refresh = self._connection, self._refresh
        self._connection, self._refresh = None, None
        closing = asyncio.create_task(self._close(main, refresh))
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            # Nobody else knows these connections any more.
            await closing
            raise

    async def _close(self, main: Connection | None, refresh: Refresh | None) -> None:
        if refresh is not None:
            await refresh.close()
        await asyncio.gather(self._long_calls.close(), self._aside_calls.close())
        if main is not None:
            await main.close()

    def _answered(self, latency_s: float | None, *, read_only: bool) -> None:
        link = self._host.link
        now_s = time.monotonic()
        fresh = link.state is LinkState.CONNECTED
        self._host = replace(
            self._host,
            link=Link(
                LinkState.CONNECTED,
                since_monotonic_s=link.since_monotonic_s if fresh else now_s,
                answered_at_monotonic_s=now_s,
                latency_s=latency_s,
                read_only=read_only,
            ),
        )
        self._publish()

    def _show(
        self,
        state: LinkState,
        *,
        waiting_for: str = "",
        why: str = "",
        what_to_do: str = "",
        libvirt_says: str = "",
        retry_at_monotonic_s: float | None = None,
        read_only: bool = False,
    ) -> None:
        old = self._host.link
        link = Link(
            state,
            waiting_for,
            why,
            what_to_do,
            libvirt_says,
            since_monotonic_s=(
                old.since_monotonic_s
                if old.state is state and old.since_monotonic_s is not None
                else time.monotonic()
            ),
            retry_at_monotonic_s=retry_at_monotonic_s,
            answered_at_monotonic_s=old.answered_at_monotonic_s,
            latency_s=old.latency_s,
            read_only=read_only or self._wants_read_only,
        )
        self._host = replace(self._host, link=link)
        self._publish()

    def _publish(self) -> None:
        if not self._is_forgotten:
            self._inventory.apply(Change(updated=(self._host,)))


def _pulse(conn: libvirt.virConnect) -> float:
    """Return how long the host takes to answer, in seconds. Runs in a worker."""
    asked_s = time.monotonic()
    conn.getLibVersion()
    return time.monotonic() - asked_s


def display_name(uri: str) -> str:
    """Return a short name for a host that was given none.

    It tells apart what one computer may have several of: the system's and the user's own
    machines, several drivers, and the worlds of the test driver, which are files.
    """
    parts = urlsplit(uri)
    driver = parts.scheme.partition("+")[0] or uri
    own = parts.path == "/session"
    if parts.hostname:
        more = [driver] * (driver != "qemu") + ["session"] * own
        return f"{parts.hostname} ({' '.join(more)})" if more else parts.hostname
    if driver == "test" and parts.path not in {"", "/default"}:
        return f"{driver} {PurePosixPath(unquote(parts.path)).stem}"
    return f"{driver} session" if own else f"{driver} (this computer)"
