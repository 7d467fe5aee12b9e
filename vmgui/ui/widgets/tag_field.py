"""A line for tags, with those that exist offered."""

from collections.abc import Iterable

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QCompleter, QLineEdit


class TagField(QLineEdit):
    """Tags in a line, separated by commas, with those that exist offered."""

    def __init__(self, tags: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(", ".join(tags))
        self._model = QStringListModel(sorted(set(known), key=str.casefold), self)
        completer = QCompleter(self._model, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setWidget(self)
        completer.activated.connect(self._complete)
        self._completer = completer
        self.textEdited.connect(self._on_edited)

    def tags(self) -> tuple[str, ...]:
        """Return the tags, each once, without space around them."""
        return tuple(dict.fromkeys(filter(None, map(str.strip, self.text().split(",")))))

    def _on_edited(self) -> None:
        word = self.text()[: self.cursorPosition()].rpartition(",")[2].strip()
        self._completer.setCompletionPrefix(word)
        offers = self._completer.completionCount() and self._completer.currentCompletion() != word
        if word and offers:
            self._completer.complete()
        elif (popup := self._completer.popup()) is not None:
            popup.hide()

    def _complete(self, tag: str) -> None:
        before, comma, _word = self.text()[: self.cursorPosition()].rpartition(",")
        after = self.text()[self.cursorPosition() :].lstrip()
        begin = f"{before}{comma} " if comma else ""
        self.setText(f"{begin}{tag}{after if after.startswith(',') or not after else ', ' + after}")
