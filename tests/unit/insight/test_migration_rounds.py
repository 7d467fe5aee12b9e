from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.insight.simulated_migration import Guest, Link, migrate
from vmgui.insight.migration_rounds import Round, memory_amounts, phases, rounds
from vmgui.insight.migration_writing import Writing, learn
from vmgui.inventory.migration import MIB, EventKind, MigrationEvent, MigrationSample, Phase

GIB = 1024 * MIB


def sample(
    at: float, number: int | None, left: int, sent: int = 0, **more: float
) -> MigrationSample:
    return MigrationSample(
        at,
        Phase.PRECOPY,
        round=number,
        memory_total_bytes=8 * GIB,
        memory_processed_bytes=sent * MIB,
        memory_remaining_bytes=left * MIB,
        memory_bps=100.0 * MIB,
        dirty_bytes_per_s=more.get("dirty"),
        throttle_percent=int(more.get("throttle", 0)),
    )


def test_rounds_begin_where_the_events_say() -> None:
    samples = [sample(0, 1, 400), sample(2, 1, 200, 200), sample(4.5, 2, 150, 450)]
    events = [
        MigrationEvent(at, EventKind.ROUND, "Round", value)
        for at, value in ((0.0, "1"), (4.25, "2"), (5.0, "not a number"))
    ]
    first, second = rounds(samples, [*events, MigrationEvent(1, EventKind.NOTE, "x", "2")])
    assert (first.number, first.started_at_monotonic_s, first.duration_s) == (1, 0, 4.25)
    assert (second.started_at_monotonic_s, second.duration_s) == (4.25, 0.25)
    assert first.finished
    assert not second.finished
    assert second.to_send_bytes == 175 * MIB  # 150 at the sample, a quarter second after it began
    assert first.sent_bytes == pytest.approx(425 * MIB)
    assert second.sent_bytes == pytest.approx(25 * MIB)


def test_without_events_a_round_ends_when_what_was_left_is_sent() -> None:
    first, second = rounds([sample(0, 1, 400), sample(3, 1, 50, 300), sample(5, 2, 150, 450)])
    assert first.duration_s == 3.5
    assert second.to_send_bytes == 300 * MIB


def test_what_was_written_in_a_round_is_known_in_the_next() -> None:
    samples = [sample(0, 1, 400), sample(4, 2, 240, 400, dirty=60 * MIB, throttle=20)]
    first, second = rounds(samples)
    assert first.dirty_bytes_per_s == 60 * MIB
    assert second.dirty_bytes_per_s is None
    assert (first.throttle_percent, second.throttle_percent) == (0, 20)
    untold = rounds([sample(0, 1, 400), sample(4, 2, 240, 400)])
    assert untold[0].dirty_bytes_per_s == 60 * MIB


def test_rounds_that_no_sample_fell_into_are_counted() -> None:
    first, last = rounds([sample(0, 1, 10), sample(0.5, 7, 20, 40)])
    assert (first.count, last.count, last.number) == (1, 6, 7)


def test_where_none_are_counted_a_rise_begins_one() -> None:
    samples = [sample(0, None, 400), sample(2, None, 200), sample(4, None, 250), sample(5, None, 9)]
    assert [each.number for each in rounds(samples)] == [1, 2]


def test_the_last_round_is_over_when_no_more_memory_is_copied() -> None:
    done = MigrationSample(3, Phase.DONE)
    assert [each.finished for each in rounds([sample(0, 1, 400), sample(2, 1, 9), done])] == [True]
    disks = MigrationSample(0, memory_total_bytes=0, disk_total_bytes=1)
    assert rounds([disks]) == ()


@pytest.mark.parametrize("told", [True, False])
def test_the_rounds_of_a_real_course_fit_together(told: bool) -> None:
    run = migrate(Guest(writes_mib_s=110, set_mib=1900, zero_mib=200), Link(160))
    found = rounds(run.samples, run.events if told else ())
    assert [each.number for each in found] == sorted({each.number for each in found})
    for before, after in pairwise(found):
        end = before.started_at_monotonic_s + before.duration_s
        assert end == pytest.approx(after.started_at_monotonic_s)
    sent = sum(each.sent_bytes or 0 for each in found)
    assert sent == pytest.approx(run.samples[-2].memory_processed_bytes)
    assert found[0].sent_bytes == pytest.approx((2048 - 200) * MIB, rel=0.05)
    assert found[1].to_send_bytes == pytest.approx(110 * found[0].duration_s * MIB, rel=0.4)


def test_phases_follow_each_other() -> None:
    samples = [
        MigrationSample(at, phase)
        for at, phase in (
            (0, Phase.SETUP),
            (1, Phase.PRECOPY),
            (2, Phase.PRECOPY),
            (5, Phase.SWITCHOVER),
            (5.5, Phase.DONE),
        )
    ]
    assert [(span.phase, span.duration_s) for span in phases(samples)] == [
        (Phase.SETUP, 1),
        (Phase.PRECOPY, 4),
        (Phase.SWITCHOVER, 0.5),
        (Phase.DONE, None),
    ]
    assert phases(samples[:3])[-1].duration_s is None


