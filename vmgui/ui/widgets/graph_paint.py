"""How a graph is painted: axes, lines, events and crosshair, from plain values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from vmgui.ui.style import Style
from vmgui.ui.style.tokens import LINE_PX, RADIUS_CONTROL
from vmgui.ui.widgets.graph_scale import ValueScale, time_ticks
from vmgui.ui.widgets.strokes import fill, stroke

SeriesLook = Literal["area", "line", "dashed"]


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


@dataclass(frozen=True, slots=True)
class PlotFrame:
    """Where things are: the plot's rectangle, and what its edges stand for."""

    rect: QRectF
    now_s: float
    window_s: float
    scale: ValueScale
    pixel_ratio: float

    def x(self, at_s: float) -> float:
        """Return where a moment is."""
        return self.rect.right() + (at_s - self.now_s) / self.window_s * self.rect.width()

    def y(self, value: float) -> float:
        """Return where a value is; one beyond the axis is at its end."""
        share = (value - self.scale.low) / (self.scale.high - self.scale.low)
        return self.rect.bottom() - min(max(share, 0.0), 1.0) * self.rect.height()

    def event_rect(self, event: GraphEvent, side_px: float) -> QRectF:
        """Return where an event's round mark is."""
        return QRectF(self.x(event.at_s) - side_px / 2, self.rect.top() + 1, side_px, side_px)

    def upright(self, x: float) -> QRectF:
        """Return a vertical hairline through the plot, on whole device pixels."""
        ratio = self.pixel_ratio
        return QRectF(
            int(x * ratio) / ratio, self.rect.top(), max(1, int(ratio)) / ratio, self.rect.height()
        )

    def level(self, y: float) -> QRectF:
        """Return a horizontal hairline through the plot, on whole device pixels."""
        ratio = self.pixel_ratio
        return QRectF(
            self.rect.left(), int(y * ratio) / ratio, self.rect.width(), max(1, int(ratio)) / ratio
        )


EVENT_PX = 18
_LABEL_GAP_PX = 6
_LABEL_SPACING = 0.85
"""How far apart two labels are at least, in heights of a line: figures have no descenders."""


def paint_value_axis(painter: QPainter, frame: PlotFrame, style: Style) -> None:
    """Draw the horizontal grid and its labels."""
    painter.setFont(style.font("axis"))
    height = QFontMetricsF(style.font("axis")).height()
    flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    labelled = _labelled(frame, height)
    for tick in frame.scale.ticks:
        y = frame.y(tick.at)
        # Filled and not drawn: a smoothed line of this length takes half a millisecond.
        painter.fillRect(frame.level(y), style.color("line2" if tick.at == 0 else "line"))
        if tick.at in labelled:
            painter.setPen(style.color("t3"))
            beside = QRectF(0, y - height / 2, frame.rect.left() - 6, height)
            painter.drawText(beside, flags, tick.label)


def _labelled(frame: PlotFrame, height: float) -> set[float]:
    """Return the levels whose labels have room: the highest, which has the unit, 0, the others."""
    ticks = frame.scale.ticks
    inner = sorted(ticks[:-1], key=lambda tick: tick.at != 0)
    kept: list[float] = []
    for tick in (ticks[-1], *inner):
        if all(abs(frame.y(tick.at) - frame.y(at)) >= height * _LABEL_SPACING for at in kept):
            kept.append(tick.at)
    return set(kept)


def paint_time_axis(painter: QPainter, frame: PlotFrame, style: Style, clock: str) -> None:
    """Draw the vertical grid and its labels; ``clock`` stands for "now" if it isn't empty."""
    faint = style.color("line")
    faint.setAlphaF(0.6)
    for tick in time_ticks(frame.window_s)[1:-1]:
        painter.fillRect(frame.upright(frame.x(frame.now_s + tick.at)), faint)
    painter.setFont(style.font("axis"))
    painter.setPen(style.color("t3"))
    metrics = QFontMetricsF(style.font("axis"))
    for left, label in time_labels(frame, metrics.horizontalAdvance, clock):
        painter.drawText(QPointF(left, frame.rect.bottom() + 4 + metrics.ascent()), label)


def time_labels(
    frame: PlotFrame, width_of: Callable[[str], float], clock: str
) -> list[tuple[float, str]]:
    """Return where each label of the time axis begins, and what it says.

    The first stands inside the left edge, the last inside the right one. Of those between,
    one that would touch another is left out.
    """
    first, *between, last = time_ticks(frame.window_s)
    now = clock or last.label
    right = frame.rect.right() - width_of(now)
    labels = [(frame.rect.left(), first.label)]
    free_from = frame.rect.left() + width_of(first.label) + _LABEL_GAP_PX
    for tick in between:
        width = width_of(tick.label)
        left = frame.x(frame.now_s + tick.at) - width / 2
        if left >= free_from and left + width + _LABEL_GAP_PX <= right:
            labels.append((left, tick.label))
            free_from = left + width + _LABEL_GAP_PX
    return [*labels, (right, now)]


