"""The window as a person uses it, on libvirt's test driver."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QToolButton
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.until import until
from vmgui.ui.main_window import MainWindow
from vmgui.ui.models.tree import NOW

_TEST = "test:///default"


def _query(window: MainWindow) -> QLineEdit:
    field = window.findChild(QLineEdit, "query")
    assert isinstance(field, QLineEdit)
    return field


async def test_what_libvirt_has_is_in_the_tree(qloop: QEventLoop, open_window: OpenWindow) -> None:
    window = await open_window(_TEST)
    keys = window.tree.machines_under(window.tree.index_of(("all",)))
    names = [d.name for key in keys if (d := window.session.inventory.domain(key)) is not None]
    assert names == ["test"]
    assert window.side.tree.isExpanded(window.tree.index_of(("all",)))


async def test_slash_leads_to_the_query_and_escape_back(
    qloop: QEventLoop, open_window: OpenWindow
) -> None:
    window = await open_window(_TEST)
    window.activateWindow()
    QTest.keyClick(window.side.tree, Qt.Key.Key_Slash)
    await until(lambda: _query(window).hasFocus(), "the query has the keyboard")
    QTest.keyClicks(_query(window), "nothing-like-this")
    assert window.tree.matching == 0
    QTest.keyClick(_query(window), Qt.Key.Key_Escape)
    assert _query(window).text() == ""
    assert window.tree.matching == 1
    QTest.keyClick(_query(window), Qt.Key.Key_Escape)
    await until(window.side.tree.hasFocus, "the tree has the keyboard")


async def test_an_action_from_the_menu_changes_machine_tree_and_journal(
    qloop: QEventLoop, open_window: OpenWindow
) -> None:
    window = await open_window(_TEST)
    key = window.tree.machines_under(window.tree.index_of(("all",)))[0]
    window.open_key(key)
    pause = next(a for a in window.menus.machine.actions() if a.text() == "Pause")
    assert pause.isEnabled()
    pause.trigger()
    await until(lambda: window.journal.model.rowCount() == 1, "the journal has a line")
    await until(
        lambda: window.tree.index_of_key(key).siblingAtColumn(NOW).data() == "paused",
        "the tree says paused",
    )
    entry = window.journal.model.entries[0]
    assert entry.virsh == ("virsh suspend test",)
    await until(lambda: not pause.isEnabled(), "it can't be paused twice")


async def test_the_tree_folds_with_a_key(qloop: QEventLoop, open_window: OpenWindow) -> None:
    window = await open_window(_TEST)
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert not window.side.isVisible()
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.side.isVisible()


async def test_presenting_makes_type_larger(qloop: QEventLoop, open_window: OpenWindow) -> None:
    window = await open_window(_TEST)
    before = window.side.tree.sizeHintForRow(0)
    button = window.findChild(QToolButton, "present")
    assert isinstance(button, QToolButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.side.tree.sizeHintForRow(0) == before * 3 // 2
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.side.tree.sizeHintForRow(0) == before
