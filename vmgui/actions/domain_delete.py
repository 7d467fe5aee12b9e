"""Deleting a virtual machine, and by choice what belongs to it.

The order is chosen so that nothing is lost before everything is known to be allowed: the plan
is read anew and asked, the machine is forced off, snapshots' data are removed, then libvirt
forgets the definition (which it may still refuse), and only then do disks go. A disk that can't
be deleted after that is told by its path.
"""

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, Values
from vmgui.actions.delete_plan import DeletePlan, DeleteSpec, delete_plan
from vmgui.actions.domain_state import is_active
from vmgui.actions.virsh import domain_line, line, printable
from vmgui.actions.work import Work
from vmgui.hypervisor import domains
from vmgui.hypervisor.domains import Kept
from vmgui.hypervisor.errors import CallFailed, NotPossibleNow, VmguiError
from vmgui.inventory.domain import Domain


def spec_of(values: Values) -> DeleteSpec:
    """Return the arguments of the action as a spec."""
    return DeleteSpec(
        disks=values.texts("disks"),
        snapshot_data=values.texts("snapshot_data"),
        nvram=values.flag("nvram"),
        saved_state=values.flag("saved_state"),
        snapshots=values.flag("snapshots"),
        checkpoints=values.flag("checkpoints"),
        force_off=values.flag("force_off"),
    )


def _kept(spec: DeleteSpec, *, nvram: bool) -> tuple[Kept, ...]:
    chosen = (
        (spec.saved_state, Kept.MANAGED_SAVE),
        (spec.snapshots, Kept.SNAPSHOTS),
        (spec.checkpoints, Kept.CHECKPOINTS),
        (nvram and spec.nvram, Kept.NVRAM),
        (nvram and not spec.nvram, Kept.NVRAM_STAYS),
    )
    return tuple(kept for wanted, kept in chosen if wanted)


def _lines(domain: Domain, values: Values) -> tuple[str, ...]:
    spec = spec_of(values)
    lines = []
    if is_active(domain) and spec.force_off:
        lines.append(domain_line("destroy", domain))
    lines += [
        domain_line("snapshot-delete", domain, f"--snapshotname={name}")
        for name in spec.snapshot_data
    ]
    if domain.persistent:
        words = [f"--{kept}" for kept in _kept(spec, nvram=bool(domain.nvram_path))]
        lines.append(domain_line("undefine", domain, *words))
    lines += [line("vol-delete", f"--vol={path}") for path in spec.disks]
    return tuple(lines)


async def _delete(work: Work[Domain]) -> None:
    plan = await delete_plan(work.fleet, work.record)
    spec = spec_of(work.values)
    if reason := plan.refusal(spec):
        raise NotPossibleNow(work.job.failure, reason)
    done: list[str] = []
    try:
        await _remove_definition(work, plan, spec, done)
    except VmguiError:
        if done:
            work.job.state_now = f"It stays defined, with all disks. Done so far: {_join(done)}."
        raise
    name = printable(work.record.name)
    left: list[tuple[str, VmguiError]] = []
    for path in (path for path in plan.deletable if path in spec.disks):
        try:
            await work.act_on_host(domains.delete_volume, path, deadline_s=None)
        except VmguiError as error:
            left.append((printable(path), error))
        else:
            done.append(printable(path))
    work.also += [
        file.pool for file in plan.belongings.files if file.path in spec.disks and file.pool
    ]
    if left:
        paths = _join([path for path, _ in left])
        work.job.state_now = f"{name} is deleted. Still there: {paths}."
        raise CallFailed(
            f"{name} is deleted, but not all its disks.",
            " ".join(f"{path}: {error.why}" for path, error in left),
            "Delete what is left from its storage pool.",
            libvirt_says="\n".join(error.libvirt_says for _, error in left),
        )
    if staying := plan.stays(spec):
        work.job.note = f"Still there: {_join(list(staying))}"


async def _remove_definition(
    work: Work[Domain], plan: DeletePlan, spec: DeleteSpec, done: list[str]
) -> None:
    own = plan.belongings
    if own.active:
        await work.act(domains.force_off, deadline_s=None)
        done.append("forced off")
    for snapshot in spec.snapshot_data:
        await work.act(domains.delete_snapshot, snapshot, deadline_s=None)
        done.append(f"snapshot {printable(snapshot)} deleted")
    if own.persistent:
        # Sent only for what there is: a driver refuses flags that it doesn't know.
        there = DeleteSpec(
            nvram=spec.nvram,
            saved_state=own.has_managed_save,
            snapshots=bool(own.snapshots or own.external_snapshots),
            checkpoints=bool(own.checkpoints),
        )
        kept = _kept(there, nvram=bool(own.nvram_path))
        await work.act(domains.undefine, *kept, deadline_s=None)
    done.append("definition")


def _join(parts: list[str]) -> str:
    return ", ".join(parts)


ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="domain.delete",
        title="Delete",
        help="Removes the machine's definition, and of what belongs to it what is chosen.",
        icon="trash",
        target="domain",
        danger=Danger.DESTROYS,
        consequence="The definition is gone; disks and UEFI variables stay unless they are chosen.",
        arguments=(
            Argument(
                "disks",
                ArgumentType.LIST,
                "Paths of its disks that go too; each is named.",
                default=(),
            ),
            Argument(
                "snapshot_data",
                ArgumentType.LIST,
                "Internal snapshots whose data are removed from disks that stay.",
                default=(),
            ),
            Argument("nvram", ArgumentType.FLAG, "Its UEFI variables go too.", default=False),
            Argument("saved_state", ArgumentType.FLAG, "Its saved memory may go.", default=False),
            Argument(
                "snapshots",
                ArgumentType.FLAG,
                "What libvirt knows of its snapshots may go.",
                default=False,
            ),
            Argument(
                "checkpoints",
                ArgumentType.FLAG,
                "What libvirt knows of its checkpoints may go.",
                default=False,
            ),
            Argument(
                "force_off",
                ArgumentType.FLAG,
                "It is forced off first, where it is not off.",
                default=False,
            ),
        ),
        alone=True,
        refuse=lambda _: "",
        render=_lines,
        carry_out=_delete,
    ),
)
