"""Every control of every page and dialog has a name for tests and one for who can't see it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.until import until
from tests.worlds import write_world
from vmgui.hypervisor.questions import Prompt, Question
from vmgui.inventory.domain import Domain, DomainState
from vmgui.ui.main_window import MainWindow
from vmgui.ui.models.tree import NAME, TREND
from vmgui.ui.palette import Palette
from vmgui.ui.views.record_table import RecordTable

_CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
)
_INSIDES = (QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QTabBar, QHeaderView)
"""What is within these is made by Qt."""


def _controls(top: QWidget) -> Iterator[QWidget]:
    for each in top.findChildren(QWidget):
        if each.isHidden() or each.objectName().startswith("qt_"):
            continue  # nobody meets it, or it is Qt's own
        if isinstance(each, _CONTROLS) and not isinstance(each, QHeaderView):
            above = each.parentWidget()
            while above is not None and above is not top and not isinstance(above, _INSIDES):
                above = above.parentWidget()
            if above is top or above is None:
                yield each


def _nameless(top: QWidget) -> list[str]:
    """Return those without a name for a test, and those without one for a reader."""
    found = []
    for each in _controls(top):
        text = each.text() if isinstance(each, QAbstractButton) else ""
        where = f"{type(each).__name__} {each.objectName() or text!r} in {_place(each)}"
        if not each.objectName():
            found.append(f"no object name: {where}")
        if not (each.accessibleName() or text.replace("&", "").strip("… ")):
            found.append(f"no accessible name: {where}")
    return found


def _place(widget: QWidget) -> str:
    above = widget.parentWidget()
    while above is not None and not above.objectName():
        above = above.parentWidget()
    return above.objectName() if above is not None else "nothing"


async def test_every_control_of_every_page_has_its_names(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = await open_window(write_world(tmp_path / "world.xml", domains=6))
    machine = next(iter(window.session.inventory.of(Domain)))
    nameless = _nameless(window)
    for address in (("host", machine.key.host), ("machine", machine.key.host, machine.uuid)):
        window.open_row(address)
        page = window.pages.currentWidget()
        assert page is not None
        tabs = page.findChild(QTabBar)
        assert tabs is not None
        for number in range(tabs.count()):
            tabs.setCurrentIndex(number)
            nameless += _nameless(window)
    window.side.tree.selectAll()
    await until(lambda: window.pages.is_selection, "the page of the selection is there")
    nameless += _nameless(window)
    await open_window.close()
    first = await open_window()
    nameless += _nameless(first)
    assert not nameless, "\n".join(sorted(set(nameless)))


async def test_every_control_of_every_dialog_has_its_names(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = await open_window(write_world(tmp_path / "world.xml", domains=20))
    nameless: list[str] = []
    seen: set[str] = set()

    async def look() -> None:
        dialog = await until(lambda: _dialog(window), "the dialog is there")
        assert dialog is not None
        await asyncio.sleep(0)
        nameless.extend(_nameless(dialog))
        seen.add(dialog.objectName())
        dialog.done(0)
        await until(lambda: _dialog(window) is None, "it is closed")

    states = {d.state: d.key for d in window.session.inventory.of(Domain)}
    for action, state in (
        ("edit", DomainState.RUNNING),
        ("tag", DomainState.RUNNING),
        ("rename", DomainState.OFF),
        ("delete", DomainState.OFF),
        ("force-off", DomainState.RUNNING),
    ):
        window.actions_on_machines.perform(f"domain.{action}", [states[state]])
        await look()
    for name in ("add-connection", "preferences", "keys", "about"):
        entry = window.findChild(QAction, f"menu-{name}")
        assert entry is not None
        entry.trigger()
        await look()
    for prompts in ((Prompt("user"), Prompt("password", secret=True)), (Prompt("ok (yes/no)?"),)):
        window.session.fleet.asked.emit(Question("qemu:///system", prompts))
        await look()
    entry = window.findChild(QAction, "menu-palette")
    assert entry is not None
    entry.trigger()
    palette = window.findChild(Palette)
    assert palette is not None
    nameless += _nameless(palette)
    palette.close()
    assert seen == {
        "edit-dialog", "tag-dialog", "rename-dialog", "delete-dialog", "confirm-dialog",
        "connect-dialog", "preferences-dialog", "keys-dialog", "about-dialog", "question-dialog",
    }  # fmt: skip
    assert not nameless, "\n".join(sorted(set(nameless)))


@pytest.mark.parametrize(
    ("size", "factor"), [((1000, 700), 1.0), ((1280, 800), 1.5), ((1280, 800), 2.0)]
)
async def test_the_window_fits_a_small_screen_and_a_projector(
    qloop: QEventLoop,
    open_window: OpenWindow,
    tmp_path: Path,
    size: tuple[int, int],
    factor: float,
) -> None:
    uri = write_world(tmp_path / "world.xml", domains=20, hostile=True)
    window = await open_window(uri, size=size)
    window._style.set_factor(factor)
    rows = [("all",), ("host", uri)]
    rows += [("machine", uri, domain.uuid) for domain in window.session.inventory.of(Domain)]
    for row in rows:
        window.open_row(row)
        await asyncio.sleep(0)
        window.resize(*size)
        assert (window.width(), window.height()) == size, row
        page = window.pages.currentWidget()
        assert page is not None
        for each in page.findChildren(QAbstractButton):
            if each.isVisible() and each.window() is window and not _scrolls(each, page):
                right = each.mapTo(window, QPoint(each.width(), 0)).x()
                assert right <= size[0], f"{each.objectName()} is cut off on {row}"


async def test_names_keep_their_room_where_it_is_short(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = await open_window(write_world(tmp_path / "world.xml", domains=20), size=(1000, 700))
    tree, page = window.side.tree, window.pages.currentWidget()
    assert page is not None
    hosts = page.findChild(RecordTable)
    assert hosts is not None
    assert hosts.columnWidth(0) >= 130
    right = sum(hosts.columnWidth(n) for n in range(hosts.model().columnCount()))
    assert right <= hosts.viewport().width(), "no column is cut off"
    widths = {}
    for width in (240, 400):
        window.resizeDocks([window._side_dock], [width], Qt.Orientation.Horizontal)
        await until(lambda w=width: tree.width() == w, "the tree is so wide")  # type: ignore[misc]
        widths[width] = (tree.isColumnHidden(TREND), tree.columnWidth(NAME))
    assert widths[240][0]
    assert widths[240][1] > 150
    assert not widths[400][0]


def _scrolls(widget: QWidget, page: QWidget) -> bool:
    above = widget.parentWidget()
    while above is not None and above is not page:
        if above.objectName().startswith("qt_scrollarea"):
            return True
        above = above.parentWidget()
    return False


def _dialog(window: MainWindow) -> QDialog | None:
    return next((each for each in window.findChildren(QDialog) if each.isVisible()), None)
