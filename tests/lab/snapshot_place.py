"""Machines of a test's own on the lab, with actions, the guest's shell and the host's files."""

import asyncio
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import libvirt
from lxml import etree

from tests.lab.guest_shell import GuestShell, define_guest, guest_shell, remove_guest
from tests.until import until
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal
from vmgui.actions.moments import Moment, Moments
from vmgui.actions.registry import standard
from vmgui.actions.runner import Runner
from vmgui.hypervisor.fleet import Fleet
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key
from vmgui.lab import LabHost

IMAGES = "/var/lib/libvirt/images"
_PATIENCE_S = 120.0


def on_host(host: LabHost, *argv: str) -> str:
    """Run a program where the host sees its files; fails where it fails."""
    done = subprocess.run(
        ["nsenter", "--target", str(host.init_pid), "--mount", "--", *argv],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


@dataclass
class Machine:
    """A machine of a test's own, and what is done with it."""

    host: LabHost
    conn: libvirt.virConnect
    domain: libvirt.virDomain
    inventory: Inventory
    fleet: Fleet
    runner: Runner
    moments: Moments
    folder: str = IMAGES

    @property
    def name(self) -> str:
        name: str = self.domain.name()
        return name

    @property
    def key(self) -> Key:
        return domain_key(self.host.uri, self.domain.UUIDString())

    @property
    def record(self) -> Domain:
        record = self.inventory.domain(self.key)
        assert record is not None
        return record

    @property
    def state(self) -> str:
        """What the machine does, in the words that are shown."""
        return self.record.state.value

    async def is_back(self) -> None:
        """Return when its host is connected again, after its daemon was gone."""

        def connected() -> bool:
            host = self.inventory.host(self.host.uri)
            return host is not None and host.link.state is LinkState.CONNECTED

        await until(connected, "the host is back", within_s=60)
        uuid_ = self.domain.UUIDString()
        self.conn.close()
        self.conn = libvirt.open(self.host.uri)
        self.domain = self.conn.lookupByUUIDString(uuid_)

    def file(self, *words: str) -> str:
        """Return the path of a file that is named after the machine."""
        return f"{self.folder}/{'.'.join((self.name, *words))}"

    def target(self, snapshot: str) -> Key:
        return snapshot_key(self.key, snapshot) if snapshot else self.key

    def begin(self, action: str, snapshot: str = "", /, **arguments: Any) -> Job:
        (job,) = self.runner.run(action, self.target(snapshot), **arguments)
        return job

    async def run(self, action: str, snapshot: str = "", /, **arguments: Any) -> Job:
        """Do it, and return how it ended."""
        job = self.begin(action, snapshot, **arguments)
        await asyncio.wait_for(job.wait(), _PATIENCE_S)
        assert not job.report, job.report
        return job

    async def do(self, action: str, snapshot: str = "", /, **arguments: Any) -> FilePlan:
        """Do it, fail where it fails, and return what the plan said before."""
        plan = await self.plan(action, snapshot, **arguments)
        assert plan.refusal == ""
        job = await self.run(action, snapshot, **arguments)
        assert job.state is JobState.DONE, (job.error, job.state_now)
        self.assert_as_planned(plan)
        return plan

    async def plan(self, action: str, snapshot: str = "", /, **arguments: Any) -> FilePlan:
        return await self.runner.plan(action, self.target(snapshot), **arguments)

    def assert_as_planned(self, plan: FilePlan) -> None:
        """Fail where a file isn't there that should be, or is that shouldn't."""
        there = self.files()
        for file in plan.files:
            assert (file.path in there) == (file.fate != "removed"), (file.fate, file.path, there)
        if not self.domain.isActive():
            self.assert_clean()

    def assert_clean(self) -> None:
        """Fail where an image is damaged; while a process has one open nobody can tell."""
        for path in self.files():
            if path.endswith(".qcow2"):
                on_host(self.host, "qemu-img", "check", "-q", path)

    def files(self) -> set[str]:
        """Return the paths of the files that are named after the machine."""
        names = on_host(self.host, "ls", self.folder).split()
        return {f"{self.folder}/{name}" for name in names if name.startswith(self.name)}

    def chain(self) -> list[str]:
        """Return the files that the disk reads now, as libvirt tells: a running machine's."""
        root = etree.fromstring(self.domain.XMLDesc())
        return [source.get("file", "") for source in root.iterfind("devices/disk//source")]

    def disks(self) -> dict[str, tuple[str, str]]:
        """Return the path and the format of each disk, by target."""
        known = Domain(self.key, "", DomainState.UNKNOWN)
        disks = read_domain_xml(self.domain.XMLDesc(), known).disks
        return {disk.target: (disk.source, disk.format) for disk in disks}

    def snapshots(self) -> dict[str, str]:
        """Return the names of the snapshots that vmgui knows, and of their parents."""
        found = [s for s in self.inventory.of(Snapshot) if s.domain == self.key]
        assert sorted(s.name for s in found) == sorted(self.domain.snapshotListNames())
        return {snapshot.name: snapshot.parent for snapshot in found}

    def moment(self, snapshot: str) -> Moment | None:
        """Return what was noted of a snapshot."""
        record = self.inventory.get(snapshot_key(self.key, snapshot))
        assert isinstance(record, Snapshot)
        return self.moments.of(record)

    async def start(self) -> None:
        await self.run("domain.start")

    async def stop(self) -> None:
        await self.run("domain.force-off")

    @contextmanager
    def shell(self) -> Iterator[GuestShell]:
        """The guest's shell, on a connection of its own: it blocks."""
        conn = libvirt.open(self.host.uri)
        try:
            with guest_shell(conn.lookupByUUIDString(self.domain.UUIDString())) as shell:
                yield shell
        finally:
            conn.close()

    async def write(self, sector: int, text: str) -> None:
        """Have the guest write to its disk."""

        def write() -> None:
            with self.shell() as shell:
                shell.write(sector, text)

        await asyncio.to_thread(write)

    async def read(self, *sectors: int) -> list[str]:
        """Return what the guest itself reads from its disk."""

        def read() -> list[str]:
            with self.shell() as shell:
                return [shell.read(sector) for sector in sectors]

        return await asyncio.to_thread(read)


@asynccontextmanager
async def own_machine(
    host: LabHost,
    *,
    size: str = "64M",
    second: str = "",
    pool: str = "default",
    folder: str = IMAGES,
) -> AsyncIterator[Machine]:
    """Make a machine on ``host``, and remove all of it afterwards; see `define_guest`."""
    conn = libvirt.open(host.uri)
    name = f"own-{uuid.uuid4().hex[:6]}"
    own = define_guest(conn, host.guests[0], name, size=size, second=second, pool=pool)
    inventory = Inventory()
    fleet = Fleet(inventory)
    moments = Moments()
    runner = Runner(inventory, fleet, standard(), Journal(), moments=moments)
    fleet.connect(host.uri)
    domain = conn.lookupByUUIDString(own)
    machine = Machine(host, conn, domain, inventory, fleet, runner, moments, folder)
    try:
        await asyncio.wait_for(fleet.settled(), 60)
        yield machine
        if machine.domain.isActive():
            machine.domain.destroy()
        machine.assert_clean()
    finally:
        await runner.close()
        await fleet.close()
        machine.conn.close()
        with closing(libvirt.open(host.uri)) as again:
            remove_guest(again, own)
