"""All hypervisors: what there is in total, how each host stands, and what wants a look."""

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from vmgui.insight.amounts import counted, duration, percent, size
from vmgui.insight.link_words import data_age_s, link_chip
from vmgui.insight.overview import Look, Totals, looks, totals
from vmgui.inventory.host import Host
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.models.order import natural_key
from vmgui.ui.style import current
from vmgui.ui.views.page_header import PageHeader
from vmgui.ui.views.record_table import Column, RecordModel, RecordTable
from vmgui.ui.views.severity_row import SeverityRow
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.text import plain_label

_TILE_PX = 96
_LOOKS_SHOWN = 50
_GATHER_MS = 2000
"""Totals over thousands of machines are made at most once in this time."""


class AllPage(QWidget):
    """Totals, hosts, and the machines and hosts that want a look.

    ``page_requested`` carries the key of a page to open, ``query_requested`` a query,
    ``connect_requested`` asks for the connection dialog.
    """

    page_requested = Signal(object)
    query_requested = Signal(str)
    connect_requested = Signal()

    def __init__(self, session: Session, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("all-page")
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._totals: Totals | None = None
        connect = QPushButton("Connect…")
        connect.setObjectName("all-connect")
        connect.setProperty("role", "primary")
        connect.setIcon(current().icon("plus", "onacc"))
        connect.clicked.connect(self.connect_requested)
        self._header = PageHeader("cloud", connect)
        self._header.name.setText("All hypervisors")
        self._header.chip.hide()
        self._figures = _Figures()
        columns = self._columns()
        self._model: RecordModel[Host] = RecordModel(columns, self._mark, _is_quiet)
        self.table = RecordTable(self._model, columns)
        self.table.setObjectName("all-hosts")
        self.table.setAccessibleName("Hosts")
        self.table.opened.connect(self.page_requested)
        self._looks = QVBoxLayout()
        self._looks.setSpacing(0)
        self._shown_looks: tuple[Look, ...] = ()
        self._lay_out()
        self._due = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._due.timeout.connect(self.refresh)
        bridge.inventory_changed.connect(self._on_news)
        bridge.samples_arrived.connect(self._on_news)
        bridge.ticked.connect(self._on_tick)
        self._hosts: tuple[Key, ...] = ()

    def _lay_out(self) -> None:
        attention = QWidget()
        attention.setLayout(self._looks)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(attention)
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(_card("Hosts", self.table), 5)
        below.addWidget(_card("Wants a look", area), 2)
        body = QVBoxLayout()
        body.setContentsMargins(16, 8, 16, 16)
        body.setSpacing(12)
        body.addWidget(self._figures)
        body.addLayout(below, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._header)
        box.addLayout(body, 1)

    def refresh(self) -> None:
        """Count everything anew and show it."""
        inventory, latest = self._session.inventory, self._session.sampler.latest
        self._totals = totals(inventory, latest)
        self._figures.show_totals(self._totals)
        hosts = inventory.hosts()
        keys = tuple(host.key for host in hosts)
        if keys != self._hosts:
            self._hosts = keys
            self._model.set_records(hosts)
        else:
            self._model.take({host.key: host for host in hosts}, ())
        self._header.summary.setText(
            f"{counted(len(hosts), 'host')} · {counted(self._totals.machines, 'machine')}"
        )
        self._show_looks(looks(inventory, latest, _LOOKS_SHOWN))

    def _show_looks(self, found: tuple[Look, ...]) -> None:
        if found == self._shown_looks and self._looks.count():
            return
        self._shown_looks = found
        while (item := self._looks.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if not found:
            self._looks.addWidget(
                plain_label("Nothing is known to be wrong.", "body", "t3", wrap=True)
            )
        for look in found:
            row = SeverityRow(look.severity.value, look.name, look.reason)
            row.setObjectName(f"look-{look.key.id or look.key.host}")
            row.clicked.connect(lambda _=False, key=look.key: self.page_requested.emit(key))
            self._looks.addWidget(row)
        self._looks.addStretch(1)

    def _columns(self) -> tuple[Column[Host], ...]:
        return (
            Column("Host", lambda h: h.name, lambda h: natural_key(h.name)),
            Column("Connection", self._link, lambda h: h.link.state.value, 136, live=True),
            Column("Data", self._age, _age_order, 76, live=True, gives_way=3),
            Column("Machines on", self._machines, self._machines_order, 96, right=True,
                   gives_way=1),
            Column("CPU", self._cpu, self._cpu_order, 60, right=True, live=True),
            Column("Memory", self._memory, _memory_order, 140, right=True, live=True,
                   gives_way=2),
        )  # fmt: skip

    def _mark(self, host: Host) -> str:
        return link_chip(host, time.monotonic())[0]

    def _link(self, host: Host) -> str:
        return link_chip(host, time.monotonic())[1]

    def _age(self, host: Host) -> str:
        age_s = data_age_s(host, time.monotonic())
        return "" if age_s is None else f"{duration(age_s)} old"

    def _machines(self, host: Host) -> str:
        per = self._totals.per_host.get(host.key.host) if self._totals else None
        return f"{per[0]} of {per[1]}" if per else "0 of 0"

    def _machines_order(self, host: Host) -> tuple[int, int]:
        return self._totals.per_host.get(host.key.host, (0, 0)) if self._totals else (0, 0)

    def _cpu_order(self, host: Host) -> float:
        sample = self._session.sampler.latest(host.key)
        return -1.0 if sample is None or sample.cpu_ratio is None else sample.cpu_ratio

    def _cpu(self, host: Host) -> str:
        ratio = self._cpu_order(host)
        return "" if ratio < 0 else percent(ratio)

    def _memory(self, host: Host) -> str:
        sample = self._session.sampler.latest(host.key)
        used = sample.memory_used_bytes if sample is not None else None
        if not host.memory_bytes:
            return ""
        return f"{size(used)} of {size(host.memory_bytes)}" if used else size(host.memory_bytes)

    def _on_news(self) -> None:
        if self.isVisible() and not self._due.isActive():
            self._due.start()

    def _on_tick(self) -> None:
        if self.isVisible():
            self._model.refresh_live()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()


class _Figures(QWidget):
    """Totals side by side: a title, a large figure, what it is of."""

    _TITLES = (
        ("machines", "Machines on"),
        ("hosts", "Hosts connected"),
        ("cpu", "CPU busy"),
        ("memory", "Memory used"),
        ("promised", "Promised to running"),
    )

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self._labels: dict[str, tuple[ElidedLabel, ElidedLabel]] = {}
        for key, title in self._TITLES:
            figure = ElidedLabel("—", "page")
            caption = ElidedLabel("", "table", "t3", is_sentence=True)
            figure.setObjectName(f"total-{key}")
            self._labels[key] = (figure, caption)
            card = QFrame()
            card.setProperty("role", "card")
            card.setMinimumWidth(_TILE_PX)  # its words are cut before the window is made wider
            box = QVBoxLayout(card)
            box.setContentsMargins(12, 8, 12, 8)
            box.setSpacing(2)
            box.addWidget(ElidedLabel(title, "card"))
            box.addWidget(figure)
            box.addWidget(caption)
            row.addWidget(card, 1)

    def show_totals(self, totals: Totals) -> None:
        """Show these sums; what isn't known is a dash."""
        words = {
            "machines": (str(totals.active), f"of {totals.machines}"),
            "hosts": (str(totals.connected), f"of {totals.hosts}"),
            "cpu": _cpu_words(totals),
            "memory": _memory_words(totals),
            "promised": (
                size(totals.promised_bytes) if totals.promised_bytes else "—",
                f"{size(totals.granted_bytes)} granted",
            ),
        }
        for key, (figure, caption) in words.items():
            self._labels[key][0].setText(figure)
            self._labels[key][1].setText(caption)


def _cpu_words(totals: Totals) -> tuple[str, str]:
    promised = f"{totals.vcpus} vCPU running"
    if totals.busy_cpus is None or not totals.cpus:
        return "—", promised
    return percent(totals.busy_cpus / totals.cpus), f"of {totals.cpus} threads · {promised}"


def _memory_words(totals: Totals) -> tuple[str, str]:
    of = f"of {size(totals.memory_bytes)}" if totals.memory_bytes else ""
    return ("—" if totals.used_bytes is None else size(totals.used_bytes)), of


def _card(title: str, content: QWidget) -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    box = QVBoxLayout(card)
    box.setContentsMargins(12, 8, 12, 8)
    box.setSpacing(8)
    box.addWidget(plain_label(title, "card"))
    box.addWidget(content, 1)
    return card


def _memory_order(host: Host) -> int:
    return host.memory_bytes or 0


def _age_order(host: Host) -> float:
    return -(host.link.answered_at_monotonic_s or 0)


def _is_quiet(host: Host) -> bool:
    return not host.link.state.is_fresh
