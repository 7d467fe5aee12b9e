"""Merging overlays while things go wrong: cancelled, the daemon killed, two at once."""

import asyncio
import contextlib
import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import libvirt
import pytest

from tests.lab.snapshot_place import Machine, on_host, own_machine
from tests.lab_fixture import Daemon
from tests.until import until
from vmgui.actions.job import Job, JobState
from vmgui.hypervisor.errors import ConnectionLost
from vmgui.lab import LabStatus

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

_MIB = 1 << 20
_WRITTEN = "200M"


@asynccontextmanager
async def with_overlay(lab: LabStatus) -> AsyncIterator[Machine]:
    """Make a machine that is off and writes to an overlay with much in it, without a snapshot."""
    async with own_machine(lab.hosts[0], size="256M") as machine:
        await machine.do("snapshot.create", name="s1", kind="external")
        await machine.do("snapshot.delete", "s1", metadata_only=True)
        write = f"write -P 7 0 {_WRITTEN}"
        on_host(machine.host, "qemu-io", "-f", "qcow2", "-c", write, machine.file("s1", "qcow2"))
        yield machine


def assert_content(machine: Machine, file: str) -> None:
    """Fail where an image doesn't hold what was written."""
    read = f"read -P 7 0 {_WRITTEN}"
    told = on_host(machine.host, "qemu-io", "-U", "-r", "-f", "qcow2", "-c", read, file)
    assert "failed" not in told


async def begin_slowly(machine: Machine, action: str, snapshot: str = "") -> Job:
    """Begin a merge, and hold it up so that something can happen in its middle."""
    job = machine.begin(action, snapshot)

    def hold_up() -> bool:
        with closing(libvirt.open(machine.host.uri)) as conn:
            domain = conn.lookupByUUIDString(machine.key.id)
            if not domain.isActive() or not domain.blockJobInfo("vda"):
                return False
            domain.blockJobSetSpeed("vda", 1)
            return True

    while not job.state.is_over:
        try:
            if await asyncio.to_thread(hold_up):
                break
        except libvirt.libvirtError:
            continue  # the process is just starting
    await until(lambda: job.progress is not None or job.state.is_over, "it is under way")
    assert not job.state.is_over, (job.error, job.state_now)
    return job


