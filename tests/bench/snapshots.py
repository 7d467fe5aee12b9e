"""How long the window's thread is held by 200 snapshots in 30 branches.

``python -m tests.bench.snapshots [COUNT]`` prints the CPU time of each step, in milliseconds; a
turn of the loop above 50 ms is one that a person may feel.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests import snapshot_world as world
from tests.ui.world import host
from vmgui.inventory.changes import Change
from vmgui.inventory.images import Image, MachineStorage
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.settings import Settings
from vmgui.ui.main_window import MainWindow
from vmgui.ui.style import install
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.views.snapshots.tab import SnapshotsTab

_RUNS = 5


def main(arguments: Sequence[str]) -> int:
    """Measure, and print a line for each step."""
    count = int(arguments[0]) if arguments else 200
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with QEventLoop(app) as loop:
        loop.run_until_complete(_measure(app, count))
    return 0


async def _measure(app: QApplication, count: int) -> None:
    style = install(app)
    with tempfile.TemporaryDirectory() as state:
        session = Session(Settings(), state_dir=Path(state))
        await session.open()
        window = MainWindow(session, style)
        window.resize(1600, 1000)
        window.show()
        snapshots = world.many(count)
        session.inventory.apply(
            Change(added=(host(world.URI, "lab-a"), world.machine(), *snapshots))
        )
        await asyncio.sleep(0.5)
        storage = _storage(count)

        async def storage_of(_key: Key) -> MachineStorage:
            return storage

        session.storage_of = storage_of  # type: ignore[method-assign,assignment]  # no host is behind it
        window.open_key(world.KEY)
        try:
            await _told("open the tab", lambda: window.pages.show_tab(1), runs=1)
            page = window.pages.currentWidget()
            assert isinstance(page, MachinePage)
            tab = page.findChild(SnapshotsTab)
            assert tab is not None
            await asyncio.sleep(0.5)
            await _steps(tab, snapshots[0].name, storage)
            newest = replace(snapshots[-1], description="changed")
            await _told(
                "a live change",
                lambda: session.inventory.apply(Change(updated=(newest,))),
                runs=1,
            )
        finally:
            window.close()
            await window.close_down()
            await session.close()
            window.deleteLater()


async def _steps(tab: SnapshotsTab, first: str, storage: MachineStorage) -> None:
    view = tab.timeline.view
    await _told("take over all records", tab._take)
    await _told("choose the first", lambda: tab.choose(first))
    await _told("choose here", lambda: tab.choose(""))
    await _told("show the files", lambda: tab.chain.set_storage(storage))
    await _told("zoom in", lambda: view.zoom_by(1))
    await _told("fit", view.fit)
    await _told("paint all of it", tab.grab)


async def _told(what: str, act: Callable[[], object], runs: int = _RUNS) -> None:
    """Do something, and print how long it and the longest turn of the loop after it took."""
    spent, turns = [], []
    for _ in range(runs):
        start = time.thread_time()
        act()
        spent.append(time.thread_time() - start)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            start = time.thread_time()
            await asyncio.sleep(0)
            turns.append(time.thread_time() - start)
    sys.stdout.write(
        f"{what:24} {max(spent) * 1000:6.1f} ms; longest turn {max(turns) * 1000:6.1f} ms\n"
    )


def _storage(count: int) -> MachineStorage:
    """Return a chain of as many files as there are snapshots."""
    images = [
        Image(
            f"/images/db-01.{n}",
            "qcow2",
            40 * world.GIB,
            world.GIB,
            f"/images/db-01.{n - 1}" if n else "",
            exists=True,
        )
        for n in range(count)
    ]
    machine = world.machine(images[-1].path)
    return MachineStorage(machine, snapshots=world.many(count), images=tuple(images))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
