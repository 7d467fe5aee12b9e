"""A switch for something that is on or off at once."""

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX


class Toggle(QCheckBox):
    """A check box drawn as a switch; its text is its accessible name."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        current().changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        style = current()
        return QSize(style.px(28) + 8, style.px(24))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, position: QPoint) -> bool:
        return self.rect().contains(position)

    def paintEvent(self, event: QPaintEvent) -> None:
        style = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = style.px(16)
        track = QRectF(4, (self.height() - height) / 2, style.px(28), height)
        on = self.isChecked()
        if not self.isEnabled():
            track_token, knob_token = "line", "dis"
        else:
            track_token, knob_token = ("accfill" if on else "line2"), "onacc"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.color(track_token))
        painter.drawRoundedRect(track, height / 2, height / 2)
        painter.setBrush(style.color(knob_token))
        radius = height / 2 - 2
        x = track.right() - height / 2 if on else track.left() + height / 2
        painter.drawEllipse(QPointF(x, track.center().y()), radius, radius)
        if self.hasFocus():
            painter.setPen(QPen(style.color("acc"), FOCUS_PX))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = track.adjusted(-3, -3, 3, 3)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)
