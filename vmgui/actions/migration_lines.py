"""A migration as JSON and as CSV; what is read back was written by `dataclasses.asdict`."""

import csv
import io
from dataclasses import fields
from typing import Any

from vmgui.inventory.key import domain_key
from vmgui.inventory.migration import (
    Compression,
    CopyStorage,
    EventKind,
    MigrationEvent,
    MigrationRun,
    MigrationSample,
    MigrationSpec,
    MigrationSummary,
    Outcome,
    Phase,
    Transport,
    Whereabouts,
)


def run_from(told: dict[str, Any]) -> MigrationRun:
    """Return a run without its samples, events and end; raises what a foreign text raises."""
    uri, _, uuid = told["domain"]
    known = {**told, "domain": domain_key(uri, uuid), "spec": _spec(told["spec"])}
    return MigrationRun(**{**known, "samples": (), "events": (), "summary": None})


def sample_from(told: dict[str, Any]) -> MigrationSample:
    """Return a sample."""
    return MigrationSample(**{**told, "phase": Phase(told["phase"])})


def event_from(told: dict[str, Any]) -> MigrationEvent:
    """Return an event."""
    return MigrationEvent(**{**told, "kind": EventKind(told["kind"])})


def summary_from(told: dict[str, Any]) -> MigrationSummary:
    """Return a summary."""
    known = {"outcome": Outcome(told["outcome"]), "runs_at": Whereabouts(told["runs_at"])}
    return MigrationSummary(**{**told, **known})


def as_csv(run: MigrationRun) -> str:
    """Return the samples as CSV, the time in seconds since the run's start."""
    names = [each.name for each in fields(MigrationSample) if each.name != "at_monotonic_s"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["at_s", *names])
    for sample in run.samples:
        at_s = round(sample.at_monotonic_s - run.started_monotonic_s, 3)
        writer.writerow([at_s, *(getattr(sample, name) for name in names)])
    return text.getvalue()


def _spec(told: dict[str, Any]) -> MigrationSpec:
    known = {
        "copy_storage": CopyStorage(told["copy_storage"]),
        "compression": Compression(told["compression"]),
        "transport": Transport(told["transport"]),
        "copy_disks": tuple(told["copy_disks"]),
    }
    return MigrationSpec(**{**told, **known})
