"""The field over the tree in which a query is written, and what is wrong with it."""

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from vmgui.insight.query import Query, QueryError, parse
from vmgui.ui.style import Style
from vmgui.ui.style.tokens import RADIUS_CHIP
from vmgui.ui.widgets.text import plain_label, set_look

_KEY_PX = 18


class _Field(QLineEdit):
    """A line in mono, with the key that leads here drawn at its right end while it is empty."""

    left_downwards = Signal()
    escaped = Signal()

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._style = style
        self.setObjectName("query")
        self.setAccessibleName("Query")
        self.setProperty("role", "mono")
        self.setPlaceholderText("state:running tag:lab")
        self.setToolTip(
            "Words of the name, or state: tag: name: host: cpu:>50 is:attention. "
            "A minus in front turns a term round."
        )
        self.addAction(style.icon("funnel", "t3"), QLineEdit.ActionPosition.LeadingPosition)
        self._clear = self.addAction(
            style.icon("x", "t2"), QLineEdit.ActionPosition.TrailingPosition
        )
        self._clear.setToolTip("Clear the query (Esc)")
        self._clear.triggered.connect(self.clear)
        self._clear.setVisible(False)
        self.textChanged.connect(lambda text: self._clear.setVisible(bool(text)))

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left_downwards.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.text() or self.hasFocus():
            return
        side = self._style.px(_KEY_PX)
        box = QRect(self.width() - side - 7, (self.height() - side) // 2, side, side)
        example = self.fontMetrics().horizontalAdvance(self.placeholderText())
        if self.textMargins().left() + example + 2 * side > box.left():
            return  # they would lie over each other
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._style.color("line2"), 1))
        painter.drawRoundedRect(box, RADIUS_CHIP, RADIUS_CHIP)
        painter.setPen(self._style.color("t3"))
        painter.setFont(self._style.font("mono"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), "/")


class QueryField(QWidget):
    """Parses what is written; ``changed`` has the query that it means.

    One that means nothing filters nothing, and the reason stands under the field.
    ``left_downwards`` is the way into the tree; ``left`` says that Esc was pressed while empty.
    """

    changed = Signal(object)
    left_downwards = Signal()
    left = Signal()

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = _Field(style)
        self._reason = plain_label(role="axis", tone="dang", wrap=True)
        self._reason.setObjectName("query-reason")
        self._reason.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._field)
        layout.addWidget(self._reason)
        self.setFocusProxy(self._field)
        self._field.textChanged.connect(self._on_text)
        self._field.left_downwards.connect(self.left_downwards)
        self._field.escaped.connect(self._on_escaped)

    @property
    def text(self) -> str:
        """What is written."""
        return self._field.text()

    @property
    def reason(self) -> str:
        """Why what is written means nothing; "" where it does."""
        return self._reason.text()

    def set_text(self, text: str) -> None:
        """Write a query, as if a person had."""
        self._field.setText(text)

    def _on_text(self, text: str) -> None:
        query, reason = Query(""), ""
        try:
            query = parse(text)
        except QueryError as error:
            reason = error.message
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        set_look(self._field, invalid="true" if reason else "false")
        self._field.setAccessibleDescription(reason)
        self.changed.emit(query)

    def _on_escaped(self) -> None:
        if self.text:
            self._field.clear()
        else:
            self.left.emit()
