"""The tree itself: folding, selection and keys, all kept through every update."""

from collections.abc import Iterable

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from vmgui.inventory.key import Key
from vmgui.ui.models.tree import NAME, NOW, TREND, TreeModel
from vmgui.ui.models.tree_nodes import Address
from vmgui.ui.style import Style
from vmgui.ui.views.tree_delegate import TreeDelegate

_Index = QModelIndex | QPersistentModelIndex

_INDENT_PX = 16
_TREND_PX, _NOW_PX = 76, 72
_ROOMY_PX = 300
"""In a narrower tree the trend makes room for the names."""


class _Head(QHeaderView):
    """The head of the columns; the first one opens a menu, and shows it."""

    def __init__(self, style: Style) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._style = style

    # Qt

    def paintSection(self, painter: QPainter, rect: QRect, logical_index: int) -> None:
        painter.save()
        super().paintSection(painter, rect, logical_index)
        painter.restore()
        if logical_index == NAME:
            words = str(self.model().headerData(NAME, Qt.Orientation.Horizontal))
            side = self._style.px(12)
            metrics = QFontMetricsF(self._style.font("head"))
            left = rect.left() + 8 + metrics.horizontalAdvance(words) + 4
            middle = rect.center().y() - side / 2
            self._style.paint_icon(painter, QRectF(left, middle, side, side), "caret-down", "t3")


