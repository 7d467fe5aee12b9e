"""What is known of one machine's snapshots, and what can be done with them."""

import time
from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QPixmap

from vmgui.actions.action import Action, WrongArgument
from vmgui.actions.moments import Moment
from vmgui.actions.virsh import by_name
from vmgui.insight.amounts import size
from vmgui.insight.snapshot_sizes import SnapshotSize, snapshot_sizes, space_over_time
from vmgui.insight.timeline import Timeline
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot
from vmgui.session import Session
from vmgui.ui.views.snapshots.details import Offer
from vmgui.ui.views.snapshots.look import Look, look_of
from vmgui.ui.views.snapshots.timeline_strips import Held

TAKE, REVERT, DELETE, CLONE = (
    "snapshot.create",
    "snapshot.revert",
    "snapshot.delete",
    "domain.clone",
)
_OFFERED = (REVERT, DELETE, "snapshot.rename", "snapshot.describe")
_GONE = "The machine isn't there any more."


class Known:
    """The records of a machine with its snapshots, and its files once they were read.

    ``domain`` is as last known, also after it is gone.
    """

    def __init__(self, session: Session, key: Key) -> None:
        self.key = key
        self.domain: Domain | None = None
        self.host: Host | None = None
        self.is_gone = False
        self.snapshots: dict[str, Snapshot] = {}
        self.storage: MachineStorage | None = None
        self.sizes: Mapping[str, SnapshotSize] = {}
        self._session = session
        self._pictures: dict[Key, tuple[Moment, QPixmap]] = {}

    def take_over(self) -> None:
        """Take over what the inventory knows now."""
        inventory = self._session.inventory
        domain = inventory.domain(self.key)
        self.host = inventory.host(self.key.host)
        self.is_gone = domain is None
        if domain is None:
            return
        self.domain = domain
        self.snapshots = {
            snapshot.name: snapshot
            for snapshot in inventory.of(Snapshot, self.key.host)
            if snapshot.domain == self.key
        }

    def set_storage(self, storage: MachineStorage) -> None:
        """Take over the files as they were read."""
        self.storage = storage
        self.sizes = snapshot_sizes(storage)

    def concerns(self, key: Key) -> bool:
        """Tell whether a change of ``key`` matters here."""
        if key.host != self.key.host:
            return False
        return key == self.key or key.kind == "host" or key.id.startswith(f"{self.key.id}/")

    @property
    def lacking_driver(self) -> str:
        """The sentence that the driver has no snapshots, "" where it may have some."""
        host = self.host
        if self.snapshots or host is None or "listAllSnapshots" not in host.missing_calls:
            return ""
        name = f"The driver for {host.driver}" if host.driver else "This hypervisor's driver"
        return f"{name} knows no snapshots."

    @property
    def files_mark(self) -> object:
        """Something that is another one as soon as the files have to be read again."""
        assert self.domain is not None
        family = sorted((each.key, each.parent, each.current) for each in self.snapshots.values())
        return (self.key, self.domain.disks, self.domain.state.is_active, tuple(family))

    # amounts and pictures

    @property
    def written_since(self) -> str:
        """How much was written since the last snapshot, "" where no file tells."""
        now = next((each for each in self.snapshots.values() if each.current), None)
        written = self.sizes.get(now.name) if now is not None else None
        known = [amount for _, amount in written.disks if amount is not None] if written else []
        return size(sum(known)) if known else ""

    def size_of(self, snapshot: Snapshot) -> int | None:
        """Return what a snapshot takes as far as it is known, None where nothing is."""
        known = self.sizes.get(snapshot.name)
        return (known.total_bytes or known.known_bytes or None) if known is not None else None

    def moment_of(self, snapshot: Snapshot) -> Moment | None:
        """Return what was noted when a snapshot was taken."""
        return self._session.moments.of(snapshot)

    def picture_of(self, snapshot: Snapshot) -> QPixmap | None:
        """Return the screen at the moment of a snapshot, where it was kept."""
        moment = self.moment_of(snapshot)
        if moment is None or not moment.picture:
            return None
        made = self._pictures.get(snapshot.key)
        if made is None or made[0] is not moment:
            pixmap = QPixmap()
            pixmap.loadFromData(moment.picture)
            made = self._pictures[snapshot.key] = (moment, pixmap)
        return None if made[1].isNull() else made[1]

    def looks(self) -> dict[str, Look]:
        """Return what is drawn of each snapshot."""
        return {
            name: look_of(each, self.size_of(each), self.picture_of(each))
            for name, each in self.snapshots.items()
        }

    def held(self, layout: Timeline) -> tuple[Held, ...]:
        """Return the space that was held at the places of ``layout``; none if nothing is known."""
        if self.storage is None:
            return ()
        places = {node.name: node.x for node in layout.nodes}
        moments = {name: self.moment_of(each) for name, each in self.snapshots.items()}
        noted = {
            name: sum(amount for _, amount in moment.disk_bytes)
            for name, moment in moments.items()
            if moment is not None and moment.disk_bytes
        }
        held = [
            Held(places[each.name], each.disk_bytes, each.memory_bytes, each.is_least)
            for each in space_over_time(self.storage, time.time(), noted)
            if each.name in places
        ]
        measured = any(each.disk_bytes + each.memory_bytes for each in held)
        return tuple(sorted(held, key=lambda each: each.x)) if measured else ()

    # what can be done

    def action(self, action_id: str) -> Action[Any] | None:
        """Return an action, None where the registry has none of that id."""
        try:
            return self._session.registry.get(action_id)
        except WrongArgument:
            return None

    def can_plan(self, action_id: str) -> bool:
        """Tell whether an action is there and says beforehand what it would do."""
        action = self.action(action_id)
        return action is not None and action.plan is not None

    def take_refusal(self) -> str:
        """Tell why no snapshot can be taken now; "" where one can."""
        action = self.action(TAKE)
        if action is None or self.is_gone or self.domain is None or self.host is None:
            return _GONE
        return action.refusal(self.domain, self.host)

    def offers(self, snapshot: Snapshot | None) -> list[Offer]:
        """Return what can be done with a snapshot, and why each can't be now."""
        host, domain = self.host, self.domain
        if snapshot is None or domain is None or host is None:
            return []
        offers = [
            Offer(action, _GONE if self.is_gone else action.refusal(snapshot, host))
            for action in map(self.action, _OFFERED)
            if action is not None
        ]
        if (clone := self.action(CLONE)) is not None:
            offers.append(Offer(clone, _GONE if self.is_gone else clone.refusal(domain, host)))
        return offers

    def command(self, action_id: str, snapshot: Snapshot | None) -> str:
        """Return the virsh lines of an action on a snapshot, or on the machine for None."""
        action, target = self.action(action_id), snapshot or self.domain
        if action is None or target is None or self.host is None:
            return ""
        if any(argument.required for argument in action.arguments):
            return ""
        lines = action.virsh(target, self.host)
        return "\n".join(by_name(line, self.domain) for line in lines) if self.domain else ""
