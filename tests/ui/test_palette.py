"""The command palette, by keys alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.ui.test_machine_page import OFF, RUNNING
from tests.until import until
from tests.worlds import HOSTILE_NAMES, machine_uuid, write_world
from vmgui.inventory.key import Key, domain_key
from vmgui.ui.main_window import MainWindow
from vmgui.ui.palette import Palette


class Spy:
    def __init__(self) -> None:
        self.performed: list[tuple[str, tuple[Key, ...]]] = []
        self.opened: list[Key] = []
        self.commands: list[str] = []

    def perform(
        self,
        action_id: str,
        keys: Sequence[Key],
        arguments: Mapping[str, object] | None = None,
    ) -> None:
        self.performed.append((action_id, tuple(keys)))


async def make(
    open_window: OpenWindow, tmp_path: Path, *targets: int, hostile: bool = False
) -> tuple[MainWindow, Palette, Spy]:
    uri = write_world(tmp_path / "world.xml", domains=20, hostile=hostile)
    window = await open_window(uri)
    spy = Spy()
    palette = Palette(
        window.session,
        spy.perform,
        spy.opened.append,
        lambda: [("Preferences…", "Ctrl+,", lambda: spy.commands.append("preferences"))],
        window,
    )
    palette.open_for([domain_key(uri, machine_uuid(index)) for index in targets])
    return window, palette, spy


def texts(palette: Palette) -> list[str]:
    return [item.text for item in palette.found()]


async def test_a_machine_is_found_and_opened_by_keys(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, palette, spy = await make(open_window, tmp_path)
    QTest.keyClicks(palette.field, "lab 14")
    assert texts(palette)[0] == "lab-0014"
    assert "off" in palette.found()[0].beside
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert spy.opened == [domain_key(window.session.fleet.uris[0], machine_uuid(OFF))]


async def test_actions_on_the_selection_come_first_with_their_command(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, palette, spy = await make(open_window, tmp_path, RUNNING)
    QTest.keyClicks(palette.field, "pause")
    assert texts(palette)[0] == "Pause web-0000"
    assert palette.found()[0].beside == "virsh suspend web-0000"
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert [each[0] for each in spy.performed] == ["domain.suspend"]


async def test_an_action_without_a_machine_says_that_it_needs_one(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, palette, spy = await make(open_window, tmp_path)
    QTest.keyClicks(palette.field, "paus")
    assert palette.found()[0].text == "Pause"
    assert "a machine first" in palette.found()[0].refusal
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    assert not spy.performed


async def test_what_cannot_be_done_says_why_and_is_not_done(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, palette, spy = await make(open_window, tmp_path, RUNNING)
    QTest.keyClicks(palette.field, "start web-0000")
    assert palette.found()[0].refusal == "web-0000 is running."
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    assert spy.performed == []
    palette.close()


async def test_several_machines_are_acted_on_together(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, palette, _spy = await make(open_window, tmp_path, 0, 1, OFF)
    QTest.keyClicks(palette.field, "shut down")
    assert texts(palette)[0] == "Shut down 3 machines"
    assert not palette.found()[0].refusal, "two of them can"
    palette.field.clear()
    QTest.keyClicks(palette.field, "rename")
    assert "one machine at a time" in palette.found()[0].refusal
    palette.close()


async def test_commands_of_the_window_and_hosts_are_found(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    window, palette, spy = await make(open_window, tmp_path)
    QTest.keyClicks(palette.field, "prefs")
    assert texts(palette)[0] == "Preferences…"
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert spy.commands == ["preferences"]
    palette.open_for(())
    host = window.session.inventory.hosts()[0]
    QTest.keyClicks(palette.field, host.name)
    assert host.name in texts(palette)
    palette.close()


async def test_the_arrows_walk_and_escape_closes(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, palette, spy = await make(open_window, tmp_path)
    QTest.keyClicks(palette.field, "web")
    second = texts(palette)[1]
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentIndex().data() == second
    QTest.keyClick(palette.field, Qt.Key.Key_Up)
    QTest.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentIndex().row() == 0
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    await until(lambda: not palette.isVisible(), "it is closed")
    assert spy.opened == []


async def test_nothing_found_is_said_and_does_nothing(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, palette, spy = await make(open_window, tmp_path)
    QTest.keyClicks(palette.field, "qqqq")
    assert texts(palette) == []
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    assert spy.opened == []
    palette.close()


async def test_hostile_names_are_found_and_quoted(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    _window, palette, _spy = await make(open_window, tmp_path, 3, hostile=True)
    QTest.keyClicks(palette.field, "force off")
    item = palette.found()[0]
    assert HOSTILE_NAMES[3] in item.text
    assert "rm -rf" in item.beside
    assert item.beside.startswith("virsh destroy '")
    palette.grab()
    palette.close()
