"""What shows a file plan."""

from PySide6.QtWidgets import QApplication, QLabel, QToolButton

from tests.ui.gallery import deletion_plan
from tests.ui.test_dialogs import all_plain
from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.ui.style import Style
from vmgui.ui.widgets.command_line import CommandLine
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.file_plan import FATES, FilePlanView

_LONG = "/var/lib/<b>images</b>/" + "deep/" * 40 + "db-01.qcow2"


def _texts(view: FilePlanView, name: str) -> list[str]:
    return [label.text() for label in view.findChildren(QLabel, name)]


def test_every_fate_has_its_place_and_what_is_lost_comes_first(style: Style) -> None:
    assert set(FATES) == set(Fate)
    view = FilePlanView()
    view.show_plan(deletion_plan())
    paths = [label.full_text for label in view.findChildren(ElidedLabel, "plan-path")]
    assert paths[0].endswith("db-01.upgraded")
    assert paths[1].endswith("db-01.before-upgrade")
    assert _texts(view, "plan-loses") == ["Lost: The way back to “upgraded”."]
    assert "1.9 GiB" in _texts(view, "plan-size")
    assert "4.2 GiB → up to 6.1 GiB" in _texts(view, "plan-size")
    assert any(label.text() == "and 2 more" for label in view.findChildren(QLabel))


def test_a_path_is_cut_in_the_middle_and_whole_in_its_tool_tip(style: Style) -> None:
    view = FilePlanView()
    view.show_plan(FilePlan("x", (PlannedFile(_LONG, Fate.REMOVED, "<i>disk</i>"),)))
    view.resize(480, 200)
    view.show()
    (path,) = view.findChildren(ElidedLabel, "plan-path")
    assert "…" in path.text()
    assert path.toolTip().replace("\n", "") == _LONG
    assert all_plain(view)
    view.close()


def test_a_refusal_is_told_and_the_command_is_copied_whole(
    qapp: QApplication, style: Style
) -> None:
    view = FilePlanView()
    line = "virsh blockcommit db-01 vda --base " + _LONG
    view.show_plan(FilePlan("x", refusal="student-07 is built on it.", virsh=(line,)))
    assert _texts(view, "plan-refusal") == ["student-07 is built on it."]
    (command,) = view.findChildren(CommandLine)
    command.findChild(QToolButton).click()  # type: ignore[union-attr]  # it has one
    assert qapp.clipboard().text() == line


def test_the_same_plan_again_changes_nothing(style: Style) -> None:
    view = FilePlanView()
    view.show_plan(deletion_plan())
    before = view.findChildren(ElidedLabel, "plan-path")
    view.show_plan(deletion_plan())
    assert view.findChildren(ElidedLabel, "plan-path") == before
    view.show_words("It can't be known.", "dang")
    assert view.findChildren(ElidedLabel, "plan-path") == []
