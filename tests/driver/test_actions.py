"""Every action on libvirt's test driver, and its virsh lines run by the real virsh beside it."""

import asyncio
import contextlib
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.worlds import HOSTILE_NAMES, machine_uuid, write_world
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal
from vmgui.actions.registry import standard
from vmgui.actions.runner import Runner
from vmgui.hypervisor.errors import NotAllowed, NotPossibleNow, UnfitText, Vanished
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key

pytestmark = pytest.mark.usefixtures("no_thread_stays")

_MARK = "@@@@@"
WITH_SNAPSHOTS, RUNNING, PAUSED, OFF, SAVED, CRASHED = 0, 1, 12, 14, 15, 19


@dataclass(frozen=True)
class Scenario:
    """An action on the machine of an index, and the state that it leads to; None: it is gone."""

    action: str
    machine: int
    after: DomainState | None
    arguments: dict[str, Any] = field(default_factory=dict)
    snapshot: str = ""

    def __str__(self) -> str:
        return f"{self.action}-{self.machine}-{'-'.join(map(str, self.arguments))}"


SCENARIOS = (
    Scenario("domain.start", OFF, DomainState.RUNNING),
    Scenario("domain.shutdown", RUNNING, DomainState.OFF),
    Scenario("domain.reboot", RUNNING, DomainState.RUNNING),
    Scenario("domain.reset", RUNNING, DomainState.RUNNING),
    *(
        Scenario("domain.force-off", machine, DomainState.OFF)
        for machine in range(len(HOSTILE_NAMES))
        if machine < PAUSED
    ),
    Scenario("domain.force-off", CRASHED, DomainState.OFF),
    Scenario("domain.suspend", RUNNING, DomainState.PAUSED),
    Scenario("domain.resume", PAUSED, DomainState.RUNNING),
    Scenario("domain.save", RUNNING, DomainState.SAVED),
    Scenario("domain.save", PAUSED, DomainState.SAVED),
    Scenario("domain.restore", SAVED, DomainState.RUNNING),
    Scenario("domain.discard-saved", SAVED, DomainState.OFF),
    Scenario("domain.autostart", OFF, DomainState.OFF),
    Scenario("domain.autostart", RUNNING, DomainState.RUNNING, {"state": "off"}),
    Scenario("domain.rename", OFF, DomainState.OFF, {"new_name": "--it's <new>"}),
    Scenario("domain.edit", RUNNING, DomainState.RUNNING, {"title": "--a 'b' \"c\"  d"}),
    Scenario("domain.edit", OFF, DomainState.OFF, {"title": "", "description": "x\ny <z>\\n"}),
    Scenario("domain.edit", RUNNING, DomainState.RUNNING, {"description": ""}),
    Scenario("domain.edit", RUNNING, DomainState.RUNNING, {"tags": ["a b", "<c>", "it's", "ü"]}),
    Scenario("domain.edit", OFF, DomainState.OFF, {"tags": ()}),
    Scenario("domain.tag", RUNNING, DomainState.RUNNING, {"add": ["<new>"], "remove": ["lab"]}),
    Scenario("domain.tag", OFF, DomainState.OFF, {"remove": ["never had"]}),
    Scenario("domain.delete", OFF, None),
    Scenario("domain.delete", SAVED, None, {"saved_state": True}),
    Scenario("domain.delete", RUNNING, None, {"force_off": True}),
    Scenario("domain.delete", WITH_SNAPSHOTS, None, {"force_off": True, "snapshots": True}),
    Scenario(
        "domain.delete",
        WITH_SNAPSHOTS,
        None,
        {"force_off": True, "snapshots": True, "snapshot_data": ["before <update>"]},
    ),
    Scenario("template.mark", OFF, DomainState.OFF),
    Scenario("snapshot.create", OFF, DomainState.OFF, {"name": "--it's <new> {n}"}),
    Scenario("snapshot.create", RUNNING, DomainState.RUNNING, {"description": "a 'b'"}),
    Scenario("snapshot.revert", WITH_SNAPSHOTS, DomainState.RUNNING, snapshot="fresh"),
    Scenario(
        "snapshot.revert", WITH_SNAPSHOTS, DomainState.PAUSED, {"run": "paused"}, "before <update>"
    ),
    Scenario(
        "snapshot.revert", WITH_SNAPSHOTS, DomainState.RUNNING, {"keep": True}, "before <update>"
    ),
    Scenario("snapshot.delete", WITH_SNAPSHOTS, DomainState.RUNNING, {}, "fresh"),
    Scenario("snapshot.delete", WITH_SNAPSHOTS, DomainState.RUNNING, {"children": True}, "fresh"),
    Scenario(
        "snapshot.describe", WITH_SNAPSHOTS, DomainState.RUNNING, {"description": "<b>"}, "fresh"
    ),
    Scenario("snapshot.export", WITH_SNAPSHOTS, DomainState.RUNNING, {"path": "x.xml"}, "fresh"),
)

ON_THE_LAB = {
    "snapshot.rename", "disk.commit", "disk.pull", "domain.clone", "template.release",
    "clone.reset", "clone.reset-all",
    "domain.migrate", "migration.set-bandwidth", "migration.set-downtime", "migration.post-copy",
}  # fmt: skip
"""What needs files behind a machine, or another host: the test driver has neither."""

