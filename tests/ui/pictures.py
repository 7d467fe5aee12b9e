"""Takes the README's pictures: the real window on real machines.

``python -m tests.ui.pictures`` starts a lab of its own and ends it afterwards; with
``--connect URI`` it takes what is there. QT_SCALE_FACTOR and QT_QPA_PLATFORM hold as usual.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.until import until
from vmgui import lab
from vmgui.insight.clone_form import CountChosen, KindChosen, PatternTyped
from vmgui.insight.clone_spec import CloneKind
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.settings import GRAPH_RANGE_S, SavedConnection, Settings
from vmgui.ui.main_window import MainWindow
from vmgui.ui.style import Style, install
from vmgui.ui.views.clone.page import ClonePage
from vmgui.ui.views.snapshots.tab import SnapshotsTab

_LAB = "pictures"
_CLONES = 12
_HOME = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Take all pictures into a folder."""
    parser = argparse.ArgumentParser(description="Take pictures of the window.")
    parser.add_argument("--out", type=Path, default=_HOME / "resources" / "screenshots")
    parser.add_argument("--connect", action="append", default=[], metavar="URI")
    parser.add_argument("--seconds", type=float, default=75, help="how long figures are gathered")
    parser.add_argument("--size", default="1600x1000")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    width, height = map(int, options.size.split("x"))
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with tempfile.TemporaryDirectory() as state:
        # Neither settings nor the window's last size are those of whoever takes the pictures.
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = state
        with hosts(options.connect) as connections, QEventLoop(app) as loop:
            loop.run_until_complete(
                take_all(app, connections, options.out, options.seconds, (width, height))
            )
    return 0


@contextmanager
def hosts(uris: Sequence[str]) -> Iterator[list[SavedConnection]]:
    """Yield what to connect to: ``uris``, or a lab that lives as long as the block."""
    if uris:
        yield [SavedConnection(uri) for uri in uris]
        return
    status = lab.up(2, 4, name=_LAB, owner_pid=os.getpid())
    try:
        yield [SavedConnection(host.uri, host.name) for host in status.hosts]
    finally:
        lab.down(_LAB)


async def take_all(
    app: QApplication,
    connections: Sequence[SavedConnection],
    out: Path,
    seconds: float,
    size: tuple[int, int],
) -> None:
    """Open the window, gather figures, do a few things, and picture each page."""
    style = install(app)
    style.set_scheme("dark")
    settings = Settings()
    settings.set(GRAPH_RANGE_S, 60)
    session = Session(settings)
    await session.open()
    window = MainWindow(session, style)
    window.resize(*size)
    window.show()
    for connection in connections:
        session.connect(connection)
    await session.settled()
    await until(lambda: window.is_settled, "the window shows everything")
    try:
        await gather(session, seconds)
        await picture(window, style, out, session)
    finally:
        window.close()
        await window.close_down()
        await session.close()
        window.deleteLater()


async def gather(session: Session, seconds: float) -> None:
    """Let figures come in, and do what puts marks on graphs and lines into the journal."""
    machines = sorted(session.inventory.of(Domain), key=lambda domain: domain.name)
    await asyncio.sleep(seconds / 2)
    steps = [("domain.suspend", machines[-1]), ("domain.shutdown", machines[1])]
    for action, machine in steps:
        for job in session.run(action, machine.key):
            await job.wait()
    for name, kind in (("fresh", "external"), ("configured", "external"), ("upgraded", "auto")):
        for job in session.run("snapshot.create", machines[0].key, name=name, kind=kind):
            await job.wait()
    for action in ("domain.suspend", "domain.resume"):
        for job in session.run(action, machines[0].key):
            await job.wait()
    await asyncio.sleep(seconds / 2)


async def picture(window: MainWindow, style: Style, out: Path, session: Session) -> None:
    """Save a picture of each page, in both schemes."""
    host = session.inventory.hosts()[0]
    machine = min(session.inventory.of(Domain, host.key.host), key=lambda domain: domain.name)
    machines = sorted(session.inventory.of(Domain), key=lambda domain: domain.name)
    stopped = next(each for each in machines if not each.state.is_active)
    pages: dict[str, Callable[[], object]] = {
        "machine": lambda: window.open_key(machine.key),
        "snapshots": lambda: open_snapshots(window, machine.key),
        "host": lambda: window.open_key(host.key),
        "all": lambda: window.open_row(("all",)),
        "clone": lambda: show_clone(window, stopped.key),
    }
    fill_in = {"snapshots": preview_deletion, "clone": fill_in_clone}
    for scheme in ("dark", "light"):
        style.set_scheme(scheme)
        for name, open_page in pages.items():
            open_page()
            await settle()
            if name in fill_in:
                fill_in[name](window)
                await settle()
            save(window, out / f"{name}-{scheme}.png")


def open_snapshots(window: MainWindow, machine: Key) -> None:
    """Show the snapshots of a machine."""
    window.open_key(machine)
    window.pages.show_tab(1)


def preview_deletion(window: MainWindow) -> None:
    """Show what deleting a snapshot would do to the files behind its machine."""
    tab = window.findChild(SnapshotsTab)
    assert tab is not None
    tab.choose("configured")
    QTest.keyClick(tab.timeline.view, Qt.Key.Key_P)


def show_clone(window: MainWindow, machine: Key) -> None:
    """Show the page that clones a machine."""
    window.open_key(machine)
    window.pages.show_clone(machine, {})


def fill_in_clone(window: MainWindow) -> None:
    """Fill in twelve linked clones of a machine; none is made."""
    page = window.findChild(ClonePage)
    assert page is not None
    assert page.form is not None
    page.do(KindChosen(CloneKind.LINKED))
    page.do(CountChosen(_CLONES))
    page.do(PatternTyped("student-{n:02}"))


async def settle() -> None:
    """Let a new page read its history, and a tick of figures arrive on it."""
    await asyncio.sleep(2.5)


def save(window: MainWindow, path: Path) -> None:
    """Save what the window shows."""
    assert window.grab().save(str(path)), f"{path} can't be written"
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    sys.exit(main())
