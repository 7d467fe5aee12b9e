"""Going back to a snapshot: what is lost, what can be kept first, how the machine runs then."""

from collections.abc import Mapping

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QWidget

from vmgui.insight.snapshot_names import DEFAULT_PATTERN
from vmgui.inventory.snapshot import Snapshot
from vmgui.ui.dialogs.form import caption, form_layout, set_why
from vmgui.ui.dialogs.planned import Deed, PlanDialog, shortened
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.text import plain_label

_RUNS = {"running": "running", "paused": "paused", "shutoff": "off", "disk-snapshot": "off"}


class RevertDialog(PlanDialog):
    """Names what is lost. Nothing is, where what is now is kept as a snapshot first."""

    def __init__(
        self, deed: Deed, given: Mapping[str, object], parent: QWidget | None = None
    ) -> None:
        super().__init__(
            "revert-dialog",
            f"Revert {deed.machine_name} to {deed.name}?",
            deed,
            role="danger",
            safe="Stay here",
            parent=parent,
        )
        snapshot = deed.record
        assert isinstance(snapshot, Snapshot)
        if help_ := " ".join(filter(None, (deed.action.help, deed.action.consequence))):
            self.form.addWidget(plain_label(help_, "body", "t2", wrap=True))
        self.keep = QCheckBox("Keep it as a snapshot first")
        self.keep.setObjectName("revert-keep")
        self.keep.setChecked(given.get("keep") is True)
        self.keep_name = QLineEdit(str(given.get("keep_name", "")))
        self.keep_name.setObjectName("revert-keep-name")
        self.keep_name.setAccessibleName("Name of what is kept")
        self.keep_name.setPlaceholderText(DEFAULT_PATTERN)
        then = _RUNS.get(snapshot.state, snapshot.state)
        choices = [("as-then", f"As it was then ({then})" if then else "As it was then")]
        choices += [("running", "Running"), ("paused", "Paused")]
        self.run = Segmented(choices, "Afterwards")
        self.run.setObjectName("revert-run")
        self.run.choose(str(given.get("run", "as-then")))
        form = form_layout()
        form.addRow(caption("Afterwards"), self.run)
        kept = QHBoxLayout()
        kept.addWidget(self.keep)
        kept.addWidget(self.keep_name, 1)
        form.addRow(caption("What is now"), kept)
        self.force_off = QCheckBox("Force it off first, where it has to be off")
        self.force_off.setObjectName("revert-force-off")
        self.force_off.setChecked(given.get("force_off") is True)
        form.addRow("", self.force_off)
        self.form.addLayout(form)
        self.force_off.toggled.connect(self.follow)
        self.keep.toggled.connect(self.follow)
        self.keep_name.textChanged.connect(self.follow)
        self.run.chosen.connect(self.follow)
        self.safe.setDefault(True)
        self.begin()
        self.safe.setFocus()

    def arguments(self) -> dict[str, object]:
        """Return the arguments of what is chosen."""
        chosen: dict[str, object] = {}
        if self.keep.isChecked():
            chosen["keep"] = True
            if name := self.keep_name.text().strip():
                chosen["keep_name"] = name
        if self.run.key != "as-then":
            chosen["run"] = self.run.key
        if self.force_off.isEnabled() and self.force_off.isChecked():
            chosen["force_off"] = True
        return chosen

    def act_words(self) -> str:
        """Return the verb and where it goes."""
        return f"Revert to {shortened(self.deed.name)}"

    def refresh(self) -> None:
        """Take the name of what is kept only where it is, and power only from what runs."""
        self.keep_name.setEnabled(self.keep.isChecked())
        domain = self.deed.inventory.domain(self.deed.machine)
        active = domain is not None and domain.state.is_active
        set_why(self.force_off, "" if active else "It is off already.")
        super().refresh()
