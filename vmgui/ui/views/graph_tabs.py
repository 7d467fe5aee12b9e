"""The two tabs of a page with graphs, the range that both show, and the button that stops them."""

from collections.abc import Sequence

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
from vmgui.ui.views.figure_feed import RANGES_S
from vmgui.ui.views.graphs import GraphBoard
from vmgui.ui.widgets.graph import GraphEvent
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.text import literal, plain_tooltip

_RANGE_TITLES = ("1 min", "5 min", "15 min", "1 h", "24 h")
_FREEZE, _GO_ON = "Freeze graphs", "Let graphs go on"
_NARROW_PX = 1000
_SIDE_PX = 318
_LEAST_PX = _SIDE_PX + 440
"""Under this width of the page there is no room for two graphs beside the facts."""


class GraphTabs(QWidget):
    """Overview (what is known beside the graphs) and Graphs (the same graphs, large).

    ``range_chosen`` carries seconds, ``event_activated`` the key of a mark.
    """

    range_chosen = Signal(int)
    event_activated = Signal(str)

    def __init__(
        self,
        side: QWidget,
        overview: GraphBoard,
        large: GraphBoard,
        others: Sequence[tuple[str, str, QWidget]] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._boards = (overview, large)
        self._side = side
        self.bar = QTabBar()
        self.bar.setObjectName("tabs")
        self.bar.setExpanding(False)
        self._stack = QStackedWidget()
        self._beside = QBoxLayout(QBoxLayout.Direction.RightToLeft)
        self._beside.setContentsMargins(16, 12, 16, 16)
        self._beside.setSpacing(12)
        self._beside.addWidget(overview, 1)
        self._beside.addWidget(side, 0, Qt.AlignmentFlag.AlignTop)
        first = QWidget()
        first.setLayout(self._beside)
        second = QWidget()
        column = QVBoxLayout(second)
        column.setContentsMargins(16, 12, 16, 16)
        column.addWidget(large)
        pages = (("overview", "Overview", first), *others, ("graphs", "Graphs", second))
        for index, (key, title, widget) in enumerate(pages):
            self._add_page(index, key, title, widget)
        self.bar.currentChanged.connect(self._stack.setCurrentIndex)
        self.range = Segmented(
            [(str(s), title) for s, title in zip(RANGES_S, _RANGE_TITLES, strict=True)],
            "Range of the graphs",
        )
        self.range.setObjectName("graph-range")
        self.range.chosen.connect(lambda key: self.range_chosen.emit(int(key)))
        self.freeze = _freeze_button()
        self.freeze.toggled.connect(self._on_frozen)
        top = QHBoxLayout()
        top.setContentsMargins(14, 0, 16, 0)
        top.setSpacing(8)
        top.addWidget(self.bar)
        top.addStretch(1)
        top.addWidget(self.range)
        top.addWidget(self.freeze)
        rule = QFrame()
        rule.setProperty("role", "rule")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(top)
        box.addWidget(rule)
        box.addWidget(self._stack, 1)
        for board in self._boards:
            board.event_activated.connect(self.event_activated)
        self._is_narrow: bool | None = None
        current().changed.connect(self._arrange)
        self._arrange()

    def set_tab_title(self, key: str, title: str) -> None:
        """Give a tab another title, for a count in it."""
        for index in range(self.bar.count()):
            if self.bar.tabData(index) == key:
                self.bar.setTabText(index, literal(title))

    def set_range(self, range_s: int) -> None:
        """Show a range as chosen."""
        self.range.choose(str(range_s))

    def set_events(self, events: Sequence[GraphEvent]) -> None:
        """Mark what happened."""
        for board in self._boards:
            board.set_events(events)

    def set_message(self, message: str) -> None:
        """Say why there are no figures now."""
        for board in self._boards:
            board.set_message(message)

    def set_cpus(self, cpus: int) -> None:
        """Say how many CPUs 100 % are."""
        for board in self._boards:
            board.set_cpus(cpus)

    def highlight_event(self, key: str) -> None:
        """Make one mark stand out, or none for an empty key."""
        for board in self._boards:
            board.highlight_event(key)

    def _add_page(self, index: int, key: str, title: str, widget: QWidget) -> None:
        area = QScrollArea()
        area.setObjectName(f"tab-{key}")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(widget)
        self._stack.addWidget(area)
        self.bar.addTab(title)
        self.bar.setTabData(index, key)

    def _on_frozen(self, frozen: bool) -> None:
        for board in self._boards:
            board.set_frozen(frozen)
        self.freeze.setText(_GO_ON if frozen else _FREEZE)

    def _arrange(self) -> None:
        px = current().px
        narrow = self.window().width() < px(_NARROW_PX) or self.width() < px(_LEAST_PX)
        if narrow:
            self._side.setMinimumWidth(0)
            self._side.setMaximumWidth(16777215)
        else:
            self._side.setFixedWidth(current().px(_SIDE_PX))
        if narrow is self._is_narrow:
            return
        self._is_narrow = narrow
        direction = QBoxLayout.Direction
        self._beside.setDirection(direction.TopToBottom if narrow else direction.RightToLeft)
        policy = QSizePolicy.Policy
        self._side.setSizePolicy(policy.Preferred, policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _freeze_button() -> QToolButton:
    button = QToolButton()
    button.setObjectName("graph-freeze")
    button.setProperty("role", "flat")
    button.setCheckable(True)
    button.setIcon(current().icon("pause", "t2"))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setText(_FREEZE)
    button.setToolTip(plain_tooltip("The graphs stand still; figures go on being kept."))
    return button
