"""A command in the fixed font, with a button that copies it."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from vmgui.ui.style import current
from vmgui.ui.widgets.elided import ElidedLabel

_SAID_MS = 1500


class CommandLine(QWidget):
    """The virsh line of an action. What is cut for room is copied whole."""

    def __init__(self, command: str = "", tone: str = "t2", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._text = ElidedLabel("", "mono", tone, selectable=True, parent=self)
        self._copy = QToolButton(self)
        self._copy.setProperty("role", "flat")
        self._copy.setObjectName("copy-command")
        self._copy.setAccessibleName("Copy command")
        self._copy.setToolTip("Copy command")
        self._copy.setCursor(Qt.CursorShape.PointingHandCursor)
        self._copy.clicked.connect(self.copy)
        self._done = QTimer(self)
        self._done.setSingleShot(True)
        self._done.setInterval(_SAID_MS)
        self._done.timeout.connect(self._show_copy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._text)
        row.addWidget(self._copy)
        row.addStretch(1)
        self._show_copy()
        self.set_command(command)

    @property
    def command(self) -> str:
        """The whole command."""
        return self._text.full_text

    def set_command(self, command: str) -> None:
        """Show another command."""
        self._text.setText(command)
        self._copy.setVisible(bool(command))

    def copy(self) -> None:
        """Put the whole command on the clipboard, and say so for a moment."""
        QGuiApplication.clipboard().setText(self.command)
        self._copy.setIcon(current().icon("check", "ok"))
        self._done.start()

    def _show_copy(self) -> None:
        self._copy.setIcon(current().icon("copy-simple", "t3"))
