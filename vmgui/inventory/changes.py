"""What was added, updated and removed."""

from collections.abc import Iterable
from dataclasses import dataclass

from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.key import Key
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot
from vmgui.inventory.storage import Pool, Volume

Record = Host | Domain | Network | Pool | Volume | Snapshot


@dataclass(frozen=True, slots=True)
class Change:
    """Records to take over, and keys to forget.

    Who reads from libvirt fills ``updated`` and ``removed``; `Inventory.apply` returns another
    Change that tells what really became different, with new records in ``added``.
    """

    added: tuple[Record, ...] = ()
    updated: tuple[Record, ...] = ()
    removed: tuple[Key, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable["Change"]) -> "Change":
        """Return one change that tells what ``parts`` tell, in their order."""
        parts = tuple(parts)
        return cls(
            tuple(record for part in parts for record in part.added),
            tuple(record for part in parts for record in part.updated),
            tuple(key for part in parts for key in part.removed),
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed)
