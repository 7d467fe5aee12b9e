"""The course of migrations: kept, read again, and told where the machine is."""

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from vmgui.actions import migrations as room
from vmgui.actions.migration_end import Seen, judge
from vmgui.actions.migration_lines import as_csv
from vmgui.actions.migrations import Migrations, is_stale
from vmgui.hypervisor.migration import Standing
from vmgui.inventory.domain import DomainState
from vmgui.inventory.key import domain_key
from vmgui.inventory.migration import (
    EventKind,
    MigrationEvent,
    MigrationRun,
    MigrationSample,
    MigrationSpec,
    MigrationSummary,
    Outcome,
    Phase,
    Whereabouts,
)

KEY = domain_key("qemu:///a", "1")
RUN = MigrationRun(
    "job1", KEY, "web", "a", "b", MigrationSpec("qemu:///b", copy_disks=("vda",)), 1000.0, 50.0
)


def recorded(folder: Path | None) -> Migrations:
    migrations = Migrations(folder)
    migrations.begin(RUN)
    migrations.add_sample("job1", MigrationSample(51.0, Phase.PRECOPY, 1, 100, 40, 60))
    knob = MigrationEvent(51.5, EventKind.KNOB, "Bandwidth limited to 5 MiB/s", "5")
    migrations.add_event("job1", knob, bandwidth_mib_s=5)
    migrations.add_sample("job1", MigrationSample(52.0, Phase.DONE, 2, 100, 140, 0, downtime_ms=9))
    return migrations


def test_a_run_is_read_again_as_it_was(tmp_path: Path) -> None:
    migrations = recorded(tmp_path)
    assert migrations.running(KEY) is not None
    migrations.end("job1", MigrationSummary(Outcome.ARRIVED, Whereabouts.DESTINATION, "There."))
    assert migrations.running(KEY) is None
    (again,) = Migrations(tmp_path).runs()
    assert again == migrations.of("job1")
    assert (again.bandwidth_mib_s, again.spec) == (5, RUN.spec)
    assert Migrations(tmp_path).of("jo") == again
    assert oct((tmp_path / "job1.jsonl").stat().st_mode & 0o777) == "0o600"


def test_listeners_get_each_step(tmp_path: Path) -> None:
    migrations = Migrations()
    seen: list[MigrationRun] = []
    migrations.changed.connect(seen.append)
    migrations.begin(RUN)
    migrations.add_sample("job1", MigrationSample(51.0))
    assert [len(run.samples) for run in seen] == [0, 1]


def test_what_cant_be_read_costs_only_itself(tmp_path: Path) -> None:
    recorded(tmp_path)
    (tmp_path / "odd.jsonl").write_text("no JSON\n")
    (tmp_path / "new.jsonl").write_text('{"format": 99, "run": {}}\n')
    (tmp_path / "list.jsonl").write_text("[]\n")
    with (tmp_path / "job1.jsonl").open("a") as file:
        file.write('{"sample": {"at_mono')
    (run,) = Migrations(tmp_path).runs()
    assert len(run.samples) == 2


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KEEP", 2)
    for number in range(4):
        Migrations(tmp_path).begin(replace(RUN, job_id=f"job{number}", started_at_s=number))
        os.utime(tmp_path / f"job{number}.jsonl", (number, number))
    Migrations(tmp_path).begin(replace(RUN, job_id="last", started_at_s=9.0))
    assert [run.job_id for run in Migrations(tmp_path).runs()] == ["last", "job3"]


def test_samples_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KEEP_SAMPLES", 10)
    migrations = Migrations()
    migrations.begin(RUN)
    for number in range(40):
        migrations.add_sample("job1", MigrationSample(float(number)))
    run = migrations.of("job1")
    assert run is not None
    assert len(run.samples) <= 10
    assert run.samples[0].at_monotonic_s == 0.0
    assert run.samples[-1].at_monotonic_s == 39.0


def test_a_folder_that_cant_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    migrations = recorded(file)
    assert "can't be kept" in migrations.problem
    assert migrations.of("job1") is not None


