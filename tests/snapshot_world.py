"""The machine of the design's picture of snapshots: invented records that add up."""

from dataclasses import replace
from datetime import datetime

from vmgui.insight.file_plan import Fate, FilePlan, Merge, PlannedFile
from vmgui.inventory.domain import Disk, Domain, DomainState
from vmgui.inventory.images import Image, ImageUser, MachineStorage, Use
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key

GIB = 2**30
URI = "test:///a"
KEY = domain_key(URI, "uuid-db-01")
NOW_S = int(datetime(2026, 4, 9, 14, 0).astimezone().timestamp())
FOLDER = "/var/lib/libvirt/images"
BASE = f"{FOLDER}/db-01.qcow2"
DATA = f"{FOLDER}/db-01-data.qcow2"


def path(name: str) -> str:
    """Return the path of a file that was made for a snapshot."""
    return f"{FOLDER}/db-01.{name}"


def machine(source: str = path("nightly-06"), *, gib: int = 32, vcpus: int = 8) -> Domain:
    """Return the machine; ``source`` is the active file of vda."""
    return Domain(
        KEY,
        "db-01",
        DomainState.RUNNING,
        run_id=3,
        read_fully=True,
        tags=("prod",),
        os_name="Debian 12",
        vcpus=vcpus,
        vcpus_max=vcpus,
        memory_bytes=gib * GIB,
        memory_max_bytes=gib * GIB,
        disks=(
            Disk("vda", bus="virtio", source=source, format="qcow2"),
            Disk("vdb", bus="virtio", source=DATA, format="qcow2"),
        ),
        snapshot_count=8,
    )


def _taken(
    name: str,
    day: tuple[int, int],
    clock: tuple[int, int],
    parent: str = "",
    *,
    source: str = BASE,
    external: bool = True,
    memory: bool = False,
    state: str = "running",
    description: str = "",
    gib: int = 24,
    vcpus: int = 6,
) -> Snapshot:
    at = datetime(2026, *day, *clock).astimezone()
    kind = "external" if external else "internal"
    disks = (
        SnapshotDisk("vda", kind, path(name) if external else ""),
        SnapshotDisk("vdb", "no" if external else "internal"),
    )
    return Snapshot(
        snapshot_key(KEY, name),
        KEY,
        name,
        parent,
        state if memory or not external else "disk-snapshot",
        description,
        int(at.timestamp()),
        memory,
        external,
        name == "nightly-06",
        f"{path(name)}.mem" if external and memory else "",
        disks,
        machine(source, gib=gib, vcpus=vcpus),
    )


SNAPSHOTS = (
    _taken("fresh-install", (3, 3), (9, 12), external=False, state="shutoff"),
    _taken("configured", (3, 5), (14, 40), "fresh-install", external=False, memory=True),
    _taken("load-test", (3, 12), (16, 5), "configured", external=False, memory=True),
    _taken("before-upgrade", (4, 2), (10, 2), "configured", memory=True),
    _taken("try-1", (4, 2), (11, 20), "before-upgrade", memory=True),
    _taken("broken-index", (4, 2), (12, 5), "try-1", source=path("try-1")),
    _taken(
        "upgraded",
        (4, 4),
        (9, 30),
        "before-upgrade",
        source=path("before-upgrade"),
        description="PostgreSQL 16 in place, checks pass",
    ),
    _taken("nightly-06", (4, 6), (6, 0), "upgraded", source=path("upgraded"), gib=32, vcpus=8),
)


def _used(use: Use, snapshot: str = "", target: str = "vda", *, active: bool = False) -> ImageUser:
    return ImageUser(KEY, "db-01", use, target, snapshot, active=active)


def _image(where: str, gib: float, backing: str = "", users: tuple[ImageUser, ...] = ()) -> Image:
    return Image(
        where,
        "qcow2",
        40 * GIB,
        int(gib * GIB),
        backing,
        "qcow2" if backing else "",
        Key(URI, "pool", "uuid-default"),
        exists=True,
        users=users,
    )


