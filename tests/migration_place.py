"""Machines that move between two lab hosts, for tests: a session on both, as a front end has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.until import until
from vmgui.actions.job import Job
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key
from vmgui.inventory.migration import MigrationRun, Phase
from vmgui.lab import LabStatus
from vmgui.session import Session
from vmgui.settings import SavedConnection, Settings

_PATIENCE_S = 90


class Place:
    """A session on both hosts, as a front end has one."""

    def __init__(self, session: Session, linked: LabStatus) -> None:
        self.session = session
        self.uris = {host.name: host.uri for host in linked.hosts}

    def find(self, name: str) -> Domain:
        """Return the machine, wherever it is."""
        found = [each for each in self.session.inventory.of(Domain) if each.name == name]
        assert len(found) == 1, found
        return found[0]

    def count(self, name: str) -> int:
        """Count the machines of a name on both hosts."""
        return sum(each.name == name for each in self.session.inventory.of(Domain))

    def where(self, name: str) -> str:
        """Return the host of the machine."""
        return next(h for h, uri in self.uris.items() if uri == self.find(name).key.host)

    def other(self, name: str) -> str:
        """Return the host that the machine is not on."""
        return next(host for host in self.uris if host != self.where(name))

    def start(self, name: str, **arguments: Any) -> Job:
        """Begin to move a machine to the other host."""
        arguments = {"to": self.other(name), **arguments}
        (job,) = self.session.run("domain.migrate", self.find(name).key, **arguments)
        return job

    async def move(self, name: str, **arguments: Any) -> Job:
        """Move a machine to the other host, and return its job's end."""
        return await self.ended(self.start(name, **arguments))

    async def knob(self, verb: str, key: Key, **arguments: Any) -> Job:
        """Turn a knob of a migration that is under way."""
        (job,) = self.session.run(f"migration.{verb}", key, **arguments)
        return await self.ended(job)

    async def ended(self, job: Job) -> Job:
        """Wait for a job."""
        async with asyncio.timeout(_PATIENCE_S):
            await job.wait()
        return job

    def run(self, job: Job) -> MigrationRun:
        """Return what was recorded of a job."""
        run = self.session.migrations.of(job.id)
        assert run is not None
        return run

    async def copying(self, job: Job) -> None:
        """Wait until memory of it is on its way."""

        def is_copying() -> bool:
            run = self.session.migrations.of(job.id)
            return bool(run and run.samples and run.samples[-1].phase is Phase.PRECOPY)

        await until(is_copying, "memory is on its way", within_s=60)


@asynccontextmanager
async def place(linked: LabStatus, path: Path) -> AsyncIterator[Place]:
    async with Session(Settings(), figures=False, state_dir=path) as session:
        for host in linked.hosts:
            session.connect(SavedConnection(host.uri, host.name))
        await asyncio.wait_for(session.settled(), 60)
        yield Place(session, linked)