def paint_message(painter: QPainter, frame: PlotFrame, style: Style, message: str) -> None:
    """Say in the middle of the plot why it is empty."""
    painter.setFont(style.font("table"))
    painter.setPen(style.color("t3"))
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    painter.drawText(frame.rect.adjusted(8, 4, -8, -4), flags, message)


def paint_run(
    painter: QPainter,
    frame: PlotFrame,
    style: Style,
    spec: SeriesSpec,
    run: Sequence[tuple[float, float]],
) -> None:
    """Draw one unbroken piece of a series; a single sample is a dot."""
    sign = -1 if spec.mirror else 1
    points = [QPointF(frame.x(at), frame.y(sign * value)) for at, value in run]
    color = style.color(spec.color)
    if spec.look == "area":
        fill(painter, points, frame.y(0), color)
    if spec.look == "dashed":
        painter.setPen(_dashed(color, style.line(LINE_PX)))
        painter.drawPolyline(QPolygonF(points))
    else:
        stroke(painter, points, color, style.line(LINE_PX))


def paint_limit(painter: QPainter, frame: PlotFrame, style: Style, limit: float) -> None:
    """Draw the dashed reference line."""
    painter.setPen(_dashed(style.color("c6"), style.line(1.2)))
    y = frame.y(limit)
    painter.drawLine(QPointF(frame.rect.left(), y), QPointF(frame.rect.right(), y))


def paint_event(
    painter: QPainter, frame: PlotFrame, style: Style, event: GraphEvent, *, lit: bool
) -> None:
    """Draw an event's mark and line; filled when it is the one that is meant."""
    mark = frame.event_rect(event, style.px(EVENT_PX))
    pen = QPen(style.color("info"), style.line(1.2))
    painter.setBrush(style.color("info" if lit else "infosoft"))
    painter.setPen(pen)
    painter.drawEllipse(mark.adjusted(1, 1, -1, -1))
    inset = mark.width() * 0.2
    inside = mark.adjusted(inset, inset, -inset, -inset)
    style.paint_icon(painter, inside, event.icon, "sunk" if lit else "info")
    pen.setDashPattern([1.5, 2])
    painter.setPen(pen)
    x = mark.center().x()
    painter.drawLine(QPointF(x, mark.bottom()), QPointF(x, frame.rect.bottom()))


def paint_crosshair(
    painter: QPainter,
    frame: PlotFrame,
    style: Style,
    at_s: float,
    dots: Sequence[tuple[str, float]],
) -> None:
    """Draw the line at a moment, and a dot at each of (colour token, signed value)."""
    x = frame.x(at_s)
    painter.fillRect(frame.upright(x), style.color("t2"))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    radius = style.line(3.5)
    for color, value in dots:
        painter.setPen(QPen(style.color("sunk"), 1.5))
        painter.setBrush(style.color(color))
        painter.drawEllipse(QPointF(x, frame.y(value)), radius, radius)


def paint_readout(
    painter: QPainter, frame: PlotFrame, style: Style, at_s: float, lines: Sequence[str]
) -> None:
    """Draw the box beside the crosshair: the time, then what was measured."""
    plot, x = frame.rect, frame.x(at_s)
    fonts = [style.font("head" if n else "axis") for n in range(len(lines))]
    widest = max(
        QFontMetricsF(font).horizontalAdvance(line) for font, line in zip(fonts, lines, strict=True)
    )
    height = QFontMetricsF(fonts[-1]).height() + 1
    under_marks = plot.top() + style.px(EVENT_PX) + 6
    box = QRectF(x + 10, under_marks, widest + 18, height * len(lines) + 9)
    box.moveBottom(max(plot.top() + box.height(), min(box.bottom(), plot.bottom() - 2)))
    if box.right() > plot.right() - 2:
        box.moveRight(x - 10)
    box.moveLeft(max(box.left(), plot.left() + 2))
    painter.setPen(QPen(style.color("line2"), 1))
    painter.setBrush(style.color("s3"))
    painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
    row = QRectF(box.left() + 9, box.top() + 4, widest + 2, height)
    for n, (font, line) in enumerate(zip(fonts, lines, strict=True)):
        painter.setFont(font)
        painter.setPen(style.color("t1" if n else "t2"))
        painter.drawText(row, int(Qt.AlignmentFlag.AlignVCenter), line)
        row.translate(0, height)


def _dashed(color: QColor, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setDashPattern([4, 3])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
