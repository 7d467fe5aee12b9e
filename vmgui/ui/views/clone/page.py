"""Cloning a machine: everything on one page, each change at the left seen at once at the right."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.amounts import counted, size
from vmgui.insight.clone_form import (
    CloneForm,
    ConflictsSkipped,
    Event,
    FactsRead,
    SourceChosen,
    advance,
    open_form,
)
from vmgui.insight.clone_plan import CloneFacts
from vmgui.insight.clone_spec import CloneKind, DiskChoice
from vmgui.insight.facts import machine_summary
from vmgui.inventory.changes import Change, Record
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import domain_of
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.script import ScriptDialog
from vmgui.ui.models.tree_nodes import shown_state
from vmgui.ui.style import current
from vmgui.ui.tasks import Tasks
from vmgui.ui.views.clone.choices import IdentityCards, NamesCard, WhenCard
from vmgui.ui.views.clone.disks import DiskChoices
from vmgui.ui.views.clone.kind import KindCards
from vmgui.ui.views.clone.obstacle import Obstacle
from vmgui.ui.views.clone.scene import CloneScene
from vmgui.ui.views.clone.space import SpaceCard
from vmgui.ui.views.clone.table import CloneList
from vmgui.ui.views.page_header import PageHeader
from vmgui.ui.views.tree_delegate import mark_of
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.empty_state import EmptyState
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import literal, one_line, plain_label, plain_tooltip

READ_AGAIN_MS = 1000
"""How long after a change of what there is the facts are read again."""

_FOOT_PX, _RIGHT_LEAST_PX, _NARROW_PX, _BELOW_PX = 52, 360, 1080, 780


KEYS_IN_WORDS = (
    ("Ctrl+Enter", "Create the clones"),
    ("Alt+L, Alt+F", "Linked clones, full copies"),
    ("F2", "In the list: name the chosen clone"),
    ("Del", "In the list: skip the number of a clone that can't be made"),
    ("Esc", "Leave without cloning"),
)
"""The keys of the page, for the list of keys."""


@dataclass(frozen=True, slots=True)
class CloneWays:
    """What the page asks for: all of it is somebody else's.

    ``read`` reads the facts for cloning from a snapshot ("" for the machine as it is),
    ``create`` starts the job, ``script`` gives the commands that do the same, ``perform`` does
    another action to the machine.
    """

    read: Callable[[str], Awaitable[CloneFacts]]
    create: Callable[[CloneForm], object]
    script: Callable[[CloneForm], Sequence[str]]
    perform: Callable[[str, Mapping[str, object]], object]


class ClonePage(QWidget):
    """The clone wizard over `CloneForm`: what is valid is the plan's word, not the widgets'.

    ``key`` is the machine's; it opens with the snapshot that is named, "" for the machine as it
    is. ``close_requested`` asks to be left.
    """

    close_requested = Signal()

    def __init__(
        self,
        key: Key,
        inventory: Inventory,
        bridge: Bridge,
        ways: CloneWays,
        snapshot: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("clone-page")
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.key = key
        self.form: CloneForm | None = None
        self.opened_with = snapshot
        self._inventory = inventory
        self._bridge = bridge
        self._ways = ways
        self._lines: tuple[str, ...] = ()
        self._is_gone = False
        self._is_reading = self._read_after = False
        self._tasks = Tasks()
        self._stop: Callable[[], object] = lambda: None
        self._again = QTimer(self, singleShot=True, interval=READ_AGAIN_MS)
        self._again.timeout.connect(self._begin_reading)
        close = QPushButton("Close")
        close.setObjectName("clone-close")
        close.setProperty("role", "flat")
        close.setIcon(current().icon("x", "t2"))
        close.clicked.connect(self.close_requested)
        self.header = PageHeader("copy", close, self)
        self._banner = Banner(self)
        self._banner.setObjectName("clone-banner")
        self._obstacle = Obstacle()
        self._obstacle.action_wanted.connect(ways.perform)
        self._kinds = KindCards()
        self._disks = DiskChoices()
        self._names = NamesCard({t for d in inventory.of(Domain) for t in d.tags})
        self._identity = IdentityCards()
        self._when = WhenCard()
        self._scene = CloneScene()
        self._space = SpaceCard()
        self._list = CloneList()
        self._reminders = plain_label("", "table", "warn", wrap=True)
        self._reminders.setObjectName("clone-warnings")
        self._stack = QStackedWidget()
        self._foot = self._make_foot()
        self._lay_out()
        for part in (self._kinds, self._disks, self._names, self._identity, self._when, self._list):
            part.changed.connect(self.do)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            self._shortcut(keys, self._on_create)
        self._shortcut("Escape", self.close_requested.emit)
        bridge.inventory_changed.connect(self._on_inventory)
        self._show_head()
        self._begin_reading()

    def do(self, event: Event) -> None:
        """Take over what a person did, and show the plan of it."""
        if self.form is None:
            return
        self.form = advance(self.form, event)
        if isinstance(event, SourceChosen):
            self._begin_reading()  # what its definition hints at counts
        self._show()

    def shutdown(self) -> None:
        """End what is under way; the page is not shown any more."""
        self._again.stop()
        self._bridge.inventory_changed.disconnect(self._on_inventory)
        self._stop()

    # what is known

    def _begin_reading(self) -> None:
        if self._is_reading:
            self._read_after = True
            return
        self._is_reading, self._read_after = True, False
        task = self._tasks.start(self._load(), f"what cloning {self.key.id} needs to know")
        self._stop = task.cancel

    async def _load(self) -> None:
        try:
            facts = await self._ways.read(self._snapshot)
        except VmguiError as error:
            self._show_problem(error)
            return
        finally:
            self._is_reading = False
        self._banner.setVisible(self._is_gone)
        is_first = self.form is None
        if self.form is None:
            self.form = open_form(facts, seed=secrets.randbits(31), snapshot=self.opened_with)
        else:
            self.form = advance(self.form, FactsRead(facts))
        self._show()
        if is_first and self.window().focusWidget() is self:
            self._kinds.cards[self.form.spec.kind].setFocus()
        if self._read_after:
            self._again.start()

    def _show_problem(self, error: VmguiError) -> None:
        said = " ".join(filter(None, (error.why, error.what_to_do)))
        if self.form is not None:
            self._banner.say("warn", "warning", error.what, said, (("again", "Look again"),))
            return
        self._unknown.title.setText(error.what)
        self._unknown.sentence.setText(said)
        self._stack.setCurrentWidget(self._unknown)

    def _on_inventory(self, change: Change) -> None:
        """Read again where machines came, went or became others: names and files are theirs."""
        if self.key in change.removed:
            self._is_gone = True
            self._banner.say("dang", "warning", "This machine is not there any more.")
            self._show_buttons()
            return
        told = [each.key for each in change.added] + list(change.removed)
        about = any(key.kind == "domain" or self._is_own_snapshot(key) for key in told)
        if about or any(self._counts(each) for each in change.updated):
            self._show_head()
            if not self._again.isActive():
                self._again.start()

    def _counts(self, record: Record) -> bool:
        """Tell whether a change of a record may change the plan: the source, or a new name."""
        if record.key == self.key:
            return True
        known = self.form.facts.names if self.form is not None else {}
        return isinstance(record, Domain) and record.name not in known

    def _is_own_snapshot(self, key: Key) -> bool:
        return key.kind == "snapshot" and domain_of(key) == self.key

    # what is shown

    def _show_head(self) -> None:
        domain = self._inventory.domain(self.key)
        host = self._inventory.host(self.key.host)
        if domain is None or host is None:
            return
        from_ = f" from {one_line(self._snapshot)}" if self._snapshot else ""
        self.header.name.setText(f"Clone {domain.name}{from_}")
        state = shown_state(domain, host)
        words = f"{state.value.capitalize()} on {host.name}"
        if self.form is not None and not any(
            option.refusal for option in self.form.plan.sources if option.value == self._snapshot
        ):
            words = f"{words}, safe to clone"
        self.header.chip.set_state(mark_of(state), words)
        held = ""
        if self.form is not None:
            disks = [each for each in self.form.plan.disks if each.disk.device == "disk"]
            amount = sum(each.allocation_bytes or 0 for each in disks)
            held = counted(len(disks), "disk") + (f", {size(amount)} on disk" if amount else "")
        self.header.summary.setText(" · ".join(filter(None, (machine_summary(domain), held))))

    @property
    def _snapshot(self) -> str:
        return self.opened_with if self.form is None else self.form.spec.snapshot

    def _show(self) -> None:
        form = self.form
        assert form is not None
        self._stack.setCurrentIndex(0)
        for part in (self._kinds, self._disks, self._names, self._identity, self._when, self._list):
            part.show_form(form)
        plan = form.plan
        self._scene.show_plan(plan)
        links = form.spec.kind is CloneKind.LINKED or any(
            disk.choice is DiskChoice.LINKED for disk in plan.disks
        )
        self._space.show_space(plan.space, links=links)
        domain = self._inventory.domain(self.key)
        self._obstacle.show_refusal(plan.obstacle, domain, self._snapshot)
        warnings = plan.files.warnings
        self._reminders.setText("\n".join(f"• {one_line(each)}" for each in warnings))
        self._reminders.setVisible(bool(warnings))
        self._lines = tuple(self._ways.script(form)) if plan.ready else ()
        self._show_head()
        self._show_buttons()

    def _show_buttons(self) -> None:
        form = self.form
        self._foot.setEnabled(form is not None)
        if form is None:
            return
        problem = "This machine is not there any more." if self._is_gone else form.problem
        # An obstacle stands in full above the form.
        self._problem.setText(problem.partition(":")[0] if form.plan.obstacle else problem)
        self._problem_mark.setVisible(bool(problem))
        skippable = [each for each in form.plan.conflicts if each.can_skip]
        self._skip.setVisible(bool(skippable) and not self._is_gone)
        one = f"Skip number {skippable[0].number}" if skippable else ""
        self._skip.setText(one if len(skippable) == 1 else f"Skip {len(skippable)} numbers")
        self._act.setText(literal(form.button))
        self._act.setEnabled(form.can_create and not self._is_gone)
        self._act.setToolTip(plain_tooltip(problem))
        self._act.setAccessibleDescription(problem)
        self._commands.setText(f"Show the {counted(len(self._lines), 'command')}")
        self._commands.setVisible(bool(self._lines))

    # what is pressed

    def _on_create(self) -> None:
        self._names.flush()
        form = self.form
        if form is None or not form.can_create or self._is_gone:
            return
        self._ways.create(form)
        self.close_requested.emit()

    def _on_commands(self) -> None:
        domain = self._inventory.domain(self.key)
        name = one_line(domain.name) if domain is not None else ""
        ScriptDialog(f"Clone {name}: the commands", self._lines, self.window()).open()

    def _shortcut(self, keys: str, do: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(do)

    # how it is put together

    def _lay_out(self) -> None:
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._make_left(), 11)
        row.addWidget(self._make_right(), 10)
        self._unknown = EmptyState("warning", "", "", action="Look again")
        self._unknown.setObjectName("clone-unknown")
        self._unknown.clicked.connect(self._begin_reading)
        self._banner.clicked.connect(lambda _key: self._begin_reading())
        waiting = QWidget()
        words = plain_label("Looking at its disks…", "body", "t3")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        QVBoxLayout(waiting).addWidget(words)
        for each in (content, waiting, self._unknown):
            self._stack.addWidget(each)
        self._stack.setCurrentWidget(waiting)
        around = QVBoxLayout()
        around.setContentsMargins(16, 0, 16, 4)
        around.addWidget(self._banner)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.header)
        box.addWidget(_rule())
        box.addLayout(around)
        box.addWidget(self._stack, 1)
        box.addWidget(_rule())
        box.addWidget(self._foot)

    def _make_left(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 12, 12, 16)
        column.setSpacing(8)
        for title, part in (
            ("", self._obstacle),
            ("Kind", self._kinds),
            ("Disks", self._disks),
            ("Names and place", self._names),
            ("Identity and network", self._identity),
            ("When they are made", self._when),
            ("", self._reminders),
        ):
            if title:
                column.addWidget(plain_label(title, "card"))
            column.addWidget(part)
        column.addStretch(1)
        self._left = column
        area = QScrollArea()
        area.setObjectName("clone-left")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        return area

    def _make_right(self) -> QWidget:
        inside = self._outcome = QWidget()
        inside.setMinimumWidth(current().px(_RIGHT_LEAST_PX))
        column = QVBoxLayout(inside)
        column.setContentsMargins(4, 12, 16, 12)
        column.setSpacing(12)
        card = QFrame()
        card.setProperty("role", "card")
        box = QVBoxLayout(card)
        box.setContentsMargins(12, 8, 12, 10)
        box.addWidget(plain_label("Disks after cloning", "card"))
        box.addWidget(self._scene)
        column.addWidget(card)
        column.addWidget(self._space)
        column.addWidget(self._list, 1)
        area = self._right = QScrollArea()
        area.setObjectName("clone-right")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        # What is at the right is higher with each clone: it must never hold a window open.
        area.setMinimumWidth(inside.minimumWidth())
        return area

    def _make_foot(self) -> QWidget:
        foot = QWidget(self)
        foot.setProperty("role", "side")
        foot.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        foot.setFixedHeight(current().px(_FOOT_PX))
        foot.setEnabled(False)
        self._commands = _button("clone-commands", "Show the commands", "flat")
        self._commands.setIcon(current().icon("terminal", "t2"))
        self._commands.clicked.connect(self._on_commands)
        self._problem_mark = IconMark("warning", "warn")
        self._problem_mark.hide()
        self._problem = ElidedLabel("", "body", "warn")
        self._problem.setObjectName("clone-problem")
        self._skip = _button("clone-skip", "")
        self._skip.hide()
        self._skip.clicked.connect(lambda: self.do(ConflictsSkipped()))
        cancel = _button("clone-cancel", "Cancel", "flat")
        cancel.clicked.connect(self.close_requested)
        self._act = _button("clone-create", "Create", "primary")
        self._act.clicked.connect(self._on_create)
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(6)
        row.addWidget(self._commands)
        row.addStretch(1)
        row.addWidget(self._problem_mark)
        row.addWidget(self._problem)
        row.addSpacing(4)
        for button in (self._skip, cancel, self._act):
            row.addWidget(button)
        return foot

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < current().px(_NARROW_PX)
        for part in (self._disks, self._identity):
            part.set_narrow(narrow)
        self._stand(below=self.width() < current().px(_BELOW_PX))

    def _stand(self, *, below: bool) -> None:
        """Put what will be below what is chosen, or at its right where there is room for both."""
        if below is self._right.isHidden():
            return
        if below:
            self._left.addWidget(self._right.takeWidget())
            self._outcome.show()
        else:
            self._left.removeWidget(self._outcome)
            self._right.setWidget(self._outcome)
        self._right.setVisible(not below)

    def event(self, event: QEvent) -> bool:
        """Take Alt+L and Alt+F from the menu bar while the focus is in here."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            kind = _KIND_KEYS.get(Qt.Key(event.key()))
            if kind is not None and event.modifiers() == Qt.KeyboardModifier.AltModifier:
                card = self._kinds.cards[kind]
                if card.isEnabled():
                    # The card has the focus before the key arrives: a field would type it.
                    card.setFocus(Qt.FocusReason.ShortcutFocusReason)
                    card.click()
                event.accept()
                return True
        return super().event(event)


_KIND_KEYS: Mapping[Qt.Key, CloneKind] = {
    Qt.Key.Key_L: CloneKind.LINKED,
    Qt.Key.Key_F: CloneKind.FULL,
}


def _button(name: str, text: str, role: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    if role:
        button.setProperty("role", role)
    return button


def _rule() -> QFrame:
    rule = QFrame()
    rule.setProperty("role", "rule")
    return rule
