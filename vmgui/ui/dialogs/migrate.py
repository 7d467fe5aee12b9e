"""Moving a machine: where to, with each host's verdict and its reason, and the common options."""

import asyncio
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QVBoxLayout, QWidget

from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.migration import CopyStorage
from vmgui.ui.dialogs.dialog import Dialog
from vmgui.ui.dialogs.form import caption, form_layout, set_why
from vmgui.ui.dialogs.planned import Deed, PlanDialog
from vmgui.ui.tasks import Tasks
from vmgui.ui.widgets.text import literal, one_line, plain_label, plain_tooltip

_COPY = (
    ("", "What is needed"),
    (CopyStorage.NONE.value, "None"),
    (CopyStorage.FULL.value, "All of each"),
)
_LONGEST = 90
_REASONS_AT_ONCE = 3


class MigrateDialog(PlanDialog):
    """A destination, what is asked of the migration, and the plan with its checks below.

    Every host is looked at when it opens, so that the list says which can take the machine, and
    of the others why not. What isn't set here is what is right for most.
    """

    def __init__(
        self,
        deed: Deed,
        hosts: Sequence[Host],
        given: Mapping[str, object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("migrate-dialog", f"Migrate {deed.name}", deed, plan_px=240, parent=parent)
        domain = deed.record
        assert isinstance(domain, Domain)
        self._runs = domain.state.is_active
        self._given = {name: value for name, value in given.items() if name != "to"}
        self.to = QComboBox()
        self.to.setObjectName("migrate-to")
        self.to.setAccessibleName("Destination")
        self.to.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        for host in hosts:
            self.to.addItem(literal(one_line(f"{host.name}: looking…")), host.key.host)
        self.copy_storage = QComboBox()
        self.copy_storage.setObjectName("migrate-copy")
        self.copy_storage.setAccessibleName("Copy disks")
        for value, words in _COPY:
            self.copy_storage.addItem(words, value)
        self.post_copy = QCheckBox("Allow to switch to post-copy while it runs")
        self.post_copy.setObjectName("migrate-post-copy")
        self._lay_out_form(given)
        self._tasks = Tasks()
        if hosts:
            self.begin()
            self._looking = self._tasks.start(self._look(tuple(hosts)), "the hosts' verdicts")
            self.finished.connect(self._looking.cancel)
        else:
            self.view.show_words("There is no other host that vmgui is connected to.", "warn")
        self.to.setFocus()

    def arguments(self) -> dict[str, object]:
        """Return what was chosen; what was left as it is isn't named."""
        chosen: dict[str, object] = {**self._given, "to": self.to.currentData() or ""}
        if copy := self.copy_storage.currentData():
            chosen["copy_storage"] = copy
        if self.post_copy.isChecked():
            chosen["post_copy"] = True
        return chosen

    def fault(self) -> str:
        """Tell that there is nowhere to go."""
        return "" if self.to.count() else "There is no other host."

    def _lay_out_form(self, given: Mapping[str, object]) -> None:
        form = form_layout()
        form.addRow(caption("Destination"), self.to)
        form.addRow(caption("Copy disks"), self.copy_storage)
        hint = "" if self._runs else "It is off: only its definition moves."
        set_why(self.post_copy, hint)
        box = QVBoxLayout()
        box.addWidget(self.post_copy)
        way = "It keeps running, but for a pause at the end." if self._runs else hint
        box.addWidget(plain_label(way, "axis", "t3", wrap=True))
        form.addRow(caption("Way"), box)
        self.form.addLayout(form)
        at = self.to.findData(given.get("to"))
        self.to.setCurrentIndex(max(0, at))
        self.to.currentIndexChanged.connect(self.follow)
        self.copy_storage.currentIndexChanged.connect(self.follow)
        self.post_copy.toggled.connect(self.follow)

    async def _look(self, hosts: tuple[Host, ...]) -> None:
        """Ask each host, some at a time, and show its verdict in the list."""
        slots = asyncio.Semaphore(_REASONS_AT_ONCE)

        async def ask(host: Host) -> None:
            async with slots:
                self._show_verdict(host, await self._verdict(host))

        await asyncio.gather(*(ask(host) for host in hosts))

    async def _verdict(self, host: Host) -> str:
        try:
            plan: FilePlan = await self.deed.plan({**self._given, "to": host.key.host})
        except VmguiError as error:
            return error.why or error.what
        return plan.refusal

    def _show_verdict(self, host: Host, why: str) -> None:
        index = self.to.findData(host.key.host)
        words = f"{host.name}: can't take it. {why}" if why else f"{host.name}: can take it"
        shown = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
        self.to.setItemText(index, literal(one_line(shown)))
        self.to.setItemData(index, plain_tooltip(words), Qt.ItemDataRole.ToolTipRole)


class KnobDialog(Dialog):
    """One number for a migration that is under way."""

    def __init__(self, deed: Deed, name: str, unit: str, parent: QWidget | None = None) -> None:
        super().__init__("knob-dialog", f"{deed.action.title}: {deed.name}", parent)
        self._deed, self._argument = deed, name
        self.body.addWidget(plain_label(deed.action.help, "body", "t2", wrap=True))
        self.value = QSpinBox()
        self.value.setObjectName("knob-value")
        self.value.setAccessibleName(deed.action.title)
        self.value.setRange(1, 1_000_000)
        self.value.setValue(_USUAL.get(name, 1))
        self.value.setSuffix(f" {unit}")
        self.body.addWidget(self.value)
        self.add_button("knob-cancel", "Cancel", self.reject)
        self.add_button("knob-set", "Set", self._on_set, "primary").setDefault(True)
        self.watch(deed.bridge, (deed.record.key,), lambda _keys: self.reject())
        self.value.setFocus()
        self.value.selectAll()

    def _on_set(self) -> None:
        value = self.value.value()
        self.accept()
        self._deed.run({self._argument: value}, None)


_USUAL = {"mib_s": 100, "ms": 300}
