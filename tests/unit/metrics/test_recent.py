import math
from dataclasses import replace

import pytest

from vmgui.hypervisor.stats import Reading, Roster
from vmgui.inventory.figures import DomainCounters, HostCounters, Sample
from vmgui.inventory.key import domain_key, host_key
from vmgui.metrics.recent import HostFigures, Recent

URI = "qemu:///system"
A, B = domain_key(URI, "a"), domain_key(URI, "b")


def points(recent: Recent) -> list[float | None]:
    return [None if math.isnan(value) else round(value, 3) for value in recent.values()]


def seen(at_s: float, cpu: float | None, step_s: float | None = 2.0) -> Sample:
    return Sample(A, at_s, cpu_ratio=cpu, step_s=step_s)


def test_a_point_is_the_mean_of_five_seconds() -> None:
    recent = Recent()
    for at_s, cpu in ((1000, 0.1), (1002, 0.2), (1004, 0.3), (1006, 0.9)):
        recent.add(seen(at_s, cpu))

    assert points(recent) == [0.2, 0.9]


def test_five_minutes_are_kept() -> None:
    recent = Recent()
    for i in range(200):
        recent.add(seen(1000 + 5 * i, i / 200))

    assert points(recent) == [i / 200 for i in range(140, 200)]


def test_a_gap_is_nan_and_keeps_its_width() -> None:
    recent = Recent()
    recent.add(seen(1000, 0.5))
    recent.add(seen(1017, 0.7))

    assert points(recent) == [0.5, None, None, 0.7]


def test_a_machine_that_is_read_in_turns_has_a_line() -> None:
    recent = Recent()
    recent.add(seen(1000, 0.5))
    recent.add(seen(1015, 0.7, step_s=15.0))

    assert points(recent) == [0.5, 0.7, 0.7, 0.7]


def test_an_unknown_figure_does_not_spoil_its_point() -> None:
    recent = Recent()
    for at_s, cpu in ((1000, None), (1002, 0.4), (1004, None), (1005, None)):
        recent.add(seen(at_s, cpu))

    assert points(recent) == [0.4, None]


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    recent = Recent()
    recent.add(seen(1000, 0.5))
    recent.add(seen(10, 0.7))
    recent.add(seen(12, 0.9))

    assert points(recent) == [0.5, 0.8]


def test_a_long_silence_costs_no_memory() -> None:
    recent = Recent()
    recent.add(seen(1000, 0.5))
    recent.add(seen(1e9, 0.7))

    assert len(recent.values()) == 60


def reading(at_s: float, *machines: DomainCounters, active: str = "") -> Reading:
    running = frozenset(active) or frozenset(machine.key.id for machine in machines)
    return Reading(HostCounters(host_key(URI), at_s), machines, running, Roster())


def counters(at_s: float, run_id: int = 1) -> DomainCounters:
    return DomainCounters(A, at_s, run_id, vcpus=1, cpu_time_ns=int(at_s * 5e8), disk_read_bytes=0)


@pytest.fixture
def figures() -> HostFigures:
    figures = HostFigures(URI)
    figures.take(reading(10.0, counters(10.0)), 1000.0)
    return figures


def test_samples_are_dated_by_the_wall_clock(figures: HostFigures) -> None:
    machine, host = figures.take(reading(12.5, counters(12.0)), 1000.0)

    assert (machine.at_s, host.at_s) == (1012.0, 1012.5)
    assert machine.cpu_ratio == 0.5
    assert machine.step_s == 2.0


def test_traffic_of_a_host_counts_machines_that_were_not_read_this_time(
    figures: HostFigures,
) -> None:
    figures.take(reading(12.0, replace(counters(12.0), disk_read_bytes=4000)), 0.0)
    (host,) = figures.take(reading(14.0, active="a"), 0.0)

    assert host.disk_read_bytes_per_s == 2000.0


def test_after_an_interruption_nothing_is_compared_with_before(figures: HostFigures) -> None:
    figures.interrupt()
    samples = figures.take(reading(600.0, counters(600.0)), 0.0)

    assert [sample.step_s for sample in samples] == [None, None]


def test_one_machine_can_be_interrupted(figures: HostFigures) -> None:
    figures.interrupt(frozenset("a"))
    machine, host = figures.take(reading(600.0, counters(600.0)), 0.0)

    assert machine.cpu_ratio is None
    assert host.step_s is not None


def test_a_machine_that_no_longer_runs_is_forgotten(figures: HostFigures) -> None:
    assert A in figures.latest
    figures.take(reading(12.0, replace(counters(12.0), key=B)), 0.0)

    assert A not in figures.latest
    assert B in figures.latest
    assert not figures.recent_cpu(A)
