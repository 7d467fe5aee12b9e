"""The two tabs of a page with graphs, the range that both show, and the button that stops them."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmgui.ui.style import current
from vmgui.ui.views.figure_feed import RANGES_S, FigureFeed
from vmgui.ui.views.graphs import GraphBoard, Subject
from vmgui.ui.views.machine_buttons import WORDLESS_PX
from vmgui.ui.widgets.facts import Facts
from vmgui.ui.widgets.graph import GraphEvent
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.text import literal, plain_tooltip

_RANGE_TITLES = ("1 min", "5 min", "15 min", "1 h", "24 h")
_FREEZE, _GO_ON = "Freeze graphs", "Let graphs go on"
_NARROW_PX = 1000
_SIDE_PX = 318
_LEAST_PX = _SIDE_PX + 440
"""Under this width of the page there is no room for two graphs beside the facts."""


MakeTab = Callable[[QWidget], QWidget]
"""Makes what a tab shows, in the widget that it is given."""


class GraphTabs(QWidget):
    """Overview (what is known beside the graphs) and Graphs (the same graphs, large).

    ``others`` stand between them, each with its key, its title and what makes it. All but the
    overview are made when they are shown for the first time, so that a page opens at once.
    ``range_chosen`` carries seconds, ``event_activated`` the key of a mark.
    """

    range_chosen = Signal(int)
    event_activated = Signal(str)

    def __init__(
        self,
        feed: FigureFeed,
        subject: Subject,
        others: Sequence[tuple[str, str, MakeTab]] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._feed = feed
        self._subject: Subject = subject
        self._boards: list[GraphBoard] = []
        self._cpus = 0
        self._message = self._highlighted = ""
        self._is_stale = False
        self._events: tuple[GraphEvent, ...] = ()
        self._unmade: dict[int, MakeTab] = {}
        self._corners: dict[str, QWidget] = {}
        # Each widget is made in its place: to move a tree of them costs as much as to style it.
        self.bar = QTabBar(self)
        self.bar.setObjectName("tabs")
        self.bar.setAccessibleName("Parts of this page")
        self.bar.setExpanding(False)
        self._stack = QStackedWidget(self)
        self.range = Segmented(
            [(str(s), title) for s, title in zip(RANGES_S, _RANGE_TITLES, strict=True)],
            "Range of the graphs",
            self,
        )
        self.range.setObjectName("graph-range")
        self.range.chosen.connect(lambda key: self.range_chosen.emit(int(key)))
        self.freeze = _freeze_button(self)
        self.freeze.toggled.connect(self._on_frozen)
        self._lay_out()
        makers = (self._make_overview, *(make for _, _, make in others), self._make_large)
        titles = (("overview", "Overview"), *((k, t) for k, t, _ in others), ("graphs", "Graphs"))
        for (key, title), make in zip(titles, makers, strict=True):
            self._add_page(key, title, make)
        self._make(0)
        self.bar.currentChanged.connect(self._on_tab)
        self._is_narrow: bool | None = None
        current().changed.connect(self._arrange)
        self._arrange()

    def begin(self) -> None:
        """Show the overview from its top, and let the graphs go on, as for something new."""
        self.freeze.setChecked(False)
        self.bar.setCurrentIndex(0)
        self.highlight_event("")
        for index in range(self._stack.count()):
            area = self._stack.widget(index)
            assert isinstance(area, QScrollArea)
            area.verticalScrollBar().setValue(0)

    def set_tab_title(self, key: str, title: str) -> None:
        """Give a tab another title, for a count in it."""
        for index in range(self.bar.count()):
            if self.bar.tabData(index) == key:
                self.bar.setTabText(index, literal(title))

    def show_tab(self, key: str) -> None:
        """Go to a tab."""
        for index in range(self.bar.count()):
            if self.bar.tabData(index) == key:
                self.bar.setCurrentIndex(index)

    def set_corner(self, key: str, corner: QWidget) -> None:
        """Show ``corner`` beside the tabs, in place of what graphs need, while ``key`` is open."""
        self._corners[key] = corner
        self._top.addWidget(corner)
        self._show_corner()

    def set_range(self, range_s: int) -> None:
        """Show a range as chosen."""
        self.range.choose(str(range_s))

    def set_events(self, events: Sequence[GraphEvent]) -> None:
        """Mark what happened."""
        self._events = tuple(events)
        for board in self._boards:
            board.set_events(events)

    def set_message(self, message: str) -> None:
        """Say why there are no figures now."""
        self._message = message
        for board in self._boards:
            board.set_message(message)

    def set_stale(self, is_stale: bool) -> None:
        """Draw the graphs' lines grey, because what they show is old, or in their colours."""
        self._is_stale = is_stale
        for board in self._boards:
            board.set_stale(is_stale)

    def set_cpus(self, cpus: int) -> None:
        """Say how many CPUs 100 % are."""
        self._cpus = cpus
        for board in self._boards:
            board.set_cpus(cpus)

    def highlight_event(self, key: str) -> None:
        """Make one mark stand out, or none for an empty key."""
        self._highlighted = key
        for board in self._boards:
            board.highlight_event(key)

    def _lay_out(self) -> None:
        self._top = top = QHBoxLayout()
        top.setContentsMargins(14, 0, 16, 0)
        top.setSpacing(8)
        top.addWidget(self.bar)
        top.addStretch(1)
        top.addWidget(self.range)
        top.addWidget(self.freeze)
        rule = QFrame(self)
        rule.setProperty("role", "rule")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(top)
        box.addWidget(rule)
        box.addWidget(self._stack, 1)

    def _add_page(self, key: str, title: str, make: MakeTab) -> None:
        area = QScrollArea(self._stack)
        area.setObjectName(f"tab-{key}")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        self._stack.addWidget(area)
        index = self.bar.addTab(title)
        self.bar.setTabData(index, key)
        self._unmade[index] = make

    def _make(self, index: int) -> None:
        make = self._unmade.pop(index, None)
        if make is not None:
            area = self._stack.widget(index)
            assert isinstance(area, QScrollArea)
            area.setWidget(make(area.viewport()))

    def _make_overview(self, parent: QWidget) -> QWidget:
        page = QWidget(parent)
        self.facts = Facts(page)
        self.facts.setObjectName("facts")
        self._beside = QBoxLayout(QBoxLayout.Direction.RightToLeft, page)
        self._beside.setContentsMargins(16, 12, 16, 16)
        self._beside.setSpacing(12)
        self._beside.addWidget(self._make_board(2, page), 1)
        self._beside.addWidget(self.facts, 0, Qt.AlignmentFlag.AlignTop)
        return page

    def _make_large(self, parent: QWidget) -> QWidget:
        page = QWidget(parent)
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 12, 16, 16)
        column.addWidget(self._make_board(1, page))
        return page

    def _make_board(self, columns: int, parent: QWidget) -> GraphBoard:
        board = GraphBoard(self._feed, self._subject, columns, parent)
        board.event_activated.connect(self.event_activated)
        board.set_cpus(self._cpus)
        board.set_message(self._message)
        board.set_stale(self._is_stale)
        board.set_events(self._events)
        board.highlight_event(self._highlighted)
        self._boards.append(board)
        return board

    def _on_tab(self, index: int) -> None:
        self._make(index)
        self._stack.setCurrentIndex(index)
        self._show_corner()
        # A board that was just made has something to stand still with only now.
        self._on_frozen(self.freeze.isChecked())

    def _show_corner(self) -> None:
        key = self.bar.tabData(self.bar.currentIndex())
        for each, corner in self._corners.items():
            corner.setVisible(each == key)
        for widget in (self.range, self.freeze):
            widget.setVisible(key not in self._corners)

    def _on_frozen(self, frozen: bool) -> None:
        for board in self._boards:
            board.set_frozen(frozen)
        self._show_freeze()

    def _show_freeze(self) -> None:
        words = _GO_ON if self.freeze.isChecked() else _FREEZE
        style = Qt.ToolButtonStyle
        wordless = self.window().width() < current().px(WORDLESS_PX)
        self.freeze.setText(words)
        self.freeze.setToolButtonStyle(
            style.ToolButtonIconOnly if wordless else style.ToolButtonTextBesideIcon
        )

    def _arrange(self) -> None:
        self._show_freeze()
        px = current().px
        narrow = self.window().width() < px(_NARROW_PX) or self.width() < px(_LEAST_PX)
        if narrow:
            self.facts.setMinimumWidth(0)
            self.facts.setMaximumWidth(16777215)
        else:
            self.facts.setFixedWidth(current().px(_SIDE_PX))
        if narrow is self._is_narrow:
            return
        self._is_narrow = narrow
        direction = QBoxLayout.Direction
        self._beside.setDirection(direction.TopToBottom if narrow else direction.RightToLeft)
        policy = QSizePolicy.Policy
        self.facts.setSizePolicy(policy.Preferred, policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _freeze_button(parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setObjectName("graph-freeze")
    button.setProperty("role", "flat")
    button.setCheckable(True)
    button.setIcon(current().icon("pause", "t2"))
    button.setText(_FREEZE)
    button.setToolTip(plain_tooltip("The graphs stand still; figures go on being kept."))
    return button
