"""Commands as a script: to read, to copy, to keep."""

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from vmgui.insight.amounts import counted
from vmgui.ui.dialogs.dialog import Dialog
from vmgui.ui.style import current


class ScriptDialog(Dialog):
    """Shows lines that do the same in a shell."""

    def __init__(self, title: str, lines: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__("script-dialog", title, parent)
        self.setMinimumWidth(current().px(760))
        self._script = "\n".join(("#!/bin/sh", "set -e", *lines, ""))
        text = QPlainTextEdit(self._script)
        text.setObjectName("script-text")
        text.setAccessibleName(f"Script of {counted(len(lines), 'command')}")
        text.setProperty("role", "mono")
        text.setReadOnly(True)
        text.setTabChangesFocus(True)
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setMinimumHeight(current().px(360))
        self.body.addWidget(text, 1)
        self.add_button("script-copy", "Copy script", self._copy)
        close = self.add_button("script-close", "Close", self.accept, "primary")
        close.setDefault(True)
        close.setFocus()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._script)
