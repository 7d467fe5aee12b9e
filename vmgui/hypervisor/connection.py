"""One open libvirt connection, with threads of its own."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Any, TypeVar, TypeVarTuple
from urllib.parse import urlsplit

import libvirt

from vmgui.hypervisor.auth import Attempt, Credentials, ssh_asks_us
from vmgui.hypervisor.errors import (
    CallLate,
    ConnectionLost,
    opening_failed,
    translate,
)
from vmgui.hypervisor.events import start_event_thread
from vmgui.hypervisor.subscription import HostEvent, subscribe
from vmgui.hypervisor.workers import Workers, run_apart

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

DEADLINE_S = 10.0
"""How long a short call may take, unless it says otherwise."""

_THREADS_IN_PROCESS = 3
_THREADS_TO_A_SERVER = 1
"""libvirt up to 10.3 can crash its process when a connection breaks under two calls at once
(CVE-2024-4418), and distributions mend it without another version number."""

_OPEN_DEADLINE_S = 120.0
_CLOSE_DEADLINE_S = 2.0


class Connection:
    """An open connection. Its methods belong to the loop's thread.

    ``lost`` is a future that is done, with the reason, when the connection broke.
    """

    def __init__(self, uri: str, conn: libvirt.virConnect, *, read_only: bool) -> None:
        self.uri = uri
        self.read_only = read_only
        self._conn = conn
        self._loop = asyncio.get_running_loop()
        threads = _THREADS_IN_PROCESS if is_in_process(uri) else _THREADS_TO_A_SERVER
        self._workers = Workers(f"libvirt-{uri}", threads)
        self._registered: list[Callable[[], object]] = []
        self._closed = False
        self._under_way: set[Future[Any]] = set()
        self.lost: asyncio.Future[str] = self._loop.create_future()

    @classmethod
    async def open(
        cls, uri: str, credentials: Credentials, *, read_only: bool = False
    ) -> "Connection":
        """Open ``uri``; raises ConnectionFailed or AuthenticationFailed with the reason.

        An attempt that is cancelled, or late, is left behind, and closed should it come about.
        """
        start_event_thread()
        attempt = Attempt(credentials)
        flags = libvirt.VIR_CONNECT_RO if read_only else 0
        async with ssh_asks_us(uri, attempt) as asked_uri:
            future = run_apart(
                f"open-{uri}", lambda: _open(asked_uri, attempt.for_libvirt(), flags)
            )
            try:
                async with asyncio.timeout(_OPEN_DEADLINE_S):
                    conn = await asyncio.wrap_future(future)
            except libvirt.libvirtError as error:
                raise opening_failed(
                    uri, error, was_asked=attempt.was_asked, was_refused=attempt.was_refused
                ) from error
            except TimeoutError:
                future.add_done_callback(_close_late)
                raise CallLate(
                    "The host was not reached.",
                    f"It did not answer within {_OPEN_DEADLINE_S:.0f} s.",
                    "Look whether the host and its libvirt daemon are running.",
                ) from None
            except asyncio.CancelledError:
                future.add_done_callback(_close_late)
                raise
            finally:
                attempt.end()
        connection = cls(uri, conn, read_only=read_only)
        try:
            await attempt.keep_answers()
            await connection.call(connection._watch_over, what="Watch over the connection")
        except BaseException:
            await connection.close()
            raise
        return connection

    async def call(
        self,
        work: Callable[[libvirt.virConnect, *Ts], T],
        *args: *Ts,
        what: str,
        urgent: bool = False,
        deadline_s: float | None = DEADLINE_S,
    ) -> T:
        """Run ``work(conn, *args)`` in the pool; ``what`` says what fails if it fails.

        ``urgent`` goes ahead of routine polling. Raises CallLate after ``deadline_s`` (the call
        is left behind, its result dropped), else our error for libvirt's.
        """
        self._check_open(what)
        future = self._workers.submit(lambda: work(self._conn, *args), urgent=urgent)
        self._watch(future)
        return await self._outcome(future, what, deadline_s)

    async def call_with(
        self,
        other: "Connection",
        work: Callable[[libvirt.virConnect, libvirt.virConnect, *Ts], T],
        *args: *Ts,
        what: str,
    ) -> T:
        """Run ``work(conn, other's conn, *args)`` for as long as it takes.

        Neither connection may be used for anything else until it returns, and both stay open.
        """
        self._check_open(what)
        other._check_open(what)  # noqa: SLF001  another of this class
        future = self._workers.submit(
            lambda: work(self._conn, other._conn, *args),  # noqa: SLF001  another of this class
            urgent=True,
        )
        self._watch(future)
        other._watch(future)  # noqa: SLF001  another of this class
        return await self._outcome(future, what, None)

    async def call_apart(
        self, work: Callable[[libvirt.virConnect, *Ts], T], *args: *Ts, what: str
    ) -> T:
        """Run ``work(conn, *args)`` in a thread of its own, beside whatever else is under way.

        For drivers in this process only: see _THREADS_TO_A_SERVER.
        """
        self._check_open(what)
        future = run_apart(f"long-{self.uri}", lambda: work(self._conn, *args))
        self._watch(future)
        return await self._outcome(future, what, None)

    async def subscribe(self, on_event: Callable[[HostEvent], None]) -> frozenset[str]:
        """Have ``on_event`` called on the loop for each event; return the kinds that exist here.

        A driver without events for a kind has to be polled for it.
        """

        def post(event: HostEvent) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(on_event, event)

        registered = await self.call(subscribe, post, what="Listen to the host's events")
        self._registered.extend(registered.values())
        return frozenset(kind.partition(".")[0] for kind in registered)

    @property
    def is_lost(self) -> bool:
        """Tell whether the connection broke, or was closed."""
        return self._closed or self.lost.done()

    async def close(self) -> None:
        """Close the connection; one that does not answer any more is left to itself."""
        if self._closed:
            return
        self._closed = True
        self.lost.cancel()
        running = [call for call in tuple(self._under_way) if not call.cancel()]
        future = run_apart(f"close-{self.uri}", lambda: self._close(running))
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_DEADLINE_S):
                    await asyncio.wrap_future(future)
        finally:
            self._workers.stop()

    def _watch(self, future: "Future[Any]") -> None:
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)

    def _close(self, running: Sequence["Future[Any]"]) -> None:
        # A call that hangs holds up the end: libvirt frees a connection from under a call that is
        # in it. And without the fix of CVE-2024-4418 it crashes when a second call waits behind
        # one that the keepalive cuts off (its event source points into a stack frame that is
        # gone). So nothing is asked while anything is under way.
        wait(running)
        # Callbacks first: one that is still registered keeps the connection open.
        for unregister in self._registered:
            with contextlib.suppress(libvirt.libvirtError):
                unregister()
        with contextlib.suppress(libvirt.libvirtError):  # raises on a dead connection
            self._conn.unregisterCloseCallback()
        with contextlib.suppress(libvirt.libvirtError):
            self._conn.close()

    def _check_open(self, what: str) -> None:
        if self.is_lost:
            raise ConnectionLost(what, "The connection to the host is closed.")

    async def _outcome(self, future: "Future[T]", what: str, deadline_s: float | None) -> T:
        try:
            # Not wait_for: up to Python 3.11 it loses a cancellation that comes with the result.
            async with asyncio.timeout(deadline_s):
                return await asyncio.wrap_future(future)
        except libvirt.libvirtError as error:
            failure = translate(error, what)
            # Its frames hold libvirt's handles. The last one of a connection closes it, which
            # may block, so none may be left to whichever thread collects garbage next.
            error.__traceback__ = None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled the caller: the connection was closed before the call's turn came.
            failure = ConnectionLost(
                what, "The connection to the host broke.", "Nothing was asked of the host yet."
            )
        except TimeoutError:
            failure = CallLate(
                what,
                f"The host did not answer within {deadline_s:g} s.",
                "It may still come into effect: look at the host before you repeat it.",
            )
        raise failure

    def _watch_over(self, conn: libvirt.virConnect) -> None:
        """Have a dead peer noticed, and told on the loop. Runs in a worker."""
        # A daemon that is silent for four seconds counts as gone.
        with contextlib.suppress(libvirt.libvirtError):
            conn.setKeepAlive(1, 3)
        with contextlib.suppress(libvirt.libvirtError):
            conn.registerCloseCallback(self._on_close, None)

    def _on_close(self, _conn: libvirt.virConnect, reason: int, _data: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(
                self._mark_lost, _CLOSE_REASONS.get(reason, "It broke.")
            )

    def _mark_lost(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)


_CLOSE_REASONS = {
    libvirt.VIR_CONNECT_CLOSE_REASON_ERROR: "The connection broke.",
    libvirt.VIR_CONNECT_CLOSE_REASON_EOF: "The host's libvirt daemon ended.",
    libvirt.VIR_CONNECT_CLOSE_REASON_KEEPALIVE: "The host's libvirt daemon stopped answering.",
}


def is_in_process(uri: str) -> bool:
    """Tell whether libvirt serves ``uri`` inside this process, as it does the test driver."""
    parts = urlsplit(uri)
    return parts.scheme == "test" and not parts.netloc


def _open(uri: str, credentials: list[Any], flags: int) -> libvirt.virConnect:
    conn = libvirt.openAuth(uri, credentials, flags)
    if is_in_process(uri):
        # The driver has read its whole world, and freed most of what that took. At the next
        # large request the C library puts it in order, a quarter of a second for 5,000 machines,
        # and who shares that part of its memory stands still. In this thread nobody does yet.
        conn.listAllDomains()
    return conn


def _close_late(future: "Future[libvirt.virConnect]") -> None:
    if not future.cancelled() and future.exception() is None:
        # Not here: this may be the loop's thread, and closing may block.
        run_apart("close-late", future.result().close)
