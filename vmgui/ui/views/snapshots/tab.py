"""The tab about a machine's snapshots: everything on it is about one chosen snapshot, or here."""

import time
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vmgui.actions.action import Action, WrongArgument
from vmgui.actions.moments import Moment
from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.amounts import size
from vmgui.insight.file_plan import FilePlan
from vmgui.insight.snapshot_sizes import SnapshotSize, snapshot_sizes, space_over_time
from vmgui.insight.timeline import HERE, timeline
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.style import current
from vmgui.ui.views.snapshots import keys
from vmgui.ui.views.snapshots.chain_card import DELETE, NOTHING, REVERT, ChainCard
from vmgui.ui.views.snapshots.corner import SnapshotCorner
from vmgui.ui.views.snapshots.details import Details, Offer
from vmgui.ui.views.snapshots.look import look_of
from vmgui.ui.views.snapshots.question import Question
from vmgui.ui.views.snapshots.timeline_card import LIST, TimelineCard
from vmgui.ui.views.snapshots.timeline_strips import Held
from vmgui.ui.views.snapshots.xml_dialog import XmlDialog
from vmgui.ui.widgets.empty_state import EmptyState

_DETAILS_PX, _DETAILS_LEAST_PX = 352, 280
_BELOW_PX = 640
"""Under this width of the tab there is no room for details beside the timeline."""

_LOOK_EVERY_TICKS = 3
_PLANS = {DELETE: "snapshot.delete", REVERT: "snapshot.revert"}
_OFFERED = ("snapshot.revert", "snapshot.delete", "snapshot.rename", "snapshot.describe")
_TAKE, _CLONE = "snapshot.create", "domain.clone"


