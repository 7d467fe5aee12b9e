"""The page of one machine: how it is, what it is, what it did, and what can be done with it."""

import time
from collections.abc import Iterator

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmgui.insight.amounts import duration
from vmgui.insight.attention import Severity, attention
from vmgui.insight.facts import machine_facts, machine_summary
from vmgui.insight.link_words import data_age_s, link_bar
from vmgui.insight.query import term
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host, LinkState
from vmgui.inventory.key import Key, host_key
from vmgui.inventory.snapshot import Snapshot, domain_of
from vmgui.session import Session
from vmgui.settings import GRAPH_RANGE_S, POLL_INTERVAL_S
from vmgui.ui.bridge import Bridge
from vmgui.ui.models.tree_nodes import hangs, shown_state
from vmgui.ui.style import current
from vmgui.ui.views.fact_rows import rows
from vmgui.ui.views.figure_feed import FigureFeed
from vmgui.ui.views.graph_tabs import GraphTabs
from vmgui.ui.views.machine_buttons import WORDLESS_PX, MachineButtons, Perform
from vmgui.ui.views.page_header import PageHeader
from vmgui.ui.views.snapshots.tab import NEXT_TURN_MS, SnapshotsTab
from vmgui.ui.views.tree_delegate import mark_of
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.graph import GraphEvent

_SAME_S = 3.0
"""A change of state within this time of an action's end is taken to be its doing."""

_NOT_THERE = "Not there any more"

_STATE_ICONS = {
    DomainState.RUNNING: "play",
    DomainState.PAUSED: "pause",
    DomainState.CRASHED: "warning",
    DomainState.MIGRATING: "fast-forward",
    DomainState.SAVED: "floppy-disk",
}


