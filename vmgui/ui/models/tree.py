"""All hypervisors › host › tag › machine, as the tree shows them."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from vmgui.insight.query import Query
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.ui.models.forest import Arrangement, Forest
from vmgui.ui.models.shape import ShapedModel
from vmgui.ui.models.tree_nodes import Address, Grouping, Node, address_of, key_of
from vmgui.ui.models.tree_text import Figures, RowText

SLICE_S = 0.008
"""How long one piece of work may hold the loop: well under a frame at 60 a second."""

COMMIT_EVERY_S = 0.1
"""How often at most the view lays itself out while a long run of work goes on."""

COUNT_EVERY_S = 10.0
"""How often the counted queries are asked again because of new figures alone."""

MOST_RUNS = 16
"""From this many separate runs of changed rows on, one run from first to last is cheaper."""

_ROLES = Qt.ItemDataRole
NAME, TREND, NOW = range(3)
"""The columns."""

_HEADS = ("", "CPU, 5 min", "now")

_Index = QModelIndex | QPersistentModelIndex


class TreeModel(ShapedModel):
    """The machines of an inventory under their groups, filtered by a query.

    Changes and queries are worked off in slices of `SLICE_S`, so the loop is never held for
    long; small ones are done when the call returns. Whatever changes the rows ends in one
    ``layoutChanged``: the view keeps its selection, scroll position and folding.
    """

    counted = Signal()
    """The counts of matching machines, or of the counted queries, may have changed."""

    groups_filled = Signal(list)
    """Indexes of groups that had no rows before: the view decides which are folded."""

    arranged = Signal()
    """Rows came, went or moved, and ``groups_filled`` was told."""

    settled = Signal()
    """All that was asked for is shown."""

    def __init__(
        self, inventory: Inventory, figures: Figures, parent: QObject | None = None
    ) -> None:
        super().__init__(len(_HEADS), parent)
        self.text = RowText(figures, self)
        self._forest = Forest(inventory, figures)
        self._repaint: dict[Node, int] = {}
        self._committed_at = self._counted_at = 0.0
        self._stale_uris: set[str] = set()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._work)
        self._commit()
        self._enqueue(host.key for host in inventory.hosts())
        self._enqueue(domain.key for domain in inventory.of(Domain))

    # what can be asked

    @property
    def grouping(self) -> Grouping:
        """How machines are grouped."""
        return self._forest.grouping

    @property
    def query(self) -> Query:
        """The query that filters; an empty one shows everything."""
        return self._forest.query

    @property
    def is_filtered(self) -> bool:
        """Tell whether a query is in force."""
        return bool(self._forest.query)

    @property
    def total(self) -> int:
        """How many machines there are."""
        return self._forest.top.total

    @property
    def matching(self) -> int:
        """How many machines the query matches."""
        return self._forest.top.matching

    @property
    def hosts(self) -> int:
        """How many hosts there are."""
        return sum(address[0] == "host" for address in self._forest.groups)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many machines each of the counted queries matches."""
        return tuple(self._forest.counts)

    @property
    def is_settled(self) -> bool:
        """Tell whether all that was asked for is shown."""
        return not self._forest.has_work and self._forest.is_arranged

    def node(self, index: _Index) -> Node | None:
        """Return the node at an index, None for the invisible root or a row that is gone."""
        if not index.isValid():
            return None
        group, row = self._group_at(index.parent()), index.row()
        return group.children[row] if group is not None and row < len(group.children) else None

    def _group_at(self, index: _Index) -> Node | None:
        return self.node(index) if index.isValid() else self._forest.root

    def key(self, index: _Index) -> Key | None:
        """Return the key of the machine or host at an index, None for other groups."""
        node = self.node(index)
        return key_of(node.address) if node is not None else None

    def index_of(self, address: Address) -> QModelIndex:
        """Return the index of a node's name, invalid where it is not shown."""
        key = key_of(address)
        node = self._forest.machines.get(key) if key is not None else None
        node = node or self._forest.groups.get(address)
        return self._index(node) if node is not None else QModelIndex()

    def index_of_key(self, key: Key) -> QModelIndex:
        """Return the index of a machine's or host's name, invalid where it is not shown."""
        return self.index_of(address_of(key))

    def machines_at(self, parent: _Index, spans: Sequence[range]) -> list[Key]:
        """Return the machines in some spans of a group's rows, in the order shown."""
        group = self._group_at(parent)
        children = group.children if group is not None else []
        rows = sorted({row for span in spans for row in span if row < len(children)})
        return [d.key for row in rows if (d := children[row].domain) is not None]

    def machines_under(self, index: _Index) -> list[Key]:
        """Return the shown machines at or below an index, in the order shown."""
        start = self.node(index)
        keys: list[Key] = []
        waiting = [start] if start is not None else []
        while waiting:
            node = waiting.pop()
            if node.domain is not None:
                keys.append(node.domain.key)
            waiting.extend(reversed(node.children))
        return keys

    # what can be told

    def apply(self, change: Change) -> None:
        """Follow a change of the inventory."""
        self._enqueue(
            record.key
            for record in (*change.added, *change.updated)
            if isinstance(record, Domain | Host)
        )
        self._enqueue(key for key in change.removed if key.kind in ("domain", "host"))

    def take_samples(self, samples: Iterable[Sample]) -> None:
        """Follow new figures: the rows of their hosts show them when they are painted."""
        uris = {sample.key.host for sample in samples}
        for group in self._forest.groups.values():
            if group.kind == "host" and group.address[1] in uris:
                self._mark(group, TREND)
            if group.kind == "all" or group.address[1] in uris or not group.address[1]:
                self._tell_machines(group)
        self._stale_uris |= uris
        due = perf_counter() - self._counted_at > COUNT_EVERY_S
        if self.query.needs_sample or (due and self._forest.needs_samples):
            self._counted_at = perf_counter()
            self._forest.match_again(self._stale_uris)
            self._stale_uris = set()
        self._continue()

    def tell_ages(self) -> None:
        """Have the rows of hosts that don't answer painted again: their age goes on."""
        for group in self._forest.groups.values():
            if group.kind == "host" and not group.is_fresh():
                self._mark(group, NOW)
        self._repaint_marked()

    def set_query(self, query: Query) -> None:
        """Show only what matches; the groups of what matches stay."""
        if query != self.query:
            self._forest.set_query(query)
            self._continue()

    def set_grouping(self, grouping: Grouping) -> None:
        """Group the machines in another way."""
        if grouping is not self.grouping:
            self._forest.set_grouping(grouping)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, NAME, NAME)
            self._continue()

    def set_counted(self, queries: Sequence[Query]) -> None:
        """Count how many machines each of these matches, whatever the query is."""
        self._forest.set_counted(queries)
        self._continue()

    # how it is worked off

    def _enqueue(self, keys: Iterable[Key]) -> None:
        self._forest.look_at(keys)
        self._continue()

    def _continue(self) -> None:
        if not self._timer.isActive():
            self._committed_at = perf_counter()
            self._work()

    def _work(self) -> None:
        forest = self._forest
        forest.work(SLICE_S)
        unfinished = forest.has_work
        if not unfinished or perf_counter() - self._committed_at > COMMIT_EVERY_S:
            self._commit()
        if unfinished:
            self._timer.start()
        else:
            self.settled.emit()

    # how it is shown

    def _commit(self) -> None:
        self._committed_at = perf_counter()
        forest = self._forest
        for node in forest.told:
            self._mark(node, NAME)
        forest.told.clear()
        arranged = forest.arrangement()
        if arranged:
            self._rearrange(arranged)
        self._repaint_marked()
        self.counted.emit()

    def _rearrange(self, arranged: Arrangement) -> None:
        filled = [group for group, rows in arranged if rows and not group.children]
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [(self.node(index), index.column()) for index in before]
        for group, _ in arranged:
            for node in group.children:
                node.row, node.parent = -1, None
        for group, rows in arranged:
            group.children = rows
            for row, node in enumerate(rows):
                node.row, node.parent = row, group
        # Room first, so that each row that is held has a place to go to before its own goes.
        self.grow(self._forest.root)
        after = [
            self._index(node, column) if node is not None else QModelIndex()
            for node, column in held
        ]
        self.changePersistentIndexList(before, after)
        self.shrink(self._forest.root)
        self._repaint.clear()  # all rows are painted anew
        self.layoutChanged.emit()
        shown = [index for group in filled if (index := self._index(group)).isValid()]
        if shown:
            self.groups_filled.emit(shown)
        self.arranged.emit()

    def _index(self, node: Node, column: int = NAME) -> QModelIndex:
        """Return where a node stands, invalid for the root and where it isn't shown."""
        if node.row < 0 or node.parent is None:
            return QModelIndex()
        above = self._index(node.parent)
        is_shown = above.isValid() or node.parent is self._forest.root
        return self.index(node.row, column, above) if is_shown else QModelIndex()

    def _mark(self, node: Node, column: int) -> None:
        self._repaint[node] = min(column, self._repaint.get(node, column))

    def _repaint_marked(self) -> None:
        by_parent: dict[tuple[Node, int], list[int]] = {}
        for node, column in self._repaint.items():
            if node.row >= 0 and node.parent is not None:
                by_parent.setdefault((node.parent, column), []).append(node.row)
        self._repaint.clear()
        for (parent, column), rows in by_parent.items():
            self._tell(parent, sorted(rows), column)

    def _tell(self, parent: Node, rows: list[int], column: int) -> None:
        """Tell the view which of a group's rows changed, from ``column`` to the last one."""
        starts = [i for i, row in enumerate(rows) if i == 0 or rows[i - 1] != row - 1]
        if len(starts) > MOST_RUNS:
            starts = [0]
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            self._tell_run(parent, rows[start], rows[end - 1], column)

    def _tell_machines(self, group: Node) -> None:
        """Tell the view that a group's machines have new figures; they stand after its groups."""
        first = bisect_left(group.children, 1, key=lambda node: node.order[0])
        if first < len(group.children) and group.row >= 0:
            self._tell_run(group, first, len(group.children) - 1, TREND)

    def _tell_run(self, parent: Node, first: int, last: int, column: int) -> None:
        at = self._index(parent)
        if at.isValid() or parent is self._forest.root:
            self.dataChanged.emit(self.index(first, column, at), self.index(last, NOW, at))

    # Qt

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLES.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == _ROLES.DisplayRole:
            return self._forest.grouping.value if section == NAME else _HEADS[section]
        if role == _ROLES.TextAlignmentRole and section == NOW:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: _Index, role: int = _ROLES.DisplayRole) -> Any:
        node = self.node(index)
        if node is None:
            return None
        column = index.column()
        if role == _ROLES.DisplayRole:
            return (node.name, None, self.text.now(node))[column] if column != TREND else None
        if role == _ROLES.AccessibleTextRole:
            return self.text.spoken(node) if column == NAME else self.text.now(node)
        if role == _ROLES.ToolTipRole:
            return self.text.tooltip(node)
        return None
