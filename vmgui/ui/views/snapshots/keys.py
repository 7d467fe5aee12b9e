"""The letters that act on the chosen snapshot, wherever on the tab the focus is."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

TAKE, REVERT, DELETE = "take", "revert", "delete"
CLONE, PREVIEW, HERE_KEY = "clone", "preview", "here"

_KEYS: Mapping[int, str] = {
    int(Qt.Key.Key_S): TAKE,
    int(Qt.Key.Key_R): REVERT,
    int(Qt.Key.Key_Delete): DELETE,
    int(Qt.Key.Key_C): CLONE,
    int(Qt.Key.Key_P): PREVIEW,
    int(Qt.Key.Key_Home): HERE_KEY,
}


IN_WORDS = (
    ("S", "Take a snapshot"),
    ("R", "Go back to the chosen one"),
    ("Del", "Delete the chosen one"),
    ("C", "Clone from the chosen one"),
    ("P", "Show what deleting or going back would do"),
    ("← →", "Along the line"),
    ("↑ ↓", "Between branches"),
    ("Home", "Where the machine is now"),
    ("+ − 0", "Zoom in, out, show all"),
)
"""The keys of the tab, with those that the timeline takes by itself, for the list of keys."""


class SnapshotKeys(QObject):
    """Filters the keys of the widgets that it watches; ``pressed`` says what is meant.

    It takes them before the window's shortcuts do: there, Delete means the machine.
    """

    pressed = Signal(str)

    def watch(self, *widgets: QWidget) -> None:
        """Filter these widgets' keys."""
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if event.type() not in kinds or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        meant = _KEYS.get(event.key()) if plain else None
        if meant is None:
            return super().eventFilter(watched, event)
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            self.pressed.emit(meant)
        return True
