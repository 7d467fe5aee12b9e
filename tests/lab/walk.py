"""Steps over real images whose machines are off, and the model of what each disk must hold.

Machines are written to by QEMU's own tools on the host, and changed by the real actions alone.
What a plan refuses must change nothing, and what it allows must do what it said.
"""

import shlex
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import libvirt
from hypothesis import strategies as st

from tests.lab.snapshot_place import Machine, on_host
from vmgui.actions.clone_reset import ResetAllPlan
from vmgui.actions.delete_plan import DeleteSpec, delete_plan
from vmgui.actions.domain_clone import CloneFilePlan
from vmgui.actions.job import Job, JobState
from vmgui.actions.registry import standard
from vmgui.actions.runner import UNCHANGED
from vmgui.hypervisor.errors import NotPossibleNow
from vmgui.insight.clone_spec import DiskChoice
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.domain import Domain
from vmgui.inventory.snapshot import Snapshot
from vmgui.lab import LabHost

T = TypeVar("T")

_REGIONS = 8
_REGION_BYTES = 128 * 1024
_MACHINES = 4

Content = tuple[int, ...]
"""The byte that each region of a disk is full of."""

_EMPTY: Content = (0,) * _REGIONS


@dataclass
class Model:
    """What must be of one machine: its disks' contents, those of each snapshot, and their order.

    ``made`` is what the disks that are linked go back to, ``shared`` those that are another's.
    """

    now: dict[str, Content]
    made: dict[str, Content] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    states: dict[str, dict[str, Content]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    current: str = ""
    is_template: bool = False

    def take(self, name: str, left_out: Iterable[str] = ()) -> None:
        out = self.shared.union(left_out)
        self.states[name] = {
            target: content for target, content in self.now.items() if target not in out
        }
        self.parents[name] = self.current
        self.current = name

    def revert(self, name: str) -> None:
        # A disk that was left out stays as it is.
        self.now, self.current = self.now | self.states[name], name

    def delete(self, name: str) -> None:
        parent = self.parents.pop(name)
        del self.states[name]
        for child, its in self.parents.items():
            if its == name:
                self.parents[child] = parent
        if self.current == name:
            self.current = parent

    def family(self, name: str) -> list[str]:
        """Return a snapshot and all that came after it, the last ones first."""
        children = [child for child, parent in self.parents.items() if parent == name]
        return [each for child in children for each in self.family(child)] + [name]

    def reset(self) -> None:
        self.now |= self.made
        self.states, self.parents, self.current = {}, {}, ""


class Walk:
    """One walk: ``draw`` decides; ``done`` and ``refused`` count the steps by their names.

    ``steps`` is what was done, for whoever has to find out why it failed.
    """

    def __init__(
        self,
        source: Machine,
        draw: Callable[[st.SearchStrategy[Any]], Any],
        done: Counter[str],
        refused: Counter[str],
    ) -> None:
        self.source = source
        self.machines = {"source": source}
        self.models = {"source": Model(dict.fromkeys(source.disks(), _EMPTY))}
        self.steps: list[str] = []
        self._draw = draw
        self._done = done
        self._refused = refused
        self._step = ""
        self._numbers = Counter[str]()

    async def step(self, name: str) -> None:
        """Write somewhere, do something, and look at everything."""
        self.write()
        self._step = name
        await getattr(self, f"_{name}")()
        self.check()

    def write(self) -> None:
        """Write to a disk of a machine that is no template: only vmgui itself spares those."""
        free = [who for who, model in self.models.items() if not model.is_template]
        if not free:
            return
        # The first walk draws nothing but the first of all: the number leads it about.
        turn = self._next("turn")
        who = self._pick(free[turn % len(free) :] + free[: turn % len(free)])
        model = self.models[who]
        target = self._pick([each for each in model.now if each not in model.shared])
        region = (turn + self._draw(st.integers(0, _REGIONS - 1))) % _REGIONS
        self.write_to(who, target, region)

    def write_to(self, who: str, target: str, region: int) -> None:
        """Fill a region of a disk with a byte of its own."""
        machine, model = self.machines[who], self.models[who]
        byte = self._next("write") % 255 + 1
        self.steps.append(f"write {byte} to region {region} of {target} of {who}")
        path, form = machine.disks()[target]
        write = f"write -P {byte} {region * _REGION_BYTES} {_REGION_BYTES}"
        on_host(machine.host, "qemu-io", "-f", form, "-c", write, path)
        now = list(model.now[target])
        now[region] = byte
        model.now[target] = tuple(now)

    def check(self) -> None:
        """Compare everything that can be read with the model, and check all images."""
        wanted: dict[tuple[str, str, str], tuple[Content, str]] = {}

        def want(place: tuple[str, str, str], content: Content, what: str) -> None:
            before, other = wanted.setdefault(place, (content, what))
            assert before == content, f"{place}: {what} and {other} can't both be there"

        for who, machine in self.machines.items():
            model = self.models[who]
            assert machine.state == "off"
            assert machine.record.is_template == model.is_template
            assert machine.snapshots() == model.parents, who
            found = {s.name: s for s in machine.inventory.of(Snapshot) if s.domain == machine.key}
            current = [name for name, s in found.items() if s.current]
            assert current == list(filter(None, [model.current])), who
            disks = machine.disks()
            assert disks.keys() == model.now.keys(), who
            for target, (path, form) in disks.items():
                want((path, form, ""), model.now[target], f"{target} of {who}")
            for name, contents in model.states.items():
                snapshot = found[name]
                assert snapshot.then is not None
                for disk in snapshot.then.disks:
                    if disk.target in contents:
                        place = (disk.source, disk.format, "" if snapshot.external else name)
                        want(place, contents[disk.target], f"{disk.target} of {who} at {name}")
        images = [path for path in sorted(self.source.files()) if path.endswith(".qcow2")]
        held = read_all(self.source.host, images, list(wanted))
        for place, (content, what) in wanted.items():
            assert held[place] == content, (what, place)

    async def _take(self) -> None:
        await self._take_a("external")

    async def _take_inside(self) -> None:
        await self._take_a("internal")

    async def _take_a(self, kind: str) -> None:
        who = self._pick(list(self.machines))
        targets = list(self.models[who].now)
        is_part = len(targets) > 1 and self._draw(st.integers(0, 4)) == 4
        await self.take(who, kind, [self._pick(targets)] if is_part else [])

    async def take(self, who: str, kind: str, left_out: list[str]) -> None:
        """Take a snapshot under the next name: s1, s2 and so on."""
        name = f"s{self._next('snapshot')}"
        if await self._do("snapshot.create", who, name=name, kind=kind, leave_out=left_out):
            self.models[who].take(name, left_out)

    async def _revert(self) -> None:
        who, name = self._pick_snapshot()
        if not name:
            return
        keep = self._draw(st.sampled_from((False, False, True)))
        kept = f"s{self._next('snapshot')}" if keep else ""
        if await self._do("snapshot.revert", who, name, keep=keep, keep_name=kept):
            if keep:
                self.models[who].take(kept)
            self.models[who].revert(name)

    async def _delete(self) -> None:
        who, name = self._pick_snapshot()
        if name and await self._do("snapshot.delete", who, name):
            self.models[who].delete(name)

    async def _forget(self) -> None:
        who, name = self._pick_snapshot()
        if name:
            await self.forget(who, name)

    async def forget(self, who: str, name: str) -> None:
        """Have libvirt forget a snapshot, all of whose files stay."""
        if await self._do("snapshot.delete", who, name, metadata_only=True):
            self.models[who].delete(name)

    async def _delete_family(self) -> None:
        who, name = self._pick_snapshot()
        if name and await self._do("snapshot.delete", who, name, children=True):
            for each in self.models[who].family(name):
                self.models[who].delete(each)

    async def _commit(self) -> None:
        who = self._pick(list(self.machines))
        await self._do("disk.commit", who, disk=self._pick(list(self.models[who].now)))

    async def _pull(self) -> None:
        who = self._pick(list(self.machines))
        await self._do("disk.pull", who, disk=self._pick(list(self.models[who].now)))

    async def _clone_full(self) -> None:
        await self._clone(self._pick(list(self.machines)), kind="full")

    async def _clone_linked(self) -> None:
        await self._clone(self._pick(list(self.machines)), kind="linked", base="overlay")

    async def _clone_template(self) -> None:
        await self._clone(self._pick(list(self.machines)), kind="linked", base="template")

    async def _clone_snapshot(self) -> None:
        who, name = self._pick_snapshot()
        if name:
            kind = self._draw(st.sampled_from(("linked", "full")))
            await self._clone(who, name, kind=kind)

    async def _clone(self, who: str, snapshot: str = "", **arguments: Any) -> None:
        """Clone a machine, with another choice for its second disk now and then."""
        if len(self.machines) >= _MACHINES:
            return
        model = self.models[who]
        clone = f"c{self._next('clone')}"
        choices = []
        if "vdb" in model.now:
            choice = self._draw(st.sampled_from(("", "full", "linked", "empty", "out", "shared")))
            choices = [f"vdb={choice}"] if choice else []
        plan = await self._do(
            "domain.clone", who, pattern=f"{self.source.name}-{clone}", snapshot=snapshot,
            disks=choices, **arguments,
        )  # fmt: skip
        if plan is None:
            return
        assert isinstance(plan, CloneFilePlan)
        assert plan.clones is not None
        (made,) = plan.clones.machines
        of = model.states[snapshot] if snapshot else model.now
        held = {
            disk.target: _EMPTY if disk.choice is DiskChoice.EMPTY else of[disk.target]
            for disk in made.disks
            if disk.choice is not DiskChoice.OUT
        }
        linked = [disk.target for disk in made.disks if disk.choice is DiskChoice.LINKED]
        shared = [disk.target for disk in made.disks if disk.choice is DiskChoice.SHARED]
        self.models[clone] = Model(
            held, {target: held[target] for target in linked}, frozenset(shared)
        )
        domain = self.source.conn.lookupByUUIDString(made.uuid)
        self.machines[clone] = replace(self.source, domain=domain)
        if plan.clones.freeze is not None:
            model.take(plan.clones.freeze.name, [each for each in model.now if each not in linked])
        model.is_template |= plan.clones.base == "template"

    async def _mark(self) -> None:
        who = self._pick(list(self.machines))
        if await self._do("template.mark", who):
            self.models[who].is_template = True

    async def _release(self) -> None:
        who = self._pick(list(self.machines))
        if await self._do("template.release", who):
            self.models[who].is_template = False

    async def _reset(self) -> None:
        who = self._pick([each for each in self.machines if each != "source"])
        if who and await self._do("clone.reset", who, snapshots=self._draw(st.booleans())):
            self.models[who].reset()

    async def _reset_all(self) -> None:
        who = self._pick(list(self.machines))
        machine = self.machines[who]
        plan = await machine.plan("clone.reset-all", snapshots=True)
        assert isinstance(plan, ResetAllPlan)
        reset = [each.uuid for each in plan.clones if not each.refusal]
        is_partial = not plan.refusal and len(reset) < len(plan.clones)
        if await self._do("clone.reset-all", who, fails=is_partial, snapshots=True):
            for clone, its in self.machines.items():
                if its.domain.UUIDString() in reset:
                    self.models[clone].reset()

    async def _remove(self) -> None:
        """Delete a clone with the disks that nothing stands against, or with all of them."""
        who = self._pick([each for each in self.machines if each != "source"])
        if not who:
            return
        machine = self.machines[who]
        plan = await delete_plan(machine.fleet, machine.record)
        is_greedy = self._draw(st.sampled_from((False, False, True)))
        chosen = [file.path for file in plan.files if is_greedy or not file.refusal]
        spec = DeleteSpec(disks=tuple(chosen), snapshots=True)
        files = self.source.files()
        if await self._do("domain.delete", who, why=plan.refusal(spec), disks=chosen,
                          snapshots=True):  # fmt: skip
            assert self.source.files() == files - set(chosen)
            assert machine.inventory.get(machine.key) is None
            del self.machines[who], self.models[who]

    async def _do(
        self,
        action: str,
        who: str,
        at: str = "",
        /,
        *,
        why: str | None = None,
        fails: bool = False,
        **arguments: Any,
    ) -> FilePlan | None:
        """Do it as planned; None where it is refused, and then nothing may have changed.

        ``why`` is the refusal of what has no plan; what ``fails`` does a part of it all the same.
        """
        self.steps.append(f"{action} of {who} {at} {arguments}")
        machine = self.machines[who]
        plan = FilePlan(action)
        if why is None:
            plan = await machine.plan(action, at, **arguments)
        refusal = why or plan.refusal or _refusal(action, machine.record)
        before = self._all()
        job = await machine.run(action, at, **arguments)
        if refusal:
            self.steps[-1] += f" refused: {refusal}"
            self._refused[self._step] += 1
            _assert_refused(job)
            assert self._all() == before
            return None
        expected = JobState.FAILED if fails else JobState.DONE
        assert job.state is expected, (job.error, job.state_now)
        self._done[self._step] += 1
        there = self.source.files()
        for path, fate in {file.path: file.fate for file in plan.files}.items():
            assert (path in there) == (fate != "removed"), (fate, path, there)
        return plan

    def _all(self) -> tuple[set[str], dict[str, tuple[str, list[str]]]]:
        """Return the files, the definitions, and the snapshots with what libvirt knows of them."""
        return self.source.files(), {
            who: (
                machine.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE),
                sorted(each.getXMLDesc() for each in machine.domain.listAllSnapshots()),
            )
            for who, machine in self.machines.items()
        }

    def _pick(self, among: list[T]) -> T | Any:
        """Draw one; "" where there is none."""
        return self._draw(st.sampled_from(among)) if among else ""

    def _pick_snapshot(self) -> tuple[str, str]:
        who = self._pick([each for each, model in self.models.items() if model.states])
        return (who, self._pick(list(self.models[who].states))) if who else ("", "")

    def _next(self, what: str) -> int:
        self._numbers[what] += 1
        return self._numbers[what]