_NEEDED: dict[str, dict[str, Any]] = {
    "snapshot.rename": {"new_name": "n"},
    "disk.commit": {"disk": "vda"},
    "disk.pull": {"disk": "vda"},
    "domain.migrate": {"to": "elsewhere"},
    "migration.set-bandwidth": {"mib_s": 10},
    "migration.set-downtime": {"ms": 300},
}


@dataclass
class Place:
    uri: str
    fleet: Fleet
    inventory: Inventory
    runner: Runner
    journal: Journal

    def key(self, machine: int) -> Key:
        return domain_key(self.uri, machine_uuid(machine))

    def domain(self, machine: int) -> Domain | None:
        return self.inventory.domain(self.key(machine))

    async def run(self, action: str, machine: int, *, snapshot: str = "", **arguments: Any) -> Job:
        key = self.key(machine)
        target = snapshot_key(key, snapshot) if snapshot else key
        (job,) = self.runner.run(action, target, **arguments)
        async with asyncio.timeout(30):
            await job.wait()
        return job


@asynccontextmanager
async def place(path: Path, *, read_only: bool = False) -> AsyncIterator[Place]:
    uri = write_world(path / "world.xml", domains=20, hostile=True)
    inventory, journal = Inventory(), Journal()
    fleet = Fleet(inventory)
    runner = Runner(inventory, fleet, standard(), journal)
    fleet.connect(uri, "there", read_only=read_only)
    await asyncio.wait_for(fleet.settled(), 30)
    try:
        yield Place(uri, fleet, inventory, runner, journal)
    finally:
        await runner.close()
        await fleet.close()