def test_a_run_without_an_end_is_stale_after_a_minute() -> None:
    run = recorded(None).of("job1")
    assert run is not None
    assert not is_stale(run, 1030.0)
    assert is_stale(run, 1100.0)
    ended = replace(run, summary=MigrationSummary(Outcome.ARRIVED, Whereabouts.DESTINATION))
    assert not is_stale(ended, 1100.0)


def test_csv_counts_from_the_start() -> None:
    run = recorded(None).of("job1")
    assert run is not None
    first, second = csv.DictReader(io.StringIO(as_csv(run)))
    assert (first["at_s"], first["phase"], first["memory_remaining_bytes"]) == (
        "1.0",
        "precopy",
        "60",
    )
    assert (second["round"], second["downtime_ms"], second["disk_bps"]) == ("2", "9", "")


RUNS = Standing(DomainState.RUNNING, "booted", True, False)
WAITS = Standing(DomainState.MIGRATING, "for a migration", True, True)
OFF = Standing(DomainState.OFF, "shut down", False, False)
HALF = Standing(DomainState.PAUSED, "post-copy migration failed", True, False)
SILENT = "silent"


@pytest.mark.parametrize(
    ("here", "there", "outcome", "runs_at", "said"),
    [
        (RUNS, None, Outcome.FAILED, Whereabouts.SOURCE, "runs on a as before; nothing is lost"),
        (RUNS, WAITS, Outcome.FAILED, Whereabouts.SOURCE, "runs on a as before"),
        (RUNS, SILENT, Outcome.FAILED, Whereabouts.SOURCE, "b can't be asked"),
        (RUNS, RUNS, Outcome.FAILED, Whereabouts.UNKNOWN, "active on a and on b"),
        (None, RUNS, Outcome.ARRIVED, Whereabouts.DESTINATION, "runs on b all the same"),
        (SILENT, RUNS, Outcome.ARRIVED, Whereabouts.DESTINATION, "a can't be asked"),
        (SILENT, WAITS, Outcome.UNKNOWN, Whereabouts.UNKNOWN, "not known: a can't be asked"),
        (OFF, SILENT, Outcome.UNKNOWN, Whereabouts.UNKNOWN, "not known: b can't be asked"),
        (SILENT, SILENT, Outcome.UNKNOWN, Whereabouts.UNKNOWN, "a and b can't be asked"),
        (OFF, None, Outcome.FAILED, Whereabouts.NOWHERE, "runs nowhere"),
        (HALF, RUNS, Outcome.BROKEN, Whereabouts.UNKNOWN, "post-copy broke off"),
        (OFF, HALF, Outcome.BROKEN, Whereabouts.UNKNOWN, "post-copy broke off"),
    ],
)
def test_where_it_is_after_a_failure_is_told_from_both_hosts(
    here: Standing | str | None,
    there: Standing | str | None,
    outcome: Outcome,
    runs_at: Whereabouts,
    said: str,
) -> None:
    def seen(name: str, standing: Standing | str | None) -> Seen:
        if isinstance(standing, str):
            return Seen(name, answered=False)
        return Seen(name, standing)

    end = judge(
        "web", seen("a", here), seen("b", there), live=True, cancelled=False, post_copy=False
    )
    assert (end.outcome, end.runs_at) == (outcome, runs_at)
    assert said in end.sentence


def test_a_cancelled_one_says_so_and_an_off_one_says_where_it_is_defined() -> None:
    here, none = Seen("a", RUNS), Seen("b")
    end = judge("web", here, none, live=True, cancelled=True, post_copy=False)
    assert end.outcome is Outcome.CANCELLED
    end = judge("web", Seen("a", OFF), none, live=False, cancelled=False, post_copy=False)
    assert "is off, and defined on a" in end.sentence
    end = judge("web", Seen("a", OFF), none, live=True, cancelled=False, post_copy=True)
    assert end.outcome is Outcome.BROKEN
