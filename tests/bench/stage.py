"""Where a program is measured: a screen and a session bus of its own, and figures from /proc."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_LOOK_EVERY_S = 0.05
_END_PATIENCE_S = 5.0

SCREEN = "1600x1000x24"


class Missing(Exception):
    """A program that the measurement needs is not installed; the message names it."""


class Ended(Exception):
    """The program ended before it was measured; the message says how."""


class TookTooLong(Exception):
    """What was waited for did not happen; the message says what."""


def wait_for(what: str, happened: Callable[[], Any], at_most_s: float) -> Any:
    """Return what ``happened`` returns once it is true; raises TookTooLong."""
    until_s = time.monotonic() + at_most_s
    while not (answer := happened()):
        if time.monotonic() > until_s:
            raise TookTooLong(f"{what}: not within {at_most_s:g} s")
        time.sleep(_LOOK_EVERY_S)
    return answer


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the JSON objects of a file of lines; a last line without an end is left for later."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


@contextlib.contextmanager
def started(
    command: list[str], env: Mapping[str, str], **settings: Any
) -> Iterator["subprocess.Popen[str]"]:
    """Start a program in a process group of its own, and end the whole group in the end."""
    process = subprocess.Popen(command, env=env, text=True, start_new_session=True, **settings)
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_PATIENCE_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@contextlib.contextmanager
def screen(env: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Start an X server that nobody sees, and return its display and process id."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    with (
        os.fdopen(read, encoding="ascii") as told,
        started(command, env, pass_fds=[write], stderr=subprocess.DEVNULL) as server,
    ):
        os.close(write)
        number = told.readline().strip()
        if not number:
            raise Missing("Xvfb does not start")
        yield f":{number}", server.pid


@contextlib.contextmanager
def session_bus(env: Mapping[str, str]) -> Iterator[str]:
    """Start a D-Bus session bus, and return its address."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    with started(command, env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as bus:
        assert bus.stdout is not None
        yield bus.stdout.readline().strip()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process group has used up to a moment of CLOCK_MONOTONIC."""

    at_s: float
    cpu_s: float
    machine_busy_s: float

    @classmethod
    def of(cls, group: int) -> "Usage":
        """Add up user and system time of the group's processes (proc(5), stat)."""
        ticks = 0
        for stat in _group_stats(group):
            ticks += int(stat[11]) + int(stat[12])
        # cpu user nice system idle iowait irq softirq steal
        busy = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        machine = sum(int(busy[column]) for column in (0, 1, 2, 5, 6, 7))
        return cls(time.monotonic(), ticks / _TICKS_A_SECOND, machine / _TICKS_A_SECOND)

    def cpu_in_3_s(self, before: "Usage") -> float:
        """Return the processor seconds that went into three seconds since ``before``."""
        return 3 * (self.cpu_s - before.cpu_s) / (self.at_s - before.at_s)

    def others_cores(self, before: "Usage") -> float:
        """Return how many processors everybody else kept busy since ``before``."""
        others_s = (self.machine_busy_s - before.machine_busy_s) - (self.cpu_s - before.cpu_s)
        return others_s / (self.at_s - before.at_s)


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process group: shared pages divided (PSS), its own alone, and all of them."""

    pss_bytes: int
    own_bytes: int
    rss_bytes: int

    @classmethod
    def of(cls, group: int) -> "Memory":
        """Add up /proc/PID/smaps_rollup of the group's processes."""
        kib: dict[str, int] = {}
        for stat in _group_stats(group):
            # A process may end while it is looked at.
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{stat[-1]}/smaps_rollup").read_text(encoding="ascii")
                for line in text.splitlines()[1:]:
                    name, value = line.split()[:2]
                    kib[name] = kib.get(name, 0) + int(value)
        own = kib.get("Private_Clean:", 0) + kib.get("Private_Dirty:", 0)
        return cls(kib.get("Pss:", 0) * 1024, own * 1024, kib.get("Rss:", 0) * 1024)


def _group_stats(group: int) -> Iterator[list[str]]:
    """Return for each process of a group the fields of its stat after the name, then its id."""
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            fields = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == group:
                yield [*fields, place.name]


@dataclass(frozen=True, slots=True)
class Ping:
    """A question to the window and its answer, in seconds of CLOCK_MONOTONIC."""

    sent_s: float
    took_s: float
    starved_s: float


class Probe:
    """The probe in its own process: see `tests.bench.probe`."""

    def __init__(self, process: "subprocess.Popen[str]", out: Path) -> None:
        self._process = process
        self._out = out
        self._pauses = 0

    @classmethod
    @contextlib.contextmanager
    def at(
        cls, python: str, pid: int, x_pid: int, out: Path, env: Mapping[str, str]
    ) -> Iterator["Probe"]:
        """Start to wait for the window of ``pid`` on the display of ``env``, and ping it."""
        command = [python, str(_HERE / "probe.py"), str(pid), str(x_pid), str(out)]
        with started(command, env, stdin=subprocess.PIPE) as process:
            yield cls(process, out)

    def mapped_s(self) -> float | None:
        """Return when the window came up."""
        return next((row["at_s"] for row in self._events("mapped")), None)

    def pings(self) -> list[Ping]:
        """Return all answers so far, in their order."""
        return [
            Ping(row["sent_s"], row["took_s"], row["starved_s"]) for row in self._events("ping")
        ]

    def answered_since_s(self, moment_s: float) -> float | None:
        """Return when the first ping was answered that was sent after a moment."""
        for ping in self.pings():
            if ping.sent_s >= moment_s:
                return ping.sent_s + ping.took_s
        return None

    def pause(self, at_most_s: float) -> None:
        """Wait for the answer that is due, and send no more."""
        self._say("pause")
        self._pauses += 1
        wait_for("an answer", lambda: len(self._events("paused")) == self._pauses, at_most_s)

    def resume(self) -> None:
        """Go on with pings."""
        self._say("resume")

    def strike(
        self, strip_px: tuple[int, int], names: list[str], at_most_s: float
    ) -> list[float | None]:
        """Strike keys while no pings are sent; return the seconds until pixels changed."""
        before = len(self._events("keys"))
        width, height = strip_px
        self._say(" ".join(["keys", f"{width}x{height}", *names]))
        wait_for("keys", lambda: len(self._events("keys")) > before, at_most_s)
        took_s: list[float | None] = self._events("keys")[-1]["took_s"]
        return took_s

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _events(self, name: str) -> list[dict[str, Any]]:
        return [row for row in rows(self._out) if row["event"] == name]
