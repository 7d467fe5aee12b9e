from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgui.inventory.figures import DomainCounters, HostCounters, Sample
from vmgui.inventory.key import domain_key, host_key
from vmgui.metrics.rates import domain_sample, host_sample

KEY = domain_key("test:///default", "6695eb01-f6a4-8304-79aa-97f2502e193f")
HOST = host_key("test:///default")
GIB = 1024**3

BEFORE = DomainCounters(
    KEY, 100.0, 7, vcpus=2, cpu_time_ns=5_000_000_000, steal_ns=0,
    memory_granted_bytes=GIB, memory_max_bytes=2 * GIB, memory_rss_bytes=900,
    disk_read_bytes=1000, disk_written_bytes=2000, disk_requests=10,
    net_received_bytes=500, net_sent_bytes=600, net_dropped=1,
)  # fmt: skip
NOW = DomainCounters(
    KEY, 102.0, 7, vcpus=2, cpu_time_ns=6_000_000_000, steal_ns=400_000_000,
    memory_granted_bytes=GIB, memory_max_bytes=2 * GIB, memory_rss_bytes=950,
    disk_read_bytes=5000, disk_written_bytes=2000, disk_requests=30,
    net_received_bytes=1500, net_sent_bytes=700, net_dropped=5,
)  # fmt: skip
RATES = (
    "cpu_ratio", "steal_ratio", "disk_read_bytes_per_s", "disk_written_bytes_per_s",
    "disk_requests_per_s", "net_received_bits_per_s", "net_sent_bits_per_s", "net_dropped_per_s",
)  # fmt: skip


def rates(sample: Sample) -> list[float | None]:
    return [getattr(sample, name) for name in RATES]


def test_rates_are_differences_over_the_time_between_two_readings() -> None:
    sample = domain_sample(BEFORE, NOW, 1_700_000_000.0)

    assert sample == Sample(
        KEY, 1_700_000_000.0, cpu_ratio=0.25, steal_ratio=0.1,
        memory_used_bytes=950, memory_granted_bytes=GIB, memory_max_bytes=2 * GIB,
        memory_is_resident=True, disk_read_bytes_per_s=2000.0, disk_written_bytes_per_s=0.0,
        disk_requests_per_s=10.0, net_received_bits_per_s=4000.0, net_sent_bits_per_s=400.0,
        net_dropped_per_s=2.0, step_s=2.0,
    )  # fmt: skip


def test_first_reading_has_memory_but_no_rates() -> None:
    sample = domain_sample(None, NOW, 0.0)

    assert rates(sample) == [None] * len(RATES)
    assert sample.step_s is None
    assert sample.memory_used_bytes == 950


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(replace(NOW, run_id=8), id="the machine was started anew"),
        pytest.param(replace(NOW, at_monotonic_s=100.0), id="no time passed"),
        pytest.param(replace(NOW, at_monotonic_s=99.0), id="time went backwards"),
    ],
)
def test_readings_that_do_not_follow_each_other_make_a_gap(now: DomainCounters) -> None:
    sample = domain_sample(BEFORE, now, 0.0)

    assert rates(sample) == [None] * len(RATES)
    assert sample.step_s is None


@pytest.mark.parametrize(
    ("counter", "rate"),
    [
        ("cpu_time_ns", "cpu_ratio"),
        ("steal_ns", "steal_ratio"),
        ("disk_read_bytes", "disk_read_bytes_per_s"),
        ("disk_written_bytes", "disk_written_bytes_per_s"),
        ("disk_requests", "disk_requests_per_s"),
        ("net_received_bytes", "net_received_bits_per_s"),
        ("net_sent_bytes", "net_sent_bits_per_s"),
        ("net_dropped", "net_dropped_per_s"),
    ],
)
def test_a_counter_that_fell_or_is_missing_is_a_gap_in_its_rate_only(
    counter: str, rate: str
) -> None:
    whole = domain_sample(BEFORE, NOW, 0.0)
    higher: Any = {counter: 50_000_000_000}
    missing: Any = {counter: None}
    gap: Any = {rate: None}
    for before, now in (
        (replace(BEFORE, **higher), NOW),
        (BEFORE, replace(NOW, **missing)),
        (replace(BEFORE, **missing), NOW),
    ):
        assert domain_sample(before, now, 0.0) == replace(whole, **gap)


def test_changed_number_of_vcpus_is_a_gap_in_cpu_only() -> None:
    sample = domain_sample(BEFORE, replace(NOW, vcpus=4), 0.0)

    assert sample.cpu_ratio is None
    assert sample.steal_ratio is None
    assert sample.disk_read_bytes_per_s == 2000.0


def test_work_of_qemu_itself_counts_up_to_one_and_a_jump_is_a_gap() -> None:
    busy = replace(NOW, cpu_time_ns=10_000_000_000)  # 2.5 threads of 2 vCPUs
    jump = replace(NOW, cpu_time_ns=505_000_000_000)

    assert domain_sample(BEFORE, busy, 0.0).cpu_ratio == 1.0
    assert domain_sample(BEFORE, jump, 0.0).cpu_ratio is None


