"""Runs actions as jobs, a few at once on each host, and never loses what went wrong."""

import asyncio
import platform
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vmgui import __version__
from vmgui.actions.action import Action, Values, WrongArgument
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal
from vmgui.actions.migrations import Migrations
from vmgui.actions.moments import Moments
from vmgui.actions.registry import Registry
from vmgui.actions.work import Fleet, Planning, Work
from vmgui.hypervisor.errors import (
    CallLate,
    ConnectionFailed,
    ConnectionLost,
    NotAllowed,
    NotPossibleNow,
    NotSupported,
    Vanished,
    VmguiError,
)
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.changes import Record
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot, domain_of

UNCHANGED = "Nothing was changed."
NOTHING_SHOWN: Mapping[Key, FilePlan] = {}


@dataclass(frozen=True, slots=True)
class _Item:
    """A job with what it takes to carry it out; ``shown`` is the plan that somebody agreed to."""

    job: Job
    action: Action[Any]
    values: Values
    shown: FilePlan | None = None

    @property
    def holds(self) -> Key | None:
        """Return the machine whose files it works on."""
        target = self.job.target
        if self.action.plan is None and not self.action.alone:
            return None
        return domain_of(target) if target.kind == "snapshot" else target


@dataclass(slots=True)
class _Lane:
    """The jobs of one host. ``held`` are the machines whose files a job works on."""

    waiting: deque[_Item] = field(default_factory=deque)
    running: int = 0
    held: set[Key] = field(default_factory=set)


