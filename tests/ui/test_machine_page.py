"""A machine's page, on machines of libvirt's test driver."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QWidget,
)
from qasync import QEventLoop
from shiboken6 import delete

from tests.ui.conftest import OpenWindow
from tests.until import until
from tests.worlds import HOSTILE_NAMES, machine_uuid, write_world
from vmgui.inventory.changes import Change
from vmgui.inventory.host import Link, LinkState
from vmgui.inventory.key import Key, domain_key
from vmgui.settings import GRAPH_RANGE_S
from vmgui.ui.main_window import MainWindow
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.chips import TagChip
from vmgui.ui.widgets.elided import ElidedLabel, LinkButton
from vmgui.ui.widgets.facts import Facts
from vmgui.ui.widgets.graph import GraphCard
from vmgui.ui.widgets.segmented import Segmented

W = TypeVar("W", bound=QWidget)

RUNNING, PAUSED, OFF, SAVED, CRASHED = 0, 12, 14, 15, 19
"""Numbers of machines of each state in `tests.worlds`."""


def child(of: QWidget, kind: type[W], name: str) -> W:
    found = of.findChild(kind, name)
    assert isinstance(found, kind), f"no {kind.__name__} {name}"
    return found


async def open_page(
    open_window: OpenWindow, tmp_path: Path, index: int, *, hostile: bool = False
) -> tuple[MainWindow, MachinePage]:
    uri = write_world(tmp_path / "world.xml", domains=20, hostile=hostile)
    window = await open_window(uri)
    window.open_key(domain_key(uri, machine_uuid(index)))
    page = window.pages.currentWidget()
    assert isinstance(page, MachinePage)
    return window, page


def facts(page: QWidget) -> str:
    """Return all facts as text."""
    widget = child(page, Facts, "facts")
    labels = [label.text() for label in widget.findChildren(QLabel)]
    full = [label.full_text for label in widget.findChildren(ElidedLabel)]
    links = [link.full_text for link in widget.findChildren(LinkButton)]
    return "\n".join(labels + full + links)


def state(page: MachinePage) -> str:
    return child(page, QWidget, "page-state").accessibleName()


async def test_it_says_what_the_machine_is(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, RUNNING)
    assert child(page, ElidedLabel, "page-name").full_text == "web-0000"
    assert state(page) == "Running"
    assert "Debian 12 · 1 vCPU · 512 MiB" in child(page, ElidedLabel, "page-summary").full_text
    told = facts(page)
    for text in (
        "512 MiB now",
        "/var/lib/libvirt/images/machine-0.qcow2",
        "network-0",
        "52:54:00:00:00:00",
        machine_uuid(0),
    ):
        assert text in told
    host = window.session.inventory.hosts()[0]
    assert host.name in told


@pytest.mark.parametrize(
    ("index", "words", "first", "title"),
    [
        (RUNNING, "Running", "domain.suspend", "Pause"),
        (PAUSED, "Paused", "domain.resume", "Resume"),
        (OFF, "Off", "domain.start", "Start"),
        (SAVED, "Saved", "domain.restore", "Restore"),
        (CRASHED, "Crashed", "domain.reset", "Reset"),
    ],
)
async def test_the_first_button_fits_the_state(
    qloop: QEventLoop,
    open_window: OpenWindow,
    tmp_path: Path,
    index: int,
    words: str,
    first: str,
    title: str,
) -> None:
    _window, page = await open_page(open_window, tmp_path, index)
    assert state(page) == words
    button = child(page, QPushButton, f"action-{first}")
    assert button.accessibleName() == title
    assert button.isEnabled()
    is_primary = button.property("role") == "primary"
    assert is_primary is (first not in ("domain.suspend", "domain.reset"))
    assert "virsh " in button.toolTip()


async def test_pausing_by_the_button_is_seen_on_the_page_and_marked_in_the_graphs(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, RUNNING)
    QTest.mouseClick(child(page, QPushButton, "action-domain.suspend"), Qt.MouseButton.LeftButton)
    await until(lambda: state(page).startswith("Paused"), "the page says paused")
    button = child(page, QPushButton, "action-domain.resume")
    assert button.property("role") == "primary"
    card = child(page, GraphCard, "graph-cpu")
    entry = window.session.journal.entries()[0]
    await until(lambda: [e.key for e in card.plot._events] == [entry.id], "one mark, and not two")
    wanted: list[str] = []
    page.entry_requested.connect(wanted.append)
    card.event_clicked.emit(entry.id)
    assert wanted == [entry.id]


async def test_what_cannot_be_done_says_why(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page = await open_page(open_window, tmp_path, OFF)
    stop = child(page, QToolButton, "action-domain.shutdown")
    assert not stop.isEnabled()
    assert "is off" in stop.toolTip()
    menu = child(page, QToolButton, "machine-more").menu()
    entries = {entry.objectName(): entry for entry in menu.actions()}
    assert not entries["menu-domain.save"].isEnabled()
    assert "is off" in entries["menu-domain.save"].toolTip()
    assert entries["menu-domain.rename"].isEnabled()
    assert "virsh autostart" in entries["menu-domain.autostart"].toolTip()


async def test_autostart_is_ticked_and_turned_round(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page = await open_page(open_window, tmp_path, OFF)
    menu = child(page, QToolButton, "machine-more").menu()
    entry = next(e for e in menu.actions() if e.objectName() == "menu-domain.autostart")
    assert not entry.isChecked()
    entry.trigger()
    await until(lambda: entry.isChecked() and page.domain and page.domain.autostart, "it is on")
    assert "--disable" in entry.toolTip()
    assert "starts with the host" in facts(page)


async def test_a_tag_sets_the_query(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, 4)
    tags = page.findChildren(TagChip)
    assert [chip.tag for chip in tags] == ["classroom ä"]
    QTest.mouseClick(tags[0], Qt.MouseButton.LeftButton)
    assert child(window, QLineEdit, "query").text() == 'tag:"classroom ä"'


@pytest.mark.parametrize("index", range(len(HOSTILE_NAMES)))
async def test_hostile_names_are_plain_text(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path, index: int
) -> None:
    _window, page = await open_page(open_window, tmp_path, index, hostile=True)
    name = child(page, ElidedLabel, "page-name")
    assert name.full_text == HOSTILE_NAMES[index]
    assert name.textFormat() is Qt.TextFormat.PlainText
    assert name.width() <= page.width()
    for label in page.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText, label.text()


async def test_a_machine_that_vanishes_is_told_and_can_be_left(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, OFF)
    window.session.run("domain.delete", page.key)
    await until(lambda: page.is_gone, "the page knows")
    banner = child(page, Banner, "page-banner")
    assert banner.isVisible()
    assert "lab-0014 is not there any more." in banner.accessibleName()
    assert "Last known: off" in banner.accessibleName()
    for name in ("action-domain.start",):
        assert not child(page, QPushButton, name).isEnabled()
    assert not child(page, QToolButton, "machine-more").isEnabled()
    closed: list[bool] = []
    page.close_requested.connect(lambda: closed.append(True))
    QTest.mouseClick(child(page, QPushButton, "banner-close"), Qt.MouseButton.LeftButton)
    assert closed


async def test_a_page_of_a_machine_that_never_was_says_so(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, OFF)
    other = MachinePage(
        window.session, window.bridge, Key(page.key.host, "domain", "nobody"), lambda *_: None
    )
    other.show()
    assert "isn't there" in child(other, Banner, "page-banner").accessibleName()
    other.shutdown()
    delete(other)


async def test_another_machine_shows_nothing_of_the_one_before(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, RUNNING)
    card = child(page, GraphCard, "graph-memory")
    await until(lambda: any(card.plot.runs.values()), "the graph has a line")
    window.session.run("domain.suspend", page.key)
    await until(lambda: card.plot._events, "the graph has a mark")
    window.pages.show_tab(1)
    child(page, QToolButton, "graph-freeze").click()
    window.open_key(domain_key(page.key.host, machine_uuid(OFF)))
    other = window.pages.currentWidget()
    assert isinstance(other, MachinePage)
    card = child(other, GraphCard, "graph-memory")
    assert card.isVisible()
    assert not any(card.plot.runs.values())
    assert not card.plot._events
    assert card.plot._message == "Off: no figures while it is off."
    assert not child(other, QToolButton, "graph-freeze").isChecked()
    assert child(other, ElidedLabel, "page-name").full_text == "lab-0014"
    await until(lambda: "machine-0.qcow2" not in facts(other), "the facts are its own")
    window.session.inventory.apply(Change(removed=(other.key,)))
    await until(lambda: other.is_gone, "it is gone")
    window.open_key(domain_key(page.key.host, machine_uuid(PAUSED)))
    assert not other.is_gone
    assert child(other, QToolButton, "machine-more").isEnabled()
    assert child(other, QPushButton, "action-domain.resume").isEnabled()


def _set_link(window: MainWindow, link: Link) -> None:
    host = window.session.inventory.hosts()[0]
    window.session.inventory.apply(Change(updated=(replace(host, link=link),)))


async def test_a_host_that_stalls_greys_the_page_and_its_loss_makes_states_unknown(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, RUNNING)
    banner = child(page, Banner, "page-banner")
    assert not banner.isVisible()
    _set_link(window, Link(LinkState.STALLED, answered_at_monotonic_s=0.0))
    await until(lambda: "doesn't answer" in banner.accessibleName(), "the bar says stalled")
    assert state(page).startswith("Running · data")
    assert child(page, QPushButton, "action-domain.suspend").isEnabled()
    _set_link(window, Link(LinkState.LOST, why="The daemon ended."))
    await until(lambda: "unreachable" in banner.accessibleName(), "the bar says lost")
    assert state(page) == "Unknown · was running"
    button = child(page, QPushButton, "action-domain.suspend")
    assert not button.isEnabled()
    assert "The daemon ended" in button.toolTip()


async def test_live_figures_arrive(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page = await open_page(open_window, tmp_path, RUNNING)
    card = child(page, GraphCard, "graph-memory")
    said = await until(card.plot.accessibleDescription, "memory has a figure")
    assert "MiB" in said
    assert "used of 512 MiB granted" in said or "resident of" in said


async def test_a_machine_that_is_off_says_so_in_its_graphs(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page = await open_page(open_window, tmp_path, OFF)
    for name in ("cpu", "memory", "disk", "network"):
        card = child(page, GraphCard, f"graph-{name}")
        assert card.plot._message == "Off: no figures while it is off."


async def test_the_range_is_remembered(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, RUNNING)
    button = child(page, QToolButton, "segment-3600")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.session.settings.get(GRAPH_RANGE_S) == 3600
    assert page.feed.range_s == 3600
    window.open_key(domain_key(page.key.host, machine_uuid(1)))
    other = window.pages.currentWidget()
    assert isinstance(other, MachinePage)
    assert child(other, Segmented, "graph-range").key == "3600"
    assert other.feed.range_s == 3600


async def test_facts_go_below_the_graphs_and_buttons_lose_their_words_where_it_is_narrow(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, RUNNING)
    told, graphs = child(page, Facts, "facts"), child(page, GraphCard, "graph-cpu")
    area = child(page, QScrollArea, "tab-overview")

    def below() -> bool:
        here = told.mapTo(area, told.rect().topLeft())
        there = graphs.mapTo(area, graphs.rect().topLeft())
        return here.y() > there.y() and here.x() < there.x() + 20

    stop = child(page, QToolButton, "action-domain.shutdown")
    words = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    assert not below()
    assert stop.toolButtonStyle() is words
    window.resize(1100, 800)
    await until(lambda: stop.toolButtonStyle() is not words, "the words are gone")
    assert stop.accessibleName() == "Shut down"
    assert not below()
    window.resize(960, 800)
    await until(below, "the facts are below")
    window.resize(1280, 800)
    await until(lambda: not below() and stop.toolButtonStyle() is words, "all is back")


async def test_the_third_tab_shows_the_graphs_large(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page = await open_page(open_window, tmp_path, RUNNING)
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    area = child(page, QScrollArea, "tab-graphs")
    await until(area.isVisible, "the third tab is shown")
    wide = child(area, GraphCard, "graph-cpu-large").width()
    assert wide > 1.5 * child(page, GraphCard, "graph-cpu").width()