def test_used_memory_is_what_the_guest_says() -> None:
    told = replace(NOW, memory_available_bytes=1000, memory_usable_bytes=400)
    sample = domain_sample(None, told, 0.0)

    assert (sample.memory_used_bytes, sample.memory_is_resident) == (600, False)


@pytest.mark.parametrize(
    ("available", "usable"), [(None, 400), (1000, None), (400, 1000), (1000, -1)]
)
def test_used_memory_falls_back_to_resident_size(available: int | None, usable: int | None) -> None:
    half = replace(NOW, memory_available_bytes=available, memory_usable_bytes=usable)
    sample = domain_sample(None, half, 0.0)

    assert (sample.memory_used_bytes, sample.memory_is_resident) == (950, True)


def test_unknown_memory_is_not_called_resident() -> None:
    sample = domain_sample(None, DomainCounters(KEY, 1.0, 7), 0.0)

    assert (sample.memory_used_bytes, sample.memory_is_resident) == (None, False)


counts = st.none() | st.integers(0, 2**64 - 1)
readings = st.builds(
    DomainCounters,
    st.just(KEY),
    st.floats(0, 1e6),
    st.integers(1, 3),
    vcpus=st.none() | st.integers(1, 256),
    cpu_time_ns=counts,
    steal_ns=counts,
    memory_rss_bytes=counts,
    memory_available_bytes=counts,
    memory_usable_bytes=counts,
    disk_read_bytes=counts,
    disk_written_bytes=counts,
    disk_requests=counts,
    net_received_bytes=counts,
    net_sent_bytes=counts,
    net_dropped=counts,
)


@given(readings, readings)
def test_no_pair_of_readings_makes_a_negative_or_impossible_figure(
    before: DomainCounters, now: DomainCounters
) -> None:
    sample = domain_sample(before, now, 0.0)

    assert all(rate is None or rate >= 0 for rate in rates(sample))
    assert sample.cpu_ratio is None or sample.cpu_ratio <= 1
    assert sample.steal_ratio is None or sample.steal_ratio <= 1
    assert sample.memory_used_bytes is None or sample.memory_used_bytes >= 0


@given(st.lists(st.tuples(st.floats(0.01, 100), st.integers(0, 10**12)), min_size=1, max_size=20))
def test_rates_times_steps_add_up_to_what_the_counter_counted(
    steps: list[tuple[float, int]],
) -> None:
    before, total = BEFORE, 0.0
    for seconds, more in steps:
        assert before.disk_read_bytes is not None
        now = replace(
            before,
            at_monotonic_s=before.at_monotonic_s + seconds,
            disk_read_bytes=before.disk_read_bytes + more,
        )
        sample = domain_sample(before, now, 0.0)
        assert sample.disk_read_bytes_per_s is not None
        assert sample.step_s is not None
        total += sample.disk_read_bytes_per_s * sample.step_s
        before = now
    assert total == pytest.approx(sum(more for _, more in steps))


HOST_BEFORE = HostCounters(HOST, 100.0, 4, 10_000_000_000, 8 * GIB, 2 * GIB, GIB)
HOST_NOW = replace(HOST_BEFORE, at_monotonic_s=102.0, cpu_busy_ns=14_000_000_000)


def test_host_has_cpu_and_memory_of_its_own_and_the_traffic_of_its_machines() -> None:
    machines = [
        Sample(KEY, 0.0, disk_read_bytes_per_s=10.0, net_sent_bits_per_s=1.0),
        Sample(KEY, 0.0, disk_read_bytes_per_s=5.0),
    ]
    sample = host_sample(HOST_BEFORE, HOST_NOW, machines, 9.0)

    assert sample == Sample(
        HOST, 9.0, cpu_ratio=0.5, memory_used_bytes=5 * GIB, memory_max_bytes=8 * GIB,
        disk_read_bytes_per_s=15.0, net_sent_bits_per_s=1.0, step_s=2.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "now",
    [
        replace(HOST_NOW, cpu_busy_ns=None),
        replace(HOST_NOW, cpu_busy_ns=9_000_000_000),
        replace(HOST_NOW, cpus=8),
        replace(HOST_NOW, cpus=None),
        replace(HOST_NOW, at_monotonic_s=100.0),
        replace(HOST_NOW, cpu_busy_ns=30_000_000_000),
    ],
)
def test_host_cpu_that_cannot_be_is_a_gap(now: HostCounters) -> None:
    assert host_sample(HOST_BEFORE, now, (), 0.0).cpu_ratio is None


def test_host_cpu_is_cut_within_the_tolerance_of_measurement() -> None:
    now = replace(HOST_NOW, cpu_busy_ns=18_200_000_000)

    assert host_sample(HOST_BEFORE, now, (), 0.0).cpu_ratio == 1.0
