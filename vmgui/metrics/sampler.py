"""Polls every connected host in its own rhythm, and publishes what came of it."""

import asyncio
import logging
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from psygnal import EmitLoopError, Signal

from vmgui.hypervisor.errors import VmguiError
from vmgui.hypervisor.stats import Devices
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key
from vmgui.metrics.history import History
from vmgui.metrics.poll import HostPoll, Lender
from vmgui.metrics.recent import HostFigures

_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 30.0
_DISKS = frozenset({"disk", "lun"})


class Sampler:
    """Figures of all hosts whose link is connected. Belongs to the loop's thread.

    ``samples_arrived`` is emitted once a host's poll, with the samples of the machines that were
    read and of the host itself, in this order. While a link is not connected nothing is polled,
    and the first sample after such a gap has no rates. Machines that hang are marked so in the
    inventory.

    ``lender`` is the fleet. ``step_s`` is asked before each pause how long a step shall be.
    """

    samples_arrived = Signal(tuple)

    def __init__(
        self,
        inventory: Inventory,
        lender: Lender,
        history: History,
        step_s: Callable[[], float],
    ) -> None:
        self._inventory = inventory
        self._lender = lender
        self._history = history
        self._step_s = step_s
        self._figures: dict[str, HostFigures] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._wanted: dict[str, frozenset[str]] = {}
        self._devices: dict[str, dict[str, Devices]] = {}
        self._hung: dict[str, frozenset[Key]] = {}

    def start(self) -> None:
        """Begin with the hosts that are connected, and follow the inventory from now on."""
        self._inventory.changed.connect(self._on_inventory_changed)
        for domain in self._inventory.of(Domain):
            self._note_devices(domain)
        for host in self._inventory.hosts():
            self._follow(host)

    async def stop(self) -> None:
        """End all polling, and give the connections back."""
        self._inventory.changed.disconnect(self._on_inventory_changed)
        for uri in tuple(self._tasks):
            self._pause(uri)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def latest(self, key: Key) -> Sample | None:
        """Return the newest sample, or None where a machine doesn't run or wasn't read yet."""
        figures = self._figures.get(key.host)
        return None if figures is None else figures.latest.get(key)

    def recent_cpu(self, key: Key) -> Sequence[float]:
        """Return CPU of the last five minutes, 0 to 1, at most 60 points, nan for gaps."""
        figures = self._figures.get(key.host)
        return array("f") if figures is None else figures.recent_cpu(key)

    def left_out(self, uri: str) -> frozenset[Key]:
        """Return the machines of a host that hang, and are not asked until they answer again."""
        return self._hung.get(uri, frozenset())

    def set_wanted(self, keys: Iterable[Key]) -> None:
        """Say which machines are looked at: where machines are read in turns, they go first."""
        wanted: dict[str, set[str]] = {}
        for key in keys:
            wanted.setdefault(key.host, set()).add(key.id)
        self._wanted = {uri: frozenset(uuids) for uri, uuids in wanted.items()}

    def _on_inventory_changed(self, change: Change) -> None:
        for record in (*change.added, *change.updated):
            if isinstance(record, Host):
                self._follow(record)
            elif isinstance(record, Domain):
                self._note_devices(record)
        for key in change.removed:
            if key.kind == "host":
                self._pause(key.host)
                self._figures.pop(key.host, None)
                self._devices.pop(key.host, None)
            elif key.kind == "domain" and key.host in self._devices:
                self._devices[key.host].pop(key.id, None)

    def _follow(self, host: Host) -> None:
        uri = host.key.host
        if not host.link.state.is_fresh:
            self._pause(uri)
        elif uri not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._run(uri), name=f"figures {uri}")
            self._tasks[uri] = task

    def _pause(self, uri: str) -> None:
        task = self._tasks.pop(uri, None)
        self._mark_hung(uri, frozenset())
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _run(self, uri: str) -> None:
        poll = HostPoll(uri, self._lender)
        figures = self._figures.setdefault(uri, HostFigures(uri))
        figures.interrupt()
        failed = 0
        try:
            while True:
                began_s = time.monotonic()
                try:
                    # A copy: it is read in a worker, while this one goes on being kept.
                    devices = dict(self._devices.get(uri, {})) if poll.asks_each else {}
                    reading = await poll.poll(self._wanted.get(uri, frozenset()), devices)
                    figures.interrupt(poll.left_out)
                    self._mark_hung(uri, _keys(uri, poll.left_out))
                    self._publish(figures.take(reading, time.time() - time.monotonic()))
                    failed = 0
                except VmguiError as error:
                    _log.info("No figures of %s this time: %s", uri, error)
                    failed += 1
                    figures.interrupt()
                    self._mark_hung(uri, _keys(uri, poll.left_out))
                except Exception as error:
                    # A bug of ours is to be seen, and figures go on, in growing pauses.
                    _tell("Reading figures failed", error)
                    failed += 1
                    figures.interrupt()
                    await poll.close()
                    poll = HostPoll(uri, self._lender)
                await asyncio.sleep(self._rest_s(time.monotonic() - began_s, failed))
        finally:
            await poll.close()

    def _rest_s(self, took_s: float, failed: int) -> float:
        """Return how long to wait: a slow host gets as much rest as it had work, up to a step."""
        step_s = self._step_s()
        if failed > 1:  # the first may have been one machine that hung; it is left out by now
            return max(step_s, min(step_s * 2.0**failed, _LONGEST_PAUSE_S))
        return max(step_s - took_s, min(took_s, step_s))

    def _mark_hung(self, uri: str, hung: frozenset[Key]) -> None:
        before = self._hung.pop(uri, frozenset())
        if hung:
            self._hung[uri] = hung
        changed = [self._inventory.domain(key) for key in before ^ hung]
        self._inventory.apply(
            Change(updated=tuple(replace(d, hangs=d.key in hung) for d in changed if d is not None))
        )

    def _publish(self, samples: tuple[Sample, ...]) -> None:
        self._history.append(samples)
        try:
            self.samples_arrived.emit(samples)
        except EmitLoopError as error:
            # A listener's bug is to be seen, and figures go on.
            _tell("A listener failed on new samples", error)

    def _note_devices(self, domain: Domain) -> None:
        """Keep what a machine's devices are called; of all at once it would hold up the loop."""
        if domain.read_fully:
            self._devices.setdefault(domain.key.host, {})[domain.uuid] = Devices(
                tuple(disk.target for disk in domain.disks if disk.device in _DISKS),
                tuple(each.target or each.mac for each in domain.interfaces),
            )


def _keys(uri: str, uuids: frozenset[str]) -> frozenset[Key]:
    return frozenset(domain_key(uri, uuid) for uuid in uuids)


def _tell(message: str, error: Exception) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
