"""The drawn part of a graph: axes, lines, events and crosshair.

Painted by QPainter and not by pyqtgraph. Importing that takes 350 ms on the window's thread
and, with four plots, 65 MiB (measured with PySide6 6.11, pyqtgraph 0.14): the first machine
opened would freeze the window for seven times what is allowed, and a lab's whole window
needs less memory. What a live graph here needs of it is this file.
"""

from collections.abc import Mapping, Sequence
from time import localtime, strftime

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX
from vmgui.ui.widgets.crosshair import Crosshair
from vmgui.ui.widgets.graph_paint import (
    EVENT_PX,
    GraphEvent,
    PlotFrame,
    SeriesSpec,
    paint_crosshair,
    paint_event,
    paint_limit,
    paint_message,
    paint_readout,
    paint_run,
    paint_time_axis,
    paint_value_axis,
)
from vmgui.ui.widgets.graph_scale import (
    Quantity,
    ValueScale,
    split_runs,
    thin_out,
    value_scale,
)
from vmgui.ui.widgets.text import plain_tooltip


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
        columns = max(50, self.width())
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

    def _frame(self) -> PlotFrame:
        style = self._style
        metrics = QFontMetricsF(style.font("axis"))
        widest = max(metrics.horizontalAdvance(tick.label) for tick in self._scale.ticks)
        # It may grow and never shrinks, so that the plot doesn't jump sideways.
        self._gutter = max(self._gutter, widest + 8, style.px(34))
        half = metrics.height() / 2
        rect = QRectF(
            self._gutter,
            half,
            max(1.0, self.width() - self._gutter - 1),
            max(1.0, self.height() - half - metrics.height() - 6),
        )
        return PlotFrame(rect, self._now_s, self._window_s, self._scale, self.devicePixelRatioF())

    def _event_under(self, position: QPointF) -> GraphEvent | None:
        frame, side = self._frame(), self._style.px(EVENT_PX)
        hits = (e for e in self._shown_events() if frame.event_rect(e, side).contains(position))
        return next(hits, None)

    def _shown_events(self) -> list[GraphEvent]:
        return [e for e in self._events if 0 <= self._now_s - e.at_s <= self._window_s]

    def _has_data(self) -> bool:
        return not self._message and any(self._runs.values())

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

    def _paint_ground(self, frame: PlotFrame) -> None:
        """Paint all but the crosshair into a picture; a moving mouse then costs little."""
        style = self._style
        self._ground = QPixmap(self.size() * frame.pixel_ratio)
        self._ground.setDevicePixelRatio(frame.pixel_ratio)
        self._ground.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._ground)
        painter.fillRect(frame.rect, style.color("sunk"))
        paint_time_axis(painter, frame, style, self._clock_label)
        if self._has_data():
            paint_value_axis(painter, frame, style)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.save()
            painter.setClipRect(frame.rect.adjusted(0, -1, 1, 1))
            for one in self._series:
                for run in self._runs.get(one.name, []):
                    paint_run(painter, frame, style, one, run)
            if self._limit is not None:
                paint_limit(painter, frame, style, self._limit)
            painter.restore()
        else:
            paint_message(painter, frame, style, self._message or "no data yet")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for event in self._shown_events():
            paint_event(painter, frame, style, event, lit=event.key == self._highlighted)
        painter.end()

    def _paint_crosshair(self, painter: QPainter, frame: PlotFrame, before_s: float) -> None:
        values = self.values_at(before_s)
        at_s = self._now_s + before_s
        dots = [
            (one.color, -values[one.name] if one.mirror else values[one.name])
            for one in self._series
            if one.name in values
        ]
        paint_crosshair(painter, frame, self._style, at_s, dots)
        paint_readout(painter, frame, self._style, at_s, self.readout(before_s))

    def readout(self, before_now_s: float) -> list[str]:
        """Return what the crosshair says: the time of day first, then a line a series."""
        values = self.values_at(before_now_s)
        clock = strftime("%H:%M:%S", localtime(self._now_s + before_now_s))
        said = [
            f"{one.label} {self._scale.text(values[one.name])}"
            for one in self._series
            if one.name in values
        ]
        return [clock, *(said or ["not measured"])]

    # Qt's own

    def sizeHint(self) -> QSize:
        return QSize(self._style.px(320), self._style.px(170))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._style.px(160), self._style.px(90))

    def paintEvent(self, event: QPaintEvent) -> None:
        frame = self._frame()
        if self._ground.isNull():
            self._paint_ground(frame)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._ground)
        before_s = self._crosshair.at_s
        if before_s is not None and -self._window_s <= before_s <= 0 and self._has_data():
            self._paint_crosshair(painter, frame, before_s)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._style.color("acc"), FOCUS_PX))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame.rect.adjusted(1, 1, -1, -1), 3, 3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._ground = QPixmap()
        super().resizeEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position()
        plot = self._frame().rect
        if plot.contains(position):
            self._crosshair.point_at((position.x() - plot.right()) / plot.width() * self._window_s)
        else:
            self._crosshair.point_at(None)
        hit = self._event_under(position)
        self.setToolTip(plain_tooltip(hit.text) if hit else "")
        self.setCursor(Qt.CursorShape.PointingHandCursor if hit else Qt.CursorShape.ArrowCursor)

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
