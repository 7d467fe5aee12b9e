import statistics
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.insight.simulated_migration import Guest, Link, Result, migrate
from vmgui.insight.migration_advice import Knob
from vmgui.insight.migration_course import Situation, play
from vmgui.insight.migration_forecast import Allows, Forecast, forecast, forecast_before
from vmgui.insight.migration_writing import Writing
from vmgui.inventory.migration import MIB, MigrationSample, Phase

NOTHING = Allows()


def forecasts(
    run: Result, limit_mib_s: float | None, allows: Allows = NOTHING, *, told: bool = True
) -> list[tuple[float, Forecast]]:
    """Return what was forecast at each second, with its moment; without what came later."""
    found = []
    for index in range(2, len(run.samples) + 1, 2):
        known = run.samples[:index]
        if known[-1].phase is Phase.DONE:
            continue
        at = known[-1].at_monotonic_s
        events = [event for event in run.events if event.at_monotonic_s <= at] if told else []
        limit = None if limit_mib_s is None else limit_mib_s * MIB
        found.append((at, forecast(known, 300, limit, allows, events)))
    return found


def verdicts(run: Result, limit: float, allows: Allows = NOTHING) -> list[bool]:
    made = forecasts(run, limit, allows)
    return [each.converges for _, each in made if each.converges is not None]


@pytest.mark.parametrize(
    ("writes", "over", "arrives"),
    [
        (0, 1, True),
        (60, 1500, True),
        (120, 2000, True),
        (190, 2000, False),
        (400, 2000, False),
        (400, 600, False),  # it never dirties more than 600 MiB, but those at once
        (400, 30, True),  # and these fit into the pause
    ],
)
def test_its_verdict_is_what_happens(writes: float, over: int, arrives: bool) -> None:
    run = migrate(Guest(writes_mib_s=writes, set_mib=over), Link(160), most_s=60)
    assert (run.arrived_at_s is not None) is arrives
    assert all(verdict is arrives for verdict in verdicts(run, 160))


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("allows", [NOTHING, Allows(auto_converge=True)])
@pytest.mark.parametrize("jitter", [0.0, 0.3])
def test_its_error_is_small_and_shrinks(told: bool, allows: Allows, jitter: float) -> None:
    writes = 190 if allows.auto_converge else 110
    guest, link = Guest(writes_mib_s=writes, set_mib=1900), Link(160, jitter)
    run = migrate(guest, link, auto_converge=allows.auto_converge)
    assert run.arrived_at_s is not None
    made = forecasts(run, 160, allows, told=told)
    errors = [abs(at + each.in_s - run.arrived_at_s) for at, each in made if each.in_s is not None]
    assert len(errors) >= 6
    left = [run.arrived_at_s - at for at, each in made if each.in_s is not None]
    assert all(error <= 0.35 * rest + 1.5 for error, rest in zip(errors, left, strict=True))
    third = len(errors) // 3
    assert statistics.mean(errors[-third:]) <= statistics.mean(errors[:third])


def test_the_pause_is_the_one_that_comes() -> None:
    run = migrate(Guest(writes_mib_s=110, set_mib=1900), Link(160))
    _, last = forecasts(run, 160)[-1]
    assert last.pause_ms is not None
    assert run.pause_ms is not None
    assert abs(last.pause_ms - run.pause_ms) < 40
    assert last.pause_ms <= 300


@settings(max_examples=30, deadline=None)
@given(
    writes=st.integers(5, 500),
    over=st.integers(20, 900),
    carries=st.integers(60, 300),
    seed=st.integers(0, 1000),
    circle=st.booleans(),
)
def test_its_last_verdict_is_right_for_any_guest(
    writes: int, over: int, carries: int, seed: int, circle: bool
) -> None:
    pause_carries = carries * 0.3
    fits_well = over < pause_carries * 0.6
    # Of what it writes, what waits to be sent already is no more to send.
    anew = writes * (1 - min(pause_carries / over, 1))
    too_much = anew > carries * 1.4 and over > pause_carries * 3
    assume(fits_well or writes < carries * 0.7 or too_much)
    guest = Guest(1024, writes, over, in_a_circle=circle)
    run = migrate(guest, Link(carries), seed=seed, most_s=40)
    arrives = run.arrived_at_s is not None
    assert arrives is (fits_well or writes < carries)
    assert verdicts(run, carries)[-1:] in ([], [arrives])


def test_nothing_is_forecast_before_two_rounds_are_over() -> None:
    run = migrate(Guest(writes_mib_s=100), Link(160))
    assert run.samples[-2].round is not None
    for index, sample in enumerate(run.samples[:-1]):
        made = forecast(run.samples[: index + 1], 300, None, NOTHING)
        if (sample.round or 0) < 3:
            assert made.converges is None
            assert made.in_s is None
            assert made.headline == "Measuring…"
        else:
            assert made.converges is not None
    first = forecast(run.samples[:5], 300, None, NOTHING)
    assert first.sentence.startswith("The first round takes about ")


