"""Linked or full, as two cards with a picture of what becomes of the source's disk."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from vmgui.insight.amounts import size
from vmgui.insight.clone_form import CloneForm, KindChosen
from vmgui.insight.clone_spec import CloneKind
from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX, RADIUS_CARD
from vmgui.ui.widgets.text import one_line, plain_tooltip

_WORDS: Mapping[CloneKind, tuple[str, ...]] = {
    CloneKind.LINKED: (
        "Read the source's disk, keep only changes.",
        "It must not change.",
    ),
    CloneKind.FULL: ("Own copy each, depends on nothing.",),
}
_KEYS = {CloneKind.LINKED: "Alt+L", CloneKind.FULL: "Alt+F"}
_HEIGHT_PX, _PICTURE_PX, _PAD_PX = 118, 104, 12


class KindCards(QWidget):
    """The two kinds; ``changed`` carries the event of the one that a person chose.

    How long it takes isn't told: nothing measured it.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self.cards = {kind: _KindCard(kind, self) for kind in CloneKind}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for kind, card in self.cards.items():
            self._group.addButton(card)
            row.addWidget(card, 1)
            card.clicked.connect(lambda _on=False, kind=kind: self.changed.emit(KindChosen(kind)))

    def show_form(self, form: CloneForm) -> None:
        """Show which is chosen, and why the other can't be."""
        plan = form.plan
        refusals = {option.value: option.refusal for option in plan.kinds}
        full = plan.space.full_bytes
        needs = f"Needs {size(full)} now." if full else ""
        for kind, card in self.cards.items():
            words = _WORDS[kind]
            if kind is CloneKind.FULL and needs:
                words = (*words, needs)
            card.show_kind(words, refusals.get(kind, ""))
        self.cards[form.spec.kind].setChecked(True)


class _KindCard(QAbstractButton):
    def __init__(self, kind: CloneKind, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"clone-kind-{kind.value}")
        self.setCheckable(True)
        self.setText(kind.value.capitalize())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._kind = kind
        self._words: tuple[str, ...] = ()
        self._refusal = ""
        current().changed.connect(self.updateGeometry)

    def show_kind(self, words: tuple[str, ...], refusal: str) -> None:
        """Show what it means, or why it can't be had."""
        if (words, refusal) == (self._words, self._refusal):
            return
        self._words, self._refusal = words, refusal
        self.setEnabled(not refusal)
        told = " ".join(words)
        self.setAccessibleName(f"{self.text()}: {told}")
        self.setAccessibleDescription(refusal)
        self.setToolTip(plain_tooltip(refusal or f"{told} ({_KEYS[self._kind]})"))
        self.update()

    def sizeHint(self) -> QSize:
        style = current()
        return QSize(style.px(300), style.px(_HEIGHT_PX))

    def minimumSizeHint(self) -> QSize:
        style = current()
        return QSize(style.px(180), style.px(_HEIGHT_PX))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        style, painter = current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on, enabled = self.isChecked(), self.isEnabled()
        edge = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setBrush(style.color("hover" if self.underMouse() and enabled else "card"))
        focus = self.hasFocus()
        token = "acc" if on or focus else "line2" if enabled else "line"
        painter.setPen(QPen(style.color(token), FOCUS_PX if on or focus else 1))
        painter.drawRoundedRect(edge, RADIUS_CARD, RADIUS_CARD)
        if focus and on:  # a chosen one has that edge already
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(style.color("acc"), 1))
            painter.drawRoundedRect(edge.adjusted(4, 4, -4, -4), 3, 3)
        self._paint_head(painter)
        self._paint_words(painter)
        top = style.px(38)
        area = QRectF(_PAD_PX, top, self._picture_width(), self.height() - top - _PAD_PX)
        _paint_picture(painter, area, self._kind, lit=on and enabled)

    def _picture_width(self) -> float:
        return min(current().px(_PICTURE_PX), self.width() * 0.33)

    def _paint_head(self, painter: QPainter) -> None:
        style, side = current(), current().px(14)
        disc = QRectF(_PAD_PX, _PAD_PX, side, side)
        if self.isChecked():
            painter.setPen(QPen(style.color("accfill"), side * 0.3))
            painter.setBrush(style.color("onacc"))
            inner = side * 0.15
            painter.drawEllipse(disc.adjusted(inner, inner, -inner, -inner))
        else:
            painter.setPen(QPen(style.color("t3" if self.isEnabled() else "line2"), 1))
            painter.setBrush(style.color("input"))
            painter.drawEllipse(disc.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setFont(style.font("section"))
        painter.setPen(style.color("t1" if self.isEnabled() else "dis"))
        box = QRectF(disc.right() + 8, disc.top() - 4, self.width(), side + 8)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), self.text())

    def _paint_words(self, painter: QPainter) -> None:
        style = current()
        left = _PAD_PX + self._picture_width() + 14
        box = QRectF(left, style.px(36), self.width() - left - _PAD_PX, self.height())
        painter.setFont(style.font("table"))
        words = one_line(self._refusal) if self._refusal else "\n".join(self._words)
        painter.setPen(style.color("warn" if self._refusal else "t2"))
        flags = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop)
        room = self.height() - style.px(36) - 6
        painter.drawText(
            QRectF(box.left(), box.top(), box.width(), room),
            flags,
            _fitting(words, painter.fontMetrics(), int(box.width()), room),
        )


