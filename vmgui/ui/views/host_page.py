"""The page of one host: how its connection stands, what it is, what it does, what is on it."""

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vmgui.insight.facts import host_facts, host_summary
from vmgui.insight.link_words import link_bar, link_chip
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
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
from vmgui.ui.views.machine_buttons import WORDLESS_PX
from vmgui.ui.views.machine_table import MachineTable
from vmgui.ui.views.page_header import PageHeader
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.failure import Failure, FailurePanel


class HostPage(QWidget):
    """Shows one host at a time; it is made once, and then shows one after the other.

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
        self._session = session
        self._bridge = bridge
        self._is_open = False
        self._header = PageHeader("hard-drives", self._make_buttons(), self)
        self._banner = Banner(self)
        self._banner.setObjectName("page-banner")
        self._banner.clicked.connect(self._on_way_out)
        self._failure = FailurePanel(self)
        self._failure.setObjectName("page-failure")
        self._failure.clicked.connect(self._on_way_out)
        self._failure.hide()
        step_s = session.settings.get(POLL_INTERVAL_S)
        self.feed = FigureFeed(key, session.history, bridge, self, step_s=step_s)
        self._machines: MachineTable | None = None
        others = [("machines", "Machines", self._make_machines)]
        self._tabs = GraphTabs(self.feed, "host", others, self)
        self._facts = self._tabs.facts
        self._tabs.range_chosen.connect(self._on_range)
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
        self.open(key)

    def open(self, key: Key) -> None:
        """Show a host from now on, as if the page were new."""
        self.key = key
        self._is_open = True
        self._host: Host | None = None
        self._gone = False
        self._told: Failure | None = None
        self._header.name.setText(key.host)
        self._header.summary.setText("")
        self._facts.set_facts(())
        session = self._session
        self._tabs.begin()
        self.feed.follow(key, session.sampler.latest(key))
        range_s = session.settings.get(GRAPH_RANGE_S)
        self._tabs.set_range(range_s)
        self.feed.set_range(range_s, time.time())
        if self._machines is not None:
            self._machines.show_host(key.host)
        self._take()
        self._count_machines()

    def shutdown(self) -> None:
        """End what is under way, and follow nothing until `open` is called again."""
        self._is_open = False
        self.feed.close()
        if self._machines is not None:
            self._machines.show_host("")

    def _make_buttons(self) -> QWidget:
        buttons = QWidget(self)
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for name, icon, words, ask in (
            ("host-edit", "pencil-simple", _EDIT, self.connection_requested),
            ("host-disconnect", "wifi-slash", _LEAVE, self.disconnect_requested),
        ):
            button = QPushButton(words, buttons)
            button.setObjectName(name)
            button.setAccessibleName(words)
            button.setToolTip(words)
            button.setIcon(current().icon(icon, "t1"))
            button.clicked.connect(lambda _on=False, ask=ask: ask.emit(self.key.host))
            row.addWidget(button)
        return buttons

    def _make_machines(self, parent: QWidget) -> QWidget:
        self._machines = MachineTable(self._session, self._bridge, self.key.host, parent)
        self._machines.opened.connect(self.page_requested)
        return self._machines

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
            self._tabs.set_stale(True)
            return
        now_s = time.monotonic()
        self._header.chip.set_state(*link_chip(host, now_s))
        fresh = host.link.state in (LinkState.CONNECTED, LinkState.STALLED)
        self._tabs.set_message("" if fresh else "No figures while it isn't connected.")
        self._tabs.set_stale(not host.link.state.is_fresh)
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
        if not self._is_open:
            return
        came_or_went = {*(record.key for record in change.added), *change.removed}
        keys = came_or_went | {record.key for record in change.updated}
        if any(key.host == self.key.host and key.kind in _SHOWN for key in keys):
            self._take()
        if any(key.host == self.key.host and key.kind == "domain" for key in came_or_went):
            self._count_machines()

    def _on_tick(self) -> None:
        if self.isVisible():
            self._show_age()

    def _count_machines(self) -> None:
        machines = sum(1 for _ in self._session.inventory.of(Domain, self.key.host))
        self._tabs.set_tab_title("machines", f"Machines {machines}")

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        compact = self.window().width() < current().px(WORDLESS_PX)
        for name, words in (("host-edit", _EDIT), ("host-disconnect", _LEAVE)):
            if (button := self.findChild(QPushButton, name)) is not None:
                button.setText("" if compact else words)


_EDIT, _LEAVE = "Edit connection…", "Disconnect"
_NOTHING_CHANGED = "Nothing was changed. What is shown here was known before, if anything."
_SHOWN = frozenset({"host", "network", "pool"})
