"""What others did meanwhile, or left there, is never lost: on real machines."""

import libvirt
import pytest

from tests.lab.snapshot_place import IMAGES, on_host, own_machine
from tests.lab.test_lab_clones import Connect, place
from vmgui.actions.job import JobState
from vmgui.hypervisor.domains import paused_process
from vmgui.lab import LabStatus

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


async def test_memory_is_never_written_over_a_file_that_is_there(lab: LabStatus) -> None:
    async with own_machine(lab.hosts[0]) as machine:
        await machine.start()
        path = f"/var/tmp/{machine.name}.precious"
        on_host(machine.host, "sh", "-c", f"echo precious > {path}")
        try:
            job = await machine.run("snapshot.create", name="s1", kind="external", memory_path=path)
            assert job.state is JobState.FAILED
            assert on_host(machine.host, "cat", path) == "precious\n"
            assert machine.snapshots() == {}
        finally:
            on_host(machine.host, "rm", "-f", path)


async def test_a_reset_that_can_make_no_new_file_leaves_the_clone_as_it_was(
    lab: LabStatus, connect: Connect
) -> None:
    host = lab.hosts[0]
    async with place(lab, connect) as here:
        clone = f"{here.stem}-clone"
        await here.done("domain.clone", here.source, pattern=clone, kind="linked", base="template")
        await here.in_guest(clone, lambda shell: shell.write(8, "its own"))
        disk = here.disk(clone)
        files = here.files()
        on_host(host, "mount", "--bind", IMAGES, IMAGES)
        on_host(host, "mount", "-o", "remount,bind,ro", IMAGES)
        try:
            job = await here.run("clone.reset", clone)
        finally:
            on_host(host, "umount", IMAGES)
        assert job.state is JobState.FAILED
        assert job.state_now == f"{clone} has all that it wrote."
        assert (here.disk(clone), here.files()) == (disk, files)
        assert await here.in_guest(clone, lambda shell: shell.read(8)) == "its own"
        # And by and by it is reset, with a file of another name each time.
        for _ in range(2):
            before = here.disk(clone)
            await here.done("clone.reset", clone)
            assert here.disk(clone) != before
            assert await here.in_guest(clone, lambda shell: shell.read(8)) != "its own"
        assert here.disk(clone) == disk
        assert here.files() == files


async def test_a_guest_that_somebody_let_run_during_a_merge_isnt_ended(lab: LabStatus) -> None:
    async with own_machine(lab.hosts[0]) as machine:
        with paused_process(machine.domain):
            assert machine.domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED
        assert not machine.domain.isActive()
        with paused_process(machine.domain):
            machine.domain.resume()
        assert machine.domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING


async def test_a_merge_is_told_as_done_however_files_are_spelled(lab: LabStatus) -> None:
    async with own_machine(lab.hosts[0]) as machine:
        xml = machine.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        own = machine.file("qcow2")
        machine.conn.defineXML(xml.replace(own, own.replace(IMAGES, f"{IMAGES}/")))
        await machine.start()
        assert machine.chain() == [own.replace(IMAGES, f"{IMAGES}/")]
        await machine.do("snapshot.create", name="s1", kind="external", memory="no")
        await machine.do("snapshot.delete", "s1", metadata_only=True)
        await machine.do("disk.commit")
        assert len(machine.chain()) == 1
