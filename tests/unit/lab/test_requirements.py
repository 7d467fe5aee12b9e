import os
import subprocess
import sys
from pathlib import Path

import pytest

from vmgui.lab import LabProblem, LabUnavailable, requirements, up
from vmgui.lab.requirements import busybox_path, id_range, missing_things


def test_a_bare_machine_is_told_every_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(requirements, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "distribution_family", lambda: "debian")
    told = " ".join(f"{problem.what} {problem.what_to_do}" for problem in missing_things())
    for package in (
        "libvirt-daemon-system",
        "qemu-system-x86",
        "qemu-utils",
        "dnsmasq-base",
        "iptables",
        "busybox-static",
    ):
        assert f"apt-get install {package}" in told
    assert "No libvirtd was found." in told


@pytest.mark.parametrize(
    ("family", "line"),
    [
        ("fedora", "Install it: dnf install libvirt-daemon"),
        ("arch", "Install it: pacman -S libvirt"),
        ("", "Install libvirtd."),
    ],
)
def test_the_way_out_is_the_distributions_own(
    family: str, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(requirements, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "distribution_family", lambda: family)
    assert missing_things()[0].what_to_do == line


def test_a_daemon_without_its_drivers_is_not_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    daemon = tmp_path / "libvirtd"
    daemon.write_text("#!/bin/sh\n")
    daemon.chmod(0o755)
    monkeypatch.setattr(requirements, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "distribution_family", lambda: "fedora")
    monkeypatch.setattr(requirements, "DRIVER_FOLDERS", (str(tmp_path / "lib*"),))
    drivers = tmp_path / "lib64" / "connection-driver"
    drivers.mkdir(parents=True)
    (drivers / "libvirt_driver_storage.so").touch()
    told = {problem.what: problem.what_to_do for problem in missing_things()}
    assert told["No qemu driver of libvirt was found."].endswith("libvirt-daemon-driver-qemu")
    assert told["No network driver of libvirt was found."].endswith("libvirt-daemon-driver-network")
    assert "No storage driver of libvirt was found." not in told


def test_a_busybox_with_an_interpreter_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(requirements, "SEARCH_PATH", str(tmp_path))
    (tmp_path / "busybox").symlink_to(Path(sys.executable).resolve())
    assert busybox_path() is None
    script = tmp_path / "busybox-static"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert busybox_path() is None


def test_the_widest_range_counts_and_is_cut_to_what_is_of_use(tmp_path: Path) -> None:
    granted = tmp_path / "subuid"
    uid = os.geteuid()
    granted.write_text(
        f"somebody:1:65536\n{uid}:100000:10\nodd line\n{uid}:200000:70000\n{uid}:x:y\n"
    )
    assert id_range(granted) == (200000, 65535)
    assert id_range(tmp_path / "absent") is None


def test_problems_become_one_error() -> None:
    error = LabUnavailable.because(
        (LabProblem("A.", "Because.", "Do x."), LabProblem("B.", "Since.", "Do x."))
    )
    assert error.why == "A. Because. B. Since."
    assert error.what_to_do == "Do x."
    assert str(error) == "The lab can't run on this machine. A. Because. B. Since. Do x."


@pytest.mark.parametrize(("hosts", "guests"), [(0, 1), (27, 1), (1, -1)])
def test_an_impossible_lab_is_refused_before_anything_starts(hosts: int, guests: int) -> None:
    with pytest.raises(LabUnavailable, match="Ask for 1 to 26 hosts"):
        up(hosts, guests, name="impossible")


def test_the_lab_needs_neither_qt_nor_libvirt_nor_threads() -> None:
    script = (
        "import sys, threading, vmgui.lab, vmgui.lab.supervisor\n"
        "assert not {'libvirt', 'PySide6', 'click', 'lxml'} & set(sys.modules)\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])
