"""The unit tests' run without Qt: what it hides stays hidden, and it says so when it can't."""

import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import importlib
import pytest

@pytest.mark.parametrize("name", ["PySide6", "PySide6.QtCore", "qasync", "pyqtgraph", "qtawesome"])
def test_absent(name):
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(name)

def test_others_are_there():
    importlib.import_module("lxml.etree")
"""


def run_pytest(tmp_path: Path, *plugins: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "test_probe.py").write_text(PROBE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nqt_api = pyside6\n")
    (tmp_path / "loads_qt.py").write_text("import shiboken6\n")
    checkout = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--strict-config", "-p", "no:cacheprovider"]
        + [word for plugin in plugins for word in ("-p", plugin)],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{checkout}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_hides_qt_and_nothing_else(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, "no:pytest-qt", "tests.without_qt")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "6 passed" in run.stdout


def test_refuses_to_run_when_qt_was_loaded_before_it(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, "no:pytest-qt", "loads_qt", "tests.without_qt")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "imported before it could be hidden" in run.stderr
    assert "shiboken6" in run.stderr
