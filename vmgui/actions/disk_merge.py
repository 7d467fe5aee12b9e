"""Merging overlays into their base, and pulling a base into what is built on it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, Values
from vmgui.actions.snapshot_lines import merge_lines
from vmgui.actions.snapshot_storage import read_again, read_storage, refresh_pools_of
from vmgui.actions.virsh import domain_line
from vmgui.actions.work import Planning, Work
from vmgui.hypervisor import block_jobs
from vmgui.hypervisor.errors import ConnectionLost, VmguiError
from vmgui.insight.disk_merge import Direction, MergePlan, MergeSpec, commit_plan, pull_plan
from vmgui.inventory.domain import Domain
from vmgui.inventory.images import MachineStorage


def _planner(
    plan: Callable[[MachineStorage, MergeSpec], MergePlan], *, has_top: bool
) -> Callable[[Planning[Domain]], Awaitable[MergePlan]]:
    async def make(planning: Planning[Domain]) -> MergePlan:
        values = planning.values
        top = values.text("top") if has_top else ""
        spec = MergeSpec(values.text("disk"), top, values.text("base"))
        storage = await read_storage(planning)
        made = plan(storage, spec)
        return made if made.refusal else replace(made, virsh=merge_lines(storage.domain, made))

    return make


async def _merge(work: Work[Domain]) -> None:
    plan = work.plan
    assert isinstance(plan, MergePlan)
    read_again(work)
    try:
        await work.watched(
            block_jobs.merge,
            plan,
            progress=partial(_progress, target=plan.target),
            abort=partial(_abort, target=plan.target),
        )
    except ConnectionLost:
        work.job.state_now = (
            "Nothing is lost: the chain stays readable, and QEMU may copy on by itself. Do this "
            "again when the host is back: it carries on where it is. To break it off: "
            f"{domain_line('blockjob', work.record, plan.target, '--abort')}"
        )
        raise
    except VmguiError:
        work.job.state_now = f"The chain of {plan.target} is as it was; nothing is lost."
        raise
    await refresh_pools_of(work)


def _progress(conn: object, uuid: str, *, target: str) -> float | None:
    return block_jobs.merge_progress(conn, uuid, target)


def _abort(conn: object, uuid: str, *, target: str) -> None:
    block_jobs.abort_merge(conn, uuid, target)


def _lines(domain: Domain, values: Values, *, direction: Direction) -> tuple[str, ...]:
    top = values.text("top") if direction is Direction.COMMIT else ""
    base = values.text("base")
    plan = MergePlan("", direction=direction, target=values.text("disk"), top=top, base=base)
    return merge_lines(domain, plan)


_DISK = Argument(
    "disk",
    ArgumentType.TEXT,
    "The disk, such as vda; it may be left out where there is only one.",
    default="",
    positional=True,
)

ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="disk.commit",
        title="Merge disk overlays",
        help="Copies what an overlay holds into the file below it, and goes on without the "
        "overlay.",
        icon="arrows-in-line-vertical",
        target="domain",
        danger=Danger.DESTROYS,
        consequence="The overlays that are merged are gone; what the machine reads stays the same.",
        arguments=(
            _DISK,
            Argument(
                "top",
                ArgumentType.TEXT,
                "The uppermost file that is merged; empty for the one that takes the writes.",
                default="",
            ),
            Argument(
                "base",
                ArgumentType.TEXT,
                "The file that it goes into; empty for the next one below.",
                default="",
            ),
        ),
        refuse=lambda _: "",
        render=partial(_lines, direction=Direction.COMMIT),
        plan=_planner(commit_plan, has_top=True),
        carry_out=_merge,
        many=False,
    ),
    Action(
        id="disk.pull",
        title="Flatten disk",
        help="Copies what the files below hold into the file that takes the writes, which then "
        "needs them no more; they stay.",
        icon="arrows-in-line-vertical",
        target="domain",
        arguments=(
            _DISK,
            Argument(
                "base",
                ArgumentType.TEXT,
                "The file that it goes on reading from; empty for none.",
                default="",
            ),
        ),
        refuse=lambda _: "",
        render=partial(_lines, direction=Direction.PULL),
        plan=_planner(pull_plan, has_top=False),
        carry_out=_merge,
        many=False,
    ),
)
