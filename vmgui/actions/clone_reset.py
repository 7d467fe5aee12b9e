"""Bringing linked clones back to what their template is."""

from dataclasses import dataclass, replace

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, Values
from vmgui.actions.domain_state import all_of, only_persistent
from vmgui.actions.virsh import domain_line, line, option, printable
from vmgui.actions.work import Planning, Work
from vmgui.hypervisor import clones, domains, snapshot_calls, volumes
from vmgui.hypervisor.errors import CallFailed, NotPossibleNow, VmguiError
from vmgui.insight.amounts import counted
from vmgui.insight.clone_reset import Base, NewOverlay, ResetPlan, reset_plan
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import domain_key
from vmgui.inventory.snapshot import snapshot_key


@dataclass(frozen=True, slots=True)
class ResetAllPlan(FilePlan):
    """What resetting all clones of a template would do, a plan for each."""

    clones: tuple[ResetPlan, ...] = ()


async def _plans(planning: Planning[Domain], uuids: tuple[str, ...]) -> tuple[ResetPlan, ...]:
    """Return a plan for each clone, from one reading of the host."""
    uri = planning.record.key.host
    reading = await planning.read(clones.read_for_reset, uuids, uri)
    return tuple(
        _with_lines(
            reset_plan(
                each.storage,
                [Base(base.target, base.path, base.format) for base in each.origin.bases],
                reading.pools,
                each.sources,
                snapshots=planning.values.flag("snapshots"),
            ),
            each.storage.domain,
            start=planning.values.flag("start"),
        )
        for each in reading.clones
    )


async def _plan(planning: Planning[Domain]) -> ResetPlan:
    (plan,) = await _plans(planning, (planning.record.uuid,))
    return plan


async def _plan_all(planning: Planning[Domain]) -> ResetAllPlan:
    template = planning.record
    found = [
        each
        for each in planning.inventory.of(Domain, template.key.host)
        if each.clone_of == template.uuid
    ]
    title = f"Reset all clones of {template.name}"
    if not found:
        return ResetAllPlan(title, refusal=f"{template.name} has no linked clones on this host.")
    plans = await _plans(planning, tuple(each.uuid for each in found))
    refused = [each for each in plans if each.refusal]
    freed = [each.frees_bytes for each in plans if each.frees_bytes is not None]
    return ResetAllPlan(
        title,
        files=tuple(file for each in plans for file in each.files),
        machine="isn't touched",
        loses=tuple(sentence for each in plans for sentence in each.loses),
        warnings=(
            *(f"{each.name} stays as it is: {each.refusal}" for each in refused),
            *(f"{each.name}: {warning}" for each in plans for warning in each.warnings),
        ),
        refusal=refused[0].refusal if len(refused) == len(plans) else "",
        frees_bytes=sum(freed) if len(freed) == len(plans) else None,
        virsh=tuple(line for each in plans for line in each.virsh),
        clones=plans,
    )


async def _reset(work: Work[Domain]) -> None:
    assert isinstance(work.plan, ResetPlan)
    await _reset_one(work, work.plan)


async def _reset_all(work: Work[Domain]) -> None:
    assert isinstance(work.plan, ResetAllPlan)
    uri = work.record.key.host
    failed: list[tuple[str, VmguiError]] = []
    parts = [
        work.child("Reset", domain_key(uri, plan.uuid), plan.name, plan.virsh)
        for plan in work.plan.clones
    ]
    work.job.cancel_with(work.job.tell)
    for plan, part in zip(work.plan.clones, parts, strict=True):
        if work.job.cancel_asked:
            break
        try:
            async with work.within(part):
                if plan.refusal:
                    raise NotPossibleNow(part.failure, plan.refusal)
                await _reset_one(work, plan)
        except VmguiError as error:
            failed.append((printable(plan.name), error))
        work.job.show_progress((parts.index(part) + 1) / len(parts))
    work.job.cancel_with(None)
    done = len([part for part in parts if part.state == "done"])
    if failed:
        work.job.state_now = f"{done} of {counted(len(parts), 'clone')} are as they were made."
        raise CallFailed(
            f"{counted(len(failed), 'clone')} of {len(parts)} could not be reset: "
            f"{', '.join(name for name, _ in failed)}.",
            failed[0][1].why,
            failed[0][1].what_to_do,
            libvirt_says=failed[0][1].libvirt_says,
        )


async def _reset_one(work: Work[Domain], plan: ResetPlan) -> None:
    """Reset a clone; until it has its new files nothing that it had is gone."""
    clone = domain_key(work.record.key.host, plan.uuid)
    work.also += [clone, *(snapshot_key(clone, name) for name in plan.snapshots)]
    work.also += sorted({each.pool for each in plan.overlays})
    made: list[NewOverlay] = []
    try:
        for overlay in plan.overlays:
            await _make(work, overlay)
            made.append(overlay)
        await _move(work, plan)
    except BaseException:
        await _take_back(work, plan, made)
        raise
    for name in plan.snapshots:
        # Its data lie inside the file that goes: what libvirt knows of it goes with it.
        await work.act_on_host(snapshot_calls.forget, plan.uuid, name)
    await _remove_old(work, plan)
    if work.values.flag("start"):
        await work.act_on_host(domains.start, plan.uuid, deadline_s=None)


