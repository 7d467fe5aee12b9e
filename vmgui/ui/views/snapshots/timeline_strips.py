"""What lies along the timeline's axis: the days above it, the space that was held below."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmgui.insight.amounts import size
from vmgui.ui.style import current
from vmgui.ui.style.tokens import LINE_PX
from vmgui.ui.views.snapshots.timeline_view import TimelineView
from vmgui.ui.widgets.strokes import fill, stroke

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)


class AxisStrip(QWidget):
    """The days, and the pauses that were folded."""

    def __init__(self, view: TimelineView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        view.scaled.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, current().px(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        layout = self._view.layout_now
        if layout is None:
            return
        style = current()
        painter = QPainter(self)
        y = self.height() - style.px(6) - 0.5
        painter.setFont(style.font("axis"))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(QPen(style.color("line2"), 1))
        painter.drawLine(QLineF(0, y, self.width(), y))
        painter.setPen(style.color("t3"))
        free = -1e9
        for day in layout.days:
            x = self._view.x_of(day.x)
            width = metrics.horizontalAdvance(day.text) + style.px(8)
            if x - width / 2 >= free:
                painter.drawLine(QLineF(x, y - 4, x, y + 4))
                # The first one gives way to the edge, unless it is scrolled away itself.
                left = max(x - width / 2, min(0.0, x - style.px(4)))
                box = QRectF(left, 0, width, y - 4)
                painter.drawText(box, _CENTRE, day.text)
                free = left + width
        for fold in layout.folds:
            x = self._view.x_of(fold.x)
            half = metrics.horizontalAdvance(fold.text) / 2 + style.px(6)
            box = QRectF(x - half, y - style.px(8), 2 * half, style.px(16))
            painter.fillRect(box, style.color("card"))
            painter.drawText(box, _CENTRE, fold.text)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for side, lean in ((x - half, 3), (x + half, -3)):
                painter.drawLine(QLineF(side + lean, y - 6, side - lean, y + 6))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


@dataclass(frozen=True, slots=True)
class Held:
    """What was held on the disk at a place of the axis, in bytes."""

    x: float
    disk_bytes: float
    memory_bytes: float
    is_least: bool = False


class SpaceStrip(QWidget):
    """The space that disk files and saved memory took, over the timeline's axis."""

    def __init__(self, view: TimelineView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._held: tuple[Held, ...] = ()
        self.setObjectName("space-over-time")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()
        view.scaled.connect(self.update)

    def set_held(self, held: Sequence[Held]) -> None:
        """Show these amounts, from left to right; hidden where nothing is known."""
        self._held = tuple(held)
        self.setVisible(bool(held))
        self.setAccessibleName(", ".join(text for text, _, _ in self._figures()))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, current().px(80))

    def _figures(self) -> list[tuple[str, str, str]]:
        if not self._held:
            return []
        last = self._held[-1]
        whole = f"{size(last.disk_bytes + last.memory_bytes)} on disk"
        lines = [(f"at least {whole}" if last.is_least else whole, "table", "t1")]
        if last.memory_bytes:
            lines.append((f"{size(last.memory_bytes)} saved memory", "axis", "c4"))
            lines.append((f"{size(last.disk_bytes)} disk files", "axis", "c1"))
        return lines

    def paintEvent(self, event: QPaintEvent) -> None:
        style = current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), style.color("sunk"))
        most = max((each.disk_bytes + each.memory_bytes for each in self._held), default=0.0)
        if most > 0:
            self._paint_areas(painter, most)
        x = float(style.px(8))
        for text, role, token in self._figures():
            font = style.font(role)
            if role == "table":
                font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(style.color(token))
            width = QFontMetricsF(font).horizontalAdvance(text) + 1
            painter.drawText(QRectF(x, style.px(3), width, style.px(16)), _CENTRE, text)
            x += width + style.px(12)
        painter.setPen(QPen(style.color("line"), 1))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)

    def _paint_areas(self, painter: QPainter, most: float) -> None:
        style = current()
        zero = self.height() - 1.0
        scale = (zero - style.px(24)) / most
        disk: list[QPointF] = []
        whole: list[QPointF] = []
        memory = 0.0
        for each in self._held:
            x = self._view.x_of(each.x)
            disk.append(QPointF(x, zero - each.disk_bytes * scale))
            # Memory is written at once, so it is a step.
            steps = dict.fromkeys((memory, each.memory_bytes))
            whole += [QPointF(x, zero - (each.disk_bytes + kept) * scale) for kept in steps]
            memory = each.memory_bytes
        for points in (disk, whole):
            points.insert(0, QPointF(min(0.0, points[0].x()), points[0].y()))
            points.append(QPointF(max(self.width(), points[-1].x()), points[-1].y()))
        if memory:
            fill(painter, whole, zero, style.color("c4"))
            stroke(painter, whole, style.color("c4"), style.line(LINE_PX))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(style.color("sunk"))
            ends = [QPointF(disk[-1].x(), zero), QPointF(disk[0].x(), zero)]
            painter.drawPolygon(QPolygonF([*disk, *ends]))
        fill(painter, disk, zero, style.color("c1"))
        stroke(painter, disk, style.color("c1"), style.line(LINE_PX))
