"""The keys of the window, in a dialog."""

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QWidget

from vmgui.ui.dialogs.dialog import Dialog
from vmgui.ui.widgets.text import plain_label

_NOT_IN_MENUS = (
    ("Ctrl+1 … 9", "Tabs of the page"),
    ("↓", "From the query into the tree"),
    ("Enter", "Open the row; tell the story of a line in the journal"),
    ("Menu", "What can be done with the selected machines"),
    ("Ctrl+C", "Copy the virsh lines of the selected journal lines"),
    ("Esc", "Close what lies on top; it never cancels a job"),
)
_ROWS = 12


class KeysDialog(Dialog):
    """Lists keys and what they do."""

    def __init__(self, keys: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__("keys-dialog", "Keys", parent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        for number, (key, words) in enumerate((*keys, *_NOT_IN_MENUS)):
            row, column = number % _ROWS, number // _ROWS * 2
            grid.addWidget(plain_label(key, "mono", "t2"), row, column)
            grid.addWidget(plain_label(words), row, column + 1)
        self.body.addLayout(grid)
        self.add_button("keys-close", "Close", self.accept).setFocus()
