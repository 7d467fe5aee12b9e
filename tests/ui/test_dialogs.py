"""The dialogs as a person uses them: by keys, on machines of libvirt's test driver."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QWidget,
)
from qasync import QEventLoop
from shiboken6 import delete

from tests.ui.conftest import OpenWindow
from tests.ui.test_machine_page import OFF, RUNNING, child
from tests.until import until
from tests.worlds import HOSTILE_NAMES, machine_uuid, write_world
from vmgui.actions.delete_plan import DeletePlan, delete_plan
from vmgui.hypervisor.imports import KnownConnection
from vmgui.hypervisor.questions import Prompt, Question
from vmgui.insight.uris import Way
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key, domain_key
from vmgui.lab import LabProblem
from vmgui.settings import (
    ALL,
    JOBS_AT_ONCE,
    KEEP_HISTORY,
    POLL_INTERVAL_S,
    SCHEME,
    SavedConnection,
    Settings,
)
from vmgui.ui.dialogs.about import AboutDialog
from vmgui.ui.dialogs.confirm import ConfirmDialog
from vmgui.ui.dialogs.connect import ConnectDialog
from vmgui.ui.dialogs.delete import DeleteDialog
from vmgui.ui.dialogs.edit import EditDialog, RenameDialog
from vmgui.ui.dialogs.preferences import PreferencesDialog
from vmgui.ui.dialogs.question import QuestionDialog
from vmgui.ui.dialogs.tag import TagDialog
from vmgui.ui.main_window import MainWindow
from vmgui.ui.style import Style
from vmgui.ui.views.first_start import FirstStart
from vmgui.ui.widgets.toggle import Toggle

D = TypeVar("D", bound=QDialog)


@pytest.fixture
def under(style: Style) -> Iterator[QWidget]:
    """Return a window that dialogs stand over; they are deleted with it, in this thread."""
    widget = QWidget()
    widget.show()
    yield widget
    delete(widget)


async def open_world(
    open_window: OpenWindow, tmp_path: Path, *, hostile: bool = False
) -> tuple[MainWindow, Callable[[int], Domain]]:
    uri = write_world(tmp_path / "world.xml", domains=20, hostile=hostile)
    window = await open_window(uri)

    def machine(index: int) -> Domain:
        domain = window.session.inventory.domain(domain_key(uri, machine_uuid(index)))
        assert domain is not None
        return domain

    return window, machine


def text(of: QWidget, name: str) -> str:
    return child(of, QLabel, name).text()


def press(of: QWidget, name: str) -> None:
    QTest.mouseClick(child(of, QPushButton, name), Qt.MouseButton.LeftButton)


def all_plain(dialog: QWidget) -> bool:
    return all(
        label.textFormat() is Qt.TextFormat.PlainText for label in dialog.findChildren(QLabel)
    )


# confirming


async def _confirm(
    window: MainWindow, action_id: str, domains: list[Domain]
) -> tuple[ConfirmDialog, list[Key]]:
    agreed: list[Key] = []
    dialog = ConfirmDialog(
        window.session.registry.get(action_id),
        domains,
        window.session.inventory,
        window.bridge,
        agreed.extend,
        window,
    )
    dialog.open()
    return dialog, agreed


async def test_a_confirmation_names_the_thing_and_the_safe_button_has_the_focus(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog, agreed = await _confirm(window, "domain.force-off", [machine(RUNNING)])
    assert dialog.heading.text() == "Force off web-0000?"
    assert text(dialog, "confirm-command") == "virsh destroy web-0000"
    assert child(dialog, QPushButton, "confirm-act").text() == "Force off web-0000"
    keep = child(dialog, QPushButton, "confirm-keep")
    assert dialog.focusWidget() is keep
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    assert agreed == []


async def test_agreeing_by_keys_gives_those_that_can(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    machines = [machine(0), machine(1), machine(OFF)]
    dialog, agreed = await _confirm(window, "domain.force-off", machines)
    assert dialog.heading.text() == "Force off 3 machines?"
    assert text(dialog, "confirm-names") == "web-0000, db-0001"
    assert text(dialog, "confirm-left-out") == "Left out: lab-0014 is off."
    assert child(dialog, QPushButton, "confirm-act").text() == "Force off 2 machines"
    QTest.keyClick(dialog, Qt.Key.Key_Tab)
    assert dialog.focusWidget() is child(dialog, QPushButton, "confirm-act")
    QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Space)
    assert agreed == [machine(0).key, machine(1).key]


async def test_escape_changes_nothing(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog, agreed = await _confirm(window, "domain.reset", [machine(RUNNING)])
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert agreed == []


async def test_a_machine_that_vanishes_under_a_confirmation_is_told(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog, agreed = await _confirm(window, "domain.discard-saved", [machine(15)])
    act = child(dialog, QPushButton, "confirm-act")
    assert act.isEnabled()
    window.session.run("domain.delete", machine(15).key, saved_state=True)
    await until(lambda: not act.isEnabled(), "nothing is left to agree to")
    assert "build-0015 is not there any more" in text(dialog, "confirm-dialog-gone")
    QTest.mouseClick(act, Qt.MouseButton.LeftButton)
    assert agreed == []
    QTest.keyClick(dialog, Qt.Key.Key_Escape)


@pytest.mark.parametrize("index", [0, 3, 8, 10])
async def test_hostile_names_are_plain_in_dialogs(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path, index: int
) -> None:
    window, machine = await open_world(open_window, tmp_path, hostile=True)
    domain = machine(index)
    dialog, _agreed = await _confirm(window, "domain.force-off", [domain])
    assert all_plain(dialog)
    assert HOSTILE_NAMES[index] in dialog.heading.accessibleName()
    assert dialog.width() < 1000
    edit = EditDialog(
        domain, window.session.registry, window.session.inventory, window.bridge, print, window
    )
    edit.open()
    assert all_plain(edit)
    for each in (dialog, edit):
        each.close()


# editing


async def test_editing_writes_what_was_changed_and_nothing_else(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    window.actions_on_machines.perform("domain.edit", (machine(OFF).key,))
    dialog = await until(lambda: window.findChild(EditDialog), "the dialog is there")
    assert isinstance(dialog, EditDialog)
    save = child(dialog, QPushButton, "edit-save")
    assert not save.isEnabled()
    title = child(dialog, QLineEdit, "edit-title")
    title.clear()
    QTest.keyClicks(title, "Shop & <b>front</b>")
    tags = child(dialog, QLineEdit, "edit-tags")
    tags.setText(" prod, prod ,two words,")
    command = text(dialog, "edit-command")
    assert "--new-desc 'Shop & <b>front</b>'" in command
    assert "<tag>prod</tag><tag>two words</tag>" in command
    assert "Serves" not in command
    before = machine(OFF).description
    QTest.keyClick(title, Qt.Key.Key_Return)
    await until(lambda: machine(OFF).tags == ("prod", "two words"), "the tags are kept")
    assert machine(OFF).title == "Shop & <b>front</b>"
    assert machine(OFF).description == before


async def test_tags_of_several_machines_are_changed_at_once(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, _machine = await open_world(open_window, tmp_path)
    domains = list(window.session.inventory.of(Domain))
    before = {domain.key: domain.tags for domain in domains}
    assert len(set(before.values())) > 2
    window.side.tree.setFocus()
    window.side.tree.selectAll()
    await until(lambda: window.pages.is_selection, "the page of the selection is there")
    QTest.mouseClick(child(window, QPushButton, "bulk-domain.tag"), Qt.MouseButton.LeftButton)
    dialog = await until(lambda: window.findChild(TagDialog), "the dialog is there")
    assert isinstance(dialog, TagDialog)
    act = child(dialog, QPushButton, "tag-act")
    assert not act.isEnabled()
    QTest.keyClicks(child(dialog, QLineEdit, "tag-add"), "exam, lab")
    QTest.keyClicks(child(dialog, QLineEdit, "tag-remove"), "keep, database")
    assert f"Changes {len(domains)} of {len(domains)} machines." in text(dialog, "tag-effect")
    assert "<tag>exam</tag>" in text(dialog, "tag-command")
    QTest.mouseClick(act, Qt.MouseButton.LeftButton)

    def expected(tags: tuple[str, ...]) -> tuple[str, ...]:
        kept = [tag for tag in tags if tag not in ("keep", "database")]
        return tuple(dict.fromkeys([*kept, "exam", "lab"]))

    def now() -> dict[Key, tuple[str, ...]]:
        return {d.key: d.tags for d in window.session.inventory.of(Domain)}

    await until(lambda: now() == {k: expected(t) for k, t in before.items()}, "all are changed")
    assert len(window.session.journal.entries()) == len(domains)


async def test_a_description_has_lines_and_tab_leaves_it(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog = EditDialog(
        machine(OFF),
        window.session.registry,
        window.session.inventory,
        window.bridge,
        print,
        window,
    )
    dialog.open()
    field = child(dialog, QPlainTextEdit, "edit-description")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "one")
    QTest.keyClick(field, Qt.Key.Key_Return)
    QTest.keyClicks(field, "two")
    assert dialog.changes() == {"description": "one\ntwo"}
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert dialog.focusWidget() is dialog.tags
    dialog.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "needs a name"),
        ("a/b", "slash"),
        ("db-0001", "has that name"),
        ("bell\a", "can't be seen"),
    ],
)
async def test_a_name_that_does_not_do_is_refused_with_a_reason(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path, name: str, why: str
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog = RenameDialog(
        machine(OFF),
        window.session.registry,
        window.session.inventory,
        window.bridge,
        print,
        window,
    )
    dialog.open()
    dialog.name.setText(name)
    assert why in text(dialog, "rename-reason")
    assert not child(dialog, QPushButton, "rename-act").isEnabled()
    assert dialog.name.property("invalid") == "true"
    dialog.close()


async def test_renaming_by_keys(qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path) -> None:
    window, machine = await open_world(open_window, tmp_path)
    window.actions_on_machines.perform("domain.rename", (machine(OFF).key,))
    dialog = await until(lambda: window.findChild(RenameDialog), "the dialog is there")
    assert isinstance(dialog, RenameDialog)
    QTest.keyClicks(dialog.name, "new name")
    assert text(dialog, "rename-command") == "virsh domrename lab-0014 'new name'"
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    await until(lambda: machine(OFF).name == "new name", "it has the name")


# deleting


async def _delete(
    window: MainWindow, domain: Domain
) -> tuple[DeleteDialog, list[dict[str, object]]]:
    ran: list[dict[str, object]] = []

    async def plan() -> DeletePlan:
        return await delete_plan(window.session.fleet, domain)

    dialog = DeleteDialog(
        domain,
        window.session.registry,
        window.session.inventory,
        window.bridge,
        plan,
        lambda values: ran.append(dict(values)),
        window,
    )
    dialog.open()
    return dialog, ran


async def test_deleting_asks_for_each_thing_that_goes_with_it(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog, ran = await _delete(window, machine(RUNNING))
    act = child(dialog, QPushButton, "delete-act")
    assert act.text() == "Delete web-0000"
    assert not act.isEnabled()
    assert dialog.width() >= 560, "its rows have room"
    await until(lambda: dialog.findChild(QCheckBox, "delete-force_off"), "the plan is there")
    assert "is not off" in text(dialog, "delete-reason")
    child(dialog, QCheckBox, "delete-force_off").click()
    assert "has snapshots" in text(dialog, "delete-reason")
    assert not act.isEnabled()
    child(dialog, QCheckBox, "delete-snapshots").click()
    assert act.isEnabled()
    assert "virsh destroy web-0000" in text(dialog, "delete-command")
    assert "undefine web-0000" in text(dialog, "delete-command")
    held = child(dialog, QCheckBox, "delete-disk-vda")
    assert not held.isEnabled()
    assert "No active storage pool" in held.accessibleDescription()
    act.click()
    assert ran == [{"force_off": True, "snapshots": True}]


async def test_a_machine_that_is_deleted_elsewhere_leaves_nothing_to_delete(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    dialog, ran = await _delete(window, machine(OFF))
    act = child(dialog, QPushButton, "delete-act")
    await until(act.isEnabled, "the plan is there")
    assert dialog.focusWidget() is child(dialog, QPushButton, "delete-keep")
    window.session.run("domain.delete", machine(OFF).key)
    await until(lambda: not act.isEnabled(), "the dialog knows")
    assert "is not there any more" in text(dialog, "delete-dialog-gone")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert ran == []


# connecting


def _connect(
    under: QWidget,
    known: tuple[KnownConnection, ...] = (),
    edited: SavedConnection | None = None,
) -> tuple[ConnectDialog, list[tuple[SavedConnection, str]]]:
    made: list[tuple[SavedConnection, str]] = []
    dialog = ConnectDialog(
        lambda connection, before: made.append((connection, before)),
        known=known,
        edited=edited,
        saved=(SavedConnection("qemu:///session"),),
        parent=under,
    )
    dialog.show()
    return dialog, made


def test_the_uri_is_shown_as_it_is_filled_in(qapp: QApplication, under: QWidget) -> None:
    dialog, made = _connect(under)
    assert text(dialog, "connect-uri") == "qemu:///system"
    child(dialog, QRadioButton, "connect-way-ssh").click()
    assert not child(dialog, QPushButton, "connect-act").isEnabled()
    host = child(dialog, QLineEdit, "connect-host")
    assert host.property("invalid") != "true", "what is still empty is no fault"
    QTest.keyClicks(host, "lab-a")
    QTest.keyClicks(child(dialog, QLineEdit, "connect-user"), "root")
    assert text(dialog, "connect-uri") == "qemu+ssh://root@lab-a/system"
    child(dialog, QCheckBox, "connect-read-only").click()
    QTest.keyClick(host, Qt.Key.Key_Return)
    assert made == [(SavedConnection("qemu+ssh://root@lab-a/system", "", read_only=True), "")]


def test_a_fault_is_told_at_its_field(qapp: QApplication, under: QWidget) -> None:
    dialog, made = _connect(under)
    child(dialog, QRadioButton, "connect-way-tls").click()
    QTest.keyClicks(child(dialog, QLineEdit, "connect-host"), "lab-a")
    port = child(dialog, QLineEdit, "connect-port")
    QTest.keyClicks(port, "99999")
    assert port.property("invalid") == "true"
    assert "1 to 65535" in text(dialog, "connect-reason")
    QTest.keyClick(port, Qt.Key.Key_Return)
    assert made == []
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_fields_that_a_way_does_not_use_are_not_shown(qapp: QApplication, under: QWidget) -> None:
    dialog, _made = _connect(under)
    for way, shown in (("system", {"driver"}), ("test", {"file"}), ("other", {"uri"})):
        child(dialog, QRadioButton, f"connect-way-{way}").click()
        fields = {
            name
            for name in ("host", "user", "port", "driver", "path", "file", "uri")
            if (field := dialog.findChild(QWidget, f"connect-{name}")) and field.isVisible()
        }
        # The label of the resulting URI has a name of its own; its field is looked for by kind.
        assert (
            fields - {"uri"}
            | ({"uri"} if child(dialog, QLineEdit, "connect-uri").isVisible() else set())
            == shown
        )
    dialog.close()


def test_what_other_programs_know_fills_the_fields(qapp: QApplication, under: QWidget) -> None:
    known = (
        KnownConnection("qemu:///session", "", "virt-manager"),
        KnownConnection("qemu+ssh://root@sleet:2222/system", "sleet", "/etc/libvirt/libvirt.conf"),
    )
    dialog, made = _connect(under, known)
    listed = child(dialog, QListWidget, "connect-known")
    assert listed.count() == 1, "what vmgui has already is left out"
    assert "sleet" in listed.item(0).text()
    listed.setFocus()
    listed.setCurrentRow(0)
    listed.itemActivated.emit(listed.item(0))
    assert child(dialog, QRadioButton, "connect-way-ssh").isChecked()
    assert child(dialog, QLineEdit, "connect-port").text() == "2222"
    press(dialog, "connect-act")
    assert made == [(SavedConnection("qemu+ssh://root@sleet:2222/system", "sleet"), "")]


def test_a_connection_is_edited_with_its_own_values(qapp: QApplication, under: QWidget) -> None:
    edited = SavedConnection("lxc:///system", "boxes", read_only=True)
    dialog, made = _connect(under, edited=edited)
    assert child(dialog, QComboBox, "connect-driver").currentText() == "lxc"
    assert child(dialog, QLineEdit, "connect-name").text() == "boxes"
    child(dialog, QCheckBox, "connect-read-only").click()
    press(dialog, "connect-act")
    assert made == [(SavedConnection("lxc:///system", "boxes"), "lxc:///system")]


# asking


def test_a_password_is_answered_by_keys_and_hidden(qapp: QApplication, under: QWidget) -> None:
    question = Question("qemu+tcp://lab-a/system", (Prompt("Username"), Prompt("Password", True)))
    dialog = QuestionDialog(question, "lab-a", under)
    dialog.open()
    name = child(dialog, QLineEdit, "question-field-0")
    secret = child(dialog, QLineEdit, "question-field-1")
    assert secret.echoMode() is QLineEdit.EchoMode.Password
    assert dialog.focusWidget() is name
    QTest.keyClicks(name, "me")
    QTest.keyClick(name, Qt.Key.Key_Tab)
    QTest.keyClicks(secret, "pa ss")
    child(dialog, QCheckBox, "question-remember").click()
    QTest.keyClick(secret, Qt.Key.Key_Return)
    assert question.outcome.result() == ("me", "pa ss")
    assert question.remember


def test_closing_a_question_refuses_it(qapp: QApplication, under: QWidget) -> None:
    question = Question("qemu+ssh://lab-a/system", (Prompt("Password", True),))
    dialog = QuestionDialog(question, "", under)
    dialog.open()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert question.outcome.result() is None


def test_a_question_that_is_withdrawn_closes_its_dialog(qapp: QApplication, under: QWidget) -> None:
    question = Question("qemu+ssh://lab-a/system", (Prompt("Password", True),))
    dialog = QuestionDialog(question, "", under)
    dialog.open()
    question.refuse()
    assert not dialog.isVisible()


def test_an_unknown_host_key_is_trusted_only_by_choice(qapp: QApplication, under: QWidget) -> None:
    asks = (
        "The authenticity of host <b>x</b> can't be established.\nContinue (yes/no/[fingerprint])?"
    )
    question = Question("qemu+ssh://lab-a/system", (Prompt(asks),))
    dialog = QuestionDialog(question, "lab-a", under)
    dialog.open()
    assert text(dialog, "question-text") == asks
    assert all_plain(dialog)
    assert not child(dialog, QCheckBox, "question-remember").isVisible()
    assert dialog.focusWidget() is child(dialog, QPushButton, "question-refuse")
    press(dialog, "question-answer")
    assert question.outcome.result() == ("yes",)


# preferences, about, first start


def test_every_setting_can_be_chosen_and_holds_at_once(qapp: QApplication, under: QWidget) -> None:
    settings = Settings()
    dialog = PreferencesDialog(settings, under)
    dialog.show()
    for setting in ALL:
        control = child(dialog, QWidget, f"setting-{setting.key}")
        assert control.accessibleName() == setting.title
        assert control.accessibleDescription() == setting.help
    scheme = child(dialog, QComboBox, f"setting-{SCHEME.key}")
    scheme.setFocus()
    QTest.keyClick(scheme, Qt.Key.Key_End)
    assert settings.get(SCHEME) == "dark"
    toggle = child(dialog, Toggle, f"setting-{KEEP_HISTORY.key}")
    QTest.keyClick(toggle, Qt.Key.Key_Space)
    assert settings.get(KEEP_HISTORY) is False
    child(dialog, QDoubleSpinBox, f"setting-{POLL_INTERVAL_S.key}").setValue(5)
    assert settings.get(POLL_INTERVAL_S) == 5.0
    assert settings.get(JOBS_AT_ONCE) == JOBS_AT_ONCE.default
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_versions_can_be_copied_for_a_report(qapp: QApplication, under: QWidget) -> None:
    dialog = AboutDialog(under)
    dialog.open()
    press(dialog, "about-copy")
    copied = qapp.clipboard().text()
    assert copied == text(dialog, "about-versions")
    assert "Qt 6" in copied
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_first_start_offers_the_ways_to_begin(qapp: QApplication, under: QWidget) -> None:
    page = FirstStart(under)
    page.show()
    chosen: list[object] = []
    labs: list[bool] = []
    page.way_chosen.connect(chosen.append)
    page.lab_wanted.connect(lambda: labs.append(True))
    for name in ("local", "host", "test", "lab"):
        QTest.keyClick(child(page, QPushButton, f"first-{name}"), Qt.Key.Key_Space)
    assert chosen == [Way.SYSTEM, Way.SSH, Way.TEST]
    assert labs == [True]
    page.show_progress("Starting a lab")
    assert text(page, "first-progress") == "Starting a lab"
    assert not child(page, QPushButton, "first-lab").isEnabled()
    page.show_progress("")
    page.show_problems((LabProblem("No uidmap.", "It isn't installed.", "Install <uidmap>."),))
    shown = [label.text() for label in page.findChildren(QLabel)]
    assert "No uidmap. It isn't installed." in shown
    assert "Install <uidmap>." in shown
    assert all_plain(page)