def amounts(at: float, number: int, left: int, sent: int, zero: int = 1 * GIB) -> MigrationSample:
    return MigrationSample(
        at,
        round=number,
        memory_total_bytes=8 * GIB,
        memory_processed_bytes=sent,
        memory_remaining_bytes=left,
        memory_constant_bytes=zero,
    )


def test_in_the_first_round_nothing_was_written_since() -> None:
    found = memory_amounts([amounts(0, 1, 6 * GIB, 0), amounts(1, 1, 5 * GIB, GIB)])
    assert found is not None
    assert (found.written_bytes, found.waiting_bytes) == (0, 4 * GIB)
    assert (found.leaving_bytes, found.zero_bytes, found.current_bytes) == (GIB, GIB, 2 * GIB)
    assert found.share(found.current_bytes) == 0.25


def test_later_what_remains_was_written_since_and_zeroes_count_once() -> None:
    samples = [
        amounts(0, 1, 2 * GIB, 6 * GIB),
        amounts(1, 2, GIB, 7 * GIB, 3 * GIB),
        amounts(2, 2, GIB // 2, 7 * GIB + GIB // 4, 3 * GIB),
    ]
    found = memory_amounts(samples)
    assert found is not None
    assert (found.written_bytes, found.leaving_bytes) == (GIB // 4, GIB // 4)
    assert (found.waiting_bytes, found.zero_bytes) == (0, GIB)


def test_at_the_end_all_is_true_and_what_is_not_told_is_no_amount() -> None:
    done = MigrationSample(9, Phase.DONE, memory_total_bytes=GIB, memory_remaining_bytes=5)
    found = memory_amounts([done])
    assert found is not None
    assert found.current_bytes == GIB
    assert memory_amounts([]) is None
    assert memory_amounts([MigrationSample(0, memory_total_bytes=GIB)]) is None


@given(
    st.lists(
        st.builds(
            MigrationSample,
            at_monotonic_s=st.floats(0, 100),
            phase=st.sampled_from(list(Phase)),
            round=st.none() | st.integers(0, 5),
            memory_total_bytes=st.none() | st.integers(0, 1000),
            memory_processed_bytes=st.none() | st.integers(0, 5000),
            memory_remaining_bytes=st.none() | st.integers(0, 2000),
            memory_constant_bytes=st.none() | st.integers(0, 3000),
            memory_bps=st.none() | st.floats(0, 1000),
        ),
        max_size=6,
    )
)
def test_amounts_always_add_up(samples: list[MigrationSample]) -> None:
    rounds(samples)
    found = memory_amounts(samples)
    if found is None:
        return
    parts = (
        found.current_bytes,
        found.written_bytes,
        found.leaving_bytes,
        found.waiting_bytes,
        found.zero_bytes,
    )
    assert sum(parts) == found.total_bytes
    assert min(parts) >= 0


@pytest.mark.parametrize(("rate", "size"), [(50, 4000), (300, 200), (120, 900)])
def test_a_guest_is_known_by_its_rounds(rate: float, size: float) -> None:
    guest = Writing(rate, size)
    seen = [
        Round(number, 0, length, True, dirty_bytes_per_s=guest.dirty_bytes(length) / length)
        for number, length in enumerate((12.0, 4.0, 1.0, 0.3), 1)
    ]
    learned = learn(seen, 8000)
    assert learned is not None
    for length in (0.1, 1.0, 8.0):
        assert learned.dirty_bytes(length) == pytest.approx(guest.dirty_bytes(length), rel=0.25)
    assert learned.dirty_bytes(1e9) <= 8000
    assert learned.dirty_bytes(1, 50) < learned.dirty_bytes(1)
    assert learn(seen[:0], 8000) is None
    assert learn([Round(1, 0, 5, True, dirty_bytes_per_s=0)], 8000) == Writing(0, 8000)


def test_slowed_vcpus_are_reckoned_out_of_what_was_written() -> None:
    guest = Writing(200, 4000)
    seen = [
        Round(
            number,
            0,
            length,
            True,
            dirty_bytes_per_s=guest.dirty_bytes(length, slowed) / length,
            throttle_percent=slowed,
        )
        for number, (length, slowed) in enumerate(((10.0, 0), (8.0, 20), (5.0, 50), (3.0, 70)), 1)
    ]
    learned = learn(seen, 8000)
    assert learned is not None
    assert learned.dirty_bytes(1) == pytest.approx(guest.dirty_bytes(1), rel=0.15)
    assert learned.dirty_bytes(1, 50) == pytest.approx(guest.dirty_bytes(1, 50), rel=0.15)


@pytest.mark.parametrize(("before", "now"), [(5, 300), (300, 5)])
def test_a_guest_that_does_something_else_now_is_taken_as_it_is_now(
    before: float, now: float
) -> None:
    rates = [before] * 4 + [now] * 3
    lengths = (10.0, 6.0, 4.0, 3.0, 2.5, 2.0, 1.5)
    seen = [
        Round(number, 0, length, True, dirty_bytes_per_s=rate)
        for number, (length, rate) in enumerate(zip(lengths, rates, strict=True), 1)
    ]
    learned = learn(seen, 8000)
    assert learned is not None
    assert learned.dirty_bytes(1) == pytest.approx(now, rel=0.2)
