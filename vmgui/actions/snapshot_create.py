"""Taking a snapshot."""

import time
from dataclasses import replace
from datetime import datetime

from vmgui.actions.action import Action, Argument, ArgumentType, Values
from vmgui.actions.moments import Moment
from vmgui.actions.snapshot_lines import take_lines
from vmgui.actions.snapshot_moment import picture_of
from vmgui.actions.snapshot_storage import (
    read_again,
    read_storage,
    refresh_pools_of,
    tell_what_is_left,
)
from vmgui.actions.work import Planning, Work
from vmgui.hypervisor import domains, snapshot_calls
from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.machine_files import MachineFiles
from vmgui.insight.snapshot_names import name_from
from vmgui.insight.snapshot_take import take_plan
from vmgui.insight.take_spec import SnapshotKind, TakePlan, TakeSpec, Wanted
from vmgui.inventory.domain import Domain
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.snapshot import snapshot_key


def take_spec(values: Values) -> TakeSpec:
    """Return the arguments of the action as a spec."""
    return TakeSpec(
        name=values.text("name"),
        description=values.text("description"),
        kind=SnapshotKind(values.text("kind")),
        memory=Wanted(values.text("memory")),
        disks=values.texts("disks"),
        leave_out=values.texts("leave_out"),
        memory_path=values.text("memory_path"),
        quiesce=values.flag("quiesce"),
    )


async def _plan(planning: Planning[Domain]) -> TakePlan:
    storage = await read_storage(planning)
    plan = take_plan(storage, take_spec(planning.values), datetime.now().astimezone())
    return plan if plan.refusal else replace(plan, virsh=take_lines(storage.domain, plan))


async def _take(work: Work[Domain]) -> None:
    plan = work.plan
    assert isinstance(plan, TakePlan)
    await carry_out_take(work, plan)
    work.job.note = f"It is called {plan.name}."


async def carry_out_take(work: Work[Domain], plan: TakePlan) -> None:
    """Take the snapshot of ``plan``; after a failure the job tells what is left."""
    read_again(work, plan.name)
    picture = await picture_of(work)
    began_s = time.monotonic()
    try:
        await work.watched(
            snapshot_calls.take,
            plan,
            progress=domains.job_progress,
            # libvirt breaks off the writing of a file with memory, and nothing else of this.
            abort=domains.abort_job if plan.memory == "external" else None,
        )
    except VmguiError:
        await tell_what_is_left(work, plan)
        raise
    took_s = time.monotonic() - began_s
    storage = await refresh_pools_of(work)
    moment = Moment(picture, quiesced=plan.quiesce, took_s=took_s)
    if storage is not None:
        moment = _with_sizes(moment, plan, storage)
    work.moments[snapshot_key(work.record.key, plan.name)] = moment


def _with_sizes(moment: Moment, plan: TakePlan, storage: MachineStorage) -> Moment:
    files = MachineFiles(storage)
    taken = [disk for disk in plan.disks if disk.frozen]
    return replace(
        moment,
        disk_bytes=tuple(
            (disk.target, sum(files.size(path) or 0 for path in files.chain(disk.frozen)))
            for disk in taken
        ),
        memory_bytes=files.size(plan.memory_path) if plan.memory_path else None,
    )


def _lines(domain: Domain, values: Values) -> tuple[str, ...]:
    """Return the line as far as it is known before anything is read; the plan has it in full."""
    spec = take_spec(values)
    name = name_from(spec.name, (), datetime.now().astimezone())
    return take_lines(domain, TakePlan("", name=name, description=spec.description))


NAME = Argument(
    "name",
    ArgumentType.TEXT,
    "Its name, or a pattern with {n} for the next free number, {date} and {time}.",
    default="",
    positional=True,
)

ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="snapshot.create",
        title="Take snapshot",
        help="Keeps what is on the machine's disks now, with its memory if it runs, so that you "
        "can go back to it.",
        icon="camera",
        target="domain",
        arguments=(
            NAME,
            Argument("description", ArgumentType.TEXT, "What it is for.", default=""),
            Argument(
                "kind",
                ArgumentType.CHOICE,
                "Inside the disks' files, or in new files over them; auto takes what fits.",
                default=SnapshotKind.AUTO,
                choices=tuple(SnapshotKind),
            ),
            Argument(
                "memory",
                ArgumentType.CHOICE,
                "Whether the memory of a machine that runs is kept too; auto where it can be.",
                default=Wanted.AUTO,
                choices=tuple(Wanted),
            ),
            Argument(
                "disks", ArgumentType.LIST, "The disks that are in it, in place of all.", default=()
            ),
            Argument("leave_out", ArgumentType.LIST, "A disk that isn't in it.", default=()),
            Argument(
                "memory_path",
                ArgumentType.TEXT,
                "The file that external memory goes to, in place of one beside the first disk.",
                default="",
            ),
            Argument(
                "quiesce",
                ArgumentType.FLAG,
                "The guest's agent brings its file systems to rest first.",
                default=False,
            ),
        ),
        refuse=lambda _: "",
        render=_lines,
        plan=_plan,
        carry_out=_take,
    ),
)
