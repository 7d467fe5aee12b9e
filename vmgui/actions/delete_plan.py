"""What goes and what stays when a machine is deleted, before anything is touched."""

from dataclasses import dataclass

from vmgui.actions.virsh import printable
from vmgui.actions.work import Fleet
from vmgui.hypervisor.belongings import BelongingFile, Belongings, FileRole, read_belongings
from vmgui.insight.amounts import size
from vmgui.inventory.domain import Disk, Domain

_IN_NETWORK = frozenset(
    {"netfs", "gluster", "rbd", "sheepdog", "iscsi", "iscsi-direct", "scsi", "mpath", "vstorage"}
)
"""Kinds of pools that several hosts may have in common."""


@dataclass(frozen=True, slots=True)
class DeleteSpec:
    """What a person chose to go with the definition; what is not chosen stays.

    ``disks`` are paths as in `DeletePlan.files`, ``snapshot_data`` names of internal snapshots
    whose data are removed from disks that stay. The flags agree to what libvirt would otherwise
    refuse to lose.
    """

    disks: tuple[str, ...] = ()
    snapshot_data: tuple[str, ...] = ()
    nvram: bool = False
    saved_state: bool = False
    snapshots: bool = False
    checkpoints: bool = False
    force_off: bool = False


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that may go with its machine; ``refusal`` tells why it can't, "" where it can."""

    path: str
    role: FileRole
    target: str
    size_bytes: int | None
    refusal: str

    @property
    def label(self) -> str:
        """Return the file in a line: path, what it is, how much it takes."""
        what = f"{self.role} {self.target}".strip()
        amount = "" if self.size_bytes is None else f", {size(self.size_bytes)}"
        return f"{printable(self.path)} ({what}{amount})"


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """What could go with a machine: the same object tells a dialog, and guards the deed."""

    name: str
    belongings: Belongings
    files: tuple[PlannedFile, ...]

    @property
    def deletable(self) -> tuple[str, ...]:
        """Return the paths that nothing stands against, in the order in which they would go."""
        return tuple(file.path for file in self.files if not file.refusal)

    @property
    def nvram_refusal(self) -> str:
        """Tell why the UEFI variables can't go; "" where they can, or where there are none."""
        own = self.belongings
        if not own.nvram_path:
            return ""
        if own.nvram_users:
            return f"It is also used by {_listed(own.nvram_users)}."
        return _unread(own.unread)

    def refusal(self, spec: DeleteSpec) -> str:
        """Tell in a sentence why ``spec`` can't be carried out; "" where it can."""
        own = self.belongings
        if own.active and not spec.force_off:
            return f"{self.name} is not off: shut it down, or choose that it is forced off."
        if own.has_managed_save and not spec.saved_state:
            return f"{self.name} has memory saved to disk: choose that it goes, or restore it."
        if (own.snapshots or own.external_snapshots) and not spec.snapshots:
            return f"{self.name} has snapshots: choose that they go, or delete them first."
        if own.checkpoints and not spec.checkpoints:
            return f"{self.name} has checkpoints: choose that they go, or delete them first."
        if strays := set(spec.snapshot_data) - set(own.snapshots):
            return f"{self.name} has no internal snapshot {printable(min(strays))}."
        refusals = [self._file_refusal(path, spec) for path in spec.disks]
        if spec.nvram and self.nvram_refusal:
            refusals.append(f"{printable(own.nvram_path)} can't go: {self.nvram_refusal}")
        return next(filter(None, refusals), "")

    def goes(self, spec: DeleteSpec) -> tuple[str, ...]:
        """Return a line for each thing that ``spec`` removes."""
        own = self.belongings
        lines = [f"The definition of {printable(self.name)}"]
        lines += [file.label for file in self.files if file.path in spec.disks]
        if own.nvram_path and spec.nvram:
            lines.append(f"{printable(own.nvram_path)} (UEFI variables)")
        if own.has_tpm_state:
            lines.append("The state of its TPM, with the keys in it")
        if own.has_managed_save:
            lines.append("The memory that was saved to disk")
        if names := own.snapshots + own.external_snapshots:
            lines.append(f"What libvirt knows of its snapshots: {_listed(names)}")
        if spec.snapshot_data:
            lines.append(f"The data of snapshots in its disks: {_listed(spec.snapshot_data)}")
        if own.checkpoints:
            lines.append(f"What libvirt knows of its checkpoints: {_listed(own.checkpoints)}")
        if spec.disks and own.idle_pools:
            idle = _listed(own.idle_pools)
            lines.append(f"Not looked into, for they are not active: storage pools {idle}")
        return tuple(lines)

    def stays(self, spec: DeleteSpec) -> tuple[str, ...]:
        """Return a line for each thing that ``spec`` leaves, with the reason where it must."""
        lines = [
            f"{file.label}: {file.refusal}" if file.refusal else file.label
            for file in self.files
            if file.path not in spec.disks
        ]
        if self.belongings.nvram_path and not spec.nvram:
            line = f"{printable(self.belongings.nvram_path)} (UEFI variables)"
            lines.append(f"{line}: {self.nvram_refusal}" if self.nvram_refusal else line)
        return tuple(lines)

    def _file_refusal(self, path: str, spec: DeleteSpec) -> str:
        planned = next((file for file in self.files if file.path == path), None)
        if planned is None:
            return f"{printable(path)} does not belong to {self.name}."
        if planned.refusal:
            return f"{printable(path)} can't go: {planned.refusal}"
        file = next(file for file in self.belongings.files if file.path == path)
        if staying := [upper for upper in file.upper if upper not in spec.disks]:
            return f"{printable(path)} can't go: {printable(staying[0])} stays and is built on it."
        return ""


