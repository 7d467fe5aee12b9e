"""The window: tree left, page in the middle, journal under it, and the lines around them."""

from collections.abc import Coroutine, Sequence
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QDialog, QDockWidget, QMainWindow, QVBoxLayout, QWidget

from vmgui import places
from vmgui.inventory.host import LinkState
from vmgui.inventory.key import Key
from vmgui.lab import LabProblem, LabUnavailable
from vmgui.session import Session
from vmgui.settings import POLL_INTERVAL_S, SCHEME
from vmgui.ui.actions import MachineActions
from vmgui.ui.bridge import Bridge
from vmgui.ui.connections import Connections
from vmgui.ui.corner import Corner, Logo, chosen_scheme
from vmgui.ui.dialogs.about import AboutDialog
from vmgui.ui.dialogs.preferences import PreferencesDialog
from vmgui.ui.journal_desk import JournalDesk
from vmgui.ui.keys import KeysDialog
from vmgui.ui.menus import Menus
from vmgui.ui.models.tree import TreeModel
from vmgui.ui.models.tree_nodes import Address, address_of, key_of
from vmgui.ui.notices import Notices
from vmgui.ui.palette import Palette
from vmgui.ui.status_bar import StatusBar
from vmgui.ui.style import Style
from vmgui.ui.tasks import Tasks
from vmgui.ui.views.journal_dock import JournalPanel
from vmgui.ui.views.pages import Pages
from vmgui.ui.views.side import Side
from vmgui.ui.window_state import WindowState

_SIZE, _FRAME = QSize(1280, 800), QSize(8, 40)
_SIDE_PX, _SIDE_LEAST_PX, _SIDE_MOST_PX = 320, 240, 480
_JOURNAL_PX = 200


