"""Machines moved between a lab's hosts by vmgui itself, and what it says when that goes wrong."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest

from tests.migration_place import place
from tests.until import until
from vmgui import lab as lab_room
from vmgui.actions.job import JobState
from vmgui.actions.migration_plan import MigrationPlan
from vmgui.hypervisor.console import ConsoleShell
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.migration import EventKind, Outcome, Phase, Whereabouts
from vmgui.lab import LabStatus, guests
from vmgui.session import Session
from vmgui.settings import Settings

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

Connect = Callable[[str], libvirt.virConnect]

_MBIT = 1_000_000
_PATIENCE_S = 90


@pytest.fixture(scope="module")
def linked() -> Iterator[LabStatus]:
    """Two hosts with two guests each, to be moved about."""
    name = f"move-{os.getpid()}"
    yield lab_room.up(2, 2, name=name, owner_pid=os.getpid())
    lab_room.down(name)


@pytest.fixture(autouse=True)
def _link_healed(linked: LabStatus) -> Iterator[None]:
    yield
    lab_room.link(linked.name).join()
    lab_room.link(linked.name).set_rate(None)


def running(connect: Connect, uri: str) -> set[str]:
    """Return what runs on a host, as libvirt itself says."""
    flag = libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING
    return {domain.name() for domain in connect(uri).listAllDomains(flag)}


async def test_a_machine_goes_there_and_back(
    linked: LabStatus, connect: Connect, tmp_path: Path
) -> None:
    guests.set_workload(linked.name, "db-01", 1, 8)
    async with place(linked, tmp_path) as at:
        here, there = at.where("db-01"), at.other("db-01")
        key = at.find("db-01").key
        states: list[DomainState] = []
        at.session.inventory.changed.connect(
            lambda change: states.extend(
                each.state
                for each in change.updated
                if isinstance(each, Domain) and each.key == key
            )
        )
        job = await at.move("db-01")
        assert (job.state, job.error) == (JobState.DONE, None)
        assert "db-01" in running(connect, at.uris[there])
        assert "db-01" not in running(connect, at.uris[here])
        assert at.where("db-01") == there
        assert at.find("db-01").state is DomainState.RUNNING
        assert at.session.inventory.get(key) is None
        assert states[0] is DomainState.MIGRATING
        assert DomainState.RUNNING not in states
        run = at.run(job)
        assert run.summary is not None
        assert (run.summary.outcome, run.summary.runs_at) == (
            Outcome.ARRIVED,
            Whereabouts.DESTINATION,
        )
        assert run.summary.downtime_ms is not None
        assert run.samples[-1].phase is Phase.DONE
        assert any(event.kind is EventKind.ROUND for event in run.events)
        back = await at.move("db-01")
        assert back.state is JobState.DONE
        assert at.where("db-01") == here
    # Another vmgui reads what this one kept.
    async with Session(Settings(), figures=False, state_dir=tmp_path) as later:
        kept = later.migrations.of(job.id)
        assert kept is not None
        assert (kept.samples, kept.events, kept.summary) == (run.samples, run.events, run.summary)


async def test_cancelled_it_stays_where_it_was(
    linked: LabStatus, connect: Connect, tmp_path: Path
) -> None:
    lab_room.link(linked.name).set_rate(20 * _MBIT)
    async with place(linked, tmp_path) as at:
        here, there = at.where("db-01"), at.other("db-01")
        job = at.start("db-01")
        await at.copying(job)
        assert job.can_cancel
        job.cancel()
        await at.ended(job)
        assert job.state is JobState.CANCELLED
        assert f"runs on {here} as before; nothing is lost" in job.state_now
        assert "db-01" in running(connect, at.uris[here])
        assert "db-01" not in running(connect, at.uris[there])
        assert at.find("db-01").state is DomainState.RUNNING
        summary = at.run(job).summary
        assert summary is not None
        assert (summary.outcome, summary.runs_at) == (Outcome.CANCELLED, Whereabouts.SOURCE)


async def test_knobs_change_what_is_under_way(linked: LabStatus, tmp_path: Path) -> None:
    guests.set_workload(linked.name, "db-01", 20, 24)
    async with place(linked, tmp_path) as at:
        key = at.find("db-01").key
        job = at.start("db-01", bandwidth_mib_s=4, auto_converge=False)
        await at.copying(job)
        before = at.run(job).samples
        slower = await at.knob("set-downtime", key, ms=900)
        assert (slower.state, at.run(job).max_downtime_ms) == (JobState.DONE, 900)
        faster = await at.knob("set-bandwidth", key, mib_s=500)
        assert (faster.state, at.run(job).bandwidth_mib_s) == (JobState.DONE, 500)
        await at.ended(job)
        assert job.state is JobState.DONE
        assert before[-1].memory_bps is None or before[-1].memory_bps < 8 * 1024 * 1024
        knobs = [event for event in at.run(job).events if event.kind is EventKind.KNOB]
        assert [knob.value for knob in knobs] == ["900", "500"]
        late = await at.knob("set-bandwidth", at.find("db-01").key, mib_s=1)
        assert late.error is not None
        assert "is running" in late.error.why


async def test_post_copy_ends_what_never_would(
    linked: LabStatus, connect: Connect, tmp_path: Path
) -> None:
    guests.set_workload(linked.name, "db-02", 60, 24)
    async with place(linked, tmp_path) as at:
        key, there = at.find("db-02").key, at.other("db-02")
        job = at.start("db-02", bandwidth_mib_s=8, auto_converge=False, post_copy=True)
        await at.copying(job)
        switched = await at.knob("post-copy", key)
        assert switched.state is JobState.DONE, switched.error
        await at.knob("set-bandwidth", key, mib_s=500)
        await at.ended(job)
        assert job.state is JobState.DONE, (job.error, job.state_now)
        assert "db-02" in running(connect, at.uris[there])
    guests.set_workload(linked.name, "db-02", 0, 1)


async def test_a_disk_of_its_own_is_copied(
    linked: LabStatus, connect: Connect, tmp_path: Path
) -> None:
    guests.set_workload(linked.name, "web-01", 0, 1)
    async with place(linked, tmp_path) as at:
        with ConsoleShell(at.find("web-01").key.host, "web-01") as shell:
            shell.run("dd if=/dev/urandom of=/dev/vda bs=64k seek=16 count=64 conv=fsync")
            written = shell.run("dd if=/dev/vda bs=64k skip=16 count=64 2>/dev/null | md5sum")
        plan = await at.session.plan("domain.migrate", at.find("web-01").key, to=at.other("web-01"))
        assert isinstance(plan, MigrationPlan)
        assert plan.spec is not None
        assert plan.spec.copy_disks == ("vda",)
        job = await at.move("web-01")
        assert job.state is JobState.DONE, (job.error, job.state_now)
        summary = at.run(job).summary
        assert summary is not None
        assert (summary.disk_sent_bytes or 0) > 4 * 1024 * 1024
        with ConsoleShell(at.find("web-01").key.host, "web-01") as shell:
            shell.run("echo 3 >/proc/sys/vm/drop_caches")
            read = shell.run("dd if=/dev/vda bs=64k skip=16 count=64 2>/dev/null | md5sum")
        assert read == written


async def test_a_cancelled_copy_leaves_no_file_there(
    linked: LabStatus, connect: Connect, tmp_path: Path
) -> None:
    lab_room.link(linked.name).set_rate(8 * _MBIT)
    async with place(linked, tmp_path) as at:
        there = connect(at.uris[at.other("web-02")]).storagePoolLookupByName("default")
        job = at.start("web-02", bandwidth_mib_s=1)
        await until(lambda: "web-02.qcow2" in _volumes(there), "its file is made", within_s=60)
        await until(
            lambda: bool((run := at.session.migrations.of(job.id)) and run.samples),
            "it comes to that",
            within_s=60,
        )
        job.cancel()
        await at.ended(job)
        assert job.state is JobState.CANCELLED, (job.error, job.state_now)
        there.refresh()
        assert "web-02.qcow2" not in _volumes(there)
        assert at.find("web-02").state is DomainState.RUNNING


def _volumes(pool: libvirt.virStoragePool) -> set[str]:
    return set(pool.listVolumes())


async def test_a_name_that_is_taken_is_refused_and_another_goes(
    linked: LabStatus, connect: Connect, tmp_path: Path
) -> None:
    async with place(linked, tmp_path) as at:
        there = at.other("db-01")
        taken = connect(at.uris[there]).defineXML(
            "<domain type='qemu'><name>db-01</name><memory>1024</memory>"
            "<os><type arch='x86_64'>hvm</type></os></domain>"
        )
        try:
            key = next(
                each.key
                for each in at.session.inventory.of(Domain)
                if each.name == "db-01" and each.uuid != taken.UUIDString()
            )
            (job,) = at.session.run("domain.migrate", key, to=there)
            await at.ended(job)
            assert job.state is JobState.FAILED
            assert job.error is not None
            assert "has another machine called db-01" in job.error.why
            assert "another name" in job.error.why
        finally:
            taken.undefine()


async def test_what_is_off_moves_with_its_definition(
    linked: LabStatus, connect: Connect, tmp_path: Path
) -> None:
    here = linked.hosts[0]
    connect(here.uri).defineXML(
        "<domain type='qemu'><name>idle</name><memory>1024</memory>"
        "<os><type arch='x86_64'>hvm</type></os></domain>"
    )
    async with place(linked, tmp_path) as at:
        plan = await at.session.plan("domain.migrate", at.find("idle").key, to=at.other("idle"))
        assert "--offline" in plan.virsh[0]
        job = await at.move("idle", new_name="idle-2")
        assert job.state is JobState.DONE, (job.error, job.state_now)
        assert at.find("idle-2").state is DomainState.OFF
        assert at.where("idle-2") != here.name
        assert not [each for each in at.session.inventory.of(Domain) if each.name == "idle"]
    connect(linked.hosts[1].uri).lookupByName("idle-2").undefine()
