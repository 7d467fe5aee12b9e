"""The tree's rows: what they are, in which order, and that every way there leads to the same."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from tests.ui import world
from tests.ui.world import A, B, C, Waves, host, machine, pictured
from vmgui.insight.query import parse
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import domain_key, host_key
from vmgui.ui.models.order import natural_key
from vmgui.ui.models.tree import NAME, NOW, TREND, TreeModel
from vmgui.ui.models.tree_nodes import Grouping, address_of

Row = tuple[int, str, str, str]


def rows(model: TreeModel, parent: QModelIndex | None = None, depth: int = 0) -> Iterator[Row]:
    """Yield each row as depth, name, count and figure."""
    parent = parent or QModelIndex()
    for number in range(model.rowCount(parent)):
        index = model.index(number, NAME, parent)
        node = model.node(index)
        assert node is not None
        yield depth, node.name, model.text.count(node), model.text.now(node)
        yield from rows(model, index, depth + 1)


def settle(model: TreeModel) -> None:
    """Let the model work off what is left."""
    while not model.is_settled:
        QApplication.processEvents()


@pytest.fixture
def inventory() -> Inventory:
    return pictured()


@pytest.fixture
def model(qapp: QApplication, inventory: Inventory) -> Iterator[TreeModel]:
    """Return a model that follows the inventory, watched by Qt's own tester."""
    model = TreeModel(inventory, Waves())
    tester = QAbstractItemModelTester(
        model, QAbstractItemModelTester.FailureReportingMode.Fatal, model
    )
    inventory.changed.connect(model.apply)
    settle(model)
    yield model
    inventory.changed.disconnect(model.apply)
    tester.deleteLater()


def test_hosts_tags_and_machines_stand_as_in_the_picture(model: TreeModel) -> None:
    shown = [(depth, name, count) for depth, name, count, _ in rows(model)]
    assert shown[:4] == [
        (0, "All hypervisors", "3 hosts"),
        (1, "lab-a", "14/18"),
        (2, "classroom", "8/12"),
        (3, "student-01", ""),
    ]
    assert [name for depth, name, _ in shown if depth == 1] == ["lab-a", "lab-b", "kvm-01.example"]
    # A machine with two tags stands under its first one; one without stands after the tags.
    names = [name for _, name, _ in shown]
    assert names[names.index("prod") + 5] == "web-01"
    assert names[names.index("prod") + 6] == "ci-runner-02"
    assert "web" not in names


def test_what_is_off_says_so_and_what_runs_has_a_figure(model: TreeModel) -> None:
    now = {name: figure for _, name, _, figure in rows(model)}
    assert now["student-09"] == "off"
    assert now["build-arm64"] == "crashed"
    assert now["win11-test"] == "saved"
    assert now["web-01"].endswith(" %")


def test_numbers_in_names_count() -> None:
    names = ["web-10", "web-2", "Web-1", "web", "web-002b", "9" * 30, "10"]
    assert sorted(names, key=natural_key) == [
        "10", "9" * 30, "web", "Web-1", "web-2", "web-002b", "web-10",
    ]  # fmt: skip


def test_a_query_leaves_what_matches_and_its_groups(model: TreeModel) -> None:
    model.set_query(parse("state:running tag:classroom,infra"))
    settle(model)
    shown = [(depth, name, count) for depth, name, count, _ in rows(model)]
    assert shown[:3] == [
        (0, "All hypervisors", "14/30"),
        (1, "lab-a", "8/18"),
        (2, "classroom", "8"),
    ]
    assert [name for depth, name, _ in shown if depth == 1] == ["lab-a", "lab-b"]
    model.set_query(parse(""))
    settle(model)
    assert model.matching == model.total == 30


def test_the_counted_queries_follow_every_change(model: TreeModel, inventory: Inventory) -> None:
    model.set_counted([parse("state:running"), parse("state:crashed")])
    settle(model)
    assert model.counts == (21, 1)
    web = inventory.domain(domain_key(A, "uuid-web-01"))
    assert web is not None
    inventory.apply(Change(updated=(replace(web, state=DomainState.CRASHED),)))
    settle(model)
    assert model.counts == (20, 2)
    inventory.apply(Change(removed=(web.key, host_key(B))))
    settle(model)
    assert model.counts == (13, 0)


def test_machines_of_a_lost_host_are_unknown_and_never_off(
    model: TreeModel, inventory: Inventory
) -> None:
    inventory.apply(Change(updated=(host(B, "lab-b", LinkState.LOST),)))
    settle(model)
    now = {name: figure for _, name, _, figure in rows(model)}
    assert now["win11-lab"] == now["demo-k3s"] == "unknown"
    assert now["lab-b"] == "lost"
    assert now["web-01"] != "unknown"


def test_a_stalled_host_keeps_its_figures_but_says_that_they_are_old(model: TreeModel) -> None:
    node = model.node(model.index_of(("machine", C, "uuid-nested-kvm-01")))
    assert node is not None
    assert model.text.now(node).endswith(" %")
    assert "old" in model.text.spoken(node)


