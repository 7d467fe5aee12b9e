"""The drawn part of a graph: axes, lines, events and crosshair.

Painted by QPainter and not by pyqtgraph. Importing that takes 350 ms on the window's thread
and, with four plots, 65 MiB (measured with PySide6 6.11, pyqtgraph 0.14): the first machine
opened would freeze the window for seven times what is allowed, and a lab's whole window
needs less memory. What a live graph here needs of it is this file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import localtime, strftime
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX, LINE_PX, RADIUS_CONTROL, SERIES_FILL
from vmgui.ui.widgets.crosshair import Crosshair
from vmgui.ui.widgets.graph_scale import (
    Quantity,
    ValueScale,
    split_runs,
    thin_out,
    time_ticks,
    value_scale,
)
from vmgui.ui.widgets.text import plain_tooltip

SeriesLook = Literal["area", "line", "dashed"]
_Run = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class SeriesSpec:
    """One line of a graph.

    ``name`` is the key of its data, ``label`` what the legend says, ``color`` a token (c1 …
    c6). A mirrored series is given as positive values and drawn downward.
    """

    name: str
    label: str
    color: str
    look: SeriesLook = "area"
    mirror: bool = False


@dataclass(frozen=True, slots=True)
class GraphEvent:
    """Something that happened: a dotted line with a round mark.

    ``key`` comes back when it is clicked, ``icon`` is a Phosphor name, ``text`` its tool tip.
    """

    key: str
    at_s: float
    icon: str
    text: str


class GraphPlot(QWidget):
    """A plot of the last so many seconds, whose right edge is now."""

    event_clicked = Signal(str)

    def __init__(
        self, quantity: Quantity, crosshair: Crosshair, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._style = current()
        self._quantity: Quantity = quantity
        self._crosshair = crosshair
        self._series: tuple[SeriesSpec, ...] = ()
        self._runs: dict[str, list[list[tuple[float, float]]]] = {}
        self._events: tuple[GraphEvent, ...] = ()
        self._highlighted = ""
        self._limit: float | None = None
        self._window_s, self._step_s = 300.0, 2.0
        self._now_s = 0.0
        self._clock_label = ""
        self._message = ""
        self._scale = value_scale(quantity, 0, 0, mirrored=False)
        self._gutter = 0.0
        self._ground = QPixmap()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        crosshair.moved.connect(self.update)
        self._style.changed.connect(self._on_style_changed)

    # what is shown

    @property
    def scale(self) -> ValueScale:
        """The vertical axis as drawn."""
        return self._scale

    @property
    def runs(self) -> Mapping[str, list[list[tuple[float, float]]]]:
        """Each series' unbroken pieces, as (seconds, value); between two is a gap."""
        return self._runs

    def set_series(self, series: Sequence[SeriesSpec]) -> None:
        """Say which lines there are; data for others is dropped."""
        self._series = tuple(series)
        self._runs = {one.name: self._runs.get(one.name, []) for one in self._series}
        self._refresh()

    def set_window(self, window_s: float, step_s: float) -> None:
        """Show another range. A pause of more than 2.5 steps between samples is a gap."""
        self._window_s, self._step_s = window_s, step_s
        self._gutter = 0.0
        self._refresh()

    def set_limit(self, limit: float | None) -> None:
        """Draw a dashed line that the axis reaches beyond, or none."""
        self._limit = limit
        self._refresh()

    def set_data(
        self, at_s: Sequence[float], values: Mapping[str, Sequence[float]], now_s: float
    ) -> None:
        """Show samples taken at times ``at_s`` (ascending, same clock as ``now_s``)."""
        self._now_s = now_s
        since_s = now_s - self._window_s
        columns = max(50, self.width()) * max(1, round(self.devicePixelRatioF()))
        self._runs = {
            one.name: [
                list(thin_out(run, columns, self._window_s))
                for run in split_runs(at_s, values[one.name], self._step_s, since_s)
            ]
            if one.name in values
            else []
            for one in self._series
        }
        self._refresh()

    def set_events(self, events: Sequence[GraphEvent]) -> None:
        """Show these events."""
        self._events = tuple(events)
        self._refresh()

    def highlight_event(self, key: str) -> None:
        """Make one event stand out, or none for an empty key."""
        self._highlighted = key
        self._refresh()

    def set_message(self, message: str) -> None:
        """Say in the plot why there is nothing in it."""
        self._message = message
        self._refresh()

    def set_clock_label(self, text: str) -> None:
        """Name the right edge by a time of day instead of "now", for a graph that stands."""
        self._clock_label = text
        self._refresh()

    def values_at(self, before_now_s: float) -> dict[str, float]:
        """Return each series' sample nearest to a moment; those in a gap there are left out."""
        at = self._now_s + before_now_s
        found: dict[str, float] = {}
        for name, runs in self._runs.items():
            points = [p for run in runs for p in run if abs(p[0] - at) <= self._step_s]
            if points:
                found[name] = min(points, key=lambda p: abs(p[0] - at))[1]
        return found

    # geometry

    def _plot_rect(self) -> QRectF:
        style = self._style
        metrics = QFontMetricsF(style.font("axis"))
        widest = max(metrics.horizontalAdvance(tick.label) for tick in self._scale.ticks)
        # It may grow and never shrinks, so that the plot doesn't jump sideways.
        self._gutter = max(self._gutter, widest + 8, style.px(34))
        half = metrics.height() / 2
        return QRectF(
            self._gutter,
            half,
            max(1.0, self.width() - self._gutter - 1),
            max(1.0, self.height() - half - metrics.height() - 6),
        )

    def _x(self, plot: QRectF, at_s: float) -> float:
        return plot.right() + (at_s - self._now_s) / self._window_s * plot.width()

    def _y(self, plot: QRectF, value: float) -> float:
        scale = self._scale
        share = (value - scale.low) / (scale.high - scale.low)
        return plot.bottom() - min(max(share, 0.0), 1.0) * plot.height()

    def _event_rect(self, plot: QRectF, event: GraphEvent) -> QRectF:
        side = self._style.px(18)
        return QRectF(self._x(plot, event.at_s) - side / 2, plot.top() + 1, side, side)

    def _event_under(self, position: QPointF) -> GraphEvent | None:
        plot = self._plot_rect()
        hits = (e for e in self._shown_events() if self._event_rect(plot, e).contains(position))
        return next(hits, None)

    def _shown_events(self) -> list[GraphEvent]:
        return [e for e in self._events if 0 <= self._now_s - e.at_s <= self._window_s]

    # painting

    def _refresh(self) -> None:
        """Work out the axis anew and paint the ground at the next chance."""
        tops = {True: 0.0, False: self._limit or 0.0}
        for one in self._series:
            for run in self._runs.get(one.name, []):
                tops[one.mirror] = max(tops[one.mirror], *(value for _, value in run))
        self._scale = value_scale(
            self._quantity, tops[False], tops[True], mirrored=any(s.mirror for s in self._series)
        )
        self._ground = QPixmap()
        self.update()

    def _on_style_changed(self) -> None:
        self._gutter = 0.0
        self.updateGeometry()
        self._refresh()

    def _paint_ground(self) -> None:
        """Paint all but the crosshair into a picture; a moving mouse then costs little."""
        ratio = self.devicePixelRatioF()
        self._ground = QPixmap(self.size() * ratio)
        self._ground.setDevicePixelRatio(ratio)
        self._ground.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._ground)
        plot = self._plot_rect()
        painter.fillRect(plot, self._style.color("sunk"))
        self._paint_axes(painter, plot)
        if self._message or not any(self._runs.values()):
            painter.setFont(self._style.font("table"))
            painter.setPen(self._style.color("t3"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            inside = plot.adjusted(8, 4, -8, -4)
            painter.drawText(inside, flags, self._message or "no data yet")
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.save()
            painter.setClipRect(plot.adjusted(0, -1, 1, 1))
            for one in self._series:
                for run in self._runs.get(one.name, []):
                    self._paint_run(painter, plot, one, run)
            if self._limit is not None:
                self._paint_limit(painter, plot, self._limit)
            painter.restore()
        for event in self._shown_events():
            self._paint_event(painter, plot, event)
        painter.end()

    def _paint_axes(self, painter: QPainter, plot: QRectF) -> None:
        style = self._style
        painter.setFont(style.font("axis"))
        metrics = QFontMetricsF(style.font("axis"))
        faint = style.color("line")
        faint.setAlphaF(0.6)
        times = time_ticks(self._window_s)
        for tick in times[1:-1]:
            x = self._whole(self._x(plot, self._now_s + tick.at))
            painter.setPen(QPen(faint, 1))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        for tick in self._scale.ticks:
            y = self._whole(self._y(plot, tick.at))
            painter.setPen(QPen(style.color("line2" if tick.at == 0 else "line"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(style.color("t3"))
            beside = QRectF(0, y - metrics.height() / 2, plot.left() - 6, metrics.height())
            painter.drawText(
                beside,
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                tick.label,
            )
        painter.setPen(style.color("t3"))
        under = QRectF(0, plot.bottom() + 4, 0, metrics.height())
        for index, tick in enumerate(times):
            label = self._clock_label if self._clock_label and tick.at == 0 else tick.label
            width = metrics.horizontalAdvance(label) + 1
            # The first label stands inside the left edge, the last inside the right one.
            shift = 0.0 if index == 0 else 1.0 if index == len(times) - 1 else 0.5
            left = self._x(plot, self._now_s + tick.at) - width * shift
            under.setLeft(left)
            under.setWidth(width)
            painter.drawText(under, int(Qt.AlignmentFlag.AlignLeft), label)

    def _paint_run(self, painter: QPainter, plot: QRectF, spec: SeriesSpec, run: _Run) -> None:
        sign = -1 if spec.mirror else 1
        points = [QPointF(self._x(plot, at), self._y(plot, sign * value)) for at, value in run]
        color = self._style.color(spec.color)
        pen = QPen(color, self._style.line(LINE_PX))
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if len(points) == 1:
            pen.setWidthF(2 * pen.widthF())
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPoint(points[0])
            return
        if spec.look == "area":
            zero = self._y(plot, 0)
            fill = QColor(color)
            fill.setAlphaF(SERIES_FILL)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            ends = [QPointF(points[-1].x(), zero), QPointF(points[0].x(), zero)]
            painter.drawPolygon(QPolygonF(points + ends))
        elif spec.look == "dashed":
            pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(points))

    def _paint_limit(self, painter: QPainter, plot: QRectF, limit: float) -> None:
        pen = QPen(self._style.color("c6"), self._style.line(1.2))
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        y = self._y(plot, limit)
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))

    def _paint_event(self, painter: QPainter, plot: QRectF, event: GraphEvent) -> None:
        style = self._style
        mark = self._event_rect(plot, event)
        pen = QPen(style.color("info"), style.line(1.2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(style.color("info" if event.key == self._highlighted else "infosoft"))
        painter.setPen(pen)
        painter.drawEllipse(mark.adjusted(1, 1, -1, -1))
        inset = mark.width() * 0.2
        style.paint_icon(
            painter,
            mark.adjusted(inset, inset, -inset, -inset),
            event.icon,
            "sunk" if event.key == self._highlighted else "info",
        )
        pen.setDashPattern([1.5, 2])
        painter.setPen(pen)
        x = mark.center().x()
        painter.drawLine(QPointF(x, mark.bottom()), QPointF(x, plot.bottom()))

    def _paint_crosshair(self, painter: QPainter, plot: QRectF, at_s: float) -> None:
        style = self._style
        x = self._x(plot, self._now_s + at_s)
        painter.setPen(QPen(style.color("t2"), 1))
        painter.drawLine(
            QPointF(self._whole(x), plot.top()), QPointF(self._whole(x), plot.bottom())
        )
        values = self.values_at(at_s)
        for one in self._series:
            if one.name in values:
                sign = -1 if one.mirror else 1
                painter.setPen(QPen(style.color("sunk"), 1.5))
                painter.setBrush(style.color(one.color))
                radius = style.line(3.5)
                painter.drawEllipse(
                    QPointF(x, self._y(plot, sign * values[one.name])), radius, radius
                )
        self._paint_readout(painter, plot, x, at_s, values)

    def _paint_readout(
        self,
        painter: QPainter,
        plot: QRectF,
        x: float,
        at_s: float,
        values: Mapping[str, float],
    ) -> None:
        style = self._style
        lines = self.readout(at_s, values)
        table, strong = style.font("axis"), style.font("head")
        widest = max(
            QFontMetricsF(strong if n else table).horizontalAdvance(line)
            for n, line in enumerate(lines)
        )
        height = QFontMetricsF(strong).height() + 1
        box = QRectF(x + 10, plot.top() + 8, widest + 18, height * len(lines) + 9)
        if box.right() > plot.right() - 2:
            box.moveRight(x - 10)
        box.moveLeft(max(box.left(), plot.left() + 2))
        painter.setPen(QPen(style.color("line2"), 1))
        painter.setBrush(style.color("s3"))
        painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        row = QRectF(box.left() + 9, box.top() + 4, widest + 2, height)
        for n, line in enumerate(lines):
            painter.setFont(strong if n else table)
            painter.setPen(style.color("t1" if n else "t2"))
            painter.drawText(row, int(Qt.AlignmentFlag.AlignVCenter), line)
            row.translate(0, height)

    def readout(self, at_s: float, values: Mapping[str, float]) -> list[str]:
        """Return what the crosshair says: the time of day first, then a line a series."""
        clock = strftime("%H:%M:%S", localtime(self._now_s + at_s))
        said = [
            f"{one.label} {self._scale.text(values[one.name])}"
            for one in self._series
            if one.name in values
        ]
        return [clock, *(said or ["not measured"])]

    def _whole(self, position: float) -> float:
        """Return the middle of the device pixel at a position, for a crisp hairline."""
        ratio = self.devicePixelRatioF()
        return (int(position * ratio) + 0.5) / ratio

    # Qt's own

    def sizeHint(self) -> QSize:
        return QSize(self._style.px(320), self._style.px(170))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._style.px(160), self._style.px(90))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ground.isNull():
            self._paint_ground()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot = self._plot_rect()
        at_s = self._crosshair.at_s
        if at_s is not None and -self._window_s <= at_s <= 0 and any(self._runs.values()):
            self._paint_crosshair(painter, plot, at_s)
        if self.hasFocus():
            painter.setPen(QPen(self._style.color("acc"), FOCUS_PX))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(plot.adjusted(1, 1, -1, -1), 3, 3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._ground = QPixmap()
        super().resizeEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position()
        plot = self._plot_rect()
        if plot.contains(position):
            self._crosshair.point_at((position.x() - plot.right()) / plot.width() * self._window_s)
        else:
            self._crosshair.point_at(None)
        on_event = self._event_under(position) is not None
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if on_event else Qt.CursorShape.ArrowCursor
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        hit = self._event_under(event.position())
        if hit is not None and event.button() == Qt.MouseButton.LeftButton:
            self.event_clicked.emit(hit.key)
        super().mousePressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._crosshair.point_at(None)
        super().leaveEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._crosshair.point_at(None)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk the samples with the arrows, the events with Ctrl and the arrows."""
        at_s = self._crosshair.at_s
        jump = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Right if jump:
                self._to_event(at_s, forward=event.key() == Qt.Key.Key_Right)
            case Qt.Key.Key_Left:
                self._crosshair.point_at(max(-self._window_s, (at_s or 0.0) - self._step_s))
            case Qt.Key.Key_Right:
                self._crosshair.point_at(min(0.0, (at_s or 0.0) + self._step_s))
            case Qt.Key.Key_Home:
                self._crosshair.point_at(-self._window_s)
            case Qt.Key.Key_End:
                self._crosshair.point_at(0.0)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._open_event(at_s)
            case Qt.Key.Key_Escape if at_s is not None:
                self._crosshair.point_at(None)
            case _:
                super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            hit = self._event_under(QPointF(event.pos()))
            if hit is not None:
                QToolTip.showText(event.globalPos(), plain_tooltip(hit.text), self)
                return True
        return super().event(event)

    def _to_event(self, at_s: float | None, *, forward: bool) -> None:
        here = self._now_s + (at_s or 0.0)
        times = [e.at_s for e in self._shown_events()]
        ahead = [t for t in times if (t > here + 1e-6 if forward else t < here - 1e-6)]
        if ahead:
            self._crosshair.point_at((min(ahead) if forward else max(ahead)) - self._now_s)

    def _open_event(self, at_s: float | None) -> None:
        here = self._now_s + (at_s or 0.0)
        near = [e for e in self._shown_events() if abs(e.at_s - here) <= self._step_s]
        if near:
            self.event_clicked.emit(min(near, key=lambda e: abs(e.at_s - here)).key)
