"""The outer side of a host's namespaces: starts ``host_init.py`` and talks with it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vmgui.lab.processes import end
from vmgui.lab.records import LabProblem
from vmgui.lab.requirements import SEARCH_PATH, id_ranges

_END_S = 5.0
_INIT = Path(__file__).with_name("host_init.py")


@dataclass
class Namespaces:
    """One set of namespaces with a process 1; lives until :meth:`close` or our own end.

    ``failure`` says why they can't be made; ``refused_devices`` maps the path of a device that
    can't be opened in them to the reason.
    """

    process: subprocess.Popen[bytes]
    init_pid: int = 0
    refused_devices: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""
    _made: bool = False

    def fileno(self) -> int:
        """Return the descriptor that is readable when process 1 says something or ends."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def settle(self) -> None:
        """Wait until they are made, or until ``failure`` says why they can't be."""
        while not self.settled:
            self.read()

    @property
    def settled(self) -> bool:
        """Whether it is known that they are made, or that they can't be.

        Two processes tell of it, in either order: process 1 that all is made, and its parent
        which process that is.
        """
        return bool(self.failure) or (self._made and self.init_pid > 0)

    def read(self) -> bool:
        """Wait for the next line of process 1 and take it in; False means that all is over."""
        assert self.process.stdout is not None
        return self.take(self.process.stdout.readline())

    def take(self, line: bytes) -> bool:
        """Take in a line of process 1, or the nothing that comes after the last."""
        told: dict[str, Any] = json.loads(line) if line else {"failed": "it ended without a reason"}
        self.init_pid = told.get("init_pid", self.init_pid)
        self.failure = self.failure or told.get("failed", "")
        if "devices" in told:
            self.refused_devices = told["devices"]
            self._made = True
        return bool(line)

    def cut(self) -> None:
        """Cut the life line: the end begins, and isn't waited for."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def close(self) -> None:
        """Cut the life line and wait until the last process is gone."""
        assert self.process.stdout is not None
        self.cut()
        try:
            self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            # Somebody stopped process 1; as long as it is waited for, its pid is its own.
            end(self.init_pid)
            self.process.wait()
        self.process.stdout.close()


def begin(
    name: str,
    argv: Sequence[str] = (),
    *,
    mounts: Sequence[tuple[Path, str]] = (),
    log: str = os.devnull,
    once: bool = False,
    hold: bool = False,
    user_of: int = 0,
) -> Namespaces:
    """Start a program in namespaces of its own, without waiting for them.

    ``mounts`` are pairs of a folder and where the program sees it; ``log``, a path as the
    program sees it, takes what it says; with ``once`` the namespaces end with the program.
    With ``hold`` they live without a program. ``user_of`` is the process 1 of namespaces whose
    user namespace these are to share.
    """
    ranges = id_ranges()
    wanted = {
        "name": name,
        "mounts": [[str(source), target] for source, target in mounts],
        "argv": list(argv),
        "log": log,
        "once": once,
        "hold": hold,
        "user_of": user_of,
        "uid_range": ranges[0] if ranges else None,
        "gid_range": ranges[1] if ranges else None,
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", _INIT, json.dumps(wanted)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", "HOME": "/root"},
    )
    return Namespaces(process)


def probe() -> tuple[tuple[LabProblem, ...], Mapping[str, str]]:
    """Make namespaces and leave them; return the problem, and the devices closed in there.

    The second value maps a device's path to the reason why it can't be opened.
    """
    made = begin("probe")
    made.settle()
    made.close()
    return judge(made), made.refused_devices


def judge(made: Namespaces) -> tuple[LabProblem, ...]:
    """Return the problem that namespaces had which are settled, or nothing."""
    if not made.failure:
        return ()
    what_to_do, why = _way_out(made.failure)
    return (LabProblem("The lab needs namespaces of its own.", why, what_to_do),)


def _way_out(failure: str) -> tuple[str, str]:
    """Return what to do about namespaces that were refused, and why they were."""
    why = f"The kernel refused: {failure}."
    if os.geteuid() == 0:
        return (
            "Run the lab on the machine itself, or give the container CAP_SYS_ADMIN.",
            f"{why} Root of this container may not make them.",
        )
    if _sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "Allow them: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
            f"{why} AppArmor keeps them from ordinary users here.",
        )
    if _sysctl("kernel/unprivileged_userns_clone") == "0":
        return (
            "Allow them: sudo sysctl kernel.unprivileged_userns_clone=1",
            f"{why} The system keeps them from ordinary users.",
        )
    if _sysctl("user/max_user_namespaces") == "0":
        return (
            "Allow them: sudo sysctl user.max_user_namespaces=15000",
            f"{why} The system allows none.",
        )
    return "Run the lab as root, or see user_namespaces(7).", why


def _sysctl(name: str) -> str:
    try:
        return (Path("/proc/sys") / name).read_text().strip()
    except OSError:
        return ""
