"""Which turns of the window's loop hold it, how long, and what they were doing.

    python -m tests.bench.turns [--sizes 10,100,1000,5000] [--least 20] [--profile]

opens the real window, off the screen, on a generated world for libvirt's test driver, one process
for each size. It then does what a person does, step by step, and tells for each step how many
turns there were, the longest on the clock and the longest in processor time of the window's own
thread. Processor time is what to go by on a busy machine. With ``--profile`` each turn over
``--least`` milliseconds tells its costliest functions; then all turns cost more.

A turn is what Qt does before it looks again for keys and clicks: all posted events, timers and
sockets that are due. So the longest turn is the longest that the window is deaf.
"""

import argparse
import asyncio
import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Qt's own dispatcher tells each time that it begins anew; GLib's only when it has waited.
os.environ["QT_NO_GLIB"] = "1"

from PySide6.QtCore import QAbstractEventDispatcher, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QTabBar, QTableView

from tests.until import until
from tests.worlds import machine_name, machine_uuid, write_world
from vmgui.inventory.key import domain_key, host_key
from vmgui.session import Session
from vmgui.ui import app
from vmgui.ui.main_window import MainWindow
from vmgui.ui.style import Style
from vmgui.ui.views.host_page import HostPage
from vmgui.ui.views.machine_page import MachinePage

P = TypeVar("P", HostPage, MachinePage)

_WHOLE, _OWN = 28, 12
_SETTLE_S = 0.4
_REST_S = 12.0
_MACHINES = 12
_QUICK = 0.05


