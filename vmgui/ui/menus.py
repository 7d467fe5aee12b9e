"""The menu bar: where every key of the window is named."""

from collections.abc import Callable

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from vmgui.settings import SCHEME, Settings
from vmgui.ui.actions import MachineActions

Do = Callable[[], object]


class Menus:
    """Fills a window's menu bar; ``do`` says what each entry does, by its object name."""

    def __init__(
        self, bar: QMenuBar, settings: Settings, machine: MachineActions, do: dict[str, Do]
    ) -> None:
        self._bar = bar
        self._settings = settings
        self._do = do
        self._menus: list[QMenu] = []
        self._own: list[QAction] = []
        bar.setObjectName("menu-bar")
        file = self._menu("&File")
        self._add(file, "add-connection", "Add connection…", "Ctrl+N")
        self._add(file, "lab", "Start a lab")
        file.addSeparator()
        self._add(file, "preferences", "Preferences…", "Ctrl+,")
        file.addSeparator()
        self._add(file, "quit", "Quit", "Ctrl+Q")
        view = self._menu("&View")
        self._add(view, "palette", "Find or do anything…", "Ctrl+K")
        self._add(view, "find", "Filter machines", "Ctrl+F", "/")
        self._add(view, "refresh", "Read everything again", "F5")
        view.addSeparator()
        self.grouping = view.addMenu("Group machines")
        view.addMenu(self._schemes(view))
        self.fold_tree = self._add(view, "fold-tree", "Tree", "Ctrl+B", checkable=True)
        self.fold_journal = self._add(view, "journal", "Journal", "Ctrl+J", checkable=True)
        self._add(view, "present", "Present", "Ctrl+Shift+P")
        self.machine = self._menu("&Machine")
        machine.fill(self.machine)
        self.host = self._menu("&Host")
        self.edit = self._add(self.host, "edit", "Edit connection…")
        self.retry = self._add(self.host, "retry", "Try again now")
        self.disconnect = self._add(self.host, "disconnect", "Disconnect")
        self.forget = self._add(self.host, "forget", "Disconnect and forget")
        help_ = self._menu("H&elp")
        self._add(help_, "keys", "Keys", "F1")
        self._add(help_, "about", "About vmgui")

    def set_host(self, *, any_host: bool, can_retry: bool) -> None:
        """Say whether a host is looked at, and whether it could be tried again."""
        self.retry.setEnabled(can_retry)
        self.edit.setEnabled(any_host)
        self.disconnect.setEnabled(any_host)
        self.forget.setEnabled(any_host)

    def commands(self) -> tuple[tuple[str, str, Do], ...]:
        """Return what can be done now without a machine: its words, its key, and doing it."""
        return tuple(
            (action.text().rstrip("…"), action.shortcut().toString(), action.trigger)
            for action in self._own
            if action.isEnabled()
        )

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return each entry that has a key: its keys and its words."""
        actions = [action for menu in self._menus for action in menu.actions()]
        return tuple(
            (", ".join(key.toString() for key in action.shortcuts()), action.text())
            for action in actions
            if not action.shortcut().isEmpty()
        )

    def _menu(self, title: str) -> QMenu:
        menu = self._bar.addMenu(title)
        self._menus.append(menu)
        menu.setObjectName(f"menu-{title.replace('&', '').lower()}")
        return menu

    def _add(
        self, menu: QMenu, name: str, title: str, *keys: str, checkable: bool = False
    ) -> QAction:
        action = QAction(title, menu)
        action.setObjectName(f"menu-{name}")
        action.setCheckable(checkable)
        action.setShortcuts([QKeySequence(key) for key in keys])
        do = self._do[name]
        action.triggered.connect(lambda _on=False: do())
        menu.addAction(action)
        self._own.append(action)
        return action

    def _schemes(self, parent: QWidget) -> QMenu:
        menu = QMenu("Colours", parent)
        group = QActionGroup(menu)
        for choice in SCHEME.choices:
            action = QAction(choice.capitalize(), menu, checkable=True)
            action.setObjectName(f"scheme-{choice}")
            action.triggered.connect(lambda _on, c=choice: self._settings.set(SCHEME, c))
            group.addAction(action)
            menu.addAction(action)

        def show() -> None:
            for action in menu.actions():
                action.setChecked(action.text().lower() == self._settings.get(SCHEME))

        menu.aboutToShow.connect(show)
        return menu