def test_auto_converge_turns_a_never_into_an_arrival_only_where_it_is_allowed() -> None:
    guest = Guest(writes_mib_s=190, set_mib=2000)
    run = migrate(guest, Link(160), auto_converge=True, most_s=120)
    at, allowed = next(
        pair for pair in forecasts(run, 160, Allows(auto_converge=True)) if pair[1].converges
    )
    assert run.arrived_at_s is not None
    assert allowed.in_s is not None
    assert abs(at + allowed.in_s - run.arrived_at_s) < 5
    assert allowed.most_throttle_percent >= 40
    assert "Its vCPUs are slowed by up to " in allowed.sentence
    assert allowed.sentence.endswith("Without that: never.")
    unslowed = migrate(guest, Link(160), most_s=at + 3)
    assert forecast(unslowed.samples, 300, 160 * MIB, NOTHING).converges is False


def test_a_no_says_what_would_change_it_the_nearest_first() -> None:
    run = migrate(Guest(writes_mib_s=190, set_mib=2000), Link(160), most_s=30)
    made = forecast(run.samples, 300, 160 * MIB, Allows(post_copy=True), run.events)
    assert made.headline == "No"
    assert made.rounds_left is None
    knobs = [remedy.knob for remedy in made.remedies]
    assert knobs == [
        Knob.BANDWIDTH,
        Knob.DOWNTIME,
        Knob.POST_COPY,
        Knob.PAUSE,
        Knob.AUTO_CONVERGE,
    ]
    limit = made.remedies[0].value
    assert limit is not None
    assert 220 <= limit <= 290
    assert f"the link carries 160 MiB/s. Raise the limit to {limit} MiB/s, or " in made.sentence
    assert made.advice[-1] == "Cancel, and start again with auto-converge"
    # And what it advises is true.
    assert migrate(Guest(writes_mib_s=190, set_mib=2000), Link(limit)).arrived_at_s is not None


def test_raising_the_limit_is_no_advice_where_the_link_is_what_holds_it_back() -> None:
    run = migrate(Guest(writes_mib_s=190, set_mib=2000), Link(160), most_s=30)
    for limit in (None, 1000 * MIB):
        made = forecast(run.samples, 300, limit, NOTHING, run.events)
        assert made.converges is False
        assert Knob.BANDWIDTH not in [remedy.knob for remedy in made.remedies]
        assert made.advice[-1].startswith("Give it a link that carries ")


def test_a_pause_of_many_seconds_is_no_advice() -> None:
    run = migrate(Guest(2400, 900, 1600), Link(100), most_s=100)
    made = forecast(run.samples, 300, 100 * MIB, NOTHING, run.events)
    assert made.converges is False
    assert Knob.DOWNTIME not in [remedy.knob for remedy in made.remedies]


def test_a_limit_that_was_just_lowered_counts_at_once() -> None:
    run = migrate(Guest(writes_mib_s=100, set_mib=1900), Link(160), most_s=24)
    assert forecast(run.samples, 300, 160 * MIB, NOTHING, run.events).converges is True
    assert forecast(run.samples, 300, 60 * MIB, NOTHING, run.events).converges is False


def test_a_shorter_pause_takes_longer() -> None:
    run = migrate(Guest(writes_mib_s=100, set_mib=1900), Link(160), most_s=24)
    long = forecast(run.samples, 1000, 160 * MIB, NOTHING, run.events)
    short = forecast(run.samples, 100, 160 * MIB, NOTHING, run.events)
    assert long.in_s is not None
    assert short.in_s is not None
    assert long.in_s < short.in_s
    assert short.pause_ms is not None
    assert short.pause_ms <= 100


def test_a_link_that_carries_nothing_is_said() -> None:
    run = migrate(Guest(writes_mib_s=100, set_mib=1900), Link(160), most_s=20)
    last = run.samples[-1]
    cut = [
        replace(last, at_monotonic_s=last.at_monotonic_s + step / 2, memory_bps=0.0)
        for step in range(1, 9)
    ]
    assert forecast([*run.samples, cut[0]], 300, None, NOTHING).converges is True
    made = forecast([*run.samples, *cut], 300, None, NOTHING)
    assert made.converges is False
    assert made.sentence.startswith("Nothing goes over the link")
    assert made.in_s is None


@pytest.mark.parametrize("missing", ["memory_remaining_bytes", "memory_total_bytes"])
def test_what_the_hypervisor_does_not_tell_is_not_made_up(missing: str) -> None:
    run = migrate(Guest(writes_mib_s=100, set_mib=1900), Link(160), most_s=24)
    gone: dict[str, Any] = {missing: None}
    samples = [replace(sample, **gone) for sample in run.samples]
    made = forecast(samples, 300, None, NOTHING)
    assert made.converges is None
    assert "doesn't tell" in made.sentence


