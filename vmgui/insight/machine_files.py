"""The files of one machine as plans ask after them: its chains, and who needs what of them.

A file is *needed* by whoever reads it: a file that is built on it, a snapshot whose state it is,
another machine. Needs are told as sentences' parts ("snapshot first", "machine web-02"), so that a
refusal can name them. Paths are as `MachineStorage` has them.
"""

import posixpath
import shlex
from collections.abc import Iterable

from vmgui.insight.image_graph import ImageGraph
from vmgui.inventory.domain import Disk
from vmgui.inventory.images import Image, ImageUser, MachineStorage
from vmgui.inventory.snapshot import Snapshot

OWN_FORMATS = frozenset({"qcow2"})
"""Formats that keep snapshots inside themselves."""

EMULATED = frozenset({"qemu", "kvm", "hvf"})
"""The types of machines whose snapshots are made of files that libvirt's QEMU driver handles."""


def base_name(path: str) -> str:
    """Return the last part of a path, for sentences."""
    return posixpath.basename(path) or path


def listed(names: Iterable[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def agreed(names: Iterable[str], one: str, many: str) -> str:
    """Return names with the verb that fits their number: ``a needs``, ``a and b need``."""
    found = tuple(names)
    return f"{listed(found)} {one if len(found) == 1 else many}"


class MachineFiles:
    """What is known of a machine's files, by path."""

    def __init__(self, storage: MachineStorage) -> None:
        self.storage = storage
        self.paths = frozenset(image.path for image in storage.images)
        self._graph = ImageGraph(storage.images)

    def image(self, path: str) -> Image | None:
        """Return what is known of a file."""
        return self._graph.get(path)

    def size(self, path: str) -> int | None:
        """Return what a file takes on the disk."""
        image = self._graph.get(path)
        return image.allocation_bytes if image is not None else None

    def virtual(self, path: str) -> int | None:
        """Return how large the disk is for the guest."""
        image = self._graph.get(path)
        return image.virtual_bytes if image is not None else None

    def disk(self, target: str) -> Disk | None:
        """Return the machine's disk that is called ``target``."""
        return next((d for d in self.storage.domain.disks if d.target == target), None)

    def active(self, target: str) -> str:
        """Return the file that takes the writes of a disk now, "" where there is none."""
        disk = self.disk(target)
        return disk.source if disk is not None else ""

    def chain(self, path: str) -> tuple[str, ...]:
        """Return ``path`` and all that it reads from, the nearest first."""
        return tuple(image.path for image in self._graph.chain(path))

    def above(self, path: str) -> tuple[str, ...]:
        """Return the files that are built directly on ``path``."""
        return self._graph.above(path)

    def state_of(self, snapshot: Snapshot, target: str) -> str:
        """Return the file that held a disk's state when ``snapshot`` was taken."""
        if snapshot.then is None:
            return ""
        disk = next((d for d in snapshot.then.disks if d.target == target), None)
        return disk.source if disk is not None else ""

    def external_states(self, path: str) -> tuple[Snapshot, ...]:
        """Return the machine's snapshots whose state is all that ``path`` holds."""
        return tuple(self._with_state(path, "external"))

    def internal_states(self, path: str) -> tuple[Snapshot, ...]:
        """Return the machine's snapshots that lie inside ``path``."""
        return tuple(self._with_state(path, "internal"))

    def overlay_of(self, path: str) -> tuple[Snapshot, ...]:
        """Return the machine's snapshots that name ``path`` as what took the writes after them."""
        return tuple(
            each
            for each in self.storage.snapshots
            if any(disk.kind == "external" and disk.path == path for disk in each.disks)
        )

    def has_inside(self, path: str) -> tuple[str, ...]:
        """Return the names of the snapshots inside a file, by its header and by libvirt."""
        image = self._graph.get(path)
        inside = image.internal if image is not None else ()
        return tuple(dict.fromkeys((*inside, *(s.name for s in self.internal_states(path)))))

    def foreign(self, path: str) -> tuple[ImageUser, ...]:
        """Return who else names ``path`` directly: other machines and their snapshots."""
        image = self._graph.get(path)
        own = self.storage.domain.key
        return tuple(user for user in image.users if user.domain != own) if image else ()

    def needs(
        self, path: str, *, but_files: Iterable[str] = (), but_snapshots: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Return who needs ``path`` to stay as it is, in words.

        Left out are the files in ``but_files`` that are built on it, and snapshots of the machine
        that are named in ``but_snapshots``. The machine's own disk isn't among them.
        """
        spared, names = set(but_files), set(but_snapshots)
        found = [self._described(upper) for upper in self.above(path) if upper not in spared]
        found += [f"snapshot {s.name}" for s in self.external_states(path) if s.name not in names]
        found += [_user_words(user) for user in self.foreign(path)]
        return tuple(dict.fromkeys(found))

    def _described(self, path: str) -> str:
        own = self.storage.domain.key
        users = [each.user for each in self._graph.readers(path) if each.user.domain != own]
        if users:
            return f"{base_name(path)} of {_user_words(users[0])}"
        if self._graph.readers(path):
            return f"{base_name(path)}, which is built on it,"
        return (
            f"{base_name(path)} (built on it, and used by nobody: "
            f"{shlex.join(('virsh', 'vol-delete', path))} removes it)"
        )

    def _with_state(self, path: str, kind: str) -> Iterable[Snapshot]:
        for snapshot in self.storage.snapshots:
            for disk in snapshot.disks:
                if disk.kind == kind and self.state_of(snapshot, disk.target) == path:
                    yield snapshot
                    break


def _user_words(user: ImageUser) -> str:
    if user.snapshot:
        return f"snapshot {user.snapshot} of machine {user.domain_name}"
    return f"machine {user.domain_name}"
