from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmgui.insight.placement import Machine, Plan, Room, Rule, RuleKind, place
from vmgui.inventory.key import Key, domain_key, host_key

TOGETHER, APART = RuleKind.TOGETHER, RuleKind.APART


def machine(name: str, memory: int = 4, *tags: str, vcpus: int = 1, stuck: str = "") -> Machine:
    return Machine(domain_key("a", name), name, memory, vcpus, tags, stuck)


def room(name: str, free: int = 10, *residents: str, vcpus: int | None = None) -> Room:
    return Room(host_key(name), name, 20, free, vcpus, tuple((tag,) for tag in residents))


def where(plan: Plan) -> dict[str, str]:
    return {move.machine.name: move.host_name for move in plan.moves}


def test_machines_go_where_most_is_free() -> None:
    plan = place([machine("one"), machine("two")], [room("b", 8), room("c", 10)])
    assert sorted(where(plan).values()) == ["b", "c"]
    assert plan.stays == ()
    assert plan.exact
    assert plan.moves[0].why.endswith("of 20 B promised after all moves")


def test_what_can_not_leave_is_told_first_with_its_reason() -> None:
    machines = [machine("gpu", stuck="It holds a PCI device."), machine("web"), machine("big", 50)]
    plan = place(machines, [room("b")])
    assert [(stay.machine.name, stay.why) for stay in plan.stays] == [
        ("big", "b has too little memory."),
        ("gpu", "It holds a PCI device."),
    ]
    assert where(plan) == {"web": "b"}
    assert place(machines, []).stays[1].why == "It holds a PCI device."
    assert place([machine("web")], []).stays[0].why == "There is no other host."


def test_a_host_that_refuses_a_machine_does_not_get_it() -> None:
    picky = Machine(domain_key("a", "p"), "p", 1, 1, refused=((host_key("c"), "CPU: lacks vaes"),))
    plan = place([picky], [room("b", 2), room("c", 10)])
    assert where(plan) == {"p": "b"}
    assert plan.moves[0].why.startswith("the only host that takes it; ")
    assert place([picky], [room("c")]).stays[0].why == "c: CPU: lacks vaes"


def test_virtual_cpus_are_promised_only_up_to_the_limit() -> None:
    plan = place([machine("one", vcpus=3)], [room("b", vcpus=2), room("c", 4, vcpus=3)])
    assert where(plan) == {"one": "c"}
    assert "virtual CPUs" in place([machine("one", vcpus=3)], [room("b", vcpus=2)]).stays[0].why


def test_machines_of_a_tag_stay_together_or_not_at_all() -> None:
    shop = [machine("db", 6, "shop"), machine("web", 6, "shop"), machine("other", 2)]
    rules = [Rule(TOGETHER, "shop")]
    plan = place(shop, [room("b", 10), room("c", 13)], rules)
    assert where(plan) == {"db": "c", "web": "c", "other": "b"}
    assert "kept together with web" in plan.moves[0].why
    plan = place(shop, [room("b", 10), room("c", 11)], rules)
    assert [stay.machine.name for stay in plan.stays] == ["db", "web"]
    assert where(plan) == {"other": "c"}


def test_a_group_follows_those_that_are_there_already() -> None:
    plan = place(
        [machine("web", 1, "shop")], [room("b", 19), room("c", 2, "shop")], [Rule(TOGETHER, "shop")]
    )
    assert where(plan) == {"web": "c"}


def test_one_that_can_not_leave_keeps_its_group() -> None:
    held = [machine("db", 1, "shop", stuck="It has snapshots."), machine("web", 1, "shop")]
    plan = place(held, [room("b")], [Rule(TOGETHER, "shop")])
    assert {stay.machine.name: stay.why for stay in plan.stays} == {
        "db": "It has snapshots.",
        "web": "It is kept together with db, which can't leave.",
    }


def test_machines_of_a_tag_are_kept_apart_also_from_residents() -> None:
    pair = [machine("ns1", 1, "dns"), machine("ns2", 1, "dns")]
    rules = [Rule(APART, "dns")]
    assert sorted(where(place(pair, [room("b"), room("c")], rules)).values()) == ["b", "c"]
    plan = place(pair, [room("b"), room("c", 10, "dns")], rules)
    assert len(plan.moves) == 1
    assert plan.stays[0].why == (
        "b gets another machine with “dns”. c has a machine with “dns”, which is kept apart."
    )


def test_rules_that_contradict_each_other_are_told() -> None:
    pair = [machine("one", 1, "x", "y"), machine("two", 1, "x", "y")]
    plan = place(pair, [room("b")], [Rule(TOGETHER, "x"), Rule(APART, "y")])
    assert plan.moves == ()
    assert "together and apart at once (“y”)" in plan.stays[0].why