def test_every_action_has_a_scenario() -> None:
    tried = {scenario.action for scenario in SCENARIOS}
    assert tried | ON_THE_LAB == {a.id for a in standard().all()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
async def test_action_does_what_its_virsh_lines_do(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # virsh edits a snapshot by hand alone; that the words arrive is another test's.
    monkeypatch.setenv("EDITOR", "true")
    async with place(tmp_path) as here:
        before = here.domain(scenario.machine)
        assert before is not None
        job = await here.run(
            scenario.action, scenario.machine, snapshot=scenario.snapshot, **scenario.arguments
        )
        assert (job.state, job.error, job.report) == (JobState.DONE, None, "")
        after = here.domain(scenario.machine)
        assert (after.state if after else None) == scenario.after
        ours = await here.fleet.call(here.uri, _world, what="Look")
    assert _world_after_virsh(here.uri, job.virsh, [uuid for uuid in ours if uuid]) == ours


def _world(conn: libvirt.virConnect) -> dict[str, Any]:
    """Return all that can be seen of each machine."""
    return {
        each.UUIDString(): (
            each.XMLDesc().strip(),
            bool(each.autostart()),
            bool(each.hasManagedSaveImage()),
            sorted(each.snapshotListNames()),
        )
        for each in conn.listAllDomains()
    }


def _world_after_virsh(uri: str, lines: tuple[str, ...], uuids: list[str]) -> dict[str, Any]:
    """Run ``lines`` in one virsh, for the test driver's world lives as long as its process."""
    commands = [line.removeprefix("virsh ").partition("  # ")[0] for line in lines]
    for uuid in uuids:
        commands += [f"echo {_MARK}", f"dumpxml {uuid}", f"echo {_MARK}", f"dominfo {uuid}"]
        commands += [f"echo {_MARK}", f"snapshot-list {uuid} --name"]
    commands += [f"echo {_MARK}", "list --all --uuid"]
    output = _virsh(uri, " ; ".join(commands))
    # What the lines themselves print comes first; then three parts for each machine, then a list.
    _, *parts, listed = output.split(_MARK)
    assert sorted(listed.split()) == sorted(uuids)
    return {
        uuid: (
            xml.strip(),
            re.search(r"Autostart: +enable", info) is not None,
            re.search(r"Managed save: +yes", info) is not None,
            sorted(filter(None, names.strip("\n").split("\n"))),
        )
        for uuid, xml, info, names in zip(uuids, parts[0::3], parts[1::3], parts[2::3], strict=True)
    }


def _virsh(uri: str, commands: str) -> str:
    # virsh 9.0 can hang in managedsave: it waits for a job that ended before it looked. Each try
    # begins with a world that is as it was.
    for _ in range(8):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(
                ["virsh", "-q", "-c", uri, commands],
                capture_output=True,
                text=True,
                check=True,
                timeout=5,
            ).stdout
    pytest.fail("virsh never came back")


async def test_tags_title_and_description_are_read_back(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        text: dict[str, Any] = {
            "title": "T <b>",
            "description": "D\n2",
            "tags": ["x", "y", "x", " "],
        }
        await here.run("domain.edit", OFF, **text)
        domain = here.domain(OFF)
        assert domain is not None
        assert (domain.title, domain.description, domain.tags) == ("T <b>", "D\n2", ("x", "y"))
        await here.run("domain.edit", OFF, title="other")
        domain = here.domain(OFF)
        assert domain is not None
        assert (domain.title, domain.description, domain.tags) == ("other", "D\n2", ("x", "y"))


async def test_a_snapshots_description_is_read_back(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        for text in ("D <x>\n2", ""):
            job = await here.run(
                "snapshot.describe", WITH_SNAPSHOTS, snapshot="fresh", description=text
            )
            assert job.error is None
            snapshot = here.inventory.get(snapshot_key(here.key(WITH_SNAPSHOTS), "fresh"))
            assert isinstance(snapshot, Snapshot)
            assert (snapshot.description, snapshot.current) == (text, False)


async def test_an_exported_snapshot_is_libvirts_xml_and_replaces_nothing(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        path = tmp_path / "fresh.xml"
        arguments: dict[str, Any] = {"snapshot": "fresh", "path": str(path)}
        assert (await here.run("snapshot.export", WITH_SNAPSHOTS, **arguments)).error is None
        assert "<name>fresh</name>" in path.read_text()
        path.write_text("mine")
        again = await here.run("snapshot.export", WITH_SNAPSHOTS, **arguments)
        assert again.error is not None
        assert "can't be written" in again.error.why
        assert path.read_text() == "mine"


@pytest.mark.parametrize("action", sorted(ON_THE_LAB))
async def test_what_needs_files_or_hosts_is_refused_where_there_are_none(
    action: str, tmp_path: Path
) -> None:
    async with place(tmp_path) as here:
        job = await here.run(
            action,
            WITH_SNAPSHOTS,
            snapshot="fresh" if action.startswith("snapshot.") else "",
            **_NEEDED.get(action, {}),
        )
        assert isinstance(job.error, NotPossibleNow)
        assert job.state_now == "Nothing was changed."


async def test_text_that_cant_be_kept_changes_nothing(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        before = here.domain(OFF)
        job = await here.run("domain.edit", OFF, title="fine", tags=["bell\a"])
        assert job.state is JobState.FAILED
        assert isinstance(job.error, UnfitText)
        assert here.domain(OFF) == before


async def test_edit_says_what_was_done_before_it_failed(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        # libvirt takes no line break in a title, and the tags come after it.
        job = await here.run("domain.edit", OFF, title="two\nlines", tags=["x"])
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert job.error.libvirt_says
        domain = here.domain(OFF)
        assert domain is not None
        assert "x" not in domain.tags


async def test_an_action_that_the_state_forbids_says_so(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        job = await here.run("domain.resume", OFF)
        assert job.state is JobState.FAILED
        assert isinstance(job.error, NotPossibleNow)
        assert job.error.why.endswith(" is off.")
        assert job.state_now == "Nothing was changed."


async def test_libvirts_own_refusal_is_told_and_the_record_read_again(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        domain = here.domain(OFF)
        assert domain is not None
        # As if an event had not come yet: libvirt knows better.
        await here.fleet.call(here.uri, _create, domain.uuid, what="Start")
        here.inventory.apply(Change(updated=(domain,)))
        job = await here.run("domain.start", OFF)
        assert job.error is not None
        assert "already running" in job.error.libvirt_says
        now = here.domain(OFF)
        assert now is not None
        assert now.state is DomainState.RUNNING


def _create(conn: libvirt.virConnect, uuid: str) -> None:
    conn.lookupByUUIDString(uuid).create()


async def test_a_machine_that_vanished_is_told_and_forgotten(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        domain = here.domain(OFF)
        assert domain is not None
        await here.fleet.call(here.uri, _undefine, domain.uuid, what="Undefine")
        here.inventory.apply(Change(updated=(domain,)))
        job = await here.run("domain.start", OFF)
        assert isinstance(job.error, Vanished)
        assert here.domain(OFF) is None


def _undefine(conn: libvirt.virConnect, uuid: str) -> None:
    conn.lookupByUUIDString(uuid).undefine()


async def test_a_read_only_connection_refuses_with_the_reason(tmp_path: Path) -> None:
    async with place(tmp_path, read_only=True) as here:
        job = await here.run("domain.force-off", RUNNING)
        assert isinstance(job.error, NotAllowed)
        assert job.error.why == "The connection to there is read-only."


async def test_many_targets_have_a_result_each(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        machines = (RUNNING, RUNNING + 1, OFF, RUNNING + 2)
        jobs = here.runner.run("domain.suspend", [here.key(each) for each in machines])
        for job in jobs:
            await job.wait()
        done, failed = JobState.DONE, JobState.FAILED
        assert [job.state for job in jobs] == [done, done, failed, done]


async def test_delete_refuses_what_was_not_agreed_to(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        for machine, arguments, why in (
            (RUNNING, {}, "is not off"),
            (SAVED, {}, "has memory saved to disk"),
            (WITH_SNAPSHOTS, {"force_off": True}, "has snapshots"),
            (OFF, {"disks": ["/etc/passwd"]}, "/etc/passwd does not belong to"),
        ):
            before = here.domain(machine)
            job = await here.run("domain.delete", machine, **arguments)
            assert job.error is not None
            assert why in job.error.why
            assert here.domain(machine) == before
