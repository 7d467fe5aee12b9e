from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, oldest_first

WEB = domain_key("h", "1")


def made(name: str, at_s: int, parent: str = "") -> Snapshot:
    return Snapshot(Key("h", "snapshot", f"1/{name}"), WEB, name, parent, created_at_s=at_s)


def test_the_oldest_comes_first_and_a_parent_before_its_child() -> None:
    shuffled = (made("c", 5, "b"), made("z", 4), made("a", 5, "z"), made("b", 5, "z"))
    assert [each.name for each in oldest_first(shuffled)] == ["z", "a", "b", "c"]
    same_second = (made("a", 5, "m"), made("m", 5, "z"), made("z", 5))
    assert [each.name for each in oldest_first(same_second)] == ["z", "m", "a"]


def test_parents_that_go_round_or_are_not_there_are_no_matter() -> None:
    odd = (made("b", 2, "a"), made("a", 1, "b"), made("c", 3, "gone"))
    assert [each.name for each in oldest_first(odd)] == ["a", "b", "c"]