def test_a_large_question_is_answered_in_time_and_never_over_memory() -> None:
    random = Random(4)
    machines = [machine(f"m{n:03}", random.randint(1, 9)) for n in range(120)]
    rooms = [Room(host_key(f"h{n}"), f"h{n}", 80, random.randint(40, 80)) for n in range(8)]
    plan = place(machines, rooms)
    for each in rooms:
        given = sum(move.machine.memory_bytes for move in plan.moves if move.host == each.host)
        assert given <= each.memory_free_bytes
    assert len(plan.moves) + len(plan.stays) == 120
    assert len(plan.moves) > 90


TAGS = ("x", "y")
machines_strategy = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.integers(1, 4),
        st.lists(st.sampled_from(TAGS), unique=True, max_size=2),
        st.sampled_from(["", "", "", "", "stuck"]),
        st.lists(st.sampled_from(["h0", "h1", "h2"]), max_size=1),
    ),
    max_size=5,
).map(
    lambda rows: [
        Machine(
            domain_key("a", f"m{index}"),
            f"m{index}",
            memory,
            vcpus,
            tuple(tags),
            stuck,
            tuple((host_key(name), "no") for name in refused),
        )
        for index, (memory, vcpus, tags, stuck, refused) in enumerate(rows)
    ]
)
rooms_strategy = st.lists(
    st.tuples(
        st.integers(-2, 15), st.none() | st.integers(0, 6), st.sampled_from([(), ("x",), ("y",)])
    ),
    max_size=3,
).map(
    lambda rows: [
        Room(host_key(f"h{index}"), f"h{index}", 20, free, vcpus, ((tags),) if tags else ())
        for index, (free, vcpus, tags) in enumerate(rows)
    ]
)
rules_strategy = st.lists(
    st.builds(Rule, st.sampled_from(list(RuleKind)), st.sampled_from(TAGS)), unique=True, max_size=2
)


def obeys(
    placed: dict[str, Key | None], machines: list[Machine], rooms: list[Room], rules: list[Rule]
) -> bool:
    """Tell whether a placement is one, by the letter of the rules and nothing else."""
    for each in rooms:
        here = [one for one in machines if placed[one.name] == each.host]
        if here and sum(one.memory_bytes for one in here) > each.memory_free_bytes:
            return False
        vcpus = sum(one.vcpus for one in here)
        if here and each.vcpus_free is not None and vcpus > each.vcpus_free:
            return False
        for rule in rules:
            tagged = [one for one in here if rule.tag in one.tags]
            residents = sum(rule.tag in tags for tags in each.resident_tags)
            if rule.kind is APART and tagged and len(tagged) + residents > 1:
                return False
    for one in machines:
        host = placed[one.name]
        if host is not None and (one.stuck or one.refusal(host)):
            return False
    for rule in rules:
        if rule.kind is not TOGETHER:
            continue
        hosts = {placed[one.name] for one in machines if rule.tag in one.tags}
        homes = {
            each.host for each in rooms if any(rule.tag in tags for tags in each.resident_tags)
        }
        if len(hosts) > 1 or (homes and not hosts <= homes | {None}):
            return False
    return True


def fullest(placed: dict[str, Key | None], machines: list[Machine], rooms: list[Room]) -> float:
    """Return how full the fullest host is, as a share of its memory."""
    shares = [0.0]
    for each in rooms:
        here = sum(one.memory_bytes for one in machines if placed.get(one.name) == each.host)
        shares.append((each.memory_bytes - each.memory_free_bytes + here) / each.memory_bytes)
    return max(shares)


@settings(max_examples=150, deadline=None)
@given(machines_strategy, rooms_strategy, rules_strategy, st.randoms())
def test_no_other_placement_takes_more(
    machines: list[Machine], rooms: list[Room], rules: list[Rule], random: Random
) -> None:
    plan = place(machines, rooms, rules)
    assert plan.exact
    placed: dict[str, Key | None] = {stay.machine.name: None for stay in plan.stays}
    placed |= {move.machine.name: move.host for move in plan.moves}
    assert sorted(placed) == sorted(each.name for each in machines)
    assert obeys(placed, machines, rooms, rules)
    assert all([*(stay.why for stay in plan.stays), *(move.why for move in plan.moves)])

    hosts: list[Key | None] = [None, *(each.host for each in rooms)]
    best = (0, -fullest({}, machines, rooms))
    for choice in product(hosts, repeat=len(machines)):
        tried = dict(zip((each.name for each in machines), choice, strict=True))
        if obeys(tried, machines, rooms, rules):
            count = sum(host is not None for host in choice)
            best = max(best, (count, -fullest(tried, machines, rooms)))
    assert (len(plan.moves), -fullest(placed, machines, rooms)) == best

    random.shuffle(machines)
    random.shuffle(rooms)
    assert place(machines, rooms, rules) == plan


@pytest.mark.parametrize("count", [1, 2])
def test_the_same_name_on_two_hosts_is_two_machines(count: int) -> None:
    twins = [Machine(domain_key(f"a{n}", "u"), "web", 4, 1) for n in range(count)]
    assert len(place(twins, [room("b")]).moves) == count
