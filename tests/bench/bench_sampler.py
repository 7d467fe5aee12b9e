"""What live figures cost at rest: CPU of a process that does nothing else, at growing sizes.

``python -m tests.bench.bench_sampler [MACHINES…]`` prints a line for each size: CPU per 3 s, how
that compares with one bare bulk call every 2 s, how many machines a poll reads (the test driver
is asked machine by machine, in turns), and what a tick of the history costs that has them all.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import libvirt

from tests.worlds import write_world
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.figures import Sample
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import domain_key
from vmgui.metrics.history import History
from vmgui.metrics.history_file import open_for_writing
from vmgui.metrics.history_writer import Writer
from vmgui.metrics.sampler import Sampler

_WATCHED_S = 12.0
_STEP_S = 2.0


def _floor_s(uri: str) -> float:
    """CPU of the bare bulk call in 3 s."""
    conn = libvirt.open(uri)
    began_s = time.process_time()
    for _ in range(10):
        conn.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE, 0)
    return (time.process_time() - began_s) / 10 * 3 / _STEP_S


async def _at_rest_s(uri: str, path: Path) -> tuple[float, int]:
    """CPU of the sampler and the history in 3 s, and the machines of a poll."""
    inventory, history = Inventory(), History(path)
    fleet = Fleet(inventory)
    sampler = Sampler(inventory, fleet, history, lambda: _STEP_S)
    sizes: list[int] = []
    sampler.samples_arrived.connect(lambda samples: sizes.append(len(samples) - 1))
    await history.open()
    sampler.start()
    fleet.connect(uri)
    await fleet.settled()
    await asyncio.sleep(2 * _STEP_S)
    sizes.clear()
    began_s = time.process_time()
    await asyncio.sleep(_WATCHED_S)
    spent_s = time.process_time() - began_s
    await sampler.stop()
    await fleet.close()
    await history.close()
    return spent_s / _WATCHED_S * 3, sum(sizes) // len(sizes)


def _tick_s(machines: int, path: Path) -> float:
    """CPU of writing one tick with figures of all machines, a minute's worth of them."""
    writer = Writer(open_for_writing(path), "bench")
    uri, ticks = "qemu:///system", 31
    keys = [domain_key(uri, f"machine-{i}") for i in range(machines)]
    spent_s = 0.0
    for tick in range(ticks):
        at_s = 1_800_000_000 + _STEP_S * tick
        samples = [
            Sample(
                key,
                at_s,
                cpu_ratio=i * tick % 97 / 97,
                memory_used_bytes=1 << 30,
                disk_read_bytes_per_s=float(i * tick % 8191),
                net_sent_bits_per_s=float(i * tick % 127),
                step_s=_STEP_S,
            )
            for i, key in enumerate(keys)
        ]
        began_s = time.thread_time()
        writer.append(uri, samples)
        spent_s += time.thread_time() - began_s
    writer.close()
    return spent_s / ticks


def main() -> None:
    """Measure each size that is asked for."""
    print("machines  CPU/3 s  × bulk call  machines/poll  history tick, all")
    for machines in [int(each) for each in sys.argv[1:]] or [10, 100, 1000, 5000]:
        with tempfile.TemporaryDirectory() as folder:
            uri = write_world(Path(folder) / "world.xml", domains=machines)
            floor_s = _floor_s(uri)
            at_rest_s, read = asyncio.run(_at_rest_s(uri, Path(folder) / "history.sqlite"))
            tick_s = _tick_s(machines, Path(folder) / "tick.sqlite")
        print(
            f"{machines:8}  {at_rest_s:6.4f} s  {at_rest_s / floor_s:11.1f}  {read:13}"
            f"  {tick_s * 1000:6.2f} ms"
        )


if __name__ == "__main__":
    main()
