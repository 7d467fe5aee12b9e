"""Where machines go when their host is emptied, or where a new one fits, and why.

As many machines as possible get a host; among the ways to do that the one is taken in which the
fullest host has most room left. Small questions are answered by trying everything. In large ones
the search stops after a while, which began with the smallest first (so that many get a host) and
with the largest first (so that all do, if that is possible): what it has found is never over a
host's memory, but may leave out a machine that would fit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from vmgui.insight.amounts import round_size
from vmgui.insight.placement_rules import (
    Group,
    Machine,
    Room,
    Rule,
    RuleKind,
    allowed,
    fits,
    groups,
)
from vmgui.inventory.key import Key

__all__ = ["Machine", "Move", "Plan", "Room", "Rule", "RuleKind", "Stays", "place"]

MOST_TRIALS = 5_000
"""Steps of the search after which the best way so far is taken; half a second at worst."""

MOST_TRIALS_TO_LEVEL = 1_000
"""Steps after which it is good enough if every machine has got a host."""


@dataclass(frozen=True, slots=True)
class Move:
    """A machine and the host that it gets. ``why`` is the sentence that stands beside it."""

    machine: Machine
    host: Key
    host_name: str
    why: str


@dataclass(frozen=True, slots=True)
class Stays:
    """A machine that gets no host, and the reason."""

    machine: Machine
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A placement: what can't leave first, then where the others go, the largest first.

    ``exact`` says that no other way places more; false where the question was too large to try
    everything.
    """

    stays: tuple[Stays, ...] = ()
    moves: tuple[Move, ...] = ()
    exact: bool = True


def place(machines: Iterable[Machine], rooms: Iterable[Room], rules: Iterable[Rule] = ()) -> Plan:
    """Return a host for each of the machines, as far as there is one.

    The same question always gets the same answer, in whatever order it is asked.
    """
    hosts = sorted(rooms, key=lambda room: (room.name, room.host))
    rules = tuple(rules)
    wanted = groups(sorted(machines, key=lambda each: (each.name, each.key)), rules)
    open_ = {
        group: [room for room in hosts if not allowed(group, room, hosts, rules)]
        for group in wanted
        if not group.stuck
    }
    search = _Search(tuple(group for group in wanted if open_.get(group)), hosts, rules, open_)
    placed = search.run()
    stays: list[Stays] = []
    moves: list[Move] = []
    for group in wanted:
        room = placed.get(group)
        if room is None:
            stays += _stays(group, hosts, rules, search.taken(placed))
        else:
            moves += _moves(group, room, open_[group], search.taken(placed))
    return Plan(tuple(stays), tuple(moves), search.exact)


_Placed = dict[Group, Room]


@dataclass
class _Search:
    """Tries which group goes where: depth first, the largest group first."""

    groups: tuple[Group, ...]
    rooms: Sequence[Room]
    rules: tuple[Rule, ...]
    open: dict[Group, list[Room]]
    trials: int = 0
    best: _Placed = field(default_factory=dict)
    best_score: tuple[int, float] = (0, 0.0)

    @property
    def exact(self) -> bool:
        """Tell whether no other way places more."""
        return self._all_placed or self.trials < MOST_TRIALS

    @property
    def _all_placed(self) -> bool:
        return self.best_score[0] == sum(len(group.machines) for group in self.groups)

    def run(self) -> _Placed:
        """Return which group gets which room."""
        self._smallest_first()
        self._descend(0, {}, {}, 0)
        return self.best

    def _smallest_first(self) -> None:
        placed: _Placed = {}
        taken: dict[Key, list[Group]] = {}
        for group in reversed(self.groups):
            for room in self._emptiest_first(group, taken):
                if not fits(group, room, taken, self.rules):
                    placed[group] = room
                    taken.setdefault(room.host, []).append(group)
                    break
        self.best = placed
        self.best_score = (sum(len(group.machines) for group in placed), -self._fullest(taken))

    def _descend(
        self, index: int, placed: _Placed, taken: dict[Key, list[Group]], count: int
    ) -> None:
        if self.trials >= (MOST_TRIALS_TO_LEVEL if self._all_placed else MOST_TRIALS):
            return
        self.trials += 1
        rest = sum(len(group.machines) for group in self.groups[index:])
        if count + rest < self.best_score[0]:
            return
        if index == len(self.groups):
            score = (count, -self._fullest(taken))
            if score > self.best_score:
                self.best, self.best_score = dict(placed), score
            return
        group = self.groups[index]
        for room in self._emptiest_first(group, taken):
            if fits(group, room, taken, self.rules):
                continue
            placed[group] = room
            taken.setdefault(room.host, []).append(group)
            self._descend(index + 1, placed, taken, count + len(group.machines))
            taken[room.host].pop()
            del placed[group]
        self._descend(index + 1, placed, taken, count)

    def _emptiest_first(self, group: Group, taken: dict[Key, list[Group]]) -> list[Room]:
        return sorted(self.open[group], key=lambda room: _fullness(room, taken))

    def _fullest(self, taken: dict[Key, list[Group]]) -> float:
        return max((_fullness(room, taken) for room in self.rooms), default=0.0)

    def taken(self, placed: _Placed) -> dict[Key, list[Group]]:
        """Return what each host gets."""
        found: dict[Key, list[Group]] = {}
        for group, room in placed.items():
            found.setdefault(room.host, []).append(group)
        return found


def _fullness(room: Room, taken: dict[Key, list[Group]]) -> float:
    given = sum(group.memory_bytes for group in taken.get(room.host, ()))
    used = room.memory_bytes - room.memory_free_bytes + given
    return used / room.memory_bytes if room.memory_bytes > 0 else 1.0


def _stays(
    group: Group, rooms: Sequence[Room], rules: tuple[Rule, ...], taken: dict[Key, list[Group]]
) -> list[Stays]:
    if group.stuck:
        return [Stays(machine, machine.stuck or group.stuck) for machine in group.machines]
    whys = [
        allowed(group, room, rooms, rules)
        or fits(group, room, taken, rules)
        or f"{room.name} was left out."
        for room in rooms
    ]
    said = " ".join(dict.fromkeys(whys)) or "There is no other host."
    return [Stays(machine, said) for machine in group.machines]


def _moves(
    group: Group, room: Room, open_: list[Room], taken: dict[Key, list[Group]]
) -> list[Move]:
    given = sum(each.memory_bytes for each in taken[room.host])
    promised = room.memory_bytes - room.memory_free_bytes + given
    after = f"{round_size(promised)} of {round_size(room.memory_bytes)} promised after all moves"
    reason = f"the only host that takes it; {after}" if len(open_) == 1 else after
    found = []
    for machine in group.machines:
        others = [each.name for each in group.machines if each is not machine]
        beside = f"; kept together with {', '.join(others)}" if others else ""
        found.append(Move(machine, room.host, room.name, f"{reason}{beside}"))
    return found
