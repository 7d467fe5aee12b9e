"""Text and links that are cut in the middle where room is short."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QSizePolicy, QWidget

from vmgui.ui.widgets.text import literal, one_line, plain_tooltip

_LEAST_LETTERS = 16
"""What is no longer is never cut, unless it is asked for."""


class ElidedLabel(QLabel):
    """A line of plain text that gives way: cut, and then whole in the tool tip.

    A name is cut in the middle, a sentence (``is_sentence``) at its end; never to less than
    ``least_letters``.

    ``setText`` takes the whole text, `full_text` returns it. Selecting and the context menu
    copy it; the menu always the whole.
    """

    def __init__(
        self,
        text: str = "",
        role: str = "body",
        tone: str = "t1",
        *,
        selectable: bool = False,
        is_sentence: bool = False,
        least_letters: int = _LEAST_LETTERS,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.full_text = ""
        self._least_letters = least_letters
        cut = Qt.TextElideMode
        self._cut = cut.ElideRight if is_sentence else cut.ElideMiddle
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("type", role)
        self.setProperty("tone", tone)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._selectable = selectable
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setText(text)

    def setText(self, text: str) -> None:
        if text == self.full_text:
            return
        self.full_text = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self._fit()

    def _fit(self) -> None:
        whole = one_line(self.full_text)
        shown = self.fontMetrics().elidedText(whole, self._cut, self.contentsRect().width())
        if shown != self.text():
            super().setText(shown)
        cut = shown != whole or whole != self.full_text
        self.setToolTip(plain_tooltip(self.full_text) if cut else "")

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        return _hint(self, self.fontMetrics(), one_line(self.full_text))

    def minimumSizeHint(self) -> QSize:
        return _least(self.sizeHint(), self.fontMetrics(), self._least_letters)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()
            self._fit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self._selectable:
            super().contextMenuEvent(event)
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copied = self.selectedText() or self.full_text
        menu.addAction("Copy").triggered.connect(lambda: _copy(copied))
        menu.popup(event.globalPos())


class LinkButton(QPushButton):
    """A word that leads somewhere: looks like a link, takes focus and Enter like a button."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        least_letters: int = _LEAST_LETTERS,
    ) -> None:
        super().__init__(parent)
        self.full_text = ""
        self._least_letters = least_letters
        self.setProperty("role", "link")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAutoDefault(False)
        self.setText(text)

    def setText(self, text: str) -> None:
        if text == self.full_text:
            return
        self.full_text = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self._fit()

    def _fit(self) -> None:
        whole = one_line(self.full_text)
        room = self.width() - _LINK_PADDING
        shown = self.fontMetrics().elidedText(whole, Qt.TextElideMode.ElideMiddle, room)
        super().setText(literal(shown))
        self.setToolTip(plain_tooltip(self.full_text) if shown != whole else "")

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        size = _hint(self, self.fontMetrics(), one_line(self.full_text))
        return QSize(size.width() + _LINK_PADDING, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return _least(self.sizeHint(), self.fontMetrics(), self._least_letters)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


_LINK_PADDING = 5  # twice border and padding, and a spare pixel


def _hint(widget: QWidget, metrics: QFontMetrics, text: str) -> QSize:
    margins = widget.contentsMargins()
    width = metrics.horizontalAdvance(text) + 1 + margins.left() + margins.right()
    return QSize(width, metrics.height() + 2 + margins.top() + margins.bottom())


def _least(hint: QSize, metrics: QFontMetrics, letters: int) -> QSize:
    return QSize(min(hint.width(), metrics.averageCharWidth() * letters), hint.height())


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
