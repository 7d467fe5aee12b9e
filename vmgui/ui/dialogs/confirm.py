"""The question before something that can't be taken back."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QWidget

from vmgui.actions.action import Action
from vmgui.insight.amounts import counted
from vmgui.inventory.changes import Record
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.dialog import Dialog, command_label
from vmgui.ui.widgets.text import breakable, one_line, plain_label

_NAMES_SHOWN = 8
_LINES_SHOWN = 4


class ConfirmDialog(Dialog):
    """Names what an action ends, for one object or many; the safe button has the focus.

    ``on_agreed`` gets the keys of those that are still there and can take the action.
    """

    def __init__(
        self,
        action: Action[Any],
        records: Sequence[Record],
        inventory: Inventory,
        bridge: Bridge,
        on_agreed: Callable[[tuple[Key, ...]], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("confirm-dialog", f"{action.title} {_of(records)}?", parent)
        self._action = action
        self._inventory = inventory
        self._records = {record.key: record for record in records}
        self._on_agreed = on_agreed
        what = " ".join(filter(None, (action.help, action.consequence)))
        self.body.addWidget(plain_label(what, "body", "t2", wrap=True))
        self._names = plain_label("", "table", "t1", wrap=True)
        self._names.setObjectName("confirm-names")
        self._left_out = plain_label("", "table", "warn", wrap=True)
        self._left_out.setObjectName("confirm-left-out")
        self._command = command_label("confirm-command")
        for label in (self._names, self._left_out, self._command):
            self.body.addWidget(label)
        self.body.addStretch(1)
        keep = self.add_button("confirm-keep", "Leave as it is", self.reject)
        self._act = self.add_button("confirm-act", action.title, self._on_act, "danger")
        self._refresh()
        keep.setDefault(True)
        keep.setFocus()
        self.watch(bridge, self._records, self._on_gone)
        bridge.inventory_changed.connect(self._refresh)
        self.finished.connect(lambda: bridge.inventory_changed.disconnect(self._refresh))

    def _on_act(self) -> None:
        keys = tuple(record.key for record in self._able()[0])
        self.accept()
        if keys:
            self._on_agreed(keys)

    def _on_gone(self, keys: frozenset[Key]) -> None:
        names = [_name(self._records[key]) for key in keys if key in self._records]
        if len(self._records) == 1:
            self.say_gone(f"{one_line(names[0])} is not there any more. Nothing is left to do.")
        else:
            self.say_gone(f"Not there any more: {', '.join(map(one_line, names))}.")

    def _able(self) -> tuple[list[Record], list[str]]:
        """Return the machines that can take the action now, and why the others can't."""
        able: list[Record] = []
        reasons: list[str] = []
        for key in self._records:
            record, host = self._inventory.get(key), self._inventory.host(key.host)
            if record is None or host is None:
                continue
            self._records[key] = record
            why = self._action.refusal(record, host)
            if why:
                reasons.append(why)
            else:
                able.append(record)
        return able, reasons

    def _refresh(self) -> None:
        able, reasons = self._able()
        self._names.setVisible(len(self._records) > 1)
        listed = _listed([_name(record) for record in able], _NAMES_SHOWN, ", ")
        self._names.setText(breakable(listed))
        left_out = _listed(reasons, _NAMES_SHOWN, " ")
        if reasons and len(self._records) > 1:
            left_out = f"Left out: {left_out}"
        self._left_out.setText(breakable(left_out))
        self._left_out.setVisible(bool(reasons))
        lines = [line for record in able[:_LINES_SHOWN] for line in self._lines(record)]
        if len(able) > _LINES_SHOWN:
            lines.append(f"… and {len(able) - _LINES_SHOWN} more")
        self._command.setText("\n".join(lines))
        self._act.setEnabled(bool(able))
        whom = able or list(self._records.values())
        self._act.setText(f"{self._action.title} {_of(whom, short=True)}".replace("&", "&&"))

    def _lines(self, record: Record) -> tuple[str, ...]:
        host = self._inventory.host(record.key.host)
        return self._action.virsh(record, host) if host is not None else ()


def _of(records: Sequence[Record], *, short: bool = False) -> str:
    if len(records) != 1:
        kind = records[0].key.kind
        return counted(len(records), "machine" if kind == "domain" else kind)
    name = one_line(_name(records[0]))
    return f"{name[:15]}…{name[-12:]}" if short and len(name) > 30 else name


def _name(record: Record) -> str:
    return str(getattr(record, "name", record.key.id))


def _listed(texts: Sequence[str], most: int, between: str) -> str:
    shown = between.join(one_line(text) for text in texts[:most])
    return f"{shown}{between}and {len(texts) - most} more" if len(texts) > most else shown
