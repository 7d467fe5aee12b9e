"""What the kernel says about processes, by ``/proc`` and by descriptors of processes."""

import os
import select
import signal
from contextlib import suppress
from pathlib import Path

_END_TIMEOUT_S = 10.0


def _stat(pid: int) -> tuple[str, list[str]] | None:
    """Return a process's name and the fields behind it, or None when it is gone (proc(5))."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return None if fields[0] in "ZX" else (name, fields)


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None when it is gone.

    With the pid it names one process for good, where a pid alone is used again.
    """
    found = _stat(pid)
    return int(found[1][19]) if found else None


def child_called(name: str, parent: int) -> int | None:
    """Return the child of ``parent`` with this program name, or None."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (found := _stat(int(entry.name))):
            comm, fields = found
            if comm == name and int(fields[1]) == parent:
                return int(entry.name)
    return None


def has_ended(process: int, timeout_s: float) -> bool:
    """Wait for the process behind a descriptor to end; say whether it did in time."""
    return bool(select.select([process], [], [], timeout_s)[0])


def end(pid: int) -> None:
    """Kill a process and wait until it is gone. Process 1 of a namespace takes all along."""
    with suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            has_ended(process, _END_TIMEOUT_S)
        finally:
            os.close(process)
