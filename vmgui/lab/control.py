"""What the rest of vmgui does with a lab: start it, ask about it, end it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import vmgui
from vmgui.lab.definitions import GUEST_MEMORY_MIB
from vmgui.lab.layout import Layout
from vmgui.lab.namespaces import begin, judge, probe
from vmgui.lab.processes import end, has_ended
from vmgui.lab.records import LabProblem, LabStatus, LabUnavailable
from vmgui.lab.requirements import missing_things
from vmgui.lab.switch import Link

DEFAULT_NAME = "default"
MOST_HOSTS = 26
LEAST_MEMORY_MIB = 80

_DOWN_TIMEOUT_S = 30.0

Progress = Callable[[str], None]


def _silent(_sentence: str) -> None:
    pass


def problems() -> tuple[LabProblem, ...]:
    """Return why a lab can't run here; nothing when it can.

    Looks at files, then makes namespaces once to see whether they may be made (about 0.1 s).
    Whether there is a kernel for the guests shows only at the start.
    """
    return missing_things() or probe()[0]


async def problems_async() -> tuple[LabProblem, ...]:
    """Return the same as :func:`problems` without blocking the loop for long (some ms)."""
    if missing := missing_things():
        return missing
    made = begin("probe")
    async with aclosing(_lines(made.process)) as lines:
        async for line in lines:
            made.take(line)
            if made.settled:
                break
        else:
            made.take(b"")
    made.close()
    return judge(made)


def status(name: str = DEFAULT_NAME) -> LabStatus:
    """Return the lab as it is now. Reads small files only."""
    return Layout(name).status()


def up(
    hosts: int = 2,
    guests: int = 2,
    progress: Progress = _silent,
    *,
    name: str = DEFAULT_NAME,
    owner_pid: int | None = None,
    memory_mib: int = GUEST_MEMORY_MIB,
) -> LabStatus:
    """Start a lab, or find it up already, and return it once every guest has booted.

    ``guests`` is per host, ``memory_mib`` each guest's. ``progress`` gets plain sentences. With
    ``owner_pid`` the lab ends with that process, else it stays until :func:`down`. Raises
    LabUnavailable; nothing of the lab is left then. An exception raised in here (or by
    ``progress``) ends the lab as well.
    """
    with _start(Layout(name), hosts, guests, owner_pid, memory_mib) as process:
        assert process.stdout is not None
        for line in process.stdout:
            _take(line, progress)
    return _result(name)


async def up_async(
    hosts: int = 2,
    guests: int = 2,
    progress: Progress = _silent,
    *,
    name: str = DEFAULT_NAME,
    owner_pid: int | None = None,
    memory_mib: int = GUEST_MEMORY_MIB,
) -> LabStatus:
    """Start a lab like :func:`up` without blocking the loop; ``progress`` is called on it.

    Cancelling ends the lab that is being started.
    """
    with _start(Layout(name), hosts, guests, owner_pid, memory_mib) as process:
        async with aclosing(_lines(process)) as lines:
            async for line in lines:
                _take(line, progress)
    return _result(name)


async def _lines(process: subprocess.Popen[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield what a process says, line by line.

    A bare pipe, because asyncio's own subprocesses start a thread to wait for their end.
    """
    assert process.stdout is not None
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), process.stdout
    )
    try:
        while line := await reader.readline():
            yield line
    finally:
        transport.close()


def down(name: str = DEFAULT_NAME) -> None:
    """End a lab and all that belongs to it; do nothing where there is none."""
    layout = Layout(name)
    pid = layout.supervisor_pid()
    if pid is not None:
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            process = None
        if process is not None:
            os.kill(pid, signal.SIGTERM)
            if not has_ended(process, _DOWN_TIMEOUT_S):
                end(pid)
            os.close(process)
    if layout.state_dir.exists() and layout.lock() is not None:
        layout.sweep()


def link(name: str = DEFAULT_NAME) -> Link:
    """Return the switch that joins the hosts of a lab, to be set, cut and joined."""
    return Link(name)


def restart_daemon(name: str, host: str) -> None:
    """Have a host start its libvirt daemon again, where it has none; its guests live on."""
    for known in status(name).hosts:
        if known.name == host:
            os.kill(known.init_pid, signal.SIGUSR1)


def _start(
    layout: Layout, hosts: int, guests: int, owner_pid: int | None, memory_mib: int
) -> subprocess.Popen[bytes]:
    """Start the supervisor; the process here ends at once, its output goes on until it is up."""
    if memory_mib < LEAST_MEMORY_MIB:
        raise LabUnavailable(
            "This lab can't be started.",
            f"Guests with {memory_mib} MiB of memory were asked for.",
            f"Their Linux needs {LEAST_MEMORY_MIB} MiB at least.",
        )
    if not (1 <= hosts <= MOST_HOSTS and guests >= 0):
        raise LabUnavailable(
            "This lab can't be started.",
            f"{hosts} hosts with {guests} guests each were asked for.",
            f"Ask for 1 to {MOST_HOSTS} hosts, and for no fewer than 0 guests.",
        )
    package = str(Path(vmgui.__file__).parents[1])
    search = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-m", "vmgui.lab.supervisor", "--name", layout.name]
    command += ["--hosts", str(hosts), "--guests", str(guests)]
    command += ["--memory", str(memory_mib)]
    if owner_pid is not None:
        command += ["--owner", str(owner_pid)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
    )


def _take(line: bytes, progress: Progress) -> None:
    told = json.loads(line)
    if "say" in told:
        progress(told["say"])
    elif "failed" in told:
        raise LabUnavailable(*told["failed"])


def _result(name: str) -> LabStatus:
    found = status(name)
    if not found.running:
        raise LabUnavailable(
            "The lab is not up.", "It ended while it was being started.", "Start it again."
        )
    return found
