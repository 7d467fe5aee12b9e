"""Clones on real hypervisors: what guests read of their own disks, and what bad days leave."""

import asyncio
import hashlib
import io
import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libvirt
import pytest
from lxml import etree
from pycdlib import PyCdlib

from tests.lab.guest_shell import define_guest, guest_shell
from tests.lab_fixture import Daemon
from tests.until import until
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal
from vmgui.actions.registry import standard
from vmgui.actions.runner import Runner
from vmgui.hypervisor.errors import ConnectionLost, NoSpace
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.snapshot import Snapshot
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

    def start(self, action: str, name: str, /, **arguments: Any) -> Job:
        (job,) = self.runner.run(action, self.named(name).key, **arguments)
        return job

    async def run(self, action: str, name: str, /, **arguments: Any) -> Job:
        job = self.start(action, name, **arguments)
        await asyncio.wait_for(job.wait(), 120)
        return job

    async def done(self, action: str, name: str, /, **arguments: Any) -> Job:
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

        told = await asyncio.to_thread(act)
        await until(lambda: not self.named(name).state.is_active, "it is seen to be off")
        return told


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
    here = Place(conn, inventory, fleet, runner, journal, source, stem)
    try:
        yield here
    finally:
        await runner.close()
        await fleet.close()
        _remove_all(here.conn, stem)


def vmgui(here: Place, *words: str, ends: int = 0) -> str:
    """Run the command line on the host, as a process of its own."""
    uri = here.named(here.source).key.host
    done = subprocess.run(
        [sys.executable, "-m", "vmgui", "--connect", uri, *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ends, done.stdout + done.stderr
    return done.stdout + done.stderr


def _remove_all(conn: libvirt.virConnect, stem: str) -> None:
    for machine in conn.listAllDomains():
        if machine.name().startswith(stem):
            if machine.isActive():
                machine.destroy()
            machine.undefineFlags(
                libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
                | libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
            )
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


Connect = Callable[[str], libvirt.virConnect]


def fill(here: Place, tmp_path: Path, size_mib: int = 40) -> None:
    """Let the source's disk hold that much, without a guest that writes it."""
    image = tmp_path / "filled.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "64M"], check=True)
    write = f"write -q -P 0xab 0 {size_mib}M"
    subprocess.run(["qemu-io", "-c", write, image], check=True, capture_output=True)
    data = image.read_bytes()
    stream = here.conn.newStream()
    here.conn.storageVolLookupByPath(here.disk(here.source)).upload(stream, 0, len(data))
    sent = 0
    while sent < len(data):
        sent += stream.send(data[sent : sent + 65536])
    stream.finish()
    here.conn.storagePoolLookupByName("default").refresh()


@contextmanager
def slow_copies(daemon: Daemon, tmp_path: Path, rate: str) -> Iterator[None]:
    """Let the host's daemon copy images no faster than that."""
    real, slow = tmp_path / "qemu-img-itself", tmp_path / "qemu-img"
    shutil.copy(shutil.which("qemu-img") or "", real)
    slow.write_text(
        f'#!/bin/sh\nif [ "$1" = convert ]; then shift; exec {real} convert -r {rate} "$@"; fi\n'
        f'exec {real} "$@"\n'
    )
    slow.chmod(0o755)
    in_host(daemon, "mount", "--bind", str(slow), shutil.which("qemu-img") or "")
    try:
        yield
    finally:
        in_host(daemon, "umount", "--lazy", shutil.which("qemu-img") or "")


def in_host(daemon: Daemon, *words: str) -> None:
    """Run a command where the host's daemon has its files."""
    subprocess.run(["nsenter", "--target", str(daemon.pid), "--mount", "--pid", *words], check=True)


async def test_a_class_is_made_named_and_reset_in_one_go(lab: LabStatus, connect: Connect) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "lesson"))
        await here.done("template.mark", here.source)
        pattern = f"{here.stem}-pc-{{n:02}}"
        job = await here.done("domain.clone", here.source, pattern=pattern, kind="linked", count=5)
        names = [f"{here.stem}-pc-0{number}" for number in range(1, 6)]
        assert here.machines() == {here.source, *names}
        macs = {each.mac for name in names for each in here.named(name).interfaces}
        assert len(macs) == 5
        children = [each for each in here.journal.entries() if each.parent == job.id]
        assert [each.target_name for each in reversed(children)] == names
        assert {each.state for each in children} == {JobState.DONE}
        for name in names:
            clone = here.named(name)
            assert (clone.clone_of, clone.clone_of_name) == (
                here.named(here.source).uuid,
                here.source,
            )
        # Whoever wrote over the lesson gets it back, and others keep nothing of it.
        for name in names[:2]:
            await here.in_guest(name, lambda shell: shell.write(8, "mischief"))
        here.conn.lookupByName(names[2]).create()
        before = here.checksum(here.disk(here.source))
        job = await here.done("clone.reset-all", here.source)
        assert here.named(names[2]).state == "off"
        assert [await here.in_guest(name, lambda shell: shell.read(8)) for name in names[:2]] == [
            "lesson",
            "lesson",
        ]
        assert here.checksum(here.disk(here.source)) == before
        # The template is spared whatever would break them.
        for action in ("domain.start", "domain.delete", "snapshot.create", "template.release"):
            refused = await here.run(action, here.source)
            assert refused.state is JobState.FAILED
            assert refused.state_now == "Nothing was changed."
        for name in names:
            path = here.disk(name)
            await here.done("domain.delete", name, disks=[path])
        await here.done("template.release", here.source)
        assert not here.named(here.source).is_template
        assert here.files() == {f"{here.source}.qcow2"}


