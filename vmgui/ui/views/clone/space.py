"""What clones need of their pool: at once, at worst, as full copies, beside what is free."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from vmgui.insight.amounts import size
from vmgui.insight.clone_plan import Space
from vmgui.ui.style import current
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import plain_label, set_look


class SpaceCard(QFrame):
    """The bar with its verdict: green where it fits even at worst, amber where it may not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clone-space")
        self.setProperty("role", "card")
        self._title = ElidedLabel("", "card")
        self._verdict = plain_label("", "table", "ok")
        self._verdict.setObjectName("clone-space-verdict")
        self._mark = IconMark("check", "ok")
        self._bar = _SpaceBar(self)
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addStretch(1)
        head.setSpacing(6)
        head.addWidget(self._mark)
        head.addWidget(self._verdict)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 8, 12, 8)
        box.addLayout(head)
        box.addWidget(self._bar)

    def show_space(self, space: Space, *, links: bool) -> None:
        """Show what is needed; ``links`` says whether full copies would be something else."""
        where = f" on {space.pool_name}" if space.pool_name else ""
        self._title.setText(f"Space needed{where}")
        words, tone = verdict(space)
        self._verdict.setText(words)
        if self._verdict.property("tone") != tone:
            set_look(self._verdict, tone=tone)
        self._mark.set_icon(_MARKS[tone], tone)
        self._bar.show_space(space, links=links)


_MARKS = {"ok": "check", "warn": "warning", "dang": "x-circle", "t3": "question"}


def verdict(space: Space) -> tuple[str, str]:
    """Return whether it fits, in words and their tone."""
    free, now, worst = space.free_bytes, space.now_bytes, space.worst_bytes
    if free is None or now is None:
        return "not known", "t3"
    if now > free:
        return "does not fit", "dang"
    if worst is None:
        return "fits now; at worst not known", "warn"
    if worst > free:
        return "fits now, not at worst", "warn"
    return "fits even at worst", "ok"


class _SpaceBar(QWidget):
    """0 to a little over the largest amount; amounts under the bar, limits above it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._space = Space(None, "", None, None, None, None)
        self._links = True
        current().changed.connect(self.updateGeometry)

    def show_space(self, space: Space, *, links: bool) -> None:
        self._space, self._links = space, links
        told = (
            ("now", space.now_bytes),
            ("at worst", space.worst_bytes),
            ("free", space.free_bytes),
            ("as full clones", space.full_bytes if links else None),
        )
        words = ", ".join(f"{size(amount)} {what}" for what, amount in told if amount is not None)
        self.setAccessibleName(f"Space: {words}")
        self.setToolTip(words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(current().px(300), current().px(58))

    def paintEvent(self, event: QPaintEvent) -> None:
        style, painter, space = current(), QPainter(self), self._space
        amounts = (space.free_bytes, space.now_bytes, space.worst_bytes, space.full_bytes)
        most = max((each for each in amounts if each is not None), default=0)
        if not most:
            return
        scale = self.width() / (most * 1.12)
        bar = QRectF(0, style.px(20), self.width(), style.px(14))
        painter.fillRect(bar, style.color("s3"))
        if space.free_bytes is not None:
            room = QRectF(bar)
            room.setWidth(space.free_bytes * scale)
            painter.fillRect(room, style.color("oksoft"))
        beyond = space.free_bytes is not None and (space.worst_bytes or 0) > space.free_bytes
        for amount, alpha in ((space.worst_bytes, 0.35), (space.now_bytes, 1.0)):
            if amount:
                part = QRectF(bar)
                part.setWidth(max(2.0, amount * scale))
                tint = style.color("c2" if beyond and alpha < 1 else "c1")
                tint.setAlphaF(alpha)
                painter.fillRect(part, tint)
        full = space.full_bytes if self._links else None
        if full:
            pen = QPen(style.color("t2"), 1.4, Qt.PenStyle.DashLine)
            painter.setPen(pen)
            x = full * scale
            painter.drawLine(int(x), int(bar.top() - 3), int(x), int(bar.bottom() + 3))
        if space.free_bytes is not None:
            x = space.free_bytes * scale
            painter.fillRect(QRectF(x - 1, bar.top() - 4, 2, bar.height() + 8), style.color("t1"))
        above = [(full, "full clones: {}", "t3"), (space.free_bytes, "free: {}", "t1")]
        below = [(space.now_bytes, "{} now", "t1"), (space.worst_bytes, "{} at worst", "t1")]
        self._paint_words(painter, above, scale, 0)
        self._paint_words(painter, below, scale, int(bar.bottom()) + 6)

    def _paint_words(
        self,
        painter: QPainter,
        told: list[tuple[int | None, str, str]],
        scale: float,
        top: int,
    ) -> None:
        """Write each amount under its place, moved aside where two would meet."""
        style = current()
        painter.setFont(style.font("axis"))
        metrics = QFontMetricsF(painter.font())
        words = [
            (a * scale, text.format(size(a)), token) for a, text, token in told if a is not None
        ]
        words.sort(key=lambda each: each[0])
        places: list[float] = []
        left = 0.0
        for x, text, _ in words:
            width = metrics.horizontalAdvance(text)
            place = max(left, x - width / 2)
            places.append(place)
            left = place + width + 12
        right = float(self.width())
        for number in range(len(words) - 1, -1, -1):
            width = metrics.horizontalAdvance(words[number][1])
            places[number] = max(0.0, min(places[number], right - width))
            right = places[number] - 12
        for place, (_, text, token) in zip(places, words, strict=True):
            painter.setPen(style.color(token))
            box = QRectF(place, top, metrics.horizontalAdvance(text) + 2, metrics.height())
            painter.drawText(box, 0, text)
