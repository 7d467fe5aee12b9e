"""For which of the chosen machines each action is possible, and why not for the others."""

from collections import Counter, deque
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from vmgui.actions.action import Action
from vmgui.inventory.changes import Change
from vmgui.inventory.host import Host
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.bridge import Bridge

SLICE_S = 0.008
"""How long one piece of work may hold the loop."""


class Possible(QObject):
    """Follows the machines that were chosen. ``changed`` says that an answer became another.

    Thousands can be chosen, and a change asks each of them for each action: that is worked off
    in slices. A few are answered when `choose` returns.
    """

    changed = Signal()

    def __init__(self, session: Session, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._inventory = session.inventory
        self._actions: tuple[Action[Any], ...] = session.registry.for_kind("domain")
        self._answers: dict[Key, tuple[str, ...]] = {}
        self._reasons: dict[str, Counter[str]] = {}
        self._todo: deque[Key] = deque()
        self._keys: dict[Key, None] = {}
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._work)
        bridge.inventory_changed.connect(self._on_changed)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The machines that were chosen."""
        return tuple(self._keys)

    def choose(self, keys: Sequence[Key]) -> None:
        """Be about these machines from now on."""
        self._keys = dict.fromkeys(keys)
        self._answers.clear()
        self._reasons = {action.id: Counter() for action in self._actions}
        self._todo = deque(self._keys)
        self._work()

    def able(self, action: Action[Any]) -> int:
        """Return how many can take an action now, as far as is known."""
        if len(self._keys) > 1 and not action.many:
            return 0
        return self._reasons.get(action.id, Counter())[""]

    def why_not(self, action: Action[Any]) -> tuple[str, ...]:
        """Return the reasons of those that can't, the most frequent first."""
        if not self._keys:
            return ("No machine is selected.",)
        if len(self._keys) > 1 and not action.many:
            return (f"{action.title} works on one machine at a time.",)
        counts = self._reasons.get(action.id, Counter())
        return tuple(reason for reason, count in counts.most_common() if reason and count > 0)

    def _on_changed(self, change: Change) -> None:
        told = [record.key for record in (*change.added, *change.updated)]
        hosts = {record.key.host for record in change.updated if isinstance(record, Host)}
        about = {key for key in (*told, *change.removed) if key in self._keys}
        about.update(key for key in self._keys if key.host in hosts)
        if about:
            waiting = set(self._todo)
            self._todo.extend(about - waiting)
            if not self._timer.isActive():
                self._work()

    def _work(self) -> None:
        deadline = perf_counter() + SLICE_S
        while self._todo and perf_counter() < deadline:
            self._answer(self._todo.popleft())
        if self._todo:
            self._timer.start()
        else:
            self.changed.emit()

    def _answer(self, key: Key) -> None:
        record, host = self._inventory.get(key), self._inventory.host(key.host)
        new: tuple[str, ...] = ()
        if record is not None and host is not None:
            new = tuple(action.refusal(record, host) for action in self._actions)
        old = self._answers.get(key, ())
        if new == old:
            return
        for answers, step in ((old, -1), (new, 1)):
            for action, answer in zip(self._actions, answers, strict=False):
                self._reasons[action.id][answer] += step
        self._answers[key] = new
