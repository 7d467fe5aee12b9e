"""Measures the window against virt-manager and against the floor, as whole processes.

    python -m tests.bench.window [--sizes 10,100,1000,5000] [--runs N] [--out FILE.json]

Worlds of so many machines are written for libvirt's test driver. Each run starts a program anew on
an X server and a session bus of its own, and the programs take turns, so that what else the
machine does hits all of them. A run takes under a minute; virt-manager's takes some ten of them
with 5,000 machines. In a run:

1. From its start until the list is complete (vmgui's trace says so; virt-manager's tree is counted)
   and a ping sent after that is answered: *ready*. Pings go on for 8 s.
2. 15 s without pings: processor time and memory *at rest*, all figures polled.
3. 10 s with pings, and the answer to the last one, however long it takes.
4. Keys: into vmgui's query field, up and down in virt-manager's tree. From the key to pixels.

*Deaf* is the longest that a ping took in 1 and 3. Where its answer waited because no processor was
free, that time is not the window's fault: it counts as *starved*. Processor time *to ready* depends
less on what else the machine does than the time on the clock.
The floor lists and polls the same with no window; how long it took to open the URI, which every
program must, is what *ready* is told without.

What the comparison leaves out: the test driver has no bulk figures, and there vmgui reads machines
in turns within a fixed processor time, those in sight first (`vmgui.metrics.poll.BUDGET_S`), while
virt-manager and the floor ask every running machine at every poll. The X server's own work counts
for nobody. The driver's world lives in each program's memory; the floor's is nearly all that.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.programs import PROGRAMS, Floor, Program, python_for_probe
from tests.bench.report import Run, table, verdicts
from tests.bench.stage import (
    Ended,
    Memory,
    Missing,
    Probe,
    TookTooLong,
    Usage,
    screen,
    session_bus,
    started,
    wait_for,
)
from tests.worlds import write_world


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each part of a run takes, in seconds."""

    settle_s: float = 8.0
    rest_s: float = 15.0
    pings_s: float = 10.0
    keys: int = 10
    patience_s: float = 600.0


QUICK = Pace(settle_s=1.0, rest_s=1.0, pings_s=1.0, keys=2, patience_s=30.0)
"""Enough to see that measuring works, too little for figures that mean anything."""


def measure(program: Program, uri: str, size: int, pace: Pace, probe_python: str) -> Run:
    """Run a program once; raises TookTooLong, Ended or Missing."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        env = _env(program, home)
        env["DISPLAY"], x_pid = stack.enter_context(screen(env))
        if shutil.which("dbus-daemon"):
            env["DBUS_SESSION_BUS_ADDRESS"] = stack.enter_context(session_bus(env))
        command = program.command(uri, size, home)
        log = stack.enter_context((home / "log").open("w", encoding="utf-8"))
        began_s = time.monotonic()
        process = stack.enter_context(
            started(command, env, cwd=home, stdout=log, stderr=subprocess.STDOUT)
        )
        probe = None
        if program.has_window and probe_python:
            out = home / "probe"
            probe = stack.enter_context(Probe.at(probe_python, process.pid, x_pid, out, env))
        try:
            return _follow(program, process, home, began_s, size, pace, probe)
        except (TookTooLong, Ended):
            log.flush()
            print((home / "log").read_text(encoding="utf-8"), file=sys.stderr)
            raise


def _follow(
    program: Program,
    process: "subprocess.Popen[str]",
    home: Path,
    began_s: float,
    size: int,
    pace: Pace,
    probe: Probe | None,
) -> Run:
    def complete() -> float | None:
        if process.poll() is not None:
            raise Ended(f"{program.name} ended by itself with code {process.returncode}")
        return program.complete_s(home, began_s)

    pid = process.pid
    complete_s: float = wait_for(f"the list of {program.name}", complete, pace.patience_s)
    ready_s, mapped_s = complete_s, None
    if probe is not None:
        ready_s = wait_for(
            f"an answer of {program.name}",
            lambda: probe.answered_since_s(complete_s),
            pace.patience_s,
        )
        mapped_s = probe.mapped_s()
    ready_cpu_s = Usage.of(pid).cpu_s
    time.sleep(pace.settle_s)
    if probe is not None:
        probe.pause(pace.patience_s)
    before = Usage.of(pid)
    time.sleep(pace.rest_s)
    after, memory = Usage.of(pid), Memory.of(pid)
    pings, keys_s = [], []
    if probe is not None:
        probe.resume()
        time.sleep(pace.pings_s)
        probe.pause(pace.patience_s)
        pings = probe.pings()
        wanted = [*program.first_keys, *program.keys * (pace.keys // len(program.keys))]
        answers = probe.strike(program.strip_px, wanted, pace.patience_s)
        keys_s = [took_s for took_s in answers[len(program.first_keys) :] if took_s is not None]
    worst = max(pings, key=lambda ping: ping.took_s, default=None)
    return Run(
        program=program.name,
        size=size,
        open_s=program.open_s(home) if isinstance(program, Floor) else None,
        mapped_s=None if mapped_s is None else mapped_s - began_s,
        ready_s=ready_s - began_s,
        ready_cpu_s=ready_cpu_s,
        cpu_in_3_s=after.cpu_in_3_s(before),
        pss_bytes=memory.pss_bytes,
        own_bytes=memory.own_bytes,
        rss_bytes=memory.rss_bytes,
        deaf_s=None if worst is None else worst.took_s,
        deaf_starved_s=None if worst is None else worst.starved_s,
        deaf_after_s=None if worst is None else worst.sent_s - began_s,
        deaf_unstarved_s=max((p.took_s - p.starved_s for p in pings), default=None),
        pings=len(pings),
        late_pings=sum(ping.took_s > 0.05 for ping in pings),
        keys_s=tuple(keys_s),
        others_cores=after.others_cores(before),
    )


def _env(program: Program, home: Path) -> dict[str, str]:
    """Return an environment in which a program finds nothing of whoever runs this."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env["HOME"] = str(home)
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        env[f"XDG_{name}_HOME"] = str(home / name.lower())
    env["XDG_RUNTIME_DIR"] = str(home)
    env.update(program.env(home))
    return env


