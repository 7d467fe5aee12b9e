"""The snapshots of a machine in time, or as a list, with the legend of their marks."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vmgui.insight.amounts import counted
from vmgui.insight.timeline import HERE, Timeline
from vmgui.inventory.snapshot import Snapshot
from vmgui.ui.style import current
from vmgui.ui.views.snapshots.look import Look
from vmgui.ui.views.snapshots.snapshot_list import SnapshotList
from vmgui.ui.views.snapshots.timeline_strips import AxisStrip, Held, SpaceStrip
from vmgui.ui.views.snapshots.timeline_view import TimelineView
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.text import plain_label

TIMELINE, LIST = "timeline", "list"


class TimelineCard(QFrame):
    """Timeline and list of the same snapshots. ``chosen`` carries a name, `HERE` for now."""

    chosen = Signal(str)

    def __init__(
        self,
        size_of: Callable[[Snapshot], int | None],
        now_s: Callable[[], float],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._counts = plain_label("", "table", "t3")
        self._counts.setObjectName("snapshot-counts")
        self._legend = Legend(self)
        self.mode = Segmented(((TIMELINE, "Timeline"), (LIST, "List")), "Show as", self)
        self.mode.setObjectName("snapshot-mode")
        self.mode.chosen.connect(self._on_mode)
        self.view = TimelineView(self)
        self.view.chosen.connect(self.chosen)
        self._axis = AxisStrip(self.view, self)
        self._space = SpaceStrip(self.view, self)
        self.list = SnapshotList(size_of, now_s, self)
        self.list.chosen.connect(self.chosen)
        drawn = QWidget(self)
        column = QVBoxLayout(drawn)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._axis)
        column.addWidget(self.view, 1)
        column.addSpacing(4)
        column.addWidget(self._space)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(drawn)
        self._stack.addWidget(self.list)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(plain_label("Timeline", "card"))
        top.addWidget(self._counts)
        top.addStretch(1)
        top.addWidget(self._legend, 1000)
        top.addSpacing(4)
        top.addWidget(self.mode)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 8, 12, 10)
        box.setSpacing(6)
        box.addLayout(top)
        box.addWidget(self._stack, 1)

    def begin(self) -> None:
        """Forget what was shown, for another machine."""
        self.view.clear()
        self.list.set_snapshots((), anew=True)

    def set_snapshots(
        self, layout: Timeline, looks: Mapping[str, Look], state: str, since: str
    ) -> None:
        """Show these."""
        snapshots = [node.snapshot for node in layout.nodes if node.snapshot is not None]
        anew = self.view.layout_now is None
        self.view.set_timeline(layout, looks, state, since)
        self.list.set_snapshots(snapshots, anew=anew)
        words = counted(len(snapshots), "snapshot")
        if layout.branches > 1:
            words += f", {counted(layout.branches, 'branch', 'branches')}"
        self._counts.setText(words)

    def set_held(self, held: Sequence[Held]) -> None:
        """Show the space that was held over time; nothing where it isn't known."""
        self._space.set_held(held)

    def select(self, name: str, snapshot: Snapshot | None) -> None:
        """Mark a snapshot as chosen, `HERE` for the machine as it is."""
        if self.view.selected != name:
            self.view.select(name)
            self.view.show_name(name)
        key = None if name == HERE or snapshot is None else snapshot.key
        self.list.select(key)

    @property
    def focus_widget(self) -> QWidget:
        """What takes the keys now: the timeline or the list."""
        return self.view if self.mode.key == TIMELINE else self.list.table

    def _on_mode(self, key: str) -> None:
        self._stack.setCurrentIndex(0 if key == TIMELINE else 1)


class Legend(QWidget):
    """What the marks and lines of a timeline mean."""

    _ENTRIES = (
        ("circle", "internal"),
        ("square", "external"),
        ("filled", "filled: has memory"),
        ("line", "your line"),
        ("other", "other branch"),
    )

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("; ".join(words for _, words in self._ENTRIES))
        current().changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        style = current()
        metrics = QFontMetricsF(style.font("axis"))
        width = sum(metrics.horizontalAdvance(words) + style.px(34) for _, words in self._ENTRIES)
        return QSize(int(width), style.px(18))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, current().px(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        style = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(style.font("axis"))
        metrics = QFontMetricsF(painter.font())
        x, y = float(style.px(6)), self.height() / 2
        for mark, words in self._ENTRIES:
            width = metrics.horizontalAdvance(words) + 1
            if x + style.px(15) + width > self.width():
                return  # what has no room is left out, never cut
            self._paint_mark(painter, mark, QPointF(x + style.px(4), y))
            painter.setPen(style.color("t2"))
            box = QRectF(x + style.px(15), 0, width, self.height())
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), words)
            x += width + style.px(33)

    def _paint_mark(self, painter: QPainter, mark: str, at: QPointF) -> None:
        style = current()
        if mark in ("line", "other"):
            painter.setPen(QPen(style.color("acc" if mark == "line" else "line2"), style.line(2.6)))
            half = QPointF(style.px(6), 0)
            painter.drawLine(at - half, at + half)
            return
        painter.setPen(QPen(style.color("t2"), style.line(1.6)))
        painter.setBrush(style.color("t2" if mark == "filled" else "card"))
        r = style.px(4)
        if mark == "circle":
            painter.drawEllipse(at, r, r)
        else:
            painter.drawRoundedRect(QRectF(at.x() - r, at.y() - r, 2 * r, 2 * r), 1, 1)
