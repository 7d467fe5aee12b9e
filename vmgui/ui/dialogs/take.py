"""Taking a snapshot of one machine: kind, memory, disks, and what that does to files."""

from collections.abc import Mapping

from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from vmgui.insight.file_plan import Fate
from vmgui.insight.snapshot_names import DEFAULT_PATTERN
from vmgui.insight.take_spec import TakePlan
from vmgui.inventory.domain import AgentState, Disk, Domain
from vmgui.ui.dialogs.edit import TextField
from vmgui.ui.dialogs.form import caption, form_layout, set_why
from vmgui.ui.dialogs.planned import Deed, PlanDialog
from vmgui.ui.widgets.flow import FlowLayout
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.text import literal, one_line, plain_label, plain_tooltip

_KINDS = (("auto", "Choose for me"), ("internal", "Internal"), ("external", "External"))
_PATTERN = "{n} is the next free number; {date} and {time} are known too"
_MEMORY = (("auto", "Choose for me"), ("yes", "With memory"), ("no", "Disks only"))


class TakeFields:
    """The fields that one snapshot and many have in common: name, words, kind, memory, agent."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self.name = QLineEdit(str(given.get("name", "")))
        self.name.setObjectName("take-name")
        self.name.setPlaceholderText(DEFAULT_PATTERN)
        self.description = TextField(str(given.get("description", "")), 52)
        self.description.setObjectName("take-description")
        self.description.setMaximumHeight(self.description.minimumHeight())
        self.kind = Segmented(_KINDS, "Kind")
        self.kind.setObjectName("take-kind")
        self.kind.choose(str(given.get("kind", "auto")))
        self.memory = Segmented(_MEMORY, "Memory")
        self.memory.setObjectName("take-memory")
        self.memory.choose(str(given.get("memory", "auto")))
        self.gives = plain_label("", "axis", "t3", wrap=True)
        self.gives.setObjectName("take-gives")
        self.kind_why = plain_label("", "table", "t2", wrap=True)
        self.kind_why.setObjectName("take-kind-reason")
        self.quiesce = QCheckBox("Freeze the guest's file systems first (quiesce)")
        self.quiesce.setObjectName("take-quiesce")
        self.quiesce.setChecked(given.get("quiesce") is True)

    def add_to(self, form: QFormLayout) -> None:
        """Put the fields that stand above what is about the disks into a form."""
        self.show_hints("", "")
        for label, field, hint in (
            ("Name", self.name, self.gives),
            ("Description", self.description, None),
            ("Kind", self.kind, self.kind_why),
            ("Memory", self.memory, None),
        ):
            field.setAccessibleName(label)
            column = QVBoxLayout()
            column.setSpacing(3)
            column.addWidget(field)
            if hint is not None:
                column.addWidget(hint)
            form.addRow(caption(label), column)

    def show_hints(self, name: str, kind: str) -> None:
        """Say what the pattern gives, and why it is that kind; both where one plan tells."""
        self.gives.setText(f"gives {one_line(name)} · {_PATTERN}" if name else _PATTERN)
        self.kind_why.setText(kind)
        self.kind_why.setVisible(bool(kind))

    def arguments(self) -> dict[str, object]:
        """Return what was chosen; what was left as it is isn't named."""
        chosen: dict[str, object] = {}
        if name := self.name.text().strip():
            chosen["name"] = name
        if description := self.description.toPlainText().strip():
            chosen["description"] = description
        for key, field in (("kind", self.kind), ("memory", self.memory)):
            if field.key != "auto":
                chosen[key] = field.key
        if self.quiesce.isEnabled() and self.quiesce.isChecked():
            chosen["quiesce"] = True
        return chosen


