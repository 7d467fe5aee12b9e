"""The same snapshots as rows."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmgui.insight import dates
from vmgui.insight.amounts import size
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot
from vmgui.ui.views.record_table import Column, RecordModel, RecordTable
from vmgui.ui.views.snapshots.look import kind_words

_MARKS = {"running": "running", "paused": "paused", "blocked": "running", "shutoff": "off"}
"""What starts from power-off after going back to it has the mark of a machine that is off."""


class SnapshotList(QWidget):
    """A table of snapshots; ``chosen`` carries the name of the one that was chosen."""

    chosen = Signal(str)

    def __init__(
        self,
        size_of: Callable[[Snapshot], int | None],
        now_s: Callable[[], float],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        columns: tuple[Column[Snapshot], ...] = (
            Column("Name", lambda s: s.name, lambda s: s.name.casefold()),
            Column(
                "Taken",
                lambda s: dates.moment(s.created_at_s, now_s()),
                lambda s: (s.created_at_s, s.name),
                132,
            ),
            Column("Kind", kind_words, kind_words, 150),
            Column(
                "Size",
                lambda s: "" if size_of(s) is None else size(size_of(s) or 0),
                lambda s: size_of(s) or 0,
                74,
                right=True,
            ),
            Column("Parent", lambda s: s.parent, lambda s: s.parent.casefold(), 130),
            Column(
                "Now", lambda s: "you are here" if s.current else "", lambda s: not s.current, 92
            ),
        )
        self.model: RecordModel[Snapshot] = RecordModel(
            columns,
            lambda s: _MARKS.get(s.state, "off" if s.state == "disk-snapshot" else "unknown"),
            lambda _s: False,
            self,
        )
        self.table = RecordTable(self.model, columns, self)
        self.table.setObjectName("snapshot-list")
        self.table.setAccessibleName("Snapshots")
        self.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        self.table.selectionModel().currentRowChanged.connect(self._on_current)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.table)
        self._shown: frozenset[Key] = frozenset()
        self._is_told = False

    def set_snapshots(self, snapshots: Iterable[Snapshot], *, anew: bool) -> None:
        """Show these; ``anew`` for another machine, otherwise rows stay where they are."""
        records = {snapshot.key: snapshot for snapshot in snapshots}
        self._is_told = True
        if anew:
            self.model.set_records(records.values())
        else:
            self.model.take(records, self._shown - records.keys())
        self._is_told = False
        self._shown = frozenset(records)

    def select(self, key: Key | None) -> None:
        """Mark the row of a snapshot, or none."""
        self._is_told = True
        row = self.model.row_of(key) if key is not None else None
        if row is None:
            self.table.clearSelection()
            self.table.selectionModel().clearCurrentIndex()
        else:
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(
                self.model.index(row, 0), flags.ClearAndSelect | flags.Rows
            )
            self.table.scrollTo(self.model.index(row, 0))
        self._is_told = False

    def _on_current(self) -> None:
        record = self.model.record(self.table.currentIndex())
        if record is not None and not self._is_told:
            self.chosen.emit(record.name)
