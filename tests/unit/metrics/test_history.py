"""The history on a real file: what goes in comes out, in steps that get longer."""

import asyncio
import math
import resource
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from vmgui.inventory.figures import Sample
from vmgui.inventory.key import Key, domain_key, host_key
from vmgui.metrics.history import History
from vmgui.metrics.history_file import put_aside
from vmgui.metrics.history_reader import Series

pytestmark = pytest.mark.usefixtures("no_thread_stays")

URI = "qemu:///system"
A, B = domain_key(URI, "aaaa"), domain_key(URI, "bbbb")
T0 = 1_800_000_000  # a whole quarter of an hour


@asynccontextmanager
async def opened(path: Path | None) -> AsyncIterator[History]:
    history = History(path)
    await history.open()
    try:
        yield history
    finally:
        await history.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


def tick(at_s: float, key: Key = A, cpu: float | None = 0.5, step_s: float | None = 2.0) -> Sample:
    return Sample(key, at_s, cpu_ratio=cpu, memory_used_bytes=1 << 30, step_s=step_s)


def damage(path: Path) -> None:
    """Spoil everything but the first page, where the schema is."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


async def whole(history: History, key: Key = A, start_s: float = 0, end_s: float = 1e11) -> Series:
    return await history.series(key, start_s, end_s)


def cpu(series: Series) -> list[float | None]:
    return [None if math.isnan(v) else round(v, 4) for v in series.values["cpu_ratio"]]


async def test_what_was_appended_is_read_back_also_by_the_next_run(path: Path) -> None:
    sample = Sample(
        A, T0 + 2.0, cpu_ratio=0.25, steal_ratio=0.0, memory_used_bytes=3 << 30,
        memory_max_bytes=8 << 30, disk_read_bytes_per_s=1e6, disk_requests_per_s=12.5,
        net_sent_bits_per_s=8e6, step_s=2.0,
    )  # fmt: skip
    async with opened(path) as history:
        history.append((sample,))
        first = await whole(history)
    async with opened(path) as history:
        again = await whole(history)

    assert list(first.times_s) == [T0 + 2.0]
    assert again.times_s == first.times_s
    told = {name: values[0] for name, values in again.values.items() if not math.isnan(values[0])}
    assert told == pytest.approx({
        "cpu_ratio": 0.25, "cpu_ratio_max": 0.25, "steal_ratio": 0.0,
        "memory_used_bytes": 3 << 30, "memory_max_bytes": 8 << 30, "disk_read_bytes_per_s": 1e6,
        "disk_requests_per_s": 12.5, "net_sent_bits_per_s": 8e6,
    })  # fmt: skip


async def test_machines_and_hosts_do_not_mix(path: Path) -> None:
    elsewhere = domain_key("qemu+ssh://b/system", "aaaa")
    async with opened(path) as history:
        history.append((tick(T0, A, 0.1), tick(T0, B, 0.2), tick(T0, host_key(URI), 0.3)))
        history.append((tick(T0, elsewhere, 0.4),))

        for key, ratio in ((A, 0.1), (B, 0.2), (host_key(URI), 0.3), (elsewhere, 0.4)):
            assert cpu(await whole(history, key)) == [ratio]
        assert cpu(await whole(history, domain_key(URI, "cccc"))) == []


async def test_only_the_asked_time_is_read(path: Path) -> None:
    async with opened(path) as history:
        for i in range(10):
            history.append((tick(T0 + 2 * i, cpu=i / 10),))

        assert cpu(await whole(history, A, T0 + 5, T0 + 11)) == [0.3, 0.4, 0.5]


async def test_a_gap_stays_a_gap(path: Path) -> None:
    async with opened(path) as history:
        history.append((tick(T0),))
        history.append((tick(T0 + 4.5),))  # late, but not missing
        history.append((tick(T0 + 12),))
        series = await whole(history)

    assert cpu(series) == [0.5, 0.5, None, 0.5]
    assert T0 + 4.5 < series.times_s[2] < T0 + 12
    assert all(math.isnan(values[2]) for values in series.values.values())


async def test_a_machine_that_is_read_in_turns_has_no_gaps(path: Path) -> None:
    async with opened(path) as history:
        for i in range(6):
            other = () if i % 3 else (tick(T0 + 2 * i, A, 0.5, 6.0),)
            history.append((*other, tick(T0 + 2 * i, B)))

        assert cpu(await whole(history, A)) == [0.5, 0.5]


async def test_figures_that_nobody_knows_are_nan(path: Path) -> None:
    async with opened(path) as history:
        history.append((tick(T0, cpu=None, step_s=None),))
        series = await whole(history)

    assert cpu(series) == [None]
    assert series.values["memory_used_bytes"][0] == 1 << 30


async def test_an_hour_is_kept_as_sampled_and_a_day_in_minutes(path: Path) -> None:
    async with opened(path) as history:
        for i in range(1, 3 * 1800 + 1):  # three hours
            history.append((tick(T0 + 2 * i, cpu=(i % 30) / 30),))
            if i % 50 == 0:
                await whole(history, A, T0, T0 + 1)  # the writer keeps up
        end_s = T0 + 3 * 3600
        hour = await whole(history, A, end_s - 3600, end_s)
        all_of_it = await whole(history, A, T0, end_s)

    assert len(hour.times_s) == 1800
    steps = [b - a for a, b in zip(all_of_it.times_s, all_of_it.times_s[1:], strict=False)]
    assert set(steps[:170]) == {60.0}
    assert set(steps) <= {60.0, 2.0}
    assert all_of_it.times_s[-1] == end_s
    # Each minute holds the ratios 1/30, 2/30 … 29/30, 0.
    assert all_of_it.values["cpu_ratio"][5] == pytest.approx(29 / 60)
    assert all_of_it.values["cpu_ratio_max"][5] == pytest.approx(29 / 30)
    assert None not in cpu(all_of_it)


async def test_quarters_are_made_of_minutes_and_outlive_them(path: Path) -> None:
    async with opened(path) as history:
        for i in range(1, 2 * 24 * 60 + 1):  # two days, read once a minute
            history.append((tick(T0 + 60 * i, cpu=0.9 if i % 15 == 7 else 0.2, step_s=60.0),))
            if i % 50 == 0:
                await whole(history, A, T0, T0 + 1)
        series = await whole(history, A, T0, T0 + 2 * 86400)

    assert series.times_s[0] == T0 + 900
    assert series.times_s[1] == T0 + 1800
    assert series.values["cpu_ratio"][0] == pytest.approx((14 * 0.2 + 0.9) / 15)
    assert series.values["cpu_ratio_max"][0] == pytest.approx(0.9)
    assert None not in cpu(series)


async def test_what_was_not_condensed_when_vmgui_ended_is_condensed_later(path: Path) -> None:
    async with opened(path) as history:
        for i in range(1, 50):
            history.append((tick(T0 + 2 * i, cpu=0.4),))
    async with opened(path) as history:
        for i in range(5000, 5040):
            history.append((tick(T0 + 2 * i, cpu=0.6),))
        series = await whole(history, A, T0, T0 + 20000)

    assert list(series.times_s[:2]) == [T0 + 60, T0 + 120]
    assert cpu(series)[:3] == [0.4, 0.4, None]
    assert cpu(series)[-1] == 0.6


async def test_minutes_that_were_due_when_vmgui_ended_are_made_at_the_next_start(
    path: Path,
) -> None:
    machines = [domain_key(URI, f"machine-{i}") for i in range(640)]  # more than a tick does
    async with opened(path) as history:
        for at_s in (T0 + 30, T0 + 61):
            history.append([tick(at_s, key, 0.4) for key in machines])
    async with opened(path) as history:
        for i in range(10):
            history.append([tick(T0 + 4000 + 2 * i, key) for key in machines])
        for key in machines[::50]:
            series = await history.series(key, T0, T0 + 61)
            assert (list(series.times_s), cpu(series)) == ([T0 + 60], [0.4])


async def test_quarters_that_were_due_when_vmgui_ended_are_made_at_the_next_start(
    path: Path,
) -> None:
    machines = [domain_key(URI, f"machine-{i}") for i in range(640)]
    async with opened(path) as history:
        for at_s in (T0 + 30, T0 + 901):
            history.append([tick(at_s, key, 0.4) for key in machines])
    later_s = T0 + 2 * 86400
    async with opened(path) as history:
        for i in range(60):  # enough to make up for it, and to drop the minutes
            history.append([tick(later_s + 2 * i, key) for key in machines])
            if i % 10 == 0:
                await whole(history)
        for key in machines[::50]:
            series = await history.series(key, T0, T0 + 901)
            assert (list(series.times_s), cpu(series)) == ([T0 + 900], [0.4])


async def test_old_figures_go_and_their_places_are_used_again(path: Path) -> None:
    async with opened(path) as history:
        for i in range(1, 40):
            history.append((tick(T0 + 60 * i, A, step_s=60.0), tick(T0 + 60 * i, B, step_s=60.0)))
        later_s = T0 + 100 * 86400
        for i in range(1, 60):
            history.append((tick(later_s + 60 * i, B, step_s=60.0),))
        assert cpu(await whole(history, A)) == []
        assert (await whole(history, B)).times_s[0] > later_s - 1
        history.append((tick(later_s + 3600, domain_key(URI, "dddd")),))

    with sqlite3.connect(path) as db:
        slots = dict(db.execute("SELECT id, slot FROM series"))
    db.close()
    assert slots == {"bbbb": 1, "dddd": 0}


async def test_two_at_once_keep_a_host_once(path: Path) -> None:
    other_host = domain_key("qemu+ssh://b/system", "aaaa")
    async with opened(path) as first, opened(path) as second:
        for i in range(5):
            first.append((tick(T0 + 2 * i, cpu=0.1),))
            await whole(first)
            second.append((tick(T0 + 2 * i + 1, cpu=0.9),))
            second.append((tick(T0 + 2 * i + 1, other_host, cpu=0.7),))
            await whole(second)
        assert cpu(await whole(second)) == [0.1] * 5
        assert cpu(await whole(first, other_host)) == [0.7] * 5


async def test_who_is_left_goes_on_where_another_one_ended(path: Path) -> None:
    async with opened(path) as second:
        async with opened(path) as first:
            first.append((tick(T0, A), tick(T0, B)))
            await whole(first)
            second.append((tick(T0 + 1, B),))
            await whole(second)
        second.append((tick(T0 + 2, B, 0.9), tick(T0 + 2, A, 0.1)))

        assert cpu(await whole(second, A)) == [0.5, 0.1]
        assert cpu(await whole(second, B)) == [0.5, 0.9]


async def test_who_slept_while_another_one_wrote_does_not_mix_machines_up(path: Path) -> None:
    c = domain_key(URI, "cccc")
    async with opened(path) as sleeper:
        sleeper.append((tick(T0, A, 0.1),))
        await whole(sleeper)
        async with opened(path) as other:
            other.append((tick(T0 + 100, B, 0.2),))
        sleeper.append((tick(T0 + 200, c, 0.3),))

        assert cpu(await whole(sleeper, B)) == [0.2]
        assert cpu(await whole(sleeper, c)) == [0.3]


async def test_lease_of_a_vmgui_that_was_killed_runs_out(path: Path) -> None:
    async with opened(path) as history:
        history.append((tick(T0),))
        await whole(history)
        with sqlite3.connect(path) as db:
            db.execute("UPDATE host SET writer = 'killed'")
        db.close()
        history.append((tick(T0 + 2),))
        history.append((tick(T0 + 60),))

        assert cpu(await whole(history)) == [0.5, None, 0.5]


@pytest.fixture
def rubbish(path: Path) -> bytes:
    path.parent.mkdir()
    content = b"not a database" * 500
    path.write_bytes(content)
    return content


async def test_a_file_that_is_no_database_is_put_aside(path: Path, rubbish: bytes) -> None:
    async with opened(path) as history:
        history.append((tick(T0),))
        assert cpu(await whole(history)) == [0.5]
        said = history.problem

    (aside,) = path.parent.glob("history-damaged-*.sqlite")
    assert str(aside) in said
    assert aside.read_bytes() == rubbish


async def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    sqlite3.connect(path).close()
    async with opened(path) as history:
        history.append((tick(T0),))
        assert cpu(await whole(history)) == [0.5]
        assert history.problem == ""


async def test_damage_that_shows_while_writing_is_put_aside_and_said(path: Path) -> None:
    async with opened(path) as history:
        for i in range(500):
            history.append((tick(T0 + 2 * i),))
    damage(path)
    async with opened(path) as history:
        history.append((tick(T0 + 1002),))
        history.append((tick(T0 + 1004),))
        series = await whole(history)
        await whole(history)

        assert cpu(series)[-1:] == [0.5]
        assert "damaged" in history.problem


async def test_damage_that_shows_while_reading_is_put_aside_and_said(path: Path) -> None:
    async with opened(path) as history:
        for i in range(500):
            history.append((tick(T0 + 2 * i),))
    damage(path)
    async with opened(path) as history:
        assert cpu(await whole(history)) == []
        assert "damaged" in history.problem


async def test_a_newer_file_is_left_alone(path: Path) -> None:
    async with opened(path) as history:
        history.append((tick(T0),))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    async with opened(path) as history:
        history.append((tick(T0 + 2),))
        assert "newer vmgui" in history.problem
        assert cpu(await whole(history)) == []

    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM fine").fetchone() == (1,)
    db.close()


async def test_a_place_that_cannot_be_written_is_said_and_hurts_nobody(tmp_path: Path) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.write_text("a file, not a folder")
    async with opened(in_the_way / "history.sqlite") as history:
        history.append((tick(T0),))
        assert cpu(await whole(history)) == []
        assert "pauses" in history.problem


async def test_what_is_asked_for_while_it_closes_is_nothing(path: Path) -> None:
    async with opened(path) as history:
        history.append((tick(T0),))
        asked = asyncio.create_task(whole(history))
        await asyncio.sleep(0)
    history.append((tick(T0 + 2),))

    assert cpu(await asked) == []
    assert cpu(await whole(history)) == []


async def test_a_file_that_was_put_aside_is_not_read_on(path: Path) -> None:
    async with opened(path) as history:
        history.append((tick(T0, cpu=0.1),))
        assert cpu(await whole(history)) == [0.1]
        put_aside(path)
        async with opened(path) as other:
            other.append((tick(T0 + 2, cpu=0.2),))
            await whole(other)
        assert cpu(await whole(history)) == [0.2]


@pytest.fixture
def no_space() -> Iterator[Callable[[bool], None]]:
    """Let no file of this process grow beyond 64 KiB, as on a disk that is full, or let it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(on: bool) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10 if on else before[0], before[1]))

    yield limit
    limit(False)


async def test_a_full_disk_pauses_the_history_and_it_goes_on_later(
    path: Path, no_space: Callable[[bool], None]
) -> None:
    now_s = 0.0
    history = History(path, clock=lambda: now_s)
    await history.open()
    try:
        history.append((tick(T0),))
        await whole(history)
        no_space(True)
        for i in range(1, 60):
            history.append((tick(T0 + 2 * i),))
        await whole(history)
        said = history.problem
        no_space(False)
        assert "pauses" in said

        now_s += 60
        history.append((tick(T0 + 200, cpu=0.9),))
        series = await whole(history)
        assert (cpu(series)[0], cpu(series)[-1]) == (0.5, 0.9)
        assert history.problem == ""
    finally:
        await history.close()


async def test_without_a_path_nothing_is_kept() -> None:
    async with opened(None) as history:
        history.append((tick(T0),))
        assert cpu(await whole(history)) == []
        assert history.problem == ""
