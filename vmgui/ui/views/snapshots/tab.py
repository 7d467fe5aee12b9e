"""The tab about a machine's snapshots: everything on it is about one chosen snapshot, or here."""

import time

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.file_plan import FilePlan
from vmgui.insight.timeline import HERE, timeline
from vmgui.inventory.changes import Change
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.style import current
from vmgui.ui.views.snapshots import keys
from vmgui.ui.views.snapshots.chain_card import DELETE, NOTHING, REVERT, ChainCard
from vmgui.ui.views.snapshots.corner import SnapshotCorner
from vmgui.ui.views.snapshots.details import Details
from vmgui.ui.views.snapshots.known import CLONE, TAKE, Known
from vmgui.ui.views.snapshots.question import Question
from vmgui.ui.views.snapshots.timeline_card import LIST, TimelineCard
from vmgui.ui.views.snapshots.xml_dialog import XmlDialog
from vmgui.ui.widgets.empty_state import EmptyState

_DETAILS_PX, _DETAILS_LEAST_PX = 352, 280
_BELOW_PX = 760
"""Under this width of the tab there is no room for details beside the timeline."""

NEXT_TURN_MS = 1
"""What takes long is done after it: without a wait Qt does both before it looks at the keys."""

_PLANS = {DELETE: "snapshot.delete", REVERT: "snapshot.revert"}


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
        self._known = Known(session, Key("", "domain", ""))
        self._chosen = HERE
        self._preview = NOTHING
        self._plan_shown: FilePlan | None = None
        self._brings_chain = False
        self.is_shown = False
        """Whether it shows a machine; what was just made shows none yet."""
        self._read_for: object = None
        self._planned_for: object = None
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
        self._make()
        bridge.inventory_changed.connect(self._on_changed)

    # what is shown

    def open(self, key: Key) -> None:
        """Show another machine from now on."""
        self.close_down()
        self._known = Known(self._session, key)
        self._read_for = self._planned_for = self._plan_shown = None
        self._chosen, self._preview = HERE, NOTHING
        self.chain.preview.choose(NOTHING)
        self.timeline.begin()
        self.timeline.set_held(())
        self.chain.set_plan(None)
        self.chain.set_storage(None)
        self.chain.say("")
        self.is_shown = True
        if self.isVisible():
            self._session.fleet.watch(key)
        self._take()

    def close_down(self) -> None:
        """Want no answer any more."""
        for question in (self._ask_storage, self._ask_plan, self._ask_xml):
            question.drop()

    @property
    def chosen(self) -> str:
        """The name of the chosen snapshot, `HERE` for the machine as it is."""
        return self._chosen

    def choose(self, name: str) -> None:
        """Choose a snapshot, or `HERE`."""
        if name != HERE and name not in self._known.snapshots:
            return
        changed = name != self._chosen
        self._chosen = name
        snapshot = self._known.snapshots.get(name)
        self.timeline.select(name, snapshot)
        self._show_details()
        self._offer_preview()
        if changed:
            self._plan()

    # what can be asked for

    def take(self) -> None:
        """Ask for a snapshot of the machine as it is."""
        if not self._known.take_refusal():
            self.action_wanted.emit(TAKE, self._known.key, {})

    def _want(self, action_id: str) -> None:
        """Ask for an action on the chosen snapshot, where it can be done."""
        snapshot = self._snapshot
        offer = next((o for o in self._known.offers(snapshot) if o.action.id == action_id), None)
        if snapshot is None or offer is None or offer.refusal:
            return
        if action_id == CLONE:
            self.action_wanted.emit(CLONE, snapshot.domain, {"snapshot": snapshot.name})
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
                self._want(CLONE)
            case keys.PREVIEW:
                self._next_preview()
            case keys.HERE_KEY:
                self.choose(HERE)

    # how it is put together

    def _make(self) -> None:
        self.timeline = TimelineCard(self._size_of, time.time, self)
        self.timeline.chosen.connect(self._on_timeline)
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
        area = self._left = QScrollArea(self)
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
        told = (*(record.key for record in (*change.added, *change.updated)), *change.removed)
        if any(map(self._known.concerns, told)):
            self._take()

    def _take(self) -> None:
        """Take over what the inventory knows now; what is chosen stays, if it is there."""
        self._known.take_over()
        self._show()
        self._read_if_changed()

    def _show(self) -> None:
        self._offer_take()
        if self._known.lacking_driver:
            self._lacking.sentence.setText(self._known.lacking_driver)
            self._show_page(2)
            return
        if not self._known.snapshots:
            self._show_page(1)
            return
        self._show_page(0)
        self._show_timeline()
        gone = self._chosen != HERE and self._chosen not in self._known.snapshots
        self.choose(HERE if gone else self._chosen)

    def _show_page(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self.corner.show_zoom(index == 0 and self.timeline.mode.key != LIST)

    def _show_timeline(self) -> None:
        known = self._known
        written = known.written_since
        layout = timeline(known.snapshots.values(), time.time())
        state = known.domain.state.value if known.domain is not None else ""
        self.timeline.set_snapshots(
            layout, known.looks(), state, f"+ {written} since" if written else ""
        )
        self.timeline.set_held(known.held(layout))

    def _size_of(self, snapshot: Snapshot) -> int | None:
        return self._known.size_of(snapshot)

    # the chosen one

    @property
    def _snapshot(self) -> Snapshot | None:
        return self._known.snapshots.get(self._chosen)

    def _show_details(self) -> None:
        known, snapshot = self._known, self._snapshot
        layout = self.timeline.view.layout_now
        if layout is None or known.domain is None:
            return
        if snapshot is None:
            self.details.show_here(known.domain, layout.here.parent, known.written_since)
        else:
            node = layout.node(snapshot.name)
            self.details.show_snapshot(
                snapshot,
                known.domain,
                parent=node.parent if node is not None else None,
                children=[child.name for child in layout.children(snapshot.name)],
                size_of=known.sizes.get(snapshot.name),
                moment=known.moment_of(snapshot),
                picture=known.picture_of(snapshot),
                now_s=time.time(),
            )
        self._show_offers()

    def _show_offers(self) -> None:
        plan, snapshot = self._plan_shown, self._snapshot
        if plan is not None and plan.virsh:
            # It knows more than the action does before anything is read.
            command = "\n".join(plan.virsh)
        else:
            wanted = TAKE if snapshot is None else _PLANS.get(self._preview, _PLANS[REVERT])
            command = self._known.command(wanted, snapshot)
        self.details.set_offers(self._known.offers(snapshot), command)

    def _offer_take(self) -> None:
        action, refusal = self._known.action(TAKE), self._known.take_refusal()
        # Where there is nothing yet, the button in the middle is the one.
        beside = action is not None and bool(self._known.snapshots)
        self.corner.offer_take(beside, refusal, action.help if action else "")
        offered = action is not None and not refusal
        self._empty.offer(offered, self._known.command(TAKE, None))

    # what would happen

    def _offer_preview(self) -> None:
        before = self.chain.preview.key
        can_delete, can_revert = (self._known.can_plan(_PLANS[each]) for each in (DELETE, REVERT))
        name = self._chosen if self._snapshot is not None else ""
        self.chain.offer(name, delete=can_delete, revert=can_revert)
        if self.chain.preview.key != before:
            self._on_preview(self.chain.preview.key)

    def _next_preview(self) -> None:
        offered = [key for key in (NOTHING, DELETE, REVERT) if self.chain.preview.is_offered(key)]
        place = offered.index(self._preview) if self._preview in offered else -1
        self.chain.preview.choose(offered[(place + 1) % len(offered)])
        self._on_preview(self.chain.preview.key)

    def _on_timeline(self, name: str) -> None:
        """Choose one; the arrow keys choose while the timeline is out of sight, too."""
        self.choose(name)
        if self.timeline.visibleRegion().boundingRect().height() < self.timeline.height() // 2:
            self._left.ensureWidgetVisible(self.timeline)

    def _on_preview(self, key: str) -> None:
        # In a low window the files are below what is in sight: there it shows what was asked for.
        self._brings_chain = key != NOTHING
        self._preview = key
        self._plan()
        self._show_offers()

    def _plan(self) -> None:
        """Ask what the chosen step would do to the chosen snapshot."""
        action_id = _PLANS.get(self._preview)
        snapshot = self._snapshot
        if action_id is None or snapshot is None:
            self._planned_for = None
            self._ask_plan.drop()
            self._set_plan(None)
            return
        wanted = (action_id, snapshot.key, self._read_for)
        if wanted == self._planned_for:
            return  # nothing has changed since
        self._planned_for = wanted
        self._ask_plan.drop()
        self._set_plan(None)
        key, session = snapshot.key, self._session
        self._ask_plan.ask(lambda: session.plan(action_id, key))

    def _set_plan(self, plan: FilePlan | None) -> None:
        self._plan_shown = plan
        self.chain.set_plan(plan)

    def _on_plan(self, plan: FilePlan) -> None:
        self._set_plan(plan)
        self._show_offers()
        self._bring_chain()

    def _bring_chain(self) -> None:
        if self._brings_chain:
            self._brings_chain = False
            # Once the line below the files is as high as its words are.
            QTimer.singleShot(0, self, self._scroll_to_chain)

    def _scroll_to_chain(self) -> None:
        for each in (self.chain, self.chain.line):  # the words count, where not all has room
            self._left.ensureWidgetVisible(each, 0, 4)

    def _on_plan_failed(self, error: VmguiError) -> None:
        self._planned_for = None
        self._set_plan(None)
        self.chain.line.say(" ".join(filter(None, (error.what, error.why))), failed=True)
        self._bring_chain()

    # the files

    def _read_if_changed(self) -> None:
        """Read the files where the machine or its snapshots are others than were read for."""
        known = self._known
        if not self.isVisible() or known.is_gone or not known.snapshots:
            return
        mark = known.files_mark
        if mark == self._read_for:
            return
        self._read_for = mark
        key, session = known.key, self._session
        self._ask_storage.ask(lambda: session.storage_of(key))

    def _on_storage(self, storage: MachineStorage) -> None:
        known = self._known
        self.chain.set_storage(storage)
        # In turns of their own: with hundreds of snapshots each of the three takes a while.
        QTimer.singleShot(NEXT_TURN_MS, self, lambda: self._on_sizes(known, storage))

    def _on_sizes(self, known: Known, storage: MachineStorage) -> None:
        if known is self._known:
            known.set_storage(storage)
            QTimer.singleShot(NEXT_TURN_MS, self, lambda: self._on_sized(known))

    def _on_sized(self, known: Known) -> None:
        if known is self._known and known.snapshots:
            self._show_timeline()
            self.choose(self._chosen)
            self._plan()

    def _on_storage_failed(self, error: VmguiError) -> None:
        self._read_for = None
        words = " ".join(filter(None, (error.what, error.why, error.what_to_do)))
        self.chain.say(words, "dang")

    # its XML

    def _on_xml_wanted(self) -> None:
        snapshot, session = self._snapshot, self._session
        if snapshot is not None:
            key = snapshot.key
            self._ask_xml.ask(lambda: session.snapshot_xml(key))

    def _on_xml(self, xml: str) -> None:
        XmlDialog(f"XML of {self._chosen}", xml, self.window()).open()

    def _on_xml_failed(self, error: VmguiError) -> None:
        self.chain.say(" ".join(filter(None, (error.what, error.why))), "dang")

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._session.fleet.watch(self._known.key)
        self._read_if_changed()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._session.fleet.watch(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)
