"""Deleting a machine: what goes with it by choice, what stays and why."""

from collections.abc import Awaitable, Callable, Mapping

from PySide6.QtWidgets import QCheckBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from vmgui.actions.delete_plan import DeletePlan, DeleteSpec
from vmgui.actions.registry import Registry
from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.amounts import counted, size
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.dialog import Dialog, command_label
from vmgui.ui.style import current
from vmgui.ui.tasks import Tasks
from vmgui.ui.widgets.text import literal, one_line, plain_label

_NAME_MOST = 30


class DeleteDialog(Dialog):
    """Names each disk with its size, and what else belongs to the machine, each by choice.

    ``plan`` reads what belongs to it; nothing is chosen that isn't safe to go. ``run`` starts the
    action with its arguments.
    """

    def __init__(
        self,
        domain: Domain,
        registry: Registry,
        inventory: Inventory,
        bridge: Bridge,
        plan: Callable[[], Awaitable[DeletePlan]],
        run: Callable[[Mapping[str, object]], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("delete-dialog", f"Delete {domain.name}?", parent, width_px=560)
        self._domain = domain
        self._action = registry.get("domain.delete")
        self._inventory = inventory
        self._run = run
        self._plan: DeletePlan | None = None
        self._gone = False
        self._disks: dict[str, QCheckBox] = {}
        self._choices: dict[str, QCheckBox] = {}
        self._state = plain_label("Looking what belongs to it…", "body", "t2", wrap=True)
        self._state.setObjectName("delete-state")
        self.body.addWidget(self._state)
        inside = QWidget()
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(2)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(inside)
        self.body.addWidget(self._area, 1)
        self._why = plain_label("", "table", "warn", wrap=True)
        self._why.setObjectName("delete-reason")
        self.body.addWidget(self._why)
        self._command = command_label("delete-command")
        self.body.addWidget(self._command)
        keep = self.add_button("delete-keep", "Keep machine", self.reject)
        name = one_line(domain.name)
        short = name if len(name) <= _NAME_MOST else f"{name[:15]}…{name[-12:]}"
        self._act = self.add_button("delete-act", f"Delete {short}", self._on_act, "danger")
        keep.setDefault(True)
        keep.setFocus()
        self._refresh()
        self.watch(bridge, (domain.key,), self._on_gone)
        self._tasks = Tasks()
        task = self._tasks.start(self._load(plan), f"what belongs to {domain.name}")
        self.finished.connect(lambda: task.cancel())  # noqa: PLW0108  it takes a text, not a result

    def arguments(self) -> dict[str, object]:
        """Return the arguments of what is chosen."""
        chosen: dict[str, object] = {
            name: box.isChecked() for name, box in self._choices.items() if box.isChecked()
        }
        disks = tuple(path for path, box in self._disks.items() if box.isChecked())
        if disks:
            chosen["disks"] = disks
        return chosen

    async def _load(self, plan: Callable[[], Awaitable[DeletePlan]]) -> None:
        try:
            self._show_plan(await plan())
        except VmguiError as error:
            self._state.setText(" ".join(filter(None, (error.what, error.why, error.what_to_do))))

    def _show_plan(self, plan: DeletePlan) -> None:
        self._plan = plan
        own = plan.belongings
        self._state.setText(self._action.consequence)
        for file in plan.files:
            amount = "" if file.size_bytes is None else f", {size(file.size_bytes)}"
            what = f"{file.role.value} {file.target}".strip()
            box = self._add_choice(f"{file.path} ({what}{amount})", file.refusal)
            box.setObjectName(f"delete-disk-{file.target or file.path}")
            if not file.refusal:
                self._disks[file.path] = box
        snapshots = len(own.snapshots) + len(own.external_snapshots)
        offers = (
            ("force_off", own.active, f"Force it off first: it is {self._domain.state.value}"),
            ("saved_state", own.has_managed_save, "The memory that was saved to disk"),
            ("snapshots", snapshots > 0, f"What libvirt knows of {counted(snapshots, 'snapshot')}"),
            ("checkpoints", bool(own.checkpoints), counted(len(own.checkpoints), "checkpoint")),
            ("nvram", bool(own.nvram_path), f"UEFI variables: {own.nvram_path}"),
        )
        for name, is_there, text in offers:
            if is_there:
                refusal = plan.nvram_refusal if name == "nvram" else ""
                self._choices[name] = self._add_choice(text, refusal)
                self._choices[name].setObjectName(f"delete-{name}")
        self._list.addStretch(1)
        self._area.setMinimumHeight(min(self._list.sizeHint().height(), current().px(260)))
        self._refresh()

    def _add_choice(self, text: str, refusal: str = "") -> QCheckBox:
        box = QCheckBox(literal(text))
        box.setEnabled(not refusal)
        box.toggled.connect(self._refresh)
        self._list.addWidget(box)
        if refusal:
            box.setAccessibleDescription(refusal)
            why = plain_label(f"Stays. {refusal}", "axis", "t3", wrap=True)
            why.setIndent(current().px(26))
            self._list.addWidget(why)
        return box

    def _refresh(self) -> None:
        plan = self._plan
        arguments = self.arguments()
        why = ""
        if plan is not None:
            spec = DeleteSpec(**arguments)  # type: ignore[arg-type]  # the action's own names
            why = plan.refusal(spec)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        host = self._inventory.host(self._domain.key.host)
        refused = "" if host is None else self._action.refusal(self._domain, host)
        self._act.setEnabled(plan is not None and not why and not refused and not self._gone)
        lines: tuple[str, ...] = ()
        if plan is not None and host is not None:
            lines = self._action.virsh(self._domain, host, **arguments)
        self._command.setText("\n".join(lines))

    def _on_act(self) -> None:
        arguments = self.arguments()
        self.accept()
        self._run(arguments)

    def _on_gone(self, _keys: frozenset[object]) -> None:
        self._gone = True
        self.say_gone(
            f"{one_line(self._domain.name)} is not there any more. Nothing is left to do."
        )
        self._refresh()
