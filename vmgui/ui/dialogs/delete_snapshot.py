"""Deleting a snapshot: alone, with what was taken after it, or only what libvirt knows of it."""

from collections.abc import Mapping

from PySide6.QtWidgets import QCheckBox, QWidget

from vmgui.insight.amounts import counted
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.snapshot import Snapshot
from vmgui.ui.dialogs.planned import Deed, PlanDialog, shortened
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.text import plain_label


class DeleteSnapshotDialog(PlanDialog):
    """One snapshot or with all that descend from it; its button says which, by name."""

    def __init__(
        self, deed: Deed, given: Mapping[str, object], parent: QWidget | None = None
    ) -> None:
        super().__init__(
            "delete-snapshot-dialog",
            f"Delete {deed.name} of {deed.machine_name}?",
            deed,
            role="danger",
            safe="Keep snapshot",
            parent=parent,
        )
        snapshot = deed.record
        assert isinstance(snapshot, Snapshot)
        self._below = len(descendants(deed.inventory, snapshot))
        self._what = plain_label("", "body", "t2", wrap=True)
        self._what.setText(deed.action.consequence or deed.action.help)
        self.scope = Segmented(
            (
                ("one", "This one"),
                ("children", f"With {counted(self._below, 'child', 'children')}"),
            ),
            "What goes",
        )
        self.scope.setObjectName("delete-snapshot-scope")
        self.scope.setVisible(self._below > 0)
        self.scope.choose("children" if given.get("children") is True and self._below else "one")
        self.metadata = QCheckBox("Metadata only: libvirt forgets it, every file stays as it is")
        self.metadata.setObjectName("delete-snapshot-metadata")
        self.metadata.setChecked(given.get("metadata_only") is True)
        for each in (self._what, self.scope, self.metadata):
            self.form.addWidget(each)
        self.scope.chosen.connect(self.follow)
        self.metadata.toggled.connect(self.follow)
        self.safe.setDefault(True)
        self.begin()
        self.safe.setFocus()

    def arguments(self) -> dict[str, object]:
        """Return the arguments of what is chosen."""
        chosen: dict[str, object] = {}
        if self.scope.key == "children":
            chosen["children"] = True
        if self.metadata.isChecked():
            chosen["metadata_only"] = True
        return chosen

    def act_words(self) -> str:
        """Return the verb, the name, and how many go with it."""
        verb = "Forget" if self.metadata.isChecked() else "Delete"
        more = counted(self._below, "child", "children") if self.scope.key == "children" else ""
        return f"{verb} {shortened(self.deed.name)}{f' and {more}' if more else ''}"

    def refresh(self) -> None:
        """Count again what descends from it: one may have come or gone."""
        snapshot = self.deed.record
        assert isinstance(snapshot, Snapshot)
        self._below = len(descendants(self.deed.inventory, snapshot))
        super().refresh()


def descendants(inventory: Inventory, snapshot: Snapshot) -> list[Snapshot]:
    """Return the snapshots that were taken after ``snapshot`` on its line and its branches."""
    children: dict[str, list[Snapshot]] = {}
    for each in inventory.of(Snapshot, snapshot.key.host):
        if each.domain == snapshot.domain:
            children.setdefault(each.parent, []).append(each)
    found: list[Snapshot] = []
    seen = {snapshot.name}
    waiting = [snapshot.name]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.name not in seen:  # libvirt's own tree has no rings; a broken one might
                seen.add(child.name)
                found.append(child)
                waiting.append(child.name)
    return found
