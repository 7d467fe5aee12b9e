"""What a machine is called and said to be: title, description, tags and name."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from vmgui.actions.registry import Registry
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.dialog import (
    Dialog,
    command_label,
    field_row,
    reason_label,
    show_reason,
)
from vmgui.ui.style import current
from vmgui.ui.widgets.tag_field import TagField
from vmgui.ui.widgets.text import one_line, plain_label

Run = Callable[[Mapping[str, object]], object]
"""Starts the action with these arguments."""


class EditDialog(Dialog):
    """Title, description and tags of one machine; only what was changed is written."""

    def __init__(
        self,
        domain: Domain,
        registry: Registry,
        inventory: Inventory,
        bridge: Bridge,
        run: Run,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("edit-dialog", f"Edit {domain.name}", parent)
        self._domain = domain
        self._action = registry.get("domain.edit")
        self._inventory = inventory
        self._run = run
        self.title = QLineEdit(one_line(domain.title))
        self.title.setObjectName("edit-title")
        self.description = TextField(domain.description)
        self.description.setObjectName("edit-description")
        known = (tag for each in inventory.of(Domain) for tag in each.tags)
        self.tags = TagField(domain.tags, known)
        self.tags.setObjectName("edit-tags")
        self.body.addLayout(field_row("Title", self.title))
        self.body.addLayout(field_row("Description", self.description))
        hint = plain_label(
            "Separated by commas. They group the tree, and tag: finds them.", "axis", "t3"
        )
        self.body.addLayout(field_row("Tags", self.tags, hint))
        self._command = command_label("edit-command")
        self.body.addWidget(self._command)
        self.add_button("edit-cancel", "Cancel", self.reject)
        self._save = self.add_button("edit-save", "Save", self._on_save, "primary")
        self._save.setDefault(True)
        self.title.textChanged.connect(self._refresh)
        self.description.textChanged.connect(self._refresh)
        self.tags.textChanged.connect(self._refresh)
        self.watch(bridge, (domain.key,), self._on_gone)
        self._refresh()
        self.title.setFocus()

    def changes(self) -> dict[str, object]:
        """Return the arguments of what was changed."""
        found: dict[str, object] = {}
        if self.title.text() != one_line(self._domain.title):
            found["title"] = self.title.text().strip()
        if self.description.toPlainText() != self._domain.description:
            found["description"] = self.description.toPlainText()
        if self.tags.tags() != self._domain.tags:
            found["tags"] = self.tags.tags()
        return found

    def _refresh(self) -> None:
        changes = self.changes()
        host = self._inventory.host(self._domain.key.host)
        lines: tuple[str, ...] = ()
        if changes and host is not None:
            lines = self._action.virsh(self._domain, host, **changes)
        self._command.setText("\n".join(lines))
        self._save.setEnabled(bool(changes) and self.gone.isHidden())

    def _on_save(self) -> None:
        changes = self.changes()
        self.accept()
        self._run(changes)

    def _on_gone(self, _keys: frozenset[Key]) -> None:
        self.say_gone(f"{one_line(self._domain.name)} is not there any more; nothing can be saved.")
        self._refresh()


class RenameDialog(Dialog):
    """Another name for a machine that is off."""

    def __init__(
        self,
        domain: Domain,
        registry: Registry,
        inventory: Inventory,
        bridge: Bridge,
        run: Run,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("rename-dialog", f"Rename {domain.name}", parent)
        self._domain = domain
        self._action = registry.get("domain.rename")
        self._inventory = inventory
        self._run = run
        self.name = QLineEdit(domain.name)
        self.name.setObjectName("rename-name")
        self._why = reason_label("rename-reason")
        self.body.addLayout(field_row("New name", self.name, self._why))
        self.body.addWidget(plain_label(self._action.help, "table", "t3", wrap=True))
        self._command = command_label("rename-command")
        self.body.addWidget(self._command)
        self.body.addStretch(1)
        self.add_button("rename-cancel", "Cancel", self.reject)
        self._rename = self.add_button("rename-act", "Rename", self._on_rename, "primary")
        self._rename.setDefault(True)
        self.name.textChanged.connect(self._refresh)
        self.watch(bridge, (domain.key,), self._on_gone)
        bridge.inventory_changed.connect(self._refresh)
        self.finished.connect(lambda: bridge.inventory_changed.disconnect(self._refresh))
        self._refresh()
        self.name.selectAll()
        self.name.setFocus()

    def _refresh(self) -> None:
        name = self.name.text().strip()
        host = self._inventory.host(self._domain.key.host)
        domain = self._inventory.domain(self._domain.key)
        why = rename_problem(name, self._domain, self._inventory)
        if domain is not None and host is not None:
            why = self._action.refusal(domain, host) or why
        show_reason(self._why, self.name, why)
        is_new = bool(name) and name != self._domain.name
        self._rename.setEnabled(is_new and not why and self.gone.isHidden())
        lines: tuple[str, ...] = ()
        if is_new and not why and host is not None:
            lines = self._action.virsh(self._domain, host, new_name=name)
        self._command.setText("\n".join(lines))

    def _on_rename(self) -> None:
        name = self.name.text().strip()
        self.accept()
        self._run({"new_name": name})

    def _on_gone(self, _keys: frozenset[Key]) -> None:
        self.say_gone(f"{one_line(self._domain.name)} is not there any more.")
        self._refresh()


def rename_problem(name: str, domain: Domain, inventory: Inventory) -> str:
    """Return why a machine can't be called ``name``, or an empty text."""
    if not name:
        return "A machine needs a name."
    if "/" in name:
        return "libvirt makes file names of it, so a slash isn't allowed."
    if not name.isprintable():
        return "Characters that can't be seen aren't allowed in a name."
    taken = any(
        other.name == name and other.key != domain.key
        for other in inventory.of(Domain, domain.key.host)
    )
    return "Another machine of this host has that name." if taken else ""


class TextField(QPlainTextEdit):
    """A text of several lines in which Tab goes on to the next field, and Ctrl+Enter is Enter."""

    def __init__(self, text: str, least_px: int = 96) -> None:
        super().__init__()
        self.setPlainText(text)
        self.setTabChangesFocus(True)
        self.setMinimumHeight(current().px(least_px))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        super().keyPressEvent(event)