async def test_the_source_goes_on_with_an_overlay_and_its_clone_sees_nothing_of_it(
    lab: LabStatus, connect: Connect
) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "then"))
        frozen = here.disk(here.source)
        before = here.checksum(frozen)
        clone = f"{here.stem}-clone"
        await here.done("domain.clone", here.source, pattern=clone, kind="linked")
        assert here.disk(here.source) != frozen
        await here.in_guest(here.source, lambda shell: shell.write(8, "now"))
        assert await here.in_guest(clone, lambda shell: shell.read(8)) == "then"
        assert await here.in_guest(here.source, lambda shell: shell.read(8)) == "now"
        assert here.checksum(frozen) == before
        # Bringing the source together again would change what the clone reads.
        snapshot = here.inventory.get(
            next(iter(here.inventory.of(Snapshot, here.named(here.source).key.host))).key
        )
        assert isinstance(snapshot, Snapshot)
        (job,) = here.runner.run("snapshot.delete", snapshot.key)
        await asyncio.wait_for(job.wait(), 60)
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert clone in job.error.why


async def test_a_running_machine_is_cloned_from_a_snapshot_of_it_and_not_else(
    lab: LabStatus, connect: Connect
) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "kept"))
        machine = here.conn.lookupByName(here.source)
        machine.create()
        await until(lambda: here.named(here.source).state.is_active, "it runs")
        refused = await here.run("domain.clone", here.source, pattern=f"{here.stem}-no")
        assert refused.error is not None
        assert "pausing isn't enough" in refused.error.why
        await here.done("snapshot.create", here.source, name="moment", kind="external", memory="no")
        for kind in ("linked", "full"):
            name = f"{here.stem}-{kind}"
            await here.done("domain.clone", here.source, pattern=name, kind=kind, snapshot="moment")
            assert await here.in_guest(name, lambda shell: shell.read(8)) == "kept"
        assert machine.isActive()


async def test_a_copy_shows_its_bytes_and_cancelling_it_leaves_nothing(
    lab: LabStatus, connect: Connect, daemons: dict[str, Daemon], tmp_path: Path
) -> None:
    async with place(lab, connect) as here:
        fill(here, tmp_path)
        before = here.files()
        with slow_copies(daemons["lab-a"], tmp_path, "16M"):
            job = here.start(
                "domain.clone", here.source, pattern=f"{here.stem}-{{n}}", count=3, kind="full"
            )
            await until(lambda: (job.done_bytes or 0) > 4_000_000, "bytes are shown")
            assert job.total_bytes is not None
            assert job.total_bytes > 100_000_000
            first = next(e for e in here.journal.entries() if e.target_name == f"{here.stem}-1")
            assert first.parent == job.id
            assert first.total_bytes
            await until(lambda: here.machines() != {here.source}, "the first is made")
            job.cancel()
            assert await asyncio.wait_for(job.wait(), 60) is JobState.CANCELLED
        assert here.machines() == {here.source, f"{here.stem}-1"}
        assert here.files() == before | {f"{here.stem}-1.qcow2"}
        assert "1 of 3 clones made" in job.state_now
        assert "Nothing half-made is left" in job.state_now
        states = {e.target_name: e.state for e in here.journal.entries() if e.parent == job.id}
        assert states[f"{here.stem}-1"] is JobState.DONE
        assert states[f"{here.stem}-3"] is JobState.CANCELLED


