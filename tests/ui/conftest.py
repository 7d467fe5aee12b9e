"""The window in tests: on a loop that fails on what is left, with places of its own.

``open_window`` opens the whole window on any URI::

    async def test_something(open_window: OpenWindow) -> None:
        window = await open_window("test:///default")
        QTest.keyClick(window.side.tree, Qt.Key.Key_Down)
"""

import asyncio
import gc
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.until import until
from vmgui.session import Session
from vmgui.settings import SavedConnection
from vmgui.ui.main_window import MainWindow
from vmgui.ui.style import Style, install

_LIMIT_S = 90
_KNOWN_NOISE = ("This plugin does not support",)
"""What Qt says of its offscreen platform, where nothing is wrong."""


class OpenWindow:
    """Opens the window on these URIs, and returns it once everything is shown."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._opened: list[tuple[Session, MainWindow]] = []

    async def __call__(
        self, *uris: str, settled: bool = True, size: tuple[int, int] | None = (1280, 800)
    ) -> MainWindow:
        """Open it, as large as it was left where ``size`` is None; wait until it is ``settled``."""
        session = Session()
        await session.open()
        window = MainWindow(session, self._style)
        self._opened.append((session, window))
        if size is not None:
            window.resize(*size)
        window.show()
        for uri in uris:
            session.connect(SavedConnection(uri))
        if settled:
            await session.settled()
            await until(lambda: window.is_settled, "the window shows everything")
        return window

    async def close(self) -> None:
        """Close what was opened, the last one first."""
        while self._opened:
            session, window = self._opened.pop()
            window.close()
            await window.close_down()
            await session.close()
            window.deleteLater()
        await asyncio.sleep(0)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test on Qt's loop, and close its windows in the same run.

    pytest-qt lets Qt's events run between a test and the end of its fixtures, when the loop
    doesn't run any more: what is still under way on it would break there.
    """
    loop = pyfuncitem.funcargs.get("qloop")
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or not isinstance(loop, QEventLoop):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    windows = pyfuncitem.funcargs.get("open_window")

    async def run() -> None:
        # The limit is asyncio's: pytest-timeout's exception would end in one of Qt's slots.
        try:
            async with asyncio.timeout(_LIMIT_S):
                await pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
        finally:
            if isinstance(windows, OpenWindow):
                await windows.close()

    loop.run_until_complete(run())
    return True


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """Return the one application, as `vmgui.ui.app` makes it."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["vmgui-tests"])
    app.setQuitOnLastWindowClosed(False)
    return app


@pytest.fixture
def style(qapp: QApplication) -> Iterator[Style]:
    """Return the style, dark and at its normal size."""
    style = install(qapp)
    style.set_scheme("dark")
    style.set_factor(1.0)
    yield style
    style.set_factor(1.0)


@pytest.fixture(autouse=True)
def _qt_says_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on anything that Qt warns of."""
    said: list[str] = []

    def hear(kind: QtMsgType, _context: object, text: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and not text.startswith(_KNOWN_NOISE):
            said.append(text)

    before = qInstallMessageHandler(hear)
    yield
    qInstallMessageHandler(before)
    assert not said, f"Qt says: {said}"


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test settings, journal, history and window state of its own."""
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


@pytest.fixture(autouse=True)
def _garbage_goes_on_this_thread() -> Iterator[None]:
    """Collect as `vmgui.ui.collector` does: a worker that deletes Qt's objects crashes."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def qloop(qapp: QApplication) -> Iterator[QEventLoop]:
    """Return a loop of Qt's; the test fails on tasks that stay and on exceptions that get lost."""
    loop = QEventLoop(qapp)
    lost: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: lost.append(context))
    asyncio.set_event_loop(loop)
    yield loop
    tasks = [task for task in asyncio.all_tasks(loop) if not task.done()]
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()
    asyncio.set_event_loop(None)
    assert not lost, f"lost exceptions: {lost}"
    assert not tasks, f"left tasks: {tasks}"


@pytest.fixture
def open_window(qloop: QEventLoop, style: Style) -> OpenWindow:
    """Return the function that opens the whole window; all of it is closed after the test."""
    return OpenWindow(style)