class SnapshotsTab(QWidget):
    """Shows the snapshots of one machine at a time, and keeps up with them.

    ``action_wanted`` has the id of an action, the key of its target and its arguments; who
    listens asks what has to be asked. `corner` is what stands beside the tabs meanwhile.
    """

    action_wanted = Signal(str, object, object)

    def __init__(self, session: Session, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("snapshots")
        self._session = session
        self._key: Key | None = None
        self._domain: Domain | None = None
        self._host: Host | None = None
        self._snapshots: dict[str, Snapshot] = {}
        self._storage: MachineStorage | None = None
        self._sizes: Mapping[str, SnapshotSize] = {}
        self._chosen = HERE
        self._preview = NOTHING
        self._pictures: dict[Key, tuple[Moment, QPixmap]] = {}
        self._read_for: object = None
        self._ticks = 0
        self.corner = SnapshotCorner(self)
        self.corner.take.clicked.connect(self.take)
        self._ask_storage = Question("read what the disks are", self)
        self._ask_storage.answered.connect(self._on_storage)
        self._ask_storage.failed.connect(self._on_storage_failed)
        self._ask_storage.waited.connect(lambda: self.chain.say("reading…"))
        self._ask_plan = Question("ask what a step would do", self)
        self._ask_plan.answered.connect(self._on_plan)
        self._ask_plan.failed.connect(self._on_plan_failed)
        self._ask_plan.waited.connect(lambda: self.chain.line.say("Asking what would happen…"))
        self._ask_xml = Question("read a snapshot's XML", self)
        self._ask_xml.answered.connect(self._on_xml)
        self._ask_xml.failed.connect(self._on_xml_failed)
        self._look = Question("look for snapshots", self)
        self._make()
        bridge.inventory_changed.connect(self._on_changed)
        bridge.ticked.connect(self._on_tick)

    # what is shown

    def open(self, key: Key) -> None:
        """Show another machine from now on."""
        self.close_down()
        self._key, self._domain = key, None
        self._storage, self._read_for = None, None
        self._sizes = {}
        self._snapshots, self._pictures = {}, {}
        self._chosen, self._preview = HERE, NOTHING
        self.chain.preview.choose(NOTHING)
        self.timeline.begin()
        self.timeline.set_held(())
        self.chain.set_plan(None)
        self.chain.set_storage(None)
        self.chain.say("")
        self._take()

    def close_down(self) -> None:
        """Want no answer any more."""
        for question in (self._ask_storage, self._ask_plan, self._ask_xml, self._look):
            question.drop()

    @property
    def chosen(self) -> str:
        """The name of the chosen snapshot, `HERE` for the machine as it is."""
        return self._chosen

    def choose(self, name: str) -> None:
        """Choose a snapshot, or `HERE`."""
        if name != HERE and name not in self._snapshots:
            return
        changed = name != self._chosen
        self._chosen = name
        snapshot = self._snapshots.get(name)
        self.timeline.select(name, snapshot)
        self._show_details()
        self._offer_preview()
        if changed:
            self._plan()

    # what can be asked for

    def take(self) -> None:
        """Ask for a snapshot of the machine as it is."""
        if self._domain is not None and self.corner.take.isEnabled() and self._action(_TAKE):
            self.action_wanted.emit(_TAKE, self._domain.key, {})

    def _want(self, action_id: str) -> None:
        """Ask for an action on the chosen snapshot, where it can be done."""
        snapshot = self._snapshots.get(self._chosen)
        offer = next((o for o in self._offers(snapshot) if o.action.id == action_id), None)
        if snapshot is None or offer is None or offer.refusal:
            return
        if action_id == _CLONE:
            self.action_wanted.emit(_CLONE, snapshot.domain, {"snapshot": snapshot.name})
        else:
            self.action_wanted.emit(action_id, snapshot.key, {})

    def _on_key(self, meant: str) -> None:
        match meant:
            case keys.TAKE:
                self.take()
            case keys.REVERT:
                self._want("snapshot.revert")
            case keys.DELETE:
                self._want("snapshot.delete")
            case keys.CLONE:
                self._want(_CLONE)
            case keys.PREVIEW:
                self._next_preview()
            case keys.HERE_KEY:
                self.choose(HERE)

    # how it is put together

    def _make(self) -> None:
        self.timeline = TimelineCard(self._size_of, time.time, self)
        self.timeline.chosen.connect(self.choose)
        self.timeline.mode.chosen.connect(lambda key: self.corner.show_zoom(key != LIST))
        self.corner.steer(self.timeline.view)
        self.chain = ChainCard(time.time, self)
        self.chain.snapshot_chosen.connect(self.choose)
        self.chain.preview_wanted.connect(self._on_preview)
        self.details = Details(self)
        self.details.chosen.connect(self.choose)
        self.details.wanted.connect(self._want)
        self.details.xml_wanted.connect(self._on_xml_wanted)
        self._keys = keys.SnapshotKeys(self)
        self._keys.watch(self.timeline.view, self.timeline.list.table, self.chain.view)
        self._keys.pressed.connect(self._on_key)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.timeline, 4)
        column.addWidget(self.chain, 3)
        area = QScrollArea(self)
        area.setObjectName("snapshots-left")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        full = QWidget(self)
        self._beside = QBoxLayout(QBoxLayout.Direction.LeftToRight, full)
        self._beside.setContentsMargins(0, 0, 0, 0)
        self._beside.setSpacing(12)
        self._beside.addWidget(area, 3)
        self._beside.addWidget(self.details, 2)
        self._empty = EmptyState(
            "camera",
            "No snapshots yet",
            "A snapshot keeps the disks as they are now, and the memory if you want, so that "
            "you can come back to this point after a change went wrong.",
            action="Take snapshot",
            action_icon="camera",
            parent=self,
        )
        self._empty.clicked.connect(self.take)
        self._lacking = EmptyState("camera", "No snapshots here", "", parent=self)
        self._stack = QStackedWidget(self)
        for page in (full, self._empty, self._lacking):
            self._stack.addWidget(page)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 12, 16, 12)
        box.addWidget(self._stack)
        current().changed.connect(self._arrange)
        self._arrange()

    def _arrange(self) -> None:
        px = current().px
        below = self.width() < px(_BELOW_PX)
        direction = QBoxLayout.Direction
        self._beside.setDirection(direction.TopToBottom if below else direction.LeftToRight)
        if below:
            self.details.setMinimumWidth(0)
            self.details.setMaximumWidth(16777215)
        else:
            share = max(px(_DETAILS_LEAST_PX), min(px(_DETAILS_PX), round(self.width() * 0.315)))
            self.details.setFixedWidth(share)
        self.chain.set_room(self.width() - 32 - (0 if below else self.details.width() + 12))
        vertical = QSizePolicy.Policy.Preferred if below else QSizePolicy.Policy.Expanding
        self.details.setSizePolicy(QSizePolicy.Policy.Preferred, vertical)

    # keeping up

    def _on_changed(self, change: Change) -> None:
        if self._key is None:
            return
        told = (*(record.key for record in (*change.added, *change.updated)), *change.removed)
        own, prefix = self._key, f"{self._key.id}/"
        if any(
            key == own
            or (key.kind == "host" and key.host == own.host)
            or (key.kind == "snapshot" and key.host == own.host and key.id.startswith(prefix))
            for key in told
        ):
            self._take()

    def _take(self) -> None:
        """Take over what the inventory knows now; what is chosen stays, if it is there."""
        if self._key is None:
            return
        inventory = self._session.inventory
        domain = inventory.domain(self._key)
        self._host = inventory.host(self._key.host)
        if domain is not None:
            self._domain = domain
            prefix = f"{self._key.id}/"
            self._snapshots = {
                snapshot.name: snapshot
                for snapshot in inventory.of(Snapshot, self._key.host)
                if snapshot.key.id.startswith(prefix)
            }
        self._show()
        self._read_if_changed()

    def _show(self) -> None:
        self._offer_take()
        lacks = self._host is not None and "listAllSnapshots" in self._host.missing_calls
        if lacks and not self._snapshots:
            driver = self._host.driver if self._host is not None else ""
            name = f"The driver for {driver}" if driver else "This hypervisor's driver"
            self._lacking.sentence.setText(f"{name} knows no snapshots.")
            self._show_page(2)
            return
        if not self._snapshots:
            self._show_page(1)
            return
        self._show_page(0)
        self._show_timeline()
        gone = self._chosen != HERE and self._chosen not in self._snapshots
        self.choose(HERE if gone else self._chosen)

    def _show_page(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self.corner.show_zoom(index == 0 and self.timeline.mode.key != LIST)

    def _show_timeline(self) -> None:
        now_s = time.time()
        layout = timeline(self._snapshots.values(), now_s)
        looks = {
            name: look_of(snapshot, self._size_of(snapshot), self._picture_of(snapshot), now_s)
            for name, snapshot in self._snapshots.items()
        }
        state = self._domain.state.value if self._domain is not None else ""
        self.timeline.set_snapshots(layout, looks, state, self._since())
        self._show_space()

    def _since(self) -> str:
        """Return how much was written since the last snapshot, where a file tells."""
        now = next((each for each in self._snapshots.values() if each.current), None)
        written = self._sizes.get(now.name) if now is not None else None
        known = [amount for _, amount in written.disks if amount is not None] if written else []
        return f"+ {size(sum(known))} since" if known else ""

    def _size_of(self, snapshot: Snapshot) -> int | None:
        """Return what a snapshot takes as far as it is known, None where nothing is."""
        known = self._sizes.get(snapshot.name)
        return (known.total_bytes or known.known_bytes or None) if known is not None else None

    def _show_space(self) -> None:
        """Show what was held over time, where anything was measured."""
        layout = self.timeline.view.layout_now
        if self._storage is None or layout is None:
            self.timeline.set_held(())
            return
        places = {node.name: node.x for node in layout.nodes}
        moments = {name: self._session.moments.of(each) for name, each in self._snapshots.items()}
        noted = {
            name: sum(amount for _, amount in moment.disk_bytes)
            for name, moment in moments.items()
            if moment is not None and moment.disk_bytes
        }
        held = [
            Held(places[each.name], each.disk_bytes, each.memory_bytes, each.is_least)
            for each in space_over_time(self._storage, time.time(), noted)
            if each.name in places
        ]
        measured = any(each.disk_bytes + each.memory_bytes for each in held)
        self.timeline.set_held(sorted(held, key=lambda each: each.x) if measured else ())

    def _picture_of(self, snapshot: Snapshot) -> QPixmap | None:
        """Return the screen at the moment of a snapshot, where it was kept."""
        moment = self._session.moments.of(snapshot)
        if moment is None or not moment.picture:
            return None
        made = self._pictures.get(snapshot.key)
        if made is None or made[0] is not moment:
            pixmap = QPixmap()
            pixmap.loadFromData(moment.picture)
            made = self._pictures[snapshot.key] = (moment, pixmap)
        return None if made[1].isNull() else made[1]

    # the chosen one

    def _show_details(self) -> None:
        snapshot = self._snapshots.get(self._chosen)
        layout = self.timeline.view.layout_now
        if layout is None or self._domain is None:
            return
        if snapshot is None:
            self.details.show_here(self._domain, layout.here.parent, self._since())
        else:
            node = layout.node(snapshot.name)
            self.details.show_snapshot(
                snapshot,
                self._domain,
                parent=node.parent if node is not None else None,
                children=[child.name for child in layout.children(snapshot.name)],
                size_of=self._sizes.get(snapshot.name),
                moment=self._session.moments.of(snapshot),
                picture=self._picture_of(snapshot),
                now_s=time.time(),
            )
        self.details.set_offers(self._offers(snapshot), self._command(snapshot))

    def _action(self, action_id: str) -> Action[Any] | None:
        try:
            return self._session.registry.get(action_id)
        except WrongArgument:
            return None

    def _offers(self, snapshot: Snapshot | None) -> list[Offer]:
        if snapshot is None or self._domain is None or self._host is None:
            return []
        host = self._host
        offers = [
            Offer(action, action.refusal(snapshot, host))
            for action in map(self._action, _OFFERED)
            if action is not None
        ]
        if (clone := self._action(_CLONE)) is not None:
            offers.append(Offer(clone, clone.refusal(self._domain, self._host)))
        return offers

    def _command(self, snapshot: Snapshot | None) -> str:
        if self._host is None or self._domain is None:
            return ""
        wanted = _TAKE if snapshot is None else _PLANS.get(self._preview, "snapshot.revert")
        action, target = self._action(wanted), snapshot or self._domain
        if action is None or any(argument.required for argument in action.arguments):
            return ""
        return "\n".join(action.virsh(target, self._host))

    def _offer_take(self) -> None:
        action = self._action(_TAKE)
        refusal = "The machine isn't there any more."
        if action is not None and self._domain is not None and self._host is not None:
            refusal = action.refusal(self._domain, self._host)
        self.corner.offer_take(action is not None, refusal, action.help if action else "")
        self._empty.offer(action is not None and not refusal, self._command(None))

    # what would happen

    def _offer_preview(self) -> None:
        snapshot = self._snapshots.get(self._chosen)
        can = {key: self._action(each) for key, each in _PLANS.items()}
        before = self.chain.preview.key
        self.chain.offer(
            snapshot.name if snapshot is not None else "",
            delete=_plans(can[DELETE]),
            revert=_plans(can[REVERT]),
        )
        if self.chain.preview.key != before:
            self._on_preview(self.chain.preview.key)

    def _next_preview(self) -> None:
        offered = [key for key in (NOTHING, DELETE, REVERT) if self.chain.preview.is_offered(key)]
        place = offered.index(self._preview) if self._preview in offered else -1
        self.chain.preview.choose(offered[(place + 1) % len(offered)])
        self._on_preview(self.chain.preview.key)

    def _on_preview(self, key: str) -> None:
        self._preview = key
        self._plan()
        snapshot = self._snapshots.get(self._chosen)
        self.details.set_offers(self._offers(snapshot), self._command(snapshot))

    def _plan(self) -> None:
        """Ask what the chosen step would do to the chosen snapshot."""
        self._ask_plan.drop()
        action_id = _PLANS.get(self._preview)
        snapshot = self._snapshots.get(self._chosen)
        if action_id is None or snapshot is None:
            self.chain.set_plan(None)
            return
        self.chain.set_plan(None)
        key, session = snapshot.key, self._session
        self._ask_plan.ask(lambda: session.plan(action_id, key))

    def _on_plan(self, plan: FilePlan) -> None:
        self.chain.set_plan(plan)
        if plan.virsh:
            # It knows more than the action does before anything is read.
            self.details.show_command("\n".join(plan.virsh))

    def _on_plan_failed(self, error: VmguiError) -> None:
        self.chain.set_plan(None)
        self.chain.line.say(" ".join(filter(None, (error.what, error.why))), failed=True)

    # the files

    def _read_if_changed(self) -> None:
        """Read the files where the machine or its snapshots are others than were read for."""
        domain = self._domain
        if not self.isVisible() or domain is None or not self._snapshots:
            return
        wanted = (
            domain.key,
            domain.disks,
            domain.state.is_active,
            tuple(sorted((s.key, s.parent, s.current) for s in self._snapshots.values())),
        )
        if wanted == self._read_for:
            return
        self._read_for = wanted
        key, session = domain.key, self._session
        self._ask_storage.ask(lambda: session.storage_of(key))

    def _on_storage(self, storage: MachineStorage) -> None:
        self._storage = storage
        self._sizes = snapshot_sizes(storage)
        self.chain.set_storage(storage)
        self._show_timeline()
        self.choose(self._chosen)
        self._plan()

    def _on_storage_failed(self, error: VmguiError) -> None:
        self._read_for = None
        words = " ".join(filter(None, (error.what, error.why, error.what_to_do)))
        self.chain.say(words, "dang")

    # its XML

    def _on_xml_wanted(self) -> None:
        snapshot, session = self._snapshots.get(self._chosen), self._session
        if snapshot is not None:
            key = snapshot.key
            self._ask_xml.ask(lambda: session.snapshot_xml(key))

    def _on_xml(self, xml: str) -> None:
        XmlDialog(f"XML of {self._chosen}", xml, self.window()).open()

    def _on_xml_failed(self, error: VmguiError) -> None:
        self.chain.say(" ".join(filter(None, (error.what, error.why))), "dang")

    # Qt

    def _on_tick(self) -> None:
        """Now and then look for snapshots that others took: libvirt has no event for them."""
        self._ticks += 1
        if self._ticks % _LOOK_EVERY_TICKS or self._key is None or not self.isVisible():
            return
        host = self._host
        if host is None or self._look.is_open or "listAllSnapshots" in host.missing_calls:
            return
        if host.link.state.is_fresh:
            key, session = self._key, self._session
            self._look.ask(lambda: session.look_for_snapshots(key))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read_if_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)


def _plans(action: Action[Any] | None) -> bool:
    return action is not None and action.plan is not None
