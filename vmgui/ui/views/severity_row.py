"""A line that says what wants a look, and opens it."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX, RADIUS_CHIP
from vmgui.ui.widgets.state_mark import paint_mark
from vmgui.ui.widgets.text import one_line, plain_tooltip

_ROW_PX = 40
_INSET_PX = 8


class SeverityRow(QPushButton):
    """The mark of a severity, a name, and below it the reason in words."""

    def __init__(
        self, severity: str, name: str, reason: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._severity, self._name, self._reason = severity, one_line(name), one_line(reason)
        self.setAccessibleName(f"{self._name}: {self._reason}")
        self.setToolTip(plain_tooltip(f"{name}\n{reason}"))
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, current().px(_ROW_PX))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, current().px(_ROW_PX))

    def paintEvent(self, event: QPaintEvent) -> None:
        style = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.underMouse() or self.isDown():
            painter.setBrush(style.color("s3"))
            painter.drawRoundedRect(self.rect(), RADIUS_CHIP, RADIUS_CHIP)
        side = style.px(16)
        box = QRectF(self.rect()).adjusted(_INSET_PX, 0, -_INSET_PX, 0)
        middle = box.center().y()
        mark = QRectF(box.left(), middle - side + 1, side, side)
        paint_mark(painter, mark, self._severity, style)
        box.setLeft(box.left() + side + _INSET_PX)
        for text, role, token, upper in (
            (self._name, "body", "t1", True),
            (self._reason, "table", "t3", False),
        ):
            painter.setFont(style.font(role))
            painter.setPen(style.color(token))
            half = QRectF(box)
            if upper:
                half.setBottom(middle)
            else:
                half.setTop(middle)
            elided = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, int(half.width())
            )
            painter.drawText(half, int(Qt.AlignmentFlag.AlignVCenter), elided)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(style.color("acc"))
            pen = painter.pen()
            pen.setWidth(FOCUS_PX)
            painter.setPen(pen)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), RADIUS_CHIP, RADIUS_CHIP)
