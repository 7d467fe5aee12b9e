"""A bar that says one thing and offers one or two answers: stale, unreachable, undo."""

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from vmgui.ui.style import current
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.state_mark import STATES, paint_state
from vmgui.ui.widgets.text import literal, set_look

BannerTone = Literal["warn", "dang", "ok", "info"]


class Banner(QFrame):
    """Mark, what is (bold), what it means, buttons. Hidden until something is said."""

    clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._mark = _Mark(self)
        self._strong = ElidedLabel("", "strong", "t1", parent=self)
        self._detail = ElidedLabel("", "body", "t1", is_sentence=True, parent=self)
        self._buttons: list[tuple[str, str, QPushButton]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 6, 12, 6)
        self._row.setSpacing(6)
        self._row.addWidget(self._mark)
        self._row.addSpacing(2)
        self._row.addWidget(self._strong)
        self._row.addWidget(self._detail, 1)
        self.hide()

    def say(
        self,
        tone: BannerTone,
        icon: str,
        strong: str,
        detail: str = "",
        buttons: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Show the bar.

        ``icon`` is a state ("stale") or a Phosphor name ("wifi-slash"); ``buttons`` are pairs
        of a key, which comes back in ``clicked``, and a title. Saying the same again with
        another age or countdown changes the words only.
        """
        self._mark.set_mark(icon, tone)
        self._strong.setText(strong)
        self._detail.setText(detail)
        self._strong.setVisible(bool(strong))
        self.setAccessibleName(f"{strong} {detail}".strip())
        if self.property("tone") != tone:
            set_look(self, tone=tone)
        if [(key, title) for key, title, _ in self._buttons] != list(buttons):
            self._make_buttons(buttons)
        self.show()

    def _make_buttons(self, buttons: Sequence[tuple[str, str]]) -> None:
        for _, _, old in self._buttons:
            self._row.removeWidget(old)
            old.deleteLater()
        self._buttons = []
        for key, title in buttons:
            button = QPushButton(literal(title), self)
            button.setProperty("compact", True)
            button.setObjectName(f"banner-{key}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, key=key: self.clicked.emit(key))
            self._row.addWidget(button)
            self._buttons.append((key, title, button))


class _Mark(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._style = current()
        self._icon, self._tone = "info", "t2"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._style.changed.connect(self.updateGeometry)

    def set_mark(self, icon: str, tone: str) -> None:
        self._icon, self._tone = icon, tone
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._style.px(16), self._style.px(16))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect())
        if self._icon in STATES:
            paint_state(painter, box.adjusted(1, 1, -1, -1), self._icon, self._style)
        else:
            self._style.paint_icon(painter, box, self._icon, self._tone)
