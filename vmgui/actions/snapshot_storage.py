"""What snapshot and merge actions share: reading what is on disk, and telling what is left."""

from vmgui.actions.virsh import line, printable
from vmgui.actions.work import Planning, Work
from vmgui.hypervisor.errors import VmguiError
from vmgui.hypervisor.images import read_machine_storage
from vmgui.insight.file_plan import Fate, FilePlan
from vmgui.insight.machine_files import MachineFiles
from vmgui.inventory.domain import Domain
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.key import domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key


async def read_storage(
    planning: Planning[Domain] | Planning[Snapshot],
) -> MachineStorage:
    """Return what the machine's disks really are now; raises VmguiError."""
    return await planning.read(read_machine_storage, planning.uuid, planning.record.key.host)


async def refresh_pools_of(work: Work[Domain] | Work[Snapshot]) -> MachineStorage | None:
    """Have the pools that hold the machine's files read again, and return what is there now.

    Reading lets each pool look at its folder again, which QEMU wrote to behind its back. None
    where it can't be read: what was to be done is done all the same.
    """
    try:
        storage = await read_storage(work)
    except VmguiError:
        return None
    pools = {image.pool for image in storage.images if image.pool is not None}
    work.also += sorted(pools)
    return storage


def read_again(work: Work[Domain] | Work[Snapshot], name: str = "") -> None:
    """Have the machine and its snapshots read again afterwards."""
    key = domain_key(work.record.key.host, work.uuid)
    work.also += [key, snapshot_key(key, name)]


async def tell_what_is_left(work: Work[Domain] | Work[Snapshot], plan: FilePlan) -> None:
    """After a failure, say which of the files that the plan would have made are there."""
    made = [file.path for file in plan.of(Fate.CREATED)]
    if not made:
        return
    try:
        storage = await read_storage(work)
    except VmguiError:
        work.job.state_now = (
            "What of it was made is not known, for the host can't be asked. Look for: "
            f"{', '.join(printable(path) for path in made)}."
        )
        return
    files = MachineFiles(storage)
    used = {path for disk in storage.domain.disks for path in files.chain(disk.source)}
    there = [path for path in made if (image := files.image(path)) and image.exists is not False]
    in_use = [path for path in there if path in used]
    left = [path for path in there if path not in used]
    state = f"{printable(storage.domain.name)} is {storage.domain.state}."
    if in_use:
        state += f" It writes to {', '.join(printable(path) for path in in_use)}."
    if left:
        ways = "; ".join(printable(line("vol-delete", path)) for path in left)
        state += f" Left over, and used by nobody: remove it with {ways}."
    if not there:
        state += " No file was left behind, and the snapshot isn't there."
    work.job.state_now = state
