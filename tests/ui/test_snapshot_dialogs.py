"""The dialogs of snapshots: driven by keys and clicks, with planners that the test holds."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QWidget,
)
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.ui.snapshot_actions import BASE, OVERLAY, Planner, deleting, merging, reverting, taking
from tests.ui.test_dialogs import all_plain, open_world, press, text
from tests.ui.test_machine_page import OFF, RUNNING, child
from tests.until import until
from vmgui.actions.action import Action, Argument, ArgumentType, Danger, WrongArgument
from vmgui.hypervisor.errors import CallFailed
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.changes import Change
from vmgui.inventory.host import LinkState
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import snapshot_key
from vmgui.ui.dialogs.delete_snapshot import DeleteSnapshotDialog
from vmgui.ui.dialogs.live_plan import AFTER_MS, Ask
from vmgui.ui.dialogs.merge import COMMIT, PULL, Chains, MergeDialog
from vmgui.ui.dialogs.planned import Deed
from vmgui.ui.dialogs.planned_many import TakeManyDialog
from vmgui.ui.dialogs.revert import RevertDialog
from vmgui.ui.dialogs.snapshot_words import (
    DescribeSnapshotDialog,
    RenameSnapshotDialog,
    export_dialog,
)
from vmgui.ui.dialogs.take import TakeDialog
from vmgui.ui.main_window import MainWindow
from vmgui.ui.widgets.elided import ElidedLabel

MIDDLE = "/images/web-0000.middle"


def deed_of(
    window: MainWindow, action_id: str, key: Key, plan: Ask, ran: list[Any] | None = None
) -> Deed:
    """Return an action on an object of the window, planned by ``plan``."""
    record = window.session.inventory.get(key)
    assert record is not None
    texts = ("new_name", "description", "path")
    action: Action[Any] = Action(
        id=action_id,
        title={"disk.commit": "Commit", "disk.pull": "Pull"}.get(action_id, "Act"),
        help="Does what it is called.",
        icon="camera",
        target=key.kind,
        danger=Danger.DESTROYS,
        arguments=tuple(Argument(name, ArgumentType.TEXT, "", default="") for name in texts),
        refuse=lambda _: "",
        render=lambda _, values: (f"virsh {action_id} {values['new_name']}",),
        carry_out=_nothing,
    )
    return Deed(
        action,
        record,
        window.session.inventory,
        window.bridge,
        plan,
        lambda values, _: None if ran is None else ran.append(dict(values)),
    )


async def _nothing(_work: object) -> None:
    raise AssertionError("not in these tests")


def act_of(dialog: QWidget, name: str = "plan-act") -> QPushButton:
    return child(dialog, QPushButton, name)


def segment(dialog: QWidget, of: str, key: str) -> QToolButton:
    return child(child(dialog, QWidget, of), QToolButton, f"segment-{key}")


# the live plan


async def test_the_button_is_off_until_the_plan_of_what_is_filled_in_is_known(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    planner = Planner(taking)
    ran: list[dict[str, object]] = []
    planner.hold()
    dialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(RUNNING).key, planner, ran), {}, window
    )
    dialog.open()
    act = act_of(dialog)
    assert "Looking" in text(dialog, "plan-words")
    assert not act.isEnabled()
    planner.let_go()
    await until(act.isEnabled, "the plan is there")
    assert dialog.focusWidget() is dialog.fields.name
    QTest.keyClicks(dialog.fields.name, "before")
    assert not act.isEnabled(), "the plan shown is that of another name"
    await until(act.isEnabled, "the plan of the name is there")
    assert planner.asked == [{}, {"name": "before"}], "each letter is not a question"
    QTest.keyClick(dialog.fields.name, Qt.Key.Key_Return)
    assert ran == [{"name": "before"}]
    assert not dialog.isVisible()


async def test_one_question_at_a_time_and_an_answer_that_is_overtaken_is_dropped(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    shown: list[str] = []

    def make(values: Mapping[str, object]) -> FilePlan:
        return FilePlan(str(values.get("name", "")), warnings=(f"W{values.get('name', '')}",))

    planner = Planner(make)
    dialog = TakeDialog(deed_of(window, "snapshot.create", machine(OFF).key, planner), {}, window)
    dialog.live.changed.connect(
        lambda: shown.append(str(dialog.live.plan and dialog.live.plan.title))
    )
    dialog.open()
    await until(lambda: shown == [""], "the first plan")
    planner.hold()
    dialog.fields.name.setText("a")
    await until(lambda: len(planner.asked) == 2, "a is asked for")
    dialog.fields.name.setText("ab")
    await asyncio.sleep(AFTER_MS / 1000 * 2)
    dialog.fields.name.setText("abc")
    await asyncio.sleep(AFTER_MS / 1000 * 2)
    assert len(planner.asked) == 2
    planner.let_go()
    await until(lambda: shown[-1] == "abc", "the plan of abc")
    assert [each.get("name") for each in planner.asked] == [None, "a", "abc"]
    assert planner.most_at_once == 1
    assert shown == ["", "abc"]
    dialog.close()


async def test_large_type_leaves_the_buttons_on_the_screen(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    window._style.set_factor(1.5)
    dialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(RUNNING).key, Planner(taking)), {}, window
    )
    dialog.open()
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there")
    assert dialog.height() <= dialog.screen().availableGeometry().height()
    assert act_of(dialog).visibleRegion().boundingRect() == act_of(dialog).rect()
    dialog.reject()


async def test_why_there_is_no_plan_is_told_and_nothing_can_be_done(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    faults: list[Exception] = [
        CallFailed("It isn't known.", "The <b>host</b> is away.", "Wait."),
        WrongArgument("memory can't be that."),
    ]

    def fail(_values: Mapping[str, object]) -> FilePlan:
        raise faults[0]

    dialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(OFF).key, Planner(fail)), {}, window
    )
    dialog.open()
    said = "It isn't known. The <b>host</b> is away. Wait."
    await until(lambda: text(dialog, "plan-words") == said, "the reason")
    assert all_plain(dialog)
    assert not act_of(dialog).isEnabled()
    faults.pop(0)
    segment(dialog, "take-kind", "internal").click()
    await until(lambda: text(dialog, "plan-words") == "memory can't be that.", "the other reason")
    assert not act_of(dialog).isEnabled()
    dialog.close()


async def test_a_change_of_the_machine_asks_again(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    planner = Planner(taking)
    dialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(RUNNING).key, planner), {}, window
    )
    dialog.open()
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there")
    memory = child(dialog, QWidget, "take-memory")
    assert memory.isEnabled()
    window.session.run("domain.force-off", machine(RUNNING).key)
    await until(lambda: len(planner.asked) == 2, "it asks again")
    assert not memory.isEnabled()
    assert "It is off" in memory.accessibleDescription()
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there again")
    dialog.close()


# taking


async def test_a_host_that_answers_again_is_asked_again(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    away = True

    def answer(values: Mapping[str, object]) -> FilePlan:
        if away:
            raise CallFailed("It isn't known.", "The host is away.", "Wait.")
        return taking(values)

    dialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(RUNNING).key, Planner(answer)), {}, window
    )
    dialog.open()
    host = window.session.inventory.hosts()[0]
    lost = replace(host, link=replace(host.link, state=LinkState.LOST))
    window.session.inventory.apply(Change(updated=(lost,)))
    await until(lambda: dialog.live.problem and dialog._why.isVisible(), "why it can't be")
    away = False
    window.session.inventory.apply(Change(updated=(host,)))
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there, and it can be done")
    dialog.close()


async def test_what_is_chosen_for_a_snapshot_becomes_its_arguments(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    planner = Planner(taking)
    ran: list[dict[str, object]] = []
    dialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(RUNNING).key, planner, ran), {}, window
    )
    dialog.open()
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there")
    assert "External, for" in text(dialog, "take-kind-reason")
    description = child(dialog, QPlainTextEdit, "take-description")
    QTest.keyClicks(description, "why")
    QTest.keyClick(segment(dialog, "take-kind", "auto"), Qt.Key.Key_Right)
    assert not dialog.memory_path.isVisible(), "an internal one has no file of its own"
    QTest.keyClick(segment(dialog, "take-kind", "internal"), Qt.Key.Key_Right)
    segment(dialog, "take-memory", "yes").click()
    assert dialog.memory_path.isVisible()
    dialog.memory_path.setText("/memory/there")
    child(dialog, QCheckBox, "take-disk-vdb").click()
    quiesce = child(dialog, QCheckBox, "take-quiesce")
    assert not quiesce.isEnabled()
    assert "agent" in quiesce.accessibleDescription()
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there again")
    assert "vdb is left out." in text(dialog, "plan-warning")
    act_of(dialog).click()
    assert ran == [
        {
            "description": "why",
            "kind": "external",
            "memory": "yes",
            "leave_out": ("vdb",),
            "memory_path": "/memory/there",
        }
    ]


async def test_a_plan_that_refuses_says_why_and_keeps_the_button_off(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(RUNNING).key, Planner(taking)), {}, window
    )
    dialog.open()
    for disk in ("vda", "vdb"):
        child(dialog, QCheckBox, f"take-disk-{disk}").click()
    await until(lambda: dialog.view.plan and dialog.view.plan.refusal, "it is refused")
    assert text(dialog, "plan-refusal") == "No disk would be in it."
    assert not act_of(dialog).isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


async def test_a_machine_that_vanishes_while_its_dialog_is_open(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(OFF).key, Planner(taking)), {}, window
    )
    dialog.open()
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there")
    window.session.run("domain.delete", machine(OFF).key)
    await until(lambda: not dialog.gone.isHidden(), "the dialog knows")
    assert "is not there any more" in dialog.gone.text()
    assert not act_of(dialog).isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


# several at once


async def test_a_snapshot_of_several_machines_has_a_line_for_each(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    refusing = Planner(lambda _values: FilePlan("", refusal="vdb is raw."))
    planners = [Planner(taking), refusing, Planner(taking)]
    deeds = [
        deed_of(window, "snapshot.create", machine(n).key, planner)
        for n, planner in zip((0, 1, OFF), planners, strict=True)
    ]
    ran: list[tuple[tuple[Key, ...], Mapping[str, object]]] = []
    dialog = TakeManyDialog(deeds, lambda keys, values, _: ran.append((keys, values)), {}, window)
    dialog.open()
    act = act_of(dialog, "many-act")
    assert not act.isEnabled()
    await until(act.isEnabled, "the plans are there")
    assert act.text() == "Take snapshot of 2 machines"
    line = child(dialog, ElidedLabel, "many-db-0001")
    assert line.full_text == "Left out: vdb is raw."
    kept = child(dialog, ElidedLabel, "many-web-0000").full_text
    assert "1 file created" in kept
    assert "keeps running" in kept
    QTest.keyClicks(dialog.fields.name, "noon")
    await until(act.isEnabled, "the plans of that name are there")
    assert all(planner.asked[-1] == {"name": "noon"} for planner in planners)
    window.session.run("domain.delete", machine(OFF).key)
    await until(lambda: act.text() == "Take snapshot of 1 machine", "one is gone")
    QTest.keyClick(dialog.fields.name, Qt.Key.Key_Return)
    assert ran == [((machine(0).key,), {"name": "noon"})]


# reverting, deleting


async def test_reverting_names_what_is_lost_until_it_is_kept(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = snapshot_key(machine(RUNNING).key, "fresh")
    ran: list[dict[str, object]] = []
    dialog = RevertDialog(
        deed_of(window, "snapshot.revert", key, Planner(reverting), ran), {}, window
    )
    dialog.open()
    assert dialog.heading.text() == "Revert web-0000 to fresh?"
    act = act_of(dialog)
    await until(act.isEnabled, "the plan is there")
    assert act.text() == "Revert to fresh"
    assert dialog.focusWidget() is child(dialog, QPushButton, "plan-safe")
    assert "What was written since" in text(dialog, "plan-loses")
    name = child(dialog, QLineEdit, "revert-keep-name")
    assert not name.isEnabled()
    QTest.keyClick(child(dialog, QCheckBox, "revert-keep"), Qt.Key.Key_Space)
    QTest.keyClicks(name, "now")
    segment(dialog, "revert-run", "paused").click()
    await until(act.isEnabled, "the plan is there again")
    assert dialog.view.plan is not None
    assert not dialog.view.plan.loses
    act.click()
    assert ran == [{"keep": True, "keep_name": "now", "run": "paused"}]


async def test_return_on_a_fresh_dialog_reverts_and_deletes_nothing(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = snapshot_key(machine(RUNNING).key, "fresh")
    for kind, make in ((RevertDialog, reverting), (DeleteSnapshotDialog, deleting)):
        ran: list[dict[str, object]] = []
        dialog = kind(deed_of(window, "snapshot.x", key, Planner(make), ran), {}, window)
        dialog.open()
        await until(lambda dialog=dialog: act_of(dialog).isEnabled(), "the plan is there")  # type: ignore[misc]  # bound here
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        assert not dialog.isVisible()
        assert ran == []


async def test_deleting_says_by_name_what_goes(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = snapshot_key(machine(RUNNING).key, "fresh")
    ran: list[dict[str, object]] = []
    dialog = DeleteSnapshotDialog(
        deed_of(window, "snapshot.delete", key, Planner(deleting), ran), {}, window
    )
    dialog.open()
    act = act_of(dialog)
    await until(act.isEnabled, "the plan is there")
    assert act.text() == "Delete fresh"
    paths = [label.full_text for label in dialog.findChildren(ElidedLabel, "plan-path")]
    assert paths == [OVERLAY, BASE, "/images/other.qcow2"], "what is lost comes first"
    segment(dialog, "delete-snapshot-scope", "children").click()
    assert act.text() == "Delete fresh and 1 child"
    child(dialog, QCheckBox, "delete-snapshot-metadata").click()
    assert act.text() == "Forget fresh and 1 child"
    await until(act.isEnabled, "the plan is there again")
    act.click()
    assert ran == [{"children": True, "metadata_only": True}]


async def test_a_snapshot_without_children_offers_none(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = snapshot_key(machine(RUNNING).key, "before <update>")
    dialog = DeleteSnapshotDialog(
        deed_of(window, "snapshot.delete", key, Planner(deleting)), {"children": True}, window
    )
    dialog.open()
    assert not child(dialog, QWidget, "delete-snapshot-scope").isVisible()
    assert dialog.arguments() == {}
    assert act_of(dialog).text() == "Delete before <update>"
    assert all_plain(dialog)
    dialog.close()


async def test_two_clients_delete_the_same_snapshot(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = snapshot_key(machine(RUNNING).key, "fresh")
    dialog = DeleteSnapshotDialog(
        deed_of(window, "snapshot.delete", key, Planner(deleting)), {}, window
    )
    dialog.open()
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there")
    window.session.inventory.apply(Change(removed=(key,)))
    await until(lambda: not dialog.gone.isHidden(), "the dialog knows")
    assert dialog.gone.text() == "fresh is not there any more. Nothing is left to do."
    assert not act_of(dialog).isEnabled()
    dialog.close()


# merging


async def _merge(
    window: MainWindow, key: Key, first: str, given: Mapping[str, object], chains: Chains
) -> tuple[MergeDialog, dict[str, Planner], list[Any]]:
    planners = {COMMIT: Planner(merging), PULL: Planner(merging)}
    ran: list[Any] = []

    async def read() -> Chains:
        return chains

    deeds = {id_: deed_of(window, id_, key, planner, ran) for id_, planner in planners.items()}
    dialog = MergeDialog(deeds, first, read, given, window)
    dialog.open()
    return dialog, planners, ran


async def test_merging_chooses_from_the_files_of_the_disk(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    chains = {"vda": (OVERLAY, MIDDLE, BASE), "vdb": ("/images/data.raw",)}
    dialog, planners, ran = await _merge(window, machine(RUNNING).key, COMMIT, {}, chains)
    act = act_of(dialog)
    await until(act.isEnabled, "the plan is there")
    assert planners[COMMIT].asked == [{"disk": "vda"}]
    disks = child(dialog, QComboBox, "merge-disk")
    assert [disks.itemText(n) for n in range(disks.count())] == ["vda"], "one file can't be merged"
    base = child(dialog, QComboBox, "merge-down")
    base.setFocus()
    QTest.keyClick(base, Qt.Key.Key_Down)
    await until(act.isEnabled, "the plan of that base is there")
    assert planners[COMMIT].asked[-1] == {"disk": "vda", "base": BASE}
    top = child(dialog, QComboBox, "merge-from")
    QTest.keyClick(top, Qt.Key.Key_Down)
    assert dialog.arguments() == {"disk": "vda", "top": MIDDLE, "base": BASE}
    segment(dialog, "merge-way", PULL).click()
    assert not top.isVisible()
    await until(act.isEnabled, "the plan of pulling is there")
    assert planners[PULL].asked == [{"disk": "vda"}]
    assert act.text() == "Pull into vda"
    QTest.keyClick(base, Qt.Key.Key_Down)
    await until(act.isEnabled, "the plan of that base is there")
    act.click()
    assert ran == [{"disk": "vda", "base": BASE}]


async def test_a_merge_starts_with_what_was_chosen_in_the_picture(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    given = {"disk": "vda", "top": MIDDLE, "base": BASE}
    chains = {"vda": (OVERLAY, MIDDLE, BASE)}
    dialog, planners, _ran = await _merge(window, machine(RUNNING).key, COMMIT, given, chains)
    await until(lambda: act_of(dialog).isEnabled(), "the plan is there")
    assert planners[COMMIT].asked == [given]
    dialog.close()


async def test_disks_of_one_file_have_nothing_to_merge(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog, planners, _ran = await _merge(
        window, machine(RUNNING).key, COMMIT, {}, {"vda": (BASE,)}
    )
    await until(lambda: "single file" in text(dialog, "plan-words"), "it says so")
    assert not act_of(dialog).isEnabled()
    assert planners[COMMIT].asked == []
    dialog.close()


# words


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "needs a name"), ("a/b", "slash"), ("before <update>", "already")],
)
async def test_a_name_that_does_not_do_for_a_snapshot_is_refused(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path, name: str, why: str
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = snapshot_key(machine(RUNNING).key, "fresh")
    dialog = RenameSnapshotDialog(
        deed_of(window, "snapshot.rename", key, Planner(taking)), {}, window
    )
    dialog.open()
    dialog.name.setText(name)
    assert why in text(dialog, "rename-snapshot-dialog-reason")
    assert not act_of(dialog, "rename-snapshot-dialog-act").isEnabled()
    dialog.close()


async def test_renaming_and_describing_a_snapshot_by_keys(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = snapshot_key(machine(RUNNING).key, "fresh")
    ran: list[dict[str, object]] = []
    rename = RenameSnapshotDialog(
        deed_of(window, "snapshot.rename", key, Planner(taking), ran), {}, window
    )
    rename.open()
    assert not act_of(rename, "rename-snapshot-dialog-act").isEnabled()
    QTest.keyClicks(rename.name, "installed")
    assert text(rename, "rename-snapshot-dialog-command").endswith("installed")
    QTest.keyClick(rename.name, Qt.Key.Key_Return)
    describe = DescribeSnapshotDialog(
        deed_of(window, "snapshot.describe", key, Planner(taking), ran), {}, window
    )
    describe.open()
    describe.description.setPlainText("All in place.")
    QTest.keyClick(describe.description, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert ran == [{"new_name": "installed"}, {"description": "All in place."}]


async def test_the_xml_goes_to_the_file_that_is_chosen(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    key = snapshot_key(machine(RUNNING).key, "before <update>")
    ran: list[dict[str, object]] = []
    dialog = export_dialog(deed_of(window, "snapshot.export", key, Planner(taking), ran), window)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.open()
    assert dialog.selectedFiles()[0].endswith("before _update_.xml")
    dialog.selectFile(str(tmp_path / "kept.xml"))
    dialog.accept()
    assert ran == [{"path": str(tmp_path / "kept.xml")}]


async def test_closing_a_dialog_ends_its_question(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    planner = Planner(taking)
    planner.hold()
    dialog: QDialog = TakeDialog(
        deed_of(window, "snapshot.create", machine(RUNNING).key, planner), {}, window
    )
    dialog.open()
    await until(lambda: planner.at_once == 1, "it asks")
    press(dialog, "plan-safe")
    await until(lambda: planner.at_once == 0, "the question has ended")
