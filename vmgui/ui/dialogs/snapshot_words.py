"""What a snapshot is called and said to be, and its XML in a file."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from vmgui.actions.virsh import by_name
from vmgui.insight.snapshot_names import name_refusal
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot
from vmgui.ui.dialogs.dialog import (
    Dialog,
    command_label,
    field_row,
    reason_label,
    show_reason,
)
from vmgui.ui.dialogs.edit import TextField
from vmgui.ui.dialogs.planned import Deed
from vmgui.ui.widgets.text import plain_label


class _WordsDialog(Dialog):
    """What both have: the virsh line of what is filled in, and an eye on the snapshot."""

    def __init__(self, name: str, title: str, act: str, deed: Deed, parent: QWidget | None) -> None:
        super().__init__(name, title, parent)
        self.deed = deed
        self._why = reason_label(f"{name}-reason")
        self._command = command_label(f"{name}-command")
        self.add_button(f"{name}-cancel", "Cancel", self.reject)
        self._act = self.add_button(f"{name}-act", act, self._on_act, "primary")
        self._act.setDefault(True)
        self.watch(deed.bridge, (deed.record.key, deed.machine), self._on_gone)
        deed.bridge.inventory_changed.connect(self.refresh)
        self.finished.connect(lambda: deed.bridge.inventory_changed.disconnect(self.refresh))

    def arguments(self) -> dict[str, object]:
        """Return what is filled in, where it is another."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Show what holds now."""
        raise NotImplementedError

    def _show(self, field: QWidget, why: str) -> None:
        values = self.arguments()
        host = self.deed.inventory.host(self.deed.record.key.host)
        if self.gone.isHidden():
            why = why or self.deed.refusal()
        show_reason(self._why, field, why)
        self._act.setEnabled(bool(values) and not why and self.gone.isHidden())
        lines: tuple[str, ...] = ()
        if values and not why and host is not None:
            lines = self.deed.action.virsh(self.deed.record, host, **values)
            if (domain := self.deed.inventory.domain(self.deed.machine)) is not None:
                lines = tuple(by_name(line, domain) for line in lines)
        self._command.setText("\n".join(lines))

    def _on_act(self) -> None:
        values = self.arguments()
        self.accept()
        self.deed.run(values, None)

    def _on_gone(self, _keys: frozenset[Key]) -> None:
        self.say_gone(f"{self.deed.name} is not there any more.")
        self.refresh()


class RenameSnapshotDialog(_WordsDialog):
    """Another name for a snapshot."""

    def __init__(
        self, deed: Deed, given: Mapping[str, object], parent: QWidget | None = None
    ) -> None:
        super().__init__("rename-snapshot-dialog", f"Rename {deed.name}", "Rename", deed, parent)
        snapshot = deed.record
        assert isinstance(snapshot, Snapshot)
        self.name = QLineEdit(str(given.get("new_name", snapshot.name)))
        self.name.setObjectName("rename-snapshot-name")
        self.body.addLayout(field_row("New name", self.name, self._why))
        self.body.addWidget(plain_label(deed.action.help, "table", "t3", wrap=True))
        self.body.addWidget(self._command)
        self.body.addStretch(1)
        self.name.textChanged.connect(self.refresh)
        self.refresh()
        self.name.selectAll()
        self.name.setFocus()

    def arguments(self) -> dict[str, object]:
        """Return the new name, nothing where it is the old one."""
        name = self.name.text().strip()
        snapshot = self.deed.record
        assert isinstance(snapshot, Snapshot)
        return {"new_name": name} if name and name != snapshot.name else {}

    def refresh(self) -> None:
        """Say why a name doesn't do, or which line gives it."""
        self._show(self.name, self._fault())

    def _fault(self) -> str:
        snapshot = self.deed.record
        assert isinstance(snapshot, Snapshot)
        others = (
            each.name
            for each in self.deed.inventory.of(Snapshot, snapshot.key.host)
            if each.domain == snapshot.domain and each.key != snapshot.key
        )
        return name_refusal(self.name.text().strip(), others)


class DescribeSnapshotDialog(_WordsDialog):
    """What a snapshot is for, in any number of lines."""

    def __init__(
        self, deed: Deed, given: Mapping[str, object], parent: QWidget | None = None
    ) -> None:
        super().__init__("describe-snapshot-dialog", f"Describe {deed.name}", "Save", deed, parent)
        snapshot = deed.record
        assert isinstance(snapshot, Snapshot)
        self.description = TextField(str(given.get("description", snapshot.description)))
        self.description.setObjectName("describe-snapshot-text")
        self.body.addLayout(field_row("Description", self.description, self._why))
        self.body.addWidget(self._command)
        self.body.addStretch(1)
        self.description.textChanged.connect(self.refresh)
        self.refresh()
        self.description.setFocus()

    def arguments(self) -> dict[str, object]:
        """Return the description, nothing where it is the old one."""
        text, snapshot = self.description.toPlainText().strip(), self.deed.record
        assert isinstance(snapshot, Snapshot)
        return {"description": text} if text != snapshot.description else {}

    def refresh(self) -> None:
        """Show the line that keeps what is filled in."""
        self._show(self.description, "")


def export_dialog(deed: Deed, parent: QWidget) -> QFileDialog:
    """Return the dialog that asks for the file that takes a snapshot's XML."""
    dialog = QFileDialog(parent, f"Save the XML of {deed.name}")
    dialog.setObjectName("export-snapshot-dialog")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(["XML (*.xml)", "All files (*)"])
    dialog.setDefaultSuffix("xml")
    safe = "".join(each if each.isalnum() or each in "-_. " else "_" for each in deed.name)
    dialog.selectFile(f"{safe.strip('. ') or 'snapshot'}.xml")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda path: deed.run({"path": path}, None))
    return dialog
