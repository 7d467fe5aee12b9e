"""How a line of the journal is drawn: mark, time, what, how it ended, virsh, buttons."""

import time
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from vmgui.actions.entry import Entry
from vmgui.actions.job import JobState
from vmgui.ui.models.journal import ENTRY_ROLE, PART_ROLE, result_text, shown_lines
from vmgui.ui.style import Style
from vmgui.ui.style.tokens import RADIUS_CHIP, ROW_PX
from vmgui.ui.widgets.state_mark import paint_mark
from vmgui.ui.widgets.text import one_line

MARKS = {
    JobState.WAITING: "waiting",
    JobState.RUNNING: "running",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
    JobState.INTERRUPTED: "warn",
}
_MARK_PX, _TIME_PX, _TITLE_PX, _RESULT_PX = 28, 62, 240, 184
_COPY_PX, _BUTTON_PX, _BAR_PX = 34, 66, 92
_MARGIN_PX = 12
_INDENT_PX = 18
_TEXT = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)

_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Cells:
    """Where the parts of a line are."""

    mark: QRect
    time: QRect
    title: QRect
    result: QRect
    virsh: QRect
    copy: QRect
    button: QRect


def cells(line: QRect, style: Style) -> Cells:
    """Divide a line; the virsh line takes what is left, and in a narrow one there is none."""
    px, top, height = style.px, line.top(), line.height()
    right = line.right() + 1 - _MARGIN_PX
    button = QRect(right - px(_BUTTON_PX), top, px(_BUTTON_PX), height)
    copy = QRect(button.left() - px(_COPY_PX), top, px(_COPY_PX), height)
    left = line.left() + _MARGIN_PX
    room = copy.left() - left - px(_MARK_PX) - px(_TIME_PX)
    narrow = room < px(_TITLE_PX) + px(_RESULT_PX)
    title_px = room * 6 // 10 if narrow else px(_TITLE_PX)
    result_px = room - title_px if narrow else px(_RESULT_PX)

    def take(width: int) -> QRect:
        nonlocal left
        cell = QRect(left, top, max(width, 0), height)
        left += width
        return cell

    return Cells(
        mark=take(px(_MARK_PX)),
        time=take(px(_TIME_PX)),
        title=take(title_px),
        result=take(result_px),
        virsh=QRect(left, top, max(copy.left() - left - 8, 0), height),
        copy=copy,
        button=button,
    )


def button_text(entry: Entry, can_cancel: bool) -> str:
    """Return what the button of a line says, "" where it has none."""
    if can_cancel:
        return "Cancel"
    return "Why?" if entry.state in (JobState.FAILED, JobState.INTERRUPTED) else ""


class JournalDelegate(QStyledItemDelegate):
    """Draws lines from tokens.

    ``cancellable`` holds the ids of jobs that can be cancelled now, ``opened`` the id of the line
    whose story stands under it, ``opened_height`` how high that is in pixels.
    """

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._style = style
        self.cancellable: frozenset[str] = frozenset()
        self.opened = ""
        self.opened_height = 0

    @property
    def line_height(self) -> int:
        """The height of a line, in pixels."""
        return self._style.px(ROW_PX["journal"])

    def _paint_what(self, painter: QPainter, area: QRect, entry: Entry) -> None:
        bold = self._style.font("table")
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(self._style.color("t1"))
        room = area.width() - 8
        title = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideRight, room)
        painter.drawText(area, _TEXT, title)
        left = painter.fontMetrics().horizontalAdvance(f"{title} ")
        painter.setFont(self._style.font("table"))
        painter.setPen(self._style.color("t2"))
        name = painter.fontMetrics().elidedText(
            one_line(entry.target_name), Qt.TextElideMode.ElideMiddle, max(room - left, 0)
        )
        painter.drawText(area.adjusted(left, 0, 0, 0), _TEXT, name)

    def _paint_result(self, painter: QPainter, area: QRect, entry: Entry) -> None:
        style = self._style
        failed = entry.state is JobState.FAILED
        if entry.state is JobState.RUNNING and entry.progress is not None:
            bar = QRectF(area.left(), area.center().y() - 2, style.px(_BAR_PX), 6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(style.color("s3"))
            painter.drawRoundedRect(bar, 3, 3)
            bar.setWidth(bar.width() * min(max(entry.progress, 0.0), 1.0))
            painter.setBrush(style.color("acc"))
            painter.drawRoundedRect(bar, 3, 3)
            area = area.adjusted(style.px(_BAR_PX) + 8, 0, 0, 0)
        painter.setFont(style.font("table"))
        painter.setPen(style.color("dang" if failed else "t2"))
        text = painter.fontMetrics().elidedText(
            result_text(entry), Qt.TextElideMode.ElideRight, area.width() - 8
        )
        painter.drawText(area, _TEXT, text)

    def _paint_virsh(self, painter: QPainter, area: QRect, entry: Entry) -> None:
        painter.setFont(self._style.font("mono"))
        painter.setPen(self._style.color("t2"))
        text = "; ".join(shown_lines(entry))
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, _TEXT, text)

    def _paint_button(self, painter: QPainter, area: QRect, text: str) -> None:
        style = self._style
        painter.setFont(style.font("table"))
        metrics = QFontMetrics(painter.font())
        width = metrics.horizontalAdvance(text) + 18
        box = QRectF(area.right() + 1 - width, area.top() + 2, width, area.height() - 4)
        painter.setPen(QPen(style.color("line2"), 1))
        painter.setBrush(style.color("s2" if style.scheme == "light" else "s3"))
        painter.drawRoundedRect(box, RADIUS_CHIP, RADIUS_CHIP)
        painter.setPen(style.color("t1"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)

    # Qt

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        entry = index.data(ENTRY_ROLE)
        if not isinstance(entry, Entry):
            return
        style = self._style
        whole = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = option.state & QStyle.StateFlag.State_Selected or entry.id == self.opened
        if lit:
            painter.fillRect(whole, style.color("accsoft"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(whole, style.color("s3"))
        painter.fillRect(QRect(whole.left(), whole.bottom(), whole.width(), 1), style.color("line"))
        whole.setHeight(self.line_height)
        cell = cells(whole, style)
        side = style.px(14)
        mark = QRectF(cell.mark.left(), whole.center().y() + 1 - side / 2, side, side)
        paint_mark(painter, mark, MARKS[entry.state], style)
        painter.setFont(style.font("table"))
        painter.setPen(style.color("t3"))
        when = time.strftime("%H:%M:%S", time.localtime(entry.created_at_s))
        painter.drawText(cell.time, _TEXT, when)
        indent = style.px(_INDENT_PX) if index.data(PART_ROLE) else 0
        self._paint_what(painter, cell.title.adjusted(indent, 0, 0, 0), entry)
        self._paint_result(painter, cell.result, entry)
        self._paint_virsh(painter, cell.virsh, entry)
        if entry.virsh:
            side = style.px(15)
            box = QRectF(0, 0, side, side)
            box.moveCenter(QRectF(cell.copy).center())
            style.paint_icon(painter, box, "copy-simple", "t2")
        if text := button_text(entry, entry.id in self.cancellable):
            self._paint_button(painter, cell.button, text)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        entry = index.data(ENTRY_ROLE)
        extra = self.opened_height if entry is not None and entry.id == self.opened else 0
        return QSize(200, self.line_height + extra)
