"""Wires the rooms together: one session is one run of vmgui, in a window or on the command line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from vmgui import places
from vmgui.actions.clone_facts import clone_facts
from vmgui.actions.job import Job
from vmgui.actions.journal import Journal
from vmgui.actions.migrations import Migrations
from vmgui.actions.moments import Moments
from vmgui.actions.registry import standard
from vmgui.actions.runner import NOTHING_SHOWN, Runner
from vmgui.hypervisor.errors import Vanished
from vmgui.hypervisor.fleet import Fleet
from vmgui.hypervisor.images import read_machine_storage
from vmgui.hypervisor.snapshots import snapshot_xml
from vmgui.insight.clone_plan import CloneFacts
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain
from vmgui.inventory.images import MachineStorage
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot, domain_of
from vmgui.metrics.history import History
from vmgui.metrics.sampler import Sampler
from vmgui.settings import (
    JOBS_AT_ONCE,
    KEEP_HISTORY,
    POLL_INTERVAL_S,
    SavedConnection,
    Settings,
)


class Session:
    """Everything that a front end needs. Made, used and closed on the loop's thread.

    ``figures`` says whether machines are sampled at all; a command that lists them needs none.
    ``state_dir`` holds the journal, the history and pictures of snapshots.
    Use it as an async context, or call `open` and `close`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        figures: bool = True,
        state_dir: Path | None = None,
    ) -> None:
        state_dir = state_dir or places.state_dir()
        self.settings = settings or Settings(places.config_dir() / "settings.json")
        self.inventory = Inventory()
        self.fleet = Fleet(self.inventory)
        self.registry = standard()
        self.journal = Journal(state_dir / "journal.jsonl")
        self.moments = Moments(state_dir / "moments")
        self.migrations = Migrations(state_dir / "migrations")
        self.runner = Runner(
            self.inventory,
            self.fleet,
            self.registry,
            self.journal,
            lambda: self.settings.get(JOBS_AT_ONCE),
            self.moments,
            self.migrations,
        )
        self._gone_snapshots: set[Key] = set()
        self.inventory.changed.connect(self._note_gone)
        keeps = figures and self.settings.get(KEEP_HISTORY)
        self.history = History(state_dir / "history.sqlite" if keeps else None)
        self.sampler = Sampler(
            self.inventory, self.fleet, self.history, lambda: self.settings.get(POLL_INTERVAL_S)
        )
        self._figures = figures

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Begin to keep figures; connects to nothing by itself."""
        if self._figures:
            await self.history.open()
            self.sampler.start()

    async def close(self) -> None:
        """End what runs, in the order in which one part needs the other."""
        await self.runner.close()
        self._forget_gone()
        if self._figures:
            await self.sampler.stop()
        await self.fleet.close()
        await self.history.close()

    def _note_gone(self, change: Change) -> None:
        # What goes with its whole host was disconnected: it is there still.
        self._gone_snapshots |= {
            key
            for key in change.removed
            if key.kind == "snapshot" and self.inventory.host(key.host) is not None
        }

    def _forget_gone(self) -> None:
        """Forget the moments of snapshots that went, at the end: some come back by themselves.

        One that is defined anew goes for a while, and a machine that moves has the same UUID.
        """
        self.moments.forget(self._gone_snapshots, self.inventory.of(Snapshot))

    def connect(self, connection: SavedConnection, *, save: bool = False) -> None:
        """Begin to connect; with ``save`` it is opened again at the next start."""
        if save:
            others = [c for c in self.settings.connections if c.uri != connection.uri]
            self.settings.save_connections([*others, connection])
        self.fleet.connect(connection.uri, connection.name, read_only=connection.read_only)

    async def disconnect(self, uri: str, *, forget: bool = False) -> None:
        """Close the connection to ``uri``; with ``forget`` also at the next start."""
        if forget:
            kept = [c for c in self.settings.connections if c.uri != uri]
            self.settings.save_connections(kept)
        await self.fleet.disconnect(uri)

    async def settled(self) -> None:
        """Wait until each host was read completely, or could not be reached."""
        await self.fleet.settled()

    def run(
        self,
        action_id: str,
        targets: Key | Sequence[Key],
        shown: Mapping[Key, FilePlan] = NOTHING_SHOWN,
        /,
        **arguments: object,
    ) -> tuple[Job, ...]:
        """Start an action on one or more objects, and return its jobs at once; see `Runner.run`."""
        return self.runner.run(action_id, targets, shown, **arguments)

    async def plan(self, action_id: str, target: Key, **arguments: object) -> FilePlan:
        """Return what an action would do to files, read afresh; nothing is touched."""
        return await self.runner.plan(action_id, target, **arguments)

    async def storage_of(self, key: Key) -> MachineStorage:
        """Return what the disks of a machine really are, read afresh; may take seconds.

        Raises VmguiError where it can't be known; what can't be read beside it is told in it.
        """
        domain = self.inventory.get(key)
        name = domain.name if isinstance(domain, Domain) else key.id
        return await self.fleet.long_call(
            key.host,
            read_machine_storage,
            key.id,
            key.host,
            what=f"What the disks of {name} are is not known.",
        )

    async def clone_facts(self, target: Key, snapshot: str = "") -> CloneFacts:
        """Return what a plan of clones of a machine is made from, read afresh.

        Raises VmguiError.
        """
        record = self.inventory.domain(target)
        if record is None:
            raise Vanished("It can't be cloned.", "It is not there any more.")
        return await clone_facts(self.fleet, self.inventory, record, snapshot)

    async def snapshot_xml(self, key: Key) -> str:
        """Return the XML of a snapshot as libvirt gives it; raises VmguiError."""
        machine = domain_of(key)
        name = key.id.partition("/")[2]
        what = f"The XML of {name} is not known."
        return await self.fleet.call(key.host, snapshot_xml, machine.id, name, what=what)

    async def refresh(self) -> None:
        """Read everything again, on every host that is connected."""
        await self.fleet.read_all_again()
