"""Snapshots laid out in time: columns in order, lanes for branches, the line to "you are here".

Nothing here knows of pixels: ``x`` counts widths of a snapshot from 0, ``lane`` counts from 0
at the top. `vmgui.insight.timeline_walk` goes along it with the arrow keys.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

from vmgui.insight import dates
from vmgui.inventory.snapshot import Snapshot

HERE = ""
"""The name under which the machine as it is now stands among the nodes; no snapshot has it."""

NEXT_X = 1.0
"""How far apart two on one lane are at least."""

APART_X = 0.42
"""How far apart any two are at least, so that the order in time can be seen."""

DROP_X = 0.45
"""How far behind its parent a branch leaves for its lane."""

_CLEAR_X = 0.55
"""How far a node keeps from a branch that passes its lane."""

_FOLDED_X = 1.2
_FOLD_LEAST_S = 3600.0
_FOLD_TIMES = 4
"""What is longer than so many times the usual pause is folded."""


@dataclass(frozen=True, slots=True)
class Node:
    """A snapshot in its place; ``on_line`` tells whether it leads to what the machine is now.

    ``snapshot`` is None for the machine itself, whose name is `HERE`. ``parent`` is the name of
    the node that it comes from, None where there is none, or none that is there (``orphan``).
    """

    name: str
    x: float
    lane: int
    at_s: float
    on_line: bool
    parent: str | None = None
    orphan: bool = False
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A word at the axis: a day, or a pause that was folded."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The layout: ``nodes`` from left to right, each after its parent, the last one `HERE`."""

    nodes: tuple[Node, ...]
    days: tuple[Label, ...]
    folds: tuple[Label, ...]
    lanes: int
    width_x: float
    branches: int

    def node(self, name: str) -> Node | None:
        """Return the node of a name."""
        return next((node for node in self.nodes if node.name == name), None)

    @property
    def here(self) -> Node:
        """Return the machine as it is now."""
        return self.nodes[-1]

    def children(self, name: str) -> tuple[Node, ...]:
        """Return what comes from a node, from left to right."""
        return tuple(node for node in self.nodes if node.parent == name)


def timeline(snapshots: Iterable[Snapshot], now_s: float) -> Timeline:
    """Lay out the snapshots of one machine; at most one of each name.

    A cycle is cut at its oldest; a child that claims to be older than its parent stands right of
    it all the same.
    """
    known = {snapshot.name: snapshot for snapshot in snapshots if snapshot.name != HERE}
    parents = _parents(known)
    times = _times(known, parents)
    order = sorted(known, key=lambda name: (times[name], name))
    order = _after_parents(order, parents)
    current = next((name for name in reversed(order) if known[name].current), None)
    parents[HERE] = current
    order.append(HERE)
    last_s = max((times[name] for name in known), default=0.0)
    times[HERE] = max(float(now_s), last_s)
    line = _line(parents)
    chains = _chains(order, parents, line)
    lanes = _lanes(chains, order, parents)
    folds = _folds([times[name] for name in order])
    xs = _xs(order, parents, lanes, folds)
    nodes = tuple(
        Node(
            name,
            xs[name],
            lanes[name],
            times[name],
            name in line,
            parents[name],
            name != HERE and bool(known[name].parent) and known[name].parent not in known,
            known.get(name),
        )
        for name in order
    )
    return Timeline(
        nodes,
        _days(nodes, now_s),
        tuple(
            Label((nodes[index - 1].x + nodes[index].x) / 2, text) for index, text in folds.items()
        ),
        max(lanes.values()) + 1,
        nodes[-1].x + NEXT_X,
        len(chains),
    )


def _parents(known: Mapping[str, Snapshot]) -> dict[str, str | None]:
    """Return each one's parent, where it is there and not a descendant of its own."""
    parents: dict[str, str | None] = {
        name: snapshot.parent if snapshot.parent in known else None
        for name, snapshot in known.items()
    }
    sound: set[str] = set()
    for start in known:
        way: dict[str, None] = {}
        name: str | None = start
        while name is not None and name not in sound and name not in way:
            way[name] = None
            name = parents[name]
        if name is not None and name in way:
            names = list(way)
            circle = names[names.index(name) :]
            oldest = min(circle, key=lambda each: (known[each].created_at_s, each))
            parents[oldest] = None
        sound.update(way)
    return parents


def _times(known: Mapping[str, Snapshot], parents: Mapping[str, str | None]) -> dict[str, float]:
    """Return when each was taken, never before its parent."""
    times: dict[str, float] = {}
    for start in known:
        way = []
        name: str | None = start
        while name is not None and name not in times:
            way.append(name)
            name = parents[name]
        at_s = times[name] if name is not None else 0.0
        for each in reversed(way):
            at_s = times[each] = max(at_s, float(known[each].created_at_s))
    return times