class MachinePage(QWidget):
    """Shows one machine at a time, and says so when the machine is gone.

    It is made once and then shows one machine after the other: to make it costs many times as
    much as to fill it.

    ``query_requested`` carries a query, ``page_requested`` the key of another page,
    ``entry_requested`` the id of a journal line, ``connection_requested`` the URI of a connection
    that a person wants to edit. ``close_requested`` asks to be closed.
    """

    query_requested = Signal(str)
    page_requested = Signal(object)
    entry_requested = Signal(str)
    connection_requested = Signal(str)
    close_requested = Signal()

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        key: Key,
        perform: Perform,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("machine-page")
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.key = key
        self._session = session
        self._bridge = bridge
        self._perform = perform
        self._is_open = False
        self._buttons = MachineButtons(session.registry, perform, self)
        self._header = PageHeader("desktop", self._buttons, self)
        self._header.crumb_activated.connect(self._open_host)
        self._header.tag_activated.connect(lambda tag: self.query_requested.emit(term("tag", tag)))
        self._banner = Banner(self)
        self._banner.setObjectName("page-banner")
        self._banner.clicked.connect(self._on_banner)
        step_s = session.settings.get(POLL_INTERVAL_S)
        self.feed = FigureFeed(key, session.history, bridge, self, step_s=step_s)
        self._snapshots: SnapshotsTab | None = None
        others = [("snapshots", "Snapshots", self._make_snapshots)]
        self._tabs = GraphTabs(self.feed, "machine", others, self)
        self._facts = self._tabs.facts
        self._facts.link_activated.connect(self._open_host)
        self._tabs.range_chosen.connect(self._on_range)
        self._tabs.event_activated.connect(self._on_event)
        banner_row = QVBoxLayout()
        banner_row.setContentsMargins(16, 0, 16, 4)
        banner_row.addWidget(self._banner)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._header)
        box.addLayout(banner_row)
        box.addWidget(self._tabs, 1)
        bridge.inventory_changed.connect(self._on_changed)
        bridge.journal_changed.connect(self._show_events)
        bridge.ticked.connect(self._on_tick)
        self.open(key)

    def open(self, key: Key) -> None:
        """Show a machine from now on, as if the page were new."""
        self.key = key
        self._is_open = True
        self._domain: Domain | None = None
        self._host: Host | None = None
        self._gone_at_s: float | None = None
        self._state_events: list[GraphEvent] = []
        session = self._session
        self._tabs.begin()
        self.feed.follow(key, session.sampler.latest(key))
        range_s = session.settings.get(GRAPH_RANGE_S)
        self._tabs.set_range(range_s)
        self.feed.set_range(range_s, time.time())
        self._take()
        self._show_events()
        self._count_snapshots()
        if self._snapshots is not None:
            self._snapshots.open(key)

    @property
    def domain(self) -> Domain | None:
        """The machine as last known, also after it is gone."""
        return self._domain

    @property
    def is_gone(self) -> bool:
        """Tell whether the machine isn't there any more."""
        return self._gone_at_s is not None

    def highlight_entry(self, entry_id: str) -> None:
        """Make the mark of a journal line stand out in the graphs, or none for an empty id."""
        self._tabs.highlight_event(entry_id)

    def shutdown(self) -> None:
        """End what is under way, and follow nothing until `open` is called again."""
        self._is_open = False
        self.feed.close()
        if self._snapshots is not None:
            self._snapshots.close_down()

    def _take(self) -> None:
        """Take over what the inventory knows now."""
        domain = self._session.inventory.domain(self.key)
        self._host = self._session.inventory.host(self.key.host)
        if domain is None:
            if self._gone_at_s is None:
                self._gone_at_s = time.time()
        else:
            self._gone_at_s = None
            self._note_state(domain)
            self._domain = domain
        self._show()

    def _note_state(self, domain: Domain) -> None:
        before = self._domain
        if before is None or before.state is domain.state or domain.state is DomainState.UNKNOWN:
            return
        at_s = domain.state_since_s or time.time()
        text = f"{before.state.value.capitalize()} → {domain.state.value}"
        if domain.state_reason:
            text += f" ({domain.state_reason})"
        icon = _STATE_ICONS.get(domain.state, "power")
        self._state_events.append(GraphEvent(f"state-{at_s}", at_s, icon, text))
        self._show_events()

    def _show(self) -> None:
        domain = self._domain
        if domain is None:
            # It was gone before the page could open.
            self._header.name.setText("A machine that isn't there")
            self._header.set_crumb(self._host.name if self._host else "")
            self._header.set_tags(())
            self._header.summary.setText("")
            self._header.chip.set_state("unknown", _NOT_THERE)
            self._facts.set_facts(())
            self._buttons.set_gone()
            self._show_banner()
            return
        self._header.name.setText(domain.name)
        self._header.set_crumb(self._host.name if self._host else "")
        self._header.set_tags(domain.tags)
        self._header.summary.setText(machine_summary(domain))
        self._facts.set_facts(rows(machine_facts(domain, self._host)))
        self._tabs.set_cpus(domain.vcpus)
        if self.is_gone:
            self._buttons.set_gone()
        else:
            self._buttons.set_machine(domain, self._host)
        self._facts.setEnabled(not self.is_gone)
        self._show_age()

    def _show_age(self) -> None:
        """Show what changes by itself as time goes by."""
        if self._domain is not None:
            self._header.chip.set_state(*self._chip(self._domain))
            self._tabs.set_message(self._no_figures(self._domain))
            self._tabs.set_stale(self._is_stale(self._domain))
        self._show_banner()

    def _chip(self, domain: Domain) -> tuple[str, str]:
        if self.is_gone:
            return "unknown", _NOT_THERE
        state = shown_state(domain, self._host)
        if state is DomainState.UNKNOWN and domain.state is not DomainState.UNKNOWN:
            return "unknown", f"Unknown · was {domain.state.value}"
        words = [state.value.capitalize()]
        if self._host is not None and self._host.link.state is LinkState.STALLED:
            age_s = data_age_s(self._host, time.monotonic())
            words.append("data is old" if age_s is None else f"data {duration(age_s)} old")
            return "stale", " · ".join(words)
        if hangs(domain, self._host):
            return "stale", f"{words[0]} · doesn't answer"
        if domain.state_since_s is not None:
            words.append(duration(time.time() - domain.state_since_s))
        return mark_of(state), " · ".join(words)

    def _is_stale(self, domain: Domain) -> bool:
        fresh = self._host is not None and self._host.link.state.is_fresh
        return self.is_gone or not fresh or hangs(domain, self._host)

    def _no_figures(self, domain: Domain) -> str:
        if self.is_gone:
            return "No figures: the machine isn't there any more."
        if shown_state(domain, self._host) is DomainState.UNKNOWN:
            return "No figures while its host doesn't answer."
        if hangs(domain, self._host):
            return "No figures while it doesn't answer."
        if domain.state.is_active:
            return ""
        word = domain.state.value.capitalize()
        if domain.state_since_s is None:
            return f"{word}: no figures while it is off."
        since = time.strftime("%H:%M", time.localtime(domain.state_since_s))
        return f"{word} since {since}: no figures while it is off."

    def _show_banner(self) -> None:
        if self.is_gone:
            self._banner.say("dang", "warning", *self._gone_words(), (("close", "Close page"),))
            return
        bar = link_bar(self._host, time.monotonic()) if self._host is not None else None
        if bar is not None:
            self._banner.say(bar.tone, bar.icon, bar.strong, bar.detail, bar.buttons)
            return
        if self._domain is not None:
            concern = attention(self._domain, self._host, self.feed.latest)
            if concern is not None and concern.severity is Severity.HIGH:
                self._banner.say("dang", "crashed", concern.reason)
                return
            if concern is not None and concern.severity is Severity.MEDIUM:
                self._banner.say("warn", "warning", concern.reason)
                return
        self._banner.hide()

    def _gone_words(self) -> tuple[str, str]:
        when = time.strftime("%H:%M:%S", time.localtime(self._gone_at_s))
        if self._domain is None:
            return "This machine isn't there.", "It was removed before its page opened."
        if self._host is None:
            why = "Its host was disconnected"
        else:
            why = "It was deleted, or it was transient and stopped"
        return (
            f"{self._domain.name} is not there any more.",
            f"{why}, {when}. Last known: {self._domain.state.value}. Nothing here changes now.",
        )

    def _show_events(self) -> None:
        if not self._is_open:
            return
        actions = list(self._action_events())
        marks = [
            event
            for event in self._state_events
            if not any(abs(event.at_s - other.at_s) < _SAME_S for other in actions)
        ]
        self._tabs.set_events([*actions, *marks])

    def _action_events(self) -> Iterator[GraphEvent]:
        for entry in self._session.journal.entries():
            if entry.target != self.key:
                continue
            at_s = entry.ended_at_s or entry.started_at_s or entry.created_at_s
            try:
                icon = self._session.registry.get(entry.action_id).icon
            except ValueError:  # an action of another version of vmgui
                icon = "gear-six"
            yield GraphEvent(entry.id, at_s, icon, f"{entry.title}: {entry.state.value}")

    def _on_changed(self, change: Change) -> None:
        if not self._is_open:
            return
        about = {record.key for record in (*change.added, *change.updated)} | set(change.removed)
        if self.key in about or host_key(self.key.host) in about:
            self._take()
        if any(key.kind == "snapshot" and domain_of(key) == self.key for key in about):
            self._count_snapshots()

    def _make_snapshots(self, parent: QWidget) -> QWidget:
        self._snapshots = SnapshotsTab(self._session, self._bridge, parent)
        self._snapshots.action_wanted.connect(self._on_action_wanted)
        self._tabs.set_corner("snapshots", self._snapshots.corner)
        # In turns of their own, since with hundreds of snapshots each of the three takes a while:
        # it is made, its frame is painted, it is filled.
        tab, wait_ms = self._snapshots, NEXT_TURN_MS
        QTimer.singleShot(
            wait_ms, tab, lambda: QTimer.singleShot(wait_ms, tab, self._open_snapshots)
        )
        return tab

    def _open_snapshots(self) -> None:
        if self._is_open and self._snapshots is not None and not self._snapshots.is_shown:
            self._snapshots.open(self.key)

    def _on_action_wanted(self, action_id: str, key: Key, arguments: dict[str, object]) -> None:
        self._perform(action_id, (key,), arguments)

    def _count_snapshots(self) -> None:
        held = self._session.inventory.of(Snapshot, self.key.host)
        count = sum(1 for snapshot in held if snapshot.domain == self.key)
        self._tabs.set_tab_title("snapshots", f"Snapshots {count}" if count else "Snapshots")

    def _on_tick(self) -> None:
        if self.isVisible():
            self._show_age()

    def _open_host(self) -> None:
        self.page_requested.emit(host_key(self.key.host))

    def _on_range(self, range_s: int) -> None:
        self._session.settings.set(GRAPH_RANGE_S, range_s)
        self.feed.set_range(range_s, time.time())

    def _on_event(self, key: str) -> None:
        if not key.startswith("state-"):
            self.entry_requested.emit(key)

    def _on_banner(self, key: str) -> None:
        match key:
            case "close":
                self.close_requested.emit()
            case "retry":
                self._session.fleet.retry(self.key.host)
            case "edit":
                self.connection_requested.emit(self.key.host)
            case "disconnect":
                self.page_requested.emit(host_key(self.key.host))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._buttons.set_compact(self.window().width() < current().px(WORDLESS_PX))
