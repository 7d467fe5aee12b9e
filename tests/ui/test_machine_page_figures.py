"""Figures of a page: from the real history first, then live, and gaps stay gaps."""

import math
import time
from pathlib import Path

from qasync import QEventLoop
from shiboken6 import delete

from tests.until import until
from vmgui.inventory.figures import Sample
from vmgui.inventory.key import Key, domain_key
from vmgui.metrics.history import History
from vmgui.ui.bridge import Bridge
from vmgui.ui.style import Style
from vmgui.ui.views.figure_feed import FigureFeed
from vmgui.ui.views.graphs import GraphBoard

KEY = domain_key("test:///default", "one")
OTHER = domain_key("test:///default", "other")


def sample(at_s: float, key: Key = KEY, cpu: float | None = 0.25) -> Sample:
    return Sample(
        key,
        at_s,
        cpu_ratio=cpu,
        memory_used_bytes=2**30,
        memory_granted_bytes=2**31,
        memory_max_bytes=2**32,
        disk_read_bytes_per_s=1e6,
        disk_written_bytes_per_s=5e6,
        disk_requests_per_s=1240,
        step_s=2.0,
    )


def throw_away(*things: GraphBoard | FigureFeed | Bridge) -> None:
    """Delete them here and now: a collector in another thread must not be the one to do it."""
    for thing in things:
        thing.close()
        delete(thing)


async def test_the_past_comes_first_and_live_samples_follow_once(
    qloop: QEventLoop, style: Style, tmp_path: Path
) -> None:
    history = History(tmp_path / "history.sqlite")
    await history.open()
    now_s = math.floor(time.time())
    for age_s in (40, 38, 36, 6, 4, 2):
        history.append([sample(now_s - age_s, cpu=age_s / 100)])
    await history.close()  # which writes what waits
    history = History(tmp_path / "history.sqlite")
    await history.open()
    bridge = Bridge()
    feed = FigureFeed(KEY, history, bridge)
    feed.set_range(60, now_s)
    bridge.samples_arrived.emit({KEY: sample(now_s, cpu=0.5), OTHER: sample(now_s, OTHER, 0.9)})

    def measured() -> int:
        return sum(map(math.isfinite, feed.values["cpu_ratio"]))

    await until(lambda: measured() == 7, "past and present are there")
    assert list(feed.times_s) == sorted(feed.times_s)
    assert feed.values["cpu_ratio"][-1] == 0.5
    assert math.isnan(feed.values["net_sent_bits_per_s"][-1])
    bridge.samples_arrived.emit({KEY: sample(now_s, cpu=0.7)})
    assert measured() == 7, "the same moment is not counted twice"
    throw_away(feed, bridge)
    await history.close()


async def test_a_gap_stays_a_gap_and_words_say_the_newest(qloop: QEventLoop, style: Style) -> None:
    bridge = Bridge()
    history = History(None)
    await history.open()
    feed = FigureFeed(KEY, history, bridge)
    board = GraphBoard(feed, "machine")
    board.set_cpus(4)
    board.show()
    now_s = time.time()
    feed.set_range(60, now_s)
    for age_s in (30, 28, 10, 8):
        bridge.samples_arrived.emit({KEY: sample(now_s - age_s)})
    assert len(board.cards["cpu"].plot.runs["first"]) == 2
    assert board.cards["cpu"].plot.accessibleDescription() == (
        "25 % of 4 vCPU · 1.0 host threads busy"
    )
    assert board.cards["memory"].plot.accessibleDescription() == (
        "1.0 GiB used of 2.0 GiB granted · 4.0 GiB promised"
    )
    disk = board.cards["disk"].plot.accessibleDescription()
    assert disk == "5.0 MB/s written · 1.0 MB/s read · 1\u202f240 IOPS"
    network = board.cards["network"].plot
    assert network._message == "not visible over this connection"
    throw_away(board, feed, bridge)
    await history.close()


async def test_a_frozen_board_stands_still_and_catches_up(qloop: QEventLoop, style: Style) -> None:
    bridge = Bridge()
    history = History(None)
    await history.open()
    feed = FigureFeed(KEY, history, bridge)
    board = GraphBoard(feed, "machine")
    board.show()
    now_s = time.time()
    feed.set_range(60, now_s)

    def points() -> int:
        return sum(len(run) for run in board.cards["cpu"].plot.runs["first"])

    bridge.samples_arrived.emit({KEY: sample(now_s - 4)})
    board.set_frozen(True)
    bridge.samples_arrived.emit({KEY: sample(now_s - 2)})
    assert points() == 1
    board.set_frozen(False)
    assert points() == 2
    throw_away(board, feed, bridge)
    await history.close()


async def test_memory_does_not_grow_with_time(qloop: QEventLoop, style: Style) -> None:
    bridge = Bridge()
    history = History(None)
    await history.open()
    feed = FigureFeed(KEY, history, bridge)
    now_s = time.time()
    feed.set_range(60, now_s)
    for step in range(5000):
        bridge.samples_arrived.emit({KEY: sample(now_s + 2 * step)})
    assert len(feed.times_s) < 500
    assert {len(row) for row in feed.values.values()} == {len(feed.times_s)}
    throw_away(feed, bridge)
    await history.close()


def test_the_lines_of_what_is_old_are_grey(qapp: object, style: Style) -> None:
    bridge = Bridge()
    feed = FigureFeed(KEY, History(None), bridge)
    board = GraphBoard(feed, "machine")
    card = board.cards["disk"]
    card.resize(400, 220)
    now_s = time.time()
    times = [now_s - 300 + n for n in range(300)]
    card.set_window(300, 1)
    card.set_data(times, {"first": [5e6] * 300, "second": [2e6] * 300}, now_s)

    def colours() -> set[str]:
        picture = card.plot.grab().toImage()
        column = picture.width() * 2 // 3
        return {picture.pixelColor(column, y).name() for y in range(picture.height())}

    coloured = {style.color(name).name() for name in ("c1", "c2")}
    assert coloured <= colours()
    board.set_stale(True)
    assert not coloured & colours()
    assert style.color("c6").name() in colours()
    board.set_stale(False)
    assert coloured <= colours()
    throw_away(board, feed, bridge)
