"""One migration from its start to its end: watched, recorded, cancelled, and looked after."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from vmgui.actions.migration_end import End, Seen, judge
from vmgui.actions.migration_plan import MigrationPlan
from vmgui.actions.virsh import printable
from vmgui.actions.work import Work
from vmgui.hypervisor import domains, migration
from vmgui.hypervisor.errors import CallLate, ConnectionLost, VmguiError
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import LinkState
from vmgui.inventory.key import domain_key
from vmgui.inventory.migration import (
    EventKind,
    MigrationEvent,
    MigrationRun,
    MigrationSample,
    MigrationSummary,
    Outcome,
    Phase,
    Whereabouts,
)

T = TypeVar("T")

_LOOK_EVERY_S = 0.5
_ASK_FOR_S = 20.0
"""How long a host is asked after a failure where the machine is, before that isn't known."""

_LEAVES_WITHIN_S = 3.0
"""How long vmgui's own end waits for that of a migration."""

_STANDS_AFTER_S = 10.0
"""A migration that has sent nothing for so long stands still, which is said."""


class Watch:
    """Moves one machine as ``work.plan`` says. Belongs to the loop's thread."""

    def __init__(self, work: Work[Domain]) -> None:
        plan = work.plan
        assert isinstance(plan, MigrationPlan)
        assert plan.spec is not None
        assert plan.destination is not None
        self._work, self._plan, self._spec = work, plan, plan.spec
        self._there = plan.destination
        self._here = work.inventory.host(work.record.key.host)
        assert self._here is not None
        self._loop = asyncio.get_running_loop()
        self._arriving = domain_key(self._there.key.host, work.uuid)
        self._last: MigrationSample | None = None
        self._went_post_copy = False
        self._pause_is_set = self._spec.max_downtime_ms is None
        self._broken_off = ""
        self._moved_at_s = time.monotonic()
        self._stands = False
        self._made: tuple[migration.NewVolume, ...] = ()

    async def carry_out(self) -> None:
        """Move it; raises VmguiError, with where the machine is in the job's ``state_now``."""
        work = self._work
        work.also.append(self._arriving)
        self._begin()
        work.inventory.set_moving(work.record.key, f"to {self._there.name}")
        try:
            await self._prepare()
            await self._move()
        except VmguiError as error:
            await self._failed(error)
            raise
        except asyncio.CancelledError:
            await self._left()
            raise
        finally:
            work.inventory.set_moving(work.record.key, "")
            work.job.cancel_with(None)
        await self._arrived()

    def _begin(self) -> None:
        work, spec = self._work, self._spec
        assert self._here is not None
        work.migrations.begin(
            MigrationRun(
                job_id=work.job.id,
                domain=work.record.key,
                domain_name=work.record.name,
                source_name=self._here.name,
                destination_name=self._there.name,
                spec=spec,
                started_at_s=time.time(),
                started_monotonic_s=time.monotonic(),
                bandwidth_mib_s=spec.bandwidth_mib_s,
                max_downtime_ms=spec.max_downtime_ms,
            )
        )

    async def _prepare(self) -> None:
        if self._plan.volumes:
            what = self._work.job.failure
            self._made = await self._work.fleet.long_call(
                self._there.key.host, migration.make_volumes, self._plan.volumes, what=what
            )

    async def _move(self) -> None:
        work, job = self._work, self._work.job
        aborting: set[asyncio.Task[None]] = set()

        def cancel() -> None:
            aborting.add(asyncio.ensure_future(self._abort()))

        if self._spec.live:
            job.cancel_with(cancel)
            job.tell()
        call = asyncio.ensure_future(
            work.fleet.call_between(
                work.record.key.host,
                self._there.key.host,
                migration.migrate,
                work.uuid,
                self._spec,
                self._plan.unsafe,
                self._on_round,
                what=job.failure,
            )
        )
        try:
            while not (await asyncio.wait({call}, timeout=_LOOK_EVERY_S))[0]:
                await self._look()
        except asyncio.CancelledError:
            await self._break_off(call)
            raise
        finally:
            job.cancel_with(None)
            call.cancel()
            await asyncio.gather(*aborting)
        await call

    async def _break_off(self, call: asyncio.Future[None]) -> None:
        """Break off since vmgui ends: nobody would be left to finish it at the destination."""
        if self._spec.live and not self._went_post_copy:
            with contextlib.suppress(VmguiError, TimeoutError):
                async with asyncio.timeout(_LEAVES_WITHIN_S):
                    await self._ask(domains.abort_job)
                    await asyncio.wait({call})

    async def _look(self) -> None:
        """Read a sample; a host that doesn't answer just now costs nothing but that."""
        with contextlib.suppress(VmguiError):
            sample = await self._ask(migration.read_sample)
            if sample is not None:
                self._take(sample)
                await self._set_pause()
        await self._break_off_where_lost()

    async def _break_off_where_lost(self) -> None:
        """Break off while the machine still runs here, where nobody could take it there.

        QEMU would go on sending, and libvirt notice only at the end.
        """
        host = self._work.inventory.host(self._there.key.host)
        lost = host is None or host.link.state not in (LinkState.CONNECTED, LinkState.STALLED)
        if lost and not self._went_post_copy and not self._broken_off and self._spec.live:
            why = host.link.why if host is not None else "It was disconnected."
            self._broken_off = f"{self._there.name} is out of reach: {why}"
            self._mark(EventKind.NOTE, f"Broken off, since {self._broken_off}")
            await self._abort()

    async def _abort(self) -> None:
        if self._went_post_copy:
            self._work.job.note = "After the switch to post-copy there is no way back."
            self._work.job.cancel_asked = False
            return
        try:
            await self._ask(domains.abort_job)
        except VmguiError as error:
            # It goes on then: the job's own end tells how.
            self._work.job.note = f"It could not be cancelled: {error.why}"
            self._work.job.cancel_asked = False

    async def _set_pause(self) -> None:
        if not self._pause_is_set:
            # libvirt takes it only once the job is there.
            await self._ask(migration.set_downtime, self._spec.max_downtime_ms)
            self._pause_is_set = True

    async def _ask(self, fn: Callable[..., T], *args: object) -> T:
        work = self._work
        what, uuid = work.job.failure, work.uuid
        return await work.fleet.call(work.record.key.host, fn, uuid, *args, what=what)

    def _take(self, sample: MigrationSample) -> None:
        work, before = self._work, self._last
        if sample.phase is Phase.POSTCOPY and not self._went_post_copy:
            self._went_post_copy = True
            work.job.cancel_with(None)
        if before is None or before.phase is not sample.phase:
            self._mark(EventKind.PHASE, f"{sample.phase}", sample.phase.value)
        if sample.throttle_percent and (
            before is None or before.throttle_percent != sample.throttle_percent
        ):
            text = f"vCPUs slowed by {sample.throttle_percent} %"
            self._mark(EventKind.THROTTLE, text, str(sample.throttle_percent))
        self._say_where_it_stands_still(sample)
        self._last = sample
        work.migrations.add_sample(work.job.id, sample)
        work.job.show_progress(_share(sample))

    def _say_where_it_stands_still(self, sample: MigrationSample) -> None:
        before, now_s = self._last, sample.at_monotonic_s
        if before is None or _sent(sample) != _sent(before) or sample.phase is not before.phase:
            self._moved_at_s, self._stands = now_s, False
        elif not self._stands and now_s - self._moved_at_s >= _STANDS_AFTER_S:
            self._stands = True
            name, here = printable(self._work.record.name), self._work.job.host_name
            how = "stands still" if sample.phase is Phase.SWITCHOVER else "runs"
            where = f"{name} {how} on {here}: mend the link, or cancel."
            if self._went_post_copy:
                where = (
                    f"{name} is on {self._there.name}, and waits for memory that is on {here} "
                    "still. Mend the link; don't end it on either host."
                )
            text = f"Nothing has passed for {_STANDS_AFTER_S:.0f} s. {where}"
            self._mark(EventKind.NOTE, text)
            self._work.job.note = text
            self._work.job.tell()

    def _on_round(self, at_monotonic_s: float, number: int) -> None:
        """Take a round that began; on libvirt's event thread."""

        def take() -> None:
            event = MigrationEvent(at_monotonic_s, EventKind.ROUND, f"Round {number}", str(number))
            self._work.migrations.add_event(self._work.job.id, event)

        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(take)

    def _mark(self, kind: EventKind, text: str, value: str = "") -> None:
        event = MigrationEvent(time.monotonic(), kind, text, value)
        self._work.migrations.add_event(self._work.job.id, event)

    async def _arrived(self) -> None:
        completed: MigrationSample | None = None
        if self._spec.live:
            with contextlib.suppress(VmguiError):
                completed = await self._work.fleet.call(
                    self._there.key.host, migration.read_completed, self._work.uuid, what="Look"
                )
        if completed is not None:
            self._work.migrations.add_sample(self._work.job.id, completed)
        name = printable(self._spec.new_name or self._work.record.name)
        verb = "runs" if self._spec.live else "is defined, and off,"
        sentence = f"{name} {verb} on {self._there.name} now."
        at = Whereabouts.DESTINATION
        self._work.job.note = sentence
        self._work.job.show_progress(1.0)
        self._end(End(Outcome.ARRIVED, at, sentence), completed)

    async def _failed(self, error: VmguiError) -> None:
        """Look at both hosts, say where the machine is, and take back what was prepared."""
        work = self._work
        here, there = await asyncio.gather(
            self._see(work.record.key.host), self._see(self._there.key.host)
        )
        end = judge(
            printable(work.record.name),
            here,
            there,
            live=self._spec.live,
            cancelled=work.job.cancel_asked,
            post_copy=self._went_post_copy,
        )
        if self._broken_off:
            error.why, error.what_to_do = self._broken_off, "Try again when it is back."
        if end.runs_at is Whereabouts.SOURCE:
            await self._take_back()
        work.job.state_now = end.sentence
        self._end(end, None)

    async def _see(self, uri: str, within_s: float = _ASK_FOR_S) -> Seen:
        """Ask one host, and again where it is just coming back."""
        host = self._work.inventory.host(uri)
        name = host.name if host is not None else uri
        until = time.monotonic() + within_s
        while True:
            try:
                async with asyncio.timeout(within_s):
                    found = await self._work.fleet.call(
                        uri, migration.standing, self._work.uuid, what="Look where it runs"
                    )
                return Seen(name, found)
            except (ConnectionLost, CallLate, TimeoutError):
                if time.monotonic() > until:
                    return Seen(name, answered=False)
                await asyncio.sleep(1.0)
            except VmguiError:
                return Seen(name, answered=False)

    async def _take_back(self) -> None:
        if self._made:
            with contextlib.suppress(VmguiError):  # empty files stay, which the plan then names
                await self._work.fleet.long_call(
                    self._there.key.host,
                    migration.remove_volumes,
                    self._made,
                    what=self._work.job.failure,
                )

    async def _left(self) -> None:
        """Say where it is when vmgui ends before it has arrived."""
        here, there = await asyncio.gather(
            self._see(self._work.record.key.host, _LEAVES_WITHIN_S),
            self._see(self._there.key.host, _LEAVES_WITHIN_S),
        )
        end = judge(
            printable(self._work.record.name),
            here,
            there,
            live=self._spec.live,
            cancelled=True,
            post_copy=self._went_post_copy,
        )
        if end.runs_at is Whereabouts.SOURCE:
            await self._take_back()
        self._work.job.state_now = f"vmgui ended while it moved. {end.sentence}"
        self._end(end, None)

    def _end(self, end: End, completed: MigrationSample | None) -> None:
        run = self._work.migrations.of(self._work.job.id)
        assert run is not None
        last = completed or self._last
        summary = MigrationSummary(
            end.outcome,
            end.runs_at,
            end.sentence,
            total_s=time.monotonic() - run.started_monotonic_s,
        )
        if last is not None:
            # After the end libvirt tells nothing of the disks any more.
            disks = [each.disk_processed_bytes or 0 for each in run.samples]
            rounds = [each.round for each in (*run.samples, last) if each.round is not None]
            summary = replace(
                summary,
                rounds=max(rounds, default=None),
                sent_bytes=last.memory_processed_bytes,
                disk_sent_bytes=max(disks, default=None),
                downtime_ms=completed.downtime_ms if completed is not None else None,
            )
        self._work.migrations.end(run.job_id, summary)


def _share(sample: MigrationSample) -> float | None:
    """Return how far it is, 0..1: what isn't still to be sent of memory and disks."""
    total = (sample.memory_total_bytes or 0) + (sample.disk_total_bytes or 0)
    left = (sample.memory_remaining_bytes or 0) + (sample.disk_remaining_bytes or 0)
    return max(0.0, 1 - left / total) if total else None


def _sent(sample: MigrationSample) -> tuple[int | None, int | None]:
    return sample.memory_processed_bytes, sample.disk_processed_bytes
