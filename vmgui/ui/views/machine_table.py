"""The machines of one host as a table."""

import math

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmgui.insight.amounts import percent, size
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import LinkState
from vmgui.inventory.key import host_key
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.models.order import natural_key
from vmgui.ui.models.tree_nodes import hangs, shown_state
from vmgui.ui.views.record_table import Column, RecordModel, RecordTable
from vmgui.ui.views.tree_delegate import mark_of


class MachineTable(QWidget):
    """State, CPU and memory of each machine of a host.

    ``opened`` carries a machine's key.
    """

    opened = Signal(object)

    def __init__(
        self, session: Session, bridge: Bridge, uri: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._uri = ""
        columns: tuple[Column[Domain], ...] = (
            Column("Machine", lambda d: d.name, lambda d: natural_key(d.name)),
            Column("State", self._state, self._state, 120),
            Column("CPU", self._cpu, self._cpu_order, 80, right=True, live=True),
            Column("Memory used", self._used, self._used_order, 110, right=True, live=True),
            Column("Granted", _granted, lambda d: d.memory_bytes, 100, right=True, gives_way=2),
            Column("vCPU", _vcpus, lambda d: d.vcpus, 60, right=True, gives_way=3),
            Column("Tags", lambda d: ", ".join(d.tags), lambda d: d.tags, 200, gives_way=1),
        )
        self._model: RecordModel[Domain] = RecordModel(columns, self._mark, _is_quiet)
        self.table = RecordTable(self._model, columns, self)
        self.table.setObjectName("host-machines")
        self.table.setAccessibleName("Machines of this host")
        self.table.opened.connect(self.opened)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 12, 16, 16)
        box.addWidget(self.table)
        self.show_host(uri)
        bridge.inventory_changed.connect(self._on_changed)
        bridge.samples_arrived.connect(self._on_samples)

    def show_host(self, uri: str) -> None:
        """Show the machines of this host by their names; of none for ""."""
        self._uri = uri
        self._model.set_records(())
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self._model.set_records(self._session.inventory.of(Domain, uri) if uri else ())
        self.table.scrollToTop()

    def _on_changed(self, change: Change) -> None:
        records = {
            record.key: record
            for record in (*change.added, *change.updated)
            if isinstance(record, Domain) and record.key.host == self._uri
        }
        gone = [key for key in change.removed if key.host == self._uri and key.kind == "domain"]
        if records or gone:
            self._model.take(records, gone)
        elif host_key(self._uri) in {record.key for record in change.updated}:
            last = self._model.index(self._model.rowCount() - 1, 1)
            self._model.dataChanged.emit(self._model.index(0, 0, QModelIndex()), last)

    def _on_samples(self) -> None:
        if self.isVisible():
            self._model.refresh_live()

    def _shown(self, domain: Domain) -> DomainState:
        return shown_state(domain, self._session.inventory.host(self._uri))

    def _mark(self, domain: Domain) -> str:
        host = self._session.inventory.host(self._uri)
        is_stale = host is not None and host.link.state is LinkState.STALLED
        is_stale = is_stale and domain.state.is_active
        return mark_of(self._shown(domain), hangs=is_stale or hangs(domain, host))

    def _state(self, domain: Domain) -> str:
        host = self._session.inventory.host(self._uri)
        return f"{self._shown(domain).value}{', hangs' if hangs(domain, host) else ''}"

    def _ratio(self, domain: Domain) -> float:
        sample = self._session.sampler.latest(domain.key)
        ratio = sample.cpu_ratio if sample is not None else None
        return math.nan if ratio is None else ratio

    def _cpu(self, domain: Domain) -> str:
        ratio = self._ratio(domain)
        return "" if math.isnan(ratio) else percent(ratio)

    def _cpu_order(self, domain: Domain) -> float:
        ratio = self._ratio(domain)
        return -1.0 if math.isnan(ratio) else ratio

    def _used_order(self, domain: Domain) -> int:
        sample = self._session.sampler.latest(domain.key)
        return (sample.memory_used_bytes or 0) if sample is not None else 0

    def _used(self, domain: Domain) -> str:
        used = self._used_order(domain)
        return size(used) if used else ""


def _vcpus(domain: Domain) -> str:
    return str(domain.vcpus or "")


def _granted(domain: Domain) -> str:
    return size(domain.memory_bytes) if domain.memory_bytes else ""


def _is_quiet(domain: Domain) -> bool:
    return not domain.state.is_active and domain.state is not DomainState.CRASHED
