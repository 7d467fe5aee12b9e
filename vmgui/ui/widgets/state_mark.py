"""Marks of state, severity and jobs: a shape first, then a colour."""

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

from vmgui.ui.style import Style

STATES = ("running", "paused", "off", "saved", "crashed", "migrating", "stale", "unknown")
MARKS = (
    "high",
    "medium",
    "low",
    "done",
    "running",
    "failed",
    "warn",
    "waiting",
    "cancelled",
)

STATE_TOKENS = {
    "running": "ok",
    "paused": "warn",
    "off": "t3",
    "saved": "t3",
    "crashed": "dang",
    "migrating": "info",
    "stale": "warn",
    "unknown": "t3",
}
"""The colour token of each state."""

MARK_TOKENS = {
    "high": "dang",
    "medium": "warn",
    "low": "acc",
    "done": "ok",
    "running": "acc",
    "failed": "dang",
    "warn": "warn",
    "waiting": "t3",
    "cancelled": "t3",
}
"""The colour token of each severity or job mark."""

_BOX = 12.0  # shapes are written for a 12 x 12 box with its origin in the middle


class _Ink(NamedTuple):
    painter: QPainter
    color: QColor


def paint_state(painter: QPainter, rect: QRectF, state: str, style: Style) -> None:
    """Draw the mark of a machine's or host's state, as large as the rectangle's shorter side.

    A state that isn't one of `STATES` is drawn as unknown.
    """
    known = state if state in _SHAPES else "unknown"
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center())
    scale = min(rect.width(), rect.height()) / _BOX
    painter.scale(scale, scale)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _SHAPES[known](_Ink(painter, style.color(STATE_TOKENS[known])))
    painter.restore()


def paint_mark(painter: QPainter, rect: QRectF, mark: str, style: Style, turn: float = 0.0) -> None:
    """Draw a severity or job mark (one of `MARKS`).

    ``turn`` is how far the arc of a running job has turned, in whole turns.
    """
    if mark in _GLYPHS:
        style.paint_icon(painter, rect, _GLYPHS[mark], MARK_TOKENS[mark])
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center())
    scale = min(rect.width(), rect.height()) / 16
    painter.scale(scale, scale)
    painter.setPen(Qt.PenStyle.NoPen)
    ink = _Ink(painter, style.color(MARK_TOKENS[mark]))
    if mark == "running":
        _arc(ink, style.color("line2"), turn)
    elif mark == "high":
        _filled_with_bang(ink, _octagon(6.6), bang_top=-3.6)
    else:
        _filled_with_bang(ink, _triangle(6.6), bang_top=-2.4)
    painter.restore()


def _disc(ink: _Ink) -> None:
    ink.painter.setBrush(ink.color)
    ink.painter.drawEllipse(QPointF(0, 0), 4.5, 4.5)


def _bars(ink: _Ink) -> None:
    ink.painter.setBrush(ink.color)
    for left in (-4.0, 1.0):
        ink.painter.drawRoundedRect(QRectF(left, -4.5, 3, 9), 0.6, 0.6)


def _ring(ink: _Ink) -> None:
    ink.painter.setPen(QPen(ink.color, 1.5))
    ink.painter.drawEllipse(QPointF(0, 0), 3.8, 3.8)


def _half_filled(ink: _Ink, start_degrees: int) -> None:
    ink.painter.setBrush(ink.color)
    ink.painter.drawPie(QRectF(-3.8, -3.8, 7.6, 7.6), start_degrees * 16, 180 * 16)
    ink.painter.setBrush(Qt.BrushStyle.NoBrush)
    _ring(ink)


def _saved(ink: _Ink) -> None:
    _half_filled(ink, 180)


def _stale(ink: _Ink) -> None:
    _half_filled(ink, 270)


def _crashed(ink: _Ink) -> None:
    _filled_with_bang(ink, _triangle(5.4), bang_top=-1.9)


def _chevrons(ink: _Ink) -> None:
    ink.painter.setBrush(ink.color)
    for left in (-5.2, 0.4):
        ink.painter.drawPolygon(
            QPolygonF([QPointF(left, -3.6), QPointF(left + 4.8, 0), QPointF(left, 3.6)])
        )


def _dashed_ring(ink: _Ink) -> None:
    pen = QPen(ink.color, 1.5)
    # Six dashes around, whatever the size: a pattern counts in pen widths.
    around = 2 * 3.14159 * 3.8 / 1.5
    pen.setDashPattern([around / 12, around / 12])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    ink.painter.setPen(pen)
    ink.painter.drawEllipse(QPointF(0, 0), 3.8, 3.8)


def _triangle(half: float) -> QPainterPath:
    path = QPainterPath(QPointF(0, -half * 0.95))
    path.lineTo(half, half * 0.85)
    path.lineTo(-half, half * 0.85)
    path.closeSubpath()
    return path


def _octagon(half: float) -> QPainterPath:
    corner = half * 0.4142
    path = QPainterPath(QPointF(-corner, -half))
    for x, y in (
        (corner, -half),
        (half, -corner),
        (half, corner),
        (corner, half),
        (-corner, half),
        (-half, corner),
        (-half, -corner),
    ):
        path.lineTo(x, y)
    path.closeSubpath()
    return path


def _filled_with_bang(ink: _Ink, shape: QPainterPath, bang_top: float) -> None:
    """Fill a shape, with an exclamation mark cut out so that what lies behind shows."""
    bang = QPainterPath()
    bang.addRoundedRect(QRectF(-0.8, bang_top, 1.6, 3.7), 0.6, 0.6)
    bang.addEllipse(QPointF(0, bang_top + 5.1), 0.9, 0.9)
    rounded = QPen(ink.color, 0.8)
    rounded.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    ink.painter.setPen(rounded)
    ink.painter.setBrush(QBrush(ink.color))
    cut = shape.subtracted(bang)
    # The pen rounds the corners; along the cut it would close it, so it is clipped away.
    outside = QPainterPath()
    outside.addRect(QRectF(-10, -10, 20, 20))
    ink.painter.setClipPath(outside.subtracted(bang))
    ink.painter.drawPath(cut)


def _arc(ink: _Ink, track: QColor, turn: float) -> None:
    box = QRectF(-5.5, -5.5, 11, 11)
    ink.painter.setBrush(Qt.BrushStyle.NoBrush)
    ink.painter.setPen(QPen(track, 2))
    ink.painter.drawEllipse(box)
    pen = QPen(ink.color, 2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    ink.painter.setPen(pen)
    ink.painter.drawArc(box, int((90 - turn * 360) * 16), -140 * 16)


_SHAPES: dict[str, Callable[[_Ink], None]] = {
    "running": _disc,
    "paused": _bars,
    "off": _ring,
    "saved": _saved,
    "crashed": _crashed,
    "migrating": _chevrons,
    "stale": _stale,
    "unknown": _dashed_ring,
}

_GLYPHS = {
    "low": "info",
    "done": "check-circle",
    "failed": "x-circle",
    "warn": "warning",
    "waiting": "clock",
    "cancelled": "prohibit",
}
