"""The tab about snapshots over libvirt's test driver: what others do appears."""

from functools import partial
from pathlib import Path
from typing import TypeVar

import libvirt
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QWidget
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.until import until
from tests.worlds import machine_uuid, write_world
from vmgui.inventory.key import domain_key
from vmgui.ui.dialogs.delete_snapshot import DeleteSnapshotDialog
from vmgui.ui.dialogs.revert import RevertDialog
from vmgui.ui.dialogs.take import TakeDialog
from vmgui.ui.main_window import MainWindow
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.views.snapshots.plan_line import PlanLine
from vmgui.ui.views.snapshots.tab import SnapshotsTab
from vmgui.ui.views.snapshots.xml_dialog import XmlDialog
from vmgui.ui.widgets.elided import ElidedLabel, LinkButton

W = TypeVar("W", bound=QWidget)

RUNNING = 0


def child(of: QWidget, kind: type[W], name: str = "") -> W:
    found = of.findChild(kind, name) if name else of.findChild(kind)
    assert isinstance(found, kind), f"no {kind.__name__} {name}"
    return found


async def open_tab(open_window: OpenWindow, tmp_path: Path) -> tuple[MainWindow, SnapshotsTab]:
    """Open the tab of a machine that has two snapshots."""
    uri = write_world(tmp_path / "world.xml", domains=3)
    window = await open_window(uri)
    window.open_key(domain_key(uri, machine_uuid(RUNNING)))
    page = window.pages.currentWidget()
    assert isinstance(page, MachinePage)
    window.pages.show_tab(1)
    tab = child(page, SnapshotsTab)
    await until(lambda: tab.is_shown, "the tab shows the machine")
    tab.timeline.view.setFocus()
    return window, tab


def take(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Take a snapshot as somebody else would."""
    machine = conn.lookupByUUIDString(uuid)
    machine.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>")


def delete(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Delete a snapshot as somebody else would."""
    conn.lookupByUUIDString(uuid).snapshotLookupByName(name).delete()


async def test_what_others_take_and_delete_is_seen(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, tab = await open_tab(open_window, tmp_path)
    counts = child(tab, QLabel, "snapshot-counts")
    assert counts.text() == "2 snapshots"
    tab.choose("fresh")
    uri, uuid = window.session.inventory.hosts()[0].key.host, machine_uuid(RUNNING)
    await window.session.fleet.call(uri, take, uuid, "by virsh", what="Take a snapshot")
    await until(lambda: counts.text() == "3 snapshots", "the new one is shown")
    layout = tab.timeline.view.layout_now
    assert layout is not None
    assert layout.here.parent == "by virsh"
    assert tab.chosen == "fresh"
    await window.session.fleet.call(uri, delete, uuid, "by virsh", what="Delete a snapshot")
    await until(lambda: counts.text() == "2 snapshots", "it is gone")


async def test_its_xml_can_be_read_and_the_files_are_told(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, tab = await open_tab(open_window, tmp_path)
    tab.choose("before <update>")
    await until(lambda: tab.chain.view.chain_now is not None, "the files are shown")
    QTest.mouseClick(child(tab, LinkButton, "snapshot-xml"), Qt.MouseButton.LeftButton)
    await until(lambda: window.findChild(XmlDialog) is not None, "the XML is shown")
    dialog = child(window, XmlDialog)
    text = child(dialog, QPlainTextEdit, "xml-text")
    assert "<name>before &lt;update&gt;</name>" in text.toPlainText()
    assert text.isReadOnly()
    QTest.mouseClick(child(dialog, QPushButton, "xml-close"), Qt.MouseButton.LeftButton)
    await until(lambda: not dialog.isVisible(), "it is closed")


async def test_the_action_itself_tells_what_would_happen(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, tab = await open_tab(open_window, tmp_path)
    tab.choose("fresh")
    before = child(tab, PlanLine).accessibleName()
    QTest.keyClick(tab.timeline.view, Qt.Key.Key_P)
    line = child(tab, PlanLine)
    await until(
        lambda: line.accessibleName() not in (before, "Asking what would happen…"), "it is told"
    )
    assert child(tab, ElidedLabel, "snapshot-name").full_text == "fresh"


async def test_keys_open_the_dialogs_of_the_chosen_snapshot_and_of_the_machine(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, tab = await open_tab(open_window, tmp_path)
    tab.choose("fresh")
    for key, kind, words in (
        (Qt.Key.Key_S, TakeDialog, "snapshot"),
        (Qt.Key.Key_R, RevertDialog, "fresh"),
        (Qt.Key.Key_Delete, DeleteSnapshotDialog, "fresh"),
    ):
        QTest.keyClick(tab.timeline.view, key)
        dialog = child(window, kind)
        assert words in dialog.heading.accessibleName()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await until(partial(_is_closed, window, kind), "the dialog is gone")


def _is_closed(window: QWidget, kind: type[QWidget]) -> bool:
    return window.findChild(kind) is None
