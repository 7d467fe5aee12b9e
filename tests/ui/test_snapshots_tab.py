"""The tab about snapshots, on the machine of the design's picture: keys, choice, files, plans."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTabBar, QToolButton, QWidget
from qasync import QEventLoop

from tests import snapshot_world as world
from tests.ui.conftest import OpenWindow
from tests.ui.world import host
from tests.until import until
from tests.worlds import HOSTILE_NAMES
from vmgui.actions.moments import Moment
from vmgui.actions.registry import Registry, standard
from vmgui.hypervisor.errors import CallFailed
from vmgui.insight.chain import MEMORY
from vmgui.insight.file_plan import Fate, FilePlan
from vmgui.insight.timeline import HERE
from vmgui.inventory.changes import Change
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import snapshot_key
from vmgui.session import Session
from vmgui.ui.dialogs.delete import DeleteDialog
from vmgui.ui.keys import KeysDialog
from vmgui.ui.main_window import MainWindow
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.views.snapshots import keys
from vmgui.ui.views.snapshots.details import Details
from vmgui.ui.views.snapshots.plan_line import PlanLine
from vmgui.ui.views.snapshots.snapshot_list import SnapshotList
from vmgui.ui.views.snapshots.tab import SnapshotsTab
from vmgui.ui.widgets.command_line import CommandLine
from vmgui.ui.widgets.elided import ElidedLabel, LinkButton
from vmgui.ui.widgets.empty_state import EmptyState
from vmgui.ui.widgets.segmented import Segmented

W = TypeVar("W", bound=QWidget)
Answer = Callable[..., Awaitable[Any]]


def child(of: QWidget, kind: type[W], name: str = "") -> W:
    found = of.findChild(kind, name) if name else of.findChild(kind)
    assert isinstance(found, kind), f"no {kind.__name__} {name}"
    return found


async def storage_of(_key: Key) -> MachineStorage:
    return world.STORAGE


async def plan(action_id: str, _key: Key, **_arguments: object) -> FilePlan:
    return world.DELETE_PLAN if action_id == "snapshot.delete" else world.REVERT_PLAN


class Stage:
    """A window with the machine, its snapshots, and the session's answers made by hand.

    No host is connected, so what the tab asks of the session is answered here.
    """

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.session: Session = window.session
        self.asked: list[tuple[str, Key, dict[str, object]]] = []

    async def open(self) -> SnapshotsTab:
        """Open the tab, as a person would."""
        self.window.open_key(world.KEY)
        page = self.window.pages.currentWidget()
        assert isinstance(page, MachinePage)
        self.window.pages.show_tab(1)
        tab = child(page, SnapshotsTab)
        await until(lambda: tab.is_shown, "the tab shows the machine")
        # What is asked then, with plans of a real host, is for other tests.
        tab.action_wanted.disconnect(page._on_action_wanted)
        tab.action_wanted.connect(lambda *asked: self.asked.append(asked))
        tab.timeline.view.setFocus()
        return tab

    def apply(self, **change: Any) -> None:
        self.session.inventory.apply(Change(**change))


@pytest.fixture
def make_stage(
    open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[Stage]]:
    """Return what opens a window on the pictured machine."""

    async def make(*, snapshots: Any = world.SNAPSHOTS, **answers: Answer) -> Stage:
        window = await open_window(size=(1500, 950))
        session = window.session
        for name, answer in {"storage_of": storage_of, "plan": plan, **answers}.items():
            monkeypatch.setattr(session, name, answer)
        stage = Stage(window)
        stage.apply(added=(host(world.URI, "lab-a"), world.machine(), *snapshots))
        await until(lambda: window.is_settled, "the window shows the machine")
        window.activateWindow()
        return stage

    return make


MakeStage = Callable[..., Awaitable[Stage]]


def name(tab: SnapshotsTab) -> str:
    """Return the name at the head of the details."""
    return child(tab, ElidedLabel, "snapshot-name").full_text


def words(of: QWidget) -> str:
    """Return every visible text of a widget."""
    found = [label.text() for label in of.findChildren(QLabel) if label.isVisibleTo(of)]
    found += [each.full_text for each in of.findChildren(ElidedLabel) if each.isVisibleTo(of)]
    found += [each.full_text for each in of.findChildren(LinkButton) if each.isVisibleTo(of)]
    return "\n".join(found)


def _says(of: QWidget, text: str) -> bool:
    return text in words(of)


def key(tab: SnapshotsTab, which: Qt.Key) -> None:
    QTest.keyClick(tab.timeline.view, which)


async def test_the_tab_counts_and_shows_where_you_are(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    tab = await stage.open()
    assert child(tab, QLabel, "snapshot-counts").text() == "8 snapshots, 3 branches"
    page = stage.window.pages.currentWidget()
    assert page is not None
    bar = child(page, QTabBar, "tabs")
    assert bar.tabText(bar.currentIndex()) == "Snapshots 8"
    assert tab.chosen == HERE
    assert name(tab) == "You are here"
    await until(lambda: "717 MiB" in words(tab.details), "it says what was written since")
    assert not child(page, QWidget, "graph-range").isVisible()
    assert child(page, QPushButton, "take-snapshot").isVisible()


async def test_arrow_keys_walk_the_line_and_the_branches(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    tab = await (await make_stage()).open()
    for which, expected in (
        (Qt.Key.Key_Left, "nightly-06"),
        (Qt.Key.Key_Left, "upgraded"),
        (Qt.Key.Key_Down, "broken-index"),
        (Qt.Key.Key_Left, "try-1"),
        (Qt.Key.Key_Left, "before-upgrade"),
        (Qt.Key.Key_Right, "upgraded"),
    ):
        key(tab, which)
        assert tab.chosen == name(tab) == expected
        assert tab.timeline.view.accessibleDescription().startswith(expected)
    key(tab, Qt.Key.Key_Home)
    assert tab.chosen == HERE


async def test_letters_ask_for_actions_on_the_chosen_one_and_never_on_the_machine(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    tab = await stage.open()
    tab.choose("upgraded")
    for which in (Qt.Key.Key_R, Qt.Key.Key_Delete, Qt.Key.Key_S, Qt.Key.Key_C):
        key(tab, which)
    QTest.keyClick(tab.chain.view, Qt.Key.Key_Delete)
    chosen = snapshot_key(world.KEY, "upgraded")
    assert stage.asked == [
        ("snapshot.revert", chosen, {}),
        ("snapshot.delete", chosen, {}),
        ("snapshot.create", world.KEY, {}),
        ("domain.clone", world.KEY, {"snapshot": "upgraded"}),
        ("snapshot.delete", chosen, {}),
    ]
    tab.choose(HERE)
    key(tab, Qt.Key.Key_Delete)
    assert len(stage.asked) == 5
    assert stage.window.findChild(DeleteDialog) is None


async def test_details_tell_what_it_is_and_lead_to_its_family(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    upgraded = next(each for each in world.SNAPSHOTS if each.name == "upgraded")
    stage.session.moments.keep(upgraded, Moment(quiesced=True, took_s=0.4))
    tab = await stage.open()
    tab.choose("upgraded")
    details = child(tab, Details)
    for expected in (
        "PostgreSQL 16 in place, checks pass",
        "4 Apr",
        "External, disks only",
        "Not included",
        "by guest agent, 400 ms",
        "external file",
        "left out",
        "1.9 GiB",
        "24 GiB",
        "32 GiB",
        "Reverting brings vda back, but vdb stays as it is today.",
    ):
        await until(partial(_says, details, expected), f"it says {expected}")
    links = {each.full_text: each for each in details.findChildren(LinkButton)}
    links["before-upgrade"].click()
    assert tab.chosen == "before-upgrade"
    await until(lambda: "broken-index" not in words(details), "it is about another one")
    await until(lambda: "try-1" in words(details), "its children are named")
    key(tab, Qt.Key.Key_Home)
    await until(lambda: "nightly-06" in words(details), "here comes after that")


async def test_a_snapshot_marks_its_files_and_a_file_its_snapshot(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    tab = await (await make_stage()).open()
    view = tab.chain.view
    await until(lambda: view.chain_now is not None, "the files are shown")
    tab.choose("upgraded")
    assert [path for path, item in view._items.items() if item.marked] == [world.path("upgraded")]
    tab.choose("load-test")
    assert [path for path, item in view._items.items() if item.marked] == [world.BASE]
    item = view._items[world.path("broken-index")]
    middle = view.mapFromScene(item.area.center())
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert tab.chosen == "broken-index"
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert tab.chosen == "try-1"
    assert "not used by the running machine" in view.accessibleDescription()


async def test_a_click_on_the_timeline_chooses(qloop: QEventLoop, make_stage: MakeStage) -> None:
    tab = await (await make_stage()).open()
    view = tab.timeline.view
    item = view._nodes["configured"]
    view.ensureVisible(item)
    place = view.mapFromScene(item.pos())
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert tab.chosen == name(tab) == "configured"


async def test_deleting_is_shown_on_the_files_before_it_is_done(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    tab = await (await make_stage()).open()
    tab.choose("upgraded")
    key(tab, Qt.Key.Key_P)
    line = child(tab, PlanLine)
    await until(lambda: "Copies up to 1.9 GiB" in line.accessibleName(), "the plan is told")
    assert "Machine keeps running" in line.accessibleName()
    assert "the way back to “upgraded”" in line.accessibleName()
    told = line.layout()
    assert told is not None
    await until(lambda: line.height() >= told.heightForWidth(line.width()), "all of it is seen")
    command = child(tab, CommandLine, "snapshot-command")
    assert command.command == "virsh snapshot-delete db-01 upgraded"
    chain = tab.chain.view.chain_now
    assert chain is not None
    assert {box.name: box.fate for box in chain.boxes if box.fate is not Fate.KEPT}[
        "…upgraded"
    ] is Fate.REMOVED
    assert chain.merges
    key(tab, Qt.Key.Key_P)
    await until(lambda: "is forced off" in line.accessibleName(), "the other plan is told")
    assert tab.chain.preview.key == "revert"
    await until(lambda: line.height() >= told.heightForWidth(line.width()), "it is seen, too")
    key(tab, Qt.Key.Key_P)
    assert tab.chain.preview.key == "nothing"
    assert "snapshot-revert" in command.command
    shown = tab.chain.view.chain_now
    assert shown is not None
    assert not any(box.fate for box in shown.boxes)


async def test_a_preview_follows_the_choice_and_ends_where_nothing_can_be_previewed(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    asked: list[str] = []

    async def noted(action_id: str, target: Key, **_arguments: object) -> FilePlan:
        asked.append(target.id.split("/")[1])
        return replace(world.DELETE_PLAN, refusal=f"{asked[-1]} is needed.")

    tab = await (await make_stage(plan=noted)).open()
    tab.choose("upgraded")
    key(tab, Qt.Key.Key_P)
    line = child(tab, PlanLine)
    await until(lambda: "upgraded is needed" in line.accessibleName(), "the refusal is told")
    tab.choose("try-1")
    await until(lambda: "try-1 is needed" in line.accessibleName(), "the next one is asked for")
    assert asked == ["upgraded", "try-1"]
    tab.choose(HERE)
    assert tab.chain.preview.key == "nothing"
    assert "needed" not in line.accessibleName()


async def test_what_cannot_be_known_is_told_where_it_would_stand(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    async def fails(*_: object, **__: object) -> Any:
        raise CallFailed("What the disks of db-01 are is not known.", "The pool is <b>off</b>.")

    tab = await (await make_stage(storage_of=fails, plan=fails)).open()
    state = child(tab, ElidedLabel, "chain-state")
    await until(lambda: "The pool is <b>off</b>." in state.full_text, "the reason is told")
    tab.choose("upgraded")
    key(tab, Qt.Key.Key_P)
    line = child(tab, PlanLine)
    await until(lambda: "The pool is" in line.accessibleName(), "the plan's is too")


async def test_a_slow_reading_says_so_and_is_done_once_at_a_time(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    gate = asyncio.Event()
    under_way: list[int] = []

    async def slow(_key: Key) -> MachineStorage:
        under_way.append(1)
        assert len(under_way) == 1
        await gate.wait()
        under_way.pop()
        return world.STORAGE

    stage = await make_stage(storage_of=slow)
    tab = await stage.open()
    state = child(tab, ElidedLabel, "chain-state")
    await until(lambda: state.full_text == "reading…", "it says that it reads")
    stage.apply(removed=(snapshot_key(world.KEY, "load-test"),))
    await until(lambda: "7 snapshots" in child(tab, QLabel, "snapshot-counts").text(), "it is told")
    gate.set()
    await until(lambda: tab.chain.view.chain_now is not None, "the files are shown")
    await until(lambda: state.full_text == "", "it reads no more")


async def test_live_changes_keep_choice_zoom_and_scroll(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    tab = await stage.open()
    view = tab.timeline.view
    for _ in range(4):
        QTest.mouseClick(child(stage.window, QToolButton, "zoom-in"), Qt.MouseButton.LeftButton)
    tab.choose("configured")
    view.horizontalScrollBar().setValue(90)
    before = (view.zoom, view.horizontalScrollBar().value())
    newest = replace(
        world.SNAPSHOTS[-1],
        key=snapshot_key(world.KEY, "by-virsh"),
        name="by-virsh",
        parent="nightly-06",
        created_at_s=world.NOW_S,
    )
    stage.apply(updated=(newest, replace(world.SNAPSHOTS[-1], current=False)))
    await until(lambda: view._nodes.get("by-virsh") is not None, "the new one is there")
    assert (view.zoom, view.horizontalScrollBar().value()) == before
    assert tab.chosen == name(tab) == "configured"
    stage.apply(removed=(snapshot_key(world.KEY, "configured"),))
    await until(lambda: tab.chosen == HERE, "what went isn't chosen any more")
    layout = view.layout_now
    assert layout is not None
    assert [node.name for node in layout.nodes if node.orphan] == ["load-test", "before-upgrade"]


async def test_zoom_leaves_out_what_has_no_room_and_fit_shows_all(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    view = (await stage.open()).timeline.view

    def pictured() -> bool:
        return view.scale_now.picture is not None

    assert pictured()  # for what was off then
    where = QPointF(100, 40)
    for _ in range(3):
        event = QWheelEvent(
            where,
            view.viewport().mapToGlobal(where),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ControlModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view.viewport(), event)
    assert view.zoom < 0.6
    assert not pictured()
    QTest.keyClick(view, Qt.Key.Key_Plus)
    QTest.mouseClick(child(stage.window, QToolButton, "zoom-fit"), Qt.MouseButton.LeftButton)
    assert view.horizontalScrollBar().maximum() == 0


async def test_the_list_shows_the_same_ones_and_the_same_choice(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    tab = await stage.open()
    tab.choose("upgraded")
    mode = child(tab, Segmented, "snapshot-mode")
    QTest.mouseClick(child(mode, QToolButton, "segment-list"), Qt.MouseButton.LeftButton)
    rows = child(tab, SnapshotList)
    assert rows.model.rowCount() == 8
    assert not child(stage.window, QToolButton, "zoom-in").isVisible()
    at = rows.table.currentIndex()
    assert rows.model.index(at.row(), 0).data() == "upgraded"
    QTest.keyClick(rows.table, Qt.Key.Key_Down)
    assert tab.chosen == name(tab) == "nightly-06"
    assert tab.timeline.view.selected == "nightly-06"
    QTest.keyClick(rows.table, Qt.Key.Key_Delete)
    assert stage.asked == [("snapshot.delete", snapshot_key(world.KEY, "nightly-06"), {})]
    texts = [rows.model.index(at.row() + 1, n).data() for n in range(rows.model.columnCount())]
    assert texts[2] == "External, disks only"
    assert texts[-1] == "you are here"


async def test_other_disks_and_saved_memory_have_their_own_picture(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    tab = await (await make_stage()).open()
    await until(lambda: tab.chain.view.chain_now is not None, "the files are shown")
    disks = child(tab, Segmented, "chain-disk")
    QTest.mouseClick(child(disks, QToolButton, "segment-vdb"), Qt.MouseButton.LeftButton)
    chain = tab.chain.view.chain_now
    assert chain is not None
    assert [box.path for box in chain.boxes] == [world.DATA]
    QTest.mouseClick(child(disks, QToolButton, f"segment-{MEMORY}"), Qt.MouseButton.LeftButton)
    assert tab.chain.target == MEMORY


async def test_a_machine_without_snapshots_says_what_they_are_for(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage(snapshots=())
    tab = await stage.open()
    empty = next(each for each in tab.findChildren(EmptyState) if each.isVisible())
    assert empty.title.text() == "No snapshots yet"
    assert "virsh snapshot-create-as" in child(empty, CommandLine).command
    QTest.mouseClick(empty.button, Qt.MouseButton.LeftButton)
    assert stage.asked == [("snapshot.create", world.KEY, {})]
    stage.apply(added=world.SNAPSHOTS[:1])
    await until(lambda: not empty.isVisible(), "the first one is shown")


async def test_a_driver_without_snapshots_is_named(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage(snapshots=())
    lacking = replace(
        host(world.URI, "lab-a"), driver="LXC", missing_calls=frozenset({"listAllSnapshots"})
    )
    stage.apply(updated=(lacking,))
    tab = await stage.open()
    empty = next(each for each in tab.findChildren(EmptyState) if each.isVisible())
    assert empty.sentence.text() == "The driver for LXC knows no snapshots."
    assert not empty.button.isVisible()


async def test_what_the_registry_lacks_has_no_button(
    qloop: QEventLoop, make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [action for action in standard().all() if action.target != "snapshot"]
    monkeypatch.setattr("vmgui.session.standard", lambda: Registry(kept))
    stage = await make_stage()
    tab = await stage.open()
    tab.choose("upgraded")
    for each in ("snapshot.revert", "snapshot.delete"):
        assert not child(tab, QPushButton, f"action-{each}").isVisible()
    assert not child(tab, QToolButton, "snapshot-edit").isVisible()
    assert not tab.chain.preview.isVisible()
    key(tab, Qt.Key.Key_Delete)
    key(tab, Qt.Key.Key_P)
    assert stage.asked == []


async def test_hostile_names_are_plain_text_everywhere(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    hostile = [
        replace(
            world.SNAPSHOTS[0],
            key=snapshot_key(world.KEY, each),
            name=each,
            description=f"<h1>{each}</h1>",
            parent=HOSTILE_NAMES[number - 1] if number else "",
            created_at_s=world.NOW_S + number,
        )
        for number, each in enumerate(HOSTILE_NAMES)
    ]
    stage = await make_stage(snapshots=hostile)
    tab = await stage.open()
    for each in HOSTILE_NAMES:
        tab.choose(each)
        assert name(tab) == each
        for label in tab.findChildren(QLabel):
            assert label.textFormat() is Qt.TextFormat.PlainText, label.text()
    assert tab.details.width() < tab.width() / 2
    tab.grab()


async def test_another_machine_shows_nothing_of_the_one_before(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    tab = await stage.open()
    tab.choose("upgraded")
    key(tab, Qt.Key.Key_P)
    other = replace(world.machine(), key=Key(world.URI, "domain", "uuid-other"), name="other")
    stage.apply(added=(other,))
    stage.window.open_key(other.key)
    assert tab.chosen == HERE
    assert tab.chain.view.chain_now is None
    assert tab.timeline.view.layout_now is None
    assert tab.chain.preview.key == "nothing"
    stage.window.open_key(world.KEY)
    stage.window.pages.show_tab(1)
    assert child(tab, QLabel, "snapshot-counts").text() == "8 snapshots, 3 branches"


async def test_two_hundred_in_thirty_branches_are_all_there(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage(snapshots=world.many(200))
    tab = await stage.open()
    view = tab.timeline.view
    layout = view.layout_now
    assert layout is not None
    assert len(view._nodes) == 201
    assert layout.branches >= 25
    QTest.mouseClick(child(stage.window, QToolButton, "zoom-fit"), Qt.MouseButton.LeftButton)
    stage.window.resize(1400, 900)
    await until(lambda: view.horizontalScrollBar().maximum() == 0, "all of it is in sight")
    for _ in range(30):
        key(tab, Qt.Key.Key_Left)
    assert tab.chosen != HERE
    tab.grab()


async def test_the_page_has_a_button_for_a_snapshot(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    await stage.open()
    page = stage.window.pages.currentWidget()
    assert page is not None
    button = child(page, QPushButton, "action-snapshot.create")
    assert button.text() == "Snapshot"
    assert "virsh snapshot-create-as" in button.toolTip()


async def test_a_machine_that_went_keeps_its_picture_and_offers_nothing(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    tab = await stage.open()
    tab.choose("upgraded")
    assert child(tab, QPushButton, "action-snapshot.delete").isEnabled()
    stage.apply(removed=(world.KEY,))
    button = child(tab, QPushButton, "action-snapshot.delete")
    await until(lambda: not button.isEnabled(), "it can't be deleted any more")
    assert "isn't there any more" in button.toolTip()
    assert child(tab, QLabel, "snapshot-counts").text() == "8 snapshots, 3 branches"
    for which in (Qt.Key.Key_Delete, Qt.Key.Key_S, Qt.Key.Key_R, Qt.Key.Key_C):
        key(tab, which)
    assert stage.asked == []


async def test_a_low_window_brings_what_would_happen_into_sight(
    qloop: QEventLoop, make_stage: MakeStage
) -> None:
    stage = await make_stage()
    tab = await stage.open()
    stage.window.resize(1280, 780)
    tab.choose("upgraded")
    line = child(tab, PlanLine)
    assert line.visibleRegion().isEmpty(), "the files are below what is in sight"
    key(tab, Qt.Key.Key_P)
    await until(lambda: not line.visibleRegion().isEmpty(), "what would happen is in sight")
    tab.timeline.chosen.emit("nightly-06")
    await until(lambda: not tab.timeline.view.visibleRegion().isEmpty(), "so is the timeline")


async def test_what_cannot_be_previewed_says_why(qloop: QEventLoop, make_stage: MakeStage) -> None:
    tab = await (await make_stage()).open()
    button = child(tab.chain.preview, QToolButton, "segment-delete")
    assert not button.isEnabled()
    assert "Choose a snapshot first" in button.toolTip()
    tab.choose("upgraded")
    assert button.isEnabled()
    assert not button.toolTip()


async def test_the_command_names_the_machine(qloop: QEventLoop, make_stage: MakeStage) -> None:
    tab = await (await make_stage()).open()
    tab.choose("upgraded")
    assert child(tab, CommandLine, "snapshot-command").command == (
        "virsh snapshot-revert db-01 upgraded"
    )


async def test_each_letter_is_in_the_list_of_keys(qloop: QEventLoop, make_stage: MakeStage) -> None:
    stage = await make_stage()
    stage.window.menus._do["keys"]()
    dialog = child(stage.window, KeysDialog)
    told = {label.text() for label in dialog.findChildren(QLabel)}
    assert {QKeySequence(each).toString() for each in keys._KEYS} <= told
    dialog.reject()
