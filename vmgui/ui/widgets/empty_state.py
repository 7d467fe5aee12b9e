"""What stands where there is nothing yet: what belongs here, why, and the one action."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vmgui.ui.style import current
from vmgui.ui.style.tokens import ICON_EMPTY_PX
from vmgui.ui.widgets.command_line import CommandLine
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import literal, plain_label

_WIDEST_PX = 360


class EmptyState(QWidget):
    """Icon, a line, a sentence, one button and its command, in the middle of the room."""

    clicked = Signal()

    def __init__(
        self,
        icon: str,
        title: str,
        sentence: str,
        *,
        action: str = "",
        action_icon: str = "",
        command: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = plain_label(title, "section")
        self.sentence = plain_label(sentence, "body", "t2", wrap=True)
        self.button = QPushButton(literal(action))
        self.button.setProperty("role", "primary")
        self.button.setObjectName("empty-action")
        if action_icon:
            self.button.setIcon(current().icon(action_icon, "onacc"))
        self.button.clicked.connect(self.clicked)
        self.button.setVisible(bool(action))
        self._command = CommandLine(command, "t3")
        self._command.setVisible(bool(command))
        for label in (self.title, self.sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._limit_width()
        current().changed.connect(self._limit_width)
        around = QHBoxLayout()
        around.addStretch(1)
        around.addWidget(self.sentence, 8)
        around.addStretch(1)
        middle = Qt.AlignmentFlag.AlignHCenter
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.setSpacing(8)
        box.addStretch(1)
        box.addWidget(IconMark(icon, "t3", ICON_EMPTY_PX), 0, middle)
        box.addWidget(self.title)
        box.addLayout(around)
        box.addSpacing(4)
        box.addWidget(self.button, 0, middle)
        box.addSpacing(8)
        box.addWidget(self._command, 0, middle)
        box.addStretch(1)

    def offer(self, offered: bool, command: str = "") -> None:
        """Offer the action, or not, with its command as it is now."""
        self.button.setVisible(offered)
        self._command.set_command(command)
        self._command.setVisible(offered and bool(command))

    def _limit_width(self) -> None:
        self.sentence.setMaximumWidth(current().px(_WIDEST_PX))
