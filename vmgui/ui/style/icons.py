"""Icons of the Phosphor set, drawn from its font in the colours of the moment."""

import json
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QIcon,
    QIconEngine,
    QPainter,
    QPixmap,
)


class _Colours(Protocol):
    def color(self, token: str) -> QColor: ...


class IconSet:
    """The set's glyphs by name. Belongs to the style, and lives as long as the application."""

    def __init__(self, colours: _Colours, fonts_dir: Path) -> None:
        self._colours = colours
        self._icons: dict[tuple[str, str], QIcon] = {}
        codes: dict[str, str] = json.loads((fonts_dir / "Phosphor-Regular.json").read_text())
        self._glyphs = {name: chr(int(code, 16)) for name, code in codes.items()}
        loaded = QFontDatabase.addApplicationFont(str(fonts_dir / "Phosphor-Regular.ttf"))
        self._family = QFontDatabase.applicationFontFamilies(loaded)[0]

    def icon(self, name: str, token: str) -> QIcon:
        """Return an icon by its Phosphor name; an unknown name is a KeyError.

        It asks for its colour whenever it is painted, so it outlives a change of scheme.
        """
        key = (name, token)
        if key not in self._icons:
            self._icons[key] = QIcon(_GlyphEngine(self, self._glyphs[name], token))
        return self._icons[key]

    def paint(self, painter: QPainter, rect: QRectF, name: str, color: QColor) -> None:
        """Draw an icon into the middle of a rectangle, as large as its shorter side."""
        self.paint_glyph(painter, rect, self._glyphs[name], color)

    def paint_glyph(self, painter: QPainter, rect: QRectF, glyph: str, color: QColor) -> None:
        """Draw one character of the set's font; see `paint`."""
        font = QFont(self._family)
        font.setPixelSize(max(1, round(min(rect.width(), rect.height()))))
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        painter.save()
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), glyph)
        painter.restore()

    def color(self, token: str) -> QColor:
        """Return a token's colour in the present scheme."""
        return self._colours.color(token)


class _GlyphEngine(QIconEngine):
    """Draws one glyph; grey when disabled."""

    def __init__(self, icons: IconSet, glyph: str, token: str) -> None:
        super().__init__()
        self._icons = icons
        self._glyph = glyph
        self._token = token

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        token = "dis" if mode == QIcon.Mode.Disabled else self._token
        self._icons.paint_glyph(painter, QRectF(rect), self._glyph, self._icons.color(token))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._icons, self._glyph, self._token)