@pytest.mark.parametrize(
    "missing",
    [
        {"dirty_bytes_per_s": None},
        {"memory_bps": None},
        {"memory_processed_bytes": None},
        {"round": None},
        {"throttle_percent": None, "memory_constant_bytes": None, "downtime_ms": None},
    ],
)
def test_one_figure_less_still_gives_the_right_verdict(missing: dict[str, Any]) -> None:
    for writes, arrives in ((90, True), (260, False)):
        run = migrate(Guest(writes_mib_s=writes, set_mib=1900), Link(160), most_s=40)
        samples = [
            replace(sample, **missing) for sample in run.samples if sample.phase is Phase.PRECOPY
        ]
        assert forecast(samples, 300, None, NOTHING).converges is arrives


def test_in_post_copy_it_tells_when_all_is_there() -> None:
    samples = [
        MigrationSample(
            at,
            Phase.POSTCOPY,
            memory_total_bytes=1000,
            memory_processed_bytes=round(100 * at),
            memory_remaining_bytes=round(1000 - 100 * at),
        )
        for at in (4.0, 4.5, 5.0)
    ]
    made = forecast(samples, 300, None, Allows(post_copy=True))
    assert made.converges is True
    assert made.in_s == pytest.approx(5)
    assert made.pause_ms == 0
    stands = [replace(samples[-1], at_monotonic_s=5 + step) for step in range(4)]
    made = forecast([*samples, *stands], 300, None, Allows(post_copy=True))
    assert made.converges is None
    assert "nothing arrives" in made.sentence


def test_while_disks_are_copied_the_memory_has_not_begun() -> None:
    sample = MigrationSample(
        3.0,
        memory_total_bytes=0,
        disk_total_bytes=18 * 1024 * MIB,
        disk_remaining_bytes=4 * 1024 * MIB,
        disk_bps=100 * MIB,
    )
    made = forecast([sample], 300, None, NOTHING)
    assert made.converges is None
    assert made.sentence == "Its disks are copied first: 4 GiB left, about 41 s. Then the memory."


@pytest.mark.parametrize("phase", [Phase.SETUP, Phase.SWITCHOVER, Phase.DONE])
def test_outside_of_pre_copy_nothing_is_reckoned(phase: Phase) -> None:
    made = forecast([MigrationSample(1.0, phase, downtime_ms=54)], 300, None, NOTHING)
    assert made.converges is (None if phase is Phase.SETUP else True)
    assert made.pause_ms == (None if phase is Phase.SETUP else 54)
    assert forecast([], 300, None, NOTHING).converges is None


def test_before_the_start_the_whole_way_is_told() -> None:
    gib = 1024 * MIB
    made = forecast_before(7.2 * gib, 120 * MIB, 160 * MIB, 300, Allows(auto_converge=True))
    assert made.converges is True
    assert made.in_s is not None
    assert 90 < made.in_s < 240
    assert made.send_bytes is not None
    assert made.send_bytes > 7.2 * gib
    assert made.rounds_left == len(made.coming)
    never = forecast_before(7.2 * gib, 190 * MIB, 160 * MIB, 300, NOTHING)
    assert never.converges is False
    assert "Allow auto-converge" in never.advice
    assert "Allow post-copy" in never.advice
    assert forecast_before(gib, 0, 0, 300, NOTHING).converges is None


@settings(max_examples=30, deadline=None)
@given(
    total=st.integers(1, 2**40),
    left=st.floats(0, 1),
    dirty=st.floats(0, 1e10),
    speed=st.floats(1, 1e10),
    pause=st.integers(1, 10_000),
    throttle=st.integers(0, 99),
    allows=st.builds(Allows, st.booleans(), st.booleans()),
)
def test_whatever_is_told_the_forecast_is_whole(
    total: int,
    left: float,
    dirty: float,
    speed: float,
    pause: int,
    throttle: int,
    allows: Allows,
) -> None:
    samples = [
        MigrationSample(
            float(at),
            round=at,
            memory_total_bytes=total,
            memory_processed_bytes=round(at * speed),
            memory_remaining_bytes=round(total * left),
            memory_bps=speed,
            dirty_bytes_per_s=dirty,
            throttle_percent=throttle,
        )
        for at in (1, 2, 3, 4)
    ]
    made = forecast(samples, pause, None, allows)
    assert made.sentence
    if made.converges:
        assert made.in_s is not None
        assert made.in_s >= 0
        assert made.pause_ms is not None
        assert 0 <= made.pause_ms <= pause * 1.001
        assert made.rounds_left
    elif made.converges is False and made.bandwidth_bps:
        assert made.remedies
    for each in made.coming:
        assert each.duration_s >= 0
        assert each.send_bytes <= total


def test_what_never_ends_is_not_played_to_the_thousandth_round() -> None:
    writing = Writing(400 * MIB, 4096 * MIB)
    now = Situation(4096 * MIB, 1024 * MIB, 0.0, 160 * MIB, 48 * MIB, writing)
    course = play(now, NOTHING)
    assert not course.arrives
    assert len(course.coming) < 20