async def test_finished_ones_go_with_the_failed_one_where_that_was_chosen(
    lab: LabStatus, connect: Connect, daemons: dict[str, Daemon], tmp_path: Path
) -> None:
    async with place(lab, connect) as here:
        fill(here, tmp_path)
        before = here.files()
        with slow_copies(daemons["lab-a"], tmp_path, "32M"):
            job = here.start(
                "domain.clone", here.source, pattern=f"{here.stem}-{{n}}", count=3, kind="full",
                when_failed="remove",
            )  # fmt: skip
            await until(lambda: here.machines() != {here.source}, "the first is made")
            job.cancel()
            await asyncio.wait_for(job.wait(), 60)
        assert here.machines() == {here.source}
        assert here.files() == before


async def test_a_name_that_somebody_takes_meanwhile_fails_that_clone_alone(
    lab: LabStatus, connect: Connect, daemons: dict[str, Daemon], tmp_path: Path
) -> None:
    async with place(lab, connect) as here:
        fill(here, tmp_path)
        before = here.files()
        with slow_copies(daemons["lab-a"], tmp_path, "32M"):
            job = here.start(
                "domain.clone", here.source, pattern=f"{here.stem}-{{n}}", count=3, kind="full"
            )
            await until(lambda: (job.done_bytes or 0) > 1_000_000, "it copies")
            # Another machine takes the second's name, and another file the third's.
            define_guest(here.conn, here.source, f"{here.stem}-2", stem=f"{here.stem}-other")
            theirs = here.conn.storagePoolLookupByName("default").createXML(
                f"<volume><name>{here.stem}-3.qcow2</name><capacity>4096</capacity></volume>"
            )
            await asyncio.wait_for(job.wait(), 120)
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert f"number 2 ({here.stem}-2), 3 ({here.stem}-3)" in job.error.what
        assert here.machines() == {here.source, f"{here.stem}-1", f"{here.stem}-2"}
        # What is theirs is left alone, what was ours is gone.
        assert theirs.info()[1] == 4096
        assert here.files() == before | {
            f"{here.stem}-1.qcow2", f"{here.stem}-other.qcow2", f"{here.stem}-3.qcow2",
        }  # fmt: skip


async def test_two_who_clone_at_once_share_nothing(lab: LabStatus, connect: Connect) -> None:
    async with place(lab, connect) as here, another(here) as other:
        jobs = [
            each.start(
                "domain.clone", here.source, pattern=f"{here.stem}-{word}-{{n}}", count=3,
                kind="full",
            )
            for each, word in ((here, "x"), (other, "y"))
        ]  # fmt: skip
        for job in jobs:
            await asyncio.wait_for(job.wait(), 120)
            assert job.state is JobState.DONE, (job.error, job.report)
        roots = [etree.fromstring(each.XMLDesc()) for each in here.conn.listAllDomains()]
        macs = [mac.get("address") for root in roots for mac in root.iterfind(".//mac")]
        sources = [each for root in roots for each in root.iterfind(".//disk/source[@file]")]
        files = [source.get("file") for source in sources]
        assert len(set(macs)) == len(macs)
        assert len(set(files)) == len(files)
        # The same name at the same time: one of them has it, with all that belongs to it.
        jobs = [
            each.start("domain.clone", here.source, pattern=f"{here.stem}-same", kind="full")
            for each in (here, other)
        ]
        for job in jobs:
            await asyncio.wait_for(job.wait(), 120)
        assert sorted(job.state for job in jobs) == [JobState.DONE, JobState.FAILED]
        assert await here.in_guest(f"{here.stem}-same", lambda shell: shell.run("hostname"))
        assert {each for each in here.files() if "same" in each} == {f"{here.stem}-same.qcow2"}


@asynccontextmanager
async def another(here: Place) -> AsyncIterator[Place]:
    """A second vmgui on the same host."""
    inventory, journal = Inventory(), Journal()
    fleet = Fleet(inventory)
    runner = Runner(inventory, fleet, standard(), journal)
    fleet.connect(here.named(here.source).key.host)
    await asyncio.wait_for(fleet.settled(), 60)
    try:
        yield Place(here.conn, inventory, fleet, runner, journal, here.source, here.stem)
    finally:
        await runner.close()
        await fleet.close()