def process_of(name: str) -> int:
    """Return the process of a machine that runs."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"guest={name},".encode() in line.read_bytes():
                return int(line.parent.name)
    raise AssertionError(f"{name} has no process")


@pytest.mark.parametrize("action", ["disk.commit", "disk.pull"])
async def test_a_merge_that_is_cancelled_changes_nothing(lab: LabStatus, action: str) -> None:
    async with with_overlay(lab) as machine:
        if action == "disk.pull":
            await machine.do("snapshot.create", name="s2", kind="external")
        top = machine.chain()[0]
        files = machine.files()
        job = await begin_slowly(machine, action)
        await until(lambda: job.can_cancel, "it can be cancelled")
        job.cancel()
        assert await asyncio.wait_for(job.wait(), 60) is JobState.CANCELLED
        assert job.state_now == "The chain of vda is as it was; nothing is lost."
        assert machine.state == "off"
        assert machine.chain()[0] == top
        assert machine.files() == files
        assert_content(machine, top)
        await machine.do(action)
        assert_content(machine, machine.chain()[0])


async def test_a_daemon_killed_in_the_middle_loses_nothing_and_it_goes_on(
    lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    async with with_overlay(lab) as machine:
        await machine.start()
        job = await begin_slowly(machine, "disk.commit")
        daemon = daemons[machine.host.name]
        await asyncio.to_thread(daemon.kill)
        assert await asyncio.wait_for(job.wait(), 60) is JobState.FAILED
        assert isinstance(job.error, ConnectionLost)
        assert "Nothing is lost" in job.state_now
        assert "--abort" in job.state_now
        await asyncio.to_thread(daemon.start)
        await machine.is_back()
        assert machine.domain.isActive()
        assert machine.domain.blockJobInfo("vda")
        machine.domain.blockJobSetSpeed("vda", 0)
        again = await machine.run("disk.commit")
        assert again.state is JobState.DONE, (again.error, again.state_now)
        assert machine.chain() == [machine.file("qcow2")]
        assert machine.files() == {machine.file("qcow2")}
        await machine.stop()
        assert_content(machine, machine.file("qcow2"))


@asynccontextmanager
async def small_pool(lab: LabStatus, size: str) -> AsyncIterator[tuple[str, str]]:
    """Give the first host a storage pool on a disk of its own; yield its name and folder."""
    host = lab.hosts[0]
    name = f"small-{uuid.uuid4().hex[:6]}"
    folder = f"/var/lib/libvirt/{name}"
    on_host(host, "mkdir", folder)
    on_host(host, "mount", "-t", "tmpfs", "-o", f"size={size}", "small", folder)
    with closing(libvirt.open(host.uri)) as conn:
        xml = f"<pool type='dir'><name>{name}</name><target><path>{folder}</path></target></pool>"
        pool = conn.storagePoolDefineXML(xml)
        pool.create()
        try:
            yield name, folder
        finally:
            pool.destroy()
            pool.undefine()
            on_host(host, "umount", folder)
            on_host(host, "rmdir", folder)


@pytest.mark.parametrize("action", ["disk.commit", "disk.pull", "snapshot.delete"])
async def test_a_full_disk_in_the_middle_of_a_merge_loses_nothing(
    lab: LabStatus, action: str
) -> None:
    async with (
        small_pool(lab, "40M") as (pool, folder),
        own_machine(lab.hosts[0], pool=pool, folder=folder) as machine,
    ):
        base, top = machine.file("qcow2"), machine.file("s1", "qcow2")
        if action == "disk.pull":
            on_host(machine.host, "qemu-io", "-f", "qcow2", "-c", "write -P 7 0 24M", base)
        await machine.do("snapshot.create", name="s1", kind="external")
        if action != "disk.pull":
            on_host(machine.host, "qemu-io", "-f", "qcow2", "-c", "write -P 7 0 24M", top)
        if action != "snapshot.delete":
            await machine.do("snapshot.delete", "s1", metadata_only=True)
        files = machine.files()
        job = await machine.run(action, "s1" if action == "snapshot.delete" else "")
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert job.state_now
        assert machine.state == "off"
        assert machine.chain() == [top]
        assert machine.files() == files
        read = "read -P 7 0 24M"
        told = on_host(machine.host, "qemu-io", "-r", "-f", "qcow2", "-c", read, top)
        assert "failed" not in told
        if action == "snapshot.delete":
            assert machine.snapshots() == {"s1": ""}
        on_host(machine.host, "mount", "-o", "remount,size=120M", folder)
        await machine.do(action, "s1" if action == "snapshot.delete" else "")


async def test_a_daemon_killed_while_a_snapshot_is_merged_loses_nothing(
    lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    async with own_machine(lab.hosts[0], size="256M") as machine:
        await machine.do("snapshot.create", name="s1", kind="external")
        top = machine.file("s1", "qcow2")
        write = f"write -P 7 0 {_WRITTEN}"
        on_host(machine.host, "qemu-io", "-f", "qcow2", "-c", write, top)
        await machine.start()
        qemu = process_of(machine.name)
        job = machine.begin("snapshot.delete", "s1")

        def stop_in_the_middle() -> None:
            with closing(libvirt.open(machine.host.uri)) as conn:
                domain = conn.lookupByUUIDString(machine.key.id)
                while not domain.blockJobInfo("vda"):
                    pass
                os.kill(qemu, signal.SIGSTOP)

        await asyncio.to_thread(stop_in_the_middle)
        daemon = daemons[machine.host.name]
        await asyncio.to_thread(daemon.kill)
        os.kill(qemu, signal.SIGCONT)
        assert await asyncio.wait_for(job.wait(), 60) is JobState.FAILED
        assert "nothing is lost" in job.state_now
        await asyncio.to_thread(daemon.start)
        await machine.is_back()
        assert machine.domain.isActive()
        assert machine.snapshots() == {"s1": ""}
        again = await machine.run("snapshot.delete", "s1")
        assert again.state is JobState.DONE, (again.error, again.state_now)
        assert machine.snapshots() == {}
        assert machine.files() == {machine.file("qcow2")}
        await machine.stop()
        assert_content(machine, machine.file("qcow2"))
