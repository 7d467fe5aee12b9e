"""Live figures of whole hosts, on libvirt's test driver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.until import until
from tests.worlds import machine_uuid, write_world
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.changes import Change
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Link, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import domain_key, host_key
from vmgui.metrics.history import History
from vmgui.metrics.sampler import Sampler

pytestmark = pytest.mark.usefixtures("no_thread_stays")
URI = "test:///default"
MACHINE = domain_key(URI, "6695eb01-f6a4-8304-79aa-97f2502e193f")


@dataclass
class Watch:
    fleet: Fleet
    inventory: Inventory
    sampler: Sampler
    batches: list[tuple[Sample, ...]]

    async def next_batches(self, more: int) -> list[tuple[Sample, ...]]:
        seen = len(self.batches)
        await until(lambda: len(self.batches) >= seen + more, f"{more} more batches")
        return self.batches[seen:]


@asynccontextmanager
async def watch(*uris: str, history: Path | None = None) -> AsyncIterator[Watch]:
    inventory = Inventory()
    fleet = Fleet(inventory)
    kept = History(history)
    await kept.open()
    sampler = Sampler(inventory, fleet, kept, lambda: 0.05)
    batches: list[tuple[Sample, ...]] = []
    sampler.samples_arrived.connect(batches.append)
    sampler.start()
    for uri in uris:
        fleet.connect(uri)
    await fleet.settled()
    try:
        yield Watch(fleet, inventory, sampler, batches)
    finally:
        await sampler.stop()
        await fleet.close()
        await kept.close()


async def test_a_poll_brings_the_machines_and_then_their_host() -> None:
    async with watch(URI) as w:
        batch = (await w.next_batches(3))[-1]

        assert [sample.key for sample in batch] == [MACHINE, host_key(URI)]
        machine, host = batch
        # The test driver counts a machine's CPU as one busy thread; this one has two vCPUs.
        assert machine.cpu_ratio == pytest.approx(0.5, abs=0.2)
        assert machine.disk_read_bytes_per_s
        assert machine.net_received_bits_per_s
        assert host.disk_read_bytes_per_s == machine.disk_read_bytes_per_s
        assert host.memory_max_bytes
        assert w.sampler.latest(MACHINE) is w.batches[-1][0]
        assert w.sampler.latest(host_key(URI)) is w.batches[-1][1]


async def test_each_host_is_polled_by_itself(tmp_path: Path) -> None:
    other = write_world(tmp_path / "world.xml", domains=20)
    async with watch(URI, other) as w:
        batches = await w.next_batches(6)

        assert {batch[-1].key for batch in batches} == {host_key(URI), host_key(other)}
        for batch in batches:
            assert {sample.key.host for sample in batch} == {batch[-1].key.host}


async def test_machines_that_are_off_have_no_figures(tmp_path: Path) -> None:
    uri = write_world(tmp_path / "world.xml", domains=20)
    async with watch(uri) as w:
        batch = (await w.next_batches(1))[0]

        # libvirt counts the crashed one, whose process is kept, among the active.
        running, off, crashed = range(14), range(14, 19), 19
        assert {s.key.id for s in batch[:-1]} == {machine_uuid(i) for i in (*running, crashed)}
        assert not any(w.sampler.latest(domain_key(uri, machine_uuid(i))) for i in off)


async def test_a_machine_that_stops_has_no_figures_any_more() -> None:
    async with watch(URI) as w:
        await until(lambda: w.sampler.recent_cpu(MACHINE), "figures of the machine")
        await w.fleet.call(URI, lambda conn: conn.lookupByName("test").destroy(), what="Stop it")
        try:
            await until(lambda: w.sampler.latest(MACHINE) is None, "the machine forgotten")
            assert not w.sampler.recent_cpu(MACHINE)
        finally:
            await w.fleet.call(URI, lambda conn: conn.lookupByName("test").create(), what="Start")
        first = await until(lambda: w.sampler.latest(MACHINE), "figures of the new run")
        assert first is not None
        assert first.cpu_ratio is None or first.cpu_ratio <= 1


async def test_a_link_that_is_not_connected_is_not_polled_and_leaves_a_gap() -> None:
    async with watch(URI) as w:
        await w.next_batches(2)
        host = w.inventory.host(URI)
        assert host is not None
        await w.fleet.disconnect(URI)
        assert w.sampler.latest(MACHINE) is None
        silent = len(w.batches)

        w.fleet.connect(URI)
        await w.fleet.settled()
        await w.next_batches(2)
        first, second, *_ = w.batches[silent:]
        assert [sample.step_s for sample in first] == [None, None]
        assert all(sample.step_s for sample in second)


async def test_a_host_that_stalls_is_not_polled_until_it_answers_again() -> None:
    async with watch(URI) as w:
        await w.next_batches(2)
        host = w.inventory.host(URI)
        assert host is not None
        w.inventory.apply(Change(updated=(replace(host, link=Link(LinkState.STALLED)),)))
        silent = len(w.batches)

        # The link's next sign of life makes it connected again.
        await w.next_batches(1)
        assert [sample.step_s for sample in w.batches[silent]] == [None, None]


async def test_devices_that_come_and_go_are_followed() -> None:
    async with watch(URI) as w:

        def disk_rate() -> float | None:
            sample = w.sampler.latest(MACHINE)
            return None if sample is None else sample.disk_read_bytes_per_s

        await until(disk_rate, "a rate of the disk")
        domain = w.inventory.domain(MACHINE)
        assert domain is not None
        w.inventory.apply(Change(updated=(replace(domain, disks=()),)))
        await until(lambda: disk_rate() is None, "no disk any more")


async def test_a_listener_that_fails_is_reported_and_figures_go_on() -> None:
    async with watch(URI) as w:
        reported: list[BaseException] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, about: reported.append(about["exception"])
        )

        def fail(_samples: object) -> None:
            raise ValueError("a bug of a view")

        w.sampler.samples_arrived.connect(fail)
        await w.next_batches(2)

        assert isinstance(reported[0].__cause__, ValueError)


async def test_machines_that_are_looked_at_go_first(tmp_path: Path) -> None:
    uri = write_world(tmp_path / "world.xml", domains=1000, snapshot_every=0, volumes=0)
    async with watch(uri) as w:
        active = [domain_key(uri, machine_uuid(i)) for i in range(1000) if i % 20 < 14]
        wanted = set(active[300:340])
        w.sampler.set_wanted(wanted)
        batches = (await w.next_batches(12))[2:]

        assert all(wanted < {sample.key for sample in batch} for batch in batches)
        rounds = await until(
            lambda: all(w.sampler.latest(key) for key in active), "each machine was read"
        )
        assert rounds


async def test_what_was_sampled_is_in_the_history(tmp_path: Path) -> None:
    async with watch(URI, history=tmp_path / "history.sqlite") as w:
        await w.next_batches(5)
        seen = [batch[0] for batch in w.batches]
    kept = History(tmp_path / "history.sqlite")
    await kept.open()
    series = await kept.series(MACHINE, seen[0].at_s - 60, seen[-1].at_s + 60)
    await kept.close()

    assert len(series.times_s) >= len(seen)
    assert seen[-1].cpu_ratio == pytest.approx(series.values["cpu_ratio"][len(seen) - 1], rel=1e-6)


async def test_a_host_that_is_forgotten_is_forgotten_here() -> None:
    async with watch(URI) as w:
        await w.next_batches(2)
        w.inventory.apply(Change(removed=(host_key(URI),)))

        assert w.sampler.latest(host_key(URI)) is None
        await until(
            lambda: not [t for t in asyncio.all_tasks() if t.get_name() == f"figures {URI}"],
            "polling ended",
        )


async def test_a_fault_of_ours_is_reported_and_figures_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from vmgui.metrics.poll import HostPoll

    async with watch(URI) as w:
        await w.next_batches(1)
        reported: list[BaseException] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, about: reported.append(about["exception"])
        )

        async def fail(*_: object) -> None:
            raise ZeroDivisionError("a bug of ours")

        with monkeypatch.context() as patch:
            patch.setattr(HostPoll, "poll", fail)
            await until(lambda: len(reported) >= 2, "reported, and tried again")
        await w.next_batches(2)
        assert {type(error) for error in reported} == {ZeroDivisionError}
