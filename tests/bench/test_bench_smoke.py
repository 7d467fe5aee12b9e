"""The benchmark itself: it runs, and what it tells follows from what it measured."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.programs import python_for_probe
from tests.bench.report import Run, table, verdicts

_ROOT = Path(__file__).parents[2]
_MIB = 1 << 20

_RUN = Run(
    program="vmgui",
    size=1000,
    open_s=None,
    mapped_s=0.5,
    ready_s=1.5,
    ready_cpu_s=1.0,
    cpu_in_3_s=0.04,
    pss_bytes=100 * _MIB,
    own_bytes=90 * _MIB,
    rss_bytes=150 * _MIB,
    deaf_s=0.03,
    deaf_starved_s=0.01,
    deaf_after_s=1.0,
    deaf_unstarved_s=0.025,
    pings=100,
    late_pings=0,
    keys_s=(0.01, 0.03, 0.02),
    others_cores=0.1,
)
_RIVAL = replace(
    _RUN, program="virt-manager", ready_s=4.9, cpu_in_3_s=2.0, pss_bytes=200 * _MIB, deaf_s=1.7
)
_FLOOR = replace(_RUN, program="floor", open_s=0.5, ready_s=0.6, deaf_s=None, keys_s=())


def test_aims_are_judged_by_medians_and_without_the_opening() -> None:
    slow_once = replace(_RUN, ready_s=9.0, deaf_s=0.9)
    told = verdicts([_RUN, slow_once, _RUN, _RIVAL, _FLOOR]).splitlines()
    assert told == [
        "1000: deaf for 30 ms (25 less starved), aim 50: met",
        "1000: ready less opening 0.227 of virt-manager's, aim 0.25: met",
        "1000: CPU at rest 0.020 of virt-manager's, aim 0.04: met",
        "1000: PSS 0.500 of virt-manager's, aim 0.60: met",
    ]


def test_missed_aims_are_told() -> None:
    bad = replace(_RUN, ready_s=2.0, cpu_in_3_s=0.1, pss_bytes=150 * _MIB, deaf_s=0.051)
    told = verdicts([bad, _RIVAL, _FLOOR]).splitlines()
    assert len(told) == 4
    assert all(line.endswith("MISSED") for line in told)


def test_the_table_has_the_least_and_the_most() -> None:
    lines = table([_RUN, replace(_RUN, deaf_s=0.07), _RUN, _FLOOR]).splitlines()
    assert "30 (30–70)" in lines[1]
    assert "1.00 (1.00–1.00)" in lines[1], "ready without the half second of opening"
    assert " - " in lines[2], "the floor has no window that could be deaf"


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is missing: package xvfb")
def test_the_benchmark_runs(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.bench.window", "--quick", "--runs", "1"]
    command += ["--sizes", "10", "--only", "vmgui,floor", "--out", str(out)]
    ran = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ours, floor = json.loads(out.read_text(encoding="utf-8"))["runs"]
    assert (ours["program"], floor["program"]) == ("vmgui", "floor")
    assert 0 < floor["open_s"] < floor["ready_s"]
    assert ours["pss_bytes"] > floor["pss_bytes"] > 0
    assert ours["ready_cpu_s"] > floor["ready_cpu_s"]
    assert [line.split()[2] for line in ran.stdout.splitlines()[-3:-1]] == ["vmgui", "floor"]
    if python_for_probe():
        assert ours["pings"] > 0
        assert ours["deaf_s"] > 0
        assert len(ours["keys_s"]) == 2
    else:
        assert "python3-xlib" in ran.stdout


def test_the_turns_of_the_loop_are_told_step_by_step() -> None:
    command = [sys.executable, "-m", "tests.bench.turns", "--quick", "--sizes", "20"]
    command += ["--least", "0.001", "--profile"]
    ran = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    steps = [
        line.split(" turns ")[0].split() for line in ran.stdout.splitlines() if " turns " in line
    ]
    assert [" ".join(words[:-1]) for words in steps][:3] == [
        "make the window",
        "load",
        "after loading",
    ]
    assert all(int(turns) > 0 for *_, turns in steps)
    assert len(steps) > 12
    assert "main_window.py" in ran.stdout, "a long turn names its functions"