class TakeDialog(PlanDialog):
    """Name, description, kind, memory, disks and where memory goes, with the plan below.

    The reason of the kind stands beside it; it is the plan's own.
    """

    def __init__(
        self, deed: Deed, given: Mapping[str, object], parent: QWidget | None = None
    ) -> None:
        super().__init__(
            "take-dialog", f"Take a snapshot of {deed.name}", deed, plan_px=200, parent=parent
        )
        domain = deed.record
        assert isinstance(domain, Domain)
        self.fields = TakeFields(given)
        self.view.shows_reasons = False
        left_out = given.get("leave_out", ())
        assert isinstance(left_out, tuple | list)
        self._disks = {disk.target: _disk_box(disk, left_out) for disk in _own_disks(domain)}
        self.memory_path = QLineEdit(str(given.get("memory_path", "")))
        self.memory_path.setObjectName("take-memory-path")
        self.memory_path.setAccessibleName("Memory file")
        self._form = form_layout()
        self.fields.add_to(self._form)
        self._form.addRow(caption("Memory file"), self.memory_path)
        if self._disks:
            self._form.addRow(caption("Disks"), self._disk_row())
        self._agent_why = plain_label("", "axis", "t3", wrap=True)
        self._form.addRow("", _under(self.fields.quiesce, self._agent_why))
        self.form.addLayout(self._form)
        self._connect()
        self.begin()
        self.act.setDefault(True)
        self.fields.name.setFocus()

    def arguments(self) -> dict[str, object]:
        """Return the arguments of what is chosen; a disk without its tick is left out."""
        chosen = self.fields.arguments()
        left_out = tuple(target for target, box in self._disks.items() if not box.isChecked())
        if left_out:
            chosen["leave_out"] = left_out
        path = self.memory_path.text().strip()
        if path and self._form.isRowVisible(self.memory_path):
            chosen["memory_path"] = path
        return chosen

    def act_words(self) -> str:
        """Return the button's verb."""
        return "Take snapshot"

    def on_plan(self) -> None:
        """Say what the name gives, why it is that kind, and where memory goes unless told."""
        plan = self.live.plan
        name = plan.name if isinstance(plan, TakePlan) else ""
        self.fields.show_hints(name, " ".join(plan.reasons) if plan is not None else "")
        created = plan.of(Fate.CREATED) if plan is not None else ()
        memory = next((file.path for file in created if file.what.startswith("memory")), "")
        self.memory_path.setPlaceholderText(one_line(memory) or "beside its disks")

    def refresh(self) -> None:
        """Show what can be chosen as the machine is now, and why not the rest."""
        domain = self.deed.inventory.domain(self.deed.record.key)
        if domain is not None:
            active = domain.state.is_active
            why = "" if active else "It is off: there is no memory to keep."
            set_why(self.fields.memory, why)
            agent = domain.agent is AgentState.CONNECTED
            why = "" if agent else "No guest agent answers in it."
            set_why(self.fields.quiesce, why)
            self._agent_why.setText(why)
            self._agent_why.setVisible(bool(why))
            self._form.setRowVisible(self.memory_path, active and self._goes_to_a_file())
        super().refresh()

    def _goes_to_a_file(self) -> bool:
        """Tell whether memory goes to a file of its own, by what was chosen or by the plan."""
        fields, plan = self.fields, self.live.plan
        if fields.kind.key == "external" and fields.memory.key == "yes":
            return True
        return isinstance(plan, TakePlan) and plan.memory == "external"

    def _disk_row(self) -> QWidget:
        inside = QWidget()
        flow = FlowLayout(inside, 12)
        for box in self._disks.values():
            flow.addWidget(box)
        return inside

    def _connect(self) -> None:
        fields = self.fields
        fields.name.textChanged.connect(self.follow)
        fields.description.textChanged.connect(self.follow)
        fields.kind.chosen.connect(self.follow)
        fields.memory.chosen.connect(self.follow)
        fields.quiesce.toggled.connect(self.follow)
        self.memory_path.textChanged.connect(self.follow)
        for box in self._disks.values():
            box.toggled.connect(self.follow)


def _own_disks(domain: Domain) -> list[Disk]:
    return [disk for disk in domain.disks if disk.device == "disk"]


def _disk_box(disk: Disk, left_out: list[str] | tuple[str, ...]) -> QCheckBox:
    name = disk.source.rpartition("/")[2] or disk.source
    box = QCheckBox(literal(f"{disk.target}  {name}"))
    box.setObjectName(f"take-disk-{disk.target}")
    box.setToolTip(plain_tooltip(disk.source))
    box.setChecked(disk.target not in left_out)
    return box


def _under(field: QWidget, why: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(0)
    column.addWidget(field)
    indented = QHBoxLayout()
    indented.setContentsMargins(28, 0, 0, 0)
    indented.addWidget(why)
    column.addLayout(indented)
    return column
