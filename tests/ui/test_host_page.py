"""A host's page and the page of all hypervisors, on libvirt's test driver."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QTabBar
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.ui.test_machine_page import CRASHED, RUNNING, child, facts
from tests.until import until
from tests.worlds import HOSTILE_NAMES, machine_uuid, write_world
from vmgui.inventory.changes import Change
from vmgui.inventory.host import Link, LinkState
from vmgui.inventory.key import domain_key, host_key
from vmgui.settings import SavedConnection
from vmgui.ui.main_window import MainWindow
from vmgui.ui.views.all_page import AllPage
from vmgui.ui.views.host_page import HostPage
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.views.record_table import RecordTable
from vmgui.ui.views.severity_row import SeverityRow
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.failure import FailurePanel


async def open_host(
    open_window: OpenWindow, tmp_path: Path, *, hostile: bool = False
) -> tuple[MainWindow, HostPage]:
    uri = write_world(tmp_path / "world.xml", domains=20, hostile=hostile)
    window = await open_window(uri)
    window.open_key(host_key(uri))
    page = window.pages.currentWidget()
    assert isinstance(page, HostPage)
    return window, page


def set_link(window: MainWindow, link: Link) -> None:
    host = window.session.inventory.hosts()[0]
    window.session.inventory.apply(Change(updated=(replace(host, link=link),)))


def names(table: RecordTable) -> list[str]:
    model = table.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


async def test_it_says_what_the_host_is(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page = await open_host(open_window, tmp_path)
    told = facts(page)
    for text in (page.key.host, "TEST", "libvirt", "Networks", "Storage pools"):
        assert text in told
    assert child(page, QTabBar, "tabs").tabText(1) == "Machines 20"
    assert page.findChild(Banner, "page-banner").isHidden()  # type: ignore[union-attr]  # it is there


async def test_its_machines_stand_in_a_table_and_open(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_host(open_window, tmp_path)
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    table = child(page, RecordTable, "host-machines")
    assert len(names(table)) == 20
    assert names(table)[:3] == ["build-0003", "build-0007", "build-0011"]
    table.setFocus()
    table.selectRow(names(table).index("web-0012"))
    QTest.keyClick(table, Qt.Key.Key_Return)
    opened = window.pages.currentWidget()
    assert isinstance(opened, MachinePage)
    assert opened.key == domain_key(page.key.host, machine_uuid(12))


async def test_the_table_sorts_when_asked_and_keeps_its_row_when_a_machine_goes(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_host(open_window, tmp_path)
    window.pages.show_tab(1)
    table = child(page, RecordTable, "host-machines")
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert names(table)[0] == "web-0016"
    table.selectRow(names(table).index("db-0001"))
    window.session.run(
        "domain.delete",
        domain_key(page.key.host, machine_uuid(RUNNING)),
        force_off=True,
        snapshots=True,
    )
    await until(lambda: len(names(table)) == 19, "it is gone from the table")
    assert "web-0000" not in names(table)
    assert table.currentIndex().siblingAtColumn(0).data() == "db-0001"
    assert child(page, QTabBar, "tabs").tabText(1) == "Machines 19"


async def test_another_host_shows_nothing_of_the_one_before(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_host(open_window, tmp_path)
    first = page.key
    window.pages.show_tab(1)
    child(page, RecordTable, "host-machines").sortByColumn(0, Qt.SortOrder.DescendingOrder)
    window.session.connect(SavedConnection("test:///default"))
    await window.session.settled()
    window.open_key(host_key("test:///default"))
    other = window.pages.currentWidget()
    assert isinstance(other, HostPage)
    tabs, table = child(other, QTabBar, "tabs"), child(other, RecordTable, "host-machines")
    assert (tabs.currentIndex(), tabs.tabText(1)) == (0, "Machines 1")
    assert names(table) == ["test"]
    assert "test:///default" in facts(other)
    await until(lambda: first.host not in facts(other), "the other facts are gone")
    window.open_key(domain_key(first.host, machine_uuid(RUNNING)))
    window.open_key(first)
    assert tabs.tabText(1) == "Machines 20"
    assert names(table)[0] == "build-0003"


async def test_hostile_names_stand_in_the_table_as_they_are(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_host(open_window, tmp_path, hostile=True)
    window.pages.show_tab(1)
    shown = names(child(page, RecordTable, "host-machines"))
    for name in HOSTILE_NAMES:
        assert name.replace("\t", " ") in shown


@pytest.mark.parametrize(
    ("link", "chip", "says", "button"),
    [
        (
            Link(LinkState.CONNECTING, waiting_for="a password"),
            "Connecting",
            "Waiting for: a password.",
            "disconnect",
        ),
        (Link(LinkState.STALLED), "Stalled", "doesn't answer", "retry"),
        (Link(LinkState.LOST, why="The daemon ended."), "Unreachable", "daemon ended", "retry"),
    ],
)
async def test_a_connection_that_is_not_well_says_so_over_the_page(
    qloop: QEventLoop,
    open_window: OpenWindow,
    tmp_path: Path,
    link: Link,
    chip: str,
    says: str,
    button: str,
) -> None:
    window, page = await open_host(open_window, tmp_path)
    set_link(window, link)
    banner = child(page, Banner, "page-banner")
    await until(banner.isVisible, "the bar is there")
    assert says in banner.accessibleName()
    assert child(page, QPushButton, f"banner-{button}").isVisible()
    assert page.findChild(QPushButton, "host-disconnect").isEnabled()  # type: ignore[union-attr]
    assert child(page, QLabel, "").textFormat() is Qt.TextFormat.PlainText
    assert chip in page._header.chip.accessibleName()


async def test_a_refusal_tells_why_and_the_way_out(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_host(open_window, tmp_path)
    panel = child(page, FailurePanel, "page-failure")
    set_link(
        window,
        Link(
            LinkState.REFUSED,
            why="Wrong password.",
            what_to_do="Try another account.",
            libvirt_says="authentication failed",
        ),
    )
    await until(panel.isVisible, "the panel is there")
    assert "can't be connected" in panel.accessibleName()
    assert "Wrong password. Try another account." in panel.accessibleDescription()
    assert child(panel, QPushButton, "failure-fold").isVisible()
    wanted: list[str] = []
    page.connection_requested.connect(wanted.append)
    QTest.mouseClick(child(panel, QPushButton, "failure-edit"), Qt.MouseButton.LeftButton)
    assert wanted == [page.key.host]


async def test_disconnecting_is_told_on_the_page(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_host(open_window, tmp_path)
    button = child(page, QPushButton, "host-disconnect")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    await until(lambda: not window.session.inventory.hosts(), "the host is gone")
    banner = child(page, Banner, "page-banner")
    await until(lambda: "was disconnected" in banner.accessibleName(), "the page says so")


async def test_all_hypervisors_are_summed_up(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    one = write_world(tmp_path / "one.xml", domains=20)
    two = write_world(tmp_path / "two.xml", domains=10)
    window = await open_window(one, two)
    window.open_row(("all",))
    page = window.pages.currentWidget()
    assert isinstance(page, AllPage)
    machines = child(page, ElidedLabel, "total-machines")
    await until(lambda: machines.full_text == "24", "all that are on are counted")
    assert child(page, ElidedLabel, "total-hosts").full_text == "2"
    table = child(page, RecordTable, "all-hosts")
    assert len(names(table)) == 2
    assert {str(table.model().index(row, 3).data()) for row in range(2)} == {"14 of 20", "10 of 10"}
    table.selectRow(0)
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert isinstance(window.pages.currentWidget(), HostPage)


async def test_what_wants_a_look_is_listed_and_opens(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    uri = write_world(tmp_path / "one.xml", domains=20)
    window = await open_window(uri)
    window.open_row(("all",))
    page = window.pages.currentWidget()
    assert isinstance(page, AllPage)
    rows = await until(lambda: page.findChildren(SeverityRow), "something wants a look")
    assert [row.accessibleName() for row in rows] == ["build-0019: It has crashed."]
    QTest.mouseClick(rows[0], Qt.MouseButton.LeftButton)
    opened = window.pages.currentWidget()
    assert isinstance(opened, MachinePage)
    assert opened.key == domain_key(uri, machine_uuid(CRASHED))
