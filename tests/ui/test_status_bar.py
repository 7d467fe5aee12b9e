"""The bottom line: it tells of every host at any time, and nothing in it moves."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.ui.world import A, B, host
from vmgui.inventory.changes import Change
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.ui.bridge import Bridge
from vmgui.ui.status_bar import HostHealth, MoreHosts, StatusBar
from vmgui.ui.style import Style


class Ages:
    """Figures that were taken so many seconds ago."""

    def __init__(self) -> None:
        self.age_s = 0.0

    def latest(self, key: Key) -> Sample | None:
        """Return a sample of the host."""
        return Sample(key, time.time() - self.age_s, step_s=2.0)

    def recent_cpu(self, key: Key) -> tuple[float, ...]:
        """Return nothing: no line is drawn here."""
        return ()


class World:
    """A status bar over two connected hosts, whose clock and figures the test moves."""

    def __init__(self, style: Style) -> None:
        self.inventory = Inventory()
        self.inventory.apply(Change(added=(host(A, "lab-a"), host(B, "lab-b"))))
        self.figures = Ages()
        self.bridge = Bridge()
        self.bar = StatusBar(self.inventory, self.figures, lambda: 2.0, self.bridge, style)
        self.bar.resize(1200, 26)
        self.bar.show()

    def second(self, *, age_s: float, latency_s: float = 0.003) -> None:
        """Let the clock tick with figures so old and answers so late."""
        record = host(A, "lab-a")
        record = replace(record, link=replace(record.link, latency_s=latency_s))
        self.inventory.apply(Change(updated=(record,)))
        self.figures.age_s = age_s
        self.bridge.ticked.emit()
        QTest.qWait(0)


@pytest.fixture
def world(qapp: QApplication, style: Style) -> Iterator[World]:
    """Return the bar and what it looks at."""
    world = World(style)
    yield world
    world.bridge.close()
    world.bar.deleteLater()


def _health(bar: QWidget, uri: str) -> HostHealth:
    health = bar.findChild(HostHealth, f"health-{uri}")
    assert health is not None
    return health


def test_a_connected_host_whose_figures_stay_away_turns_amber(world: World) -> None:
    health = _health(world.bar, A)
    seen = []
    for age_s in (1.0, 9.0):
        world.second(age_s=age_s)
        seen.append((health.words, health.is_amber))
    assert seen == [("3 ms · data 1 s old", False), ("3 ms · data 9 s old", True)]
    assert "no figures have come" in health.toolTip()


def test_nothing_moves_when_figures_get_another_digit(world: World) -> None:
    places = set()
    for latency_s, age_s in ((0.003, 0.0), (0.212, 2.0), (0.0004, 11.0), (0.011, 1.0)):
        world.second(age_s=age_s, latency_s=latency_s)
        places.add((_health(world.bar, B).x(), _health(world.bar, A).width()))
    assert len(places) == 1, places


def test_of_many_hosts_those_in_trouble_are_shown_and_the_rest_is_counted(world: World) -> None:
    hosts = [host(f"test:///{n}", f"host-{n:02}") for n in range(40)]
    hosts[33] = host("test:///33", "host-33", LinkState.STALLED)
    world.inventory.apply(Change(added=tuple(hosts)))
    world.second(age_s=1.0)
    healths = world.bar.findChildren(HostHealth)
    shown = [each for each in healths if each.isVisible()]
    assert len(healths) == 42
    assert _health(world.bar, "test:///33") in shown
    assert all(each.width() >= each.sizeHint().width() for each in shown), "none is squeezed"
    more = world.bar.findChild(MoreHosts)
    assert more is not None
    assert more.accessibleName() == f"{42 - len(shown)} more hosts"
    assert world.bar.minimumSizeHint().width() < 300
    asked: list[bool] = []
    world.bar.all_wanted.connect(lambda: asked.append(True))
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    assert asked


def test_the_focus_shows_on_a_host(world: World, style: Style) -> None:
    health = _health(world.bar, A)
    world.bar.activateWindow()

    def ringed() -> bool:
        picture = health.grab().toImage()
        accent = style.color("acc").rgb()
        return any(picture.pixel(2, y) == accent for y in range(picture.height()))

    health.clearFocus()
    assert not ringed()
    health.setFocus(Qt.FocusReason.TabFocusReason)
    assert health.hasFocus()
    assert ringed()


async def test_hosts_stay_in_sight_while_something_is_said(
    qloop: QEventLoop, open_window: OpenWindow
) -> None:
    window = await open_window("test:///default")
    window.status.showMessage("The lab is coming up")
    QTest.qWait(0)
    said = window.status.findChild(QLabel, "said")
    assert said is not None
    assert said.accessibleName() == "The lab is coming up"
    assert said.width() > 100
    assert _health(window.status, "test:///default").isVisible()
    window.status.clearMessage()
    assert said.accessibleName() == ""
