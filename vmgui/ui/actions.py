"""QActions of what the registry can do with machines, for the menu bar and context menus."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from vmgui.actions.action import Action, Danger
from vmgui.actions.delete_plan import delete_plan
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.confirm import ConfirmDialog
from vmgui.ui.dialogs.delete import DeleteDialog
from vmgui.ui.dialogs.edit import EditDialog, RenameDialog
from vmgui.ui.dialogs.tag import TagDialog
from vmgui.ui.possible import Possible
from vmgui.ui.style import Style
from vmgui.ui.views.machine_buttons import DIALOGS
from vmgui.ui.widgets.text import plain_tooltip

_KEYS = {"domain.rename": "F2", "domain.delete": "Del"}
_AFTER = {"domain.reset", "domain.discard-saved", "domain.edit"}
"""Actions that begin a new part of a menu."""

_TICKED = "domain.autostart"


class MachineActions(QObject):
    """One QAction for each action on machines; they are about the machines that were set last.

    `perform` is the one way in which a window acts: it asks what has to be asked, then runs.
    """

    def __init__(self, session: Session, bridge: Bridge, style: Style, window: QWidget) -> None:
        super().__init__(window)
        self.possible = Possible(session, bridge, self)
        self._session = session
        self._bridge = bridge
        self._window = window
        self._actions: dict[str, QAction] = {}
        for action in session.registry.for_kind("domain"):
            shown = QAction(action.title, self)
            shown.setObjectName(f"action-{action.id}")
            token = "dang" if action.danger is Danger.DESTROYS else "t2"
            if action.id != _TICKED:  # an icon would stand where the tick is
                shown.setIcon(style.icon(action.icon, token))
            shown.setStatusTip(action.help)
            if action.id in _KEYS:
                shown.setShortcut(QKeySequence(_KEYS[action.id]))
            shown.setCheckable(action.id == _TICKED)
            shown.triggered.connect(lambda _on, id_=action.id: self.perform(id_))
            self._actions[action.id] = shown
        self.possible.changed.connect(self._refresh)
        self._refresh()

    @property
    def targets(self) -> tuple[Key, ...]:
        """The machines that the actions are about."""
        return self.possible.keys

    def set_targets(self, keys: Sequence[Key]) -> None:
        """Be about these machines from now on."""
        self.possible.choose(keys)

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
        domains = self._able(action, self.targets if keys is None else keys)
        if not domains:
            return
        able = [domain.key for domain in domains]
        if action_id == _TICKED:
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
        elif action_id == "domain.tag":
            TagDialog(
                domains,
                self._session.registry,
                self._session.inventory,
                self._bridge,
                lambda some, values: self._session.run(action_id, some, **values),
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

    def _able(self, action: Action[Any], keys: Sequence[Key]) -> list[Domain]:
        """Return those machines that can take an action now, as this moment has it."""
        inventory = self._session.inventory
        if len(keys) > 1 and not action.many:
            return []
        pairs = ((inventory.domain(key), inventory.host(key.host)) for key in keys)
        return [d for d, host in pairs if d and host and not action.refusal(d, host)]

    def _refresh(self) -> None:
        keys = self.targets
        for action_id, shown in self._actions.items():
            action = self._session.registry.get(action_id)
            able = self.possible.able(action)
            shown.setEnabled(able > 0)
            many = len(keys) > 1
            title = f"{action.title}…" if action_id in DIALOGS else action.title
            shown.setText(f"{title} ({able})" if many and able else title)
            reasons = " ".join(self.possible.why_not(action)[:3])
            shown.setToolTip(plain_tooltip(action.help if able and not many else reasons))
        one = self._session.inventory.domain(keys[0]) if len(keys) == 1 else None
        self._actions[_TICKED].setChecked(one is not None and one.autostart)
