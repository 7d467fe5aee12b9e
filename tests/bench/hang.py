"""How long the window's loop is held while a real host hangs, dies and comes back.

    python -m tests.bench.hang

starts a lab of two hosts with two guests each, opens the real window on it, off the screen, and
clicks from machine to machine on both hosts while the first one's daemon is stopped, continued,
killed and started again. It tells for each step what `tests.bench.turns` tells; nothing is
asserted.
"""

import asyncio
import os
import sys
import tempfile
import time

from tests.bench.turns import Watch  # first: it says how Qt shall run
from tests.lab_fixture import Daemon
from tests.until import until
from vmgui import lab
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import LinkState
from vmgui.lab import LabStatus
from vmgui.session import Session
from vmgui.ui import app
from vmgui.ui.main_window import MainWindow
from vmgui.ui.style import Style

_LEAST_S = 0.02
_CLICKING_S = 8.0
_CLICK_EVERY_S = 0.2


async def _click_around(window: MainWindow) -> None:
    """Open machine after machine, and their tabs, as somebody does who wants to know."""
    end_s = time.monotonic() + _CLICKING_S
    while time.monotonic() < end_s:
        for domain in tuple(window.session.inventory.of(Domain)):
            window.open_key(domain.key)
            await asyncio.sleep(_CLICK_EVERY_S)
            window.pages.show_tab(2)
            await asyncio.sleep(_CLICK_EVERY_S)


async def _act(window: MainWindow, watch: Watch, daemon: Daemon) -> None:
    def state() -> LinkState | None:
        host = window.session.inventory.host(daemon.host.uri)
        return None if host is None else host.link.state

    await until(lambda: len(window.session.inventory.hosts()) == 2, "both hosts are known")
    await window.session.settled()
    await until(lambda: window.is_settled, "the window shows everything", within_s=60)
    for name, do in (
        ("all goes well", lambda: None),
        ("the daemon hangs", daemon.stop),
        ("it goes on", daemon.resume),
        ("the daemon is killed", daemon.kill),
        ("it is started again", daemon.start),
    ):
        await asyncio.to_thread(do)
        watch.begin(name)
        await _click_around(window)
    await until(lambda: state() is LinkState.CONNECTED, "it is back", within_s=90)
    window.close()


def _run(status: LabStatus) -> None:
    daemon = Daemon(status.name, status.hosts[0], os.environ["XDG_STATE_HOME"])
    watch = Watch(_LEAST_S, profiled=False)

    class Watched(MainWindow):
        """The window, with a person before it."""

        def __init__(self, session: Session, style: Style) -> None:
            super().__init__(session, style)
            watch.follow()
            self.start(_act(self, watch, daemon), "act")

    vars(app)["MainWindow"] = Watched
    app.run(app.Options(connect=tuple(host.uri for host in status.hosts)))
    print(f"\nload {os.getloadavg()[0]:.1f}")
    for step in watch.steps[1:]:
        print(step.line())


def main() -> int:
    """Measure on a lab of its own; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        for name in ("CONFIG", "DATA", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = f"{place}/{name}"
        name = f"hang-{os.getpid()}"
        try:
            _run(lab.up(2, 2, name=name, owner_pid=os.getpid()))
        finally:
            lab.down(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
