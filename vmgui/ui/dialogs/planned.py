"""The base of dialogs that show what an action would do to files, while it is filled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from vmgui.actions.action import Action, ArgumentType, Danger
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.changes import Change, Record
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import domain_of
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.dialog import GAP_PX, Dialog
from vmgui.ui.dialogs.live_plan import Ask, LivePlan
from vmgui.ui.style import current
from vmgui.ui.widgets.file_plan import FilePlanView
from vmgui.ui.widgets.tall import TallArea
from vmgui.ui.widgets.text import breakable, literal, one_line, plain_label, set_look

_WIDTH_PX = 640
_TALL_PX = 760
"""So high it may become, at scale 1; on a lower screen all but heading and buttons scrolls."""
_BESIDES_PX, _FRAME_PX = 112, 34
"""The heading, the buttons and what is between, at scale 1; a window's frame."""

_SHORT = 30


@dataclass(frozen=True, slots=True)
class Deed:
    """An action on one object: what it would do, and doing it, with the arguments of a dialog.

    ``run`` takes the arguments and the plan that was shown, if any: no more than that is done.
    """

    action: Action[Any]
    record: Record
    inventory: Inventory
    bridge: Bridge
    plan: Ask
    run: Callable[[Mapping[str, object], FilePlan | None], object]

    @property
    def name(self) -> str:
        """Return the object's name in one line."""
        return one_line(str(getattr(self.record, "name", self.record.key.id)))

    @property
    def machine(self) -> Key:
        """Return the key of the machine that it is about."""
        key = self.record.key
        return domain_of(key) if key.kind == "snapshot" else key

    @property
    def machine_name(self) -> str:
        """Return the machine's name in one line."""
        domain = self.inventory.domain(self.machine)
        return one_line(domain.name) if domain is not None else ""

    def refusal(self) -> str:
        """Tell why the action can't be done now, by what is known without asking the host."""
        record = self.inventory.get(self.record.key)
        host = self.inventory.host(self.record.key.host)
        if record is None or host is None:
            return f"{self.name} is not there any more."
        return self.action.refusal(record, host)