async def test_a_pool_that_fills_up_in_mid_clone_leaves_nothing_half_made(
    lab: LabStatus, connect: Connect, daemons: dict[str, Daemon], tmp_path: Path
) -> None:
    async with place(lab, connect) as here:
        fill(here, tmp_path, 20)
        small = f"/var/lib/libvirt/{here.stem}"
        in_host(daemons["lab-a"], "mkdir", small)
        in_host(daemons["lab-a"], "mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", small)
        pool = here.conn.storagePoolCreateXML(
            f"<pool type='dir'><name>{here.stem}</name><target><path>{small}</path></target></pool>"
        )
        try:
            # Somebody else needs room as well, after the plan was made.
            with slow_copies(daemons["lab-a"], tmp_path, "16M"):
                job = here.start(
                    "domain.clone", here.source, pattern=f"{here.stem}-{{n}}", count=2,
                    kind="full", pool=here.stem,
                )  # fmt: skip
                await until(lambda: (job.done_bytes or 0) > 1_000_000, "it copies")
                in_host(
                    daemons["lab-a"], "dd", "if=/dev/zero", f"of={small}/theirs", "bs=1M",
                    "count=18", "status=none",
                )  # fmt: skip
                await asyncio.wait_for(job.wait(), 120)
            assert isinstance(job.error, NoSpace), (job.error, job.report)
            assert "number 2" in job.error.what
            pool.refresh()
            assert {each.name() for each in pool.listAllVolumes()} == {
                f"{here.stem}-1.qcow2",
                "theirs",
            }
            assert here.machines() == {here.source, f"{here.stem}-1"}
            # And one that can't fit from the beginning isn't begun.
            refused = await here.run(
                "domain.clone", here.source, pattern=f"{here.stem}-no", pool=here.stem
            )
            assert refused.state_now == "Nothing was changed."
            assert refused.error is not None
            assert "free" in refused.error.why
        finally:
            pool.destroy()
            in_host(daemons["lab-a"], "umount", "--lazy", small)


async def test_a_daemon_that_is_killed_in_mid_clone_leaves_nothing_half_made(
    lab: LabStatus, connect: Connect, daemons: dict[str, Daemon], tmp_path: Path
) -> None:
    daemon = daemons["lab-a"]
    async with place(lab, connect) as here:
        fill(here, tmp_path)
        before = here.files()
        with slow_copies(daemon, tmp_path, "8M"):
            job = here.start(
                "domain.clone", here.source, pattern=f"{here.stem}-{{n}}", count=2, kind="full"
            )
            await until(lambda: (job.done_bytes or 0) > 1_000_000, "it copies")
            await asyncio.to_thread(daemon.kill)
            await asyncio.to_thread(daemon.start)
            await asyncio.wait_for(job.wait(), 120)
        assert job.state is JobState.FAILED
        assert isinstance(job.error, ConnectionLost), (job.error, job.report)
        here.conn = connect(lab.hosts[0].uri)
        assert here.machines() == {here.source}
        assert here.files() == before, job.state_now
        assert "Nothing half-made is left" in job.state_now


async def test_the_lines_of_a_dry_run_make_the_same_machines(
    lab: LabStatus, connect: Connect
) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "by hand"))
        words = ("domain", "clone", here.source, f"{here.stem}-{{n}}", "--count", "2")
        kinds = (
            ("--kind", "linked", "--base", "template", "--dry-run"),
            ("--kind", "full", "--first", "3", "--dry-run"),
        )
        for kind in kinds:
            script = await asyncio.to_thread(vmgui, here, *words, *kind)
            assert here.machines() <= {here.source, f"{here.stem}-1", f"{here.stem}-2"}
            await asyncio.to_thread(subprocess.run, ["sh", "-e", "-c", script], check=True)
        names = [f"{here.stem}-{number}" for number in range(1, 5)]
        await until(lambda: {d.name for d in here.inventory.of(Domain)} >= {*names}, "all are seen")
        assert here.named(here.source).is_template
        assert here.named(names[0]).clone_of == here.named(here.source).uuid
        for name in (names[1], names[3]):
            seen = await here.in_guest(name, lambda shell: (shell.read(8), shell.run("hostname")))
            assert seen == ("by hand", f"{name}\n")


