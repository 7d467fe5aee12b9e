"""How many clones, how they are named, where they go, and what makes each another machine."""

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from vmgui.insight.clone_form import (
    BaseChosen,
    CloneForm,
    CountChosen,
    FirstChosen,
    GuestChosen,
    NetworkChosen,
    PatternTyped,
    PoolChosen,
    SourceChosen,
    StartChosen,
    TagsChosen,
    WhenFailedChosen,
)
from vmgui.insight.clone_plan import ClonePlan, Option
from vmgui.insight.clone_spec import (
    MOST_AT_ONCE,
    BaseFate,
    GuestName,
    WhenFailed,
    pattern_refusal,
)
from vmgui.ui.dialogs.dialog import show_reason
from vmgui.ui.dialogs.form import caption
from vmgui.ui.style import current
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.flow import FlowLayout
from vmgui.ui.widgets.option_box import OptionBox
from vmgui.ui.widgets.tag_field import TagField
from vmgui.ui.widgets.text import plain_label

_TYPED_MS = 150
"""Typing is taken over after such a pause: a plan of many clones isn't made for each letter."""

_FAILED = (
    Option(WhenFailed.KEEP, "Keep the finished ones"),
    Option(WhenFailed.REMOVE, "Remove all of them"),
)
_EVERY_S = (0, 2, 5, 10, 30, 60)


