"""Keeps what was seen of migrations, so that one can be looked at while it runs and afterwards.

A file for each run in the state folder, lines of JSON: the run, then its samples, events and
summary as they come, `FORMAT`. A run whose file has no summary was left by a vmgui that ended.
"""

import contextlib
import json
import logging
import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from psygnal import EmitLoopError, Signal

from vmgui.actions.migration_lines import event_from, run_from, sample_from, summary_from
from vmgui.inventory.key import Key
from vmgui.inventory.migration import (
    MigrationEvent,
    MigrationRun,
    MigrationSample,
    MigrationSummary,
)

FORMAT = 1

KEEP = 100
"""How many runs are kept; the oldest go."""

KEEP_SAMPLES = 20_000
"""Of one run: at two a second nearly three hours; from then on every other old one goes."""

_LARGEST_FILE_BYTES = 50_000_000

_log = logging.getLogger(__name__)


class Migrations:
    """The migrations of this vmgui and of earlier ones. Belongs to the loop's thread.

    ``folder`` None keeps them in memory. ``problem`` is a sentence where one couldn't be written.
    ``changed`` is emitted with the run after each sample, event and end.
    """

    changed = Signal(MigrationRun)

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._runs: dict[str, MigrationRun] = {}
        self._own: set[str] = set()
        self._is_read = False
        self.problem = ""

    def runs(self) -> tuple[MigrationRun, ...]:
        """Return all runs, the newest first; reads those of earlier times at the first call."""
        self._read_all()
        return tuple(sorted(self._runs.values(), key=lambda run: -run.started_at_s))

    def of(self, job_id: str) -> MigrationRun | None:
        """Return the run of a job; a part of its id is enough where it means one run."""
        if (run := self._runs.get(job_id)) is not None:
            return run
        found = [run for run in self.runs() if job_id and run.job_id.startswith(job_id)]
        return found[0] if len(found) == 1 else None

    def running(self, domain: Key) -> MigrationRun | None:
        """Return the run of a machine that vmgui is moving now."""
        runs = (self._runs[each] for each in self._own)
        return next((run for run in runs if run.domain == domain and not run.is_over), None)

    def begin(self, run: MigrationRun) -> None:
        """Take a run that begins."""
        self._own.add(run.job_id)
        line = {"format": FORMAT, "run": {**asdict(run), "samples": [], "events": []}}
        self._take(run, line)
        self._drop_oldest()

    def add_sample(self, job_id: str, sample: MigrationSample) -> None:
        """Take what was read now."""
        run = self._runs[job_id]
        samples = (*run.samples, sample)
        if len(samples) > KEEP_SAMPLES:
            half = len(samples) // 2
            samples = (*samples[:half:2], *samples[half:])
        self._take(replace(run, samples=samples), {"sample": asdict(sample)})

    def add_event(self, job_id: str, event: MigrationEvent, **now: int | None) -> None:
        """Take a mark; ``now`` are the run's fields that it changed (a knob's)."""
        run = self._runs[job_id]
        changed = replace(run, events=(*run.events, event), **now)  # type: ignore[arg-type]
        self._take(changed, {"event": asdict(event), **({"now": now} if now else {})})

    def end(self, job_id: str, summary: MigrationSummary) -> None:
        """Take what came of it."""
        self._take(replace(self._runs[job_id], summary=summary), {"summary": asdict(summary)})

    def _take(self, run: MigrationRun, line: dict[str, Any]) -> None:
        self._runs[run.job_id] = run
        self._write(run, line)
        try:
            self.changed.emit(run)
        except EmitLoopError:
            # A bug of whoever listens must not become the migration's.
            _log.exception("A listener failed on a migration")

    def _write(self, run: MigrationRun, line: dict[str, Any]) -> None:
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{run.job_id}.jsonl"
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            with os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            self.problem = f"The course of a migration can't be kept: {error}"

    def _files(self) -> list[Path]:
        if self._folder is None or not self._folder.is_dir():
            return []
        times: list[tuple[float, Path]] = []
        for path in self._folder.glob("*.jsonl"):
            with contextlib.suppress(OSError):  # another vmgui dropped it just now
                times.append((path.stat().st_mtime, path))
        return [path for _, path in sorted(times, reverse=True)]

    def _drop_oldest(self) -> None:
        for path in self._files()[KEEP:]:
            if path.stem not in self._own:
                self._runs.pop(path.stem, None)
                with contextlib.suppress(OSError):
                    path.unlink()

    def _read_all(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        for path in self._files()[:KEEP]:
            if path.stem not in self._runs and (run := _read(path)) is not None:
                self._runs[run.job_id] = run


def _read(path: Path) -> MigrationRun | None:
    """Return what a file tells; None for one that isn't ours. A half last line is left out."""
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            return None
        lines = path.read_text(encoding="utf-8").splitlines()
        first = json.loads(lines[0])
        if first.get("format") != FORMAT:
            return None
        run = run_from(first["run"])
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None
    samples: list[MigrationSample] = []
    events: list[MigrationEvent] = []
    for text in lines[1:]:
        try:
            line = json.loads(text)
            if "sample" in line:
                samples.append(sample_from(line["sample"]))
            elif "event" in line:
                events.append(event_from(line["event"]))
                run = replace(run, **line.get("now", {}))
            elif "summary" in line:
                run = replace(run, summary=summary_from(line["summary"]))
        except (ValueError, KeyError, TypeError):
            continue
    return replace(run, samples=tuple(samples), events=tuple(events))


def is_stale(run: MigrationRun, now_s: float | None = None) -> bool:
    """Tell whether a run that has no end must have lost its vmgui: nothing came for a minute."""
    if run.is_over:
        return False
    last = run.samples[-1].at_monotonic_s if run.samples else run.started_monotonic_s
    at_s = run.started_at_s + (last - run.started_monotonic_s)
    return (time.time() if now_s is None else now_s) - at_s > 60.0
