"""The timeline's lanes: a view that is dragged, zoomed, walked with the arrow keys."""

from collections.abc import Mapping
from itertools import pairwise
from typing import get_args

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from vmgui.insight.timeline import HERE, NEXT_X, Node, Timeline
from vmgui.insight.timeline_walk import Direction, step
from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX, RADIUS_CHIP
from vmgui.ui.views.snapshots.look import Look
from vmgui.ui.views.snapshots.scale import (
    LEAST_ZOOM,
    MOST_ZOOM,
    Scale,
    scale_at,
    zoom_for,
)
from vmgui.ui.views.snapshots.timeline_items import HereItem, LineItem, SnapshotItem

_STEP = 1.25
_APART_PX = 12
_BAR_PX = 16
"""Room for a scroll bar below, so that it covers no lane."""

_FILLS_FROM = 0.7
"""Below this zoom names are cut too short: then a line that is too long is scrolled instead."""

_LANES_IN_SIGHT = 3
"""So many lanes are in sight at least, however low the window is."""

_ARROWS: dict[int, Direction] = {
    int(Qt.Key.Key_Left): "left",
    int(Qt.Key.Key_Right): "right",
    int(Qt.Key.Key_Up): "up",
    int(Qt.Key.Key_Down): "down",
}
assert set(_ARROWS.values()) == set(get_args(Direction))


