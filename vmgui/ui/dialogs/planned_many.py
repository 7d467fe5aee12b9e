"""One action on several machines: what it would do to each of them, in a line a machine."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from vmgui.insight.amounts import counted
from vmgui.insight.file_plan import FilePlan
from vmgui.insight.plan_words import in_short
from vmgui.inventory.key import Key
from vmgui.ui.dialogs.dialog import Dialog
from vmgui.ui.dialogs.form import form_layout
from vmgui.ui.dialogs.live_plan import Ask, LivePlan
from vmgui.ui.dialogs.planned import Deed
from vmgui.ui.dialogs.take import TakeFields
from vmgui.ui.style import current
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import literal, plain_label

PLANNED = 50
"""So many machines are planned beforehand; each plan reads what its host has."""

_AT_ONCE = 2
_WIDTH_PX, _LIST_PX = 720, 200

RunMany = Callable[[tuple[Key, ...], Mapping[str, object], Mapping[Key, FilePlan]], object]
"""Starts the action on these machines with these arguments, by these plans that were shown."""


class ManyPlansDialog(Dialog):
    """A form, and a line for each machine; those that refuse are left out, with the reason.

    The action plans once more when a machine's turn comes: machines that aren't planned here
    lose nothing by it.
    """

    def __init__(
        self,
        name: str,
        deeds: Sequence[Deed],
        run: RunMany,
        *,
        role: str = "primary",
        parent: QWidget | None = None,
    ) -> None:
        action = deeds[0].action
        title = f"{action.title}: {counted(len(deeds), 'machine')}"
        super().__init__(name, title, parent)
        self.setMinimumWidth(current().px(_WIDTH_PX))
        self.form = QVBoxLayout()
        self.body.addLayout(self.form)
        self._title = action.title
        self._run = run
        self._gone: set[Key] = set()
        self._rest = tuple(deed.record.key for deed in deeds[PLANNED:])
        turns = asyncio.Semaphore(_AT_ONCE)
        self._lines = [_Line(deed, turns, self) for deed in deeds[:PLANNED]]
        self.body.addWidget(self._list(), 1)
        more = plain_label(
            f"{counted(len(self._rest), 'more machine')}: planned when their turn comes.",
            "table",
            "t3",
        )
        more.setVisible(bool(self._rest))
        self.body.addWidget(more)
        self.safe = self.add_button("many-safe", "Cancel", self.reject)
        self.act = self.add_button("many-act", action.title, self._on_act, role)
        self.act.setEnabled(False)
        self.watch(deeds[0].bridge, [deed.record.key for deed in deeds], self._on_gone)

    def arguments(self) -> dict[str, object]:
        """Return the arguments of what is filled in."""
        return {}

    def begin(self) -> None:
        """Ask for the first plans."""
        for line in self._lines:
            line.live.begin(self.arguments())
        self.refresh()

    def follow(self) -> None:
        """Ask for the plans of what is filled in now."""
        for line in self._lines:
            line.live.want(self.arguments())
        self.refresh()

    def refresh(self) -> None:
        """Show what is known of each, and how many can."""
        for line in self._lines:
            line.show(is_gone=line.key in self._gone)
        able = len(self._able())
        self.act.setText(literal(f"{self._title} of {counted(able, 'machine')}"))
        waits = any(line.waits and line.key not in self._gone for line in self._lines)
        self.act.setEnabled(able > 0 and not waits)

    def _able(self) -> tuple[Key, ...]:
        planned = tuple(line.key for line in self._lines if line.can)
        return tuple(key for key in (*planned, *self._rest) if key not in self._gone)

    def _list(self) -> QWidget:
        inside = QFrame()
        inside.setProperty("role", "card")
        grid = QGridLayout(inside)
        grid.setContentsMargins(12, 8, 12, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        for row, line in enumerate(self._lines):
            grid.addWidget(line.mark, row, 0)
            grid.addWidget(line.name, row, 1)
            grid.addWidget(line.words, row, 2)
        grid.setRowStretch(len(self._lines), 1)
        area = QScrollArea()
        area.setObjectName("many-lines")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setMinimumHeight(current().px(_LIST_PX))
        return area

    def _on_act(self) -> None:
        keys, values = self._able(), self.arguments()
        plans = {line.key: plan for line in self._lines if (plan := line.live.plan) is not None}
        self.accept()
        self._run(keys, values, plans)

    def _on_gone(self, keys: frozenset[Key]) -> None:
        self._gone.update(keys)
        self.refresh()


class _Line:
    """A machine in the list: how its plan is, its name, the plan in short."""

    def __init__(self, deed: Deed, turns: asyncio.Semaphore, dialog: ManyPlansDialog) -> None:
        self.key = deed.record.key
        self.live = LivePlan(_in_turn(deed.plan, turns), deed.name, dialog)
        self.live.changed.connect(dialog.refresh)
        dialog.finished.connect(self.live.stop)
        self.mark = IconMark("clock", "t3")
        self.name = ElidedLabel(deed.name, "strong")
        self.words = ElidedLabel("", "table", "t2")
        self.words.setObjectName(f"many-{deed.name}")

    @property
    def can(self) -> bool:
        """Tell whether the plan is known and doesn't refuse."""
        plan = self.live.plan
        return self.live.is_fresh and plan is not None and not plan.refusal

    @property
    def waits(self) -> bool:
        """Tell whether an answer is still to come."""
        return not self.live.is_fresh and not self.live.problem

    def show(self, *, is_gone: bool) -> None:
        """Show how it is now."""
        plan = self.live.plan
        if is_gone:
            icon, tone, words = "x-circle", "warn", "It is not there any more."
        elif self.live.problem:
            icon, tone, words = "x-circle", "dang", self.live.problem
        elif plan is None:
            icon, tone, words = "clock", "t3", "looking…"
        elif plan.refusal:
            icon, tone, words = "x-circle", "warn", f"Left out: {plan.refusal}"
        else:
            loses = " ".join(plan.loses)
            icon, tone = ("warning", "warn") if loses else ("check-circle", "ok")
            words = " ".join(filter(None, (loses, in_short(plan))))
        self.mark.set_icon(icon, tone)
        self.words.setText(words)


