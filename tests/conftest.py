"""What holds for all tests: places of their own, coroutine tests, no stray warnings or threads."""

import asyncio
import inspect
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ["tests.lab_fixture"]

_FOR_GOOD = ("libvirt-events",)  # one for the process's life, as libvirt wants it


def pytest_configure(config: pytest.Config) -> None:
    """Keep whoever runs this out of reach: settings, journal, history and sockets go elsewhere.

    The folder is short, for it holds sockets, and a socket's path has 107 bytes at most.
    """
    home = Path(tempfile.mkdtemp(prefix="vmgui-"))
    for name in ("CONFIG", "DATA", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())
    os.environ["XDG_RUNTIME_DIR"] = str(home)
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run coroutine tests on a loop of their own; those on Qt's loop are tests/ui's to run."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(autouse=True)
def _nothing_unexpected_is_logged(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fail on a warning or an error in the log, unless the test is marked to expect it."""
    yield
    if request.node.get_closest_marker("logs") is None:
        records = [*caplog.get_records("setup"), *caplog.get_records("call")]
        loud = [r.getMessage() for r in records if r.levelno >= logging.WARNING]
        assert not loud, f"logged: {loud}"


@pytest.fixture
def no_thread_stays() -> Iterator[None]:
    """Fail if a thread that began in the test is still there a while after it."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if not thread.name.startswith(_FOR_GOOD):
            thread.join(timeout=10)
            assert not thread.is_alive(), f"thread {thread.name} was left behind"
