"""Runs the window: the application, its loop, and the order in which all of it begins and ends."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from vmgui import __version__
from vmgui.places import resources_dir
from vmgui.session import Session
from vmgui.ui.collector import Collector
from vmgui.ui.corner import chosen_scheme
from vmgui.ui.main_window import MainWindow
from vmgui.ui.style import install
from vmgui.ui.trace import Trace

_log = logging.getLogger(__name__)

_FIRST_DATA_WAIT_S = 120.0
"""How long a picture waits for the first data; a lab has to boot its guests first."""

_SAMPLES_IN_PICTURE = 3
"""A picture shows figures from this many polls on, since rates need two of them."""

_SWITCH_S = 0.0002
"""Qt asks Python thousands of small questions a second. While a worker thread reads XML each of
them may wait this long for the interpreter: with Python's own 5 ms, and even with 1 ms, a picture
of a hundred rows takes so long that it is felt."""

_PICTURE_SIZE = (1600, 1000)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of the window.

    ``screenshot`` is where a picture is saved once first data are shown, and then the window
    closes; ``trace`` where the milestones of the start are written.
    """

    connect: tuple[str, ...] = ()
    lab: bool = False
    screenshot: Path | None = None
    trace: Path | None = None
    read_only: bool = False


def has_display() -> bool:
    """Tell whether there is a screen, or whether Qt was told what to draw on instead."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(options: Options, on_pictured: Callable[[Session], object] | None = None) -> int:
    """Open the window, and return the exit code once it was closed. Blocks.

    Without a display it draws off the screen, which makes sense with a screenshot only.
    ``on_pictured`` is called with the session after the picture was saved, while all of it is
    still connected.
    """
    trace = Trace(options.trace)
    trace.milestone("process")
    sys.setswitchinterval(_SWITCH_S)
    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = _application()
    loop = QEventLoop(app)
    loop.set_exception_handler(_report)
    with loop:
        return int(loop.run_until_complete(_run(app, options, trace, on_pictured)))


def _application() -> QApplication:
    QCoreApplication.setApplicationName("vmgui")
    QCoreApplication.setApplicationVersion(__version__)
    QGuiApplication.setApplicationDisplayName("vmgui")
    QGuiApplication.setDesktopFileName("org.vmgui.vmgui")
    app = QApplication([sys.argv[0] if sys.argv else "vmgui"])
    # Closing the window must not stop the loop under what still has to be ended on it.
    app.setQuitOnLastWindowClosed(False)
    icon = resources_dir() / "icons" / "vmgui.svg"
    if icon.exists():
        app.setWindowIcon(QIcon(str(icon)))
    return app


async def _run(
    app: QApplication,
    options: Options,
    trace: Trace,
    on_pictured: Callable[[Session], object] | None,
) -> int:
    collector = Collector(app)
    session = Session()
    style = install(app)
    style.set_scheme(chosen_scheme(session.settings))
    await session.open()
    window = MainWindow(session, style)
    closed = asyncio.Event()
    window.closed.connect(closed.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Python looks at signals when it runs, which the window's clock makes once a second.
        signal.signal(number, lambda *_: window.close())
    if options.screenshot is not None:
        window.resize(*_PICTURE_SIZE)
    window.show()
    trace.milestone("window_shown")
    try:
        begun = asyncio.Event()
        window.start(_begin(window, options, begun), "begin to connect")
        watch = _Watch(session, window, trace, collector)
        window.start(watch.run(begun), "watch the start")
        if options.screenshot is None:
            await closed.wait()
            return 0
        await _first(closed, watch.data_shown, _FIRST_DATA_WAIT_S)
        options.screenshot.parent.mkdir(parents=True, exist_ok=True)
        saved = window.grab().save(str(options.screenshot))
        if on_pictured is not None:
            on_pictured(session)
        return 0 if saved else 1
    finally:
        await window.close_down()
        await session.close()
        window.hide()
        window.deleteLater()


async def _begin(window: MainWindow, options: Options, begun: asyncio.Event) -> None:
    try:
        await window.connections.start(
            options.connect, with_lab=options.lab, read_only=options.read_only
        )
    finally:
        begun.set()


class _Watch:
    """Notes when the first data are there: the list, and figures of it."""

    def __init__(
        self, session: Session, window: MainWindow, trace: Trace, collector: Collector
    ) -> None:
        self._collector = collector
        self._session = session
        self._window = window
        self._trace = trace
        self.data_shown = asyncio.Event()

    async def run(self, begun: asyncio.Event) -> None:
        """Wait for the milestones, one after the other."""
        await begun.wait()
        await self._session.settled()
        while not self._window.is_settled:  # noqa: ASYNC110  several timers of Qt must run out
            await asyncio.sleep(0.01)
        self._trace.milestone("inventory_complete")
        self._collector.settle()
        arrived = asyncio.Event()
        signal_ = self._session.sampler.samples_arrived
        signal_.connect(arrived.set)
        try:
            for _ in range(_SAMPLES_IN_PICTURE):
                await arrived.wait()
                arrived.clear()
                self._trace.milestone("first_sample")
        finally:
            signal_.disconnect(arrived.set)
        self.data_shown.set()


async def _first(one: asyncio.Event, other: asyncio.Event, at_most_s: float) -> None:
    """Wait for the first of two events, and not for ever."""
    waits = [asyncio.ensure_future(event.wait()) for event in (one, other)]
    await asyncio.wait(waits, timeout=at_most_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what went wrong in a task or callback: a bug of ours, not the environment's fault."""
    error = context.get("exception")
    _log.error("%s", context.get("message", "A fault in vmgui"), exc_info=error)