async def test_the_command_line_clones_lists_and_resets(lab: LabStatus, connect: Connect) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "lesson"))

        def work() -> None:
            assert "done" in vmgui(here, "template", "mark", here.source)
            made = vmgui(
                here, "domain", "clone", here.source, f"{here.stem}-{{n:02}}", "--count", "2",
                "--kind", "linked", "--tag", "class", "--json",
            )  # fmt: skip
            (job,) = json.loads(made)["jobs"]
            assert job["note"] == f"Made: {here.stem}-01 and {here.stem}-02."
            listed = json.loads(vmgui(here, "template", "list", "--json"))["templates"]
            (own,) = [each for each in listed if each["name"] == here.source]
            assert [each["name"] for each in own["clones"]] == [
                f"{here.stem}-01",
                f"{here.stem}-02",
            ]
            taken = vmgui(here, "domain", "clone", here.source, f"{here.stem}-01", ends=1)
            assert "exists on lab-a" in taken
            assert "release it first" in vmgui(here, "domain", "start", here.source, ends=1)
            assert f"Linked clone of  {here.source}" in vmgui(here, "show", f"{here.stem}-01")
            plan = vmgui(here, "clone", "reset", f"{here.stem}-01", "--dry-run")
            assert "vol-delete" in plan
            assert "All that" in plan
            assert "--yes" in vmgui(here, "clone", "reset-all", here.source, ends=1)
            assert "done" in vmgui(here, "clone", "reset-all", here.source, "--yes")
            assert "would be broken" in vmgui(here, "template", "release", here.source, ends=1)

        await asyncio.to_thread(work)
        assert here.named(f"{here.stem}-02").tags == ("class",)


async def test_a_seed_says_to_cloud_init_who_the_clone_is(lab: LabStatus, connect: Connect) -> None:
    async with place(lab, connect) as here:
        name = f"{here.stem}-Über Gast"
        await here.done("domain.clone", here.source, pattern=name, guest="cloud-init")
        root = etree.fromstring(here.conn.lookupByName(name).XMLDesc())
        source = root.find("devices/disk[@device='cdrom']/source")
        assert source is not None
        data: list[bytes] = []
        stream = here.conn.newStream()
        here.conn.storageVolLookupByPath(source.get("file")).download(stream, 0, 0)
        stream.recvAll(lambda _, part, __: data.append(part), None)
        stream.finish()
        disc, out = PyCdlib(), io.BytesIO()
        disc.open_fp(io.BytesIO(b"".join(data)))
        disc.get_file_from_iso_fp(out, rr_path="/meta-data")
        disc.close()
        assert out.getvalue().decode() == (
            f'instance-id: "{here.named(name).uuid}"\nlocal-hostname: "{here.stem}-ber-gast"\n'
        )
        # The guest boots with the disc in its drive.
        assert await here.in_guest(name, lambda shell: shell.run("echo up")) == "up\n"


async def test_uefi_variables_in_a_pool_are_copied_and_else_made_anew(
    lab: LabStatus, connect: Connect
) -> None:
    async with place(lab, connect) as here:
        pool = here.conn.storagePoolLookupByName("default")
        own = pool.createXML(
            f"<volume><name>{here.stem}-source_VARS.fd</name><capacity>65536</capacity></volume>"
        )
        stream = here.conn.newStream()
        own.upload(stream, 0, 9)
        stream.send(b"variables")
        stream.finish()
        for path, copied in ((own.path(), True), ("/elsewhere/source_VARS.fd", False)):
            machine = here.conn.lookupByName(here.source)
            root = etree.fromstring(machine.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
            system = root.find("os")
            assert system is not None
            for part in system.findall("loader") + system.findall("nvram"):
                system.remove(part)
            loader = etree.SubElement(system, "loader", readonly="yes", type="pflash")
            loader.text = "/nowhere/code.fd"
            etree.SubElement(system, "nvram", template="/nowhere/vars.fd").text = path
            here.conn.defineXML(etree.tostring(root, encoding="unicode"))
            name = f"{here.stem}-{copied}"
            await here.done("domain.clone", here.source, pattern=name)
            clone = here.named(name)
            assert clone.nvram_path != path
            assert (clone.nvram_path == f"/var/lib/libvirt/images/{name}_VARS.fd") == copied
            if copied:
                volume = here.conn.storageVolLookupByPath(clone.nvram_path)
                assert here.checksum(clone.nvram_path) == here.checksum(path)
                assert volume.info()[1] == 65536


async def test_a_full_copy_of_a_clone_depends_on_nothing_and_a_link_to_one_reads_it_all(
    lab: LabStatus, connect: Connect
) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "first"))
        names = [f"{here.stem}-{word}" for word in ("middle", "top", "alone")]
        middle, top, alone = names
        await here.done("domain.clone", here.source, pattern=middle, kind="linked", base="template")
        await here.in_guest(middle, lambda shell: shell.write(9, "second"))
        await here.done("domain.clone", middle, pattern=top, kind="linked", base="template")
        await here.done("domain.clone", middle, pattern=alone, kind="full")
        volume = here.conn.storageVolLookupByPath(here.disk(alone))
        assert etree.fromstring(volume.XMLDesc()).find("backingStore/path") is None
        for name in (top, alone):
            seen = await here.in_guest(name, lambda shell: (shell.read(8), shell.read(9)))
            assert seen == ("first", "second")
        # A template that is a clone itself stays whose clone it is, and can't be reset.
        assert here.named(middle).is_template
        assert here.named(middle).clone_of == here.named(here.source).uuid
        refused = await here.run("clone.reset", middle)
        assert refused.error is not None
        assert "release it first" in refused.error.why


