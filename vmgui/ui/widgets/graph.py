"""A live graph in a card: title, the present figure large, legend, plot."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import localtime, strftime

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from vmgui.ui.style import current
from vmgui.ui.widgets.crosshair import Crosshair
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.graph_paint import GraphEvent, SeriesSpec
from vmgui.ui.widgets.graph_plot import GraphPlot
from vmgui.ui.widgets.graph_scale import Quantity
from vmgui.ui.widgets.text import plain_label

_STALE_COLOR = "c6"

__all__ = ["Crosshair", "GraphCard", "GraphEvent", "SeriesSpec"]


class GraphCard(QFrame):
    """One live graph. Give several the same `Crosshair` and they point at the same moment.

    Units: per cent, bytes, bytes a second or bits a second, as ``quantity`` says. Times are
    seconds since 1970, for the crosshair names the time of day.
    """

    event_clicked = Signal(str)

    def __init__(
        self,
        title: str,
        quantity: Quantity,
        crosshair: Crosshair | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._title = plain_label(title, "card")
        self._legend = _Legend(self)
        self._figure = plain_label("—", "page")
        self._caption = ElidedLabel("", "table", "t3", is_sentence=True)
        self._plot = GraphPlot(quantity, crosshair or Crosshair(self), self)
        self._plot.setAccessibleName(title)
        self._plot.event_clicked.connect(self.event_clicked)
        self._series: tuple[SeriesSpec, ...] = ()
        self._is_stale = False
        self._frozen = False
        self._now_s = 0.0
        self._pending: tuple[Sequence[float], Mapping[str, Sequence[float]], float] | None = None

        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._legend, 1)
        second = QHBoxLayout()
        second.setSpacing(8)
        second.addWidget(self._figure, 0, Qt.AlignmentFlag.AlignBottom)
        second.addWidget(self._caption, 1, Qt.AlignmentFlag.AlignBottom)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 8, 12, 8)
        box.setSpacing(2)
        box.addLayout(head)
        box.addLayout(second)
        box.addWidget(self._plot, 1)

    @property
    def plot(self) -> GraphPlot:
        """The drawn part."""
        return self._plot

    def set_series(self, series: Sequence[SeriesSpec]) -> None:
        """Say which lines there are, in the order of the legend."""
        self._series = tuple(series)
        self._show_series()

    def set_stale(self, is_stale: bool) -> None:
        """Draw the lines grey, because what they show is old, or in their colours."""
        if is_stale is not self._is_stale:
            self._is_stale = is_stale
            self._show_series()

    def set_limit(self, limit: float | None, label: str = "max") -> None:
        """Draw a dashed reference line, named in the legend, or take it away."""
        self._plot.set_limit(limit)
        self._legend.set_limit_label("" if limit is None else label)

    def set_window(self, window_s: float, step_s: float = 2.0) -> None:
        """Show the last ``window_s`` seconds of samples taken every ``step_s``."""
        self._plot.set_window(window_s, step_s)

    def set_data(
        self, at_s: Sequence[float], values: Mapping[str, Sequence[float]], now_s: float
    ) -> None:
        """Show samples, oldest first; NaN is a gap, and so is a pause of 2.5 steps.

        A frozen graph keeps them until it is let go.
        """
        if self._frozen:
            self._pending = (at_s, values, now_s)
        else:
            self._now_s = now_s
            self._plot.set_data(at_s, values, now_s)

    def set_figure(self, figure: str, caption: str = "") -> None:
        """Show the present value in words, and what it is a part of; "" is a dash."""
        self._figure.setText(figure or "—")
        self._caption.setText(caption)
        self._plot.setAccessibleDescription(f"{figure} {caption}".strip())

    def set_legend_value(self, name: str, text: str) -> None:
        """Show a figure beside a series' name in the legend."""
        self._legend.set_value(name, text)

    def set_events(self, events: Sequence[GraphEvent]) -> None:
        """Show what happened; a click on a mark emits ``event_clicked`` with its key."""
        self._plot.set_events(events)

    def highlight_event(self, key: str) -> None:
        """Make one event stand out, or none for an empty key."""
        self._plot.highlight_event(key)

    def set_message(self, message: str) -> None:
        """Say in the plot why there are no figures, such as "not visible over …"."""
        self._plot.set_message(message)

    def set_frozen(self, frozen: bool) -> None:
        """Let the picture stand, or go on with the newest samples."""
        if frozen == self._frozen:
            return
        self._frozen = frozen
        if frozen:
            self._plot.set_clock_label(strftime("%H:%M:%S", localtime(self._now_s)))
            return
        self._plot.set_clock_label("")
        if self._pending is not None:
            self.set_data(*self._pending)
            self._pending = None

    def _show_series(self) -> None:
        stale = [replace(one, color=_STALE_COLOR) for one in self._series]
        series = stale if self._is_stale else self._series
        self._plot.set_series(series)
        self._legend.set_series(series)


class _Legend(QWidget):
    """The series' names at the right of the title, each after its colour."""

    _SWATCH, _GAP, _BETWEEN = 12, 6, 14

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._style = current()
        self._series: tuple[SeriesSpec, ...] = ()
        self._values: dict[str, str] = {}
        self._limit_label = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._style.changed.connect(self.updateGeometry)

    def set_series(self, series: Sequence[SeriesSpec]) -> None:
        self._series = tuple(series)
        self.update()

    def set_value(self, name: str, text: str) -> None:
        self._values[name] = text
        self.update()

    def set_limit_label(self, text: str) -> None:
        self._limit_label = text
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, self._style.px(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        style = self._style
        entries = [
            (one.color, one.look == "dashed", one.label + (" ↓" if one.mirror else ""), one.name)
            for one in self._series
        ]
        if any(one.mirror for one in self._series):
            entries = [
                (c, d, label if label.endswith("↓") else f"{label} ↑", n)
                for c, d, label, n in entries
            ]
        if self._limit_label:
            entries.append(("c6", True, self._limit_label, ""))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font, strong = style.font("axis"), style.font("head")
        metrics, strong_metrics = QFontMetricsF(font), QFontMetricsF(strong)
        swatch = style.px(self._SWATCH)
        right = float(self.width())
        middle = self.height() / 2
        for color, dashed, label, name in reversed(entries):
            value = self._values.get(name, "")
            words = metrics.horizontalAdvance(label)
            figure = strong_metrics.horizontalAdvance(f" {value}") if value else 0.0
            left = right - swatch - self._GAP - words - figure
            if left < 0:
                break
            self._paint_swatch(painter, QRectF(left, middle - 3, swatch, 6), color, dashed)
            text = QRectF(left + swatch + self._GAP, 0, words + 1, self.height())
            painter.setFont(font)
            painter.setPen(style.color("t2"))
            painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter), label)
            if value:
                painter.setFont(strong)
                painter.setPen(style.color("t1"))
                text.translate(words, 0)
                text.setWidth(figure + 1)
                painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter), f" {value}")
            right = left - self._BETWEEN

    def _paint_swatch(self, painter: QPainter, rect: QRectF, color: str, dashed: bool) -> None:
        if dashed:
            pen = QPen(self._style.color(color), 2)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setDashPattern([1.4, 1])
            painter.setPen(pen)
            middle = rect.center().y()
            painter.drawLine(QPointF(rect.left(), middle), QPointF(rect.right(), middle))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._style.color(color))
        painter.drawRoundedRect(rect, 2, 2)
