"""Cloning a machine, once or many times: one job with a part for each clone.

A clone's files are made first and its definition last, so that there is never a machine without
its disks. What an unfinished clone has made is removed again; finished clones stay or go, as
was chosen.
"""

import asyncio
from dataclasses import dataclass, field, fields, replace

from vmgui.actions.action import Action, Values
from vmgui.actions.clone_arguments import ARGUMENTS, spec_of
from vmgui.actions.clone_facts import clone_facts
from vmgui.actions.clone_lines import (
    clone_script,
    definition,
    machine_lines,
    pool_of,
    source_lines,
)
from vmgui.actions.domain_state import only_persistent
from vmgui.actions.job import Job
from vmgui.actions.snapshot_create import carry_out_take
from vmgui.actions.virsh import domain_line, printable
from vmgui.actions.work import Planning, Work
from vmgui.hypervisor import clones, domains, volumes
from vmgui.hypervisor.cloud_init import seed_image
from vmgui.hypervisor.domains import Kept
from vmgui.hypervisor.errors import (
    CallFailed,
    CallLate,
    Cancelled,
    ConnectionFailed,
    ConnectionLost,
    NoSpace,
    VmguiError,
)
from vmgui.hypervisor.sysprep import sysprep
from vmgui.insight.amounts import counted
from vmgui.insight.clone_plan import CloneFacts, ClonePlan, PlannedDisk, PlannedMachine
from vmgui.insight.clone_planner import plan_clones
from vmgui.insight.clone_spec import BaseFate, DiskChoice, GuestName, WhenFailed
from vmgui.insight.file_plan import FilePlan
from vmgui.insight.machine_files import listed
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import domain_key
from vmgui.inventory.storage import Pool

_PROGRESS_EVERY_S = 0.5

_CLEAN_UP_WITHIN_S = 30.0
"""How long the host may be away before what is left there is only named."""


@dataclass(frozen=True, slots=True)
class CloneFilePlan(FilePlan):
    """The files of clones, with the whole plan behind them and the facts that it was made from."""

    clones: ClonePlan | None = None
    facts: CloneFacts | None = None


@dataclass(slots=True)
class _Made:
    """What a clone has so far; ``half`` is a file of which nobody knows whether it is there."""

    machine: PlannedMachine
    volumes: list[str] = field(default_factory=list)
    half: str = ""
    defined: bool = False


async def _plan(planning: Planning[Domain]) -> CloneFilePlan:
    spec = spec_of(planning.values)
    facts = await clone_facts(planning.fleet, planning.inventory, planning.record, spec.snapshot)
    plan = plan_clones(facts, spec)
    known = {each.name: getattr(plan.files, each.name) for each in fields(FilePlan)}
    known["virsh"] = clone_script(facts, plan) if plan.ready else ()
    return CloneFilePlan(**known, clones=plan, facts=facts)


async def _clone(work: Work[Domain]) -> None:
    assert isinstance(work.plan, CloneFilePlan)
    assert work.plan.clones is not None
    assert work.plan.facts is not None
    await _Cloning(work, work.plan.facts, work.plan.clones).run()


