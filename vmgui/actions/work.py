"""What an action has at hand while it is carried out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

from vmgui.actions.action import R, Values
from vmgui.actions.job import Job, JobState
from vmgui.actions.migrations import Migrations
from vmgui.actions.moments import Moment
from vmgui.hypervisor.errors import CallLate, VmguiError
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot

T = TypeVar("T")

GUEST_DEADLINE_S = 40.0
"""For calls that wait for a guest's monitor: above the 30 s after which libvirt itself gives up,
so that its reason comes first."""

_PROGRESS_EVERY_S = 0.5


EnterChild = Callable[[Job, str, Key, str, tuple[str, ...]], Job]
"""Enters a part of a job in the journal: the job, the part's title, target, name, virsh lines."""


class Fleet(Protocol):
    """The connections, as far as actions need them; functions get the connection first."""

    async def call(
        self,
        uri: str,
        fn: Callable[..., T],
        /,
        *args: object,
        what: str,
    ) -> T:
        """Run a short call in a thread of the connection; raises VmguiError."""
        ...

    async def long_call(self, uri: str, fn: Callable[..., T], /, *args: object, what: str) -> T:
        """Run a call in a thread of its own, without a deadline; raises VmguiError."""
        ...

    async def call_between(
        self, uri: str, other: str, fn: Callable[..., T], /, *args: object, what: str
    ) -> T:
        """Run a call with a connection to either host, without a deadline; raises VmguiError."""
        ...

    def machines_elsewhere(self, uri: str) -> tuple[tuple[str, Domain], ...]:
        """Return the machines of every other host with that host's name, as last seen."""
        ...

    async def reread(self, keys: Iterable[Key], /) -> Change:
        """Read these objects again, apply it to the inventory; raises VmguiError."""
        ...


class Planning(Generic[R]):
    """What an action has at hand to say what it would do. Belongs to the loop's thread.

    ``failure`` is the sentence that an error of it starts with.
    """

    def __init__(
        self, record: R, values: Values, fleet: Fleet, inventory: Inventory, failure: str
    ) -> None:
        self.record = record
        self.values = values
        self.fleet = fleet
        self.inventory = inventory
        self.failure = failure

    @property
    def uuid(self) -> str:
        """Return the UUID of the object, of a snapshot that of its machine."""
        return self.record.key.id.partition("/")[0]

    async def read(self, fn: Callable[..., T], *args: object) -> T:
        """Run ``fn(connection, *args)`` on the object's host for as long as it takes.

        It has a connection of its own, so it may look through everything that the host has.
        """
        return await self.fleet.long_call(self.record.key.host, fn, *args, what=self.failure)


class Work(Planning[R]):
    """One action on one object, while it is carried out. Belongs to the loop's thread.

    ``also`` collects the keys of other objects that were changed, to be read again afterwards.
    ``plan`` is what the action said that it would do, made just now; empty where it makes none.
    ``renamed`` are snapshots as they were, with the keys that they have by their new names.
    ``moments`` are what was noted of snapshots that it took, by their keys; they are kept once
    the snapshots were read, for libvirt tells their time.
    ``migrations`` is where a migration's course is kept.
    """

    def __init__(
        self,
        record: R,
        values: Values,
        job: Job,
        fleet: Fleet,
        inventory: Inventory,
        enter: EnterChild,
    ) -> None:
        super().__init__(record, values, fleet, inventory, job.failure)
        self.job = job
        self.also: list[Key] = []
        self.children: list[Job] = []
        self._enter = enter
        self.plan = FilePlan("")
        self.moments: dict[Key, Moment] = {}
        self.renamed: list[tuple[Snapshot, Key]] = []
        self.migrations = Migrations()

    def child(self, title: str, target: Key, name: str, virsh: tuple[str, ...] = ()) -> Job:
        """Enter a part of this job in the journal, where it waits until `within` it is done."""
        child = self._enter(self.job, title, target, name, virsh)
        self.children.append(child)
        return child

    @asynccontextmanager
    async def within(self, child: Job) -> AsyncIterator[Job]:
        """Carry out a part: it runs, and ends as the block ends, whose error goes on."""
        child.move(JobState.RUNNING, time.time())
        state = JobState.INTERRUPTED
        try:
            yield child
            state = JobState.DONE
        except VmguiError as error:
            child.error = error
            state = JobState.CANCELLED if self.job.cancel_asked else JobState.FAILED
            raise
        except Exception:
            child.error = VmguiError(child.failure, "This is a fault of vmgui itself.")
            state = JobState.FAILED
            raise
        finally:
            child.move(state, time.time())

    def end_children(self) -> None:
        """End the parts that nobody came to."""
        for child in self.children:
            if not child.state.is_over:
                child.state_now = "Nothing was changed."
                child.move(JobState.CANCELLED, time.time())

    async def act(
        self, fn: Callable[..., T], *args: object, deadline_s: float | None = GUEST_DEADLINE_S
    ) -> T:
        """Run ``fn(connection, uuid, *args)`` on the object; see `act_on_host`."""
        return await self.act_on_host(fn, self.uuid, *args, deadline_s=deadline_s)

    async def act_on_host(
        self, fn: Callable[..., T], *args: object, deadline_s: float | None = GUEST_DEADLINE_S
    ) -> T:
        """Run ``fn(connection, *args)`` on the object's host, apart from polling.

        Raises CallLate after ``deadline_s``; None is for what may rightly take long.
        """
        call = self.fleet.long_call(self.record.key.host, fn, *args, what=self.job.failure)
        try:
            async with asyncio.timeout(deadline_s):
                return await call
        except TimeoutError:
            raise CallLate(
                self.job.failure,
                f"The host did not answer within {deadline_s:g} s; perhaps the machine hangs.",
                "Look at the machine before you repeat it, or force it off.",
            ) from None

    async def watched(
        self,
        fn: Callable[..., T],
        *args: object,
        progress: Callable[..., float | None],
        abort: Callable[..., None] | None,
    ) -> T:
        """Act for as long as it takes, showing how far it is; ``abort``, if any, cancels it."""
        aborting: list[asyncio.Task[None]] = []

        async def break_off() -> None:
            assert abort is not None
            try:
                await self._ask(abort)
            except VmguiError as error:
                # It goes on then: the job's own end tells how.
                self.job.note = f"It could not be cancelled: {error.why}"
                self.job.cancel_asked = False

        if abort is not None:
            self.job.cancel_with(lambda: aborting.append(asyncio.ensure_future(break_off())))
        self.job.tell()
        call = asyncio.ensure_future(self.act(fn, *args, deadline_s=None))
        try:
            while not (await asyncio.wait({call}, timeout=_PROGRESS_EVERY_S))[0]:
                await self._show_progress(progress)
        finally:
            self.job.cancel_with(None)
            call.cancel()
            await asyncio.gather(*aborting)
        return await call

    async def _ask(self, fn: Callable[..., T]) -> T:
        return await self.fleet.call(self.record.key.host, fn, self.uuid, what=self.job.failure)

    async def _show_progress(self, progress: Callable[..., float | None]) -> None:
        try:
            self.job.show_progress(await self._ask(progress))
        except VmguiError:
            # Progress is a courtesy; what matters is told by the call that is watched.
            return
