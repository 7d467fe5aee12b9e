"""A pytest plugin for a run in which Qt, and all that stands on it, can't be imported.

It is named on the command line (``-p no:pytest-qt -p tests.without_qt``), so it is in force before
the first test module is read. What it refuses fails as it would where the package isn't installed.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

ABSENT = frozenset({"PySide6", "shiboken6", "qasync", "pyqtgraph", "qtawesome", "qtpy", "pytestqt"})


class _Absent(MetaPathFinder):
    """Finds, ahead of all others, that these packages are not there."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in ABSENT:
            msg = f"No module named {fullname!r} (this run is without Qt)"
            raise ModuleNotFoundError(msg, name=fullname)
        return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare pytest-qt's option of pyproject.toml, which ``--strict-config`` wants known."""
    parser.addini("qt_api", "unused: pytest-qt is off in this run")


def pytest_configure() -> None:
    """Put the finder first, once pytest and its plugins are loaded."""
    loaded = ABSENT.intersection(name.partition(".")[0] for name in sys.modules)
    if loaded:
        raise pytest.UsageError(f"imported before it could be hidden: {', '.join(sorted(loaded))}")
    sys.meta_path.insert(0, _Absent())