class TakeManyDialog(ManyPlansDialog):
    """A snapshot of each of several machines, under one name or each under its pattern's."""

    def __init__(
        self,
        deeds: Sequence[Deed],
        run: RunMany,
        given: Mapping[str, object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("take-many-dialog", deeds, run, parent=parent)
        self.heading.setText(f"Take a snapshot of {counted(len(deeds), 'machine')}")
        self._title = "Take snapshot"
        self.fields = TakeFields(given)
        form = form_layout()
        self.fields.add_to(form)
        form.addRow("", self.fields.quiesce)
        self.form.addLayout(form)
        fields = self.fields
        fields.name.textChanged.connect(self.follow)
        fields.description.textChanged.connect(self.follow)
        fields.kind.chosen.connect(self.follow)
        fields.memory.chosen.connect(self.follow)
        fields.quiesce.toggled.connect(self.follow)
        self.begin()
        self.act.setDefault(True)
        fields.name.setFocus()

    def arguments(self) -> dict[str, object]:
        """Return what was chosen for all of them."""
        return self.fields.arguments()


class ConfirmManyDialog(ManyPlansDialog):
    """The question before an action that touches files of several machines."""

    def __init__(
        self,
        deeds: Sequence[Deed],
        run: RunMany,
        given: Mapping[str, object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("confirm-many-dialog", deeds, run, role="danger", parent=parent)
        action = deeds[0].action
        self._given = dict(given)
        what = " ".join(filter(None, (action.help, action.consequence)))
        self.form.addWidget(plain_label(what, "body", "t2", wrap=True))
        self.safe.setDefault(True)
        self.safe.setFocus()
        self.begin()

    def arguments(self) -> dict[str, object]:
        """Return the arguments that it was opened with."""
        return self._given


def _in_turn(ask: Ask, turns: asyncio.Semaphore) -> Ask:
    async def wait_and_ask(arguments: Mapping[str, object]) -> FilePlan:
        async with turns:
            return await ask(arguments)

    return wait_and_ask
