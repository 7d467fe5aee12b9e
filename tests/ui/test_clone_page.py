"""The clone page as a person uses it, on a machine of the test driver whose disks lie in a pool."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QTableView,
    QWidget,
)
from qasync import QEventLoop

from tests.clone_facts import facts as invented
from tests.ui.conftest import OpenWindow
from tests.ui.test_dialogs import all_plain
from tests.ui.test_machine_page import child
from tests.until import until
from vmgui.actions.job import JobState
from vmgui.hypervisor.errors import CallFailed
from vmgui.insight.clone_form import CloneForm, KindChosen, PatternTyped, open_form
from vmgui.insight.clone_plan import CloneFacts
from vmgui.insight.clone_spec import BaseFate, CloneKind, DiskChoice, WhenFailed
from vmgui.inventory.domain import Domain
from vmgui.ui.dialogs.script import ScriptDialog
from vmgui.ui.dialogs.take import TakeDialog
from vmgui.ui.main_window import MainWindow
from vmgui.ui.models.clone_machines import NAME, STATE
from vmgui.ui.views.clone.page import ClonePage, CloneWays
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.option_box import OptionBox

_MIB = 1 << 20

WORLD = """<node>
<pool type='dir'><name>vmpool</name><target><path>/vm</path></target>
<volume><name>web.qcow2</name><capacity unit='MiB'>64</capacity>
<allocation unit='MiB'>8</allocation><target><format type='qcow2'/></target></volume>
<volume><name>data.qcow2</name><capacity unit='MiB'>32</capacity>
<allocation unit='MiB'>2</allocation><target><format type='qcow2'/></target></volume>
</pool>
{machines}
</node>"""

MACHINE = """<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
<name>{name}</name><memory>1024</memory><os><type>hvm</type></os><devices>{disks}
<interface type='network'><mac address='52:54:00:aa:bb:{mac:02x}'/><source network='default'/>
</interface></devices><test:runstate>{state}</test:runstate></domain>"""

DISKS = """<disk type='file' device='disk'><driver type='qcow2'/><source file='/vm/web.qcow2'/>
<target dev='vda' bus='virtio'/></disk><disk type='file' device='disk'><driver type='qcow2'/>
<source file='/vm/data.qcow2'/><target dev='vdb' bus='virtio'/></disk>"""


async def open_clone(
    open_window: OpenWindow, tmp_path: Path, *, running: bool = False
) -> tuple[MainWindow, ClonePage, Callable[[str], Domain | None]]:
    """Open the window on a machine "web" beside a machine "class-02", and its clone page."""
    state = 1 if running else 5
    machines = MACHINE.format(name="web", disks=DISKS, mac=1, state=state)
    machines += MACHINE.format(name="class-02", disks="", mac=2, state=5)
    path = tmp_path / "clones.xml"
    path.write_text(WORLD.format(machines=machines), encoding="utf-8")
    window = await open_window(f"test://{path}")
    inventory = window.session.inventory

    def named(name: str) -> Domain | None:
        return next((each for each in inventory.of(Domain) if each.name == name), None)

    web = named("web")
    assert web is not None
    window.open_key(web.key)
    child(window, QPushButton, "action-domain.clone").click()
    page = window.pages.currentWidget()
    assert isinstance(page, ClonePage)
    await until(lambda: page.form, "the facts are read")
    window.activateWindow()
    await until(window.isActiveWindow, "keys reach it")
    return window, page, named


def plan_of(page: ClonePage) -> Any:
    assert page.form is not None
    return page.form.plan


def text(page: QWidget, name: str) -> str:
    return child(page, QLabel, name).text()


def choose(box: QComboBox, value: str) -> None:
    """Choose as a person does: the box tells of it."""
    index = box.findData(value)
    assert index >= 0
    box.setCurrentIndex(index)
    box.activated.emit(index)


async def test_the_page_stands_in_the_middle_and_escape_leads_back(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, _named = await open_clone(open_window, tmp_path)
    assert page.header.name.full_text == "Clone web"
    assert window.side.isVisible(), "the tree stays alive"
    assert all_plain(page)
    assert child(page, QWidget, "clone-kind-full").hasFocus()
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert isinstance(window.pages.currentWidget(), MachinePage)
    assert window.findChild(ClonePage) is None or not page.isVisible()


async def test_keys_choose_the_kind_and_never_type_into_a_field(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page, _named = await open_clone(open_window, tmp_path)
    pattern = child(page, QLineEdit, "clone-pattern")
    for key, kind in ((Qt.Key.Key_L, CloneKind.LINKED), (Qt.Key.Key_F, CloneKind.FULL)):
        pattern.setFocus()
        # What Qt asks first: the menu bar would take Alt+F, and the field would type it.
        asked = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.AltModifier, "x")
        asked.ignore()
        QApplication.sendEvent(pattern, asked)
        assert asked.isAccepted()
        assert plan_of(page).spec.kind is kind
        assert child(page, QWidget, f"clone-kind-{kind.value}").hasFocus()
    assert pattern.text() == ""


async def test_each_change_is_seen_at_once_at_the_right(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page, _named = await open_clone(open_window, tmp_path)
    create = child(page, QPushButton, "clone-create")
    assert create.text() == "Create the clone"
    count = child(page, QSpinBox, "clone-count")
    count.setFocus()
    QTest.keyClick(count, Qt.Key.Key_Up)
    QTest.keyClick(count, Qt.Key.Key_Up)
    assert create.text() == "Create 3 clones"
    assert text(page, "clone-list-title") == "3 machines to be made"
    pattern = child(page, QLineEdit, "clone-pattern")
    pattern.setFocus()
    QTest.keyClicks(pattern, "room-{n:03}")
    gives = child(page, ElidedLabel, "clone-gives")
    await until(lambda: gives.full_text == "gives room-001 … room-003", "the names")
    table = child(page, QTableView, "clone-machines")
    assert table.model().index(2, NAME).data() == "room-003"
    space = plan_of(page).space
    assert space.now_bytes == 3 * 10 * _MIB
    choose(child(page, OptionBox, "clone-disk-vdb"), DiskChoice.EMPTY)
    assert plan_of(page).space.now_bytes < 3 * 9 * _MIB
    assert text(page, "clone-space-verdict") == "fits even at worst"


async def test_what_the_kind_would_decide_anyway_follows_the_kind(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page, _named = await open_clone(open_window, tmp_path)
    vdb = child(page, OptionBox, "clone-disk-vdb")
    choose(vdb, DiskChoice.OUT)
    child(page, QAbstractButton, "clone-kind-linked").click()
    assert vdb.value == DiskChoice.OUT, "a choice of its own stays"
    choose(vdb, DiskChoice.LINKED)
    child(page, QAbstractButton, "clone-kind-full").click()
    assert vdb.value == DiskChoice.FULL


async def test_a_name_that_is_taken_stands_in_its_row_with_its_way_out(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page, _named = await open_clone(open_window, tmp_path)
    child(page, QSpinBox, "clone-count").setValue(3)
    page.do(PatternTyped("class-{n:02}"))
    create, skip = (child(page, QPushButton, name) for name in ("clone-create", "clone-skip"))
    assert not create.isEnabled()
    assert skip.text() == "Skip number 2"
    problem = child(page, ElidedLabel, "clone-problem").full_text
    assert problem.startswith("class-02: exists on")
    assert text(page, "clone-list-problem") == "1 name can't be used"
    table = child(page, QTableView, "clone-machines")
    assert "exists on" in str(table.model().index(1, STATE).data())
    box = table.visualRect(table.model().index(1, STATE))
    link = QPoint(box.left() + 8, box.center().y())
    for x in range(box.left(), box.right(), 4):
        link.setX(x)
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=link)
        if create.isEnabled():
            break
    names = [machine.name for machine in plan_of(page).machines]
    assert names == ["class-01", "class-03", "class-04"]
    assert create.isEnabled()
    assert not skip.isVisible()


async def test_the_button_and_delete_pass_over_a_number_too(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page, _named = await open_clone(open_window, tmp_path)
    child(page, QSpinBox, "clone-count").setValue(2)
    page.do(PatternTyped("class-{n:02}"))
    table = child(page, QTableView, "clone-machines")
    table.setFocus()
    table.setCurrentIndex(table.model().index(1, NAME))
    QTest.keyClick(table, Qt.Key.Key_Delete)
    assert [machine.number for machine in plan_of(page).machines] == [1, 3]
    child(page, QSpinBox, "clone-first").setValue(2)
    child(page, QPushButton, "clone-skip").click()
    assert [machine.number for machine in plan_of(page).machines] == [3, 4]


async def test_f2_names_one_clone(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, page, _named = await open_clone(open_window, tmp_path)
    child(page, QSpinBox, "clone-count").setValue(2)
    table = child(page, QTableView, "clone-machines")
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 0))
    QTest.keyClick(table, Qt.Key.Key_F2)
    editor = await until(lambda: table.viewport().findChild(QLineEdit), "the editor")
    assert isinstance(editor, QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, "teacher")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    await until(lambda: plan_of(page).machines[0].name == "teacher", "it has the name")
    assert table.currentIndex().row() == 0, "the row stays chosen"


async def test_the_commands_are_shown_as_a_script(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, _named = await open_clone(open_window, tmp_path)
    button = child(page, QPushButton, "clone-commands")
    count = int(button.text().split()[2])
    button.click()
    dialog = window.findChild(ScriptDialog)
    assert dialog is not None
    script = child(dialog, QPlainTextEdit, "script-text").toPlainText()
    assert script.startswith("#!/bin/sh\nset -e\n")
    assert script.count("virsh ") >= count
    child(dialog, QPushButton, "script-copy").click()
    assert script.strip() in _clipboard()
    dialog.close()


def _clipboard() -> str:
    return QGuiApplication.clipboard().text()


async def test_creating_makes_the_clones_and_leads_back(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, named = await open_clone(open_window, tmp_path)
    web = named("web")
    assert web is not None
    child(page, QSpinBox, "clone-count").setValue(2)
    pattern = child(page, QLineEdit, "clone-pattern")
    pattern.setFocus()
    QTest.keyClicks(pattern, "room-{n}")
    # At once, before what was typed is taken over by itself.
    QTest.keyClick(pattern, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(window.pages.currentWidget(), MachinePage)
    await until(lambda: named("room-2"), "both are there")
    made = [named("room-1"), named("room-2")]
    macs = {mac.mac for each in (web, *made) if each for mac in each.interfaces}
    assert len(macs) == 3, "no two machines share a MAC"
    await until(lambda: not window.session.runner.jobs, "the job has ended")
    states = {entry.state for entry in window.session.journal.entries()}
    assert states == {JobState.DONE}


async def test_a_machine_that_runs_is_not_cloned_as_it_is(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, named = await open_clone(open_window, tmp_path, running=True)
    assert "web is running" in text(page, "clone-obstacle")
    create = child(page, QPushButton, "clone-create")
    assert not create.isEnabled()
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert page.isVisible(), "nothing is made"
    child(page, QPushButton, "clone-snapshot").click()
    dialog = window.findChild(TakeDialog)
    assert dialog is not None
    assert dialog.arguments()["kind"] == "external"
    dialog.close()
    child(page, QPushButton, "clone-shutdown").click()
    await until(create.isEnabled, "it is off, and was read again")
    assert not child(page, QLabel, "clone-obstacle").isVisible()
    web = named("web")
    assert web is not None
    assert not web.state.is_active


async def test_a_machine_that_vanishes_can_not_be_cloned(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, named = await open_clone(open_window, tmp_path)
    web = named("web")
    assert web is not None
    window.session.run("domain.delete", web.key)
    create = child(page, QPushButton, "clone-create")
    await until(lambda: not create.isEnabled(), "the page knows")
    assert child(page, QWidget, "clone-banner").isVisible()
    child(page, QPushButton, "clone-cancel").click()
    assert not page.isVisible()


async def test_a_machine_that_comes_meanwhile_takes_its_name(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, named = await open_clone(open_window, tmp_path)
    page.do(PatternTyped("late"))
    create = child(page, QPushButton, "clone-create")
    assert create.isEnabled()
    other = named("class-02")
    assert other is not None
    window.session.run("domain.rename", other.key, new_name="late")
    await until(lambda: named("late"), "it has the name")
    await until(lambda: not create.isEnabled(), "the page knows", within_s=5)


async def test_what_was_filled_in_stays_while_something_is_looked_up(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, named = await open_clone(open_window, tmp_path)
    page.do(PatternTyped("kept"))
    web, other = named("web"), named("class-02")
    assert web is not None
    assert other is not None
    window.open_key(other.key)
    assert isinstance(window.pages.currentWidget(), MachinePage)
    window.actions_on_machines.perform("domain.clone", (web.key,))
    assert window.pages.currentWidget() is page
    assert plan_of(page).machines[0].name == "kept"
    window.open_key(web.key)
    assert isinstance(window.pages.currentWidget(), MachinePage), "its own page leads out, too"
    window.actions_on_machines.perform("domain.clone", (other.key,))
    assert window.pages.currentWidget() is not page, "another machine's is another page"


# with facts that are invented


async def open_invented(
    window: MainWindow, key: Any, answers: list[CloneFacts | Exception]
) -> tuple[ClonePage, list[CloneForm]]:
    made: list[CloneForm] = []

    async def read(_snapshot: str) -> CloneFacts:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    ways = CloneWays(read, made.append, lambda _form: (), lambda *_: None)
    page = ClonePage(key, window.session.inventory, window.bridge, ways)
    window.pages.addWidget(page)
    window.pages.setCurrentWidget(page)
    return page, made


async def test_why_nothing_is_known_is_told_and_can_be_tried_again(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, first, _named = await open_clone(open_window, tmp_path)
    fault = CallFailed("It isn't known.", "The <b>host</b> is away.", "Wait.")
    page, _made = await open_invented(window, first.key, [fault, invented()])
    unknown = child(page, QWidget, "clone-unknown")
    await until(unknown.isVisible, "the reason is shown")
    assert any("<b>host</b>" in label.text() for label in unknown.findChildren(QLabel))
    assert all_plain(page)
    child(unknown, QPushButton, "empty-action").click()
    await until(lambda: page.form, "it is read")
    assert not unknown.isVisible()
    page.shutdown()


async def test_choices_reach_the_plan_that_is_carried_out(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, first, _named = await open_clone(open_window, tmp_path)
    page, made = await open_invented(window, first.key, [invented()])
    await until(lambda: page.form, "it is read")
    page.do(KindChosen(CloneKind.LINKED))
    child(page, QSpinBox, "clone-count").setValue(4)
    choose(child(page, OptionBox, "clone-base"), BaseFate.TEMPLATE)
    choose(child(page, OptionBox, "clone-network"), "classroom")
    choose(child(page, OptionBox, "clone-failed"), WhenFailed.REMOVE)
    choose(child(page, OptionBox, "clone-pool"), "p-1")
    child(page, QCheckBox, "clone-start").click()
    choose(child(page, OptionBox, "clone-every"), "10")
    tags = child(page, QLineEdit, "clone-tags")
    tags.clear()
    QTest.keyClicks(tags, "exam, lab")
    create = child(page, QPushButton, "clone-create")
    assert create.isEnabled(), child(page, ElidedLabel, "clone-problem").full_text
    create.setFocus()
    window.activateWindow()
    await until(create.hasFocus, "keys reach it")
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    (form,) = made
    spec = form.spec
    assert (spec.kind, spec.count, spec.base) == (CloneKind.LINKED, 4, BaseFate.TEMPLATE)
    assert (spec.network, spec.pool, spec.tags) == ("classroom", "p-1", ("exam", "lab"))
    assert (spec.start, spec.start_every_s) == (True, 10)
    assert spec.when_failed is WhenFailed.REMOVE
    page.shutdown()


async def test_an_option_that_can_not_be_had_is_off_and_says_why(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, first, _named = await open_clone(open_window, tmp_path)
    page, _made = await open_invented(window, first.key, [invented()])
    await until(lambda: page.form, "it is read")
    guest = child(page, OptionBox, "clone-guest")
    model, row = guest.model(), guest.findData("sysprep")
    assert not model.flags(model.index(row, 0)) & Qt.ItemFlag.ItemIsEnabled
    tip = model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "virt-sysprep is not installed." in tip
    page.shutdown()


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(900, "fits even at worst"), (70, "fits now, not at worst"), (10, "does not fit")],
)
async def test_the_space_is_judged(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path, free: int, verdict: str
) -> None:
    window, first, _named = await open_clone(open_window, tmp_path)
    facts = invented()
    pools = tuple(replace(pool, available_bytes=free << 30) for pool in facts.pools)
    page, _made = await open_invented(window, first.key, [replace(facts, pools=pools)])
    await until(lambda: page.form, "it is read")
    assert page.form == open_form(page.form.facts, seed=page.form.spec.seed)  # type: ignore[union-attr]
    assert text(page, "clone-space-verdict") == verdict
    page.shutdown()


async def test_many_clones_never_make_the_window_larger_than_its_screen(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, _named = await open_clone(open_window, tmp_path)
    few = window.minimumSizeHint().height()
    child(page, QSpinBox, "clone-count").setValue(12)
    await until(lambda: page._list.model.rowCount() == 12, "they are listed")
    await until(lambda: page._scene.height() > 150, "they are drawn")
    assert window.minimumSizeHint().height() == few
    assert window.height() == 800


async def test_large_type_puts_what_will_be_below_what_is_chosen(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, _named = await open_clone(open_window, tmp_path)
    left, right = (child(page, QScrollArea, name) for name in ("clone-left", "clone-right"))
    assert right.isVisible()
    window._style.set_factor(1.5)
    window.resize(1100, 800)
    await until(right.isHidden, "it stands below")
    inside = left.widget()
    assert inside is not None
    await until(lambda: inside.width() <= left.viewport().width(), "nothing is cut")
    assert inside.isAncestorOf(page._list)
    window._style.set_factor(1.0)
    window.resize(1280, 800)
    await until(right.isVisible, "it stands beside it again")
    beside = right.widget()
    assert beside is not None
    assert beside.isAncestorOf(page._list)


async def test_leaving_returns_the_keys_to_where_they_were(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, page, _named = await open_clone(open_window, tmp_path)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert isinstance(window.pages.currentWidget(), MachinePage)
    await until(window.side.tree.hasFocus, "the tree has the keys, not the query")