async def test_a_clone_whose_overlay_is_gone_is_given_another(
    lab: LabStatus, connect: Connect
) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "whole"))
        clone = f"{here.stem}-clone"
        await here.done("domain.clone", here.source, pattern=clone, kind="linked", base="template")
        # Somebody removes it by hand; or a reset broke off between its two steps.
        here.conn.storageVolLookupByPath(here.disk(clone)).delete()
        await here.done("clone.reset", clone, start=True)
        assert here.conn.lookupByName(clone).isActive()
        here.conn.lookupByName(clone).destroy()
        await until(lambda: not here.named(clone).state.is_active, "it is off")
        assert await here.in_guest(clone, lambda shell: shell.read(8)) == "whole"


async def test_what_is_left_when_vmgui_ends_in_mid_clone_is_named(
    lab: LabStatus, connect: Connect, daemons: dict[str, Daemon], tmp_path: Path
) -> None:
    async with place(lab, connect) as here:
        fill(here, tmp_path)
        with slow_copies(daemons["lab-a"], tmp_path, "16M"):
            job = here.start(
                "domain.clone", here.source, pattern=f"{here.stem}-{{n}}", count=2, kind="full"
            )
            await until(lambda: (job.done_bytes or 0) > 1_000_000, "it copies")
            await asyncio.wait_for(here.runner.close(), 10)
            parts = {e.target_name: e for e in here.journal.entries() if e.parent == job.id}
            # The host copies on, so the file can't be removed yet.
            assert job.state is JobState.INTERRUPTED
            assert parts[f"{here.stem}-1"].state is JobState.INTERRUPTED
            assert f"Left over: {here.stem}-1.qcow2" in parts[f"{here.stem}-1"].state_now
            assert parts[f"{here.stem}-2"].state is JobState.CANCELLED
            left = here.conn.storagePoolLookupByName("default").storageVolLookupByName(
                f"{here.stem}-1.qcow2"
            )
            await until(lambda: gone(left), "the copy is done, and its file can be removed")
        assert here.machines() == {here.source}


def gone(volume: libvirt.virStorageVol) -> bool:
    """Remove a volume where that is possible by now."""
    try:
        volume.delete()
    except libvirt.libvirtError:
        return False
    return True


async def test_a_clones_own_snapshots_go_with_a_reset_only_where_that_was_said(
    lab: LabStatus, connect: Connect
) -> None:
    async with place(lab, connect) as here:
        await here.in_guest(here.source, lambda shell: shell.write(8, "lesson"))
        clone = f"{here.stem}-clone"
        await here.done("domain.clone", here.source, pattern=clone, kind="linked", base="template")
        await here.done("snapshot.create", clone, name="mine", kind="internal")
        await here.in_guest(clone, lambda shell: shell.write(8, "work"))
        refused = await here.run("clone.reset", clone)
        assert refused.error is not None
        assert "mine" in refused.error.why
        assert await here.in_guest(clone, lambda shell: shell.read(8)) == "work"
        # Of several, those that would lose something are passed over by name.
        other = f"{here.stem}-other"
        await here.done("domain.clone", here.source, pattern=other, kind="linked")
        await here.in_guest(other, lambda shell: shell.write(8, "work"))
        some = await here.run("clone.reset-all", here.source)
        assert some.error is not None
        assert f"1 clone of 2 could not be reset: {clone}" in some.error.what
        assert await here.in_guest(other, lambda shell: shell.read(8)) == "lesson"
        await here.done("clone.reset", clone, snapshots=True)
        assert here.conn.lookupByName(clone).snapshotNum() == 0
        shown = here.inventory.of(Snapshot)
        assert [each.name for each in shown if each.domain == here.named(clone).key] == []
        assert await here.in_guest(clone, lambda shell: shell.read(8)) == "lesson"