class _Cloning:
    """One run of the job."""

    def __init__(self, work: Work[Domain], facts: CloneFacts, plan: ClonePlan) -> None:
        self._work = work
        self._facts = facts
        self._plan = plan
        self._pool: Pool | None = pool_of(facts, plan) if plan.space.pool is not None else None
        self._done: list[_Made] = []
        self._failed: list[tuple[PlannedMachine, VmguiError]] = []
        self._left: list[str] = []
        copied = [disk for disk in plan.disks if disk.choice is DiskChoice.FULL]
        self._total_bytes = sum(disk.now_bytes or 0 for disk in copied) * plan.spec.count
        self._copied_bytes = 0

    async def run(self) -> None:
        """Make them all; raises VmguiError that tells what was made and what not."""
        work, plan = self._work, self._plan
        uri = work.record.key.host
        work.also += [domain_key(uri, machine.uuid) for machine in plan.machines]
        if self._pool is not None:
            work.also.append(self._pool.key)
        before = self._keep_source()
        parts = [
            work.child(
                "Clone" if plan.spec.count == 1 else f"Clone {machine.number}",
                domain_key(uri, machine.uuid),
                machine.name,
                machine_lines(self._facts, plan, machine),
            )
            for machine in plan.machines
        ]
        work.job.cancel_with(self._say_that_it_ends)
        if before is not None:
            await self._freeze(before)
        for machine, part in zip(plan.machines, parts, strict=True):
            if work.job.cancel_asked or (self._failed and _stops(self._failed[-1][1])):
                break
            await self._try(machine, part)
            if not self._total_bytes:
                work.job.show_progress((parts.index(part) + 1) / len(parts))
        work.job.cancel_with(None)
        if self._failed or work.job.cancel_asked:
            await self._give_up()
        made = listed(printable(each.machine.name) for each in self._done)
        work.job.note = f"Made: {made}."
        if plan.spec.start:
            await self._start()

    def _say_that_it_ends(self) -> None:
        self._work.job.note = "It ends with the file that is being copied, which is removed then."

    def _keep_source(self) -> Job | None:
        lines = source_lines(self._facts, self._plan)
        record = self._work.record
        if self._plan.base is None:
            return None
        title = "Freeze the files of" if self._plan.freeze is not None else "Make a template of"
        return self._work.child(title, record.key, record.name, lines)

    async def _freeze(self, part: Job) -> None:
        work = self._work
        async with work.within(part):
            if self._plan.freeze is not None:
                await carry_out_take(work, self._plan.freeze)
            else:
                origin = await work.act(clones.get_origin)
                await work.act(clones.set_origin, replace(origin, is_template=True))

    async def _try(self, machine: PlannedMachine, part: Job) -> None:
        made = _Made(machine)
        try:
            async with self._work.within(part):
                try:
                    await self._make(made, part)
                except BaseException as error:
                    # Also where vmgui itself ends: but then nobody waits for the host.
                    wait = isinstance(error, VmguiError) and _is_cut(error)
                    left = await asyncio.shield(self._undo(made, wait=wait))
                    part.state_now = _state_of(left)
                    self._left += left
                    raise
        except VmguiError as error:
            self._failed.append((machine, error))
        else:
            self._done.append(made)

    async def _make(self, made: _Made, part: Job) -> None:
        work, machine = self._work, made.machine
        for disk in machine.disks:
            if disk.volume:
                await self._make_disk(made, disk, part)
        if machine.nvram:
            source = self._facts.storage.next_start or self._facts.storage.domain
            name = machine.nvram.rpartition("/")[2]
            await self._volume(made, name, volumes.copy_volume, "raw", 0, source.nvram_path)
        if machine.seed_path:
            data = seed_image(machine.uuid, machine.hostname)
            name = machine.seed_path.rpartition("/")[2]
            await self._volume(made, name, volumes.fill_volume, data)
        self._stop_if_asked()
        if self._plan.spec.guest is GuestName.SYSPREP:
            paths = tuple(disk.path for disk in machine.disks if disk.volume)
            await sysprep(paths, machine.hostname, part.failure)
        xml = definition(self._facts, self._plan, machine)
        if not self._plan.spec.snapshot:
            await work.act(clones.check_still_off)
        if frozen_by := self._frozen_by():
            read = tuple(path for each in machine.disks if (path := each.source or each.backing))
            await work.act(clones.check_still_frozen, frozen_by, read)
        await work.act_on_host(clones.define, xml)
        made.defined = True

    def _frozen_by(self) -> str:
        """Return the name of the snapshot that keeps what is cloned as it is, "" for none."""
        freeze = self._plan.freeze
        return self._plan.spec.snapshot or (freeze.name if freeze is not None else "")

    async def _make_disk(self, made: _Made, disk: PlannedDisk, part: Job) -> None:
        virtual = disk.virtual_bytes or 0
        if disk.choice is DiskChoice.FULL:
            copy = asyncio.ensure_future(
                self._volume(
                    made, disk.volume, volumes.copy_volume, disk.format, virtual, disk.source
                )
            )
            try:
                await self._watch(copy, disk, part)
            finally:
                copy.cancel()
            await copy
        else:
            await self._volume(
                made,
                disk.volume,
                volumes.make_volume,
                disk.format,
                virtual,
                (disk.backing, disk.backing_format),
            )
        self._stop_if_asked()

    async def _volume(self, made: _Made, name: str, make: object, *args: object) -> None:
        """Make a file; until it is there nobody knows whether a broken connection left it."""
        assert self._pool is not None
        assert callable(make)
        made.half = name
        try:
            await self._work.act_on_host(make, self._pool.key.id, name, *args, deadline_s=None)
        except VmguiError as error:
            if not _is_cut(error):
                # libvirt takes back what it couldn't finish; and a file that was there before,
                # which is why it refused, is somebody else's.
                made.half = ""
            raise
        made.half = ""
        made.volumes.append(name)

    async def _watch(self, copy: "asyncio.Future[None]", disk: PlannedDisk, part: Job) -> None:
        """Show how much of a copy is there, for as long as it takes."""
        source = next(each for each in self._plan.disks if each.disk.target == disk.target)
        expected = source.now_bytes or 0
        so_far = 0
        while not (await asyncio.wait({copy}, timeout=_PROGRESS_EVERY_S))[0]:
            so_far = await self._bytes_of(disk.volume, so_far)
            part.show_bytes(so_far, expected)
            self._work.job.show_bytes(self._copied_bytes + so_far, self._total_bytes)
        self._copied_bytes += expected
        part.show_bytes(expected, expected)
        self._work.job.show_bytes(self._copied_bytes, self._total_bytes)

    async def _bytes_of(self, volume: str, so_far: int) -> int:
        assert self._pool is not None
        try:
            return await self._work.fleet.call(
                self._pool.key.host,
                volumes.volume_bytes,
                self._pool.key.id,
                volume,
                what="How far the copy is can't be seen.",
            )
        except VmguiError:
            return so_far  # progress is a courtesy; the copy itself tells what went wrong

    def _stop_if_asked(self) -> None:
        if self._work.job.cancel_asked:
            raise Cancelled(self._work.job.failure, "You cancelled it.")

    async def _undo(self, made: _Made, *, wait: bool) -> list[str]:
        """Remove what a clone has made, the definition first; return what can't be removed."""
        if made.defined:
            try:
                await self._work.act_on_host(
                    clones.take_back, made.machine.uuid, *self._kept(made.machine)
                )
            except VmguiError:
                return [f"the machine {printable(made.machine.name)} with its disks"]
            made.defined = False
        within_s = _CLEAN_UP_WITHIN_S if wait else 0.0
        names = [*reversed(made.volumes), *([made.half] if made.half else [])]
        return [name for name in names if not await self._remove(name, within_s=within_s)]

    def _kept(self, machine: PlannedMachine) -> tuple[Kept, ...]:
        source = self._facts.storage.next_start or self._facts.storage.domain
        return (Kept.NVRAM,) if machine.nvram or source.nvram_path else ()

    async def _remove(self, name: str, *, within_s: float) -> bool:
        """Delete a volume, waiting for a host that is away or still at work with it."""
        assert self._pool is not None
        loop = asyncio.get_running_loop()
        give_up_at_s = loop.time() + within_s
        while True:
            try:
                await self._work.act_on_host(volumes.delete_volume, self._pool.key.id, name)
            except VmguiError:
                if loop.time() >= give_up_at_s:
                    return False
                await asyncio.sleep(_PROGRESS_EVERY_S)
            else:
                return True

    async def _give_up(self) -> None:
        """Tell what was made and what not, and remove what was made where that was chosen."""
        if self._plan.spec.when_failed is WhenFailed.REMOVE:
            for made in self._done:
                self._left += await self._undo(made, wait=False)
            self._done.clear()
        self._work.job.note = ""
        self._work.job.state_now = self._how_it_stands()
        if self._work.job.cancel_asked:
            raise Cancelled(self._work.job.failure, "You cancelled it.")
        machine, error = self._failed[0]
        count = self._plan.spec.count
        if count == 1:
            raise error
        numbers = ", ".join(f"{each.number} ({printable(each.name)})" for each, _ in self._failed)
        raise type(error)(
            f"{counted(len(self._failed), 'clone')} of {count} failed: number {numbers}.",
            f"{printable(machine.name)}: {error.why}",
            error.what_to_do,
            libvirt_says=error.libvirt_says,
        )

    def _how_it_stands(self) -> str:
        done = [printable(made.machine.name) for made in self._done]
        count = self._plan.spec.count
        parts = [f"{len(done)} of {counted(count, 'clone')} made"]
        if done:
            parts[0] += f": {', '.join(done)}"
        if self._left:
            pool = printable(self._plan.space.pool_name)
            parts.append(f"Left over: {', '.join(map(printable, self._left))} (pool {pool})")
        else:
            parts.append("Nothing half-made is left")
        if self._plan.freeze is not None:
            parts.append(
                f"{printable(self._work.record.name)} goes on with overlays; delete its snapshot "
                f"{self._plan.freeze.name} to have it as before"
            )
        elif self._plan.base is BaseFate.TEMPLATE:
            parts.append(f"{printable(self._work.record.name)} is a template")
        return ". ".join(parts) + "."

    async def _start(self) -> None:
        refused: list[tuple[str, VmguiError]] = []
        for index, made in enumerate(self._done):
            if index and self._plan.spec.start_every_s:
                await asyncio.sleep(self._plan.spec.start_every_s)
            try:
                await self._work.act_on_host(domains.start, made.machine.uuid, deadline_s=None)
            except VmguiError as error:
                refused.append((printable(made.machine.name), error))
        if refused:
            self._work.job.state_now = "All clones are made."
            raise CallFailed(
                f"The clones are made, but {', '.join(name for name, _ in refused)} didn't start.",
                refused[0][1].why,
                refused[0][1].what_to_do,
                libvirt_says=refused[0][1].libvirt_says,
            )


def _is_cut(error: VmguiError) -> bool:
    """Tell whether nobody knows what became of a call."""
    return isinstance(error, ConnectionLost | ConnectionFailed | CallLate)


def _stops(error: VmguiError) -> bool:
    """Tell whether the other clones would fail in the same way."""
    return _is_cut(error) or isinstance(error, NoSpace | Cancelled)


def _state_of(left: list[str]) -> str:
    return f"Left over: {', '.join(map(printable, left))}." if left else "Nothing of it is left."


def _lines(domain: Domain, _: Values) -> tuple[str, ...]:
    """Return where the lines begin; which files it is about is known once the host was read."""
    look = domain_line("dumpxml", domain, "--inactive")
    return (f"{look}  # then for each clone: vol-create-as or vol-create-from, define",)


ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="domain.clone",
        title="Clone",
        help="Makes machines like this one, each with disks, addresses and a name of its own.",
        icon="copy",
        target="domain",
        on_templates=True,
        many=False,
        arguments=ARGUMENTS,
        refuse=only_persistent,
        render=_lines,
        plan=_plan,
        carry_out=_clone,
    ),
)
