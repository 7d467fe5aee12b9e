"""How much of a timeline there is room for at a zoom: what is drawn, how large, how far apart.

Zooming moves things closer together and leaves out what has no room any more; letters keep
their size, so that what is there can be read.
"""

from dataclasses import dataclass

from vmgui.insight.timeline import NEXT_X
from vmgui.ui.style import Style

LEAST_ZOOM, MOST_ZOOM = 0.015, 2.5
PICTURES_FROM = 0.6
"""Below this zoom there are no thumbnails."""

_WORDS_FROM, _NAMES_FROM = 0.6, 0.36
_COLUMN_PX = 104
_PICTURE_PX = (84, 52)
_EDGE_X = 0.55
"""Room at the left of the first and at the right of the last, in columns."""

_FLAG_PX = 56
"""Half of what the flag "You are here" takes, with room around it."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Lengths in pixels at one zoom and presenter factor."""

    zoom: float
    column: float
    lane: float
    top: float
    picture: tuple[float, float] | None
    names: bool
    words: bool
    radius: float
    label_most: float
    right: float

    def x(self, x: float) -> float:
        """Return where a place of the layout is."""
        return (x + _EDGE_X * NEXT_X) * self.column

    def y(self, lane: int) -> float:
        """Return the height of a lane's line."""
        return self.top + lane * self.lane

    def width(self, width_x: float) -> float:
        """Return how wide a layout of this width is."""
        return (width_x - NEXT_X + _EDGE_X) * self.column + self.right


def scale_at(style: Style, zoom: float, *, pictures: bool) -> Scale:
    """Return the lengths at a zoom; without ``pictures`` lanes need less room."""
    px = style.px
    column = _COLUMN_PX * style.factor * zoom
    shows = pictures and zoom >= PICTURES_FROM
    grown = min(max(zoom, PICTURES_FROM), 1.0) * max(1.0, zoom / 1.3)
    picture = (_PICTURE_PX[0] * style.factor * grown, _PICTURE_PX[1] * style.factor * grown)
    names, words = zoom >= _NAMES_FROM, zoom >= _WORDS_FROM
    below = px(44) if words else px(28) if names else px(12)
    above = picture[1] + px(18) if shows else px(16)
    return Scale(
        zoom,
        column,
        above + below,
        above + px(6),
        picture if shows else None,
        names,
        words,
        max(min(px(6.5), column * 0.4), 2.0),
        float(px(150)),
        max(_EDGE_X * column, px(_FLAG_PX)),
    )


def zoom_for(style: Style, width_px: float, width_x: float) -> float:
    """Return the zoom at which a layout fills a width, within bounds."""
    column = _COLUMN_PX * style.factor
    whole = (width_x - NEXT_X + _EDGE_X) * column
    zoom = width_px / (whole + _EDGE_X * column)
    if zoom * _EDGE_X * column < style.px(_FLAG_PX):
        zoom = (width_px - style.px(_FLAG_PX)) / whole
    return min(max(zoom, LEAST_ZOOM), 1.5)
