"""The program as it is started: a picture, its milestones, and what it says without a display."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from qasync import QEventLoop

from tests.ui.conftest import OpenWindow
from tests.until import until
from tests.worlds import write_world
from vmgui.settings import SavedConnection
from vmgui.ui.widgets.banner import Banner


def _vmgui(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    homes = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "STATE", "CACHE")}
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-m", "vmgui", *arguments],
        env={**kept, **homes, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_without_a_display_it_saves_a_picture_and_lists_the_machines(tmp_path: Path) -> None:
    uri = write_world(tmp_path / "world.xml", domains=4)
    done = _vmgui(tmp_path, "--connect", uri)
    assert done.returncode == 0, done.stderr
    assert "no display" in done.stderr
    assert "web-0000" in done.stdout
    picture = tmp_path / "CACHE" / "vmgui" / "window.png"
    assert str(picture) in done.stdout
    assert QImage(str(picture)).width() == 1600


def test_the_trace_has_each_milestone_in_its_order(tmp_path: Path) -> None:
    uri = write_world(tmp_path / "world.xml", domains=4)
    picture, trace = tmp_path / "deep" / "picture.png", tmp_path / "trace.jsonl"
    done = _vmgui(
        tmp_path, "--connect", uri, "--screenshot", str(picture), "--trace", str(trace),
        QT_QPA_PLATFORM="offscreen",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not QImage(str(picture)).isNull()
    rows = [json.loads(line) for line in trace.read_text().splitlines()]
    assert [row["milestone"] for row in rows] == [
        "process", "window_shown", "inventory_complete", "first_sample",
    ]  # fmt: skip
    times = [row["t_s"] for row in rows]
    assert times == sorted(times)
    assert all(row["rss_bytes"] > 1_000_000 for row in rows)


async def test_where_no_lab_can_run_the_test_driver_stands_in_and_the_window_says_why(
    qloop: QEventLoop, open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # so nothing of what a lab needs is found
    window = await open_window()
    await window.connections.start((), with_lab=False, read_only=False)
    await until(lambda: window.tree.total == 1, "the test driver's machine is there")
    notice = window.findChild(Banner, "notice-lab")
    assert notice is not None
    assert notice.isVisible()
    assert "test:///default is shown instead" in notice.accessibleName()
    assert not window.session.settings.connections


async def test_saved_connections_are_opened_and_asked_for_ones_come_instead(
    qloop: QEventLoop, open_window: OpenWindow, tmp_path: Path
) -> None:
    uri = write_world(tmp_path / "world.xml", domains=4)
    window = await open_window("test:///default")
    window.session.connect(SavedConnection("test:///default"), save=True)
    await open_window.close()
    again = await open_window()
    await again.connections.start((), with_lab=False, read_only=False)
    assert again.session.fleet.uris == ("test:///default",)
    await open_window.close()
    third = await open_window()
    await third.connections.start((uri,), with_lab=False, read_only=True)
    await until(lambda: third.tree.total == 4, "its machines are there")
    assert third.session.fleet.uris == (uri,)
    assert third.session.fleet.read_only(uri)
