"""The programs that are measured: how each is started, and when its list is complete."""

import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from tests.bench import virt_manager
from tests.bench.stage import rows

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent

STEP_S = 3.0
"""virt-manager's shortest usual step; the floor keeps the same. vmgui keeps its own default."""


class Program(ABC):
    """A program on a world of ``size`` machines, with places of its own below ``home``."""

    name: str
    has_window = True
    first_keys: tuple[str, ...] = ()
    """Keys that lead to where the measured keys go."""
    keys: tuple[str, ...] = ()
    """Keys that each change what is seen; struck one after the other."""
    strip_px = (1280, 800)
    """Where they change it: width and height from the window's upper left corner."""

    @abstractmethod
    def missing(self) -> str:
        """Return what has to be installed first, or ""."""

    @abstractmethod
    def command(self, uri: str, size: int, home: Path) -> list[str]:
        """Write what it needs below ``home``, and return how it is started."""

    @abstractmethod
    def complete_s(self, home: Path, began_s: float) -> float | None:
        """Return the moment (CLOCK_MONOTONIC) at which its list was complete, once it was."""

    def env(self, home: Path) -> Mapping[str, str]:
        """Return what its environment has besides places of its own."""
        return {}


class Vmgui(Program):
    """vmgui of this tree, as its own trace sees it."""

    name = "vmgui"
    first_keys = ("Control_L+f",)
    keys = ("w", "BackSpace")
    strip_px = (300, 70)  # the query field, above everything that changes by itself

    def missing(self) -> str:
        return ""

    def command(self, uri: str, size: int, home: Path) -> list[str]:
        trace = home / "trace"
        return [sys.executable, "-m", "vmgui", "--connect", uri, "--trace", str(trace)]

    def env(self, home: Path) -> Mapping[str, str]:
        return {"PYTHONPATH": str(_ROOT), "QT_QPA_PLATFORM": "xcb"}

    def complete_s(self, home: Path, began_s: float) -> float | None:
        for row in rows(home / "trace"):
            if row["milestone"] == "inventory_complete":
                return began_s + float(row["t_s"])
        return None


class VirtManager(Program):
    """virt-manager as it is installed, with all its columns of figures on."""

    name = "virt-manager"
    first_keys = ("Tab", "Down")
    keys = ("Down", "Up")

    def missing(self) -> str:
        if not Path(virt_manager.PLACE).exists():
            return "virt-manager (its package has the same name)"
        return "" if shutil.which("dbus-daemon") else "dbus-daemon (package dbus)"

    def command(self, uri: str, size: int, home: Path) -> list[str]:
        place = home / "config" / "glib-2.0" / "settings"
        place.mkdir(parents=True)
        (place / "keyfile").write_text(_settings(uri), encoding="utf-8")
        out = str(home / "complete")
        script = str(_HERE / "virt_manager.py")
        return ["python3", script, str(size), out, "--no-fork", "--connect", uri]

    def env(self, home: Path) -> Mapping[str, str]:
        # The accessibility bridge is off, which costs it nothing and spares it some work.
        return {"GSETTINGS_BACKEND": "keyfile", "NO_AT_BRIDGE": "1", "PATH": "/usr/bin:/bin"}

    def complete_s(self, home: Path, began_s: float) -> float | None:
        return next((float(row["complete_s"]) for row in rows(home / "complete")), None)


class Floor(Program):
    """The same libvirt calls with no window: `tests.bench.floor`."""

    name = "floor"
    has_window = False

    def missing(self) -> str:
        return ""

    def command(self, uri: str, size: int, home: Path) -> list[str]:
        out = str(home / "complete")
        return [sys.executable, str(_HERE / "floor.py"), uri, out, str(STEP_S)]

    def complete_s(self, home: Path, began_s: float) -> float | None:
        return next((float(row["complete_s"]) for row in rows(home / "complete")), None)

    def open_s(self, home: Path) -> float:
        """Return how long it took to open the URI; known once the list is complete."""
        return float(rows(home / "complete")[0]["open_s"])


_FIELDS = ("cpu-usage", "host-cpu-usage", "memory-usage", "disk-usage", "network-traffic")

PROGRAMS: tuple[Program, ...] = (Vmgui(), VirtManager(), Floor())


def python_for_probe() -> str:
    """Return a Python that has python-xlib, or "" where there is none."""
    for python in (sys.executable, "/usr/bin/python3", "python3"):
        if shutil.which(python):
            command = [python, "-c", "import Xlib.ext.damage"]
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                return python
    return ""


def _settings(uri: str) -> str:
    """Return virt-manager's settings in the format of GLib's keyfile backend."""
    groups = {
        "": {"manager-window-width": "1280", "manager-window-height": "800"},
        "/connections": {"uris": f"['{uri}']", "autoconnect": f"['{uri}']"},
        "/stats": {
            "update-interval": str(int(STEP_S)),
            **{f"enable-{kind}-poll": "true" for kind in ("cpu", "disk", "memory", "net")},
        },
        "/vmlist-fields": dict.fromkeys(_FIELDS, "true"),
    }
    return "".join(
        f"[org/virt-manager/virt-manager{group}]\n"
        + "".join(f"{key}={value}\n" for key, value in keys.items())
        for group, keys in groups.items()
    )
