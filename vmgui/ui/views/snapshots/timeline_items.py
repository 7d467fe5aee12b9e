"""What stands on a timeline: snapshots, the lines between them, and where you are."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsSceneHoverEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from vmgui.insight.timeline import DROP_X, HERE, Node
from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX, RADIUS_CARD
from vmgui.ui.views.snapshots.look import Look
from vmgui.ui.views.snapshots.scale import Scale
from vmgui.ui.widgets.text import one_line, plain_tooltip

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_MEMORY_BADGE = "+ RAM"
_BENDS_PX = 16


class SnapshotItem(QGraphicsItem):
    """A snapshot: its mark on the line, its name below, its picture above.

    Its origin is the middle of the mark. The view draws the ``frame`` of the chosen one, below
    the lines.
    """

    def __init__(self, node: Node, look: Look, scale: Scale, room_px: float) -> None:
        super().__init__()
        self.name = node.name
        self.setAcceptHoverEvents(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setZValue(2)
        self.take(node, look, scale, room_px)

    def take(self, node: Node, look: Look, scale: Scale, room_px: float) -> None:
        """Show this from now on; ``room_px`` is how wide its words may be."""
        self.prepareGeometryChange()
        self._node, self._look, self._scale = node, look, scale
        self._room = max(room_px, current().px(36))
        self.frame = self._frame()
        self.setPos(scale.x(node.x), scale.y(node.lane))

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        # Made when it is wanted: there may be hundreds.
        told = [self._look.accessible, self._look.snapshot.description]
        if self._node.orphan:
            told.append(f"Its parent, {self._look.snapshot.parent}, isn't there.")
        self.setToolTip(plain_tooltip("\n".join(filter(None, told))))

    def boundingRect(self) -> QRectF:
        return self.frame.adjusted(-2, -2, 2, 2)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.frame)
        return path

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._scale.picture is not None:
            self._paint_picture(painter)
        self._paint_mark(painter)
        self._paint_words(painter)

    def _frame(self) -> QRectF:
        scale, style = self._scale, current()
        px = style.px
        if not scale.names:
            return QRectF(-px(11), -px(11), px(22), px(22))
        name = one_line(self._look.snapshot.name)
        words = QFontMetricsF(self._name_font()).horizontalAdvance(name)
        if scale.words:
            below = QFontMetricsF(style.font("axis")).horizontalAdvance(self._look.words)
            words = max(words, below) if below <= self._room else words
        half = max(min(words, self._room), self._picture().width(), px(52)) / 2 + px(5)
        has_picture = self._look.picture is not None or self._look.off
        top = -float(px(14))
        if scale.picture is not None and has_picture:
            top = self._picture().top() - px(5)
        elif scale.picture is not None and self._look.snapshot.has_memory:
            top = -float(px(33))
        bottom = px(43) if scale.words else px(27)
        return QRectF(-half, top, 2 * half, bottom - top)

    def _name_font(self) -> QFont:
        font = current().font("table")
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _picture(self) -> QRectF:
        if self._scale.picture is None:
            return QRectF()
        width, height = self._scale.picture
        return QRectF(-width / 2, -current().px(12) - height, width, height)

    def _paint_picture(self, painter: QPainter) -> None:
        style, box = current(), self._picture()
        look = self._look
        if look.picture is not None:
            path = QPainterPath()
            path.addRoundedRect(box, 3, 3)
            painter.save()
            painter.setClipPath(path)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(box, look.picture, QRectF(look.picture.rect()))
            painter.restore()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(style.color("line2"), 1))
            painter.drawRoundedRect(box, 3, 3)
        elif look.off:
            painter.setBrush(style.color("s3"))
            painter.setPen(QPen(style.color("line2"), 1))
            painter.drawRoundedRect(box, 3, 3)
            side = style.px(16)
            mark = QRectF(0, 0, side, side)
            mark.moveCenter(box.center())
            style.paint_icon(painter, mark, "power", "t3")
        if look.snapshot.has_memory:
            self._paint_badge(painter, box if look.picture is not None or look.off else None)

    def _paint_badge(self, painter: QPainter, box: QRectF | None) -> None:
        """Say at the picture, or where one would be, that memory was kept."""
        style = current()
        painter.setFont(style.font("head"))
        width = QFontMetricsF(painter.font()).horizontalAdvance(_MEMORY_BADGE) + style.px(8)
        badge = QRectF(0, 0, width, style.px(16))
        if box is not None:
            badge.moveBottomRight(box.bottomRight() - QPointF(2, 2))
        else:
            badge.moveCenter(QPointF(0, -style.px(20)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.color("infosoft"))
        painter.drawRoundedRect(badge, 2, 2)
        painter.setPen(style.color("info"))
        painter.drawText(badge, _CENTRE, _MEMORY_BADGE)

    def _paint_mark(self, painter: QPainter) -> None:
        style = current()
        color = style.color("acc" if self._node.on_line else "t2")
        # What isn't filled hides the line that goes through it.
        painter.setBrush(color if self._look.snapshot.has_memory else style.color("card"))
        painter.setPen(QPen(color, style.line(2)))
        r = self._scale.radius
        if self._look.snapshot.external:
            painter.drawRoundedRect(QRectF(-r + 0.5, -r + 0.5, 2 * r - 1, 2 * r - 1), 1.5, 1.5)
        else:
            painter.drawEllipse(QPointF(), r, r)

    def _paint_words(self, painter: QPainter) -> None:
        scale, style = self._scale, current()
        px = style.px
        lines = []
        if scale.names:
            lines.append((self._look.snapshot.name, self._name_font(), "t1", px(10)))
        if scale.words:
            font = style.font("axis")
            fits = QFontMetricsF(font).horizontalAdvance(self._look.words) <= self._room
            lines.append((self._look.words if fits else self._look.short, font, "t3", px(26)))
        for text, font, token, top in lines:
            painter.setFont(font)
            painter.setPen(style.color(token))
            box = QRectF(-self._room / 2, top, self._room, px(16))
            cut = QFontMetricsF(font).elidedText(
                one_line(text), Qt.TextElideMode.ElideMiddle, box.width()
            )
            painter.drawText(box, _CENTRE, cut)


class HereItem(QGraphicsItem):
    """The machine as it is now: a flag that points back along the line."""

    name = HERE

    def __init__(self, node: Node, state: str, words: str, scale: Scale) -> None:
        super().__init__()
        self.chosen = self.focused = False
        self.setZValue(3)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.take(node, state, words, scale)

    def take(self, node: Node, state: str, words: str, scale: Scale) -> None:
        """Show this from now on."""
        self.prepareGeometryChange()
        self._node, self._state, self._words, self._scale = node, state, words, scale
        self.setPos(scale.x(node.x), scale.y(node.lane))
        self.setToolTip(plain_tooltip(f"You are here: {state}\n{words}".strip()))

    def boundingRect(self) -> QRectF:
        px = current().px
        bottom = px(43) if self._scale.words else px(14)
        return QRectF(-px(52), -px(15), px(104), bottom + px(15))

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        style = current()
        px = style.px
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        half, tip, height = float(px(44)), float(px(9)), float(px(11))
        if not self._scale.names:
            half = float(px(9))
        flag = QPolygonF(
            [
                QPointF(-half, 0),
                QPointF(-half + tip, -height),
                QPointF(half, -height),
                QPointF(half, height),
                QPointF(-half + tip, height),
            ]
        )
        fill = style.color("accfill")
        painter.setBrush(fill)
        rounded = QPen(fill, 2)
        rounded.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(rounded)
        painter.drawPolygon(flag)
        if self.chosen:
            ring = QPen(style.color("t1" if self.focused else "acc"), FOCUS_PX)
            painter.setPen(ring)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(
                QRectF(-half - 3, -height - 3, 2 * half + 6, 2 * height + 6),
                RADIUS_CARD,
                RADIUS_CARD,
            )
        if self._scale.names:
            font = style.font("table")
            font.setWeight(font.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(style.color("onacc"))
            painter.drawText(
                QRectF(-half + tip - 2, -height, 2 * half - tip, 2 * height),
                _CENTRE,
                "You are here",
            )
        if self._scale.words:
            for text, role, token, top in (
                (self._state, "table", "t1", px(13)),
                (self._words, "axis", "t3", px(27)),
            ):
                painter.setFont(style.font(role))
                painter.setPen(style.color(token))
                painter.drawText(QRectF(-px(52), top, px(104), px(16)), _CENTRE, one_line(text))


class LineItem(QGraphicsPathItem):
    """The way from a parent to its child."""

    def __init__(self, parent: Node, child: Node, scale: Scale) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.take(parent, child, scale)

    def take(self, parent: Node, child: Node, scale: Scale) -> None:
        """Lead from one to the other from now on."""
        style = current()
        self.setZValue(1 if child.on_line else 0)
        pen = QPen(style.color("acc" if child.on_line else "line2"), style.line(2.6))
        if child.name == HERE:
            pen.setDashPattern([2, 1.6])
        self.setPen(pen)
        self.setPath(_way(parent, child, scale))


def _way(parent: Node, child: Node, scale: Scale) -> QPainterPath:
    x, y = scale.x(parent.x), scale.y(parent.lane)
    end_x, end_y = scale.x(child.x), scale.y(child.lane)
    path = QPainterPath(QPointF(x, y))
    if parent.lane == child.lane:
        path.lineTo(end_x, end_y)
        return path
    drop = scale.x(parent.x + DROP_X)
    bend = min(current().px(_BENDS_PX), (drop - x) * 0.8, abs(end_y - y) / 2)
    way = bend if end_y > y else -bend
    path.lineTo(drop - bend, y)
    path.quadTo(drop, y, drop, y + way)
    path.lineTo(drop, end_y - way)
    path.quadTo(drop, end_y, drop + bend, end_y)
    path.lineTo(end_x, end_y)
    return path
