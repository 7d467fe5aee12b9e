"""A table of records: few columns, any number of rows, sorted only when a person asks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot
from vmgui.ui.style import current
from vmgui.ui.style.tokens import ROW_PX
from vmgui.ui.widgets.state_mark import paint_state
from vmgui.ui.widgets.text import one_line, plain_tooltip

R = TypeVar("R", Host, Domain, Snapshot)
_Index = QModelIndex | QPersistentModelIndex
_MARK_ROLE = Qt.ItemDataRole.UserRole + 1
_QUIET_ROLE = Qt.ItemDataRole.UserRole + 2
_PADDING_PX = 8
_LEAST_PX = 130


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: its title, a cell's text, and what rows are sorted by.

    ``live`` ones change with each sample. ``width_px`` is at scale 1; one column without a
    width takes the room that is left. Where that is too little, those that give way are hidden,
    the highest number first; 0 never is.
    """

    title: str
    text: Callable[[R], str]
    order: Callable[[R], Any]
    width_px: int = 0
    right: bool = False
    live: bool = False
    gives_way: int = 0


class RecordModel(QAbstractTableModel, Generic[R]):
    """Rows of records by their keys.

    ``mark`` is the state to draw before the first column, ``quiet`` tells which rows step back.
    """

    def __init__(
        self,
        columns: Sequence[Column[R]],
        mark: Callable[[R], str],
        quiet: Callable[[R], bool],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._columns: tuple[Column[R], ...] = tuple(columns)
        self._mark: Callable[[R], str] = mark
        self._quiet: Callable[[R], bool] = quiet
        self._records: list[R] = []
        self._rows: dict[Key, int] = {}
        self._sorted_by = (0, Qt.SortOrder.AscendingOrder)

    def set_records(self, records: Iterable[R]) -> None:
        """Show exactly these, sorted as was asked for last."""
        self.beginResetModel()
        self._records = list(records)
        self._sort()
        self.endResetModel()

    def take(self, records: Mapping[Key, R], gone: Iterable[Key]) -> None:
        """Take over what changed; new ones go to the end until a person sorts again."""
        for key in gone:
            if (row := self._rows.get(key)) is not None:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._records[row]
                self._number()
                self.endRemoveRows()
        fresh: list[R] = []
        for key, record in records.items():
            row = self._rows.get(key)
            if row is None:
                fresh.append(record)
                continue
            self._records[row] = record
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self._columns) - 1))
        if fresh:
            first = len(self._records)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._records += fresh
            self._number()
            self.endInsertRows()

    def refresh_live(self) -> None:
        """Say that the live columns show something else."""
        live = [index for index, column in enumerate(self._columns) if column.live]
        if live and self._records:
            last = len(self._records) - 1
            self.dataChanged.emit(self.index(0, live[0]), self.index(last, live[-1]))

    def record(self, index: _Index) -> R | None:
        """Return what stands in a row."""
        return self._records[index.row()] if index.isValid() else None

    def row_of(self, key: Key) -> int | None:
        """Return where a record stands."""
        return self._rows.get(key)

    def _sort(self) -> None:
        column, order = self._sorted_by
        descending = order is Qt.SortOrder.DescendingOrder
        self._records.sort(key=self._columns[column].order, reverse=descending)
        self._number()

    def _number(self) -> None:
        self._rows = {record.key: row for row, record in enumerate(self._records)}

    # Qt

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  the same
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        record, column = self._records[index.row()], self._columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return one_line(column.text(record))
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(column.text(record))
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
                return side | Qt.AlignmentFlag.AlignVCenter
            case _ if role == _MARK_ROLE:
                return self._mark(record)
            case _ if role == _QUIET_ROLE:
                return self._quiet(record)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted_by = (column, order)
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [(index, self._records[index.row()].key) for index in before]
        self._sort()
        for index, key in held:
            self.changePersistentIndex(index, self.index(self._rows[key], index.column()))
        self.layoutChanged.emit()


class RecordTable(QTableView):
    """Shows a `RecordModel`. ``opened`` carries the key of a row that was opened."""

    opened = Signal(object)

    def __init__(
        self, model: RecordModel[Any], columns: Sequence[Column[Any]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self.setModel(model)
        self.setItemDelegate(_RowDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        for index, column in enumerate(columns):
            mode = QHeaderView.ResizeMode
            header.setSectionResizeMode(
                index, mode.Interactive if column.width_px else mode.Stretch
            )
        self.activated.connect(self._on_activated)
        current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        style = current()
        self.verticalHeader().setDefaultSectionSize(style.px(ROW_PX["table"]))
        for index, column in enumerate(self._columns):
            if column.width_px:
                self.setColumnWidth(index, style.px(column.width_px))
        self._make_room()

    def _make_room(self) -> None:
        """Hide columns until the one that takes what is left has enough."""
        px = current().px
        used = px(_LEAST_PX) + sum(px(column.width_px) for column in self._columns)
        hidden: set[int] = set()
        for number in sorted(range(len(self._columns)), key=lambda n: -self._columns[n].gives_way):
            if used <= self.viewport().width() or not self._columns[number].gives_way:
                break
            hidden.add(number)
            used -= px(self._columns[number].width_px)
        for number in range(len(self._columns)):
            if self.isColumnHidden(number) is not (number in hidden):
                self.setColumnHidden(number, number in hidden)

    def _on_activated(self, index: QModelIndex) -> None:
        model = self.model()
        if isinstance(model, RecordModel) and (record := model.record(index)) is not None:
            self.opened.emit(record.key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._on_activated(self.currentIndex())
            return
        super().keyPressEvent(event)


class _RowDelegate(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        style = current()
        view = self.parent()
        assert isinstance(view, QTableView)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            has_focus = view.hasFocus()
            painter.fillRect(option.rect, style.color("accsoft" if has_focus else "s3"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, style.color("s3"))
        painter.fillRect(
            option.rect.left(), option.rect.bottom(), option.rect.width(), 1, style.color("line")
        )
        box = option.rect.adjusted(_PADDING_PX, 0, -_PADDING_PX, 0)
        if index.column() == 0:
            side = style.px(12)
            mark = QRectF(box.left(), box.center().y() - side / 2 + 0.5, side, side)
            paint_state(painter, mark, str(index.data(_MARK_ROLE)), style)
            box.setLeft(box.left() + side + _PADDING_PX)
        quiet = bool(index.data(_QUIET_ROLE))
        painter.setPen(style.color("t3" if quiet else "t1" if index.column() == 0 else "t2"))
        painter.setFont(style.font("table"))
        text = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideMiddle, box.width()
        )
        painter.drawText(box, index.data(Qt.ItemDataRole.TextAlignmentRole), text)
        painter.restore()
