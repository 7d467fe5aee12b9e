"""The look of the running application: scheme and scale, as palette, fonts and style sheet."""

from functools import partial
from typing import Literal

from PySide6.QtCore import QDir, QObject, QRectF, Qt, QTemporaryDir, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtWidgets import QApplication

from vmgui.places import resources_dir
from vmgui.ui.style import sheet, tokens
from vmgui.ui.style.icons import IconSet
from vmgui.ui.style.tokens import Scheme

SchemeChoice = Literal["system", "light", "dark"]

_FONT_FILES = (
    "Inter-Regular.otf",
    "Inter-Medium.otf",
    "Inter-SemiBold.otf",
    "JetBrainsMono-Regular.ttf",
)
_NAME = "vmgui-style"


class Style(QObject):
    """Scheme and presenter factor of one application, and all that follows from them.

    ``changed`` is emitted after palette, fonts and style sheet are in force. What paints
    itself from tokens needs no more than a repaint, which Qt does on its own; listen to
    ``changed`` only to lay out again or to pass colours on to something that keeps them.
    """

    changed = Signal()

    def __init__(
        self, app: QApplication, choice: SchemeChoice = "system", factor: float = 1.0
    ) -> None:
        super().__init__(app)
        self.setObjectName(_NAME)
        self._app = app
        self._choice: SchemeChoice = choice
        self._factor = factor
        self._pictures = QTemporaryDir()
        self._system_is_dark = app.palette().color(QPalette.ColorRole.Window).lightness() < 128
        fonts = resources_dir() / "fonts"
        for name in _FONT_FILES:
            QFontDatabase.addApplicationFont(str(fonts / name))
        self._icons = IconSet(self, fonts)
        self._template = (resources_dir() / "style" / "vmgui.qss").read_text(encoding="utf-8")
        self._colors: dict[str, QColor] = {}
        self._fonts: dict[str, QFont] = {}
        app.setStyle("Fusion")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_scheme_changed)
        self._apply()

    # what is chosen

    @property
    def choice(self) -> SchemeChoice:
        """The scheme that was chosen: follow the system, or always one of the two."""
        return self._choice

    @property
    def scheme(self) -> Scheme:
        """The scheme that is drawn now."""
        if self._choice != "system":
            return self._choice
        return _system_scheme() or ("dark" if self._system_is_dark else "light")

    @property
    def factor(self) -> float:
        """The presenter factor: 1, 1.25, 1.5 or 2."""
        return self._factor

    def set_scheme(self, choice: SchemeChoice) -> None:
        """Choose a scheme, or to follow the system."""
        before = self.scheme
        self._choice = choice
        if self.scheme != before:
            self._apply()

    def set_factor(self, factor: float) -> None:
        """Choose the presenter factor; one that isn't offered is a ValueError."""
        if factor not in tokens.PRESENTER_FACTORS:
            raise ValueError(f"{factor} is not one of {tokens.PRESENTER_FACTORS}")
        if factor != self._factor:
            self._factor = factor
            self._apply()

    # what follows

    def color(self, token: str) -> QColor:
        """Return the colour of a token in the present scheme; an unknown one is a KeyError."""
        return QColor(self._colors[token])

    def font(self, role: str) -> QFont:
        """Return the font of a type role (`tokens.TYPE`) at the present scale."""
        return QFont(self._fonts[role])

    def px(self, length_px: float) -> int:
        """Return a length that grows with the presenter factor, in whole pixels."""
        return tokens.scaled_px(length_px, self._factor)

    def line(self, width_px: float) -> float:
        """Return a pen width that grows with the presenter factor."""
        return width_px * self._factor

    def icon(self, name: str, color: str = "t2") -> QIcon:
        """Return a Phosphor icon (``camera``); it follows the scheme by itself."""
        return self._icons.icon(name, color)

    def paint_icon(self, painter: QPainter, rect: QRectF, name: str, color: str = "t2") -> None:
        """Draw a Phosphor icon into a rectangle, for delegates and own painting."""
        self._icons.paint(painter, rect, name, self.color(color))

    def _apply(self) -> None:
        table = tokens.colours(self.scheme)
        self._colors = {name: QColor(value) for name, value in table.items()}
        self._fonts = {name: _font(role, self._factor) for name, role in tokens.TYPE.items()}
        self._app.setFont(self._fonts["body"])
        self._app.setPalette(_palette(self._colors))
        self._app.setStyleSheet(
            sheet.render(self._template, table, self._factor, partial(self._picture, self.scheme))
        )
        self.changed.emit()

    def _picture(self, scheme: Scheme, name: str, token: str, size_px: int) -> str:
        """Write an icon as picture files for the style sheet, and return the path.

        A style sheet takes pictures only from files. They are made from the tokens at one,
        two and three pixels a point, and Qt chooses by the screen.
        """
        base = f"{name}-{token}-{scheme}-{size_px}"
        for ratio, suffix in ((1, ""), (2, "@2x"), (3, "@3x")):
            path = self._pictures.filePath(f"{base}{suffix}.png")
            if not QDir().exists(path):
                pixmap = QPixmap(size_px * ratio, size_px * ratio)
                pixmap.fill(Qt.GlobalColor.transparent)
                painter = QPainter(pixmap)
                self.paint_icon(painter, QRectF(pixmap.rect()), name, token)
                painter.end()
                pixmap.save(path)
        return self._pictures.filePath(f"{base}.png")

    def _on_system_scheme_changed(self) -> None:
        if self._choice == "system":
            self._apply()