class PlanDialog(Dialog):
    """A form, the plan of what is filled in, a safe button and the one that does it.

    A subclass fills ``form``, says by `arguments` and `fault` what was filled in, connects each
    change to `follow`, and calls `begin` when all is in place. The acting button is on only
    while the plan is that of what is filled in and nothing refuses, and red where it loses
    something.
    """

    def __init__(
        self,
        name: str,
        title: str,
        deed: Deed,
        *,
        role: str = "primary",
        safe: str = "Cancel",
        plan_px: int = 280,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(name, title, parent)
        self.setMinimumWidth(current().px(_WIDTH_PX))
        self.deed = deed
        self._role = role
        self._is_refused = bool(deed.refusal())
        self._content = QVBoxLayout()
        self._content.setContentsMargins(0, 0, 0, 0)
        self._content.setSpacing(GAP_PX)
        self.form = QVBoxLayout()
        self.form.setSpacing(10)
        self._content.addLayout(self.form)
        self.live = LivePlan(self._ask, f"{deed.action.title} {deed.name}", self)
        self.live.changed.connect(self._on_plan)
        self._again = plain_label("", "axis", "t3")
        self._again.setObjectName("plan-again")
        self.view = FilePlanView()
        self._lay_out(plan_px)
        self._why = plain_label("", "table", "warn", wrap=True)
        self._why.setObjectName("plan-reason")
        self._why.hide()
        self._content.addWidget(self._why)
        content = QWidget()
        content.setLayout(self._content)
        if self.screen().availableGeometry().height() < current().px(_TALL_PX):
            self.body.addWidget(TallArea(content, current().px(_BESIDES_PX) + _FRAME_PX), 1)
        else:
            self.body.addWidget(content, 1)
        self.safe = self.add_button("plan-safe", safe, self.reject)
        self.act = self.add_button("plan-act", deed.action.title, self._on_act, role)
        self.act.setEnabled(False)
        self.finished.connect(self.live.stop)
        self.watch(deed.bridge, (deed.record.key, deed.machine), self._on_gone)
        deed.bridge.inventory_changed.connect(self._on_inventory)
        self.finished.connect(lambda: deed.bridge.inventory_changed.disconnect(self._on_inventory))

    # what a subclass says

    def arguments(self) -> dict[str, object]:
        """Return the arguments of what is filled in."""
        return {}

    def fault(self) -> str:
        """Tell why what is filled in can't be; "" where it can."""
        return ""

    def act_words(self) -> str:
        """Return what the acting button says: the verb and the name."""
        return f"{self.deed.action.title} {shortened(self.deed.name)}"

    def on_plan(self) -> None:
        """Show in the form what a new plan says."""

    # what a subclass calls

    def begin(self) -> None:
        """Ask for the first plan; the form is complete."""
        self.view.show_words("Looking what it would do…")
        self.live.begin(self.arguments())
        self.refresh()

    def follow(self) -> None:
        """Ask for the plan of what is filled in now."""
        self.live.want(self.arguments())
        self.refresh()

    def refresh(self) -> None:
        """Show what holds now: whether it can be done, and why not."""
        why = self.deed.refusal() if self.gone.isHidden() else ""
        self._why.setText(breakable(why))
        self._why.setVisible(bool(why))
        plan, fresh = self.live.plan, self.live.is_fresh
        can = plan is not None and fresh and not plan.refusal
        self.act.setEnabled(can and not why and not self.fault() and self.gone.isHidden())
        self.act.setText(literal(self.act_words()))
        role = "danger" if plan is not None and plan.loses else self._role
        if self.act.property("role") != role:
            set_look(self.act, role=role)
        looking = not fresh and not self.live.problem and self.gone.isHidden()
        self._again.setText("looking again…" if looking and plan is not None else "")

    def _lay_out(self, plan_px: int) -> None:
        head = QHBoxLayout()
        head.addWidget(plain_label("What it does", "card"))
        head.addStretch(1)
        head.addWidget(self._again)
        self._content.addLayout(head)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.addWidget(self.view)
        column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("plan-area")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        area.setMinimumHeight(current().px(plan_px))
        self._content.addWidget(area, 1)

    async def _ask(self, arguments: Mapping[str, object]) -> Any:
        return await self.deed.plan(arguments)

    def _on_plan(self) -> None:
        if self.live.plan is not None:
            self.view.show_plan(self.live.plan)
        else:
            self.view.show_words(self.live.problem, "dang")
            # Its host may have gone and come again in one piece of news.
            self._is_refused = self._is_refused or bool(self.deed.refusal())
        self.on_plan()
        self.refresh()

    def _on_act(self) -> None:
        arguments = self.arguments()
        self.accept()
        self.deed.run(arguments, self.live.plan)

    def _on_inventory(self, change: Change) -> None:
        """Ask again where the machine, one of its snapshots, or whether it can be, is another."""
        machine = self.deed.machine
        was_refused, self._is_refused = self._is_refused, bool(self.deed.refusal())
        keys = [*(each.key for each in (*change.added, *change.updated)), *change.removed]
        about = any(key == machine or _is_of(key, machine) for key in keys)
        back = was_refused and not self._is_refused  # such as a host that answers again
        if (about or back) and self.gone.isHidden():
            self.live.again()
        self.refresh()

    def _on_gone(self, _keys: frozenset[Key]) -> None:
        self.live.stop()
        self.say_gone(f"{self.deed.name} is not there any more. Nothing is left to do.")
        self.refresh()


class PlanConfirmDialog(PlanDialog):
    """The question before something that touches files, with all that it touches.

    Each flag of the action is a choice, in the action's own words.
    """

    def __init__(
        self, deed: Deed, given: Mapping[str, object], parent: QWidget | None = None
    ) -> None:
        destroys = deed.action.danger is not Danger.NONE
        super().__init__(
            "plan-confirm-dialog",
            f"{deed.action.title}: {deed.name}?",
            deed,
            role="danger" if destroys else "primary",
            safe="Leave as it is",
            parent=parent,
        )
        self._given = dict(given)
        what = " ".join(filter(None, (deed.action.help, deed.action.consequence)))
        self.form.addWidget(plain_label(what, "body", "t2", wrap=True))
        self._flags: dict[str, QCheckBox] = {}
        for argument in deed.action.arguments:
            if argument.type is ArgumentType.FLAG:
                box = QCheckBox(literal(argument.help.rstrip(".")))
                box.setObjectName(f"plan-flag-{argument.name}")
                box.setChecked(given.get(argument.name, argument.default) is True)
                box.toggled.connect(self.follow)
                self.form.addWidget(box)
                self._flags[argument.name] = box
        first = self.safe if destroys else self.act
        first.setDefault(True)
        self.begin()
        self.safe.setFocus()

    def arguments(self) -> dict[str, object]:
        """Return the arguments that it was opened with, and what is ticked."""
        flags = {name: box.isChecked() for name, box in self._flags.items()}
        return {**self._given, **{name: on for name, on in flags.items() if on}}

    def act_words(self) -> str:
        """Return the verb and the name."""
        return f"{self.deed.action.title}: {shortened(self.deed.name)}"


def shortened(name: str) -> str:
    """Return a name that fits on a button."""
    name = one_line(name)
    return f"{name[:15]}…{name[-12:]}" if len(name) > _SHORT else name


def _is_of(key: Key, machine: Key) -> bool:
    return key.kind == "snapshot" and domain_of(key) == machine
