"""What stands in the picture of a disk's files: the files, what they read from, what would be."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from vmgui.insight.amounts import counted
from vmgui.insight.chain import Box, Role
from vmgui.insight.file_plan import Fate
from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX, RADIUS_CONTROL
from vmgui.ui.widgets.text import one_line, plain_tooltip

_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_INSIDE_MOST, _OTHERS_MOST = 4, 3


@dataclass(frozen=True, slots=True)
class _Dress:
    """The colours of a file: fill, edge, its width, whether it is dashed, the bar."""

    fill: str = "card"
    edge: str = "line2"
    width: float = 1.0
    dashed: bool = False
    hatched: bool = False
    bar: str = "c1"


_BY_FATE = {
    Fate.REMOVED: _Dress("card", "dang", 1.4, True, True, "dang"),
    Fate.GROWS: _Dress("warnsoft", "warn", 2.0, bar="warn"),
    Fate.CREATED: _Dress("card", "acc", 1.4, True, bar="acc"),
    Fate.LEFT: _Dress("card", "warn", 1.4, True, bar="warn"),
}


class FileItem(QGraphicsItem):
    """A file. Its origin is its upper left corner; ``marked`` says that it is of what is chosen."""

    def __init__(self, box: Box, width: float) -> None:
        super().__init__()
        self.box = box
        self.marked = self.focused = False
        self._width = width
        self._lines = list(_lines(box))
        px = current().px
        bar = px(14) if box.ratio is not None else px(4)
        self.height = float(px(30) + len(self._lines) * px(17) + bar)
        """How high it is, with all its lines, at the scale that it was made at."""
        self.setZValue(2)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(plain_tooltip("\n".join(accessible_lines(box))))

    @property
    def area(self) -> QRectF:
        """Where it is in the scene."""
        return QRectF(self.pos().x(), self.pos().y(), self._width, self.height)

    def boundingRect(self) -> QRectF:
        return QRectF(-2, -2, self._width + 4, self.height + 4)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        style = current()
        px = style.px
        dress = self._dress()
        area = QRectF(0, 0, self._width, self.height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(style.color(dress.edge), style.line(dress.width))
        if dress.dashed:
            pen.setDashPattern([3, 2.4])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.color(dress.fill))
        painter.drawRoundedRect(area, RADIUS_CONTROL, RADIUS_CONTROL)
        if dress.hatched:
            hatch = style.color("dang")
            hatch.setAlphaF(0.38)
            painter.setBrush(QBrush(hatch, Qt.BrushStyle.BDiagPattern))
            painter.drawRoundedRect(area, RADIUS_CONTROL, RADIUS_CONTROL)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, RADIUS_CONTROL, RADIUS_CONTROL)
        if self.focused:
            painter.setPen(QPen(style.color("acc"), FOCUS_PX))
            painter.drawRoundedRect(area.adjusted(3, 3, -3, -3), 3, 3)
        left, right = px(11), px(10)
        icon = QRectF(left, px(9), px(15), px(15))
        is_active = self.box.role is Role.ACTIVE
        tone = "dang" if self.box.missing else "acc" if is_active else "t2"
        style.paint_icon(painter, icon, "pencil-simple" if is_active else "hard-drive", tone)
        self._write(painter, self.box.name, "mono", "t1", px(7), left + px(20), right, bold=True)
        top = float(px(25))
        for text, role, token in self._lines:
            self._write(painter, text, role, token, top, left, right)
            top += px(17)
        if self.box.ratio is not None:
            self._paint_bar(painter, dress.bar, top + px(3), left, right)

    def _dress(self) -> _Dress:
        if self.box.fate in _BY_FATE:
            return _BY_FATE[self.box.fate]
        if self.box.missing:
            return _Dress("card", "dang", 2.0)
        if self.box.role is Role.ACTIVE:
            return _Dress("accsoft", "acc", 2.0, bar="acc")
        if self.marked:
            return _Dress("card", "acc", 2.0)
        if self.box.role is Role.STRAY:
            return _Dress("card", "warn", 1.2, True, bar="warn")
        return _Dress()

    def _write(
        self,
        painter: QPainter,
        text: str,
        role: str,
        token: str,
        top: float,
        left: float,
        right: float,
        *,
        bold: bool = False,
    ) -> None:
        font = current().font(role)
        if bold:
            font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(current().color(token))
        box = QRectF(left, top, self._width - left - right, current().px(18))
        cut = QFontMetricsF(font).elidedText(
            one_line(text), Qt.TextElideMode.ElideMiddle, box.width()
        )
        painter.drawText(box, _LEFT, cut)

    def _paint_bar(
        self, painter: QPainter, token: str, top: float, left: float, right: float
    ) -> None:
        style = current()
        track = QRectF(left, top, self._width - left - right, style.px(5))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.color("line" if self.box.role is Role.ACTIVE else "s3"))
        painter.drawRoundedRect(track, 2.5, 2.5)
        assert self.box.ratio is not None
        track.setWidth(max(3.0, track.width() * self.box.ratio))
        painter.setBrush(style.color(token))
        painter.drawRoundedRect(track, 2.5, 2.5)


class ReadItem(QGraphicsItem):
    """An arrow from a file to what it reads from."""

    def __init__(self, child: QRectF, parent: QRectF) -> None:
        super().__init__()
        self.setZValue(1)
        start = QPointF(child.left(), child.top() + min(child.height(), current().px(78)) / 2)
        end_y = start.y() if parent.top() < start.y() < parent.bottom() else parent.bottom() - 12
        if start.y() < parent.top():
            end_y = parent.top() + 12
        self._end = QPointF(parent.right(), end_y)
        self._path = QPainterPath(start)
        if abs(end_y - start.y()) > 1:
            middle = start.x() - current().px(13)
            self._path.lineTo(middle, start.y())
            self._path.lineTo(middle, end_y)
        self._path.lineTo(self._end.x() + 6, end_y)

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-10, -10, 10, 10)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        style = current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = style.color("t3")
        painter.setPen(QPen(color, style.line(1.6)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        _arrow_head(painter, self._end, QPointF(-1, 0), color)


class ArcItem(QGraphicsItem):
    """What a plan does between two files: copies data, above them, or lets one read another."""

    def __init__(self, start: QRectF, end: QRectF, text: str, *, merges: bool) -> None:
        super().__init__()
        self.setZValue(3)
        self._text, self._merges = text, merges
        px = current().px
        if merges:
            self._start = QPointF(start.center().x(), start.top())
            self._end = QPointF(end.center().x(), end.top())
            self._apex = min(start.top(), end.top()) - px(36)
        else:
            self._start = QPointF(start.center().x(), start.bottom())
            self._end = QPointF(end.center().x(), end.bottom())
            self._apex = max(start.bottom(), end.bottom()) + px(26)

    def boundingRect(self) -> QRectF:
        path = self._path().boundingRect()
        return path.united(self._label()).adjusted(-10, -10, 10, 10)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        style = current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = style.color("dang" if self._merges else "warn")
        pen = QPen(color, style.line(2 if self._merges else 1.4))
        if not self._merges:
            pen.setDashPattern([3, 2.4])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path())
        if self._merges:
            _arrow_head(painter, self._end, QPointF(-0.35, 1), color)
        label = self._label()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.color("dangsoft" if self._merges else "card"))
        painter.drawRoundedRect(label, 3, 3)
        painter.setFont(style.font("head" if self._merges else "axis"))
        painter.setPen(color)
        painter.drawText(label, _CENTRE, one_line(self._text))

    def _path(self) -> QPainterPath:
        path = QPainterPath(self._start)
        span = (self._end.x() - self._start.x()) / 4
        path.cubicTo(
            QPointF(self._start.x() + span, self._apex),
            QPointF(self._end.x() - span, self._apex),
            self._end,
        )
        return path

    def _label(self) -> QRectF:
        style = current()
        metrics = QFontMetricsF(style.font("head" if self._merges else "axis"))
        width = metrics.horizontalAdvance(one_line(self._text)) + style.px(16)
        middle = self._path().pointAtPercent(0.5)
        return QRectF(middle.x() - width / 2, middle.y() - style.px(9), width, float(style.px(18)))


def accessible_lines(box: Box) -> list[str]:
    """Return all that is known of a file, a line each, its whole path first."""
    inside = f"Inside: {', '.join(box.inside)}" if box.inside else ""
    others = f"Also read by {', '.join(box.others)}" if box.others else ""
    fate = f"The plan: {box.fate.value}" if box.fate is not None else ""
    state = f"State at {', '.join(box.state_of)}" if box.state_of else ""
    lines = (box.path, box.figure, box.story, state, inside, others, fate)
    return list(dict.fromkeys(filter(None, lines)))


def _lines(box: Box) -> list[tuple[str, str, str]]:
    lines = []
    if box.figure:
        lines.append((box.figure, "table", "t1"))
    if box.story:
        story = "dang" if box.missing else "warn" if box.role is Role.STRAY else "t3"
        lines.append((box.story, "axis", story))
    if box.others:
        named = ", ".join(box.others[:_OTHERS_MOST])
        more = len(box.others) - _OTHERS_MOST
        also = f"also: {named}" + (f" and {more} more" if more > 0 else "")
        lines.append((also, "axis", "warn"))
    if box.inside:
        amount = len(box.inside)
        lines.append((f"inside it: {counted(amount, 'snapshot')}", "axis", "t3"))
        shown = box.inside[:_INSIDE_MOST]
        lines += [(f"○ {name}", "axis", "t2") for name in shown]
        if amount > len(shown):
            lines.append((f"and {amount - len(shown)} more", "axis", "t3"))
    return lines


def _arrow_head(painter: QPainter, tip: QPointF, way: QPointF, color: QColor) -> None:
    length = (way.x() ** 2 + way.y() ** 2) ** 0.5
    along = QPointF(way.x() / length, way.y() / length)
    across = QPointF(-along.y(), along.x())
    back = tip - along * 9
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon(QPolygonF([tip, back + across * 5, back - across * 5]))
