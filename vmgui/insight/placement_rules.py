"""What a placement is made from, and whether one obeys: memory, CPU, and rules of tags."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vmgui.inventory.key import Key


class RuleKind(StrEnum):
    """What machines of one tag want of each other."""

    TOGETHER = "together"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Rule:
    """Machines that have ``tag`` are kept on one host, or on different ones."""

    kind: RuleKind
    tag: str


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that needs a host. ``stuck`` says why it can't leave at all, "" where it can.

    ``memory_bytes`` is what it may use at most. ``refused`` are the hosts that can't take it,
    each with the reason (what its checks say).
    """

    key: Key
    name: str
    memory_bytes: int
    vcpus: int
    tags: tuple[str, ...] = ()
    stuck: str = ""
    refused: tuple[tuple[Key, str], ...] = ()

    def refusal(self, host: Key) -> str:
        """Return why ``host`` can't take it, "" where it can."""
        return next((why for key, why in self.refused if key == host), "")


@dataclass(frozen=True, slots=True)
class Room:
    """A host that takes machines in. ``memory_free_bytes`` is what may still be promised.

    ``vcpus_free`` is how many virtual CPUs may still be promised, None for any number.
    ``resident_tags`` are those of each machine that is there already.
    """

    host: Key
    name: str
    memory_bytes: int
    memory_free_bytes: int
    vcpus_free: int | None = None
    resident_tags: tuple[tuple[str, ...], ...] = ()

    def has_tag(self, tag: str) -> bool:
        """Tell whether a machine with ``tag`` is there."""
        return any(tag in tags for tags in self.resident_tags)


@dataclass(frozen=True, slots=True)
class Group:
    """Machines that go to one host or not at all; most have one. ``stuck`` as in a `Machine`."""

    machines: tuple[Machine, ...]
    stuck: str = ""

    @property
    def memory_bytes(self) -> int:
        """Return what all of them may use."""
        return sum(machine.memory_bytes for machine in self.machines)

    @property
    def vcpus(self) -> int:
        """Return the virtual CPUs of all of them."""
        return sum(machine.vcpus for machine in self.machines)


def tags_of(rules: Iterable[Rule], kind: RuleKind) -> frozenset[str]:
    """Return the tags that have a rule of this kind."""
    return frozenset(rule.tag for rule in rules if rule.kind is kind)


def groups(machines: Iterable[Machine], rules: Iterable[Rule]) -> tuple[Group, ...]:
    """Return what has to stay together, the largest first, then by name."""
    rules = tuple(rules)
    together, apart = tags_of(rules, RuleKind.TOGETHER), tags_of(rules, RuleKind.APART)
    found: list[list[Machine]] = []
    for machine in machines:
        mine = set(machine.tags) & together
        joined = [group for group in found if any(mine & set(each.tags) for each in group)]
        found = [group for group in found if group not in joined]
        found.append([each for group in joined for each in group] + [machine])
    made = [_group(sorted(group, key=lambda each: (each.name, each.key)), apart) for group in found]
    return tuple(
        sorted(
            made,
            key=lambda group: (-group.memory_bytes, group.machines[0].name, group.machines[0].key),
        )
    )


def _group(machines: list[Machine], apart: frozenset[str]) -> Group:
    tags = [tag for machine in machines for tag in set(machine.tags) & apart]
    clash = next((tag for tag in sorted(tags) if tags.count(tag) > 1), "")
    if clash:
        return Group(tuple(machines), f"The rules want it together and apart at once (“{clash}”).")
    stays = next((machine for machine in machines if machine.stuck), None)
    if stays is None:
        return Group(tuple(machines))
    if len(machines) == 1:
        return Group(tuple(machines), stays.stuck)
    return Group(tuple(machines), f"It is kept together with {stays.name}, which can't leave.")


def allowed(group: Group, room: Room, rooms: Iterable[Room], rules: Iterable[Rule]) -> str:
    """Return why a room can't take a group however empty it is, "" where it can."""
    rules = tuple(rules)
    for machine in group.machines:
        if why := machine.refusal(room.host):
            return f"{room.name}: {why}"
    tags = {tag for machine in group.machines for tag in machine.tags}
    for tag in sorted(tags & tags_of(rules, RuleKind.APART)):
        if room.has_tag(tag):
            return f"{room.name} has a machine with “{tag}”, which is kept apart."
    for tag in sorted(tags & tags_of(rules, RuleKind.TOGETHER)):
        homes = [each.name for each in rooms if each.has_tag(tag)]
        if homes and room.name not in homes:
            return f"The others with “{tag}” are on {' and '.join(homes)}."
    return ""


def fits(group: Group, room: Room, taken: Mapping[Key, list[Group]], rules: Iterable[Rule]) -> str:
    """Return why a room can't take a group beside what was given to it, "" where it can."""
    given = taken.get(room.host, [])
    memory = room.memory_free_bytes - sum(each.memory_bytes for each in given)
    if group.memory_bytes > memory:
        return f"{room.name} has too little memory."
    vcpus = group.vcpus + sum(each.vcpus for each in given)
    if room.vcpus_free is not None and vcpus > room.vcpus_free:
        return f"{room.name} has promised too many virtual CPUs."
    mine = {tag for machine in group.machines for tag in machine.tags}
    there = {tag for each in given for machine in each.machines for tag in machine.tags}
    clash = sorted(mine & there & tags_of(rules, RuleKind.APART))
    return f"{room.name} gets another machine with “{clash[0]}”." if clash else ""
