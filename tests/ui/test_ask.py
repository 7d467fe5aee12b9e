"""Every place of the window that asks for an action opens the same dialog, for the real action."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QDialog, QLabel, QPushButton
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.ui.test_dialogs import open_world
from tests.ui.test_machine_page import OFF, RUNNING, child
from tests.until import until
from vmgui.actions.job import JobState
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot, snapshot_key
from vmgui.ui.dialogs.delete_snapshot import DeleteSnapshotDialog
from vmgui.ui.dialogs.merge import MergeDialog
from vmgui.ui.dialogs.planned import PlanConfirmDialog
from vmgui.ui.dialogs.planned_many import TakeManyDialog
from vmgui.ui.dialogs.revert import RevertDialog
from vmgui.ui.dialogs.snapshot_words import DescribeSnapshotDialog
from vmgui.ui.dialogs.take import TakeDialog
from vmgui.ui.main_window import MainWindow
from vmgui.ui.views.clone.page import ClonePage


def shown(window: MainWindow) -> QDialog | None:
    return next((each for each in window.findChildren(QDialog) if not each.isHidden()), None)


def _by_menu(window: MainWindow) -> None:
    action = window.findChild(QAction, "action-snapshot.create")
    assert isinstance(action, QAction)
    action.trigger()


def _by_button(window: MainWindow) -> None:
    child(window, QPushButton, "action-snapshot.create").click()


def _by_palette(window: MainWindow) -> None:
    palette = window._palette
    palette.open_for(window.actions_on_machines.targets)
    QTest.keyClicks(palette.field, "take snapshot")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)


def _by_context_menu(window: MainWindow) -> None:
    menu = window.actions_on_machines.context_menu(window)
    next(each for each in menu.actions() if each.text().startswith("Take snapshot")).trigger()
    menu.close()
    menu.deleteLater()


@pytest.mark.parametrize("ask", [_by_menu, _by_button, _by_palette, _by_context_menu])
async def test_each_place_asks_for_the_snapshot_in_the_same_way(
    qloop: QEventLoop,
    open_window: OpenWindow,
    tmp_path: Path,
    ask: Callable[[MainWindow], None],
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    window.open_key(machine(RUNNING).key)
    ask(window)
    dialog = await until(lambda: shown(window), "a dialog is open")
    assert isinstance(dialog, TakeDialog)
    assert dialog.deed.record.key == machine(RUNNING).key
    QTest.keyClick(dialog, Qt.Key.Key_Escape)


async def test_a_snapshot_is_taken_described_and_deleted_by_the_real_actions(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    perform, inventory = window.actions_on_machines.perform, window.session.inventory
    key = machine(RUNNING).key

    async def act(kind: type[QDialog], button: str) -> None:
        dialog = await until(lambda: shown(window), "a dialog is open")
        assert isinstance(dialog, kind)
        await until(child(dialog, QPushButton, button).isEnabled, "it can be done")
        child(dialog, QPushButton, button).click()
        await until(lambda: not window.session.runner.jobs, "the job has ended")
        assert window.session.journal.entries()[0].state is JobState.DONE

    perform("snapshot.create", (key,), {"name": "day-{n}"})
    dialog = await until(lambda: shown(window), "a dialog is open")
    gives = child(dialog, QLabel, "take-gives")  # type: ignore[arg-type]  # it is shown
    await until(lambda: gives.text().startswith("gives day-1 "), "the name is told")
    await act(TakeDialog, "plan-act")
    taken = snapshot_key(key, "day-1")
    await until(lambda: inventory.get(taken), "it is known")
    perform("snapshot.describe", (taken,), {"description": "Monday."})
    await act(DescribeSnapshotDialog, "describe-snapshot-dialog-act")

    def described() -> bool:
        record = inventory.get(taken)
        return isinstance(record, Snapshot) and record.description == "Monday."

    await until(described, "it is described")
    perform("snapshot.revert", (taken,))
    await act(RevertDialog, "plan-act")
    perform("snapshot.delete", (taken,))
    await act(DeleteSnapshotDialog, "plan-act")
    await until(lambda: inventory.get(taken) is None, "it is gone")


async def test_several_machines_are_asked_about_at_once(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    keys = [machine(n).key for n in (RUNNING, OFF)]
    window.actions_on_machines.set_targets(keys)
    window.pages.show_selection(window.actions_on_machines.possible)
    child(window, QPushButton, "bulk-snapshot.create").click()
    dialog = await until(lambda: shown(window), "a dialog is open")
    assert isinstance(dialog, TakeManyDialog)
    QTest.keyClicks(dialog.fields.name, "both")
    act = child(dialog, QPushButton, "many-act")
    await until(lambda: act.isEnabled() and "2 machines" in act.text(), "both can")
    act.click()
    for key in keys:
        taken = snapshot_key(key, "both")
        await until(lambda taken=taken: window.session.inventory.get(taken), "it is taken")  # type: ignore[misc]  # bound here


async def test_what_touches_files_is_confirmed_with_its_plan(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    window.actions_on_machines.perform("template.mark", (machine(OFF).key,))
    dialog = await until(lambda: shown(window), "a dialog is open")
    assert isinstance(dialog, PlanConfirmDialog)
    assert "Convert to template" in dialog.heading.text()
    act = child(dialog, QPushButton, "plan-act")
    await until(act.isEnabled, "it can be done")
    act.click()
    await until(lambda: machine(OFF).is_template, "it is a template")
    window.actions_on_machines.perform("clone.reset-all", (machine(OFF).key,))
    dialog = await until(lambda: shown(window), "a dialog is open")
    assert isinstance(dialog, PlanConfirmDialog)
    start = child(dialog, QCheckBox, "plan-flag-start")
    start.click()
    assert dialog.arguments() == {"start": True}
    refusal = await until(lambda: dialog.findChild(QLabel, "plan-refusal"), "it is refused")
    assert isinstance(refusal, QLabel)
    assert "has no linked clones" in refusal.text()
    assert not child(dialog, QPushButton, "plan-act").isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)


async def test_a_merge_and_a_clone_open_what_belongs_to_them(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = machine(OFF).key
    window.actions_on_machines.perform("disk.commit", (key,))
    dialog = await until(lambda: shown(window), "a dialog is open")
    assert isinstance(dialog, MergeDialog)
    await until(lambda: "single file" in child(dialog, QLabel, "plan-words").text(), "the files")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    window.actions_on_machines.perform("domain.clone", (key,), {"snapshot": ""})
    assert isinstance(window.pages.currentWidget(), ClonePage)


async def test_an_action_on_something_of_another_kind_or_gone_asks_nothing(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = machine(RUNNING).key
    for action_id, target in (
        ("snapshot.revert", key),
        ("snapshot.create", snapshot_key(key, "fresh")),
        ("snapshot.delete", snapshot_key(key, "never")),
        ("domain.clone", Key(key.host, "domain", "no-such")),
    ):
        window.actions_on_machines.perform(action_id, (target,))
    assert shown(window) is None
    assert not window.session.runner.jobs
