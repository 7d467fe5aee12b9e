"""Calls that may take long, each on a connection of its own.

One call a connection, for two reasons. A server stops reading from a client that has five calls
under way. And libvirt up to 10.3 can crash its process when a connection breaks under two calls
at once (CVE-2024-4418).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar, TypeVarTuple

import libvirt

from vmgui.hypervisor.connection import Connection
from vmgui.hypervisor.errors import ConnectionLost, VmguiError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_AT_ONCE = 8


class LongCalls:
    """Runs long calls of one host, a few at once. Belongs to the loop's thread.

    Connections are opened with ``open_another`` when they are needed, and kept for the next call.
    """

    def __init__(self, open_another: Callable[[], Awaitable[Connection]]) -> None:
        self._open_another = open_another
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._closed_times = 0

    async def run(self, work: Callable[[libvirt.virConnect, *Ts], T], *args: *Ts, what: str) -> T:
        """Run ``work(conn, *args)`` for as long as it takes; ``what`` says what fails."""
        async with self.lend(what) as connection:
            return await connection.call(work, *args, what=what, deadline_s=None)

    @asynccontextmanager
    async def lend(self, what: str) -> AsyncIterator[Connection]:
        """Give a connection that nobody else uses until the block ends."""
        async with self._slots:
            connection = await self._take(what)
            try:
                yield connection
            except VmguiError:
                self._idle.append(connection)
                raise
            except BaseException:
                # The caller gave up, and the call is still in it: it is closed once that returns.
                self._all.discard(connection)
                await connection.close()
                raise
            self._idle.append(connection)

    async def close(self) -> None:
        """Close all connections; a call that is under way in one holds up its end, not ours."""
        self._closed_times += 1
        connections, self._all, self._idle = self._all, set(), []
        await asyncio.gather(*(connection.close() for connection in connections))

    async def _take(self, what: str) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_lost:
                return connection
            self._all.discard(connection)
            await connection.close()
        closed_times = self._closed_times
        connection = await self._open_another()
        if closed_times != self._closed_times:
            await connection.close()
            raise ConnectionLost(
                what, "The connection to the host broke.", "Nothing was asked of the host yet."
            )
        self._all.add(connection)
        return connection
