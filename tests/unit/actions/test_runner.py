"""The runner's own promises, with actions whose end the test decides."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.until import until
from vmgui.actions.action import Action, WrongArgument
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal
from vmgui.actions.registry import Registry
from vmgui.actions.runner import Runner
from vmgui.actions.work import Work
from vmgui.hypervisor.errors import CallLate, ConnectionLost, VmguiError
from vmgui.hypervisor.fleet import Fleet
from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key, host_key

A, B = "test:///a", "test:///b"


def keys(uri: str, count: int) -> list[Key]:
    return [domain_key(uri, f"{uri}-{index}") for index in range(count)]


class World:
    """Two hosts of six machines, and one action on them that does ``deed``."""

    def __init__(self, deed: Callable[[Work[Domain]], Awaitable[None]], at_once: int = 2) -> None:
        self.inventory = Inventory()
        for uri in (A, B):
            host = Host(host_key(uri), uri, Link(LinkState.CONNECTED))
            domains = [Domain(key, f"vm {key.id}", DomainState.OFF) for key in keys(uri, 6)]
            self.inventory.apply(Change(updated=(host, *domains)))
        self.at_once = at_once
        self.planned = FilePlan("Do")
        self.journal = Journal()
        self.runner = Runner(
            self.inventory,
            Fleet(self.inventory),
            Registry(
                [
                    self._action("domain.do", deed),
                    self._action("domain.one", deed, False),
                    replace(self._action("domain.plan", deed), plan=self._plan),
                    replace(self._action("domain.alone", deed), alone=True),
                    replace(self._action("domain.steer", deed), steers=True),
                ]
            ),
            self.journal,
            lambda: self.at_once,
        )

    async def _plan(self, _: object) -> FilePlan:
        return self.planned

    def _action(
        self, name: str, deed: Callable[[Work[Domain]], Awaitable[None]], many: bool = True
    ) -> Action[Domain]:
        return Action(
            id=name,
            title="Do",
            help="Does.",
            icon="play",
            target="domain",
            refuse=lambda _: "",
            render=lambda domain, _: (f"virsh do {domain.uuid}",),
            carry_out=deed,
            many=many,
        )

    def run(self, targets: list[Key]) -> tuple[Job, ...]:
        return self.runner.run("domain.do", targets)


class Gate:
    """A deed that begins at once and ends when it is let through."""

    def __init__(self) -> None:
        self.begun: list[Key] = []
        self.open = asyncio.Semaphore(0)

    async def __call__(self, work: Work[Domain]) -> None:
        self.begun.append(work.record.key)
        await self.open.acquire()


async def settle() -> None:
    """Let everything that can go on now go on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_so_many_at_once_on_each_host_and_in_order() -> None:
    gate = Gate()
    world = World(gate)
    jobs = world.run(keys(A, 4) + keys(B, 3))
    await settle()
    assert gate.begun == keys(A, 2) + keys(B, 2)
    assert [job.state for job in jobs[:4]] == [JobState.RUNNING] * 2 + [JobState.WAITING] * 2
    gate.open.release()
    await settle()
    assert len(gate.begun) == 5
    world.at_once = 5  # holds from the next job that ends
    gate.open.release()
    await settle()
    assert len(gate.begun) == 6
    for _ in range(5):
        gate.open.release()
    assert {await job.wait() for job in jobs} == {JobState.DONE}
    assert not world.runner.busy


async def test_what_steers_a_job_doesnt_wait_for_it_to_end() -> None:
    gate = Gate()
    world = World(gate, at_once=1)
    moving, waiting = world.run(keys(A, 2))
    await settle()
    (steering,) = world.runner.run("domain.steer", moving.target)
    await settle()
    assert gate.begun == [moving.target, moving.target]
    assert [job.state for job in (steering, waiting)] == [JobState.RUNNING, JobState.WAITING]
    for _ in range(3):
        gate.open.release()
    assert {await job.wait() for job in (moving, steering, waiting)} == {JobState.DONE}


async def test_a_waiting_job_is_cancelled_and_never_begins() -> None:
    gate = Gate()
    world = World(gate, at_once=1)
    first, second, third = world.run(keys(A, 3))
    await settle()
    assert [job.can_cancel for job in (first, second)] == [False, True]
    second.cancel()
    assert (second.state, second.state_now) == (JobState.CANCELLED, "Nothing was changed.")
    gate.open.release()
    gate.open.release()
    await third.wait()
    assert gate.begun == [first.target, third.target]


async def test_a_machine_that_went_while_its_job_waited() -> None:
    gate = Gate()
    world = World(gate, at_once=1)
    first, second = world.run(keys(A, 2))
    await settle()
    world.inventory.apply(Change(removed=(second.target,)))
    gate.open.release()
    assert await second.wait() is JobState.FAILED
    assert first.state is JobState.DONE
    assert second.error is not None
    assert "not there any more" in second.error.why
    assert gate.begun == [first.target]


