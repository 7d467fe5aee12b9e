"""The journal under the page, with entries as the runner makes them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton

from tests.ui.world import A, B
from vmgui.actions.entry import Entry
from vmgui.actions.job import JobState
from vmgui.inventory.key import Key, domain_key, host_key
from vmgui.ui.models.journal import PART_ROLE, JournalModel, Shelf, result_text
from vmgui.ui.style import Style
from vmgui.ui.views.journal_delegate import cells
from vmgui.ui.views.journal_dock import JournalPanel

WEB, DB = domain_key(A, "web"), domain_key(B, "db")


def entry(number: int, key: Key = WEB, state: JobState = JobState.DONE) -> Entry:
    """Return an entry of a pause that took 0.6 s."""
    return Entry(
        id=f"job-{number}",
        action_id="domain.suspend",
        title="Pause",
        target=key,
        target_name=key.id,
        host_name="lab-a",
        virsh=(f"virsh suspend {key.id}",),
        state=state,
        created_at_s=1_700_000_000.0 + number,
        started_at_s=10.0,
        ended_at_s=10.6,
        why="It is in use." if state is JobState.FAILED else "",
        what="Pause failed on web." if state is JobState.FAILED else "",
        state_now="Nothing was changed." if state is JobState.FAILED else "",
        libvirt_says="domain is locked (error 55)" if state is JobState.FAILED else "",
    )


ENTRIES = (
    entry(5, DB, JobState.RUNNING),
    entry(4, WEB, JobState.FAILED),
    entry(3, DB),
    entry(2, WEB),
    entry(1, WEB, JobState.CANCELLED),
)


@pytest.fixture
def panel(style: Style) -> Iterator[JournalPanel]:
    """Return a journal with five lines, shown."""
    panel = JournalPanel(style)
    tester = QAbstractItemModelTester(
        panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal, panel
    )
    panel.resize(1100, 260)
    panel.show()
    panel.set_entries(ENTRIES, frozenset({"job-5"}))
    QApplication.processEvents()
    yield panel
    tester.deleteLater()
    panel.close()


def _ids(panel: JournalPanel) -> list[str]:
    return [each.id for each in panel.model.entries]


def _button(panel: JournalPanel, name: str) -> QPushButton | QToolButton:
    button = panel.findChild(QPushButton, name) or panel.findChild(QToolButton, name)
    assert button is not None, name
    return button


def _click_cell(panel: JournalPanel, row: int, cell: str, style: Style) -> None:
    view = panel.list
    line = view.visualRect(panel.model.index(row))
    line.setHeight(26)
    place: QPoint = getattr(cells(line, style), cell).center()
    if cell == "button":
        place.setX(line.right() - 30)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()


def test_the_tabs_hold_what_runs_and_what_went_wrong(panel: JournalPanel) -> None:
    assert _ids(panel) == ["job-5", "job-4", "job-3", "job-2", "job-1"]
    panel.show_shelf(Shelf.RUNNING)
    assert _ids(panel) == ["job-5"]
    panel.show_shelf(Shelf.PROBLEMS)
    assert _ids(panel) == ["job-4"]


def test_this_machine_leaves_the_others_out(panel: JournalPanel) -> None:
    panel.set_about(WEB)
    QTest.mouseClick(_button(panel, "segment-this"), Qt.MouseButton.LeftButton)
    assert _ids(panel) == ["job-4", "job-2", "job-1"]
    panel.set_about(host_key(B))
    assert _ids(panel) == ["job-5", "job-3"]
    assert _button(panel, "segment-this").text() == "This host"
    panel.set_about(None)
    assert len(_ids(panel)) == 5


def test_a_new_line_keeps_the_selected_one(panel: JournalPanel) -> None:
    panel.list.setCurrentIndex(panel.model.index(3))
    panel.set_entries((entry(6), *ENTRIES), frozenset())
    assert panel.list.currentIndex().row() == 4
    current = panel.model.entry(panel.list.currentIndex())
    assert current is not None
    assert current.id == "job-2"


def test_progress_changes_one_line_only(style: Style, qapp: QApplication) -> None:
    model = JournalModel()
    model.set_entries(ENTRIES)
    told: list[int] = []
    model.dataChanged.connect(lambda first, last: told.extend((first.row(), last.row())))
    model.set_entries((replace(ENTRIES[0], progress=0.62), *ENTRIES[1:]))
    assert told == [0, 0]
    assert result_text(model.entries[0]) == "62 %"


def test_copying_gives_the_virsh_line_and_the_script(panel: JournalPanel, style: Style) -> None:
    _click_cell(panel, 2, "copy", style)
    assert QGuiApplication.clipboard().text() == "virsh suspend db"
    panel.list.setFocus()
    panel.list.setCurrentIndex(panel.model.index(3))
    QTest.keyClick(panel.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "virsh suspend web"
    QTest.mouseClick(_button(panel, "copy-script"), Qt.MouseButton.LeftButton)
    script = QGuiApplication.clipboard().text()
    assert script.startswith("#!/bin/sh\n")
    assert script.index(f"virsh -c {A} suspend web") < script.index(f"virsh -c {B} suspend db")


def test_a_running_job_is_cancelled_by_its_button(panel: JournalPanel, style: Style) -> None:
    wanted: list[str] = []
    panel.cancel_wanted.connect(wanted.append)
    _click_cell(panel, 0, "button", style)
    assert wanted == ["job-5"]
    panel.set_entries(ENTRIES, frozenset())  # it can't be cancelled any more
    _click_cell(panel, 0, "button", style)
    assert wanted == ["job-5"]


def test_why_opens_the_story_and_shuts_it(panel: JournalPanel, style: Style) -> None:
    again: list[Entry] = []
    panel.again_wanted.connect(again.append)
    before = panel.list.visualRect(panel.model.index(2)).top()
    _click_cell(panel, 1, "button", style)
    assert panel.list.opened == "job-4"
    texts = {label.text() for label in panel.list.findChildren(QLabel)}
    assert {"Pause failed on web.", "It is in use.", "Nothing was changed."} <= texts
    assert panel.list.visualRect(panel.model.index(2)).top() > before + 60
    retry = panel.list.findChild(QPushButton, "failure-again")
    assert retry is not None
    QTest.mouseClick(retry, Qt.MouseButton.LeftButton)
    assert [each.id for each in again] == ["job-4"]
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert panel.list.opened == ""
    assert panel.list.visualRect(panel.model.index(2)).top() == before


def test_the_story_stays_with_its_line_when_others_arrive(
    panel: JournalPanel, style: Style
) -> None:
    panel.list.open_story("job-4")
    panel.set_entries((entry(7), entry(6), *ENTRIES), frozenset())
    QApplication.processEvents()
    assert panel.list.opened == "job-4"
    holder = panel.list.indexWidget(panel.model.index_of("job-4"))
    assert holder is not None
    assert holder.isVisible()


def test_names_from_elsewhere_stand_in_one_line(panel: JournalPanel) -> None:
    odd = replace(entry(9), target_name="a\nb<b>&amp;")
    panel.set_entries((odd,), frozenset())
    assert panel.model.index(0).data() == "Pause a b<b>&amp;, done in 0.6 s"


def test_the_parts_of_a_job_follow_it_until_it_is_done(panel: JournalPanel) -> None:
    job = entry(5, WEB, JobState.RUNNING)
    parts = [
        replace(entry(number, Key(A, "domain", f"pc-{number}"), state), parent="job-5")
        for number, state in ((8, JobState.WAITING), (7, JobState.RUNNING), (6, JobState.DONE))
    ]
    panel.set_entries((*parts, job, entry(1)), frozenset())
    assert _ids(panel) == ["job-5", "job-6", "job-7", "job-8", "job-1"]
    model = panel.model
    assert [model.index(row).data(PART_ROLE) for row in range(5)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert model.count(Shelf.RUNNING) == 1
    panel.set_entries((*parts, replace(job, state=JobState.DONE), entry(1)), frozenset())
    assert _ids(panel) == ["job-5", "job-1"]
    # A part that is looked at by itself stands by itself.
    model.look_at(Shelf.ALL, parts[0].target)
    assert _ids(panel) == ["job-8"]
    assert not model.index(0).data(PART_ROLE)


def test_a_copy_says_how_much_of_it_is_there() -> None:
    copying = replace(entry(1, WEB, JobState.RUNNING), progress=0.25, done_bytes=1 << 30)
    assert result_text(replace(copying, total_bytes=4 << 30)) == "25 %, 1.0 GiB of 4.0 GiB"
    assert result_text(copying) == "25 %"


def test_a_tip_is_no_longer_than_a_person_reads(panel: JournalPanel) -> None:
    panel.set_entries((replace(entry(1), virsh=("virsh define x\n" * 99,) * 99),), frozenset())
    tip = panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert len(tip) < 8000
    assert "87 more" in tip


def test_a_part_that_failed_isnt_tried_again_by_itself(panel: JournalPanel) -> None:
    failed = entry(4, WEB, JobState.FAILED)
    panel.set_entries((replace(failed, parent="job-0"),), frozenset())
    panel.list.open_story("job-4")
    words = {button.text() for button in panel.findChildren(QPushButton)}
    assert "Try again" not in words
    panel.list.open_story("")
    panel.set_entries((failed,), frozenset())
    panel.list.open_story("job-4")
    assert "Try again" in {button.text() for button in panel.findChildren(QPushButton)}