def _after_parents(order: Sequence[str], parents: Mapping[str, str | None]) -> list[str]:
    """Return the same order, but each after its parent where their times are equal."""
    placed: dict[str, None] = {}
    for start in order:
        way = []
        name: str | None = start
        while name is not None and name not in placed:
            way.append(name)
            name = parents[name]
        placed.update(dict.fromkeys(reversed(way)))
    return list(placed)


def _line(parents: Mapping[str, str | None]) -> dict[str, None]:
    """Return the names on the way from the first one to here."""
    line = {HERE: None}
    name = parents[HERE]
    while name is not None:
        line[name] = None
        name = parents[name]
    return line


def _chains(
    order: Sequence[str], parents: Mapping[str, str | None], line: Mapping[str, None]
) -> list[list[str]]:
    """Return the branches, your line first: each goes on with the child that reaches furthest."""
    place = {name: index for index, name in enumerate(order)}
    reach = dict(place)
    for name in reversed(order):
        if (parent := parents[name]) is not None:
            reach[parent] = max(reach[parent], reach[name])
    heir: dict[str, str] = {}
    for name in order:
        parent = parents[name]
        if parent is None:
            continue
        other = heir.get(parent)
        if other is None or (name in line, reach[name]) > (other in line, reach[other]):
            heir[parent] = name
    chain_of: dict[str, list[str]] = {}
    chains: list[list[str]] = []
    for name in order:
        parent = parents[name]
        if parent is not None and heir[parent] == name:
            chain = chain_of[parent]
        else:
            chain = []
            chains.append(chain)
        chain.append(name)
        chain_of[name] = chain
    chains.sort(key=lambda chain: chain[-1] != HERE)
    return chains


def _lanes(
    chains: Sequence[Sequence[str]], order: Sequence[str], parents: Mapping[str, str | None]
) -> dict[str, int]:
    """Give each branch the first lane that is free from its parent to its end."""
    place = {name: index for index, name in enumerate(order)}
    taken: list[list[tuple[int, int]]] = []
    lanes: dict[str, int] = {}
    for chain in chains:
        parent = parents[chain[0]]
        start = place[chain[0]] if parent is None else place[parent] + 1
        end = place[chain[-1]]
        lane = next(
            (
                lane
                for lane, spans in enumerate(taken)
                if all(end < other or start > last for other, last in spans)
            ),
            len(taken),
        )
        if lane == len(taken):
            taken.append([])
        taken[lane].append((start, end))
        lanes.update(dict.fromkeys(chain, lane))
    return lanes


def _folds(times: Sequence[float]) -> dict[int, str]:
    """Return the pauses that are folded, by the place of what comes after them."""
    pauses = [later - earlier for earlier, later in pairwise(times)]
    # What wasn't told when it was taken makes no pause.
    pauses = [0.0 if times[n] <= 0 else pause for n, pause in enumerate(pauses)]
    usual = median_low([pause for pause in pauses if pause > 0] or [0.0])
    least = max(_FOLD_LEAST_S, _FOLD_TIMES * usual)
    return {n + 1: dates.about(pause) for n, pause in enumerate(pauses) if pause > least}


def _xs(
    order: Sequence[str],
    parents: Mapping[str, str | None],
    lanes: Mapping[str, int],
    folds: Mapping[int, str],
) -> dict[str, float]:
    leaves: dict[str, list[int]] = {}
    for name in order:
        parent = parents[name]
        if parent is not None and lanes[name] != lanes[parent]:
            leaves.setdefault(parent, []).append(lanes[name])
    xs: dict[str, float] = {}
    free: dict[int, float] = {}  # where on each lane the next node may stand
    before = -APART_X
    for index, name in enumerate(order):
        lane, parent = lanes[name], parents[name]
        x = max(0.0, before + (_FOLDED_X if index in folds else APART_X), free.get(lane, 0.0))
        if parent is not None:
            x = max(x, xs[parent] + NEXT_X)
        xs[name] = before = x
        free[lane] = x + NEXT_X
        for other in leaves.get(name, ()):
            for passed in range(min(lane, other) + 1, max(lane, other)):
                free[passed] = max(free.get(passed, 0.0), x + DROP_X + _CLEAR_X)
    return xs


def _days(nodes: Sequence[Node], now_s: float) -> tuple[Label, ...]:
    """Return the days, each at the first that was taken on it."""
    days: dict[str, float] = {}
    for node in nodes:
        words = dates.day(node.at_s, now_s)
        if words:
            days.setdefault(words, node.x)
    return tuple(Label(x, words) for words, x in days.items())
