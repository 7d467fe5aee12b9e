"""Actions on real hypervisors: what the test driver can't do."""

import asyncio
import subprocess
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.until import until
from vmgui.actions.delete_plan import delete_plan
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal
from vmgui.actions.registry import standard
from vmgui.actions.runner import Runner
from vmgui.hypervisor.belongings import FileRole
from vmgui.hypervisor.errors import NotSupported
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.inventory import Inventory
from vmgui.lab import LabStatus

pytestmark = pytest.mark.lab


@dataclass
class Place:
    uri: str
    fleet: Fleet
    inventory: Inventory
    runner: Runner

    def named(self, name: str) -> Domain | None:
        found = [each for each in self.inventory.of(Domain) if each.name == name]
        return found[0] if found else None

    def start(self, action: str, name: str, **arguments: Any) -> Job:
        domain = self.named(name)
        assert domain is not None
        (job,) = self.runner.run(action, domain.key, **arguments)
        return job

    async def run(self, action: str, name: str, **arguments: Any) -> Job:
        job = self.start(action, name, **arguments)
        await asyncio.wait_for(job.wait(), 60)
        return job


@asynccontextmanager
async def place(lab: LabStatus) -> AsyncIterator[Place]:
    inventory = Inventory()
    fleet = Fleet(inventory)
    runner = Runner(inventory, fleet, standard(), Journal())
    uri = lab.hosts[0].uri
    fleet.connect(uri)
    await asyncio.wait_for(fleet.settled(), 60)
    try:
        yield Place(uri, fleet, inventory, runner)
    finally:
        await runner.close()
        await fleet.close()


def virsh(uri: str, *words: str, text: str = "") -> str:
    done = subprocess.run(
        ["virsh", "-q", "-c", uri, *words], input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def doomed(lab: LabStatus) -> str:
    """A machine of the test's own on the first host, with two kinds of snapshots."""
    uri, name = lab.hosts[0].uri, f"doomed-{uuid.uuid4().hex[:8]}"
    virsh(uri, "vol-create-as", "default", f"{name}.qcow2", "1M", "--format", "qcow2")
    folder = virsh(uri, "vol-path", f"{name}.qcow2", "--pool", "default").strip()
    xml = f"""<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'>
<driver name='qemu' type='qcow2'/><source file='{folder}'/><target dev='vda' bus='virtio'/>
</disk></devices></domain>"""
    virsh(uri, "define", "/dev/stdin", text=xml)
    virsh(uri, "start", name)
    virsh(uri, "snapshot-create-as", name, "inside")
    virsh(uri, "snapshot-create-as", name, "outside", "--disk-only")
    return name


async def test_saving_can_be_cancelled_and_the_guest_goes_on(lab: LabStatus) -> None:
    async with place(lab) as here:
        name = lab.hosts[0].guests[0]
        job = here.start("domain.save", name)
        await until(lambda: job.can_cancel, "it can be cancelled")
        # It may end before libvirt hears of it; then it is saved, and says so.
        job.cancel()
        state = await asyncio.wait_for(job.wait(), 60)
        domain = here.named(name)
        assert domain is not None
        if state is JobState.CANCELLED:
            assert domain.state is DomainState.RUNNING
            assert job.state_now == f"{name} is running."
        else:
            assert (state, domain.state) == (JobState.DONE, DomainState.SAVED)
            assert (await here.run("domain.restore", name)).state is JobState.DONE


async def test_what_was_saved_goes_on_where_it_was(lab: LabStatus) -> None:
    async with place(lab) as here:
        name = lab.hosts[0].guests[0]
        assert (await here.run("domain.save", name)).state is JobState.DONE
        saved = here.named(name)
        assert saved is not None
        assert (saved.state, saved.has_managed_save) == (DomainState.SAVED, True)
        assert (await here.run("domain.restore", name)).state is JobState.DONE
        restored = here.named(name)
        assert restored is not None
        assert (restored.state, restored.has_managed_save) == (DomainState.RUNNING, False)


async def test_a_guest_without_an_agent_is_told_so(lab: LabStatus) -> None:
    async with place(lab) as here:
        job = await here.run("domain.shutdown", lab.hosts[0].guests[0], mode="agent")
        assert isinstance(job.error, NotSupported)
        assert "agent" in job.error.why
        assert job.state_now == "Nothing was changed."


async def test_a_machine_goes_with_its_chain_and_leaves_nothing(
    lab: LabStatus, doomed: str
) -> None:
    async with place(lab) as here:
        domain = here.named(doomed)
        assert domain is not None
        plan = await delete_plan(here.fleet, domain)
        assert [file.role for file in plan.files] == [FileRole.DISK, FileRole.BASE]
        assert plan.belongings.snapshots == ("inside",)
        assert plan.belongings.external_snapshots == ("outside",)
        alone = await here.run(
            "domain.delete", doomed, disks=plan.deletable[1:], snapshots=True, force_off=True
        )
        assert alone.error is not None
        assert "stays and is built on it" in alone.error.why
        job = await here.run(
            "domain.delete", doomed, disks=plan.deletable, snapshots=True, force_off=True
        )
        assert (job.state, job.error) == (JobState.DONE, None)
        assert here.named(doomed) is None
    assert doomed not in virsh(here.uri, "vol-list", "default")
    assert doomed not in virsh(here.uri, "list", "--all")
