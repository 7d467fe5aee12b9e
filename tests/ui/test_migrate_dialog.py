"""Where a machine shall go, and the numbers of a migration under way: driven by keys and clicks."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QDialog, QPushButton, QSpinBox
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.ui.snapshot_actions import Planner
from tests.ui.test_dialogs import all_plain, open_world, text
from tests.ui.test_machine_page import OFF, RUNNING, child
from tests.ui.test_snapshot_dialogs import act_of, deed_of
from tests.until import until
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.host import Host
from vmgui.inventory.key import host_key
from vmgui.ui.dialogs.migrate import KnobDialog, MigrateDialog

HOSTS = (
    Host(host_key("qemu:///b"), "lab-b"),
    Host(host_key("qemu:///c"), "<b>lab-c</b>"),
)


def planned(values: Mapping[str, object]) -> FilePlan:
    """Let everything go to lab-b, and nothing to the other one."""
    refusal = "" if values["to"] == "qemu:///b" else "CPU: it lacks avx2."
    return FilePlan("Migrate", refusal=refusal, virsh=(f"virsh migrate web {values['to']}",))


async def test_each_host_says_whether_it_can_take_it_and_the_chosen_one_is_asked_for(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    ran: list[dict[str, object]] = []
    deed = deed_of(window, "domain.migrate", machine(RUNNING).key, Planner(planned), ran)
    dialog = MigrateDialog(deed, HOSTS, {}, window)
    dialog.open()
    to = child(dialog, QComboBox, "migrate-to")
    await until(lambda: "can't take it. CPU: it lacks avx2." in to.itemText(1), "its verdict")
    assert to.itemText(0) == "lab-b: can take it"
    assert all_plain(dialog)
    await until(act_of(dialog).isEnabled, "the plan for the first host")
    to.setCurrentIndex(1)
    assert not act_of(dialog).isEnabled()
    await until(lambda: dialog.live.is_fresh, "the plan for the second host")
    assert text(dialog, "plan-refusal") == "CPU: it lacks avx2."
    assert not act_of(dialog).isEnabled()
    to.setCurrentIndex(0)
    dialog.copy_storage.setCurrentIndex(dialog.copy_storage.findData("full"))
    dialog.post_copy.setChecked(True)
    await until(act_of(dialog).isEnabled, "the plan with the options")
    act_of(dialog).click()
    assert ran == [{"to": "qemu:///b", "copy_storage": "full", "post_copy": True}]


async def test_what_is_off_has_no_post_copy_and_without_hosts_nothing_can_be_done(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    deed = deed_of(window, "domain.migrate", machine(OFF).key, Planner(planned))
    dialog = MigrateDialog(deed, (), {}, window)
    dialog.open()
    assert not dialog.post_copy.isEnabled()
    assert "no other host" in text(dialog, "plan-words")
    assert not act_of(dialog).isEnabled()
    dialog.reject()


async def test_a_knob_is_set_to_a_number(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    ran: list[dict[str, object]] = []
    deed = deed_of(window, "migration.set-downtime", machine(RUNNING).key, Planner(planned), ran)
    dialog = KnobDialog(deed, "ms", "ms", window)
    dialog.open()
    value = child(dialog, QSpinBox, "knob-value")
    assert value.text() == "300 ms"
    value.setValue(900)
    child(dialog, QPushButton, "knob-set").click()
    assert ran == [{"ms": 900}]


async def test_the_menu_asks_where_to(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, machine = await open_world(open_window, tmp_path)
    window.actions_on_machines.perform("domain.migrate", [machine(RUNNING).key])
    dialog = window.findChild(QDialog, "migrate-dialog")
    assert isinstance(dialog, MigrateDialog)
    dialog.reject()