class Runner:
    """Starts jobs and moves them on. Belongs to the loop's thread; `run` needs a running loop.

    ``at_once`` tells how many jobs of one host may run at the same time; it is asked anew each
    time that one could start. ``moments`` is where is kept what was noted of snapshots,
    ``migrations`` where the course of each migration is.
    """

    def __init__(
        self,
        inventory: Inventory,
        fleet: Fleet,
        registry: Registry,
        journal: Journal,
        at_once: Callable[[], int] = lambda: 4,
        moments: Moments | None = None,
        migrations: Migrations | None = None,
    ) -> None:
        self._inventory = inventory
        self._fleet = fleet
        self._registry = registry
        self._journal = journal
        self._at_once = at_once
        self._moments = moments or Moments()
        self._migrations = migrations or Migrations()
        self._lanes: dict[str, _Lane] = {}
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def run(
        self,
        action_id: str,
        targets: Key | Sequence[Key],
        shown: Mapping[Key, FilePlan] = NOTHING_SHOWN,
        /,
        **arguments: object,
    ) -> tuple[Job, ...]:
        """Start a job for each target and return them at once.

        ``shown`` are the plans that somebody agreed to: a job whose plan costs more by the time
        of its turn is not carried out. Of jobs that work on files, one at a time does so to a
        machine: else one could change what another has planned with.

        Raises WrongArgument for an unknown action, an argument that does not fit, or several
        targets where the action takes one. What goes wrong later is in the jobs.
        """
        action = self._registry.get(action_id)
        values = action.check(arguments)
        keys = (targets,) if isinstance(targets, Key) else tuple(dict.fromkeys(targets))
        if not keys:
            raise WrongArgument(f"{action.title}: no target was given.")
        if len(keys) > 1 and not action.many:
            raise WrongArgument(f"{action.title} works on one at a time.")
        jobs = tuple(self._enter(action, key, values, shown.get(key)) for key in keys)
        for uri in dict.fromkeys(key.host for key in keys):
            self._start_waiting(uri)
        if action.steers:
            self._start_at_once(jobs)
        return jobs

    async def plan(self, action_id: str, key: Key, **arguments: object) -> FilePlan:
        """Return what an action would do, from what is there now; nothing is touched.

        Raises WrongArgument as `run` does, and VmguiError where it can't be known.
        """
        action = self._registry.get(action_id)
        assert action.plan is not None, f"{action_id} makes no plan"
        values = action.check(arguments)
        record = self._inventory.get(key)
        if record is None:
            raise Vanished(f"{action.title} can't be planned.", "It is not there any more.")
        failure = f"What {action.title.lower()} would do is not known."
        planning = Planning(record, values, self._fleet, self._inventory, failure)
        plan = await action.plan(planning)
        return replace(plan, refusal=action.spare(self._machine_of(record)) or plan.refusal)

    def _machine_of(self, record: Record) -> Domain | None:
        if isinstance(record, Snapshot):
            return self._inventory.domain(record.domain)
        return record if isinstance(record, Domain) else None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that wait or run, the oldest first."""
        return tuple(self._jobs.values())

    @property
    def busy(self) -> bool:
        """Tell whether a job waits or runs."""
        return any(lane.running or lane.waiting for lane in self._lanes.values())

    async def close(self) -> None:
        """Cancel what waits, and leave what runs: libvirt carries it on without us."""
        for lane in self._lanes.values():
            for item in tuple(lane.waiting):
                item.job.cancel()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()
        for job in tuple(self._jobs.values()):
            # Its turn had come, and nothing more: a task that is cancelled so early never runs.
            self._jobs.pop(job.id)
            job.state_now = UNCHANGED
            job.move(JobState.CANCELLED, time.time())

    def _enter(self, action: Action[Any], key: Key, values: Values, shown: FilePlan | None) -> Job:
        record = self._inventory.get(key)
        host = self._inventory.host(key.host)
        job = Job(
            id=uuid.uuid4().hex,
            action_id=action.id,
            title=action.title,
            target=key,
            target_name=getattr(record, "name", key.id),
            host_name=host.name if host is not None else key.host,
            virsh=_lines(action, record, values),
            created_at_s=time.time(),
        )
        self._jobs[job.id] = job
        item = _Item(job, action, values, shown)
        lane = self._lanes.setdefault(key.host, _Lane())
        lane.waiting.append(item)

        def leave() -> None:
            lane.waiting.remove(item)
            self._jobs.pop(job.id, None)
            job.state_now = UNCHANGED
            job.move(JobState.CANCELLED, time.time())

        job.cancel_with(leave)
        self._journal.follow(job)
        return job

    def _start_waiting(self, uri: str) -> None:
        lane = self._lanes[uri]
        for item in tuple(lane.waiting):
            if lane.running >= max(1, self._at_once()):
                return
            if item.holds in lane.held:
                continue
            self._start(item, lane)

    def _start_at_once(self, jobs: tuple[Job, ...]) -> None:
        for job in jobs:
            lane = self._lanes[job.target.host]
            waiting = next((item for item in lane.waiting if item.job is job), None)
            if waiting is not None:
                self._start(waiting, lane)

    def _start(self, item: _Item, lane: _Lane) -> None:
        lane.waiting.remove(item)
        item.job.cancel_with(None)
        lane.running += 1
        if item.holds is not None:
            lane.held.add(item.holds)
        self._spawn(self._finish(item, lane))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, item: _Item, lane: _Lane) -> None:
        job = item.job
        try:
            job.move(JobState.RUNNING, time.time())
            state = await self._carry_out(item)
            job.move(state, time.time())
        except asyncio.CancelledError:
            job.state_now = job.state_now or "vmgui ended while it ran; the host carries it on."
            job.move(JobState.INTERRUPTED, time.time())
        except Exception as error:  # a fault of vmgui itself, wherever it is: no job stays open
            _blame_ourselves(job, error)
            job.move(JobState.FAILED, time.time())
        finally:
            lane.running -= 1
            if item.holds is not None:
                lane.held.discard(item.holds)
            self._jobs.pop(job.id, None)
            self._start_waiting(job.target.host)

    async def _carry_out(self, item: _Item) -> JobState:
        job, action = item.job, item.action
        try:
            work = self._begin(job, action, item.values)
        except VmguiError as error:
            job.error, job.state_now = error, UNCHANGED
            return JobState.FAILED
        except Exception as error:
            _blame_ourselves(job, error)
            job.state_now = UNCHANGED
            return JobState.FAILED
        try:
            await self._plan_again(item, work)
            await action.carry_out(work)
        except VmguiError as error:
            job.error = error
        except Exception as error:
            _blame_ourselves(job, error)
        finally:
            work.end_children()
        await self._reread(work)
        self._keep_moments(work)
        if job.error is None:
            return JobState.DONE
        job.state_now = job.state_now or self._state_after(job, job.error)
        return JobState.CANCELLED if job.cancel_asked else JobState.FAILED

    def _begin(self, job: Job, action: Action[Any], values: Values) -> Work[Any]:
        # The record may have changed, or gone, while the job waited.
        record = self._inventory.get(job.target)
        host = self._inventory.host(job.target.host)
        if record is None or host is None:
            raise Vanished(job.failure, "It is not there any more: somebody removed it meanwhile.")
        if reason := action.unreachable(host):
            kind = NotAllowed if host.link.read_only else ConnectionFailed
            raise kind(job.failure, reason, host.link.what_to_do)
        if reason := action.spare(self._machine_of(record)) or action.refuse(record):
            raise NotPossibleNow(job.failure, reason)
        work = Work(record, values, job, self._fleet, self._inventory, self._enter_child)
        work.migrations = self._migrations
        return work

    def _enter_child(
        self, parent: Job, title: str, target: Key, name: str, virsh: tuple[str, ...]
    ) -> Job:
        """Enter a part of a job in the journal; whoever carries it out moves it on."""
        child = Job(
            id=uuid.uuid4().hex,
            action_id=parent.action_id,
            title=title,
            target=target,
            target_name=name,
            host_name=parent.host_name,
            virsh=virsh,
            created_at_s=time.time(),
            parent=parent.id,
        )
        self._journal.follow(child)
        return child

    async def _plan_again(self, item: _Item, work: Work[Any]) -> None:
        """Make the plan from what is there now; what was shown may be old."""
        if item.action.plan is None:
            return
        work.plan = await item.action.plan(work)
        if work.plan.refusal:
            raise NotPossibleNow(work.job.failure, work.plan.refusal)
        if item.shown is not None and (more := work.plan.beyond(item.shown)):
            raise NotPossibleNow(
                work.job.failure,
                f"It would do more by now than was shown: {more}.",
                "Look at what it would do, then choose again.",
            )
        work.job.virsh = work.plan.virsh or work.job.virsh

    async def _reread(self, work: Work[Any]) -> None:
        try:
            await self._fleet.reread((work.record.key, *work.also))
        except VmguiError:
            # The action itself has its result already. Where the host is out of reach its link
            # says so, and everything is read again when it comes back.
            return

    def _keep_moments(self, work: Work[Any]) -> None:
        for key, moment in work.moments.items():
            if isinstance(snapshot := self._inventory.get(key), Snapshot):
                self._moments.keep(snapshot, moment)
        for before, key in work.renamed:
            if isinstance(snapshot := self._inventory.get(key), Snapshot):
                self._moments.move(before, snapshot)

    def _state_after(self, job: Job, error: VmguiError) -> str:
        if isinstance(error, CallLate):
            return "It may still come into effect."
        if isinstance(error, ConnectionLost):
            return "Whether it came into effect is not known."
        if isinstance(error, NotSupported | NotPossibleNow | NotAllowed):
            return UNCHANGED
        record = self._inventory.get(job.target)
        if record is None:
            return f"{job.target_name} is not there any more."
        if isinstance(record, Domain):
            return f"{record.name} is {record.state}."
        return ""


def _lines(action: Action[Any], record: Record | None, values: Values) -> tuple[str, ...]:
    try:
        return action.render(record, values) if record is not None else ()
    except VmguiError:
        return ()  # an argument that can't be kept; the job itself will say so
    except Exception as error:  # a bug in a line must not keep anybody from acting
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"the virsh lines of {action.id} failed", "exception": error}
        )
        return ()


def _blame_ourselves(job: Job, error: Exception) -> None:
    job.error = VmguiError(
        job.failure,
        "This is a fault of vmgui itself.",
        "Copy the report and send it to us.",
    )
    job.report = _report(job, error)


def _report(job: Job, error: Exception) -> str:
    lines = (
        f"vmgui {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{job.action_id} on {job.target.kind} {job.target.id}",
        *job.virsh,
        "",
        "".join(traceback.format_exception(error)),
    )
    return "\n".join(lines)
