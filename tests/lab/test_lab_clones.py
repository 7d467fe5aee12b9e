"""Clones on real hypervisors: what guests read of their own disks, and what bad days leave."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import libvirt
import pytest
from lxml import etree

from tests.lab.guest_shell import define_guest, guest_shell
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal
from vmgui.actions.registry import standard
from vmgui.actions.runner import Runner
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.lab import LabStatus

pytestmark = pytest.mark.lab


@dataclass
class Place:
    """vmgui on the first host of the lab, and bare libvirt beside it."""

    conn: libvirt.virConnect
    inventory: Inventory
    fleet: Fleet
    runner: Runner
    journal: Journal
    source: str
    stem: str = field(default="")

    def named(self, name: str) -> Domain:
        return next(each for each in self.inventory.of(Domain) if each.name == name)

    def start(self, action: str, name: str, **arguments: Any) -> Job:
        (job,) = self.runner.run(action, self.named(name).key, **arguments)
        return job

    async def run(self, action: str, name: str, **arguments: Any) -> Job:
        job = self.start(action, name, **arguments)
        await asyncio.wait_for(job.wait(), 120)
        return job

    async def done(self, action: str, name: str, **arguments: Any) -> Job:
        job = await self.run(action, name, **arguments)
        assert job.state is JobState.DONE, (job.error, job.report)
        return job

    def files(self) -> set[str]:
        """The volumes of the default pool that are the test's own."""
        pool = self.conn.storagePoolLookupByName("default")
        pool.refresh()
        return {each.name() for each in pool.listAllVolumes() if each.name().startswith(self.stem)}

    def machines(self) -> set[str]:
        return {
            each.name() for each in self.conn.listAllDomains() if each.name().startswith(self.stem)
        }

    def disk(self, name: str) -> str:
        xml = self.conn.lookupByName(name).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        return str(etree.fromstring(xml).xpath("string(devices/disk/source/@file)"))

    def checksum(self, path: str) -> str:
        """A hash of a volume's bytes, as the host's daemon reads them."""
        digest = hashlib.sha256()
        stream = self.conn.newStream()
        self.conn.storageVolLookupByPath(path).download(stream, 0, 0)
        stream.recvAll(lambda _, data, __: digest.update(data), None)
        stream.finish()
        return digest.hexdigest()

    async def in_guest(self, name: str, work: Callable[[Any], Any]) -> Any:
        """Start a machine, do something in its shell, and force it off once that is on its disk."""

        def act() -> Any:
            machine = self.conn.lookupByName(name)
            machine.create()
            try:
                with guest_shell(machine) as shell:
                    return work(shell)
            finally:
                machine.destroy()

        return await asyncio.to_thread(act)


@asynccontextmanager
async def place(
    lab: LabStatus, connect: Callable[[str], libvirt.virConnect]
) -> AsyncIterator[Place]:
    """A machine of the test's own that is off, with a text in its first sector."""
    uri = lab.hosts[0].uri
    conn = connect(uri)
    stem = f"t{uuid.uuid4().hex[:6]}"
    source = f"{stem}-source"
    define_guest(conn, lab.hosts[0].guests[0], source)
    inventory, journal = Inventory(), Journal()
    fleet = Fleet(inventory)
    runner = Runner(inventory, fleet, standard(), journal)
    fleet.connect(uri)
    await asyncio.wait_for(fleet.settled(), 60)
    try:
        yield Place(conn, inventory, fleet, runner, journal, source, stem)
    finally:
        await runner.close()
        await fleet.close()
        _remove_all(conn, stem)


def _remove_all(conn: libvirt.virConnect, stem: str) -> None:
    for machine in conn.listAllDomains():
        if machine.name().startswith(stem):
            if machine.isActive():
                machine.destroy()
            machine.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)
    pool = conn.storagePoolLookupByName("default")
    pool.refresh()
    for volume in pool.listAllVolumes():
        if volume.name().startswith(stem):
            volume.delete()


async def test_a_full_and_a_linked_clone_read_what_was_written_and_are_others(
    lab: LabStatus, connect: Callable[[str], libvirt.virConnect]
) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "before"))
        before = here.checksum(here.disk(here.source))
        names = []
        for kind, base in (("full", "overlay"), ("linked", "template")):
            names.append(f"{here.stem}-{kind}")
            await here.done("domain.clone", here.source, pattern=names[-1], kind=kind, base=base)

        def look(shell: Any) -> tuple[str, str, str]:
            text = shell.read(8)
            shell.write(8, "after")
            return (
                text,
                shell.run("hostname").strip(),
                shell.run("cat /sys/class/net/eth0/address").strip(),
            )

        seen = [await here.in_guest(name, look) for name in names]
        assert [text for text, _, _ in seen] == ["before", "before"]
        assert [host for _, host, _ in seen] == names
        assert len({mac for _, _, mac in seen}) == 2
        assert here.checksum(here.disk(here.source)) == before
        # Each kept what it wrote itself.
        assert await here.in_guest(names[1], lambda shell: shell.read(8)) == "after"
