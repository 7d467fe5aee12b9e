"""The page of one host: how its connection stands, what it is, what it does, what is on it."""

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vmgui.insight.facts import host_facts, host_summary
from vmgui.insight.link_words import link_bar, link_chip
from vmgui.inventory.changes import Change
from vmgui.inventory.host import Host, LinkState
from vmgui.inventory.key import Key
from vmgui.inventory.network import Network
from vmgui.inventory.storage import Pool
from vmgui.session import Session
from vmgui.settings import GRAPH_RANGE_S, POLL_INTERVAL_S
from vmgui.ui.bridge import Bridge
from vmgui.ui.style import current
from vmgui.ui.views.fact_rows import rows
from vmgui.ui.views.figure_feed import FigureFeed
from vmgui.ui.views.graph_tabs import GraphTabs
from vmgui.ui.views.graphs import GraphBoard
from vmgui.ui.views.machine_table import MachineTable
from vmgui.ui.views.page_header import PageHeader
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.facts import Facts
from vmgui.ui.widgets.failure import Failure, FailurePanel


class HostPage(QWidget):
    """Shows one host for as long as it is open.

    ``page_requested`` carries the key of a machine to open, ``connection_requested`` the URI of a
    connection to edit, ``disconnect_requested`` the URI of one to close.
    """

    page_requested = Signal(object)
    connection_requested = Signal(str)
    disconnect_requested = Signal(str)
    close_requested = Signal()

    def __init__(
        self, session: Session, bridge: Bridge, key: Key, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("host-page")
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.key = key
        self._session = session
        self._host: Host | None = None
        self._gone = False
        self._header = PageHeader("hard-drives", self._make_buttons())
        self._banner = Banner()
        self._banner.setObjectName("page-banner")
        self._banner.clicked.connect(self._on_way_out)
        self._failure = FailurePanel()
        self._failure.setObjectName("page-failure")
        self._failure.clicked.connect(self._on_way_out)
        self._told: Failure | None = None
        self._failure.hide()
        self._facts = Facts()
        self._facts.setObjectName("facts")
        step_s = session.settings.get(POLL_INTERVAL_S)
        self.feed = FigureFeed(key, session.history, bridge, self, step_s=step_s)
        self.machines = MachineTable(session, bridge, key.host)
        self._tabs = GraphTabs(
            self._facts,
            GraphBoard(self.feed, "host"),
            GraphBoard(self.feed, "host", 1),
            [("machines", "Machines", self.machines)],
        )
        self._tabs.range_chosen.connect(self._on_range)
        self.machines.opened.connect(self.page_requested)
        self.machines.counted.connect(self._on_counted)
        state = QVBoxLayout()
        state.setContentsMargins(16, 0, 16, 4)
        state.addWidget(self._banner)
        state.addWidget(self._failure)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._header)
        box.addLayout(state)
        box.addWidget(self._tabs, 1)
        bridge.inventory_changed.connect(self._on_changed)
        bridge.ticked.connect(self._on_tick)
        range_s = session.settings.get(GRAPH_RANGE_S)
        self._tabs.set_range(range_s)
        self.feed.set_range(range_s, time.time())
        self.feed.latest = session.sampler.latest(key)
        self._take()
        self.machines.tell_count()

    def shutdown(self) -> None:
        """End what is under way; call it before the page is thrown away."""
        self.feed.close()

    def _make_buttons(self) -> QWidget:
        edit = QPushButton("Edit connection…")
        edit.setObjectName("host-edit")
        edit.setIcon(current().icon("pencil-simple", "t1"))
        edit.clicked.connect(lambda: self.connection_requested.emit(self.key.host))
        leave = QPushButton("Disconnect")
        leave.setObjectName("host-disconnect")
        leave.setIcon(current().icon("wifi-slash", "t1"))
        leave.clicked.connect(lambda: self.disconnect_requested.emit(self.key.host))
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(edit)
        row.addWidget(leave)
        return buttons

    def _take(self) -> None:
        host = self._session.inventory.host(self.key.host)
        self._gone = host is None
        self._host = host or self._host
        if self._host is not None:
            self._header.name.setText(self._host.name)
            self._header.summary.setText(host_summary(self._host))
            self._tabs.set_cpus(self._host.cpus or 0)
            self._show_facts(self._host)
        self._show_age()

    def _show_facts(self, host: Host) -> None:
        inventory, uri = self._session.inventory, self.key.host
        networks = sum(1 for _ in inventory.of(Network, uri))
        pools = sum(1 for _ in inventory.of(Pool, uri))
        self._facts.set_facts(rows(host_facts(host, networks=networks, pools=pools)))

    def _show_age(self) -> None:
        """Show what changes by itself as time goes by."""
        host = self._host
        if host is None or self._gone:
            self._header.chip.set_state("unknown", "Not connected")
            name = host.name if host is not None else self.key.host
            self._failure.hide()
            self._banner.say(
                "info",
                "wifi-slash",
                f"{name} was disconnected.",
                "What is shown is what was known of it last.",
                (("close", "Close page"),),
            )
            self._tabs.set_message("No figures: the host isn't connected.")
            return
        now_s = time.monotonic()
        self._header.chip.set_state(*link_chip(host, now_s))
        fresh = host.link.state in (LinkState.CONNECTED, LinkState.STALLED)
        self._tabs.set_message("" if fresh else "No figures while it isn't connected.")
        bar = link_bar(host, now_s)
        if bar is not None and host.link.state is LinkState.REFUSED:
            self._show_failure(host, bar.strong, bar.buttons)
        else:
            self._failure.hide()
            self._told = None
            if bar is None:
                self._banner.hide()
            else:
                self._banner.say(bar.tone, bar.icon, bar.strong, bar.detail, bar.buttons)

    def _show_failure(self, host: Host, what: str, buttons: tuple[tuple[str, str], ...]) -> None:
        link = host.link
        why = " ".join(filter(None, (link.why, link.what_to_do)))
        failure = Failure(what, why, _NOTHING_CHANGED, link.libvirt_says)
        self._banner.hide()
        if failure != self._told:
            self._told = failure
            self._failure.show_failure(failure, buttons)
        self._failure.show()

    def _on_changed(self, change: Change) -> None:
        keys = {record.key for record in (*change.added, *change.updated)} | set(change.removed)
        if any(key.host == self.key.host and key.kind in _SHOWN for key in keys):
            self._take()

    def _on_tick(self) -> None:
        if self.isVisible():
            self._show_age()

    def _on_counted(self, total: int, _active: int) -> None:
        self._tabs.set_tab_title("machines", f"Machines {total}")

    def _on_range(self, range_s: int) -> None:
        self._session.settings.set(GRAPH_RANGE_S, range_s)
        self.feed.set_range(range_s, time.time())

    def _on_way_out(self, key: str) -> None:
        match key:
            case "retry":
                self._session.fleet.retry(self.key.host)
            case "edit":
                self.connection_requested.emit(self.key.host)
            case "disconnect":
                self.disconnect_requested.emit(self.key.host)
            case "close":
                self.close_requested.emit()


_NOTHING_CHANGED = "Nothing was changed. What is shown here was known before, if anything."
_SHOWN = frozenset({"host", "network", "pool"})