def install(app: QApplication, choice: SchemeChoice = "system", factor: float = 1.0) -> Style:
    """Give an application its style, once; a second call returns the first one's as it is."""
    found = app.findChild(Style, _NAME)
    return found if isinstance(found, Style) else Style(app, choice, factor)


def current() -> Style:
    """Return the style of the running application; RuntimeError before `install`."""
    app = QApplication.instance()
    if app is not None and isinstance(found := app.findChild(Style, _NAME), Style):
        return found
    raise RuntimeError("vmgui.ui.style.install(app) has not been called")


def _system_scheme() -> Scheme | None:
    """Return what the desktop asks for, or None where it doesn't say."""
    match QGuiApplication.styleHints().colorScheme():
        case Qt.ColorScheme.Dark:
            return "dark"
        case Qt.ColorScheme.Light:
            return "light"
        case _:
            return None


def _font(role: tokens.TypeRole, factor: float) -> QFont:
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
    general = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    font = QFont([tokens.MONO_FAMILY, fixed] if role.mono else [tokens.UI_FAMILY, general])
    if role.mono:
        font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPixelSize(tokens.scaled_px(role.size_px, factor))
    font.setWeight(QFont.Weight(role.weight))
    font.setFeature(QFont.Tag("tnum"), 1)
    # Ligatures would turn the "--" of a command into one dash.
    font.setFeature(QFont.Tag("calt"), 0)
    return font


def _palette(colors: dict[str, QColor]) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for one, token in {
        role.Window: "s2",
        role.Base: "sunk",
        role.AlternateBase: "s1",
        role.Button: "s3",
        role.WindowText: "t1",
        role.Text: "t1",
        role.ButtonText: "t1",
        role.BrightText: "onacc",
        role.PlaceholderText: "t3",
        role.Highlight: "accsoft",
        role.HighlightedText: "t1",
        role.Link: "acc",
        role.LinkVisited: "acc",
        role.Accent: "accfill",
        role.ToolTipBase: "s3",
        role.ToolTipText: "t1",
        role.Light: "line2",
        role.Midlight: "line",
        role.Mid: "line",
        role.Dark: "s0",
        role.Shadow: "s0",
    }.items():
        palette.setColor(one, colors[token])
    for one in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, one, colors["dis"])
    palette.setColor(QPalette.ColorGroup.Inactive, role.Highlight, colors["s3"])
    return palette