async def test_a_fault_of_ours_is_a_failed_job_with_a_report() -> None:
    async def deed(_: Work[Domain]) -> None:
        raise ZeroDivisionError("by our own fault")

    world = World(deed)
    (job,) = world.run(keys(A, 1))
    assert await job.wait() is JobState.FAILED
    assert job.error is not None
    assert "fault of vmgui" in job.error.why
    for part in ("ZeroDivisionError: by our own fault", "domain.do", *job.virsh):
        assert part in job.report
    assert world.journal.entries()[0].report == job.report


@pytest.mark.parametrize(
    ("error", "state_now"),
    [
        (CallLate("w"), "It may still come into effect."),
        (ConnectionLost("w"), "Whether it came into effect is not known."),
        (VmguiError("w"), f"vm {A}-0 is off."),
    ],
)
async def test_what_is_known_after_a_failure(error: VmguiError, state_now: str) -> None:
    async def deed(_: Work[Domain]) -> None:
        raise error

    (job,) = World(deed).run(keys(A, 1))
    assert await job.wait() is JobState.FAILED
    assert (job.error, job.state_now) == (error, state_now)


async def test_a_cancelled_job_is_not_called_failed() -> None:
    async def deed(work: Work[Domain]) -> None:
        aborted = asyncio.Event()
        work.job.cancel_with(aborted.set)
        await aborted.wait()
        raise VmguiError("operation aborted")

    (job,) = World(deed).run(keys(A, 1))
    await settle()
    before = job.can_cancel
    job.cancel()
    assert (before, job.can_cancel) == (True, False)
    assert await job.wait() is JobState.CANCELLED


async def test_closing_cancels_what_waits_and_says_what_ran() -> None:
    gate = Gate()
    world = World(gate, at_once=1)
    running, waiting = world.run(keys(A, 2))
    await settle()
    await world.runner.close()
    assert (running.state, waiting.state) == (JobState.INTERRUPTED, JobState.CANCELLED)


@pytest.mark.parametrize(
    ("action", "targets", "why"),
    [("domain.do", [], "no target"), ("domain.one", keys(A, 2), "one at a time")],
)
async def test_wrong_use_is_refused_at_once(action: str, targets: list[Key], why: str) -> None:
    with pytest.raises(WrongArgument, match=why):
        World(Gate()).runner.run(action, targets)


async def test_a_listeners_fault_stays_the_listeners() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    gate = Gate()
    (job,) = World(gate).run(keys(A, 1))
    job.changed.connect(lambda: 1 / 0)
    await settle()
    gate.open.release()
    assert await job.wait() is JobState.DONE
    assert told


