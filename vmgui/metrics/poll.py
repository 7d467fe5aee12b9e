"""One host's polls: its own connection, one poll in flight, and a way round a hung machine.

A machine whose QEMU hangs makes the whole bulk call hang. So a poll that is late is left behind
with its connection, the culprit is looked for from another one (which does not hang), left out,
and every other machine goes on.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from vmgui.hypervisor import stats
from vmgui.hypervisor.connection import Connection, is_in_process
from vmgui.hypervisor.errors import CallLate, ConnectionLost, VmguiError

_BUDGET_S = 0.006
"""CPU time of a poll where machines are read in turns: a third of a percent of a core."""

_DEADLINE_S = 3.0
_LONGEST_DEADLINE_S = 30.0
_BLOCKED_S = 1.0
"""A monitor that has been busy for so long is not just answering somebody."""

_LOOK_AGAIN_S = 5.0
_PAUSES_S = (5.0, 30.0, 60.0, 120.0, 300.0)
"""How long a machine stays out; more each time that it hangs again as soon as it is asked."""


class Lender(Protocol):
    """Where connections for figures come from and go back to: the fleet."""

    async def figures_connection(self, uri: str) -> Connection:
        """Return a connection; raises VmguiError where none can be had."""

    async def release(self, connection: Connection) -> None:
        """Take it back, even one with a call that never returns."""


@dataclass(frozen=True, slots=True)
class _LeftOut:
    until_monotonic_s: float
    times: int


class HostPoll:
    """Polls one host. Belongs to the loop's thread; one `poll` at a time."""

    def __init__(
        self,
        uri: str,
        lender: Lender,
        *,
        deadline_s: float = _DEADLINE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.uri = uri
        self._lender = lender
        self._shortest_deadline_s = self._deadline_s = deadline_s
        self._clock = clock
        self._connection: Connection | None = None
        self._roster = stats.Roster()
        self._left_out: dict[str, _LeftOut] = {}
        self._just_readmitted: dict[str, int] = {}
        self._returns: set[asyncio.Task[None]] = set()

    @property
    def left_out(self) -> frozenset[str]:
        """Return the UUIDs of machines that hang and are therefore not asked."""
        return frozenset(self._left_out)

    @property
    def asks_each(self) -> bool:
        """Tell whether this driver has to be asked machine by machine."""
        return self._roster.in_bulk is False

    async def poll(
        self, first: frozenset[str], devices: Mapping[str, stats.Devices]
    ) -> stats.Reading:
        """Read all figures; raises VmguiError where that was not possible this time.

        After a CallLate the next poll goes round the machine that hung, if it was one.
        """
        connection = await self._connected()
        try:
            await self._readmit(connection)
            began_s = time.monotonic()
            reading = await connection.call(
                stats.read,
                self.uri,
                stats.Order(_BUDGET_S, self.left_out, first, devices),
                self._roster,
                what="Read the figures",
                deadline_s=self._deadline_s,
            )
        except CallLate:
            await self._recover()
            raise
        except ConnectionLost:
            self._give_back()
            raise
        self._allow(3 * (time.monotonic() - began_s))
        self._roster = reading.roster
        self._just_readmitted.clear()
        self._left_out = {u: o for u, o in self._left_out.items() if u in reading.active}
        return reading

    async def close(self) -> None:
        """Give the connection back."""
        self._give_back()
        await asyncio.gather(*self._returns)

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = await self._lender.figures_connection(self.uri)
        return self._connection

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        # Its handles hold the connection open, and its habits may be gone after an update.
        self._roster = stats.Roster()
        if connection is not None:
            task = asyncio.get_running_loop().create_task(self._release(connection))
            self._returns.add(task)
            task.add_done_callback(self._returns.discard)

    async def _release(self, connection: Connection) -> None:
        with contextlib.suppress(VmguiError):
            await self._lender.release(connection)

    async def _recover(self) -> None:
        """Leave the late call behind, and find the machine that it hangs on."""
        if is_in_process(self.uri):
            return  # there is no other way into this world, and nothing in it that could hang
        self._give_back()
        connection = await self._connected()
        try:
            hung = await connection.call(
                stats.blocked_monitors,
                None,
                min(_BLOCKED_S, self._deadline_s / 2),
                what="Look for a machine that hangs",
                deadline_s=self._deadline_s,
            )
        except VmguiError:
            self._give_back()
            raise
        hung -= self._left_out.keys()
        for uuid in hung:
            times = self._just_readmitted.get(uuid, 0)
            self._leave_out(uuid, _PAUSES_S[min(times, len(_PAUSES_S) - 1)], times + 1)
        self._just_readmitted.clear()
        if not hung:
            # Nothing hangs, there is just much to read.
            self._allow(self._deadline_s * 2)

    def _allow(self, seconds: float) -> None:
        """Give the next poll so much time, within limits."""
        self._deadline_s = min(max(seconds, self._shortest_deadline_s), _LONGEST_DEADLINE_S)

    def _leave_out(self, uuid: str, pause_s: float, times: int) -> None:
        self._left_out[uuid] = _LeftOut(self._clock() + pause_s, times)

    async def _readmit(self, connection: Connection) -> None:
        """Let machines in again whose pause is over and whose monitor is free."""
        now_s = self._clock()
        due = frozenset(
            uuid for uuid, out in self._left_out.items() if out.until_monotonic_s <= now_s
        )
        if not due:
            return
        still = await connection.call(
            stats.blocked_monitors,
            due,
            0.0,
            what="Look whether machines answer again",
            deadline_s=self._deadline_s,
        )
        for uuid in due:
            if uuid in still:
                self._leave_out(uuid, _LOOK_AGAIN_S, self._left_out[uuid].times)
            else:
                self._just_readmitted[uuid] = self._left_out.pop(uuid).times
