"""The ends of the menu bar: the mark; the palette's field, presenting, light or dark."""

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QToolButton, QWidget

from vmgui.places import resources_dir
from vmgui.settings import PRESENTER_FACTOR, SCHEME, Settings
from vmgui.ui.style import SchemeChoice, Style
from vmgui.ui.style.tokens import RADIUS_CHIP, RADIUS_CONTROL

_FIELD_PX, _KEY_PX, _LOGO_PX = 330, 48, 18
_HINT = "Find a machine, or run an action"


def chosen_scheme(settings: Settings) -> SchemeChoice:
    """Return the scheme that a person chose, or to follow the system."""
    match settings.get(SCHEME):
        case "light":
            return "light"
        case "dark":
            return "dark"
        case _:
            return "system"


class Logo(QWidget):
    """The mark of the program at the left end of the menu bar."""

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._style = style
        self._icon = QIcon(str(resources_dir() / "icons" / "vmgui.svg"))
        style.changed.connect(self.updateGeometry)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(self._style.px(_LOGO_PX) + 14, self._style.px(_LOGO_PX) + 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        side = self._style.px(_LOGO_PX)
        box = QRect(10, (self.height() - side) // 2, side, side)
        self._icon.paint(QPainter(self), box)


class PaletteField(QAbstractButton):
    """Looks like a field and opens the palette, which is where one types."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._style = style
        self.setObjectName("open-palette")
        self.setAccessibleName(_HINT)
        self.setToolTip(f"{_HINT} (Ctrl+K)")
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(self._style.px(_FIELD_PX), self._style.px(24))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._style.px(120), self._style.px(24))

    def paintEvent(self, event: QPaintEvent) -> None:
        style = self._style
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.hasFocus()
        painter.setPen(QPen(style.color("acc" if lit else "line2"), 2 if lit else 1))
        painter.setBrush(style.color("s3" if self.underMouse() else "s1"))
        edge = self.rect().adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(edge, RADIUS_CONTROL, RADIUS_CONTROL)
        side = style.px(16)
        middle = self.rect().center().y() + 1
        icon = QRect(8, middle - side // 2, side, side)
        style.paint_icon(painter, icon.toRectF(), "magnifying-glass", "t3")
        key = QRect(
            self.width() - style.px(_KEY_PX) - 5, middle - side // 2, style.px(_KEY_PX), side
        )
        painter.setPen(style.color("t3"))
        painter.setFont(style.font("table"))
        words = self.rect().adjusted(side + 14, 0, -key.width() - 10, 0)
        text = painter.fontMetrics().elidedText(_HINT, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.setFont(style.font("axis"))
        painter.drawText(key, int(Qt.AlignmentFlag.AlignCenter), "Ctrl K")
        painter.setPen(QPen(style.color("line2"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(key, RADIUS_CHIP, RADIUS_CHIP)


class Corner(QWidget):
    """What stands at the right of the menu bar; ``palette_wanted`` asks for the palette."""

    palette_wanted = Signal()

    def __init__(self, settings: Settings, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("corner")
        self._settings = settings
        self._style = style
        field = PaletteField(style)
        field.clicked.connect(self.palette_wanted)
        self._present = QToolButton()
        self._present.setObjectName("present")
        self._present.setText(" Present")
        self._present.setAccessibleName("Present")
        self._present.setProperty("role", "flat")
        self._present.setCheckable(True)
        self._present.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._present.setIcon(style.icon("projector-screen", "t2"))
        self._present.setToolTip("Larger type and rows, for a projector (Ctrl+Shift+P)")
        self._present.clicked.connect(lambda _on: self.toggle_present())
        self._scheme = QToolButton()
        self._scheme.setObjectName("scheme")
        self._scheme.setProperty("role", "flat")
        self._scheme.clicked.connect(lambda _on: self.toggle_scheme())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 3, 8, 3)
        layout.setSpacing(6)
        for part in (field, self._present, self._scheme):
            layout.addWidget(part)
        style.changed.connect(self._show)
        self._show()

    def toggle_present(self) -> None:
        """Present, or stop presenting."""
        on = self._style.factor == 1.0
        self._style.set_factor(self._settings.get(PRESENTER_FACTOR) if on else 1.0)

    def toggle_scheme(self) -> None:
        """Go from light to dark or back, and keep it."""
        self._settings.set(SCHEME, "light" if self._style.scheme == "dark" else "dark")

    def _show(self) -> None:
        dark = self._style.scheme == "dark"
        word = "Light colours" if dark else "Dark colours"
        self._scheme.setIcon(self._style.icon("moon" if dark else "sun", "t2"))
        self._scheme.setToolTip(word)
        self._scheme.setAccessibleName(word)
        self._present.setChecked(self._style.factor != 1.0)
