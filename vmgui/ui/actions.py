"""QActions of what the registry can do with machines, for the menu bar and context menus."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from vmgui.actions.action import Action, Danger
from vmgui.actions.delete_plan import delete_plan
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.confirm import ConfirmDialog
from vmgui.ui.dialogs.delete import DeleteDialog
from vmgui.ui.dialogs.edit import EditDialog, RenameDialog
from vmgui.ui.style import Style
from vmgui.ui.widgets.text import plain_tooltip

_KEYS = {"domain.rename": "F2", "domain.delete": "Del"}
_AFTER = {"domain.reset", "domain.discard-saved", "domain.edit"}
"""Actions that begin a new part of a menu."""


@dataclass(frozen=True, slots=True)
class Possible:
    """For which of some machines an action is possible, and why not for the others."""

    able: tuple[Key, ...]
    reasons: tuple[str, ...]


def possible(action: Action[Any], inventory: Inventory, keys: Sequence[Key]) -> Possible:
    """Return who of ``keys`` can take ``action`` now; several only where it takes several."""
    able: list[Key] = []
    reasons: list[str] = []
    for key in keys:
        record, host = inventory.get(key), inventory.host(key.host)
        if record is None or host is None:
            continue
        if reason := action.refusal(record, host):
            reasons.append(reason)
        else:
            able.append(key)
    if len(keys) > 1 and not action.many:
        return Possible((), (f"{action.title} works on one machine at a time.",))
    return Possible(tuple(able), tuple(dict.fromkeys(reasons)))


class MachineActions(QObject):
    """One QAction for each action on machines; they are about the machines that were set last.

    `perform` is the one way in which a window acts: it asks what has to be asked, then runs.
    """

    def __init__(self, session: Session, bridge: Bridge, style: Style, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._bridge = bridge
        self._window = window
        self._keys: tuple[Key, ...] = ()
        self._actions: dict[str, QAction] = {}
        for action in session.registry.for_kind("domain"):
            shown = QAction(action.title, self)
            shown.setObjectName(f"action-{action.id}")
            token = "dang" if action.danger is Danger.DESTROYS else "t2"
            shown.setIcon(style.icon(action.icon, token))
            shown.setStatusTip(action.help)
            if action.id in _KEYS:
                shown.setShortcut(QKeySequence(_KEYS[action.id]))
            shown.setCheckable(action.id == "domain.autostart")
            shown.triggered.connect(lambda _on, id_=action.id: self.perform(id_))
            self._actions[action.id] = shown
        bridge.inventory_changed.connect(self._refresh)
        self._refresh()

    @property
    def targets(self) -> tuple[Key, ...]:
        """The machines that the actions are about."""
        return self._keys

    def set_targets(self, keys: Sequence[Key]) -> None:
        """Be about these machines from now on."""
        self._keys = tuple(keys)
        self._refresh()

    def fill(self, menu: QMenu) -> None:
        """Put the actions into a menu, in the registry's order."""
        menu.setToolTipsVisible(True)
        for action_id, shown in self._actions.items():
            if action_id in _AFTER:
                menu.addSeparator()
            menu.addAction(shown)

    def context_menu(self, parent: QWidget) -> QMenu:
        """Make a menu of those actions that are possible now; it deletes itself."""
        menu = QMenu(parent)
        menu.setObjectName("context-menu")
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        for action_id, shown in self._actions.items():
            if action_id in _AFTER and menu.actions() and not menu.actions()[-1].isSeparator():
                menu.addSeparator()
            if shown.isEnabled():
                menu.addAction(shown)
        return menu

    def perform(self, action_id: str, keys: Sequence[Key] | None = None) -> None:
        """Do an action to machines, or to those that were set, once a person agreed to it."""
        action = self._session.registry.get(action_id)
        wanted = self._keys if keys is None else tuple(keys)
        able = possible(action, self._session.inventory, wanted).able
        domains = [d for key in able if (d := self._session.inventory.domain(key)) is not None]
        if not domains:
            return
        if action_id == "domain.autostart":
            state = "off" if all(domain.autostart for domain in domains) else "on"
            self._session.run(action_id, able, state=state)
        elif action_id in ("domain.edit", "domain.rename"):
            kind = EditDialog if action_id == "domain.edit" else RenameDialog
            kind(
                domains[0],
                self._session.registry,
                self._session.inventory,
                self._bridge,
                lambda values: self._session.run(action_id, able[0], **values),
                self._window,
            ).open()
        elif action_id == "domain.delete" and len(domains) == 1:
            self._delete(domains[0])
        elif action.danger is not Danger.NONE:
            self._confirm(action, domains)
        else:
            self._session.run(action_id, able)

    def _delete(self, domain: Domain) -> None:
        session = self._session
        DeleteDialog(
            domain,
            session.registry,
            session.inventory,
            self._bridge,
            lambda: delete_plan(session.fleet, domain),
            lambda values: session.run("domain.delete", domain.key, **values),
            self._window,
        ).open()

    def _confirm(self, action: Action[Any], domains: Sequence[Domain]) -> None:
        ConfirmDialog(
            action,
            domains,
            self._session.inventory,
            self._bridge,
            lambda keys: self._session.run(action.id, keys),
            self._window,
        ).open()

    def _refresh(self) -> None:
        inventory = self._session.inventory
        for action_id, shown in self._actions.items():
            action = self._session.registry.get(action_id)
            can = possible(action, inventory, self._keys)
            shown.setEnabled(bool(can.able))
            many = len(self._keys) > 1
            shown.setText(f"{action.title} ({len(can.able)})" if many else action.title)
            reason = " ".join(can.reasons[:3]) if self._keys else "No machine is selected."
            shown.setToolTip(plain_tooltip(action.help if can.able and not many else reason))
        domains = [inventory.domain(key) for key in self._keys]
        self._actions["domain.autostart"].setChecked(
            bool(domains) and all(domain is not None and domain.autostart for domain in domains)
        )
