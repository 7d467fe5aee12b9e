"""A small line of a figure over the last minutes, for a cell."""

from collections.abc import Sequence
from math import isfinite

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QPainter

from vmgui.ui.style import Style
from vmgui.ui.style.tokens import SPARK_LINE_PX
from vmgui.ui.widgets.graph_scale import thin_out
from vmgui.ui.widgets.strokes import fill, stroke

SPARK_SIZE = QSizeF(60, 16)
"""Size at scale 1, in pixels."""


def paint_sparkline(
    painter: QPainter,
    rect: QRectF,
    percents: Sequence[float],
    style: Style,
    *,
    stale: bool = False,
    color: str = "c1",
) -> None:
    """Draw values of 0 to 100 evenly over a rectangle, the newest at the right edge.

    NaN is a gap and stays one; a single value between two gaps is a dot. Values outside are
    drawn at the edge. A stale line is grey.
    """
    if len(percents) < 2:
        return
    ink = style.color("c6" if stale else color)
    step = rect.width() / (len(percents) - 1)
    painter.save()
    run: list[tuple[float, float]] = []
    for index, value in enumerate(percents):
        if isfinite(value):
            run.append((index * step, min(max(value, 0.0), 100.0)))
        elif run:
            _paint_run(painter, rect, run, ink, style)
            run = []
    if run:
        _paint_run(painter, rect, run, ink, style)
    painter.restore()


def _paint_run(
    painter: QPainter,
    rect: QRectF,
    run: Sequence[tuple[float, float]],
    color: QColor,
    style: Style,
) -> None:
    """Draw an unbroken piece of (pixels from the left, per cent); a point a pixel is enough."""
    kept = thin_out(run, int(rect.width() / 2), rect.width())
    points = [
        QPointF(rect.left() + x, rect.bottom() - value / 100 * rect.height()) for x, value in kept
    ]
    fill(painter, points, rect.bottom(), color)
    stroke(painter, points, color, style.line(SPARK_LINE_PX))
