"""The middle of the window: one page at a time, made when it is first asked for, then kept."""

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QWidget

from vmgui.actions.clone_arguments import arguments_of
from vmgui.actions.clone_lines import clone_script
from vmgui.inventory.key import Key, host_key
from vmgui.lab import LabProblem
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.possible import Possible
from vmgui.ui.style import Style
from vmgui.ui.views.all_page import AllPage
from vmgui.ui.views.clone.page import ClonePage, CloneWays
from vmgui.ui.views.first_start import FirstStart
from vmgui.ui.views.host_page import HostPage
from vmgui.ui.views.machine_buttons import Perform
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.views.selection_page import SelectionPage


class Pages(QStackedWidget):
    """Shows the page of what is open; ``perform`` does an action that a page asks for.

    ``query_wanted`` has the text of a query, ``page_wanted`` the key of another page,
    ``entry_wanted`` the id of a journal line, ``connection_wanted`` the URI of a connection to
    edit ("" for a new one), ``clone_left`` the key of the machine whose wizard was left,
    ``disconnect_wanted`` the URI of one to close; ``close_wanted`` asks
    for another page because this one has come to its end. ``way_chosen`` and ``lab_wanted`` are
    those of the page of a first start.
    """

    query_wanted = Signal(str)
    page_wanted = Signal(object)
    entry_wanted = Signal(str)
    connection_wanted = Signal(str)
    disconnect_wanted = Signal(str)
    close_wanted = Signal()
    clone_left = Signal(object)
    way_chosen = Signal(object)
    lab_wanted = Signal()

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
        self._one: MachinePage | HostPage | None = None
        self._machine: MachinePage | None = None
        self._host: HostPage | None = None
        self._clone: ClonePage | None = None
        self._all: AllPage | None = None
        self._first: FirstStart | None = None
        self._selection: SelectionPage | None = None
        bridge.inventory_changed.connect(self._on_changed)

    @property
    def is_selection(self) -> bool:
        """Tell whether several machines are shown."""
        return self._selection is not None and self.currentWidget() is self._selection

    @property
    def is_clone(self) -> bool:
        """Tell whether the wizard that clones a machine is shown."""
        return self._clone is not None and self.currentWidget() is self._clone

    def show_machine(self, key: Key) -> None:
        """Show the page of a machine, also when the machine is gone: the page says so."""
        if self._one is not None and self._one.key == key:
            self.setCurrentWidget(self._one)
            return
        if self._machine is None:
            self._machine = MachinePage(self._session, self._bridge, key, self._perform, self)
            self._machine.query_requested.connect(self.query_wanted)
            self._machine.entry_requested.connect(self.entry_wanted)
            self._add(self._machine)
        else:
            self._machine.open(key)
        self._show_one(self._machine)

    def show_host(self, uri: str) -> None:
        """Show the page of a host."""
        key = host_key(uri)
        if self._one is not None and self._one.key == key:
            self.setCurrentWidget(self._one)
            return
        if self._host is None:
            self._host = HostPage(self._session, self._bridge, key, self)
            self._host.disconnect_requested.connect(self.disconnect_wanted)
            self._add(self._host)
        else:
            self._host.open(key)
        self._show_one(self._host)

    def show_clone(self, key: Key, given: Mapping[str, object]) -> None:
        """Show the wizard that clones a machine: as it was left, or anew for another source."""
        snapshot = str(given.get("snapshot", ""))
        old = self._clone
        if old is not None and (old.key, old.opened_with) != (key, snapshot):
            self._drop_clone()
        if self._clone is None:
            session = self._session
            ways = CloneWays(
                read=lambda snapshot: session.clone_facts(key, snapshot),
                create=lambda form: session.run(
                    "domain.clone", key, **arguments_of(form.plan.spec)
                ),
                script=lambda form: clone_script(form.facts, form.plan),
                perform=lambda action_id, given: self._perform(action_id, (key,), given),
            )
            page = ClonePage(key, session.inventory, self._bridge, ways, snapshot, self)
            page.close_requested.connect(self._on_clone_closed)
            self._clone = page
            self.addWidget(page)
        self.setCurrentWidget(self._clone)
        self._clone.setFocus()

    def show_all(self) -> None:
        """Show the page of all hypervisors, or of a first start while there are none."""
        if not self._session.inventory.hosts():
            self._show_first()
            return
        if self._all is None:
            self._all = AllPage(self._session, self._bridge, self)
            self._all.page_requested.connect(self.page_wanted)
            self._all.query_requested.connect(self.query_wanted)
            self._all.connect_requested.connect(lambda: self.connection_wanted.emit(""))
            self.addWidget(self._all)
        self.setCurrentWidget(self._all)

    def show_selection(self, possible: Possible) -> None:
        """Show what can be done with the several machines that were chosen."""
        if self._selection is None:
            self._selection = SelectionPage(self._session, possible, self._style)
            self._selection.action_wanted.connect(lambda id_: self._perform(id_, possible.keys))
            self.addWidget(self._selection)
        self._selection.refresh()
        self.setCurrentWidget(self._selection)

    def show_lab_progress(self, sentence: str) -> None:
        """Say how far a lab is that is being started; "" when that has ended."""
        if self._first is not None:
            self._first.show_progress(sentence)

    def show_lab_problem(self, problem: LabProblem) -> None:
        """Say why there is no lab."""
        if self._first is not None:
            self._first.show_problems((problem,))

    def show_tab(self, number: int) -> None:
        """Show a tab of the page, counted from 0; does nothing where there are not so many."""
        page = self.currentWidget()
        tabs = page.findChild(QTabBar) if page is not None else None
        if tabs is not None and number < tabs.count():
            tabs.setCurrentIndex(number)

    def highlight_entry(self, entry_id: str) -> None:
        """Make the mark of a journal line stand out in the graphs, or none for an empty id."""
        if isinstance(self._one, MachinePage):
            self._one.highlight_entry(entry_id)

    def close_down(self) -> None:
        """End what the pages have under way."""
        if self._one is not None:
            self._one.shutdown()
        if self._clone is not None:
            self._clone.shutdown()

    def _on_clone_closed(self) -> None:
        if self._clone is not None:
            key = self._clone.key
            self._drop_clone()
            self.clone_left.emit(key)

    def _drop_clone(self) -> None:
        page, self._clone = self._clone, None
        if page is not None:
            page.shutdown()
            self.removeWidget(page)
            page.deleteLater()

    def _show_first(self) -> None:
        if self._first is None:
            self._first = FirstStart()
            self._first.way_chosen.connect(self.way_chosen)
            self._first.lab_wanted.connect(self.lab_wanted)
            self.addWidget(self._first)
        self.setCurrentWidget(self._first)

    def _on_changed(self) -> None:
        """Change between the first start and all hypervisors when the first host comes or goes."""
        has_hosts = bool(self._session.inventory.hosts())
        shown = self._first if has_hosts else self._all
        if shown is not None and self.currentWidget() is shown:
            self.show_all()

    def _add(self, page: MachinePage | HostPage) -> None:
        page.page_requested.connect(self.page_wanted)
        page.connection_requested.connect(self.connection_wanted)
        page.close_requested.connect(self.close_wanted)
        self.addWidget(page)

    def _show_one(self, page: MachinePage | HostPage) -> None:
        old, self._one = self._one, page
        self.setCurrentWidget(page)
        if old is not None and old is not page:
            old.shutdown()
