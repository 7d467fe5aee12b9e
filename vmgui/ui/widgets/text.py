"""Text that came from elsewhere, shown as it is: never markup, never a mnemonic, one line."""

import re
import textwrap
from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

_TOOLTIP_COLUMNS = 90
_PIECE = 20
_LONG_WORD = re.compile(rf"\S{{{2 * _PIECE},}}")
_CONTROL = dict.fromkeys((*range(32), 0x7F, 0x85, 0x2028, 0x2029), " ")


def one_line(text: str) -> str:
    """Return a text with line breaks and other control characters as spaces."""
    return text.translate(_CONTROL)


def literal(text: str) -> str:
    """Return a text for a button, tab or menu entry, where Qt would eat an ampersand."""
    return one_line(text).replace("&", "&&")


def plain_tooltip(text: str) -> str:
    """Return a text for a tool tip, broken into lines that fit a screen.

    The style sheet makes every tool tip plain text, so nothing is escaped here.
    """
    return "\n".join(
        line  # most are: filling takes its time, and there may be hundreds of tool tips
        if len(line) <= _TOOLTIP_COLUMNS
        else textwrap.fill(line, _TOOLTIP_COLUMNS, replace_whitespace=False)
        for line in text.split("\n")
    )


def breakable(text: str) -> str:
    """Return a text in which a line may break within a word that is longer than a line."""
    return _LONG_WORD.sub(lambda found: "\u200b".join(_pieces(found[0])), text)


def _pieces(word: str) -> Iterator[str]:
    return (word[at : at + _PIECE] for at in range(0, len(word), _PIECE))


def set_look(widget: QWidget, **properties: str) -> None:
    """Set what the style sheet asks for (role, type, tone …) on a living widget."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def plain_label(
    text: str = "",
    role: str = "body",
    tone: str = "t1",
    *,
    wrap: bool = False,
    selectable: bool = False,
) -> QLabel:
    """Make a label of plain text in a type role and a text token of the style."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("type", role)
    label.setProperty("tone", tone)
    label.setText(text)
    if wrap:
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if selectable:
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return label