async def delete_plan(fleet: Fleet, domain: Domain) -> DeletePlan:
    """Return what could go with ``domain``; raises VmguiError. May take seconds on big hosts."""
    uri = domain.key.host
    belongings = await fleet.long_call(
        uri, read_belongings, domain.uuid, uri, what=f"What belongs to {domain.name} is not known."
    )
    return plan_of(domain, belongings, fleet.machines_elsewhere(uri))


def plan_of(
    domain: Domain, belongings: Belongings, elsewhere: tuple[tuple[str, Domain], ...] = ()
) -> DeletePlan:
    """Return the plan for ``domain``, of which ``belongings`` were read.

    ``elsewhere`` are the machines of other hosts, each with its host's name: they may share
    what lies in the network.
    """
    own = {file.path for file in belongings.files}
    return DeletePlan(
        domain.name,
        belongings,
        tuple(
            PlannedFile(
                file.path,
                file.role,
                file.target,
                file.size_bytes,
                _why_it_stays(file, own)
                or _shared(file, domain, elsewhere)
                or _unread(belongings.unread),
            )
            for file in belongings.files
        ),
    )


def _shared(file: BelongingFile, domain: Domain, elsewhere: tuple[tuple[str, Domain], ...]) -> str:
    """Tell which machine of another host uses ``file`` too; "" where none is known.

    The same path on two hosts means the same file where the pool lies in the network, and
    where the same machine runs there: it was moved, and its definition here was left behind.
    """
    in_network = file.pool_kind in _IN_NETWORK
    for host, other in elsewhere:
        moved = other.uuid == domain.uuid and (other.state.is_active or other.run_id is not None)
        if (in_network or moved) and any(_names(disk, file.path) for disk in other.disks):
            return f"It is also used by {printable(other.name)} on {printable(host)}."
    return ""


def _names(disk: Disk, path: str) -> bool:
    if path in (disk.source, *disk.backing):
        return True
    match disk.source_type:
        case "volume":  # POOL/VOLUME: the other host's pool may go by another name
            return path.endswith(f"/{disk.source.partition('/')[2]}")
        case "network":
            return path.endswith(f"/{disk.source}")
        case _:
            return False


def _why_it_stays(file: BelongingFile, own: set[str]) -> str:
    if file.role is FileRole.MEDIUM or file.read_only:
        return "It is read-only and not the machine's own."
    if file.users:
        return f"It is also used by {_listed(file.users)}."
    if foreign := [path for path in file.upper if path not in own]:
        return f"{printable(foreign[0])} is built on it."
    if file.pool is None:
        return "No active storage pool of the host holds it: delete it there by hand."
    return ""


def _unread(sentences: tuple[str, ...]) -> str:
    """Tell that a user may not have been seen; "" where everything was."""
    if not sentences:
        return ""
    more = f" ({len(sentences) - 1} more can't be read.)" if len(sentences) > 1 else ""
    return f"Whether something else needs it is not known: {printable(sentences[0])}{more}"


def _listed(names: tuple[str, ...]) -> str:
    shown = [printable(name) for name in names[:5]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