class TimelineView(QGraphicsView):
    """Snapshots on their lanes. ``chosen`` carries a name, `HERE` for the machine as it is.

    It fills its width until a person zooms; `fit` returns to that. ``scaled`` says that places
    moved, for what is drawn along the same axis.
    """

    chosen = Signal(str)
    scaled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName("Timeline of snapshots")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        self.viewport().setAutoFillBackground(False)
        self.setScene(QGraphicsScene(self))
        self.setBackgroundBrush(Qt.BrushStyle.NoBrush)
        self._layout: Timeline | None = None
        self._looks: Mapping[str, Look] = {}
        self._here = ("", "")
        self._nodes: dict[str, SnapshotItem | HereItem] = {}
        self._lines: dict[str, LineItem] = {}
        self._chosen = HERE
        self._zoom, self._fills = 1.0, True
        self._least = _FILLS_FROM
        self._is_due = False
        self.scale_now: Scale = scale_at(current(), 1.0, pictures=True)
        self.horizontalScrollBar().valueChanged.connect(self.scaled)
        current().changed.connect(self._place)

    # what is shown

    def set_timeline(
        self, layout: Timeline, looks: Mapping[str, Look], state: str, since: str
    ) -> None:
        """Show this; what is there already keeps its place on the screen, and the choice."""
        was_new = self._layout is None
        self._layout, self._looks, self._here = layout, looks, (state, since)
        if self._fills:
            self._zoom = self._zoom_that_fills()
        self._sync_items()
        self._place_when_seen()
        self.select(self._chosen if layout.node(self._chosen) is not None else HERE)
        if was_new:
            self.show_name(HERE)

    def clear(self) -> None:
        """Show nothing, and begin anew with what is shown next."""
        self._layout, self._fills, self._chosen = None, True, HERE
        self._least = _FILLS_FROM
        self._nodes.clear()
        self._lines.clear()
        self.scene().clear()

    @property
    def layout_now(self) -> Timeline | None:
        """What is shown."""
        return self._layout

    @property
    def selected(self) -> str:
        """The name of what is chosen."""
        return self._chosen

    @property
    def zoom(self) -> float:
        """How far apart things are, 1 as designed."""
        return self._zoom

    def select(self, name: str) -> None:
        """Mark one as chosen, and tell whoever listens with their ears."""
        self._chosen = name
        here = self._nodes.get(HERE)
        if isinstance(here, HereItem):
            here.chosen = name == HERE
            here.focused = here.chosen and self.hasFocus()
        self.viewport().update()
        look = self._looks.get(name)
        words = look.accessible if look is not None else f"You are here: {' '.join(self._here)}"
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            changed = QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
            QAccessible.updateAccessibility(changed)

    def show_name(self, name: str) -> None:
        """Scroll to one."""
        item = self._nodes.get(name)
        if item is not None:
            margin = current().px(24)
            self.ensureVisible(item.sceneBoundingRect(), margin, margin // 2)

    # zoom

    def zoom_by(self, steps: int) -> None:
        """Move things apart, or together for a negative number."""
        self._set_zoom(self._zoom * _STEP**steps, self.viewport().width() / 2)

    def fit(self) -> None:
        """Show all of it in the width that there is."""
        self._fills, self._least = True, LEAST_ZOOM
        if self._layout is not None:
            self._zoom = self._zoom_that_fills()
            self._place()

    def x_of(self, x: float) -> float:
        """Return where a place of the layout's axis is, in the viewport."""
        return self.scale_now.x(x) - self.horizontalScrollBar().value()

    def _zoom_that_fills(self) -> float:
        assert self._layout is not None
        return max(
            self._least, zoom_for(current(), self.viewport().width() - 2, self._layout.width_x)
        )

    def _set_zoom(self, zoom: float, around_px: float) -> None:
        zoom = min(max(zoom, LEAST_ZOOM), MOST_ZOOM)
        if self._layout is None or zoom == self._zoom:
            return
        bar = self.horizontalScrollBar()
        share = (bar.value() + around_px) / max(self.scale_now.column, 1e-6)
        self._zoom, self._fills = zoom, False
        self._place()
        bar.setValue(round(share * self.scale_now.column - around_px))

    # places

    def _sync_items(self) -> None:
        assert self._layout is not None
        scene = self.scene()
        nodes = {node.name: node for node in self._layout.nodes}
        for name in self._nodes.keys() - nodes.keys():
            scene.removeItem(self._nodes.pop(name))
        for name in self._lines.keys() - {
            n for n, node in nodes.items() if node.parent is not None
        }:
            scene.removeItem(self._lines.pop(name))

    def _place_when_seen(self) -> None:
        """Put each item in its place now, or once there is a place: it isn't known before."""
        self._is_due = not self.isVisible()
        if not self._is_due:
            self._place()

    def _place(self) -> None:
        """Put each item where it belongs at the present zoom."""
        layout = self._layout
        if layout is None:
            return
        self._is_due = False
        pictures = any(look.picture is not None or look.off for look in self._looks.values())
        scale = self.scale_now = scale_at(current(), self._zoom, pictures=pictures)
        scene = self.scene()
        nodes = {node.name: node for node in layout.nodes}
        rooms = _rooms(layout)
        for node in layout.nodes:
            item = self._nodes.get(node.name)
            room = min(rooms[node.name] * scale.column, scale.label_most) - 6
            if isinstance(item, SnapshotItem):
                item.take(node, self._looks[node.name], scale, room)
            elif isinstance(item, HereItem):
                item.take(node, *self._here, scale)
            else:
                item = (
                    HereItem(node, *self._here, scale)
                    if node.name == HERE
                    else SnapshotItem(node, self._looks[node.name], scale, room)
                )
                self._nodes[node.name] = item
                scene.addItem(item)
            if node.parent is None:
                continue
            line = self._lines.get(node.name)
            if line is None:
                line = self._lines[node.name] = LineItem(nodes[node.parent], node, scale)
                scene.addItem(line)
            else:
                line.take(nodes[node.parent], node, scale)
        bottom = scale.y(layout.lanes - 1) + scale.lane - scale.top + current().px(10)
        scene.setSceneRect(QRectF(0, 0, scale.width(layout.width_x), bottom))
        bar = current().px(_BAR_PX)
        shown = min(layout.lanes, _LANES_IN_SIGHT)
        self.setMinimumHeight(round(bottom - (layout.lanes - shown) * scale.lane) + bar)
        self.viewport().update()
        self.scaled.emit()

    # Qt

    def drawBackground(self, painter: QPainter, rect: QRectF | object) -> None:
        if self._layout is None or not isinstance(rect, QRectF):
            return
        pen = QPen(current().color("line"), 1)
        pen.setDashPattern([3, 4])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(pen)
        free = 0
        for day in self._layout.days:
            x = round(self.scale_now.x(day.x))
            if x >= free and rect.left() <= x <= rect.right():
                free = x + current().px(_APART_PX)
                painter.drawLine(x, int(rect.top()), x, int(rect.bottom()) + 1)
        chosen = self._nodes.get(self._chosen)
        if isinstance(chosen, SnapshotItem):
            style = current()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(style.color("accsoft"))
            painter.setPen(QPen(style.color("acc"), FOCUS_PX if self.hasFocus() else 1.2))
            frame = chosen.frame.translated(chosen.pos())
            painter.drawRoundedRect(frame, RADIUS_CHIP, RADIUS_CHIP)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if isinstance(item, SnapshotItem | HereItem):
            self._choose(item.name)
            event.accept()
            return
        super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            turns = event.angleDelta().y() / 120
            self._set_zoom(self._zoom * _STEP**turns, event.position().x())
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._layout is not None and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            if (direction := _ARROWS.get(event.key())) is not None:
                self._choose(step(self._layout, self._chosen, direction))
                return
            if event.key() == Qt.Key.Key_Home:
                self._choose(HERE)
                return
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_by(1)
            case Qt.Key.Key_Minus:
                self.zoom_by(-1)
            case Qt.Key.Key_0:
                self.fit()
            case _:
                super().keyPressEvent(event)

    def _choose(self, name: str) -> None:
        self.select(name)
        self.show_name(name)
        self.chosen.emit(name)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_due:
            if self._fills and self._layout is not None:
                self._zoom = self._zoom_that_fills()
            self._place()
            self.show_name(self._chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._layout is not None and self._fills and self.isVisible():
            if (zoom := self._zoom_that_fills()) != self._zoom:
                self._zoom = zoom
                self._place()
            else:  # each item has its place already, and there may be hundreds
                self.scaled.emit()
            self.show_name(self._chosen)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.select(self._chosen)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.select(self._chosen)


def _rooms(layout: Timeline) -> dict[str, float]:
    """Return how wide the words of each node may be, in columns, before they touch others'."""
    lanes: dict[int, list[Node]] = {}
    for node in layout.nodes:
        lanes.setdefault(node.lane, []).append(node)
    rooms = {node.name: 2 * NEXT_X for node in layout.nodes}
    for nodes in lanes.values():
        for one, other in pairwise(nodes):
            apart = other.x - one.x
            rooms[one.name] = min(rooms[one.name], apart)
            rooms[other.name] = min(rooms[other.name], apart)
    return rooms
