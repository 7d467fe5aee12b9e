"""QActions of what the registry can do with machines, for the menu bar and context menus."""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from vmgui.actions.action import Danger
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.ask import Asking, able
from vmgui.ui.bridge import Bridge
from vmgui.ui.machine_menu import in_groups
from vmgui.ui.possible import Possible
from vmgui.ui.style import Style
from vmgui.ui.views.machine_buttons import asks_more
from vmgui.ui.widgets.text import plain_tooltip

_KEYS = {"domain.rename": "F2", "domain.delete": "Del", "snapshot.create": "Ctrl+Shift+S"}
_TICKED = "domain.autostart"


class MachineActions(QObject):
    """One QAction for each action on machines; they are about the machines that were set last.

    `perform` is the one way in which a window acts, on objects of any kind: it asks what has to
    be asked, then runs.
    """

    def __init__(self, session: Session, bridge: Bridge, style: Style, window: QWidget) -> None:
        super().__init__(window)
        self.possible = Possible(session, bridge, self)
        self.asking = Asking(session, bridge, window)
        self._session = session
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
        """Put all actions into a menu."""
        menu.setToolTipsVisible(True)
        self._add(menu, self._actions)

    def context_menu(self, parent: QWidget) -> QMenu:
        """Make a menu of those actions that are possible now; it deletes itself."""
        menu = QMenu(parent)
        menu.setObjectName("context-menu")
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        self._add(menu, [each for each, shown in self._actions.items() if shown.isEnabled()])
        return menu

    def _add(self, menu: QMenu, action_ids: Iterable[str]) -> None:
        for group in in_groups(action_ids):
            if menu.actions():
                menu.addSeparator()
            menu.addActions([self._actions[each] for each in group])

    def perform(
        self,
        action_id: str,
        keys: Sequence[Key] | None = None,
        arguments: Mapping[str, object] | None = None,
    ) -> None:
        """Do an action to objects of its kind once a person agreed to it.

        Without ``keys`` it is about the machines that were set. ``arguments`` are those that are
        known already; what else is needed is asked for.
        """
        action = self._session.registry.get(action_id)
        records = able(self._session, action, self.targets if keys is None else keys)
        if records:
            self.asking.ask(action, records, arguments or {})

    def _refresh(self) -> None:
        keys = self.targets
        for action_id, shown in self._actions.items():
            action = self._session.registry.get(action_id)
            count = self.possible.able(action)
            shown.setEnabled(count > 0)
            many = len(keys) > 1
            title = f"{action.title}…" if asks_more(action) else action.title
            shown.setText(f"{title} ({count})" if many and count else title)
            reasons = " ".join(self.possible.why_not(action)[:3])
            shown.setToolTip(plain_tooltip(action.help if count and not many else reasons))
        one = self._session.inventory.domain(keys[0]) if len(keys) == 1 else None
        self._actions[_TICKED].setChecked(one is not None and one.autostart)