@dataclass(slots=True)
class Step:
    """What one step took: turns, and of each its time on the clock and of the processor."""

    name: str
    turns: list[tuple[float, float]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return it as a line of the table, in milliseconds."""
        wall_s = max((wall for wall, _ in self.turns), default=0.0)
        cpu_s = max((cpu for _, cpu in self.turns), default=0.0)
        spent_s = sum(cpu for _, cpu in self.turns)
        return (
            f"{self.name:24} {len(self.turns):6} turns  {wall_s * 1e3:7.1f} ms  "
            f"{cpu_s * 1e3:7.1f} ms CPU  {spent_s * 1e3:8.0f} ms CPU in all"
        )


class Watch:
    """Follows the turns of the loop of this thread."""

    def __init__(self, least_s: float, *, profiled: bool) -> None:
        self.steps = [Step("make the window")]
        self._least_s = least_s
        self._profile = cProfile.Profile() if profiled else None
        self._began = (time.perf_counter(), time.thread_time())
        if self._profile is not None:
            self._profile.enable()

    def follow(self) -> None:
        """Follow the loop from now on; what came before was one turn."""
        dispatcher = QAbstractEventDispatcher.instance()
        assert dispatcher is not None
        self._on_turn()
        dispatcher.awake.connect(self._on_turn)

    def begin(self, name: str) -> None:
        """Count the turns from now on as another step's, this one among them."""
        self.steps.append(Step(name))

    def _on_turn(self) -> None:
        wall_s, cpu_s = time.perf_counter() - self._began[0], time.thread_time() - self._began[1]
        # How long it slept before it worked is in the time on the clock too, which therefore
        # counts only where there was much work.
        self.steps[-1].turns.append((wall_s if cpu_s > self._least_s / 2 else cpu_s, cpu_s))
        if self._profile is not None:
            self._profile.disable()
            if cpu_s > self._least_s:
                what = f"{self.steps[-1].name}: {cpu_s * 1e3:.1f} ms CPU"
                self.steps[-1].told.append(f"  {what}\n{_costliest(self._profile)}")
            self._profile = cProfile.Profile()
            self._profile.enable()
        self._began = (time.perf_counter(), time.thread_time())


def _costliest(profile: cProfile.Profile) -> str:
    """Return the functions that took longest, with what they called and without it."""
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # its one table
    rows = [(own, whole, times, at) for at, (_, times, own, whole, _) in stats.items()]
    told = [
        f"    {whole * 1e3:7.1f} ms whole {times:7}×  {_place(at)}"
        for _, whole, times, at in sorted(rows, key=lambda row: -row[1])[:_WHOLE]
    ]
    told += [
        f"    {own * 1e3:7.1f} ms own   {times:7}×  {_place(at)}"
        for own, _, times, at in sorted(rows, key=lambda row: -row[0])[:_OWN]
    ]
    return "\n".join(told)


def _place(at: tuple[str, int, str]) -> str:
    file, line, name = at
    return f"{'/'.join(Path(file).parts[-3:])}:{line} {name}"


class Person:
    """Does what a person does, and waits until it is shown."""

    def __init__(self, window: MainWindow, watch: Watch, uri: str, size: int, pace: float) -> None:
        self._window = window
        self._watch = watch
        self._uri = uri
        self._size = size
        self._pace = pace

    async def act(self) -> None:
        """Go through all steps."""
        for name, do in (
            ("first machine", lambda: self._open(0)),
            ("machine after machine", self._machines),
            ("down and up", self._keys),
            ("host", self._host),
            ("table of machines", lambda: self._tab("machines")),
            ("sort the table", self._sort),
            ("graphs", lambda: self._tab("graphs")),
            ("all hypervisors", self._all),
            ("query", self._query),
            ("no query", self._no_query),
            ("fold and unfold", self._fold),
            ("select everything", self._select_all),
            ("read everything again", self._refresh),
            ("at rest", self._rest),
        ):
            self._watch.begin(name)
            await do()
            await self._shown()

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._pace)

    async def _shown(self) -> None:
        await self._pause(_SETTLE_S)
        await until(lambda: self._window.is_settled, "the window shows everything", within_s=60)

    async def _open(self, number: int) -> None:
        tree = self._window.side.tree
        key = domain_key(self._uri, machine_uuid(number))
        index = self._window.tree.index_of_key(key)
        tree.scrollTo(index)
        place = tree.visualRect(index).center()
        QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert self._page(MachinePage).key == key, machine_name(number)

    def _page(self, kind: type[P]) -> P:
        page = self._window.pages.currentWidget()
        assert isinstance(page, kind)
        return page

    async def _machines(self) -> None:
        for number in range(1, _MACHINES):
            await self._open(number * self._size // _MACHINES)
            await self._pause(0.1)

    async def _keys(self) -> None:
        tree = self._window.side.tree
        for key in (Qt.Key.Key_Down,) * 10 + (Qt.Key.Key_PageDown, Qt.Key.Key_Up) * 3:
            QTest.keyClick(tree, key)
            await self._pause(0.02)
        for key in (Qt.Key.Key_End, Qt.Key.Key_Home):
            QTest.keyClick(tree, key)
            await self._pause(0.1)

    async def _host(self) -> None:
        self._window.open_key(host_key(self._uri))

    async def _tab(self, key: str) -> None:
        bar = self._page(HostPage).findChild(QTabBar)
        assert isinstance(bar, QTabBar)
        for index in range(bar.count()):
            if bar.tabData(index) == key:
                QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())

    async def _sort(self) -> None:
        table = self._page(HostPage).findChild(QTableView, "host-machines")
        assert isinstance(table, QTableView)
        head = table.horizontalHeader()
        for column in (0, 1, 2, 4, 0):
            place = QPoint(head.sectionViewportPosition(column) + 10, head.height() // 2)
            QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=place)
            await self._pause(0.1)

    async def _all(self) -> None:
        self._window.open_row(("all",))
        await self._pause(3)

    async def _query(self) -> None:
        self._window.side.start_query()
        field = self._window.side.query.findChild(QLineEdit)
        assert isinstance(field, QLineEdit)
        for letter in "db-00":
            QTest.keyClicks(field, letter)
            await self._pause(0.15)
        await self._shown()
        assert self._window.tree.is_filtered

    async def _no_query(self) -> None:
        self._window.side.query.set_text("")

    async def _fold(self) -> None:
        for _ in range(2):
            self._window.side.tree.fold_all()
            await self._pause(0.2)

    async def _select_all(self) -> None:
        tree = self._window.side.tree
        QTest.keyClick(tree, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        await self._pause(0.3)
        QTest.keyClick(tree, Qt.Key.Key_Home)

    async def _refresh(self) -> None:
        await self._window.session.refresh()

    async def _rest(self) -> None:
        await self._pause(_REST_S)


def _run(size: int, least_s: float, pace: float, *, profiled: bool) -> None:
    """Open the window in this process, act in it, and tell."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            os.environ[f"XDG_{name}_HOME"] = f"{place}/{name}"
        uri = write_world(Path(place) / "world.xml", domains=size)
        watch = Watch(least_s, profiled=profiled)

        class Watched(MainWindow):
            """The window, with a person before it as soon as everything is shown."""

            def __init__(self, session: Session, style: Style) -> None:
                super().__init__(session, style)
                watch.follow()
                self.start(self._act(), "act")

            async def _act(self) -> None:
                watch.begin("load")
                await until(self.session.inventory.hosts, "the host is known")
                await self.session.settled()
                await until(lambda: self.is_settled, "the window shows everything", within_s=300)
                watch.begin("after loading")
                await asyncio.sleep(5 * pace)
                await Person(self, watch, uri, size, pace).act()
                self.close()

        vars(app)["MainWindow"] = Watched
        app.run(app.Options(connect=(uri,)))
    print(f"\n{size} machines, load {os.getloadavg()[0]:.1f}")
    for step in watch.steps:
        print(step.line())
    for step in watch.steps:
        print("\n".join(step.told[:6]), end="\n" if step.told else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each size in a process of its own; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.turns")
    parser.add_argument("--sizes", default="10,100,1000,5000", help="how many machines")
    parser.add_argument("--least", type=float, default=20.0, help="ms of a turn that is told")
    parser.add_argument("--profile", action="store_true", help="tell functions, not samples")
    parser.add_argument("--quick", action="store_true", help="see that it works; no real figures")
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.sizes.split(",")]
    if len(sizes) == 1:
        pace = _QUICK if options.quick else 1.0
        _run(sizes[0], options.least / 1e3, pace, profiled=options.profile)
        return 0
    more = ["--least", str(options.least)]
    more += [f"--{name}" for name in ("profile", "quick") if getattr(options, name)]
    for size in sizes:
        command = [sys.executable, "-m", "tests.bench.turns", "--sizes", str(size), *more]
        subprocess.run(command, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
