"""An entry of the journal: what a job was and how it ended, as one JSON object."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

from vmgui.actions.job import Job, JobState
from vmgui.inventory.key import Key, Kind

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One job in the journal.

    Times are wall clock seconds since the epoch. ``virsh`` holds the short lines (without a
    connection). ``what``, ``why``, ``what_to_do`` and ``libvirt_says`` are those of the error,
    empty where there was none. ``owner`` names the process that ran it. ``parent`` is the id of
    the job that this one is a part of, "" for one that stands by itself.
    """

    id: str
    action_id: str
    title: str
    target: Key
    target_name: str
    host_name: str
    virsh: tuple[str, ...]
    state: JobState
    created_at_s: float
    started_at_s: float | None = None
    ended_at_s: float | None = None
    progress: float | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None
    what: str = ""
    why: str = ""
    what_to_do: str = ""
    libvirt_says: str = ""
    state_now: str = ""
    note: str = ""
    report: str = ""
    owner: str = ""
    parent: str = ""


def of_job(job: Job, owner: str) -> Entry:
    """Return how ``job`` stands now."""
    error = job.error
    return Entry(
        id=job.id,
        action_id=job.action_id,
        title=job.title,
        target=job.target,
        target_name=job.target_name,
        host_name=job.host_name,
        virsh=job.virsh,
        state=job.state,
        created_at_s=job.created_at_s,
        started_at_s=job.started_at_s,
        ended_at_s=job.ended_at_s,
        progress=job.progress,
        done_bytes=job.done_bytes,
        total_bytes=job.total_bytes,
        what=error.what if error else "",
        why=error.why if error else "",
        what_to_do=error.what_to_do if error else "",
        libvirt_says=error.libvirt_says if error else "",
        state_now=job.state_now,
        note=job.note,
        report=job.report,
        owner=owner,
        parent=job.parent,
    )


def to_json(entry: Entry) -> str:
    """Return ``entry`` in one line; text that is no Unicode survives as escapes."""
    values = asdict(entry)
    for passing in ("progress", "done_bytes", "total_bytes"):
        del values[passing]
    if entry.parent and not entry.state.is_over:
        # A part's lines may be long, and it writes them once more when it is over.
        values["virsh"] = ()
    return json.dumps({"format": FORMAT, **values}, separators=(",", ":"))


def from_json(line: str) -> Entry:
    """Read a line of `to_json`; raises ValueError where it is none."""
    values = json.loads(line)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ValueError("not an entry of this format")
    read = {name: check(values.get(name)) for name, check in _FIELDS.items()}
    return Entry(**read)


def interrupted(entry: Entry) -> Entry:
    """Return the entry of a job whose vmgui is not there any more."""
    return replace(
        entry,
        state=JobState.INTERRUPTED,
        state_now="It was running when vmgui ended. How it went on is not known.",
    )


def owner_of(pid: int) -> str:
    """Return a name of the running process ``pid`` that no later process will bear; else "".

    Linux tells in field 22 of /proc/PID/stat when the process started, in clock ticks since
    boot (proc(5)); elsewhere the pid alone has to do.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"{pid}" if not Path("/proc/self/stat").exists() and _is_alive(pid) else ""
    return f"{pid}:{stat.rpartition(')')[2].split()[19]}"


def is_running(owner: str) -> bool:
    """Tell whether the process that `owner_of` named still runs."""
    pid = owner.partition(":")[0]
    return pid.isascii() and pid.isdigit() and owner_of(int(pid)) == owner


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")  # noqa: TRY004  one error for a bad line
    return value


def _time(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a time")  # noqa: TRY004  as above
    return float(value)


def _created(value: object) -> float:
    created_at_s = _time(value)
    if created_at_s is None:
        raise ValueError("an entry has a time")
    return created_at_s


def _key(value: object) -> Key:
    if not isinstance(value, list) or len(value) != len(Key._fields):
        raise ValueError(f"{value!r} is not a key")
    host, kind, name = map(_text, value)
    if kind not in get_args(Kind):
        raise ValueError(f"{kind!r} is not a kind")
    return Key(host, kind, name)  # type: ignore[arg-type]  # checked in the line before


def _lines(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list of lines")  # noqa: TRY004  as above
    return tuple(map(_text, value))


_FIELDS: dict[str, Callable[[object], Any]] = {
    "id": _text,
    "action_id": _text,
    "title": _text,
    "target": _key,
    "target_name": _text,
    "host_name": _text,
    "virsh": _lines,
    "state": lambda value: JobState(_text(value)),
    "created_at_s": _created,
    "started_at_s": _time,
    "ended_at_s": _time,
    "what": _text,
    "why": _text,
    "what_to_do": _text,
    "libvirt_says": _text,
    "state_now": _text,
    "note": _text,
    "report": _text,
    "owner": _text,
    # Lines of versions that knew no parts have none.
    "parent": lambda value: "" if value is None else _text(value),
}
