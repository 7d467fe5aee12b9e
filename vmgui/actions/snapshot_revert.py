"""Going back to a snapshot."""

from dataclasses import replace
from datetime import datetime

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, Values
from vmgui.actions.snapshot_lines import revert_lines, snapshot_line
from vmgui.actions.snapshot_storage import (
    read_again,
    read_storage,
    refresh_pools_of,
    tell_what_is_left,
)
from vmgui.actions.virsh import printable
from vmgui.actions.work import Planning, Work
from vmgui.hypervisor import domains, snapshot_calls, volumes
from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.revert_spec import RevertPlan, RevertSpec, RevertWay, Run
from vmgui.insight.snapshot_revert import revert_plan
from vmgui.inventory.domain import DomainState
from vmgui.inventory.snapshot import Snapshot


def revert_spec(values: Values) -> RevertSpec:
    """Return the arguments of the action as a spec."""
    return RevertSpec(
        keep=values.flag("keep"),
        keep_name=values.text("keep_name"),
        run=Run(values.text("run")),
        force_off=values.flag("force_off"),
    )


async def _plan(planning: Planning[Snapshot]) -> RevertPlan:
    storage = await read_storage(planning)
    now = datetime.now().astimezone()
    plan = revert_plan(storage, planning.record.name, revert_spec(planning.values), now)
    return plan if plan.refusal else replace(plan, virsh=revert_lines(storage.domain, plan))


async def _revert(work: Work[Snapshot]) -> None:
    plan = work.plan
    assert isinstance(plan, RevertPlan)
    read_again(work, plan.snapshot)
    done: list[str] = []
    try:
        if plan.first is not None:
            await work.act(snapshot_calls.take, plan.first, deadline_s=None)
            done.append(f"what was then is kept as {printable(plan.first.name)}")
        if plan.way is RevertWay.LIBVIRT:
            await work.act_on_host(_by_libvirt, work.uuid, plan, deadline_s=None)
        else:
            await _by_hand(work, plan, done)
    except VmguiError:
        await tell_what_is_left(work, plan)
        if done:
            work.job.state_now = f"Done so far: {', '.join(done)}. {work.job.state_now}".strip()
        raise
    if plan.files:
        await refresh_pools_of(work)


def _by_libvirt(conn: object, uuid: str, plan: RevertPlan) -> None:
    snapshot_calls.revert(conn, uuid, plan.snapshot, plan.run, starts_anew=plan.starts_anew)


async def _by_hand(work: Work[Snapshot], plan: RevertPlan, done: list[str]) -> None:
    """Do what a newer libvirt would: the order loses nothing wherever it stops."""
    for overlay in plan.overlays:
        await work.act_on_host(
            volumes.make_volume,
            overlay.pool.id,
            overlay.volume,
            "qcow2",
            overlay.virtual_bytes,
            (overlay.below, overlay.below_format),
            deadline_s=None,
        )
        done.append(f"{printable(overlay.path)} made")
    if plan.forces_off:
        # Not before the new files are there: what runs is lost with it.
        await work.act(domains.force_off, deadline_s=None)
        done.append("forced off")
    await work.act(snapshot_calls.define_as_then, plan, deadline_s=None)
    done.append("defined as it was then")
    await work.act(snapshot_calls.mark_current, plan.snapshot, deadline_s=None)
    if plan.memory_path:
        await work.act(snapshot_calls.restore_memory, plan, deadline_s=None)
    elif plan.after is DomainState.PAUSED:
        await work.act(snapshot_calls.start_paused, deadline_s=None)
    elif plan.after is DomainState.RUNNING:
        await work.act(domains.start, deadline_s=None)


def _lines(snapshot: Snapshot, values: Values) -> tuple[str, ...]:
    run = values.text("run")
    words = () if run == Run.AS_THEN else (f"--{run}",)
    return (snapshot_line("snapshot-revert", snapshot, *words),)


ACTIONS: tuple[Action[Snapshot], ...] = (
    Action(
        id="snapshot.revert",
        title="Revert",
        help="Brings the machine back to what it was when the snapshot was taken.",
        icon="arrow-counter-clockwise",
        target="snapshot",
        danger=Danger.DESTROYS,
        consequence="What the machine is now is lost, unless it is kept as a snapshot first.",
        arguments=(
            Argument(
                "keep", ArgumentType.FLAG, "What is now is taken as a snapshot first.",
                default=False,
            ),
            Argument("keep_name", ArgumentType.TEXT, "The name of that snapshot.", default=""),
            Argument(
                "run",
                ArgumentType.CHOICE,
                "What the machine does afterwards: as it did then, or running, or paused.",
                default=Run.AS_THEN,
                choices=tuple(Run),
            ),
            Argument(
                "force_off",
                ArgumentType.FLAG,
                "A machine that runs may be forced off, where that is needed.",
                default=False,
            ),
        ),
        refuse=lambda _: "",
        render=_lines,
        plan=_plan,
        carry_out=_revert,
        many=False,
    ),
)  # fmt: skip
