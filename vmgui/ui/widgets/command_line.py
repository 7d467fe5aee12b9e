"""A command in the fixed font, with a button that copies it."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from vmgui.ui.style import current
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.text import breakable, one_line, plain_label, plain_tooltip

_SAID_MS = 1500
_LONGEST = 110
"""Characters of a command that wraps: more would take the room of what it belongs to."""


class CommandLine(QWidget):
    """The virsh line of an action. What is cut for room is copied whole.

    One that ``wraps`` takes several lines where the room is narrow, and is cut only if it is long.
    """

    def __init__(
        self,
        command: str = "",
        tone: str = "t2",
        parent: QWidget | None = None,
        *,
        wraps: bool = False,
    ) -> None:
        super().__init__(parent)
        self._wraps = wraps
        self._command = ""
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred, policy.Minimum if wraps else policy.Fixed)
        self._text: QLabel = (
            plain_label("", "mono", tone, wrap=True)
            if wraps
            else ElidedLabel("", "mono", tone, selectable=True, parent=self)
        )
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
        row.addWidget(self._text, 1 if wraps else 0)
        row.addWidget(self._copy)
        if not wraps:
            row.addStretch(1)
        self._show_copy()
        self.set_command(command)

    @property
    def command(self) -> str:
        """The whole command."""
        return self._command

    def set_command(self, command: str) -> None:
        """Show another command."""
        self._command = command
        self._text.setText(_in_short(command) if self._wraps else command)
        if self._wraps:
            self._text.setToolTip(plain_tooltip(command))
        self._copy.setVisible(bool(command))

    def copy(self) -> None:
        """Put the whole command on the clipboard, and say so for a moment."""
        QGuiApplication.clipboard().setText(self.command)
        self._copy.setIcon(current().icon("check", "ok"))
        self._done.start()

    def _show_copy(self) -> None:
        self._copy.setIcon(current().icon("copy-simple", "t3"))


def _in_short(command: str) -> str:
    """Return a command that may wrap anywhere, without its middle where it is long."""
    command = one_line(command)
    if len(command) > _LONGEST:
        half = _LONGEST // 2
        command = f"{command[:half]}…{command[-half:]}"
    return breakable(command)
