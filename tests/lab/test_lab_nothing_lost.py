"""What others did meanwhile, or left there, is never lost: on real machines."""

import pytest

from tests.lab.snapshot_place import on_host, own_machine
from vmgui.actions.job import JobState
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
