"""How a row of the tree is drawn: mark, name, counts; sparkline; figure."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from vmgui.inventory.domain import DomainState
from vmgui.inventory.host import LinkState
from vmgui.ui.models.tree import NOW, TREND, TreeModel
from vmgui.ui.models.tree_nodes import Node
from vmgui.ui.style import Style
from vmgui.ui.style.tokens import ICON_PX, ROW_PX
from vmgui.ui.widgets.sparkline import SPARK_SIZE, paint_sparkline
from vmgui.ui.widgets.state_mark import paint_state
from vmgui.ui.widgets.text import one_line

_MARKS = {
    DomainState.RUNNING: "running",
    DomainState.PAUSED: "paused",
    DomainState.SLEEPING: "paused",
    DomainState.SHUTTING_DOWN: "running",
    DomainState.OFF: "off",
    DomainState.SAVED: "saved",
    DomainState.CRASHED: "crashed",
    DomainState.MIGRATING: "migrating",
    DomainState.UNKNOWN: "unknown",
}
_ICONS = {"all": "cloud", "host": "hard-drives", "tag": "tag"}
_QUIET = (DomainState.OFF, DomainState.UNKNOWN)
_SELECTED = QStyle.StateFlag.State_Selected.value
_ACTIVE = QStyle.StateFlag.State_Active.value
_FOCUSED = QStyle.StateFlag.State_HasFocus.value
_HOVERED = QStyle.StateFlag.State_MouseOver.value
_TOKENS = ("t1", "t2", "t3", "s3", "acc", "accsoft", "warn")
_TROUBLES = (LinkState.STALLED, LinkState.LOST, LinkState.REFUSED)
_MARK_PX, _GAP_PX = 12, 7

_Index = QModelIndex | QPersistentModelIndex


def mark_of(state: DomainState, *, hangs: bool = False) -> str:
    """Return the name of the mark that a machine's state is drawn with."""
    return "stale" if hangs else _MARKS[state]


def mark_of_link(state: LinkState) -> str:
    """Return the name of the mark that a connection's state is drawn with."""
    match state:
        case LinkState.CONNECTED:
            return "running"
        case LinkState.STALLED:
            return "stale"
        case LinkState.REFUSED:
            return "crashed"
        case _:
            return "unknown"


class TreeDelegate(QStyledItemDelegate):
    """Draws all three columns from tokens; the background is the view's."""

    def __init__(self, model: TreeModel, style: Style) -> None:
        super().__init__()
        self._model = model
        self._style = style
        self._restyle()
        style.changed.connect(self._restyle)

    def _restyle(self) -> None:
        style = self._style
        self._body = style.font("body")
        self._host = QFont(self._body)
        self._host.setWeight(QFont.Weight.Medium)
        self._small = style.font("table")
        self._colors = {name: style.color(name) for name in _TOKENS}
        self._metrics = QFontMetricsF(self._body)
        self._host_metrics = QFontMetricsF(self._host)
        self._small_metrics = QFontMetricsF(self._small)

    def _paint_name(self, painter: QPainter, area: QRectF, node: Node) -> None:
        style = self._style
        # A machine's mark stands where a group has its icon, so the names line up.
        side = style.px(_MARK_PX if node.kind == "machine" else ICON_PX)
        box = style.px(ICON_PX)
        middle = area.center().y()
        mark = QRectF(area.left() + (box - side) / 2, middle - side / 2, side, side)
        font, metrics, color = self._body, self._metrics, self._colors["t1"]
        if node.kind == "machine":
            state = node.state()
            paint_state(painter, mark, mark_of(state, hangs=node.hangs()), style)
            if state in _QUIET or not node.is_fresh():
                color = self._colors["t3"]
        else:
            style.paint_icon(painter, mark, _ICONS[node.kind], "t2")
            if node.kind != "tag":
                font, metrics = self._host, self._host_metrics
        left = area.left() + box + style.px(_GAP_PX)
        room = area.right() - left
        count = self._model.text.count(node)
        trouble = _trouble(node)
        badge = style.px(_MARK_PX) if trouble else 0
        room_for_name = room - (badge + 6 if badge else 0)
        beside = self._small_metrics.horizontalAdvance(count) + 4 if count else 0
        if metrics.horizontalAdvance(one_line(node.name)) + beside > room_for_name:
            count, beside = "", 0  # the count steps back before the name is cut
        name = metrics.elidedText(
            one_line(node.name), Qt.TextElideMode.ElideMiddle, max(room_for_name, 24)
        )
        painter.setFont(font)
        painter.setPen(color)
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)
        painter.drawText(QRectF(left, area.top(), room, area.height()), flags, name)
        left += metrics.horizontalAdvance(name) + 4
        if count:
            self._paint_small(painter, QRectF(left, area.top(), room, area.height()), count)
            left += self._small_metrics.horizontalAdvance(count) + 4
        if badge:
            paint_state(painter, QRectF(left + 2, middle - badge / 2, badge, badge), trouble, style)

    def _paint_small(self, painter: QPainter, area: QRectF, text: str) -> None:
        painter.setFont(self._small)
        painter.setPen(self._colors["t3"])
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)
        painter.drawText(area, flags, text)

    def _paint_trend(self, painter: QPainter, area: QRectF, node: Node) -> None:
        values = self._model.text.trend(node)
        if not values:
            return
        width, height = (self._style.px(x) for x in (SPARK_SIZE.width(), SPARK_SIZE.height()))
        box = QRectF(area.left() + 8, area.center().y() - height / 2, width, height)
        percents = [value * 100 for value in values]
        paint_sparkline(painter, box, percents, self._style, stale=not node.is_fresh())

    def _paint_now(self, painter: QPainter, area: QRectF, node: Node) -> None:
        quiet = not node.is_fresh() or (node.kind == "machine" and node.state() in _QUIET)
        painter.setFont(self._body)
        painter.setPen(self._colors["warn" if _trouble(node) else "t3" if quiet else "t2"])
        text = self._metrics.elidedText(
            self._model.text.now(node), Qt.TextElideMode.ElideRight, area.width() - 8
        )
        flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(area.adjusted(0, 0, -8, 0), flags, text)

    # Qt

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        node = self._model.node(index)
        if node is None:
            return
        area = QRectF(option.rect)
        state = option.state.value
        if state & _SELECTED:
            painter.fillRect(area, self._colors["accsoft" if state & _ACTIVE else "s3"])
        elif state & _HOVERED:
            painter.fillRect(area, self._colors["s3"])
        if state & _FOCUSED and not state & _SELECTED:
            # Ctrl and arrows go over rows without selecting them.
            painter.setPen(self._colors["acc"])
            painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))
        match index.column():
            case 1:
                self._paint_trend(painter, area, node)
            case 2:
                self._paint_now(painter, area, node)
            case _:
                self._paint_name(painter, area, node)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        width = {TREND: 68, NOW: 64}.get(index.column(), 160)
        return QSize(self._style.px(width), self._style.px(ROW_PX["tree"]))


def _trouble(node: Node) -> str:
    """Return the mark of a host that doesn't answer, "" where nothing is to be marked."""
    if node.kind != "host" or node.host is None:
        return ""
    state = node.host.link.state
    return mark_of_link(state) if state in _TROUBLES else ""
