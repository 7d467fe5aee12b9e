"""Hand-made facts for plans of clones: a machine with a system disk, a data disk and a drive."""

from dataclasses import replace

from vmgui.insight.clone_plan import CloneFacts
from vmgui.inventory.domain import Disk, Domain, DomainState, Interface
from vmgui.inventory.images import Image, ImageUser, MachineStorage, Use
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key
from vmgui.inventory.storage import Pool

GIB = 1 << 30
URI = "qemu:///system"
KEY = domain_key(URI, "7f3c8a54-1d3b-4c61-9b67-3c8f3f1e2b11")
POOL = Pool(Key(URI, "pool", "p-1"), "vmpool", active=True, path="/vm", available_bytes=836 * GIB)
LVM = Pool(
    Key(URI, "pool", "p-2"), "lvm", active=True, kind="logical", path="/dev/vg",
    available_bytes=100 * GIB,
)  # fmt: skip
ISCSI = Pool(Key(URI, "pool", "p-3"), "san", active=True, kind="iscsi", path="/dev/disk/by-path")

SYSTEM = Disk("vda", bus="virtio", source="/vm/win.qcow2", format="qcow2")
DATA = Disk("vdb", bus="virtio", source="/vm/data.raw", format="raw")
DRIVE = Disk("sda", "cdrom", bus="sata", source="/vm/setup.iso", format="raw", read_only=True)
MACHINE = Domain(
    KEY,
    "win",
    DomainState.OFF,
    read_fully=True,
    hypervisor_type="kvm",
    tags=("classroom",),
    disks=(SYSTEM, DATA, DRIVE),
    interfaces=(Interface("52:54:00:aa:bb:cc", source="default", model="virtio"),),
)


def user(disk: Disk, domain: Domain = MACHINE, *, use: Use = Use.DISK) -> ImageUser:
    """Return that ``domain`` has this disk."""
    return ImageUser(
        domain.key,
        domain.name,
        use,
        disk.target,
        active=domain.state.is_active,
        read_only=disk.read_only,
        shareable=disk.shareable,
    )


IMAGES = (
    Image("/vm/win.qcow2", "qcow2", 64 * GIB, 38 * GIB, pool=POOL.key, exists=True,
          users=(user(SYSTEM),)),
    Image("/vm/data.raw", "raw", 20 * GIB, 12 * GIB, pool=POOL.key, exists=True,
          users=(user(DATA),)),
    Image("/vm/setup.iso", "raw", 6 * GIB, 6 * GIB, pool=POOL.key, exists=True,
          users=(user(DRIVE, use=Use.MEDIUM),)),
)  # fmt: skip


def facts(machine: Domain = MACHINE, **changes: object) -> CloneFacts:
    """Return the facts of ``machine``; ``images`` and ``snapshots`` are those of its storage."""
    storage = MachineStorage(
        machine,
        images=changes.pop("images", IMAGES),  # type: ignore[arg-type]
        snapshots=changes.pop("snapshots", ()),  # type: ignore[arg-type]
    )
    known = CloneFacts(
        storage,
        "lab-a",
        pools=(POOL, LVM, ISCSI),
        networks=("default", "classroom"),
        names={"win": "lab-a"},
        macs=frozenset({"52:54:00:aa:bb:cc"}),
        uuids=frozenset({machine.uuid}),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def external_snapshot(name: str = "before", state: str = "shutoff") -> tuple[Snapshot, Domain]:
    """Return an external snapshot of the machine, and the machine after it."""
    snapshot = Snapshot(
        snapshot_key(KEY, name),
        KEY,
        name,
        state=state,
        external=True,
        disks=(
            SnapshotDisk("vda", "external", f"/vm/win.{name}", "qcow2"),
            SnapshotDisk("vdb", "external", f"/vm/data.{name}", "qcow2"),
        ),
        then=MACHINE,
    )
    after = tuple(
        replace(disk, source=f"{disk.source.rpartition('.')[0]}.{name}", format="qcow2")
        for disk in (SYSTEM, DATA)
    )
    return snapshot, replace(MACHINE, disks=(*after, DRIVE))