IMAGES = (
    Image(
        BASE,
        "qcow2",
        40 * GIB,
        int(23.1 * GIB),
        pool=Key(URI, "pool", "uuid-default"),
        exists=True,
        internal=("fresh-install", "configured", "load-test"),
        users=(_used(Use.STATE, "before-upgrade"), _used(Use.STATE, "try-1")),
    ),
    _image(
        path("before-upgrade"),
        4.2,
        BASE,
        (_used(Use.STATE, "upgraded"), _used(Use.OVERLAY, "before-upgrade")),
    ),
    _image(
        path("upgraded"),
        1.9,
        path("before-upgrade"),
        (_used(Use.STATE, "nightly-06"), _used(Use.OVERLAY, "upgraded")),
    ),
    _image(
        path("nightly-06"),
        0.7,
        path("upgraded"),
        (_used(Use.DISK, active=True), _used(Use.OVERLAY, "nightly-06")),
    ),
    _image(
        path("try-1"),
        2.6,
        BASE,
        (_used(Use.STATE, "broken-index"), _used(Use.OVERLAY, "try-1")),
    ),
    _image(path("broken-index"), 0.3, path("try-1"), (_used(Use.OVERLAY, "broken-index"),)),
    _image(DATA, 12.0, "", (_used(Use.DISK, target="vdb", active=True),)),
    Image(
        f"{path('before-upgrade')}.mem",
        "raw",
        None,
        int(12.1 * GIB),
        exists=True,
        users=(_used(Use.MEMORY, "before-upgrade", ""),),
    ),
    Image(
        f"{path('try-1')}.mem",
        "raw",
        None,
        16 * GIB,
        exists=True,
        users=(_used(Use.MEMORY, "try-1", ""),),
    ),
)

STORAGE = MachineStorage(machine(), snapshots=SNAPSHOTS, images=IMAGES)

DELETE_PLAN = FilePlan(
    "Delete upgraded",
    (
        PlannedFile(
            path("before-upgrade"),
            Fate.GROWS,
            "changes since before-upgrade",
            "vda",
            int(4.2 * GIB),
            int(6.1 * GIB),
            BASE,
        ),
        PlannedFile(
            path("upgraded"), Fate.REMOVED, "changes since upgraded", "vda", int(1.9 * GIB)
        ),
        PlannedFile(
            path("nightly-06"),
            Fate.WRITTEN,
            "disk vda",
            "vda",
            int(0.7 * GIB),
            backing_after=path("before-upgrade"),
        ),
        PlannedFile(BASE, Fate.KEPT, "base of vda", "vda", int(23.1 * GIB)),
        PlannedFile(path("try-1"), Fate.KEPT, "changes since try-1", "vda", int(2.6 * GIB)),
        PlannedFile(DATA, Fate.KEPT, "disk vdb", "vdb", 12 * GIB),
    ),
    (Merge(path("upgraded"), path("before-upgrade"), int(1.9 * GIB)),),
    "keeps running",
    loses=("the way back to “upgraded”",),
    copies_bytes=int(1.9 * GIB),
    frees_bytes=int(1.9 * GIB),
    virsh=("virsh snapshot-delete db-01 upgraded",),
)

REVERT_PLAN = FilePlan(
    "Revert to upgraded",
    (
        PlannedFile(
            path("revert-1"),
            Fate.CREATED,
            "disk vda",
            "vda",
            becomes_bytes=40 * GIB,
            backing_after=path("before-upgrade"),
        ),
        PlannedFile(path("nightly-06"), Fate.LEFT, "disk vda", "vda", int(0.7 * GIB)),
        PlannedFile(path("before-upgrade"), Fate.KEPT, "state of upgraded", "vda"),
    ),
    machine="is forced off, and starts from power-off",
    loses=("what was written since 6 Apr, 06:00",),
    warnings=("vdb stays as it is today.",),
    virsh=("virsh snapshot-revert db-01 upgraded",),
)


def many(count: int) -> tuple[Snapshot, ...]:
    """Return so many snapshots, a day apart; every seventh goes back to an earlier one."""
    made = []
    for number in range(count):
        back = 1 if number % 7 else 12
        name = f"snap-{number:03}"
        made.append(
            replace(
                SNAPSHOTS[number % len(SNAPSHOTS)],
                key=snapshot_key(KEY, name),
                name=name,
                parent=f"snap-{max(0, number - back):03}" if number else "",
                created_at_s=NOW_S - (count - number) * 86400,
                current=number == count - 1,
            )
        )
    return tuple(made)