def _fitting(text: str, metrics: QFontMetrics, width: int, height: int) -> str:
    """Return as many of a text's words as fit; the rest is in the tool tip."""
    flags = int(Qt.TextFlag.TextWordWrap)

    def fits(what: str) -> bool:
        return metrics.boundingRect(0, 0, width, 10_000, flags, what).height() <= height

    if fits(text):
        return text
    words = text.split(" ")
    while words and not fits(f"{' '.join(words)}…"):
        words.pop()
    return f"{' '.join(words)}…"


def _paint_picture(painter: QPainter, area: QRectF, kind: CloneKind, *, lit: bool) -> None:
    """Draw the source's disk and three clones': joined by lines, or copies of it."""
    style = current()
    line = style.color("acc" if lit else "t3")
    pen = QPen(line, 1.3)
    painter.setPen(pen)
    height = area.height()
    wide = min(height * 0.58, area.width() * 0.36)
    source = QRectF(area.left(), area.center().y() - height * 0.2, wide, height * 0.4)
    painter.setBrush(style.color("accsoft" if lit else "s3"))
    painter.drawRoundedRect(source, 2, 2)
    rows = [
        QRectF(area.right() - wide, area.top() + n * height * 0.36, wide, height * 0.28)
        for n in range(3)
    ]
    for row in rows:
        middle = QPointF(row.left(), row.center().y())
        painter.setPen(pen)
        if kind is CloneKind.LINKED:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            start = QPointF(source.right(), source.center().y())
            path = QPainterPath(start)
            bend = (middle.x() - start.x()) / 2
            path.cubicTo(
                QPointF(start.x() + bend, start.y()),
                QPointF(middle.x() - bend, middle.y()),
                middle,
            )
            painter.drawPath(path)
        painter.setBrush(style.color("card" if kind is CloneKind.LINKED else "s3"))
        painter.drawRoundedRect(row, 2, 2)
        if kind is CloneKind.LINKED:
            painter.fillRect(QRectF(row.left() + 2, row.top() + 2, 3, row.height() - 4), line)
    if kind is CloneKind.FULL:
        start = QPointF(source.right() + 5, source.center().y())
        end = QPointF(rows[1].left() - 5, source.center().y())
        painter.drawLine(start, end)
        for step in (-3.0, 3.0):
            painter.drawLine(end, QPointF(end.x() - 4, end.y() + step))