@pytest.mark.parametrize("part", ["refuse", "unreachable"])
async def test_a_fault_before_the_deed_is_a_failed_job_with_a_report_and_the_next_goes_on(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    world = World(gate, at_once=1)

    def fault(*_: object) -> str:
        raise ZeroDivisionError("by our own fault")

    action = world.runner._registry.get("domain.do")
    broken = replace(action, refuse=fault)
    if part == "unreachable":
        monkeypatch.setattr(Action, "unreachable", fault)
    monkeypatch.setattr(world.runner._registry, "get", lambda _: broken)
    (job,) = world.run(keys(A, 1))
    assert await asyncio.wait_for(job.wait(), 5) is JobState.FAILED
    assert job.error is not None
    assert "fault of vmgui" in job.error.why
    assert job.state_now == "Nothing was changed."
    assert "ZeroDivisionError" in job.report
    assert world.journal.entries()[0].report == job.report
    monkeypatch.undo()
    (after,) = world.run(keys(A, 1))
    gate.open.release()
    assert await asyncio.wait_for(after.wait(), 5) is JobState.DONE
    assert not world.runner.busy


async def test_a_fault_in_reading_again_ends_the_job_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def deed(_: Work[Domain]) -> None:
        return

    async def fault(*_: object) -> None:
        raise ZeroDivisionError("by our own fault")

    world = World(deed, at_once=1)
    monkeypatch.setattr(world.runner._fleet, "reread", fault)
    jobs = world.run(keys(A, 2))
    for job in jobs:
        assert await asyncio.wait_for(job.wait(), 5) is JobState.FAILED
        assert "ZeroDivisionError" in job.report
    assert not world.runner.busy


@pytest.mark.logs
async def test_a_fault_in_a_virsh_line_keeps_nobody_from_acting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def deed(_: Work[Domain]) -> None:
        return

    def fault(*_: object) -> tuple[str, ...]:
        raise ZeroDivisionError("by our own fault")

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
    world = World(deed)
    broken = replace(world.runner._registry.get("domain.do"), render=fault)
    monkeypatch.setattr(world.runner._registry, "get", lambda _: broken)
    jobs = world.run(keys(A, 2))
    assert {await asyncio.wait_for(job.wait(), 5) for job in jobs} == {JobState.DONE}
    assert len(told) == 2


async def test_closing_ends_what_was_just_begun() -> None:
    gate = Gate()
    world = World(gate)
    jobs = world.run(keys(A, 4))
    await world.runner.close()
    assert {job.state for job in jobs} == {JobState.CANCELLED}
    assert gate.begun == []
    assert world.runner.jobs == ()
    assert not world.runner.busy


async def test_the_parts_of_a_job_end_as_they_went_and_none_stays_open() -> None:
    async def deed(work: Work[Domain]) -> None:
        parts = [
            work.child("Part", domain_key(A, name), name, (f"virsh {name}",)) for name in "abcd"
        ]
        async with work.within(parts[0]):
            parts[0].show_bytes(1, 4)
        with contextlib.suppress(VmguiError):
            async with work.within(parts[1]):
                raise VmguiError("It broke.", "why")
        async with work.within(parts[2]):
            raise RuntimeError("a bug")

    world = World(deed)
    (job,) = world.run(keys(A, 1))
    assert await job.wait() is JobState.FAILED
    entries = {each.target_name: each for each in world.journal.entries() if each.parent == job.id}
    assert {name: each.state for name, each in entries.items()} == {
        "a": JobState.DONE,
        "b": JobState.FAILED,
        "c": JobState.FAILED,
        "d": JobState.CANCELLED,
    }
    assert (entries["a"].done_bytes, entries["a"].total_bytes) == (1, 4)
    assert entries["b"].why == "why"
    assert "fault of vmgui" in entries["c"].why
    assert entries["d"].state_now == "Nothing was changed."
    assert world.runner.jobs == ()


async def test_a_template_is_spared_what_doesnt_say_that_it_is_for_templates() -> None:
    gate = Gate()
    world = World(gate)
    (key,) = keys(A, 1)
    world.inventory.apply(Change(updated=(Domain(key, "gold", DomainState.OFF, is_template=True),)))
    (job,) = world.run([key])
    assert await job.wait() is JobState.FAILED
    assert gate.begun == []
    assert job.error is not None
    assert "gold is a template" in job.error.why


def costs(*removed: str, loses: tuple[str, ...] = ()) -> FilePlan:
    files = tuple(PlannedFile(path, Fate.REMOVED, "a file") for path in removed)
    return FilePlan("Do", files=files, loses=loses)


@pytest.mark.parametrize(
    ("shown", "by_now", "says"),
    [
        (costs("/a"), costs("/a", "/b"), "/b would be removed"),
        (costs(loses=("The way back to a (1 MiB).",)),
         costs(loses=("The way back to a (2 MiB).", "The way back to b.")), "The way back to b."),
        (FilePlan("Do", files=(PlannedFile("/a", Fate.KEPT, ""),)),
         FilePlan("Do", files=(PlannedFile("/a", Fate.GROWS, ""),)), "/a would be written to"),
        (costs("/a", "/b", loses=("Its memory (1 MiB).",)),
         costs("/a", loses=("Its memory (2 MiB).",)), ""),
        (None, costs("/a"), ""),
    ],
)  # fmt: skip
async def test_no_more_is_done_than_was_shown(
    shown: FilePlan | None, by_now: FilePlan, says: str
) -> None:
    done: list[FilePlan] = []

    async def deed(work: Work[Domain]) -> None:
        done.append(work.plan)

    world, (key,) = World(deed), keys(A, 1)
    world.planned = by_now
    (job,) = world.runner.run("domain.plan", key, {key: shown} if shown else {})
    await job.wait()
    assert done == ([] if says else [by_now])
    if says:
        assert job.error is not None
        assert says in job.error.why
        assert job.state_now == "Nothing was changed."


async def test_two_never_work_on_the_files_of_one_machine_at_once() -> None:
    gate = Gate()
    world, (first, second) = World(gate, at_once=3), keys(A, 2)
    jobs = [
        *world.runner.run("domain.plan", first),
        *world.runner.run("domain.alone", first),
        *world.runner.run("domain.plan", second),
        *world.runner.run("domain.do", first),
    ]
    # What needs no plan (to force it off, say) doesn't wait for one that does.
    await until(lambda: len(gate.begun) == 3, "all have begun that may")
    assert [job.state for job in jobs] == [
        JobState.RUNNING,
        JobState.WAITING,
        JobState.RUNNING,
        JobState.RUNNING,
    ]
    gate.open.release()
    await jobs[0].wait()
    await until(lambda: jobs[1].state is JobState.RUNNING, "its turn has come")
    for _ in jobs:
        gate.open.release()
    assert {await job.wait() for job in jobs} == {JobState.DONE}
