"""Deleting snapshots."""

from dataclasses import replace

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, Values
from vmgui.actions.snapshot_lines import delete_lines, snapshot_line
from vmgui.actions.snapshot_storage import read_again, read_storage, refresh_pools_of
from vmgui.actions.virsh import printable
from vmgui.actions.work import Planning, Work
from vmgui.hypervisor import block_jobs, snapshot_calls, volumes
from vmgui.hypervisor.errors import CallFailed, ConnectionLost, VmguiError
from vmgui.insight.delete_steps import DeletePlan, DeleteStep
from vmgui.insight.file_plan import Fate
from vmgui.insight.snapshot_delete import DeleteSpec, delete_plan
from vmgui.inventory.snapshot import Snapshot, snapshot_key


def delete_spec(values: Values) -> DeleteSpec:
    """Return the arguments of the action as a spec."""
    return DeleteSpec(children=values.flag("children"), metadata_only=values.flag("metadata_only"))


async def _plan(planning: Planning[Snapshot]) -> DeletePlan:
    storage = await read_storage(planning)
    plan = delete_plan(storage, planning.record.name, delete_spec(planning.values))
    return plan if plan.refusal else replace(plan, virsh=delete_lines(storage.domain, plan))


async def _delete(work: Work[Snapshot]) -> None:
    plan = work.plan
    assert isinstance(plan, DeletePlan)
    read_again(work)
    done: list[str] = []
    left: list[tuple[str, VmguiError]] = []
    target = next((file.target for file in plan.of(Fate.GROWS)), "")
    for step in plan.steps:
        work.also.append(snapshot_key(work.record.domain, step.snapshot))
        try:
            await _delete_one(work, step, target)
        except VmguiError as error:
            work.job.state_now = await _state_after(work, step, done, error)
            raise
        done.append(printable(step.snapshot))
        for file in step.files:
            try:
                await work.act_on_host(
                    volumes.delete_volume, file.pool.id, file.volume, deadline_s=None
                )
            except VmguiError as error:
                left.append((printable(file.path), error))
    if plan.files:
        await refresh_pools_of(work)
    if left:
        work.job.state_now = (
            f"Deleted: {', '.join(done)}. Still there: {', '.join(path for path, _ in left)}."
        )
        raise CallFailed(
            "The snapshot is deleted, but not all its files.",
            " ".join(f"{path}: {error.why}" for path, error in left),
            "Delete what is left from its storage pool.",
            libvirt_says="\n".join(error.libvirt_says for _, error in left),
        )
    stays = [printable(file.path) for file in plan.of(Fate.LEFT)]
    if stays:
        work.job.note = f"Still there, and used by nobody: {', '.join(stays)}"


async def _state_after(
    work: Work[Snapshot], step: DeleteStep, done: list[str], error: VmguiError
) -> str:
    """Tell how things stand after a snapshot could not be deleted."""
    name = printable(step.snapshot)
    before = f"Deleted: {', '.join(done)}. " if done else ""
    if isinstance(error, ConnectionLost):
        return (
            f"{before}{name} may be merged by half: nothing is lost, for what the machine reads "
            "stays the same throughout. Do it again when the host is back."
        )
    storage = await refresh_pools_of(work)
    if storage is None or not any(each.name == step.snapshot for each in storage.snapshots):
        return before.strip()
    domain = storage.domain
    return (
        f"{before}{name} is still there, and what the machine reads is as it was; "
        f"{printable(domain.name)} is {domain.state}."
    )


async def _delete_one(work: Work[Snapshot], step: DeleteStep, target: str) -> None:
    if step.metadata_only:
        await work.act(snapshot_calls.forget, step.snapshot, deadline_s=None)
        return

    def delete(conn: object, uuid: str) -> None:
        snapshot_calls.delete(conn, uuid, step.snapshot, starts=step.starts)

    def progress(conn: object, uuid: str) -> float | None:
        return block_jobs.merge_progress(conn, uuid, target) if target else None

    # libvirt 9 can't break off the merging of a snapshot.
    await work.watched(delete, progress=progress, abort=None)


def _lines(snapshot: Snapshot, values: Values) -> tuple[str, ...]:
    words = []
    if values.flag("children"):
        words.append("--children")
    if values.flag("metadata_only"):
        words.append("--metadata")
    return (snapshot_line("snapshot-delete", snapshot, *words),)


ACTIONS: tuple[Action[Snapshot], ...] = (
    Action(
        id="snapshot.delete",
        title="Delete snapshot",
        help="Removes a snapshot: what the machine is now stays as it is, and the way back goes.",
        icon="trash",
        target="snapshot",
        danger=Danger.DESTROYS,
        consequence="There is no way back to this snapshot any more; the machine stays as it is.",
        arguments=(
            Argument("children", ArgumentType.FLAG, "All that came after it go too.",
                     default=False),
            Argument(
                "metadata_only",
                ArgumentType.FLAG,
                "libvirt only forgets it; every file stays.",
                default=False,
            ),
        ),
        refuse=lambda _: "",
        render=_lines,
        plan=_plan,
        carry_out=_delete,
        many=False,
    ),
)  # fmt: skip
