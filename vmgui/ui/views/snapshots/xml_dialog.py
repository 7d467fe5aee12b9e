"""XML to read and to copy."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from vmgui.ui.dialogs.dialog import Dialog
from vmgui.ui.style import current


class XmlDialog(Dialog):
    """Shows XML as libvirt gave it; nothing can be changed."""

    def __init__(self, title: str, xml: str, parent: QWidget | None = None) -> None:
        super().__init__("xml-dialog", title, parent)
        self._text = QPlainTextEdit(self)
        self._text.setObjectName("xml-text")
        self._text.setProperty("role", "mono")
        self._text.setReadOnly(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setPlainText(xml)
        self._text.setMinimumSize(current().px(640), current().px(420))
        self.body.addWidget(self._text, 1)
        self.add_button("xml-copy", "Copy", lambda: QGuiApplication.clipboard().setText(xml))
        close = self.add_button("xml-close", "Close", self.reject, "primary")
        close.setDefault(True)
        close.setFocus()
