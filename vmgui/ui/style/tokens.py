"""Every colour, size and type role that is drawn. The one file with colours; knows no Qt.

Colours are ``RRGGBB`` without the hash, written dark and light side by side so that a
change of one is seen beside the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Scheme = Literal["dark", "light"]

_COLOURS: dict[str, tuple[str, str]] = {
    # surfaces and lines
    "s0": ("14171B", "E9ECF0"),  # window frame, menu bar, status bar
    "s1": ("191D22", "F5F6F8"),  # tree, docks
    "s2": ("1F242B", "FFFFFF"),  # the page
    "s3": ("282E37", "EEF1F5"),  # chip, track, tool tip
    "sunk": ("101317", "F8F9FB"),  # plot, code
    "line": ("2C333D", "DCE0E6"),  # separator, edge of a card, grid
    "line2": ("414A57", "B9C1CC"),  # edge of a control, zero line
    # text
    "t1": ("E4E8EE", "1B2027"),  # content
    "t2": ("AEB6C2", "48525F"),  # secondary
    "t3": ("959FAD", "596370"),  # labels, units, axes, machines that are off
    "dis": ("5C6572", "9AA3AF"),  # disabled controls only, never information
    # accent and meaning
    "acc": ("6AA5FF", "1B5FCB"),
    "accfill": ("2C69D1", "1F66D6"),
    "accsoft": ("1F3352", "DCE9FC"),
    "onacc": ("FFFFFF", "FFFFFF"),
    "ok": ("4CBF8A", "16774C"),
    "warn": ("E3B04B", "8A5A00"),
    "dang": ("F37A70", "C0352B"),
    "dangfill": ("C2413A", "C0352B"),
    "info": ("B79CF5", "6A41C8"),
    "oksoft": ("173328", "DCF1E6"),
    "warnsoft": ("38301A", "FBEFD2"),
    "dangsoft": ("3D2424", "FBE3E0"),
    "infosoft": ("2D2745", "EAE3FB"),
    # chart series, always in this order; c6 is for references only
    "c1": ("5598F7", "2A62BE"),
    "c2": ("F0954A", "B95A00"),
    "c3": ("3AD6BA", "17937B"),
    "c4": ("EE98DE", "8A2C68"),
    "c5": ("F3E08A", "918534"),
    "c6": ("94A0B0", "66717F"),
    # derived: another token, or a state of one
    "card": ("191D22", "FFFFFF"),  # s1 in dark, s2 in light
    "input": ("101317", "FFFFFF"),  # sunk in dark, s2 in light
    "button": ("282E37", "FFFFFF"),  # s3 in dark, s2 in light
    "hover": ("323A45", "EEF1F5"),
    "accfillhover": ("2E71E0", "2270EA"),
    "accfillpress": ("275CB8", "1B5ABC"),
    "dangfillhover": ("CB4A43", "CE3F34"),
    "knob": ("E4E8EE", "FFFFFF"),  # what a slider or a toggle is held by
}

SURFACES = ("s0", "s1", "s2", "s3", "sunk", "accsoft")
"""Surfaces on which every text token must be readable."""

TEXTS = ("t1", "t2", "t3", "acc", "ok", "warn", "dang", "info")
SERIES = ("c1", "c2", "c3", "c4", "c5", "c6")
SOFT = {"ok": "oksoft", "warn": "warnsoft", "dang": "dangsoft", "info": "infosoft"}
"""What lies behind a chip or a bar of a meaning."""


def colours(scheme: Scheme) -> Mapping[str, str]:
    """Return each token's colour as ``#RRGGBB`` for a scheme."""
    return _TABLES[scheme]


_TABLES: dict[Scheme, Mapping[str, str]] = {
    "dark": MappingProxyType({name: f"#{pair[0]}" for name, pair in _COLOURS.items()}),
    "light": MappingProxyType({name: f"#{pair[1]}" for name, pair in _COLOURS.items()}),
}


@dataclass(frozen=True, slots=True)
class TypeRole:
    """A size of type: pixels at scale 1, weight 100 to 900."""

    size_px: int
    line_px: int
    weight: int = 400
    mono: bool = False


TYPE: Mapping[str, TypeRole] = MappingProxyType(
    {
        "page": TypeRole(20, 26, 600),  # page title, the one large figure
        "section": TypeRole(15, 20, 600),
        "card": TypeRole(13, 18, 600),
        "body": TypeRole(13, 18),
        "button": TypeRole(13, 18, 500),
        "table": TypeRole(12, 18),  # table, journal, facts
        "axis": TypeRole(11, 15),  # axis, caption
        "head": TypeRole(11, 15, 600),  # table head
        "mono": TypeRole(12, 18, mono=True),  # commands, addresses, XML
        "lesson-title": TypeRole(28, 34, 600),
        "lesson": TypeRole(17, 25),
    }
)

UI_FAMILY = "Inter"
MONO_FAMILY = "JetBrains Mono"

RADIUS_CHIP, RADIUS_CONTROL, RADIUS_CARD = 4, 5, 6
ROW_PX: Mapping[str, int] = MappingProxyType(
    {"tree": 24, "journal": 26, "table": 28, "check": 32, "facts": 24, "head": 24}
)
ICON_PX, ICON_EMPTY_PX = 16, 32
LINE_PX, SPARK_LINE_PX, FOCUS_PX = 1.6, 1.2, 2
SERIES_FILL = 0.16
"""Opacity of the area under a line."""

PRESENTER_FACTORS = (1.0, 1.25, 1.5, 2.0)


def scaled_px(px: float, factor: float) -> int:
    """Return a length at a presenter factor, in whole pixels.

    Halves go up, except that type follows the table of the design (11 px at 1.5 is 17).
    """
    return int(px * factor + 0.5)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two ``#RRGGBB`` colours, 1 to 21, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
