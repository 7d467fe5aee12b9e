"""What was added, updated and removed."""

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

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed)