class MainWindow(QMainWindow):
    """One window over one session. ``closed`` is emitted once, when it has been closed.

    It needs a running loop; `close_down` ends what it has under way before the session is closed.
    """

    closed = Signal()

    def __init__(self, session: Session, style: Style) -> None:
        super().__init__()
        self.setObjectName("main-window")
        self.setWindowTitle("vmgui")
        self.session = session
        self._style = style
        self._open: Address = ()
        self._return_to: Address = ()
        self._presenting = False
        self._journal_px = _JOURNAL_PX
        self._tasks = Tasks()
        self._state = WindowState(places.state_dir() / "window.ini")
        self.bridge = Bridge(self)
        self.tree = TreeModel(session.inventory, session.sampler, self)
        self.actions_on_machines = MachineActions(session, self.bridge, style, self)
        self.side = Side(self.tree, session.settings, style)
        self.pages = Pages(session, self.bridge, style, self.actions_on_machines.perform)
        self.journal = JournalPanel(style)
        self.status = StatusBar(
            session.inventory,
            session.sampler,
            lambda: session.settings.get(POLL_INTERVAL_S),
            self.bridge,
            style,
        )
        self._logo = Logo(style)
        self.bar_end = Corner(session.settings, style)
        self._side_dock = self._dock("side-dock", self.side, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._journal_dock = self._dock(
            "journal-dock", self.journal, Qt.DockWidgetArea.BottomDockWidgetArea
        )
        self._desk = JournalDesk(
            session,
            self.bridge,
            self.journal,
            self._journal_dock,
            self.status,
            self.actions_on_machines.perform,
        )
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.setDockNestingEnabled(False)
        self.notices = Notices(session)
        self.setCentralWidget(self._middle())
        self.setStatusBar(self.status)
        self.connections = Connections(session, self.start, self)
        self.menus = self._make_menus()
        self._palette = Palette(
            session,
            self.actions_on_machines.perform,
            self.open_key,
            self.menus.commands,
            self,
        )
        self._connect()
        self._restore()
        self.notices.look()
        self._return_to = self._state.open_row
        self.open_row(("all",))
        self.side.tree.setFocus()

    # what can be asked for

    def open_row(self, address: Address) -> None:
        """Show the page of a row of the tree, and mark the row where the query shows it."""
        # The row of a machine that is being cloned is the current one already: that tells nothing.
        if not self.side.tree.show_row(address) or self.pages.is_clone:
            self._show_page(address)

    def open_key(self, key: Key) -> None:
        """Show the page of a machine or host."""
        self.open_row(address_of(key))

    @property
    def is_settled(self) -> bool:
        """Tell whether the tree shows all that is known."""
        return self.tree.is_settled and self.bridge.is_quiet

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Run something on the loop for as long as the window is open."""
        self._tasks.start(work, name)

    async def close_down(self) -> None:
        """End what the window has under way; the session can be closed after it."""
        for dialog in self.findChildren(QDialog):
            if not dialog.isHidden():
                dialog.reject()  # what it has asked for ends with it
        self.bridge.close()
        self.session.settings.changed.disconnect(self._on_setting)
        self._desk.close_down()
        self.connections.close_down()
        self.side.chips.close_signals()
        self.pages.close_down()
        await self._tasks.close()

    # how it is put together

    def _dock(self, name: str, inside: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(self)
        dock.setObjectName(name)
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setTitleBarWidget(QWidget())
        dock.setWidget(inside)
        self.addDockWidget(area, dock)
        return dock

    def _middle(self) -> QWidget:
        middle = QWidget()
        middle.setProperty("role", "page")
        middle.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(middle)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.notices)
        box.addWidget(self.pages, 1)
        return middle

    def _make_menus(self) -> Menus:
        menus = Menus(
            self.menuBar(),
            self.session.settings,
            self.actions_on_machines,
            {
                "add-connection": self.connections.add,
                "lab": self.connections.start_lab,
                "preferences": lambda: PreferencesDialog(self.session.settings, self).open(),
                "quit": self.close,
                "palette": self._on_palette,
                "find": self._on_find,
                "refresh": lambda: self.start(self.session.refresh(), "read everything again"),
                "fold-tree": lambda: self._toggle(self._side_dock),
                "journal": lambda: self._toggle(self._journal_dock),
                "present": self.bar_end.toggle_present,
                "edit": lambda: self.connections.edit(self._uri()),
                "retry": lambda: self.connections.retry(self._uri()),
                "disconnect": lambda: self.connections.disconnect_from(self._uri()),
                "forget": lambda: self.connections.disconnect_from(self._uri(), forget=True),
                "keys": lambda: KeysDialog(self.menus.keys(), self).open(),
                "about": lambda: AboutDialog(self).open(),
            },
        )
        menus.grouping.addActions(self.side.grouping_menu.actions())
        self.menuBar().setCornerWidget(self._logo, Qt.Corner.TopLeftCorner)
        self.menuBar().setCornerWidget(self.bar_end, Qt.Corner.TopRightCorner)
        for number in range(9):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number + 1}"), self)
            shortcut.activated.connect(lambda n=number: self.pages.show_tab(n))
        return menus

    def _connect(self) -> None:
        session, bridge = self.session, self.bridge
        bridge.follow_inventory(session.inventory.changed)
        bridge.follow_samples(session.sampler.samples_arrived)
        bridge.follow_journal(session.journal.changed)
        session.settings.changed.connect(self._on_setting)
        bridge.inventory_changed.connect(self.tree.apply)
        bridge.inventory_changed.connect(self._on_changed)
        bridge.samples_arrived.connect(lambda samples: self.tree.take_samples(samples.values()))
        self.tree.settled.connect(self._on_settled)
        bridge.ticked.connect(self._on_tick)
        self.actions_on_machines.asking.clone_wanted.connect(self.pages.show_clone)
        self.pages.query_wanted.connect(self.side.query.set_text)
        self.pages.page_wanted.connect(self.open_key)
        self.pages.entry_wanted.connect(self._desk.show_entry)
        self.pages.connection_wanted.connect(self._on_connection_wanted)
        self.pages.disconnect_wanted.connect(self.connections.disconnect_from)
        self.pages.way_chosen.connect(self.connections.go)
        self.pages.lab_wanted.connect(self.connections.start_lab)
        self.connections.lab_progressed.connect(self._on_lab_progressed)
        self.connections.lab_failed.connect(self._on_lab_failed)
        self.pages.clone_left.connect(self._on_clone_left)
        self.pages.close_wanted.connect(lambda: self.open_row(("all",)))
        self.side.opened.connect(self._show_page)
        self.side.picked.connect(self._on_picked)
        self.side.menu_wanted.connect(self._on_menu)
        self.side.connection_wanted.connect(self.connections.add)
        self.journal.list.chosen.connect(self.pages.highlight_entry)
        self.journal.fold_wanted.connect(lambda: self._toggle(self._journal_dock))
        self.status.host_wanted.connect(lambda uri: self.open_row(("host", uri)))
        self.status.all_wanted.connect(lambda: self.open_row(("all",)))
        self.status.retry_wanted.connect(self.connections.retry)
        self.bar_end.palette_wanted.connect(self._on_palette)
        self._journal_dock.visibilityChanged.connect(self._show_toggles)
        self._style.changed.connect(self._on_style)

    # what happens

    def _show_page(self, address: Address) -> None:
        self._open = address
        if address != ("all",):
            self._return_to = ()  # a person was faster than the host
        key = key_of(self._open)
        match address[:1]:
            case ("machine",) if key is not None:
                self.pages.show_machine(key)
            case ("host",):
                self.pages.show_host(address[1])
            case _:
                self.pages.show_all()
        self.side.show_open(address, self._name())
        self.journal.set_about(key)
        self.status.show_versions_of(self._uri())
        self._on_changed()

    def _on_settled(self) -> None:
        """Open what was open when the window was closed, once it is there."""
        if self._return_to and self.tree.index_of(self._return_to).isValid():
            self.open_row(self._return_to)

    def _on_picked(self, keys: list[Key]) -> None:
        self.actions_on_machines.set_targets(keys or self._open_machines())
        if len(keys) > 1:
            self.pages.show_selection(self.actions_on_machines.possible)
        elif self.pages.is_selection:
            self._show_page(self._open)

    def _on_changed(self) -> None:
        host = self.session.inventory.host(self._uri())
        again = (LinkState.LOST, LinkState.REFUSED, LinkState.STALLED)
        self.menus.set_host(
            any_host=host is not None,
            can_retry=host is not None and host.link.state in again,
        )

    def _on_menu(self, place: QPoint) -> None:
        if self.actions_on_machines.targets:
            self.actions_on_machines.context_menu(self).popup(place)

    def _on_tick(self) -> None:
        self.notices.look()
        self.tree.tell_ages()
        wanted = self.side.tree.keys_in_sight()
        key = key_of(self._open)
        self.session.sampler.set_wanted([*wanted, key] if key is not None else wanted)

    def _on_connection_wanted(self, uri: str) -> None:
        if uri:
            self.connections.edit(uri)
        else:
            self.connections.add()

    def _on_lab_progressed(self, sentence: str) -> None:
        self.pages.show_lab_progress(sentence)
        self.status.showMessage(sentence)

    def _on_lab_failed(self, error: LabUnavailable, instead: str) -> None:
        self.pages.show_lab_problem(LabProblem(error.what, error.why, error.what_to_do))
        if instead:
            detail = f"{error.why} {error.what_to_do} {instead} is shown instead."
            self.notices.tell("lab", error.what, detail)

    def _on_clone_left(self, key: Key) -> None:
        """Show the machine: its row may be the current one already, which tells nothing."""
        self.open_key(key)
        self._show_page(address_of(key))
        page = self.pages.currentWidget()
        back_to = page.focusWidget() if page is not None else None
        (back_to or self.side.tree).setFocus()

    def _on_palette(self) -> None:
        self._palette.open_for(self.actions_on_machines.targets)

    def _on_setting(self, key: str) -> None:
        if key == SCHEME.key:
            self._style.set_scheme(chosen_scheme(self.session.settings))

    def _on_find(self) -> None:
        self._side_dock.show()
        self._show_toggles()
        self.side.start_query()

    def _toggle(self, dock: QDockWidget) -> None:
        dock.setVisible(dock.isHidden())
        self._show_toggles()

    def _show_toggles(self) -> None:
        self.menus.fold_tree.setChecked(not self._side_dock.isHidden())
        self.menus.fold_journal.setChecked(not self._journal_dock.isHidden())

    def _on_style(self) -> None:
        px = self._style.px
        presenting = self._style.factor != 1.0
        # While presenting the tree has names only, and the page is what is looked at.
        self.side.setMinimumWidth(_SIDE_LEAST_PX if presenting else px(_SIDE_LEAST_PX))
        self.side.setMaximumWidth(px(_SIDE_MOST_PX))
        if presenting is not self._presenting:
            self._presenting = presenting
            # Once the new sizes hold: a presenter keeps one line of the journal.
            QTimer.singleShot(0, self, self._fit_journal)

    def _fit_journal(self) -> None:
        if self._presenting:
            self._journal_px = self.journal.height()
        height = self.journal.height_of_lines(1) if self._presenting else self._journal_px
        self.resizeDocks([self._journal_dock], [height], Qt.Orientation.Vertical)

    # what is open

    def _uri(self) -> str:
        key = key_of(self._open)
        return key.host if key is not None else ""

    def _name(self) -> str:
        key = key_of(self._open)
        record = self.session.inventory.get(key) if key is not None else None
        return str(getattr(record, "name", ""))

    def _open_machines(self) -> Sequence[Key]:
        key = key_of(self._open)
        return (key,) if key is not None and key.kind == "domain" else ()

    # across restarts

    def _restore(self) -> None:
        # With large type a usual screen is smaller than the usual window.
        self.resize(_SIZE.boundedTo(self.screen().availableSize() - _FRAME))
        self._on_style()
        self.side.group(self._state.grouping)
        self.side.tree.fold(self._state.folded)
        self.journal.set_scope(self._state.journal_scope)
        self._docks_are_new = not self._state.restore(self)
        self._show_toggles()

    def _share_out(self) -> None:
        """Give tree and journal the room that they have in a window which was never left."""
        self.resizeDocks([self._side_dock], [self._style.px(_SIDE_PX)], Qt.Orientation.Horizontal)
        self.resizeDocks([self._journal_dock], [_JOURNAL_PX], Qt.Orientation.Vertical)

    def _keep(self) -> None:
        self._state.keep(self)
        open_row = self._return_to or self._open
        self._state.set_journal_scope(self.journal.scope)
        self._state.set_tree(self.side.tree.folded, open_row, self.tree.grouping)
        self._state.write()

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._docks_are_new:  # only now it is known how large the window is
            self._docks_are_new = False
            self._share_out()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._keep()
        super().closeEvent(event)
        self.closed.emit()
