"""What cloning a machine would make: every name, address and file, before anything is done.

`vmgui.insight.clone_planner` decides it all from facts and a spec; the page shows this plan, and
the job carries out this plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vmgui.insight.clone_spec import BaseFate, CloneSpec, DiskChoice
from vmgui.insight.file_plan import FilePlan
from vmgui.insight.take_spec import TakePlan
from vmgui.inventory.domain import Disk
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.key import Key
from vmgui.inventory.storage import Pool


@dataclass(frozen=True, slots=True)
class CloneFacts:
    """What is known when clones are planned, as of one reading.

    ``pools`` are the host's, with fresh sizes; ``networks`` its networks' names. ``names`` tells
    for each machine's name of all connected hosts where it is ("lab-a"); ``macs`` (in lower case)
    and ``uuids`` are those in use there. ``definitions`` are the XML of the machine at its next
    start (by "") and of its external snapshots (by name).

    ``obstacles`` are sentences of why it can't be cloned at all, ``left_out`` of devices that
    clones don't get (one that is passed through), ``reminders`` of what clones share with the
    source (a folder); ``disk_obstacles`` say why a disk can't be cloned, by target.
    ``kernel_name`` tells whether the guest takes its name from the kernel's command line,
    ``seed`` the target of the drive with a cloud-init seed, "" where it has none. ``sysprep`` is
    why virt-sysprep can't be used, "" where it can.
    """

    storage: MachineStorage
    host_name: str
    pools: tuple[Pool, ...] = ()
    networks: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    macs: frozenset[str] = frozenset()
    uuids: frozenset[str] = frozenset()
    definitions: Mapping[str, str] = field(default_factory=dict)
    obstacles: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    reminders: tuple[str, ...] = ()
    disk_obstacles: Mapping[str, str] = field(default_factory=dict)
    kernel_name: bool = False
    seed: str = ""
    sysprep: str = "virt-sysprep is not installed."


@dataclass(frozen=True, slots=True)
class Option:
    """Something that could be chosen; ``refusal`` says why it can't, "" where it can.

    ``value`` is what the spec takes, ``label`` what is shown, ``detail`` stands beside it.
    """

    value: str
    label: str
    detail: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class SourceDisk:
    """A disk of the source, what is chosen for it, and what else could be.

    ``path`` is the file that is cloned (of a snapshot: that of its moment), "" where the drive is
    empty. ``now_bytes`` is what each clone takes at once, ``worst_bytes`` at the most; None where
    it isn't known. ``options`` are all `DiskChoice`, each with its reason where it can't be had.
    """

    disk: Disk
    path: str
    choice: DiskChoice
    options: tuple[Option, ...]
    virtual_bytes: int | None = None
    allocation_bytes: int | None = None
    now_bytes: int | None = 0
    worst_bytes: int | None = 0


@dataclass(frozen=True, slots=True)
class PlannedDisk:
    """A disk of one clone. ``path`` is its file, "" where it has none or an empty drive.

    ``volume`` is the new volume's name in the pool, "" where none is made. ``backing`` is what it
    reads from (linked), ``source`` what it is copied from (full).
    """

    target: str
    choice: DiskChoice
    path: str = ""
    volume: str = ""
    format: str = ""
    virtual_bytes: int | None = None
    backing: str = ""
    backing_format: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class PlannedMachine:
    """One clone. ``macs`` pairs each of the source's MACs with its own.

    ``conflict`` is a sentence of what stands against it ("exists on lab-a"), "" where nothing
    does; ``can_skip`` tells whether passing over its number is a way out. ``nvram`` is the path
    of its UEFI variables, "" where it has none or libvirt chooses. ``seed_path`` is the disc that
    tells the guest its name, "" where there is none.
    """

    number: int
    name: str
    host: str
    host_name: str
    uuid: str
    hostname: str = ""
    macs: tuple[tuple[str, str], ...] = ()
    disks: tuple[PlannedDisk, ...] = ()
    nvram: str = ""
    seed_path: str = ""
    conflict: str = ""
    can_skip: bool = False


@dataclass(frozen=True, slots=True)
class Space:
    """What the clones need of the pool; amounts are None where they aren't known.

    ``now_bytes`` as soon as they are made, ``worst_bytes`` when each has filled its disks,
    ``full_bytes`` what full copies would take at once.
    """

    pool: Key | None
    pool_name: str
    free_bytes: int | None
    now_bytes: int | None
    worst_bytes: int | None
    full_bytes: int | None


@dataclass(frozen=True, slots=True)
class ClonePlan:
    """What would be made. ``files`` is the same as a `FilePlan`, with refusal and warnings.

    Its virsh lines come from `vmgui.actions.clone_lines`, which knows the definitions.
    ``spec`` has its defaults filled in: its pattern isn't empty, its guest and pool are chosen.
    ``kinds``, ``bases``, ``guests``, ``pools``, ``networks`` and ``sources`` are what could be
    chosen instead. ``base`` is what happens to the source, None where nothing needs to, and
    ``freeze`` the snapshot of it that is taken for `BaseFate.OVERLAY`.
    ``obstacle`` is why it can't be done whatever the clones are called, "" where names alone
    stand against it. ``ready`` is true where the clones can be made as planned.
    """

    spec: CloneSpec
    source_name: str
    machines: tuple[PlannedMachine, ...]
    disks: tuple[SourceDisk, ...]
    space: Space
    files: FilePlan
    base: BaseFate | None = None
    freeze: TakePlan | None = None
    kinds: tuple[Option, ...] = ()
    bases: tuple[Option, ...] = ()
    guests: tuple[Option, ...] = ()
    pools: tuple[Option, ...] = ()
    networks: tuple[Option, ...] = ()
    sources: tuple[Option, ...] = ()
    obstacle: str = ""

    @property
    def refusal(self) -> str:
        """Tell in a sentence why it can't be done; "" where it can."""
        return self.files.refusal

    @property
    def conflicts(self) -> tuple[PlannedMachine, ...]:
        """Return the clones that something stands against."""
        return tuple(machine for machine in self.machines if machine.conflict)

    @property
    def ready(self) -> bool:
        """Tell whether it can be carried out as it is."""
        return not self.refusal and not self.conflicts
