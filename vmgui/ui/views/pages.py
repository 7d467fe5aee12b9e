"""The middle of the window: one page at a time, made when it is first asked for."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QWidget

from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.style import Style
from vmgui.ui.views.machine_buttons import Perform
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.views.selection_page import SelectionPage
from vmgui.ui.widgets.empty_state import EmptyState


class Pages(QStackedWidget):
    """Shows the page of what is open; ``perform`` does an action that a page asks for.

    ``query_wanted`` has the text of a query, ``page_wanted`` the key of another page,
    ``entry_wanted`` the id of a journal line, ``connection_wanted`` the URI of a connection to
    edit; ``close_wanted`` asks for another page because this one has come to its end.
    """

    query_wanted = Signal(str)
    page_wanted = Signal(object)
    entry_wanted = Signal(str)
    connection_wanted = Signal(str)
    close_wanted = Signal()

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        style: Style,
        perform: Perform,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._session = session
        self._bridge = bridge
        self._style = style
        self._perform = perform
        self._selection: SelectionPage | None = None
        self._machine: MachinePage | None = None
        self._keys: tuple[Key, ...] = ()
        self._quiet: QWidget | None = None

    @property
    def is_selection(self) -> bool:
        """Tell whether several machines are shown."""
        return self._selection is not None and self.currentWidget() is self._selection

    def show_machine(self, key: Key) -> None:
        """Show the page of a machine."""
        page = self._machine
        if page is None or page.key != key:
            self._close_machine()
            page = self._machine = MachinePage(self._session, self._bridge, key, self._perform)
            page.query_requested.connect(self.query_wanted)
            page.page_requested.connect(self.page_wanted)
            page.entry_requested.connect(self.entry_wanted)
            page.connection_requested.connect(self.connection_wanted)
            page.close_requested.connect(self.close_wanted)
            self.addWidget(page)
        self.setCurrentWidget(page)

    def show_host(self, uri: str) -> None:
        """Show the page of a host."""
        host = self._session.inventory.host(uri)
        self._show_quiet("hard-drives", host.name if host else "?", "")

    def show_all(self) -> None:
        """Show the page of all hypervisors."""
        self._show_quiet("cloud", "All hypervisors", "")

    def show_selection(self, keys: Sequence[Key]) -> None:
        """Show what can be done with several machines."""
        if self._selection is None:
            self._selection = SelectionPage(self._session, self._bridge, self._style)
            self._selection.action_wanted.connect(lambda id_: self._perform(id_, self._keys))
            self.addWidget(self._selection)
        self._keys = tuple(keys)
        self._selection.show_machines(keys)
        self.setCurrentWidget(self._selection)

    def show_tab(self, number: int) -> None:
        """Show a tab of the page, counted from 0; does nothing where there are not so many."""
        page = self.currentWidget()
        tabs = page.findChild(QTabBar) if page is not None else None
        if tabs is not None and number < tabs.count():
            tabs.setCurrentIndex(number)

    def close_down(self) -> None:
        """End what the pages have under way."""
        self._close_machine()

    def _close_machine(self) -> None:
        if self._machine is not None:
            self._machine.shutdown()
            self.removeWidget(self._machine)
            self._machine.deleteLater()
            self._machine = None

    def _show_quiet(self, icon: str, title: str, sentence: str) -> None:
        if self._quiet is not None:
            self.removeWidget(self._quiet)
            self._quiet.deleteLater()
        self._quiet = EmptyState(icon, title, sentence)
        self.addWidget(self._quiet)
        self.setCurrentWidget(self._quiet)
