"""The buttons of a machine's page: one primary, the daily ones, and a menu with the rest."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLayout, QMenu, QPushButton, QToolButton, QWidget

from vmgui.actions.action import Action, Danger
from vmgui.actions.registry import Registry
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host
from vmgui.inventory.key import Key
from vmgui.ui.machine_menu import in_groups
from vmgui.ui.style import current
from vmgui.ui.widgets.text import literal, plain_tooltip, set_look


class Perform(Protocol):
    """Does an action to objects, once a person agreed to it.

    ``arguments`` are those that are known already.
    """

    def __call__(
        self,
        action_id: str,
        keys: Sequence[Key],
        /,
        arguments: Mapping[str, object] | None = None,
    ) -> object:
        """Do it, or ask first."""
        ...


WORDLESS_PX = 1200
"""In a window narrower than this, at scale 1, the buttons of a page lose their words."""

_FIRST = ("domain.start", "domain.restore", "domain.resume", "domain.suspend")
_PRIMARY = frozenset(_FIRST[:3])
_LEAST_PX = 256
_STOP = "domain.shutdown"
_OTHER_STOPS = ("domain.reboot", "domain.reset", "domain.force-off")
_DIALOGS = frozenset(
    {
        "domain.rename",
        "domain.edit",
        "domain.tag",
        "domain.delete",
        "migration.set-bandwidth",
        "migration.set-downtime",
    }
)
_BESIDE = ("snapshot.create", "domain.clone")
"""What has a button of its own beside these, with the last word of its title."""

_AUTOSTART = "domain.autostart"


def asks_more(action: Action[Any]) -> bool:
    """Tell whether an action asks more before it does something: its title has three dots."""
    return action.id in _DIALOGS or action.plan is not None


class MachineButtons(QWidget):
    """What can be done with one machine now; each says its virsh line, or why it can't be.

    Of start, restore, resume, pause and reset that one stands there which fits the state, always
    in the same place, so that nothing else moves.
    """

    def __init__(self, registry: Registry, perform: Perform, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._perform = perform
        self._domain: Domain | None = None
        self._compact = False
        self._actions = {action.id: action for action in registry.for_kind("domain")}
        self._first = QPushButton(self)
        self._first_id = ""
        self._first.clicked.connect(lambda: self._do(self._first_id))
        self._stop = QToolButton(self)
        self._stop.setProperty("role", "action")
        self._stop.setObjectName(f"action-{_STOP}")
        self._stop.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._stop.clicked.connect(lambda: self._do(_STOP))
        self._beside = {action_id: self._make_beside(action_id) for action_id in _BESIDE}
        self._more = QToolButton(self)
        self._more.setProperty("role", "action")
        self._more.setObjectName("machine-more")
        self._more.setAccessibleName("More actions")
        self._more.setToolTip("More actions")
        self._more.setIcon(current().icon("dots-three", "t1"))
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._entries: dict[str, QAction] = {}
        self._stop.setMenu(self._menu(_OTHER_STOPS))
        shown = {*_FIRST[2:], _STOP, *_OTHER_STOPS, *_BESIDE}
        self._more.setMenu(self._menu([each for each in self._actions if each not in shown]))
        row = QHBoxLayout(self)
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for button in (self._first, self._stop, *self._beside.values(), self._more):
            row.addWidget(button)

    def set_machine(self, domain: Domain, host: Host | None) -> None:
        """Be about this machine as it is now; without a host nothing can be done."""
        self._domain = domain
        self._show_first(_first_for(domain))
        for action_id, action in self._actions.items():
            why, tip = _told(action, domain, host)
            if action_id == self._first_id:
                self._first.setEnabled(not why)
                self._first.setToolTip(tip)
                self._first.setAccessibleDescription(why)
            if (button := self._beside.get(action_id)) is not None:
                button.setEnabled(not why)
                button.setToolTip(tip)
                button.setAccessibleDescription(why)
            if action_id == _STOP:
                # The arrow beside it must open even while a guest can't be asked.
                self._stop.setToolTip(tip)
                self._stop.setAccessibleDescription(why)
            if (entry := self._entries.get(action_id)) is not None:
                entry.setEnabled(not why)
                entry.setToolTip(tip)
        self._more.setEnabled(True)
        others = any(self._entries[each].isEnabled() for each in _OTHER_STOPS)
        can_stop = not _told(self._actions[_STOP], domain, host)[0]
        self._stop.setEnabled(can_stop or others)
        self._entries[_AUTOSTART].setChecked(domain.autostart)

    def set_gone(self) -> None:
        """Offer nothing any more."""
        self._domain = None
        for button in (self._first, self._stop, *self._beside.values(), self._more):
            button.setEnabled(False)

    def set_compact(self, compact: bool) -> None:
        """Show icons only, or icons with words."""
        if compact != self._compact or not self._stop.text():
            self._compact = compact
            self._show_words()

    def _do(self, action_id: str) -> None:
        if self._domain is not None and action_id:
            self._perform(action_id, (self._domain.key,))

    def _show_first(self, action_id: str) -> None:
        if action_id == self._first_id:
            return
        self._first_id = action_id
        self._first.setObjectName(f"action-{action_id}")
        is_primary = action_id in _PRIMARY
        set_look(self._first, role="primary" if is_primary else "")
        self._show_words()

    def _show_words(self) -> None:
        first, stop = self._actions[self._first_id or _FIRST[0]], self._actions[_STOP]
        is_primary = self._first_id in _PRIMARY
        self._first.setIcon(current().icon(first.icon, "onacc" if is_primary else "t1"))
        self._first.setText("" if self._compact else literal(first.title))
        self._first.setAccessibleName(first.title)
        for action_id, button in self._beside.items():
            word = self._actions[action_id].title.rpartition(" ")[2].capitalize()
            button.setText("" if self._compact else literal(word))
        self._stop.setIcon(current().icon(stop.icon, "t1"))
        self._stop.setText(literal(stop.title))
        self._stop.setAccessibleName(stop.title)
        self._stop.setToolButtonStyle(_button_style(self._compact))

    def _make_beside(self, action_id: str) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName(f"action-{action_id}")
        button.setIcon(current().icon(self._actions[action_id].icon, "t1"))
        button.setAccessibleName(self._actions[action_id].title)
        button.clicked.connect(lambda: self._do(action_id))
        return button

    def _menu(self, action_ids: Sequence[str]) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for group in in_groups(action_ids):
            if menu.actions():
                menu.addSeparator()
            self._add_entries(menu, group)
        return menu

    def _add_entries(self, menu: QMenu, action_ids: Sequence[str]) -> None:
        for action_id in action_ids:
            action = self._actions[action_id]
            title = f"{action.title}…" if asks_more(action) else action.title
            token = "dang" if action.danger is Danger.DESTROYS else "t2"
            entry = menu.addAction(current().icon(action.icon, token), literal(title))
            entry.setObjectName(f"menu-{action_id}")
            entry.setCheckable(action_id == _AUTOSTART)
            entry.triggered.connect(lambda _on=False, each=action_id: self._do(each))
            self._entries[action_id] = entry

    def minimumSizeHint(self) -> QSize:
        """Return the room without words, also while they are shown: words never hold a window."""
        layout = self.layout()
        assert layout is not None
        least = layout.minimumSize()
        return QSize(min(least.width(), current().px(_LEAST_PX)), least.height())


def _button_style(compact: bool) -> Qt.ToolButtonStyle:
    return (
        Qt.ToolButtonStyle.ToolButtonIconOnly
        if compact
        else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    )


def _first_for(domain: Domain) -> str:
    match domain.state:
        case DomainState.SAVED:
            return "domain.restore"
        case DomainState.PAUSED:
            return "domain.resume"
        case DomainState.CRASHED if domain.run_id is not None:
            return "domain.reset"  # its process was kept for a look at it
        case DomainState.OFF | DomainState.CRASHED:
            return "domain.start"
        case _:
            return "domain.suspend"


def _told(action: Action[Any], domain: Domain, host: Host | None) -> tuple[str, str]:
    """Return why an action can't be done ("" where it can), and what its tool tip says."""
    if host is None:
        return "Its host isn't connected any more.", "Its host isn't connected any more."
    why = action.refusal(domain, host)
    if why:
        return why, plain_tooltip(f"{action.help}\n{why}")
    values = {"state": "off" if domain.autostart else "on"} if action.id == _AUTOSTART else {}
    lines = () if _needs_values(action) else action.virsh(domain, host, **values)
    caution = action.caution(host)
    return "", plain_tooltip("\n".join(filter(None, (action.help, *lines, caution))))


def _needs_values(action: Action[Any]) -> bool:
    return any(argument.required for argument in action.arguments)