@pytest.mark.parametrize(
    ("grouping", "first"),
    [
        (Grouping.HOST, [(1, "lab-a"), (2, "cache-01")]),
        (Grouping.TAG, [(1, "classroom"), (2, "student-01")]),
    ],
)
def test_other_groupings(
    model: TreeModel, grouping: Grouping, first: list[tuple[int, str]]
) -> None:
    model.set_grouping(grouping)
    settle(model)
    assert [(depth, name) for depth, name, _, _ in rows(model)][1:3] == first
    model.set_grouping(Grouping.HOST_TAG)
    settle(model)
    assert [(depth, name) for depth, name, _, _ in rows(model)][2] == (2, "classroom")


@pytest.mark.parametrize("seed", range(12))
def test_changes_in_any_order_lead_to_the_rows_of_a_fresh_model(
    model: TreeModel, inventory: Inventory, seed: int
) -> None:
    chance = random.Random(seed)
    queries = ["", "state:running", "tag:web", "-tag:classroom", "01", "is:attention"]
    for _ in range(30):
        _change_something(inventory, chance)
        if chance.random() < 0.2:
            model.set_query(parse(chance.choice(queries)))
        if chance.random() < 0.1:
            model.set_grouping(chance.choice(list(Grouping)))
    settle(model)
    fresh = TreeModel(inventory, Waves())
    fresh.set_grouping(model.grouping)
    fresh.set_query(model.query)
    settle(fresh)
    hosts = [node for node in rows(model) if node[0] > 0]
    assert sorted(hosts) == sorted(node for node in rows(fresh) if node[0] > 0)
    assert (model.total, model.matching) == (fresh.total, fresh.matching)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_held_of_a_row_follows_it_wherever_it_goes(
    model: TreeModel, inventory: Inventory, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(15):
        held = {
            address: QPersistentModelIndex(index)
            for address in [*map(address_of, (each.key for each in inventory.of(Domain))), ("all",)]
            if (index := model.index_of(address).siblingAtColumn(NOW)).isValid()
        }
        _change_something(inventory, chance)
        if chance.random() < 0.3:
            model.set_grouping(chance.choice(list(Grouping)))
        if chance.random() < 0.3:
            model.set_query(parse(chance.choice(["", "state:running", "tag:web"])))
        settle(model)
        for address, kept in held.items():
            now = model.index_of(address).siblingAtColumn(NOW)
            assert kept == now
            if (node := model.node(kept)) is not None:
                assert node.address == address


def _change_something(inventory: Inventory, chance: random.Random) -> None:
    domains = list(inventory.of(Domain))
    uris = [each.key.host for each in inventory.hosts()] or [A]
    domain = chance.choice(domains) if domains else machine(A, "first")
    tags = tuple(chance.sample(["web", "prod", "classroom"], chance.randrange(3)))
    match chance.randrange(7):
        case 0:
            change = Change(removed=(domain.key,))
        case 1:
            name = f"new-{chance.randrange(100)}"
            change = Change(added=(machine(chance.choice(uris), name, tags=tags),))
        case 2:
            change = Change(updated=(replace(domain, tags=tags),))
        case 3:
            change = Change(updated=(replace(domain, name=f"other-{chance.randrange(100)}"),))
        case 4:
            change = Change(updated=(replace(domain, state=chance.choice(list(DomainState))),))
        case 5:
            state = chance.choice(list(LinkState))
            change = Change(updated=(host(chance.choice(uris), "some host", state),))
        case _:
            change = Change(removed=(host_key(C),)) if chance.random() < 0.2 else Change()
    inventory.apply(change)


def test_thousands_arrive_in_slices_and_all_are_there(qapp: QApplication) -> None:
    inventory = Inventory()
    model = TreeModel(inventory, Waves())
    inventory.changed.connect(model.apply)
    big, machines = world.many(5000)
    inventory.apply(Change(added=(big, *machines)))
    assert not model.is_settled  # the call came back before all of it was done
    settle(model)
    assert model.total == 5000
    keys = model.machines_under(model.index_of(("host", A)))
    assert len(keys) == 5000
    model.set_query(parse("vm-4999"))
    assert not model.is_settled
    settle(model)
    assert model.matching == 1
    inventory.changed.disconnect(model.apply)


def test_a_poll_of_a_host_repaints_figures_only(model: TreeModel) -> None:
    told: list[tuple[int, int]] = []
    moved: list[None] = []
    model.dataChanged.connect(lambda a, b: told.append((a.column(), b.column())))
    model.layoutChanged.connect(lambda: moved.append(None))
    model.take_samples([Sample(domain_key(B, "uuid-demo-k3s"), 1.0, cpu_ratio=0.5)])
    settle(model)
    assert told
    assert set(told) == {(TREND, NOW)}
    assert not moved


def test_a_query_for_a_figure_follows_the_figures(qapp: QApplication, inventory: Inventory) -> None:
    class Busy(Waves):
        ratio = 0.1

        def latest(self, key: object) -> Sample | None:
            return Sample(domain_key(B, "x"), 0.0, cpu_ratio=self.ratio)

    figures = Busy()
    model = TreeModel(inventory, figures)
    model.set_query(parse("name:demo-k3s cpu:>50"))
    settle(model)
    assert model.matching == 0
    figures.ratio = 0.9
    model.take_samples([Sample(domain_key(B, "uuid-demo-k3s"), 1.0, cpu_ratio=0.9)])
    settle(model)
    assert model.matching == 1
