"""Migrations on the command line: how far one is while it runs, and those that are kept."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from vmgui import places
from vmgui.actions.job import Job
from vmgui.actions.migration_lines import as_csv
from vmgui.actions.migrations import Migrations, is_stale
from vmgui.actions.virsh import printable
from vmgui.cli.output import Failed, print_facts, print_json, print_table
from vmgui.insight.amounts import byte_rate, duration, latency, size
from vmgui.insight.migration_forecast import Allows, forecast
from vmgui.insight.migration_options import in_words
from vmgui.inventory.migration import MIB, MigrationRun, Phase
from vmgui.session import Session

_EVERY_S = 1.0

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@contextmanager
def progress(session: Session) -> Iterator[None]:
    """Print a line a second on stderr for each migration that runs in the block."""
    printed: dict[str, float] = {}

    def show(run: MigrationRun) -> None:
        now = time.monotonic()
        if run.is_over or not run.samples or now - printed.get(run.job_id, 0.0) < _EVERY_S:
            return
        printed[run.job_id] = now
        print(progress_line(run), file=sys.stderr, flush=True)

    def say_end(run: MigrationRun) -> None:
        if run.summary is not None:
            print(f"vmgui: {printable(run.summary.sentence)}", file=sys.stderr, flush=True)

    session.migrations.changed.connect(show)
    try:
        yield
    except BaseException:
        # The session ends now and breaks off what runs; nobody else would say where it is.
        session.migrations.changed.connect(say_end)
        raise
    finally:
        session.migrations.changed.disconnect(show)


def progress_line(run: MigrationRun) -> str:
    """Return how far a migration is, in a line."""
    last = run.samples[-1]
    at_s = last.at_monotonic_s - run.started_monotonic_s
    parts = [f"{printable(run.domain_name)}: {at_s:.0f} s", str(last.phase)]
    if last.round:
        parts.append(f"round {last.round}")
    if last.disk_total_bytes:
        parts.append(f"disks {size(last.disk_processed_bytes or 0)}")
    if last.memory_total_bytes:
        parts.append(f"sent {size(last.memory_processed_bytes or 0)}")
        parts.append(f"left {size(last.memory_remaining_bytes or 0)}")
        parts.append(f"{byte_rate(last.memory_bps or 0)}")
    if last.dirty_bytes_per_s is not None:
        parts.append(f"written {byte_rate(last.dirty_bytes_per_s)}")
    if last.throttle_percent:
        parts.append(f"slowed by {last.throttle_percent} %")
    line = ", ".join(parts)
    if last.phase in (Phase.PRECOPY, Phase.POSTCOPY):
        told = _forecast(run)
        line += f". {told}" if told else ""
    return line


def part(session: Session, job: Job) -> dict[str, Any]:
    """Return what the document of a migration's job has more than that of others."""
    if job.action_id != "domain.migrate":
        return {}
    run = session.migrations.of(job.id)
    return {"migration": None if run is None else run_document(run)}


def run_document(run: MigrationRun) -> dict[str, Any]:
    """Return a run without its samples; the times of this process are left out."""
    return {
        "id": run.job_id,
        "domain_uuid": run.domain.id,
        "domain_name": run.domain_name,
        "source_uri": run.domain.host,
        "source_name": run.source_name,
        "destination_name": run.destination_name,
        "options": asdict(run.spec),
        "started_at_s": run.started_at_s,
        "bandwidth_mib_s": run.bandwidth_mib_s,
        "max_downtime_ms": run.max_downtime_ms,
        "samples": len(run.samples),
        "events": [
            {
                "at_s": event.at_monotonic_s - run.started_monotonic_s,
                "kind": event.kind,
                "text": event.text,
                "value": event.value,
            }
            for event in run.events
        ],
        "summary": None if run.summary is None else asdict(run.summary),
    }


@click.command("list", help="List the migrations that are kept, the newest first.")
@_JSON
def list_migrations(*, as_json: bool) -> None:
    """Print the runs."""
    runs = _kept().runs()
    if as_json:
        print_json({"migrations": [run_document(run) for run in runs]})
        return
    rows = [
        (
            run.job_id[:8],
            datetime.fromtimestamp(run.started_at_s).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            run.domain_name,
            run.source_name,
            run.destination_name,
            _outcome(run),
            _told(run, "total"),
            _told(run, "sent"),
            _told(run, "downtime"),
        )
        for run in runs
    ]
    head = ("ID", "STARTED", "NAME", "FROM", "TO", "OUTCOME", "TOOK", "SENT", "PAUSE")
    print_table(head, rows, figures=3)


@click.command("show", help="Show a migration that is kept, by its id or the beginning of it.")
@click.argument("run_id", metavar="ID")
@_JSON
def show_migration(run_id: str, *, as_json: bool) -> None:
    """Print one run with its events."""
    run = _find(run_id)
    if as_json:
        print_json(run_document(run))
        return
    print_facts(
        (
            ("Machine", run.domain_name),
            ("From", run.source_name),
            ("To", run.destination_name),
            ("Options", ", ".join(in_words(run.spec))),
            ("Outcome", _outcome(run)),
            ("Took", _told(run, "total")),
            ("Sent", _told(run, "sent")),
            ("Pause", _told(run, "downtime")),
            ("Samples", str(len(run.samples))),
        )
    )
    for event in run.events:
        at_s = event.at_monotonic_s - run.started_monotonic_s
        print(f"{at_s:8.1f} s  {printable(event.text)}")
    if run.summary is not None and run.summary.sentence:
        print(printable(run.summary.sentence))


@click.command("csv", help="Print the figures of a migration that is kept as CSV.")
@click.argument("run_id", metavar="ID")
def print_csv(run_id: str) -> None:
    """Print the samples of one run."""
    sys.stdout.write(as_csv(_find(run_id)))


def _kept() -> Migrations:
    return Migrations(places.state_dir() / "migrations")


def _find(run_id: str) -> MigrationRun:
    run = _kept().of(run_id)
    if run is None:
        raise Failed(f"There is no one migration {printable(run_id)}.", "", "See: migration list")
    return run


def _forecast(run: MigrationRun) -> str:
    limit = None if run.bandwidth_mib_s is None else float(run.bandwidth_mib_s * MIB)
    allows = Allows(auto_converge=run.spec.auto_converge, post_copy=run.spec.post_copy)
    found = forecast(run.samples, run.max_downtime_ms, limit, allows, run.events)
    return f"{found.headline}: {found.sentence}" if found.headline else found.sentence


def _outcome(run: MigrationRun) -> str:
    if run.summary is not None:
        return run.summary.outcome.value
    return "not known" if is_stale(run) else "under way"


def _told(run: MigrationRun, what: str) -> str:
    summary = run.summary
    if summary is None:
        return ""
    match what:
        case "total":
            return "" if summary.total_s is None else duration(summary.total_s)
        case "sent":
            return "" if summary.sent_bytes is None else size(summary.sent_bytes)
        case _:
            return "" if summary.downtime_ms is None else latency(summary.downtime_ms / 1000)