async def _make(work: Work[Domain], overlay: NewOverlay) -> None:
    await work.act_on_host(
        volumes.make_volume,
        overlay.pool.id,
        overlay.volume,
        "qcow2",
        overlay.virtual_bytes,
        (overlay.base, overlay.base_format),
        deadline_s=None,
    )


async def _move(work: Work[Domain], plan: ResetPlan) -> None:
    """Let the clone go on with its new files; of many clones it is long since the plan was made."""
    await work.act_on_host(clones.check_as_read, plan.uuid, plan.sources, plan.snapshots)
    if plan.forces_off:
        await work.act_on_host(domains.force_off, plan.uuid, deadline_s=None)
    files = {each.target: each.path for each in plan.overlays if each.old}
    await work.act_on_host(clones.give_disks, plan.uuid, files, plan.sources, plan.snapshots)
    if plan.discards_saved:
        await work.act_on_host(domains.discard_saved, plan.uuid)


async def _take_back(work: Work[Domain], plan: ResetPlan, made: list[NewOverlay]) -> None:
    """Remove new files that the clone doesn't have; one that it has stays, whatever failed."""
    work.job.state_now = f"{printable(plan.name)} has all that it wrote."
    left = []
    for overlay in made:
        try:
            if not await work.act_on_host(clones.has_disk, plan.uuid, overlay.path):
                await work.act_on_host(volumes.delete_volume, overlay.pool.id, overlay.volume)
        except VmguiError:
            left.append(printable(overlay.path))
    if left:
        work.job.state_now += f" Left over, unless it has it as a disk: {', '.join(left)}."


async def _remove_old(work: Work[Domain], plan: ResetPlan) -> None:
    left: list[tuple[str, VmguiError]] = []
    for overlay in plan.overlays:
        if overlay.old:
            try:
                await work.act_on_host(
                    volumes.delete_volume, overlay.pool.id, overlay.old_volume, deadline_s=None
                )
            except VmguiError as error:
                left.append((printable(overlay.old), error))
    if left:
        raise CallFailed(
            f"{printable(plan.name)} is reset, but what it wrote is still there.",
            " ".join(f"{path}: {error.why}" for path, error in left),
            "Delete it from its storage pool.",
            libvirt_says=left[0][1].libvirt_says,
        )


def _with_lines(plan: ResetPlan, domain: Domain, *, start: bool) -> ResetPlan:
    lines = [
        line(
            "vol-create-as", each.pool.id, each.volume, f"{each.virtual_bytes}B",
            "--format", "qcow2", "--backing-vol", each.base,
            "--backing-vol-format", each.base_format,
        )
        for each in plan.overlays
    ]  # fmt: skip
    if plan.forces_off:
        lines.append(domain_line("destroy", domain))
    moved = [each for each in plan.overlays if each.old]
    if moved:
        files = ", ".join(f"{each.target}: {printable(each.path)}" for each in moved)
        lines.append(f"{domain_line('edit', domain)}  # {files}")
    if plan.discards_saved:
        lines.append(domain_line("managedsave-remove", domain))
    lines += [
        domain_line("snapshot-delete", domain, *option("snapshotname", name), "--metadata")
        for name in plan.snapshots
    ]
    lines += [line("vol-delete", f"--vol={each.old}") for each in moved]
    if start:
        lines.append(domain_line("start", domain))
    return replace(plan, virsh=tuple(lines))


def _lines(domain: Domain, _: Values) -> tuple[str, ...]:
    """Return where the lines begin; which files it is about is known once the host was read."""
    look = domain_line("domblklist", domain, "--inactive")
    return (f"{look}  # then destroy it, vol-delete its overlays and vol-create-as them anew",)


def _lines_of_all(domain: Domain, _: Values) -> tuple[str, ...]:
    look = domain_line("domblklist", domain, "--inactive")
    return (f"{look}  # then for each clone: destroy, vol-delete, vol-create-as",)


def _only_clone(domain: Domain) -> str:
    return "" if domain.clone_of else f"{domain.name} is no linked clone."


_ARGUMENTS = (
    Argument("snapshots", ArgumentType.FLAG, "Its snapshots may go.", default=False),
    Argument("start", ArgumentType.FLAG, "Start it again afterwards.", default=False),
)

ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="clone.reset",
        title="Reset to template",
        help="Forces a linked clone off and gives it back the disks that it was made with.",
        icon="arrow-counter-clockwise",
        target="domain",
        danger=Danger.DESTROYS,
        consequence="It is forced off, and all that it wrote since it was cloned is gone; its "
        "definition and its template stay.",
        arguments=_ARGUMENTS,
        refuse=all_of(_only_clone, only_persistent),
        render=_lines,
        plan=_plan,
        carry_out=_reset,
    ),
    Action(
        id="clone.reset-all",
        title="Reset all clones",
        help="Forces all linked clones of a machine off and gives them back the disks that they "
        "were made with.",
        icon="arrow-counter-clockwise",
        target="domain",
        on_templates=True,
        danger=Danger.DESTROYS,
        consequence="The clones are forced off, and all that they wrote since they were cloned is "
        "gone; their definitions and the template stay.",
        many=False,
        arguments=_ARGUMENTS,
        refuse=only_persistent,
        render=_lines_of_all,
        plan=_plan_all,
        carry_out=_reset_all,
    ),
)