def compare(
    sizes: Sequence[int],
    runs: int,
    programs: Sequence[Program],
    pace: Pace,
    probe_python: str,
) -> list[Run]:
    """Let the programs take turns on each size; a run that fails is told and left out."""
    done: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        for size in sizes:
            uri = write_world(Path(place) / f"{size}.xml", domains=size)
            for number in range(runs):
                for program in programs:
                    print(f"{size} machines, run {number + 1} of {runs}: {program.name}", end=" ")
                    sys.stdout.flush()
                    try:
                        done.append(measure(program, uri, size, pace, probe_python))
                    except (TookTooLong, Ended) as error:
                        print(f"failed: {error}")
                    else:
                        print(f"ready in {done[-1].ready_s:.2f} s")
    return done


def _machine() -> Mapping[str, object]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.window",
        description="Measure the window against virt-manager and the bare libvirt calls.",
    )
    names = [program.name for program in PROGRAMS]
    parser.add_argument("--sizes", default="10,100,1000,5000", help="how many machines")
    parser.add_argument("--runs", type=int, default=3, help="of each program on each size")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    parser.add_argument("--only", default=",".join(names), help="programs, of " + ", ".join(names))
    parser.add_argument("--quick", action="store_true", help="see that it works; no real figures")
    options = parser.parse_args(arguments)
    if shutil.which("Xvfb") is None:
        print("Xvfb is missing: install the package xvfb.", file=sys.stderr)
        return 1
    wanted = [program for program in PROGRAMS if program.name in options.only.split(",")]
    for program in wanted:
        if program.missing():
            print(f"Without {program.name}: it needs {program.missing()}.")
    present = [program for program in wanted if not program.missing()]
    probe_python = python_for_probe()
    if not probe_python:
        print("Without pings and keys: no Python here has python-xlib (package python3-xlib).")
    sizes = [int(size) for size in options.sizes.split(",")]
    pace = QUICK if options.quick else Pace()
    try:
        runs = compare(sizes, options.runs, present, pace, probe_python)
    except Missing as error:
        print(error, file=sys.stderr)
        return 1
    if options.out is not None:
        document = {"machine": _machine(), "pace": asdict(pace), "runs": [asdict(r) for r in runs]}
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print()
    print(table(runs))
    print(verdicts(runs))
    return 0 if runs else 1


if __name__ == "__main__":
    sys.exit(main())
