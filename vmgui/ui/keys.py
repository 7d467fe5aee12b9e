"""The keys of the window, in a dialog."""

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from vmgui.ui.dialogs.dialog import Dialog
from vmgui.ui.views.clone.page import KEYS_IN_WORDS as CLONE_KEYS
from vmgui.ui.views.snapshots.keys import IN_WORDS as SNAPSHOT_KEYS
from vmgui.ui.widgets.text import plain_label

_NOT_IN_MENUS = (
    ("Ctrl+1 … 9", "Tabs of the page"),
    ("↓", "From the query into the tree"),
    ("Enter", "Open the row; tell the story of a line in the journal"),
    ("Menu", "What can be done with the selected machines"),
    ("Ctrl+C", "Copy the virsh lines of the selected journal lines"),
    ("Ctrl+Enter", "In a dialog: what its default button does"),
    ("Esc", "Close what lies on top; it never cancels a job"),
)
_ROWS = 11

Keys = Sequence[tuple[str, str]]


class KeysDialog(Dialog):
    """Lists keys and what they do: those of the whole window, then those of some pages."""

    def __init__(self, keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__("keys-dialog", "Keys", parent)
        self.body.addLayout(_grid((*keys, *_NOT_IN_MENUS), _ROWS))
        pages = QHBoxLayout()
        pages.setSpacing(40)
        for title, own in (
            ("On a machine's snapshots", SNAPSHOT_KEYS),
            ("While cloning", CLONE_KEYS),
        ):
            column = QVBoxLayout()
            column.setSpacing(8)
            column.addWidget(plain_label(title, "card"))
            column.addLayout(_grid(own, len(own)))
            column.addStretch(1)
            pages.addLayout(column)
        pages.addStretch(1)
        self.body.addLayout(pages)
        self.add_button("keys-close", "Close", self.accept).setFocus()


def _grid(keys: Keys, rows: int) -> QGridLayout:
    """Return keys beside their words, in columns of so many rows."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(6)
    for number, (key, words) in enumerate(keys):
        row, column = number % rows, number // rows * 2
        grid.addWidget(plain_label(key, "mono", "t2"), row, column)
        grid.addWidget(plain_label(words), row, column + 1)
    return grid
