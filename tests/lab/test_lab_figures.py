"""Live figures of real guests, also while one of them hangs."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.lab_fixture import Daemon, qemu_pid
from tests.until import until
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.domain import Domain
from vmgui.inventory.figures import Sample
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, host_key
from vmgui.lab import LabHost, LabStatus
from vmgui.metrics.history import History
from vmgui.metrics.sampler import Sampler

pytestmark = pytest.mark.lab

_PATIENCE_S = 60


@dataclass
class Watch:
    inventory: Inventory
    sampler: Sampler
    batches: list[tuple[Sample, ...]] = field(default_factory=list)

    def key(self, host: LabHost, guest: str) -> Key:
        (key,) = (d.key for d in self.inventory.of(Domain, host.uri) if d.name == guest)
        return key

    async def rates_of(self, key: Key, batches: int = 1) -> Sample:
        """Wait for so many more batches in which a machine's rates are known; return the last."""
        seen = len(self.batches)

        def found() -> list[Sample]:
            samples = [s for batch in self.batches[seen:] for s in batch if s.key == key]
            return [s for s in samples if s.cpu_ratio is not None]

        await until(lambda: len(found()) >= batches, f"rates of {key}", within_s=_PATIENCE_S)
        return found()[-1]


@asynccontextmanager
async def watch(*uris: str) -> AsyncIterator[Watch]:
    inventory, history = Inventory(), History(None)
    fleet = Fleet(inventory)
    sampler = Sampler(inventory, fleet, history, lambda: 0.5)
    w = Watch(inventory, sampler)
    sampler.samples_arrived.connect(w.batches.append)
    sampler.start()
    for uri in uris:
        fleet.connect(uri)
    await fleet.settled()
    try:
        yield w
    finally:
        await sampler.stop()
        await fleet.close()
        await history.close()


async def test_guests_and_their_host_have_figures(lab: LabStatus) -> None:
    host = lab.hosts[0]
    async with watch(host.uri) as w:
        guest = w.key(host, host.guests[0])
        sample = await w.rates_of(guest)
        own = await w.rates_of(host_key(host.uri))

    assert sample.cpu_ratio is not None
    assert 0 <= sample.cpu_ratio <= 1
    assert sample.steal_ratio is not None
    assert not sample.memory_is_resident
    assert sample.memory_used_bytes is not None
    assert sample.memory_granted_bytes is not None
    assert 0 < sample.memory_used_bytes < sample.memory_granted_bytes
    for rate in ("disk_read_bytes_per_s", "disk_written_bytes_per_s", "disk_requests_per_s"):
        assert getattr(sample, rate) is not None
    assert own.memory_max_bytes == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert own.memory_used_bytes is not None
    assert 0 < own.memory_used_bytes < own.memory_max_bytes


async def test_a_guest_that_hangs_is_left_out_and_all_others_go_on(
    lab: LabStatus, hung: str, capfd: pytest.CaptureFixture[str]
) -> None:
    host = lab.hosts[0]
    async with watch(*(each.uri for each in lab.hosts)) as w:
        stuck = w.key(host, hung)
        fine = w.key(host, host.guests[1])
        await w.rates_of(host_key(lab.hosts[1].uri))
        await w.rates_of(fine, batches=3)
        assert w.sampler.left_out(host.uri) == {stuck}
        assert {d.name for d in w.inventory.of(Domain) if d.hangs} == {hung}

        os.kill(qemu_pid(host, hung), signal.SIGCONT)
        await w.rates_of(stuck)
        assert w.sampler.left_out(host.uri) == frozenset()
        assert not any(d.hangs for d in w.inventory.of(Domain))
    assert "warning" not in capfd.readouterr().err  # libvirt's own, of memory used after its end


async def test_a_host_that_stands_still_does_not_hold_up_another(
    lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    one, other = lab.hosts
    async with watch(one.uri, other.uri) as w:
        await w.rates_of(host_key(one.uri))
        daemons[one.name].stop()
        await w.rates_of(host_key(other.uri), batches=12)
        daemons[one.name].resume()
        await w.rates_of(host_key(one.uri))
