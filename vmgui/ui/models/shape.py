"""The shape of a tree of rows, kept by Qt itself: how many rows stand under which."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel

from vmgui.ui.models.tree_nodes import Node

_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class ShapedModel(QStandardItemModel):
    """Rows without content: a subclass finds what stands in a row by where it stands.

    A tree view asks some five questions a row whenever rows come, go or move. Here Qt answers
    them by itself; in Python they would cost a large tree tens of milliseconds each time. Groups
    stand before machines, and only a group has an item of Qt's, which holds its number of rows.
    """

    def __init__(self, columns: int, parent: QObject | None = None) -> None:
        super().__init__(0, columns, parent)
        self._columns = columns
        self.invisibleRootItem().setFlags(Qt.ItemFlag.NoItemFlags)

    def grow(self, root: Node) -> None:
        """Make room for all rows of ``root``; nobody is told, and no row goes."""
        self._walk(root, self.invisibleRootItem(), may_shrink=False)

    def shrink(self, root: Node) -> None:
        """Have exactly the rows of ``root``, after `grow`; nobody is told."""
        self._walk(root, self.invisibleRootItem(), may_shrink=True)

    def _walk(self, root: Node, item: QStandardItem, *, may_shrink: bool) -> None:
        # Views are told by `layoutChanged`, once persistent indexes have been moved as well.
        blocked = self.blockSignals(True)
        try:
            self._fit(root.children, item, may_shrink=may_shrink)
        finally:
            self.blockSignals(blocked)

    def _fit(self, rows: Sequence[Node], item: QStandardItem, *, may_shrink: bool) -> None:
        if may_shrink or item.rowCount() < len(rows):
            item.setRowCount(len(rows))
        groups = 0
        for node in rows:
            if node.kind == "machine":
                break
            self._fit(node.children, self._group(item, groups), may_shrink=may_shrink)
            groups += 1
        # A machine may stand now where a group stood.
        while may_shrink and (left := _child(item, groups)) is not None:
            left.setRowCount(0)
            groups += 1

    def _group(self, above: QStandardItem, row: int) -> QStandardItem:
        item = _child(above, row)
        if item is None:
            item = QStandardItem()
            item.setFlags(_FLAGS)
            item.setColumnCount(self._columns)
            above.setChild(row, item)
        return item


def _child(item: QStandardItem, row: int) -> QStandardItem | None:
    return item.child(row)  # PySide's stubs don't know that there may be none
