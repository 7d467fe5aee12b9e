"""Process 1 of a lab's host, without the namespaces: whom it starts, reaps and starts again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab_fixture import eventually

_INIT = """
import json, sys
from vmgui.lab.host_init import _Host
_Host(json.loads(sys.argv[1]), sys.argv[2], once=False).run()
"""

_DAEMON = """
import ctypes, os, sys, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
first = not os.path.exists(sys.argv[1])
with open(sys.argv[1], "a") as pids:
    pids.write(f"{os.getpid()}\\n")
if first and sys.argv[2] == "halves":
    ctypes.CDLL(None).pthread_exit(None)
"""
"""A daemon of two threads; of "halves" the first ends by itself and the other stays."""


class Init:
    """The process, and the daemons that it started."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._pids = folder / "pids"
        argv = [sys.executable, "-c", _DAEMON, str(self._pids), kind]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _INIT, json.dumps(argv), str(folder / "log")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def started(self) -> list[int]:
        text = self._pids.read_text() if self._pids.exists() else ""
        return [int(line) for line in text.split("\n")[:-1]]

    def ask_for_a_daemon(self) -> None:
        self.process.send_signal(signal.SIGUSR1)
        eventually(self._has_taken_it, "the signal is taken")

    def _has_taken_it(self) -> bool:
        fields = Path(f"/proc/{self.process.pid}/status").read_text()
        pending = next(line for line in fields.splitlines() if line.startswith("ShdPnd"))
        return int(pending.split()[1], 16) == 0 and state_of(self.process.pid) == "S"


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[str], Init]]:
    made: list[Init] = []

    def begin(kind: str) -> Init:
        made.append(Init(tmp_path, kind))
        eventually(lambda: len(made[-1].started) == 1, "the daemon runs")
        return made[-1]

    yield begin
    for each in made:
        each.process.communicate()  # cuts the life line
        for pid in each.started:
            if state_of(pid) != "gone":
                os.kill(pid, signal.SIGKILL)


def test_a_daemon_that_ended_is_started_again_when_asked_and_only_then(
    begin: Callable[[str], Init],
) -> None:
    init = begin("whole")
    (first,) = init.started
    init.ask_for_a_daemon()
    assert init.started == [first]  # there is one
    os.kill(first, signal.SIGKILL)
    assert init.process.stdout is not None
    assert json.loads(init.process.stdout.readline()) == {"ended": -signal.SIGKILL}
    assert state_of(first) == "gone"
    assert init.started == [first]
    init.ask_for_a_daemon()
    eventually(lambda: len(init.started) == 2, "another runs")


def test_a_daemon_that_is_asked_for_while_the_last_one_is_ending_comes(
    begin: Callable[[str], Init],
) -> None:
    # A killed daemon looks dead as soon as its first thread is, and can be reaped after its last.
    init = begin("halves")
    (first,) = init.started
    eventually(lambda: state_of(first) == "Z", "it is half gone")
    init.ask_for_a_daemon()
    assert init.started == [first]
    os.kill(first, signal.SIGKILL)
    eventually(lambda: len(init.started) == 2, "another runs")
