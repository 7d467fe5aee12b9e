"""Key facts in two columns: what it is, and the value with its details."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from vmgui.ui.style import current
from vmgui.ui.style.tokens import ROW_PX
from vmgui.ui.widgets.elided import ElidedLabel, LinkButton
from vmgui.ui.widgets.text import plain_label, set_look


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a value: ``4 vCPU`` in t1, then ``· host-passthrough`` in t3.

    A ``link`` makes it clickable, in acc unless another tone is given, and comes back in
    `Facts.link_activated`; an ``icon`` is a Phosphor name drawn before it in the same tone.
    """

    text: str
    tone: str = "t1"
    mono: bool = False
    link: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row: its label and the pieces of its value."""

    label: str
    parts: tuple[Part, ...]


class Facts(QWidget):
    """Rows of facts. Values can be selected with the mouse; links take Tab and Enter.

    Setting facts of the same shape again only changes their text, so focus, selection and
    column widths stay.
    """

    link_activated = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: tuple[Fact, ...] = ()
        self._rows: list[tuple[QLabel, list[QWidget]]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        current().changed.connect(self._size_rows)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Show these rows, in this order."""
        before, self._facts = self._facts, tuple(facts)
        if self._facts == before:
            return
        if [_shape(fact) for fact in before] != [_shape(fact) for fact in self._facts]:
            self._build()
        for fact, (label, widgets) in zip(self._facts, self._rows, strict=True):
            label.setText(fact.label)
            for part, widget in zip(fact.parts, widgets, strict=True):
                if isinstance(widget, ElidedLabel | LinkButton):
                    widget.setText(part.text)

    def _build(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._rows = []
        for row, fact in enumerate(self._facts):
            label = plain_label(fact.label, "table", "t3")
            value = QWidget()
            line = QHBoxLayout(value)
            # A link's text stands two pixels in, to leave room for its ring.
            linked = bool(fact.parts and fact.parts[0].link)
            line.setContentsMargins(0 if linked else 2, 0, 0, 0)
            line.setSpacing(6)
            widgets = [self._make(part, fact.label) for part in fact.parts]
            for part, widget in zip(fact.parts, widgets, strict=True):
                if part.icon:
                    line.addWidget(IconMark(part.icon, part.tone))
                line.addWidget(widget)
            line.addStretch(1)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(value, row, 1)
            self._rows.append((label, widgets))
        self._size_rows()

    def _make(self, part: Part, label: str) -> QWidget:
        if part.link:
            link = LinkButton(part.text)
            link.setObjectName(f"fact-{part.link}")
            link.setAccessibleDescription(label)
            if part.tone != "t1":
                set_look(link, tone=part.tone)
            link.clicked.connect(lambda: self.link_activated.emit(part.link))
            return link
        return ElidedLabel(part.text, "mono" if part.mono else "table", part.tone, selectable=True)

    def _size_rows(self) -> None:
        height = current().px(ROW_PX["facts"])
        for row in range(len(self._rows)):
            self._grid.setRowMinimumHeight(row, height)


class IconMark(QWidget):
    """An icon that stands beside a text and says nothing of its own."""

    def __init__(
        self, name: str, tone: str = "t2", size_px: int = 16, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._style = current()
        self._name, self._tone, self._size_px = name, tone, size_px
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._style.changed.connect(self.updateGeometry)

    def set_icon(self, name: str, tone: str) -> None:
        """Show another icon."""
        self._name, self._tone = name, tone
        self.update()

    def sizeHint(self) -> QSize:
        side = self._style.px(self._size_px)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._style.paint_icon(painter, QRectF(self.rect()), self._name, self._tone)


def _shape(fact: Fact) -> tuple[object, ...]:
    """Return what needs other widgets when it changes: all but the words."""
    return tuple((p.tone, p.mono, p.link, p.icon) for p in fact.parts)
