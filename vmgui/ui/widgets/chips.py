"""Chips: a state, a tag, a saved query with its count, and the round count alone."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from vmgui.ui.style import current
from vmgui.ui.style.tokens import RADIUS_CHIP, SOFT
from vmgui.ui.widgets.state_mark import STATE_TOKENS, paint_state
from vmgui.ui.widgets.text import literal, one_line


class StateChip(QWidget):
    """A state in words with its mark, on the soft colour of its meaning."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._style = current()
        self._state = "unknown"
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._style.changed.connect(self.updateGeometry)

    def set_state(self, state: str, text: str) -> None:
        """Show one of `state_mark.STATES` and what it is called, such as ``Running · 12 d``."""
        if (state, text) == (self._state, self._text):
            return
        self._state, self._text = state, one_line(text)
        self.setAccessibleName(self._text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        style = self._style
        width = QFontMetricsF(style.font("table")).horizontalAdvance(self._text)
        return QSize(int(width + 0.99) + style.px(12) + 20, style.px(18) + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        style = self._style
        tone = STATE_TOKENS.get(self._state, "t3")
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.color(SOFT.get(tone, "s3")))
        painter.drawRoundedRect(self.rect(), RADIUS_CHIP, RADIUS_CHIP)
        side = style.px(12)
        paint_state(painter, QRectF(7, (self.height() - side) / 2, side, side), self._state, style)
        painter.setFont(style.font("table"))
        painter.setPen(style.color("t2" if tone == "t3" else tone))
        painter.drawText(
            self.rect().adjusted(side + 12, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._text
        )


class TagChip(QPushButton):
    """A tag; a click asks for its machines."""

    def __init__(self, tag: str, parent: QWidget | None = None) -> None:
        super().__init__(literal(tag), parent)
        self.tag = tag
        self.setProperty("role", "tag")
        self.setIcon(current().icon("tag", "t2"))
        self.setAccessibleName(f"Tag {tag}")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)


class CountChip(QPushButton):
    """A saved query with how many it finds: ``Attention 3``. Checkable."""

    _GAP = 6

    def __init__(self, title: str, tone: str = "t1", parent: QWidget | None = None) -> None:
        super().__init__(literal(title), parent)
        self._title = title
        self._tone = tone
        self._count = ""
        self.setCheckable(True)
        self.setProperty("role", "chip")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_count(self, count: int | None) -> None:
        """Show a count; None while it isn't known."""
        self._count = "" if count is None else str(count)
        self.setAccessibleName(f"{self._title} {self._count}".strip())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        if self._count:
            size.setWidth(size.width() + self._GAP + self._count_width())
        return size

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        style = current()
        words = self.fontMetrics().horizontalAdvance(one_line(self._title))
        whole = words + (self._GAP + self._count_width() if self._count else 0)
        left = (self.width() - whole) // 2
        lit = self.isChecked() or self.underMouse()
        painter.setPen(style.color("t1" if lit else "t2"))
        area = self.rect().adjusted(left, 0, 0, 0)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), one_line(self._title))
        painter.setPen(style.color(self._tone))
        painter.setFont(self._bold())
        area.adjust(words + self._GAP, 0, 0, 0)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), self._count)

    def _count_width(self) -> int:
        return int(QFontMetricsF(self._bold()).horizontalAdvance(self._count) + 0.99)

    def _bold(self) -> QFont:
        font = current().font("table")
        font.setWeight(QFont.Weight.DemiBold)
        return font


class CountBadge(QWidget):
    """A count in a small disc, beside a title or in a tab."""

    def __init__(self, count: int = 0, tone: str = "t2", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._style = current()
        self._count = count
        self._tone = tone
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._style.changed.connect(self.updateGeometry)

    def set_count(self, count: int, tone: str | None = None) -> None:
        """Show another count, in another meaning if one is given."""
        self._count = count
        self._tone = tone or self._tone
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        text = QFontMetricsF(self._style.font("axis")).horizontalAdvance(str(self._count))
        height = self._style.px(16)
        return QSize(max(height, int(text + 0.99) + 8), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_badge(painter, QRectF(self.rect()), str(self._count), self._tone)


def paint_badge(painter: QPainter, rect: QRectF, text: str, tone: str) -> None:
    """Draw a count on its soft disc, for delegates and tabs."""
    style = current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(Qt.PenStyle.NoPen))
    painter.setBrush(style.color("accsoft" if tone == "acc" else SOFT.get(tone, "s3")))
    painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    painter.setPen(style.color(tone))
    painter.setFont(style.font("axis"))
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)
    painter.restore()
