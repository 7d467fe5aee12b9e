"""A few choices in one frame, one of them chosen: the ranges of a graph, a filter."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from vmgui.ui.widgets.text import literal, plain_tooltip, set_look


class Segmented(QFrame):
    """Buttons that exclude each other. One Tab stop; the arrows choose.

    ``chosen`` carries the key of what a person chose, not of what `choose` set.
    """

    chosen = Signal(str)

    def __init__(
        self, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None
    ) -> None:
        """Make buttons from (key, title) pairs; ``name`` says what is chosen, for a reader."""
        super().__init__(parent)
        self.setProperty("role", "segmented")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._keys = [key for key, _ in choices]
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        for index, (key, title) in enumerate(choices):
            button = _Segment(self)
            button.setText(literal(title))
            button.setAccessibleName(f"{name}: {title}")
            button.setObjectName(f"segment-{key}")
            button.setProperty("first", "true" if index == 0 else "false")
            button.setProperty("last", "true" if index == len(choices) - 1 else "false")
            self._group.addButton(button, index)
            row.addWidget(button)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(lambda index: self.chosen.emit(self._keys[index]))
        self._keep_one_stop()
        self._group.idToggled.connect(lambda *_: self._keep_one_stop())

    @property
    def key(self) -> str:
        """The key of the choice in force."""
        return self._keys[self._group.checkedId()]

    def choose(self, key: str) -> None:
        """Show a choice as made; a key that isn't offered is a ValueError."""
        self._group.button(self._keys.index(key)).setChecked(True)

    def set_title(self, key: str, title: str, tone: str = "") -> None:
        """Give a choice another title; ``tone`` "dang" is for one that destroys."""
        button = self._group.button(self._keys.index(key))
        button.setText(literal(title))
        button.setAccessibleName(f"{self.accessibleName()}: {title}")
        if button.property("tone") != tone:
            set_look(button, tone=tone)

    def set_offered(self, key: str, offered: bool, why_not: str = "") -> None:
        """Offer a choice, or not, for a reason; the first one is in force where the chosen goes."""
        button = self._group.button(self._keys.index(key))
        button.setEnabled(offered)
        why = "" if offered else why_not
        button.setToolTip(plain_tooltip(why))
        button.setAccessibleDescription(why)
        if not offered and button.isChecked():
            self._group.button(0).setChecked(True)

    def is_offered(self, key: str) -> bool:
        """Tell whether a choice can be made now."""
        return self._group.button(self._keys.index(key)).isEnabled()

    def step(self, by: int) -> None:
        """Choose the neighbour so many places on, as the arrow keys do."""
        index = self._group.checkedId() + by
        if 0 <= index < len(self._keys):
            button = self._group.button(index)
            button.setFocus(Qt.FocusReason.OtherFocusReason)
            button.click()

    def _keep_one_stop(self) -> None:
        for button in self._group.buttons():
            button.setFocusPolicy(
                Qt.FocusPolicy.StrongFocus if button.isChecked() else Qt.FocusPolicy.ClickFocus
            )


class _Segment(QToolButton):
    def __init__(self, owner: Segmented) -> None:
        super().__init__(owner)
        self._owner = owner
        self.setCheckable(True)
        self.setProperty("role", "segment")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Up:
                self._owner.step(-1)
            case Qt.Key.Key_Right | Qt.Key.Key_Down:
                self._owner.step(1)
            case _:
                super().keyPressEvent(event)
