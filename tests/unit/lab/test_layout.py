import os
from pathlib import Path

import pytest

from vmgui.lab import LabUnavailable, status
from vmgui.lab.layout import HostState, LabState, Layout


def _state(
    *, ready: bool = True, hosts: tuple[HostState, ...] = (), notes: tuple[str, ...] = ()
) -> LabState:
    return LabState(ready, hosts, notes, memory_mib=96, switch_pid=0, switch_started_ticks=1)


def _runtime_dir(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Layout:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    _runtime_dir(monkeypatch, tmp_path / "r")
    return Layout("one")


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "-a", "a" * 32, "a\n"])
def test_names_that_could_leave_the_folder_are_refused(name: str) -> None:
    with pytest.raises(LabUnavailable, match="no name"):
        Layout(name)


def test_a_path_too_long_for_a_socket_is_refused_with_the_way_out(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _runtime_dir(monkeypatch, tmp_path / ("x" * 80))
    with pytest.raises(LabUnavailable, match="XDG_RUNTIME_DIR") as refusal:
        layout.make()
    assert "longer" in refusal.value.why


def test_the_uri_survives_odd_folders(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _runtime_dir(monkeypatch, tmp_path / "a b&c")
    assert layout.uri("lab-a").startswith("qemu+unix:///system?socket=/")
    assert layout.uri("lab-a").endswith("/a%20b%26c/vmgui/lab/one/lab-a/libvirt-sock")


def test_the_lock_is_held_by_one_and_names_its_process(layout: Layout) -> None:
    assert layout.supervisor_pid() is None
    held = layout.lock()
    assert held is not None
    assert layout.supervisor_pid() == os.getpid()
    assert layout.lock() is None
    os.close(held)
    assert layout.supervisor_pid() is None
    again = layout.lock()
    assert again is not None
    os.close(again)


def test_there_is_no_lab_without_its_supervisor(layout: Layout) -> None:
    held = layout.lock()
    assert held is not None
    layout.write(_state(notes=("slow",)))
    assert layout.status().running
    assert layout.status().notes == ("slow",)
    os.close(held)
    assert not status("one").running


def test_a_lab_that_is_not_ready_is_not_running(layout: Layout) -> None:
    held = layout.lock()
    assert held is not None
    layout.write(_state(ready=False))
    assert not layout.status().running
    os.close(held)


def test_a_process_that_took_over_a_pid_is_not_the_host(layout: Layout) -> None:
    host = HostState("lab-a", os.getpid(), 1, "qemu", ("web-01",))
    held = layout.lock()
    assert held is not None
    layout.write(_state(hosts=(host,)))
    assert layout.read() == _state(hosts=(host,))
    found = layout.status().hosts[0]
    assert not found.running
    assert found.pid is None
    # Were it taken for the host, this test would not survive the next line.
    layout.sweep()
    os.close(held)


def test_sweeping_deletes_both_folders(layout: Layout) -> None:
    held = layout.lock()
    assert held is not None
    layout.make()
    (layout.host_dir("lab-a") / "log").mkdir(parents=True)
    layout.sweep()
    assert not layout.state_dir.exists()
    assert not layout.run_dir.exists()
    os.close(held)


def test_sweeping_for_a_new_start_keeps_the_lock(layout: Layout) -> None:
    held = layout.lock()
    assert held is not None
    layout.make()
    (layout.state_dir / "state.json.new").write_text("half")
    layout.sweep_but_lock()
    assert [path.name for path in layout.state_dir.iterdir()] == ["lock"]
    assert layout.supervisor_pid() == os.getpid()
    os.close(held)
