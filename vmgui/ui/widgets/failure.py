"""A failed action: what happened, why, what is now, what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from vmgui.ui.style import current
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import literal, plain_label


@dataclass(frozen=True, slots=True)
class Failure:
    """What is told: our words, and libvirt's own text for those who look it up."""

    what: str
    why: str
    state_now: str
    libvirt_text: str = ""
    command: str = ""

    def report(self) -> str:
        """Return all of it as plain text, to paste into a message."""
        lines = [self.what, f"Why: {self.why}", f"State now: {self.state_now}"]
        if self.command:
            lines.append(f"Command: {self.command}")
        if self.libvirt_text:
            lines.append(f"libvirt: {self.libvirt_text}")
        return "\n".join(lines)


class FailurePanel(QFrame):
    """Shows a `Failure` with its buttons; libvirt's text is folded below.

    ``clicked`` carries the key of a button that was given; copying and folding are its own.
    """

    clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "failure")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._failure = Failure("", "", "")
        self._what = plain_label("", "card", wrap=True, selectable=True)
        self._why = plain_label("", "table", wrap=True, selectable=True)
        self._now = plain_label("", "table", wrap=True, selectable=True)
        self._given: list[QPushButton] = []
        self._fold = self._flat("libvirt's text", "failure-fold", "caret-right")
        self._fold.setCheckable(True)
        self._fold.toggled.connect(self._on_folded)
        self._copy = self._flat("Copy report", "failure-copy", "copy-simple")
        self._copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self._failure.report())
        )
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(6)
        self._buttons.addWidget(self._fold)
        self._buttons.addWidget(self._copy)
        self._buttons.addStretch(1)

        self._text = plain_label("", "mono", "t2", wrap=True, selectable=True)
        self._below = QFrame()
        self._below.setProperty("role", "failure-text")
        self._below.setVisible(False)
        below = QVBoxLayout(self._below)
        below.setContentsMargins(40, 8, 12, 8)
        below.addWidget(self._text)

        grid = QGridLayout()
        grid.setContentsMargins(12, 8, 12, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(2, 1)
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(IconMark("x-circle", "dang", 20), 0, 0, top)
        grid.addWidget(self._what, 0, 1, 1, 2)
        grid.addWidget(plain_label("Why", "table", "t3"), 1, 1, top)
        grid.addWidget(self._why, 1, 2)
        grid.addWidget(plain_label("State now", "table", "t3"), 2, 1, top)
        grid.addWidget(self._now, 2, 2)
        grid.setRowMinimumHeight(3, 6)
        grid.addLayout(self._buttons, 4, 1, 1, 2)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(grid)
        box.addWidget(self._below)

    def show_failure(self, failure: Failure, buttons: Sequence[tuple[str, str]] = ()) -> None:
        """Tell a failure; ``buttons`` are pairs of a key and a title, the best way out first."""
        self._failure = failure
        self._what.setText(failure.what)
        self._why.setText(failure.why)
        self._now.setText(failure.state_now)
        self._text.setText(failure.libvirt_text)
        self.setAccessibleName(failure.what)
        self.setAccessibleDescription(f"{failure.why} {failure.state_now}")
        self._fold.setVisible(bool(failure.libvirt_text))
        self._fold.setChecked(False)
        for old in self._given:
            self._buttons.removeWidget(old)
            old.deleteLater()
        self._given = []
        for index, (key, title) in enumerate(buttons):
            button = QPushButton(literal(title))
            button.setProperty("compact", True)
            button.setObjectName(f"failure-{key}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, key=key: self.clicked.emit(key))
            self._buttons.insertWidget(index, button)
            self._given.append(button)

    def _on_folded(self, shown: bool) -> None:
        self._below.setVisible(shown)
        self._fold.setIcon(current().icon("caret-down" if shown else "caret-right", "t2"))

    def _flat(self, title: str, name: str, icon: str) -> QPushButton:
        button = QPushButton(title)
        button.setProperty("role", "flat")
        button.setProperty("compact", True)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.setIcon(current().icon(icon, "t2"))
        return button
