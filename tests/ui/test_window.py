"""The window as a person uses it, on libvirt's test driver."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPushButton, QTabBar, QToolButton
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.until import until
from tests.worlds import write_world
from vmgui import places
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.settings import GRAPH_RANGE_S
from vmgui.ui.main_window import MainWindow
from vmgui.ui.models.tree import NOW, TREND
from vmgui.ui.models.tree_nodes import Grouping
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.widgets.banner import Banner

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


async def test_the_menu_of_machines_keeps_deleting_apart(
    qloop: QEventLoop, open_window: OpenWindow
) -> None:
    window = await open_window(_TEST)
    parts: list[list[str]] = [[]]
    for action in window.menus.machine.actions():
        if action.isSeparator():
            parts.append([])
        else:
            parts[-1].append(action.objectName().removeprefix("action-"))
    assert parts[-1] == ["domain.delete"]
    assert {"snapshot.create", "disk.commit", "disk.pull"} == set(parts[2])
    assert parts[3][0] == "domain.clone"
    assert sorted(each for part in parts for each in part) == sorted(
        action.id for action in window.session.registry.for_kind("domain")
    )


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
    assert window.side.tree.isColumnHidden(TREND)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.side.tree.sizeHintForRow(0) == before


async def test_the_window_opens_again_as_it_was_left(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    uri = write_world(tmp_path / "world.xml", domains=10)
    window = await open_window(uri)
    key = window.tree.machines_under(window.tree.index_of(("all",)))[3]
    window.open_key(key)
    window.side.group(Grouping.HOST)
    window.side.group(Grouping.HOST_TAG)
    window.side.tree.collapse(window.tree.index_of(("tag", uri, "lab")))
    window.resize(1000, 640)
    QTest.keyClick(window, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    await open_window.close()
    again = await open_window(uri, size=None)
    assert again.height() == 640  # the width is cut to the screen that tests have
    assert not again.journal.isVisible()
    assert not again.side.tree.isExpanded(again.tree.index_of(("tag", uri, "lab")))
    assert again.side.tree.isExpanded(again.tree.index_of(("tag", uri, "database")))
    await until(
        lambda: again.side.tree.currentIndex() == again.tree.index_of_key(key),
        "the machine that was open is open again",
    )


async def test_several_machines_are_acted_on_at_once(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = await open_window(write_world(tmp_path / "world.xml", domains=20))
    domains = {d.name: d for d in window.session.inventory.of(Domain)}
    running = [d.key for d in domains.values() if d.state is DomainState.RUNNING][:3]
    off = next(d.key for d in domains.values() if d.state is DomainState.OFF)
    keys = [*running, off]
    window.side.tree.select_rows([("machine", key.host, key.id) for key in keys])
    title = window.findChild(QLabel, "selection-title")
    assert title is not None
    assert title.text() == "4 machines selected"
    pause = window.findChild(QPushButton, "bulk-domain.suspend")
    assert pause is not None
    assert pause.text() == "Pause 3"
    QTest.mouseClick(pause, Qt.MouseButton.LeftButton)
    await until(
        lambda: all(
            (d := window.session.inventory.domain(key)) and d.state is DomainState.PAUSED
            for key in running
        ),
        "all three are paused",
    )
    await until(lambda: pause.text() == "Pause" and not pause.isEnabled(), "none can be paused")
    # The selection outlives the change, and giving it up leads back to the page.
    assert len(window.side.tree.selected()) == 4
    window.open_key(off)
    assert isinstance(window.pages.currentWidget(), MachinePage)


async def test_a_machine_that_vanishes_leaves_its_page_which_says_so(
    qloop: QEventLoop, open_window: OpenWindow
) -> None:
    window = await open_window(_TEST)
    key = window.tree.machines_under(window.tree.index_of(("all",)))[0]
    window.open_key(key)
    window.session.inventory.apply(Change(removed=(key,)))
    await until(lambda: window.is_settled, "the window shows everything")
    page = window.pages.currentWidget()
    assert isinstance(page, MachinePage)
    assert page.key == key
    assert page.is_gone
    assert not any(a.isEnabled() for a in window.menus.machine.actions() if a.text())


async def test_ctrl_k_finds_a_machine_and_opens_it(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = await open_window(write_world(tmp_path / "world.xml", domains=10))
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    field = window.findChild(QLineEdit, "palette-field")
    assert field is not None
    assert field.isVisible()
    QTest.keyClicks(field, "web-0008")
    QTest.keyClick(field, Qt.Key.Key_Return)
    page = window.pages.currentWidget()
    assert isinstance(page, MachinePage)
    assert page.domain is not None
    assert page.domain.name == "web-0008"


async def test_a_host_that_cannot_be_reached_says_so_and_is_tried_again(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    uri = f"test://{tmp_path}/not-there.xml"
    window = await open_window(uri)
    health = window.findChild(QAbstractButton, f"health-{uri}")
    assert health is not None
    assert "connected" not in health.accessibleName()
    write_world(tmp_path / "not-there.xml", domains=2)
    QTest.mouseClick(health, Qt.MouseButton.LeftButton)
    await until(lambda: window.tree.total == 2, "its machines are there")
    page = window.pages.currentWidget()
    assert page is not None
    assert page.objectName() == "host-page"


async def test_without_any_host_the_window_offers_ways_to_begin(
    qloop: QEventLoop, open_window: OpenWindow
) -> None:
    window = await open_window()
    way = window.findChild(QPushButton, "first-test")
    assert way is not None
    QTest.mouseClick(way, Qt.MouseButton.LeftButton)
    await until(lambda: window.tree.total == 1, "the test driver's machine is there")
    page = window.pages.currentWidget()
    assert page is not None
    assert page.objectName() == "all-page"
    assert [each.uri for each in window.session.settings.connections] == [_TEST]


async def test_every_control_has_a_name_for_tests_and_for_readers(
    qloop: QEventLoop, open_window: OpenWindow
) -> None:
    window = await open_window(_TEST)
    frame = (window.side, window.journal, window.status, window.bar_end)
    for part in frame:
        for control in part.findChildren(QAbstractButton):
            if isinstance(control.parent(), QLineEdit | QTabBar):
                continue  # made by Qt
            assert control.objectName(), control
            assert control.accessibleName() or control.text(), control.objectName()


async def test_what_cannot_be_kept_is_said_over_the_page(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    config = tmp_path / "config" / "vmgui"
    config.mkdir(parents=True)
    (config / "settings.json").write_text("{")
    window = await open_window(_TEST)
    notice = window.findChild(Banner, "notice-settings")
    assert notice is not None
    assert notice.isVisible()
    assert "settings were damaged" in notice.accessibleName()


async def test_each_trouble_has_a_bar_of_its_own_until_it_is_over(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    # A world of its own: other tests leave machines in the one that all share.
    window = await open_window(write_world(tmp_path / "world.xml", domains=1))
    session = window.session
    key = window.tree.machines_under(window.tree.index_of(("all",)))[0]
    blocked = [places.config_dir() / "settings.json", places.state_dir() / "journal.jsonl"]

    def shown() -> set[str]:
        bars = window.notices.findChildren(Banner)
        return {bar.objectName().removeprefix("notice-") for bar in bars if bar.isVisible()}

    def do_something(action: str, range_s: int) -> None:
        session.settings.set(GRAPH_RANGE_S, range_s)
        window.actions_on_machines.perform(action, [key])

    assert not shown()
    for path in blocked:
        path.unlink(missing_ok=True)
        path.mkdir(parents=True)  # nothing can be written there
    do_something("domain.suspend", 900)
    await until(lambda: shown() == {"settings", "journal"}, "both troubles are told")
    bar = window.notices.findChild(Banner, "notice-journal")
    assert bar is not None
    hide = bar.findChild(QPushButton, "banner-hide")
    assert hide is not None
    QTest.mouseClick(hide, Qt.MouseButton.LeftButton)
    assert shown() == {"settings"}
    await until(lambda: not session.runner.jobs, "it is paused")
    for path in blocked:
        path.rmdir()
    do_something("domain.resume", 300)
    await until(lambda: not shown(), "nothing is told any more")


async def test_what_the_journal_is_about_is_remembered(
    qloop: QEventLoop, open_window: OpenWindow
) -> None:
    window = await open_window(_TEST)
    window.open_key(window.tree.machines_under(window.tree.index_of(("all",)))[0])
    this = window.journal.findChild(QToolButton, "segment-this")
    assert this is not None
    assert not this.isChecked()
    QTest.mouseClick(this, Qt.MouseButton.LeftButton)
    await open_window.close()
    window = await open_window(_TEST)
    again = window.journal.findChild(QToolButton, "segment-this")
    assert again is not None
    assert again.isChecked()
