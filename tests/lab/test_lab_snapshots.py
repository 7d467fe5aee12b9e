"""Snapshots of real machines: what the guest itself reads from its disk, before and after."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.lab.snapshot_place import IMAGES, Machine, on_host, own_machine
from tests.lab.test_lab_actions import virsh
from tests.until import until
from vmgui.actions.job import JobState
from vmgui.hypervisor.errors import NotPossibleNow, Vanished
from vmgui.insight.file_plan import Fate
from vmgui.insight.take_spec import TakePlan
from vmgui.inventory.snapshot import Snapshot
from vmgui.lab import LabStatus

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

A, B = 10, 5000
"""Two sectors of the disk."""


@asynccontextmanager
async def running(lab: LabStatus) -> AsyncIterator[Machine]:
    async with own_machine(lab.hosts[0]) as machine:
        await machine.start()
        yield machine


async def test_an_internal_one_brings_memory_and_disk_back(lab: LabStatus) -> None:
    async with running(lab) as machine:
        await machine.write(A, "before")
        plan = await machine.do("snapshot.create", name="first", description="d <x>")
        assert isinstance(plan, TakePlan)
        assert (plan.memory, plan.disks[0].kind) == ("internal", "internal")
        moment = machine.moment("first")
        assert moment is not None
        assert moment.picture.startswith(b"\x89PNG")
        assert moment.took_s
        assert dict(moment.disk_bytes)["vda"] > 0
        await machine.write(A, "after")
        await machine.do("snapshot.revert", "first", keep=True, keep_name="now")
        assert machine.state == "running"
        assert await machine.read(A) == ["before"]
        await machine.do("snapshot.revert", "now")
        assert await machine.read(A) == ["after"]
        assert machine.snapshots() == {"first": "", "now": "first"}
        await machine.do("snapshot.delete", "first")
        assert machine.snapshots() == {"now": ""}
        assert await machine.read(A) == ["after"]
        await machine.do("snapshot.delete", "now")
        assert machine.snapshots() == {}
        assert await machine.read(A) == ["after"]


async def test_externals_are_merged_live_from_any_place_in_the_chain(lab: LabStatus) -> None:
    async with running(lab) as machine:
        for number, name in enumerate(("s1", "s2", "s3", "s4")):
            await machine.write(A, name)
            await machine.write(B + number, name)
            await machine.do("snapshot.create", name=name, kind="external", memory="no")
        await machine.write(A, "now")
        wrote = (A, B, B + 1, B + 2, B + 3)
        contents = ["now", "s1", "s2", "s3", "s4"]
        assert len(machine.chain()) == 5
        for name in ("s2", "s1", "s4", "s3"):  # middle, first, last, the only one
            plan = await machine.do("snapshot.delete", name)
            assert plan.machine == "keeps running"
            assert await machine.read(*wrote) == contents
            assert name not in machine.snapshots()
        assert machine.chain() == [machine.file("qcow2")]
        assert machine.files() == {machine.file("qcow2")}


async def test_external_memory_and_disk_come_back_by_hand_and_branches_go(lab: LabStatus) -> None:
    async with running(lab) as machine:
        await machine.write(A, "one")
        await asyncio.to_thread(_remember, machine, "42")
        await machine.do("snapshot.create", name="s1", kind="external")
        await machine.write(A, "two")
        await machine.do("snapshot.create", name="s2", memory="no")
        await machine.write(A, "three")
        await asyncio.to_thread(_remember, machine, "43")

        refused = await machine.plan("snapshot.revert", "s1")
        assert "it has to be off" in refused.refusal
        await machine.do("snapshot.revert", "s1", force_off=True, keep=True, keep_name="now")
        assert machine.state == "running"
        assert await machine.read(A) == ["one"]
        assert await asyncio.to_thread(_recall, machine) == "42"
        await machine.write(A, "elsewhere")

        await machine.do("snapshot.revert", "s2", force_off=True, run="running")
        assert await machine.read(A) == ["two"]
        await machine.do("snapshot.revert", "now", force_off=True)
        assert await machine.read(A) == ["three"]
        assert await asyncio.to_thread(_recall, machine) == "43"

        # What the machine wrote on branches that it left is built on their states still.
        blocked = await machine.plan("snapshot.delete", "s1")
        assert "used by nobody" in blocked.refusal
        for name in ("s1", "s2"):
            await machine.do("snapshot.delete", name, metadata_only=True)
        plan = await machine.do("snapshot.delete", "now")
        assert plan.fate_of(machine.file("now", "memory")) is Fate.REMOVED
        assert await machine.read(A) == ["three"]


def _remember(machine: Machine, value: str) -> None:
    with machine.shell() as shell:
        shell.run(f"echo {value} >/tmp/remembered")


def _recall(machine: Machine) -> str:
    with machine.shell() as shell:
        return shell.run("cat /tmp/remembered").strip()


@pytest.mark.parametrize("kind", ["internal", "external"])
async def test_of_a_machine_that_is_off(lab: LabStatus, kind: str) -> None:
    async with running(lab) as machine:
        await machine.write(A, "one")
        await machine.stop()
        plan = await machine.do("snapshot.create", name="off", kind=kind)
        assert isinstance(plan, TakePlan)
        assert (plan.memory, plan.machine) == ("no", "stays off")
        await machine.start()
        await machine.write(A, "two")
        await machine.stop()
        await machine.do("snapshot.revert", "off", keep=True)
        assert machine.state == "off"
        await machine.do("snapshot.revert", "off", run="running")
        assert await machine.read(A) == ["one"]
        await machine.stop()
        await machine.do("snapshot.revert", "snapshot-1", run="paused")
        assert machine.state == "paused"
        await machine.run("domain.resume")
        assert await machine.read(A) == ["two"]


async def test_overlays_are_merged_and_bases_pulled_in(lab: LabStatus) -> None:
    async with running(lab) as machine:
        for name in ("s1", "s2", "s3"):
            await machine.write(A, name)
            await machine.do("snapshot.create", name=name, kind="external", memory="no")
            await machine.do("snapshot.delete", name, metadata_only=True)
        await machine.write(B, "now")
        s2, s3 = machine.file("s2", "qcow2"), machine.file("s3", "qcow2")
        assert machine.chain() == [s3, s2, machine.file("s1", "qcow2"), machine.file("qcow2")]
        await machine.do("disk.commit", disk="vda", top=s2)
        assert machine.chain() == [s3, machine.file("s1", "qcow2"), machine.file("qcow2")]
        assert await machine.read(A, B) == ["s3", "now"]
        await machine.do("disk.commit", disk="vda")
        assert machine.chain() == [machine.file("s1", "qcow2"), machine.file("qcow2")]
        assert await machine.read(A, B) == ["s3", "now"]
        plan = await machine.do("disk.pull")
        assert machine.chain() == [machine.file("s1", "qcow2")]
        assert plan.fate_of(machine.file("qcow2")) is Fate.LEFT
        assert await machine.read(A, B) == ["s3", "now"]
        await machine.stop()
        await machine.do("snapshot.create", name="off", kind="external")
        await machine.do("snapshot.delete", "off", metadata_only=True)
        await machine.do("disk.commit")
        assert machine.state == "off"
        await machine.start()
        assert await machine.read(A, B) == ["s3", "now"]


async def test_what_virsh_does_to_snapshots_is_seen_within_seconds(lab: LabStatus) -> None:
    async with own_machine(lab.hosts[0]) as machine:

        def known() -> set[str]:
            return {s.name for s in machine.inventory.of(Snapshot) if s.domain == machine.key}

        uri = machine.host.uri
        for name in ("one", "two"):
            await asyncio.to_thread(virsh, uri, "snapshot-create-as", machine.name, name)
            await until(lambda n=name: n in known(), "it is seen", within_s=10)  # type: ignore[misc]
        for name in ("two", "one"):
            await asyncio.to_thread(virsh, uri, "snapshot-delete", machine.name, name)
            await until(lambda n=name: n not in known(), "it is gone", within_s=10)  # type: ignore[misc]
        assert machine.record.snapshot_count == 0


async def test_an_external_one_is_renamed_with_its_children_and_described(lab: LabStatus) -> None:
    async with own_machine(lab.hosts[0]) as machine:
        for name in ("s1", "s2"):
            await machine.do("snapshot.create", name=name, kind="external")
        job = await machine.run("snapshot.rename", "s1", new_name="it's <new>")
        assert job.state is JobState.DONE, job.error
        assert machine.snapshots() == {"it's <new>": "", "s2": "it's <new>"}
        assert machine.moment("it's <new>") is not None
        taken = await machine.run("snapshot.rename", "s2", new_name="it's <new>")
        assert isinstance(taken.error, NotPossibleNow)
        assert (await machine.run("snapshot.describe", "s2", description="ü <b>")).error is None
        by_name = {s.name: s for s in machine.inventory.of(Snapshot) if s.domain == machine.key}
        assert by_name["s2"].description == "ü <b>"
        assert by_name["s2"].current
        await machine.do("snapshot.delete", "it's <new>")
        await machine.do("snapshot.delete", "s2")
        assert machine.files() == {machine.file("qcow2")}


async def test_two_who_delete_the_same_one_lose_nothing(lab: LabStatus) -> None:
    async with running(lab) as machine:
        await machine.write(A, "one")
        await machine.do("snapshot.create", name="s1", kind="external", memory="no")
        await machine.write(B, "two")
        jobs = [machine.begin("snapshot.delete", "s1") for _ in range(2)]
        states = [await asyncio.wait_for(job.wait(), 60) for job in jobs]
        assert sorted(states) == [JobState.DONE, JobState.FAILED]
        failed = next(job for job in jobs if job.error is not None)
        assert failed.error is not None
        assert not failed.report
        assert machine.snapshots() == {}
        assert await machine.read(A, B) == ["one", "two"]
        assert machine.files() == {machine.file("qcow2")}
        again = await machine.runner.plan("snapshot.create", machine.key, name="s1")
        assert again.refusal == ""


async def test_a_full_disk_in_the_middle_of_it_loses_nothing(lab: LabStatus) -> None:
    async with running(lab) as machine:
        await machine.write(A, "one")
        small = f"{IMAGES}/small-{machine.name}"
        on_host(machine.host, "mkdir", small)
        on_host(machine.host, "mount", "-t", "tmpfs", "-o", "size=1M", "small", small)
        pool = machine.conn.storagePoolCreateXML(
            f"<pool type='dir'><name>small-{machine.name}</name>"
            f"<target><path>{small}</path></target></pool>"
        )
        try:
            job = await machine.run(
                "snapshot.create",
                name="s1",
                kind="external",
                memory_path=f"{small}/memory",
            )
            assert job.state is JobState.FAILED
            assert f"{machine.name} is running." in job.state_now
            assert "No file was left behind" in job.state_now
            assert machine.files() == {machine.file("qcow2")}
            assert machine.snapshots() == {}
            assert await machine.read(A) == ["one"]
        finally:
            pool.destroy()
            on_host(machine.host, "umount", small)
            on_host(machine.host, "rmdir", small)


async def test_a_base_that_was_moved_away_is_told_and_nothing_touched(lab: LabStatus) -> None:
    async with own_machine(lab.hosts[0]) as machine:
        for name in ("s1", "s2"):
            await machine.do("snapshot.create", name=name, kind="external")
        base = machine.file("qcow2")
        on_host(machine.host, "mv", base, f"{base}.away")
        files = machine.files()
        for action, snapshot in (
            ("snapshot.delete", "s1"),
            ("snapshot.revert", "s1"),
            ("snapshot.revert", "s2"),
            ("disk.commit", ""),
            ("disk.pull", ""),
        ):
            job = await machine.run(action, snapshot)
            assert job.error is not None, action
            assert isinstance(job.error, NotPossibleNow | Vanished)
            assert job.state_now == "Nothing was changed."
        assert machine.files() == files
        on_host(machine.host, "mv", f"{base}.away", base)
        await machine.do("snapshot.delete", "s1", children=True)
        assert machine.files() == {base}


async def test_memory_that_is_damaged_leaves_the_machine_off_and_says_how_it_stands(
    lab: LabStatus,
) -> None:
    async with running(lab) as machine:
        await machine.write(A, "one")
        await machine.do("snapshot.create", name="s1", kind="external")
        await machine.write(A, "two")
        memory = machine.file("s1", "memory")
        on_host(machine.host, "truncate", "-s", "4096", memory)
        job = await machine.run("snapshot.revert", "s1", force_off=True)
        assert job.state is JobState.FAILED
        assert "forced off" in job.state_now
        assert "defined as it was then" in job.state_now
        assert f"{machine.name} is off." in job.state_now
        # The disk is back, what was written since is in its file, and the machine can be started.
        assert machine.file("s1", "qcow2") in machine.files()
        await machine.start()
        assert await machine.read(A) == ["one"]


async def test_one_of_every_machine_at_once(lab: LabStatus) -> None:
    host = lab.hosts[0]
    async with own_machine(host) as first, own_machine(host) as second:
        keys = [first.key, second.key]
        await until(lambda: all(first.inventory.domain(key) for key in keys), "both are known")
        for name, kind in (("one", "external"), ("two", "auto")):
            jobs = first.runner.run("snapshot.create", keys, name=name, kind=kind)
            states = [await asyncio.wait_for(job.wait(), 60) for job in jobs]
            assert states == [JobState.DONE] * 2, [job.error for job in jobs]
        for machine in (first, second):
            assert sorted(machine.domain.snapshotListNames()) == ["one", "two"]
            assert len(machine.files()) == 3
