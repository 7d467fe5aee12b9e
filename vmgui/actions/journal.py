"""The journal: what was done, kept across restarts as lines of JSON.

Each vmgui that runs appends to the same file. A job writes a line when it starts and one when
it ends; the later line of an id counts.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from psygnal import Signal

from vmgui.actions.entry import Entry, from_json, interrupted, is_running, of_job, owner_of, to_json
from vmgui.actions.job import Job, JobState
from vmgui.actions.virsh import complete, printable

KEEP_BYTES = 2_000_000
"""A file of this size is put aside at the next start; the one that was put aside before goes."""

KEEP_ENTRIES = 2_000


class Journal:
    """The entries of this run and of earlier ones. Belongs to the loop's thread.

    ``path`` None keeps everything in memory. ``problem`` is a sentence where the file could not
    be read or written in full, else empty. ``changed`` is emitted with the entry that is new or
    different, progress included.
    """

    changed = Signal(Entry)

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._owner = owner_of(os.getpid())
        self._entries: dict[str, Entry] = {}
        self.problem = ""
        if path is not None:
            self._put_aside(path)
            self._read(path)

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries, the newest first."""
        return tuple(reversed(self._entries.values()))

    def follow(self, job: Job) -> None:
        """Enter ``job``, and keep its entry as it goes on."""
        written = JobState.WAITING

        def take() -> None:
            nonlocal written
            entry = of_job(job, self._owner)
            self._entries[job.id] = entry
            if job.state is not written:
                written = job.state
                self._append(entry)
            self.changed.emit(entry)

        job.changed.connect(take)
        job.tell()
        while len(self._entries) > KEEP_ENTRIES:
            self._entries.pop(next(iter(self._entries)))

    def _append(self, entry: Entry) -> None:
        if self._path is None:
            return
        # The newline in front ends a line that a crash or a full disk has left half-written.
        data = f"\n{to_json(entry)}\n".encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Opened each time, since another vmgui may have put the file aside.
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if os.write(handle, data) != len(data):
                    raise OSError("the disk is full")
            finally:
                os.close(handle)
        except OSError as error:
            self.problem = f"The journal can't be kept; it is in memory only: {error}"
        else:
            self.problem = ""

    def _put_aside(self, path: Path) -> None:
        # A rename and not a rewrite: lines that another vmgui appends meanwhile are not lost.
        try:
            if path.stat().st_size > KEEP_BYTES:
                path.replace(_older(path))
        except FileNotFoundError:
            return
        except OSError as error:
            self.problem = f"The journal can't be shortened: {error}"

    def _read(self, path: Path) -> None:
        damaged = 0
        for file in (_older(path), path):
            try:
                text = file.read_bytes().decode(errors="replace")
            except FileNotFoundError:
                continue
            except OSError as error:
                self.problem = f"The journal can't be read: {error}"
                continue
            for line in filter(None, text.split("\n")):
                try:
                    entry = from_json(line)
                except ValueError:
                    damaged += 1
                else:
                    self._entries[entry.id] = entry
        for entry in self._entries.values():
            if not entry.state.is_over and not is_running(entry.owner):
                self._entries[entry.id] = interrupted(entry)
        kept = sorted(self._entries.values(), key=lambda entry: entry.created_at_s)
        self._entries = {entry.id: entry for entry in kept[-KEEP_ENTRIES:]}
        if damaged:
            lines = "A line" if damaged == 1 else f"{damaged} lines"
            self.problem = f"{lines} of the journal can't be read and were passed over ({path})."


def as_script(entries: Iterable[Entry]) -> str:
    """Return a POSIX shell script that does again what ``entries`` did, the oldest first.

    Only what was done is in it, and what was done in parts only once: the parts are left out
    where the whole is there. It stops nowhere: a line that fails says so and the next follows.
    """
    entries = tuple(entries)
    whole = {entry.id for entry in entries if entry.state is JobState.DONE}
    lines = [
        "#!/bin/sh",
        "# Made by vmgui. Each command is what was done there; read it before you run it.",
    ]
    for entry in sorted(entries, key=lambda entry: entry.created_at_s):
        if entry.state is not JobState.DONE or entry.parent in whole:
            continue
        when = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(entry.created_at_s))
        about = printable(f"{entry.title} {entry.target_name} on {entry.host_name}")
        lines += ["", f"# {when}  {about}"]
        lines += [complete(line, entry.target.host) for line in entry.virsh]
    return "\n".join(lines) + "\n"


def _older(path: Path) -> Path:
    return path.with_suffix(".older.jsonl")
