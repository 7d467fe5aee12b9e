"""Figures of many runs as medians, as a table and against what is aimed for. Pure."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_MIB = 1 << 20

DEAF_AIM_S = 0.05
CPU_AIM, READY_AIM, MEMORY_AIM = 1 / 25, 1 / 4, 0.6
"""At most so much of virt-manager's; processor time and memory at `JUDGED_SIZE`."""

JUDGED_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one program. Times are from the program's start; None is "not measured".

    ``open_s`` is how long the URI took to open (the floor only). ``ready_cpu_s`` is the processor
    time that was used until the program was ready. ``deaf_starved_s`` is the part
    of ``deaf_s`` in which the window's thread waited for a processor, ``deaf_unstarved_s`` the
    longest answer with that part taken away from each. ``others_cores`` is how many processors
    were kept busy by everything else at rest, the X server included.
    """

    program: str
    size: int
    open_s: float | None
    mapped_s: float | None
    ready_s: float
    ready_cpu_s: float
    cpu_in_3_s: float
    pss_bytes: int
    own_bytes: int
    rss_bytes: int
    deaf_s: float | None
    deaf_starved_s: float | None
    deaf_after_s: float | None
    deaf_unstarved_s: float | None
    pings: int
    late_pings: int
    keys_s: tuple[float, ...]
    others_cores: float


Figure = Callable[[Run], float | None]


def median(runs: Iterable[Run], figure: Figure) -> float | None:
    """Return the median of a figure, None where no run has it."""
    values = [value for run in runs if (value := figure(run)) is not None]
    return statistics.median(values) if values else None


def of(runs: Iterable[Run], program: str, size: int) -> list[Run]:
    """Return the runs of a program on a size."""
    return [run for run in runs if run.program == program and run.size == size]


def open_s(runs: Iterable[Run], size: int) -> float:
    """Return how long opening the URI takes, 0 where the floor was not measured."""
    return median(of(runs, "floor", size), lambda run: run.open_s) or 0.0


def table(runs: Sequence[Run]) -> str:
    """Return the figures as text: median, and in brackets the least and the most."""
    columns: tuple[tuple[str, Figure, Callable[[float], str]], ...] = (
        ("ready less opening, s", lambda r: r.ready_s - open_s(runs, r.size), _two),
        ("CPU s to ready", lambda r: r.ready_cpu_s, _two),
        ("CPU s per 3 s", lambda r: r.cpu_in_3_s, _three),
        ("deaf, ms", lambda r: r.deaf_s, _ms),
        ("less starved, ms", lambda r: r.deaf_unstarved_s, _ms),
        ("key to pixels, ms", _typical_key, _ms),
        ("longest key, ms", lambda r: max(r.keys_s, default=None), _ms),
        ("PSS, MiB", lambda r: r.pss_bytes / _MIB, _whole),
        ("RSS, MiB", lambda r: r.rss_bytes / _MIB, _whole),
        ("others, cores", lambda r: r.others_cores, _two),
    )
    lines = [["machines", "opening, s", "program", *(title for title, _, _ in columns)]]
    for size, program in _groups(runs):
        group = of(runs, program, size)
        cells = [_range(group, figure, words) for _, figure, words in columns]
        lines.append([str(size), f"{open_s(runs, size):.2f}", program, *cells])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def verdicts(runs: Sequence[Run]) -> str:
    """Return a line for each aim and size: what was measured, and whether it is met."""
    lines = []
    for size in sorted({run.size for run in runs}):
        ours, theirs = of(runs, "vmgui", size), of(runs, "virt-manager", size)
        deaf_s = median(ours, lambda run: run.deaf_s)
        unstarved_s = median(ours, lambda run: run.deaf_unstarved_s)
        if deaf_s is not None and unstarved_s is not None:
            lines.append(
                f"{size}: deaf for {_ms(deaf_s)} ms ({_ms(unstarved_s)} less starved), "
                f"aim {_ms(DEAF_AIM_S)}: {_met(deaf_s <= DEAF_AIM_S)}"
            )
        aims: tuple[tuple[str, Figure, float], ...] = (
            ("ready less opening", lambda r: r.ready_s - open_s(runs, r.size), READY_AIM),
            ("CPU at rest", lambda r: r.cpu_in_3_s, CPU_AIM),
            ("PSS", lambda r: r.pss_bytes, MEMORY_AIM),
        )
        for title, figure, aim in aims:
            our, their = median(ours, figure), median(theirs, figure)
            if our is None or not their:
                continue
            verdict = f"{size}: {title} {our / their:.3f} of virt-manager's"
            if size == JUDGED_SIZE or aim == READY_AIM:
                verdict += f", aim {aim:.2f}: {_met(our / their <= aim)}"
            lines.append(verdict)
    return "\n".join(lines)


def _typical_key(run: Run) -> float | None:
    return statistics.median(run.keys_s) if run.keys_s else None


def _groups(runs: Iterable[Run]) -> list[tuple[int, str]]:
    """Return sizes and programs in the order in which they were measured."""
    return list(dict.fromkeys((run.size, run.program) for run in runs))


def _range(runs: Sequence[Run], figure: Figure, words: Callable[[float], str]) -> str:
    values = [value for run in runs if (value := figure(run)) is not None]
    if not values:
        return "-"
    return f"{words(statistics.median(values))} ({words(min(values))}–{words(max(values))})"


def _two(value: float) -> str:
    return f"{value:.2f}"


def _three(value: float) -> str:
    return f"{value:.3f}"


def _ms(value: float) -> str:
    return f"{value * 1000:.0f}"


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _met(met: bool) -> str:
    return "met" if met else "MISSED"
