"""Content that is as high as it needs to be, and scrolls where a screen is lower than that."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

_LEAST_PX = 120


class TallArea(QScrollArea):
    """Asks for all the room that its content needs, as far as the screen has it.

    ``besides_px`` is what else the window shows, with its frame. Large type would otherwise push
    a dialog's buttons off the screen.
    """

    def __init__(self, content: QWidget, besides_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._besides_px = besides_px
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)
        self._content = content

    def minimumSizeHint(self) -> QSize:
        layout = self._content.layout()
        assert layout is not None
        least = layout.minimumSize()
        width = max(least.width(), self._content.width())
        height = least.height()
        if layout.hasHeightForWidth():
            height = layout.minimumHeightForWidth(width)
        room = self.screen().availableGeometry().height() - self._besides_px
        return QSize(least.width(), min(height, max(room, _LEAST_PX)))

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for other room once the content needs it."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