class NamesCard(QFrame):
    """How many, the first number, tags, the pattern, the pool, and what it is cloned from.

    ``changed`` carries the event of a change.
    """

    changed = Signal(object)

    def __init__(self, known_tags: set[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.count = _number("clone-count", "How many", 1, MOST_AT_ONCE)
        self.first = _number("clone-first", "First number", 0, 100_000)
        self.tags = TagField((), known_tags)
        self.tags.setObjectName("clone-tags")
        self.tags.setAccessibleName("Tags")
        self.tags.setPlaceholderText("none")
        self.pattern = QLineEdit()
        self.pattern.setObjectName("clone-pattern")
        self.pattern.setAccessibleName("Name pattern")
        self.pattern.setProperty("role", "mono")
        self._gives = ElidedLabel("", "table", "t2")
        self._gives.setObjectName("clone-gives")
        self._why = plain_label("", "table", "dang", wrap=True)
        self._why.setObjectName("clone-pattern-reason")
        self._why.hide()
        self.pool = OptionBox("clone-pool", "Place in")
        self._pool_free = plain_label("", "table", "t3")
        self.source = OptionBox("clone-source", "Clone from")
        self._typed = QTimer(self, singleShot=True, interval=_TYPED_MS)
        self._typed.timeout.connect(self._tell_typed)
        self._lay_out()
        self.count.valueChanged.connect(lambda n: self.changed.emit(CountChosen(n)))
        self.first.valueChanged.connect(lambda n: self.changed.emit(FirstChosen(n)))
        self.pattern.textEdited.connect(lambda _text: self._typed.start())
        self.tags.textEdited.connect(lambda _text: self._typed.start())
        self.pool.activated.connect(lambda _n: self.changed.emit(PoolChosen(self.pool.value)))
        self.source.activated.connect(lambda _n: self.changed.emit(SourceChosen(self.source.value)))

    def show_form(self, form: CloneForm) -> None:
        """Show what was chosen, and the names that it gives."""
        spec, plan = form.spec, form.plan
        for box, value in ((self.count, spec.count), (self.first, spec.first)):
            with QSignalBlocker(box):
                box.setValue(value)
        self.first.setEnabled("{n" in plan.spec.pattern)
        if not self._typed.isActive():
            self.pattern.setPlaceholderText(plan.spec.pattern)
            if self.pattern.text().strip() != spec.pattern:
                self.pattern.setText(spec.pattern)
            if self.tags.tags() != spec.tags:
                self.tags.setText(", ".join(spec.tags))
        why = pattern_refusal(plan.spec.pattern, spec.count)
        show_reason(self._why, self.pattern, why)
        self._gives.setText("" if why else _gives(plan))
        self.pool.show_options(plan.pools, plan.spec.pool)
        free = next((each.detail for each in plan.pools if each.value == plan.spec.pool), "")
        self._pool_free.setText(free)
        self.source.show_options(plan.sources, spec.snapshot)
        self.source.setEnabled(len(plan.sources) > 1)

    def flush(self) -> None:
        """Take over what was typed a moment ago."""
        if self._typed.isActive():
            self._typed.stop()
            self._tell_typed()

    def _tell_typed(self) -> None:
        # Both are looked at before the first is told of: the answer fills in the fields anew.
        pattern, tags = self.pattern.text().strip(), self.tags.tags()
        self.changed.emit(PatternTyped(pattern))
        self.changed.emit(TagsChosen(tags))

    def _lay_out(self) -> None:
        grid = _grid(self)
        numbers = QHBoxLayout()
        numbers.setSpacing(8)
        numbers.addWidget(self.count)
        numbers.addSpacing(8)
        numbers.addWidget(plain_label("first number", "table", "t2"))
        numbers.addWidget(self.first)
        numbers.addStretch(1)
        named = QHBoxLayout()
        named.setSpacing(8)
        named.addWidget(self.pattern, 3)
        named.addWidget(self._gives, 3)
        placed = QHBoxLayout()
        placed.setSpacing(8)
        placed.addWidget(self.pool, 3)
        placed.addWidget(self._pool_free, 3)
        grid.addWidget(caption("How many"), 0, 0)
        grid.addLayout(numbers, 0, 1)
        grid.addWidget(caption("Name pattern"), 1, 0)
        grid.addLayout(named, 1, 1)
        grid.addWidget(self._why, 2, 1)
        grid.addWidget(caption("Tags"), 3, 0)
        grid.addWidget(self.tags, 3, 1)
        grid.addWidget(caption("Place in"), 4, 0)
        grid.addLayout(placed, 4, 1)
        grid.addWidget(caption("Clone from"), 5, 0)
        grid.addWidget(self.source, 5, 1)


class IdentityCards(QWidget):
    """What is new in each clone, how its guest learns its name, its network, and the source."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._macs = plain_label("", "table", "t3")
        self.guest = OptionBox("clone-guest", "Host name in the guest")
        self._guest_gives = plain_label("", "table", "t3", wrap=True)
        self.network = OptionBox("clone-network", "Network")
        self.base = OptionBox("clone-base", "The source afterwards")
        self._base_means = plain_label("", "table", "t3", wrap=True)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(12)
        self._row.addWidget(self._identity(), 1)
        self._row.addWidget(self._place(), 1)
        self.guest.activated.connect(
            lambda _n: self.changed.emit(GuestChosen(GuestName(self.guest.value)))
        )
        self.network.activated.connect(
            lambda _n: self.changed.emit(NetworkChosen(self.network.value))
        )
        self.base.activated.connect(
            lambda _n: self.changed.emit(BaseChosen(BaseFate(self.base.value)))
        )

    def show_form(self, form: CloneForm) -> None:
        """Show what was chosen, and what could be instead."""
        spec, plan = form.spec, form.plan
        first = plan.machines[0] if plan.machines else None
        macs = first.macs if first is not None else ()
        self._macs.setText(f"from …{macs[0][1][9:]}" if macs else "it has no network interface")
        self.guest.show_options(plan.guests, plan.spec.guest)
        hostname = first.hostname if first is not None else ""
        chosen = next((each for each in plan.guests if each.value == plan.spec.guest), None)
        detail = chosen.detail if chosen is not None else ""
        one = "it is" if spec.count == 1 else "the first is"
        self._guest_gives.setText(f"sets {detail}; {one} {hostname}" if hostname else detail)
        kept = Option("", "As the source's")
        self.network.show_options((kept, *plan.networks), spec.network)
        self.network.setEnabled(bool(macs))
        needed = plan.base is not None
        self._base_label.setVisible(needed)
        self.base.setVisible(needed)
        self._base_means.setVisible(needed)
        self.base.show_options(plan.bases, spec.base)
        means = next((each.detail for each in plan.bases if each.value == spec.base), "")
        self._base_means.setText(means)

    def set_narrow(self, narrow: bool) -> None:
        """Stand under each other where there is no room for both."""
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)

    def _identity(self) -> QWidget:
        card, grid = _card()
        grid.addWidget(_done("New MAC addresses", self._macs), 0, 0, 1, 2)
        new = plain_label("and UEFI variables of its own", "table", "t3")
        grid.addWidget(_done("New UUID", new), 1, 0, 1, 2)
        grid.addWidget(caption("Host name"), 2, 0)
        grid.addWidget(self.guest, 2, 1)
        grid.addWidget(self._guest_gives, 3, 1)
        grid.setRowStretch(4, 1)
        return card

    def _place(self) -> QWidget:
        card, grid = _card()
        grid.addWidget(caption("Network"), 0, 0)
        grid.addWidget(self.network, 0, 1)
        self._base_label = caption("The source")
        grid.addWidget(self._base_label, 1, 0)
        grid.addWidget(self.base, 1, 1)
        grid.addWidget(self._base_means, 2, 1)
        grid.setRowStretch(3, 1)
        return card


class WhenCard(QFrame):
    """Whether they are started, and what becomes of the finished ones when one fails."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.start = QCheckBox("Start them")
        self.start.setObjectName("clone-start")
        self.every = OptionBox("clone-every", "Time between two starts")
        self.every.setMinimumContentsLength(12)
        every = [Option(str(s), f"one every {s} s" if s else "all at once") for s in _EVERY_S]
        self.every.show_options(every, "0")
        self.failed = OptionBox("clone-failed", "If one fails")
        self.failed.setMinimumContentsLength(18)
        self._failed_label = caption("If one fails")
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 8, 12, 8)
        flow = FlowLayout(gap_px=12)
        flow.addWidget(_pair(self.start, self.every))
        flow.addWidget(_pair(self._failed_label, self.failed))
        box.addLayout(flow)
        self.start.toggled.connect(self._on_start)
        self.every.activated.connect(self._on_start)
        self.failed.activated.connect(
            lambda _n: self.changed.emit(WhenFailedChosen(WhenFailed(self.failed.value)))
        )

    def show_form(self, form: CloneForm) -> None:
        """Show what was chosen."""
        spec, many = form.spec, form.spec.count > 1
        with QSignalBlocker(self.start):
            self.start.setChecked(spec.start)
        self.start.setText("Start them" if many else "Start it")
        self.every.setVisible(many)
        self.every.setEnabled(spec.start)
        index = self.every.findData(str(spec.start_every_s))
        self.every.setCurrentIndex(max(0, index))
        self._failed_label.setVisible(many)
        self.failed.setVisible(many)
        self.failed.show_options(_FAILED, spec.when_failed)

    def _on_start(self) -> None:
        self.changed.emit(StartChosen(self.start.isChecked(), int(self.every.value or 0)))


def _pair(one: QWidget, other: QWidget) -> QWidget:
    inside = QWidget()
    row = QHBoxLayout(inside)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(one)
    row.addWidget(other)
    return inside


def _gives(plan: ClonePlan) -> str:
    names = [machine.name for machine in plan.machines]
    if len(names) <= 1:
        return f"gives {names[0]}" if names else ""
    return f"gives {names[0]} … {names[-1]}"


def _number(name: str, title: str, least: int, most: int) -> QSpinBox:
    box = QSpinBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    box.setRange(least, most)
    box.setFixedWidth(current().px(72))
    box.lineEdit().setTextMargins(6, 0, 0, 0)
    return box


def _grid(card: QFrame) -> QGridLayout:
    grid = QGridLayout(card)
    grid.setContentsMargins(12, 8, 12, 8)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, current().px(84))
    grid.setColumnStretch(1, 1)
    return grid


def _card() -> tuple[QFrame, QGridLayout]:
    card = QFrame()
    card.setProperty("role", "card")
    return card, _grid(card)


def _done(text: str, beside: QWidget) -> QWidget:
    """Return what holds for every clone and isn't a choice: a tick that can't be taken away."""
    inside = QWidget()
    row = QHBoxLayout(inside)
    row.setContentsMargins(0, 2, 0, 2)
    row.setSpacing(8)
    row.addWidget(IconMark("check", "ok"))
    row.addWidget(plain_label(text))
    row.addWidget(beside, 1)
    inside.setMinimumHeight(current().px(24))
    return inside
