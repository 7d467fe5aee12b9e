"""Snapshots of domains."""

from collections.abc import Iterable
from dataclasses import dataclass

from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key, Kind


@dataclass(frozen=True, slots=True)
class SnapshotDisk:
    """What a snapshot did with a disk: ``kind`` is "internal", "external" or "no" (left out).

    ``path`` is the file that took the writes after an external one.
    """

    target: str
    kind: str
    path: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot; ``created_at_s`` is seconds since the epoch.

    ``memory_path`` is the file with its memory, where that is external. ``then`` is the machine
    as it was defined when the snapshot was taken: its disks name the files of that moment.
    """

    key: Key
    domain: Key
    name: str
    parent: str = ""
    state: str = ""
    description: str = ""
    created_at_s: int = 0
    has_memory: bool = False
    external: bool = False
    current: bool = False
    memory_path: str = ""
    disks: tuple[SnapshotDisk, ...] = ()
    then: Domain | None = None


def snapshot_key(domain: Key, name: str) -> Key:
    """Return the key of a domain's snapshot."""
    kind: Kind = "snapshot"
    return Key(domain.host, kind, f"{domain.id}/{name}")


def oldest_first(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """Return a machine's snapshots by age; of those of one second each after its parent."""
    found = tuple(snapshots)
    parents = {snapshot.name: snapshot.parent for snapshot in found}

    def depth(name: str) -> int:
        above: set[str] = set()
        while (name := parents.get(name, "")) and name not in above:
            above.add(name)
        return len(above)

    return tuple(sorted(found, key=lambda each: (each.created_at_s, depth(each.name))))


def domain_of(key: Key) -> Key:
    """Return the key of the domain that a snapshot's key belongs to."""
    return Key(key.host, "domain", key.id.partition("/")[0])
