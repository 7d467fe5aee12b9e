"""The side as a person uses it: keys, folding, selection, saved queries."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QPushButton, QToolButton

from tests.ui.test_tree_model import settle
from tests.ui.world import A, B, Waves, machine, pictured
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import DomainState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import domain_key
from vmgui.settings import SavedQuery, Settings
from vmgui.ui.models.tree import TreeModel
from vmgui.ui.models.tree_nodes import Address
from vmgui.ui.style import Style
from vmgui.ui.views.side import Side

WEB: Address = ("machine", A, "uuid-web-01")


@pytest.fixture
def inventory() -> Inventory:
    return pictured()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def side(style: Style, inventory: Inventory, settings: Settings) -> Iterator[Side]:
    """Return a side over the machines of the picture, shown and with the keyboard."""
    model = TreeModel(inventory, Waves())
    inventory.changed.connect(model.apply)
    side = Side(model, settings, style)
    side.resize(320, 500)
    side.show()
    side.activateWindow()
    side.tree.setFocus()
    settle(model)
    QApplication.processEvents()
    yield side
    inventory.changed.disconnect(model.apply)
    side.chips.close_signals()
    side.close()
    side.deleteLater()
    model.setParent(side)  # goes with it, and not before it


def _query(side: Side) -> QLineEdit:
    field = side.findChild(QLineEdit, "query")
    assert isinstance(field, QLineEdit)
    return field


def _model(side: Side) -> TreeModel:
    model = side.tree.model()
    assert isinstance(model, TreeModel)
    return model


def _click(side: Side, name: str) -> None:
    button = side.findChild(QPushButton, name) or side.findChild(QToolButton, name)
    assert button is not None, name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(_model(side))
    QApplication.processEvents()


def _current(side: Side) -> str:
    return str(side.tree.currentIndex().siblingAtColumn(0).data())


def test_an_update_keeps_selection_scroll_and_folding(side: Side, inventory: Inventory) -> None:
    tree = side.tree
    tree.fold([("tag", B, "infra")])
    tree.show_row(WEB)
    bar = tree.verticalScrollBar()
    bar.setValue(bar.maximum() - 5)
    QApplication.processEvents()
    place = bar.value()
    inventory.apply(
        Change(
            added=(machine(B, "zz-last"), machine(A, "aa-first", DomainState.OFF, ("prod",))),
            updated=(machine(A, "web-01", DomainState.PAUSED, ("prod", "web")),),
            removed=(domain_key(B, "uuid-win11-lab"),),
        )
    )
    settle(_model(side))
    QApplication.processEvents()
    assert _current(side) == "web-01"
    assert tree.selected() == [domain_key(A, "uuid-web-01")]
    assert bar.value() == place
    assert not tree.isExpanded(_model(side).index_of(("tag", B, "infra")))
    assert tree.isExpanded(_model(side).index_of(("tag", A, "prod")))


def test_a_folded_group_is_still_folded_when_a_query_brings_it_back(side: Side) -> None:
    tree = side.tree
    tree.fold([("tag", A, "prod")])
    QTest.keyClicks(_query(side), "student")
    QTest.keyClick(_query(side), Qt.Key.Key_Escape)
    settle(_model(side))
    QApplication.processEvents()
    model = _model(side)
    assert not tree.isExpanded(model.index_of(("tag", A, "prod")))
    assert tree.isExpanded(model.index_of(("tag", A, "classroom")))


def test_arrows_lead_from_the_query_into_the_tree_and_back(side: Side) -> None:
    QTest.keyClicks(_query(side), "demo")
    QTest.keyClick(_query(side), Qt.Key.Key_Down)
    settle(_model(side))
    assert side.tree.hasFocus()
    assert _current(side) == "demo-k3s"
    for _ in range(3):
        QTest.keyClick(side.tree, Qt.Key.Key_Up)
    assert _query(side).hasFocus()


def test_typing_a_name_goes_to_it(side: Side) -> None:
    side.tree.show_row(("all",))
    QTest.keyClicks(side.tree, "stu")
    assert _current(side) == "student-01"


def test_enter_opens_the_row(side: Side) -> None:
    opened: list[Address] = []
    side.tree.show_row(WEB)
    side.opened.connect(opened.append)
    QTest.keyClick(side.tree, Qt.Key.Key_Return)
    assert opened == [WEB]


def test_shift_and_arrows_pick_several(side: Side) -> None:
    picked: list[list[object]] = []
    side.picked.connect(picked.append)
    side.tree.show_row(("machine", A, "uuid-student-01"))
    for _ in range(2):
        QTest.keyClick(side.tree, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert [key.id for key in side.tree.selected()] == [
        "uuid-student-01", "uuid-student-02", "uuid-student-03",
    ]  # fmt: skip
    assert len(picked[-1]) == 3


def test_a_query_without_meaning_says_why_and_leaves_the_tree_alone(side: Side) -> None:
    QTest.keyClicks(_query(side), "state:runing")
    assert "running" in side.query.reason
    assert side.findChild(QPushButton, "chip-running") is not None
    model = _model(side)
    settle(model)
    assert model.matching == model.total
    QTest.keyClick(_query(side), Qt.Key.Key_Escape)
    assert side.query.reason == ""


def test_what_is_open_but_filtered_out_can_be_shown(side: Side) -> None:
    side.tree.show_row(WEB)
    side.show_open(WEB, "web-01")
    QTest.keyClicks(_query(side), "tag:infra")
    settle(_model(side))
    assert side.notice == "web-01 open, not in this filter"
    _click(side, "show-open")
    assert _query(side).text() == ""
    assert side.notice == ""
    assert _current(side) == "web-01"


def test_a_chip_sets_the_query_and_takes_it_back(side: Side) -> None:
    _click(side, "chip-running")
    assert _query(side).text() == "state:running"
    model = _model(side)
    assert model.matching == 21
    _click(side, "chip-running")
    assert _query(side).text() == ""


def test_a_query_is_kept_as_a_chip_and_forgotten(side: Side, settings: Settings) -> None:
    QTest.keyClicks(_query(side), "tag:infra")
    _click(side, "save-query")
    assert list(settings.queries) == [SavedQuery("tag:infra", "tag:infra")]
    chip = side.findChild(QPushButton, "chip-tag:infra")
    assert chip is not None
    assert chip.accessibleName() == "tag:infra 6"
    _click(side, "save-query")
    assert not settings.queries


def test_the_head_offers_groupings(side: Side) -> None:
    menu = side.findChild(QMenu, "grouping-menu")
    assert isinstance(menu, QMenu)
    head = side.tree.header()
    QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 8))
    assert menu.isVisible()
    menu.close()
    menu.actions()[1].trigger()
    model = _model(side)
    settle(model)
    assert not model.index_of(("tag", A, "prod")).isValid()


def test_the_foot_counts(side: Side) -> None:
    assert side.foot == "30 machines"
    QTest.keyClicks(_query(side), "state:running tag:classroom,infra")
    settle(_model(side))
    assert side.foot == "14 of 30 machines match"
