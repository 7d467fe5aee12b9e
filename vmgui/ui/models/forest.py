"""The tree without Qt: machines under their groups, counted and matched, a slice at a time."""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import count
from time import perf_counter

from vmgui.insight.query import Query
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.ui.models.tree_nodes import Address, Grouping, Node, NodeKind
from vmgui.ui.models.tree_text import Figures

ALL: Address = ("all",)

Arrangement = list[tuple[Node, list[Node]]]
"""Groups whose rows became others, each with the rows that it shall have."""


class Forest:
    """Groups and machines as they belong together, and what of it shall be shown.

    What is asked for waits in queues until `work` is called. The nodes' ``children``, ``parent``
    and ``row`` stay as the view knows them until it has taken over an `arrangement`.
    """

    def __init__(self, inventory: Inventory, figures: Figures) -> None:
        self._inventory = inventory
        self._figures = figures
        self.grouping = Grouping.HOST_TAG
        self.query = Query("")
        self.counted: tuple[Query, ...] = ()
        self.counts: list[int] = []
        self.groups: dict[Address, Node] = {}
        self.machines: dict[Key, Node] = {}
        self.told: set[Node] = set()
        self._numbers = count(1)
        self._todo: dict[Key, None] = {}
        self._recheck: deque[Node] = deque()
        self._dirty: set[Node] = set()
        self.root = Node(0, "all", (), "")
        self.top = self._new_group("all", ALL, "All hypervisors", self.root, tie="")

    @property
    def has_work(self) -> bool:
        """Tell whether something is still to be worked off."""
        return bool(self._todo or self._recheck)

    @property
    def is_arranged(self) -> bool:
        """Tell whether the view knows everything that was worked off."""
        return not (self._dirty or self.told)

    @property
    def needs_samples(self) -> bool:
        """Tell whether a query depends on the figures."""
        return self.query.needs_sample or any(query.needs_sample for query in self.counted)

    # what can be asked for

    def look_at(self, keys: Iterable[Key]) -> None:
        """Take over the records of these machines and hosts as the inventory has them."""
        self._todo.update(dict.fromkeys(keys))

    def match_again(self, uris: set[str]) -> None:
        """Ask the queries again about the machines of some hosts."""
        waiting = set(self._recheck)
        self._recheck.extend(
            node for key, node in self.machines.items() if key.host in uris and node not in waiting
        )

    def set_query(self, query: Query) -> None:
        """Show only what matches."""
        self.query = query
        self._dirty.update(self.groups.values())
        self._recheck = deque(self.machines.values())

    def set_counted(self, queries: Sequence[Query]) -> None:
        """Count what each of these matches."""
        self.counted = tuple(queries)
        self.counts = [0] * len(self.counted)
        for node in self.machines.values():
            node.marks = ()
        self._recheck = deque(self.machines.values())

    def set_grouping(self, grouping: Grouping) -> None:
        """Put the machines under other groups."""
        self.grouping = grouping
        self._dirty.update(self.groups.values())
        self.look_at(tuple(self.machines))

    # how it is worked off

    def work(self, slice_s: float) -> None:
        """Work off what waits, for so many seconds at most."""
        deadline = perf_counter() + slice_s
        while self._todo and perf_counter() < deadline:
            key = next(iter(self._todo))
            del self._todo[key]
            take = self._take_host if key.kind == "host" else self._take_machine
            take(key)
        while self._recheck and perf_counter() < deadline:
            node = self._recheck.popleft()
            if node.home is not None:
                self._match(node)

    def arrangement(self) -> Arrangement:
        """Return which groups' rows shall be others now."""
        # A group that appears or vanishes changes its parent's rows too.
        dirty = {above for group in self._dirty for above in (group, *group.lineage())}
        self._dirty.clear()
        arranged: Arrangement = []
        for group in dirty:
            rows = [node for node in group.members.values() if self._is_shown(node)]
            rows.sort(key=_order)
            if rows != group.children:
                arranged.append((group, rows))
        return arranged

    def _is_shown(self, node: Node) -> bool:
        if node.kind == "machine":
            return bool(node.matching)
        if node.kind == "all":
            return True
        if node.kind == "host" and self.grouping is Grouping.TAG:
            return False
        return node.matching > 0 or (node.kind == "host" and not self.query)

    def _take_host(self, key: Key) -> None:
        host = self._inventory.host(key.host)
        group = self.groups.get(("host", key.host))
        if host is None:
            if group is not None:
                self._drop(group)
            return
        if group is None:
            group = self._host_group(key.host)
        before = group.host
        group.host = host
        group.name = host.name
        self.told.add(group)
        held = [(k, node) for k, node in self.machines.items() if k.host == key.host]
        if before is None or (before.link.state, before.name) != (host.link.state, host.name):
            self._todo.update((k, None) for k, _ in held)
        for _, node in held:
            node.host = host

    def _take_machine(self, key: Key) -> None:
        domain = self._inventory.domain(key)
        node = self.machines.get(key)
        if domain is None:
            if node is not None:
                self._forget(node)
            return
        if node is None:
            address = ("machine", key.host, key.id)
            node = Node(next(self._numbers), "machine", address, "")
            node.total = 1
            self.machines[key] = node
        home = self._home_of(domain)
        if node.home is not None:
            node.count(-1)
        if node.home is not home:
            if node.home is not None:
                node.home.members.pop(node.id, None)
                self._unhouse(node.home)
            home.members[node.id] = node
            node.home = home
            self._dirty.add(home)
        if node.name != domain.name:
            node.rename(domain.name, 1, key.id)
            self._dirty.add(home)
        node.domain = domain
        node.host = self._inventory.host(key.host)
        node.active = int(node.state().is_active)
        node.count(1)
        self._match(node)
        self.told.add(node)
        for group in node.lineage():
            self.told.add(group)

    def _match(self, node: Node) -> None:
        assert node.domain is not None
        sample = self._figures.latest(node.domain.key) if self.needs_samples else None
        matching = int(self.query.matches(node.domain, node.host, sample))
        if matching != node.matching:
            node.count(-1)
            node.matching = matching
            node.count(1)
            for group in node.lineage():
                self._dirty.add(group)
                self.told.add(group)
        if self.counted:
            marks = tuple(q.matches(node.domain, node.host, sample) for q in self.counted)
            if marks != node.marks:
                self._tally(node.marks, -1)
                self._tally(marks, 1)
                node.marks = marks

    def _tally(self, marks: tuple[bool, ...], sign: int) -> None:
        for number, mark in enumerate(marks):
            self.counts[number] += sign * mark

    def _home_of(self, domain: Domain) -> Node:
        uri = domain.key.host
        if self.grouping is Grouping.TAG:
            return self._tag_group("", domain.tags[0], self.top) if domain.tags else self.top
        host = self.groups.get(("host", uri)) or self._host_group(uri)
        if self.grouping is Grouping.HOST_TAG and domain.tags:
            return self._tag_group(uri, domain.tags[0], host)
        return host

    def _host_group(self, uri: str) -> Node:
        # Hosts keep the order in which they were connected: the tie-breaker is a number.
        tie = f"{next(self._numbers):09}"
        group = self._new_group("host", ("host", uri), uri, self.top, tie=tie)
        group.order = (0, "", tie)
        return group

    def _tag_group(self, uri: str, tag: str, home: Node) -> Node:
        address = ("tag", uri, tag)
        found = self.groups.get(address)
        return found or self._new_group("tag", address, tag, home, tie=tag)

    def _new_group(
        self, kind: NodeKind, address: Address, name: str, home: Node, *, tie: str
    ) -> Node:
        group = Node(next(self._numbers), kind, address, name)
        group.rename(name, 0, tie)
        group.home = home
        home.members[group.id] = group
        self.groups[address] = group
        self._dirty.update((home, group))
        return group

    def _forget(self, node: Node) -> None:
        assert node.domain is not None
        node.count(-1)
        self._tally(node.marks, -1)
        for group in node.lineage():
            self.told.add(group)
        del self.machines[node.domain.key]
        assert node.home is not None
        node.home.members.pop(node.id, None)
        self._unhouse(node.home)
        node.home = None  # whoever still holds it sees that it is gone

    def _unhouse(self, group: Node) -> None:
        self._dirty.add(group)
        if group.kind == "tag" and not group.members:
            self._drop(group)

    def _drop(self, group: Node) -> None:
        assert group.home is not None
        self._dirty.update((group, group.home))
        group.home.members.pop(group.id, None)
        self.groups.pop(group.address, None)


def _order(node: Node) -> tuple[int, str, str]:
    return node.order