class TreeView(QTreeView):
    """Shows a `TreeModel`.

    ``opened`` has the address of the row that was made current, by mouse or key; ``picked`` the
    keys of the selected machines whenever they change; ``left_upwards`` says that the Up key was
    pressed on the first row; ``menu_wanted`` where a context menu is asked for.
    """

    opened = Signal(tuple)
    picked = Signal(list)
    left_upwards = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, model: TreeModel, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tree")
        self.setAccessibleName("Hypervisors and machines")
        self._tree = model
        self._style = style
        self._folded: set[Address] = set()
        self._delegate = TreeDelegate(model, style)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(True)
        self.setMouseTracking(True)
        head = _Head(style)
        self.setHeader(head)
        head.setObjectName("tree-head")
        head.setStretchLastSection(False)
        head.setSectionsMovable(False)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(TREND, QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(NOW, QHeaderView.ResizeMode.Fixed)
        head.setSectionsClickable(True)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._restyle()
        style.changed.connect(self._restyle)
        self.collapsed.connect(self._on_collapsed)
        self.expanded.connect(self._on_expanded)
        model.groups_filled.connect(self._on_groups_filled)
        # Laid out here and now the interpreter is ours. Later, from Qt's loop, each of the two
        # questions a row would wait for it anew while a worker thread reads XML.
        model.arranged.connect(self.executeDelayedItemsLayout)
        self._on_groups_filled(self._groups(QModelIndex()))

    # folding

    @property
    def folded(self) -> frozenset[Address]:
        """The groups that a person folded, whether they are shown now or not."""
        return frozenset(self._folded)

    def fold(self, addresses: Iterable[Address]) -> None:
        """Fold exactly these groups, now or when they appear."""
        self._folded = set(addresses)
        self._on_groups_filled(self._groups(QModelIndex()))

    def fold_all(self) -> None:
        """Fold every host; a second time unfold everything."""
        hosts = {
            node.address
            for index in self._groups(QModelIndex())
            if (node := self._tree.node(index)) is not None and node.kind == "host"
        }
        self.fold(() if hosts and hosts <= self._folded else self._folded | hosts)

    # selection

    def selected(self) -> list[Key]:
        """Return the keys of the selected machines, in the order shown."""
        spans: dict[tuple[int, ...], list[range]] = {}
        chosen = self.selectionModel().selection()
        for number in range(chosen.count()):
            span = chosen.at(number)
            rows = range(span.top(), span.bottom() + 1)
            spans.setdefault(self._place(span.parent()), []).append(rows)
        return [key for place in sorted(spans) for key in self._machines_at(place, spans[place])]

    def _machines_at(self, place: tuple[int, ...], spans: list[range]) -> list[Key]:
        parent = QModelIndex()
        for row in place:
            parent = self._tree.index(row, NAME, parent)
        return self._tree.machines_at(parent, spans)

    def keys_in_sight(self) -> list[Key]:
        """Return the machines whose rows can be seen now."""
        index, bottom = self.indexAt(QPoint(0, 0)), self.viewport().height()
        keys: list[Key] = []
        while index.isValid() and self.visualRect(index).top() < bottom:
            key = self._tree.key(index)
            if key is not None and key.kind == "domain":
                keys.append(key)
            index = self.indexBelow(index)
        return keys

    def show_row(self, address: Address) -> bool:
        """Make a row current and visible; False where the query hides it."""
        index = self._tree.index_of(address)
        if not index.isValid():
            return False
        above = index.parent()
        while above.isValid():
            self.expand(above)
            above = above.parent()
        self.setCurrentIndex(index)
        self.scrollTo(index)
        return True

    def select_rows(self, addresses: Iterable[Address]) -> None:
        """Select the rows that are shown of these, without moving anything."""
        wanted = QItemSelection()
        for address in addresses:
            index = self._tree.index_of(address)
            if index.isValid():
                wanted.select(index, index)
        self.selectionModel().select(
            wanted,
            QItemSelectionModel.SelectionFlag.ClearAndSelect
            | QItemSelectionModel.SelectionFlag.Rows,
        )

    def _place(self, index: QModelIndex) -> tuple[int, ...]:
        place: list[int] = []
        while index.isValid():
            place.append(index.row())
            index = index.parent()
        return tuple(reversed(place))

    def _groups(self, parent: QModelIndex) -> list[QModelIndex]:
        found: list[QModelIndex] = []
        for row in range(self._tree.rowCount(parent)):
            index = self._tree.index(row, NAME, parent)
            if self._tree.hasChildren(index):
                found += [index, *self._groups(index)]
            elif (node := self._tree.node(index)) is not None and node.kind == "machine":
                break  # machines stand after the groups
        return found

    def _choose_columns(self) -> None:
        """Show names only while presenting, and no trend where it would cost the names' room."""
        presenting = self._style.factor != 1.0
        narrow = self.width() < self._style.px(_ROOMY_PX)
        for column, hidden in ((TREND, presenting or narrow), (NOW, presenting)):
            if self.isColumnHidden(column) is not hidden:
                self.setColumnHidden(column, hidden)

    def _restyle(self) -> None:
        self.setIndentation(self._style.px(_INDENT_PX))
        self.header().resizeSection(TREND, self._style.px(_TREND_PX))
        self.header().resizeSection(NOW, self._style.px(_NOW_PX))
        self._choose_columns()
        self.scheduleDelayedItemsLayout()

    def _on_groups_filled(self, indexes: list[QModelIndex]) -> None:
        for index in indexes:
            node = self._tree.node(index)
            if node is not None:
                self.setExpanded(index, node.address not in self._folded)

    def _on_collapsed(self, index: QModelIndex) -> None:
        node = self._tree.node(index)
        if node is not None:
            self._folded.add(node.address)

    def _on_expanded(self, index: QModelIndex) -> None:
        node = self._tree.node(index)
        if node is not None:
            self._folded.discard(node.address)

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        # Called from Python the interpreter is ours until all is painted. Called by Qt each cell
        # would wait for it anew while a worker thread reads XML.
        super().paintEvent(event)

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        node = self._tree.node(current)
        if node is not None:
            self.opened.emit(node.address)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.picked.emit(self.selected())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentIndex()
        if event.key() == Qt.Key.Key_Up and not self.indexAbove(current).isValid():
            self.left_upwards.emit()
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            node = self._tree.node(current)
            if node is not None:
                self.opened.emit(node.address)
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        self.menu_wanted.emit(place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._choose_columns()