def _refusal(action: str, record: Domain) -> str:
    """Tell why an action is refused by what is known of the machine alone."""
    known = standard().get(action)
    return known.spare(record) or (known.refuse(record) if known.target == "domain" else "")


def _assert_refused(job: Job) -> None:
    assert job.state is JobState.FAILED
    assert isinstance(job.error, NotPossibleNow), job.error
    assert job.state_now == UNCHANGED


def read_all(
    host: LabHost, images: list[str], places: list[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Content]:
    """Return what each place holds: an image and its format, and maybe a snapshot inside it.

    Fails where one of ``images`` is damaged.
    """
    lines = ["set -e", "out=$(mktemp)", "trap 'rm -f $out' EXIT"]
    lines += [f"qemu-img check -q {shlex.quote(path)} >&2" for path in images]
    for path, form, inside in places:
        which = f"-l {shlex.quote(f'snapshot.name={inside}')}" if inside else ""
        lines += [f"qemu-img convert -f {form} {which} -O raw {shlex.quote(path)} $out", "cat $out"]
    done = subprocess.run(
        ["nsenter", "--target", str(host.init_pid), "--mount", "--", "sh", "-xs"],
        input="\n".join(lines).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    size = _REGIONS * _REGION_BYTES
    assert len(done.stdout) == len(places) * size
    return {place: _content(done.stdout[i * size :][:size]) for i, place in enumerate(places)}


def _content(raw: bytes) -> Content:
    regions = [raw[i : i + _REGION_BYTES] for i in range(0, len(raw), _REGION_BYTES)]
    for region in regions:
        assert region == region[:1] * _REGION_BYTES
    return tuple(region[0] for region in regions)
