"""What the command line tells of migrations: progress, the list, one of them, and its figures."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from vmgui import places
from vmgui.actions.migrations import Migrations
from vmgui.cli.main import cli
from vmgui.cli.migrations import progress_line
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

MIB = 2**20
RUN = MigrationRun(
    "0123abcd",
    domain_key("qemu:///a", "1"),
    "web\x1b[2J",
    "a",
    "b",
    MigrationSpec("qemu:///b"),
    1000.0,
    50.0,
)
SAMPLE = MigrationSample(
    54.0, Phase.PRECOPY, 2, 100 * MIB, 60 * MIB, 40 * MIB, 0, 10e6, 3e6, throttle_percent=30
)


def test_a_line_of_progress_moves_no_cursor() -> None:
    line = progress_line(replace(RUN, samples=(SAMPLE,)))
    assert line.startswith(r"web\x1b[2J: 4 s, precopy, round 2, sent 60 MiB, left 40 MiB")
    assert "written 3.0 MB/s, slowed by 30 %" in line
    assert "\x1b" not in line


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "state_dir", lambda: tmp_path)
    migrations = Migrations(tmp_path / "migrations")
    migrations.begin(RUN)
    migrations.add_sample(RUN.job_id, SAMPLE)
    migrations.add_event(RUN.job_id, MigrationEvent(54.0, EventKind.ROUND, "Round 2", "2"))
    summary = MigrationSummary(
        Outcome.ARRIVED, Whereabouts.DESTINATION, "web runs on b now.", 6.0, 2, 60 * MIB, 0, 42.0
    )
    migrations.end(RUN.job_id, summary)


@pytest.mark.usefixtures("kept")
def test_kept_runs_are_listed_shown_and_exported() -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(cli, ["migration", *words])
        assert result.exit_code == 0, result.output
        return result.output

    head, row = run("list").splitlines()
    assert head.split()[:3] == ["ID", "STARTED", "NAME"]
    assert row.split()[0] == "0123abcd"
    assert row.rstrip().endswith("arrived   6 s  60 MiB  42 ms")
    shown = run("show", "0123")
    assert "Round 2" in shown
    assert "web runs on b now." in shown
    assert "\x1b" not in shown
    document = json.loads(run("show", "0123", "--json"))
    assert document["summary"]["downtime_ms"] == 42.0
    assert document["events"] == [{"at_s": 4.0, "kind": "round", "text": "Round 2", "value": "2"}]
    assert run("csv", "0123abcd").splitlines()[1].startswith("4.0,precopy,2,")
    (listed,) = json.loads(run("list", "--json"))["migrations"]
    assert listed == document


@pytest.mark.usefixtures("kept")
def test_an_id_that_means_none_fails() -> None:
    assert CliRunner().invoke(cli, ["migration", "show", "9"]).exit_code == 1
