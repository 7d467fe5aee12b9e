"""What all dialogs share: a heading, a body, a row of buttons, and an eye on what they are about.

Dialogs are shown by `open()` and never by `exec()`, which would stop the loop's tasks. Escape
closes each of them and does nothing else.
"""

from collections.abc import Callable, Collection

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from vmgui.inventory.changes import Change
from vmgui.inventory.key import Key
from vmgui.ui.bridge import Bridge
from vmgui.ui.style import current
from vmgui.ui.widgets.text import breakable, literal, one_line, plain_label

MARGIN_PX = 16
GAP_PX = 12


class Dialog(QDialog):
    """A dialog with a heading. ``body`` takes the content, `add_button` fills the last row.

    It is at least ``width_px`` wide, at scale 1.
    """

    def __init__(
        self, name: str, title: str, parent: QWidget | None = None, *, width_px: int = 460
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(one_line(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        # In the layout, since its size constraint overrides the widget's own minimum.
        column.addStrut(current().px(width_px) - 2 * MARGIN_PX)
        column.setSpacing(GAP_PX)
        self.heading = plain_label(breakable(one_line(title)), "section", wrap=True)
        self.heading.setAccessibleName(one_line(title))
        column.addWidget(self.heading)
        self.gone = plain_label("", "body", "warn", wrap=True)
        self.gone.setObjectName(f"{name}-gone")
        self.gone.hide()
        column.addWidget(self.gone)
        self.body = QVBoxLayout()
        self.body.setSpacing(GAP_PX)
        column.addLayout(self.body, 1)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(6)
        self._buttons.addStretch(1)
        column.addLayout(self._buttons)

    def add_button(
        self, name: str, text: str, on_click: Callable[[], object], role: str = ""
    ) -> QPushButton:
        """Add a button at the right; ``role`` is primary, danger or none."""
        button = QPushButton(literal(text))
        button.setObjectName(name)
        button.setAutoDefault(False)
        if role:
            button.setProperty("role", role)
        button.clicked.connect(on_click)
        self._buttons.addWidget(button)
        return button

    def watch(
        self, bridge: Bridge, keys: Collection[Key], on_gone: Callable[[frozenset[Key]], None]
    ) -> None:
        """Call ``on_gone`` with those of ``keys`` that vanish while the dialog is open."""
        watched = frozenset(keys)

        def look(change: Change) -> None:
            gone = watched.intersection(change.removed)
            if gone:
                on_gone(frozenset(gone))

        bridge.inventory_changed.connect(look)
        self.finished.connect(lambda: bridge.inventory_changed.disconnect(look))

    def say_gone(self, text: str) -> None:
        """Say that what the dialog is about is not there any more."""
        self.gone.setText(breakable(text))
        self.gone.setAccessibleName(text)
        self.gone.setVisible(bool(text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Ctrl+Enter for Enter, as a field of several lines needs it."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            default = next((b for b in self.findChildren(QPushButton) if b.isDefault()), None)
            if default is not None:
                default.click()
            return
        super().keyPressEvent(event)


def command_label(name: str) -> QLabel:
    """Make the label of virsh lines: mono, selectable, wrapped."""
    label = plain_label("", "mono", "t2", wrap=True, selectable=True)
    label.setObjectName(name)
    label.setAccessibleName("Equivalent command")
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
    return label


def field_row(label: str, field: QWidget, hint: QLabel | None = None) -> QVBoxLayout:
    """Return a field with its label above and a hint or a reason below."""
    column = QVBoxLayout()
    column.setSpacing(4)
    caption = plain_label(label, "table", "t2")
    caption.setBuddy(field)
    field.setAccessibleName(label)
    column.addWidget(caption)
    column.addWidget(field)
    if hint is not None:
        column.addWidget(hint)
    return column


def reason_label(name: str) -> QLabel:
    """Make the label that says why a field doesn't do; hidden while it is empty."""
    label = plain_label("", "table", "dang", wrap=True)
    label.setObjectName(name)
    label.hide()
    return label


def show_reason(label: QLabel, field: QWidget, why: str) -> None:
    """Say why a field doesn't do, and mark it; an empty reason takes both back."""
    label.setText(why)
    label.setVisible(bool(why))
    if field.property("invalid") != ("true" if why else "false"):
        field.setProperty("invalid", "true" if why else "false")
        field.style().unpolish(field)
        field.style().polish(field)
    field.setAccessibleDescription(why)
