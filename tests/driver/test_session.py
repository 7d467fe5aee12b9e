"""A session as both front ends use it: what it opens it closes, and what it saves it keeps."""

import asyncio
from pathlib import Path

import pytest

from tests.until import until
from tests.worlds import machine_uuid, write_world
from vmgui.actions.action import WrongArgument
from vmgui.actions.job import JobState
from vmgui.actions.journal import Journal
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import LinkState
from vmgui.inventory.key import domain_key, host_key
from vmgui.session import Session
from vmgui.settings import KEEP_HISTORY, SavedConnection, Settings

pytestmark = pytest.mark.usefixtures("no_thread_stays")


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return write_world(tmp_path / "world.xml", domains=3, snapshot_every=0)


def session_in(folder: Path, **options: bool) -> Session:
    return Session(Settings(folder / "settings.json"), state_dir=folder / "state", **options)


async def test_a_session_connects_acts_and_leaves_nothing_behind(uri: str, tmp_path: Path) -> None:
    machine = domain_key(uri, machine_uuid(0))
    async with session_in(tmp_path) as session:
        session.connect(SavedConnection(uri, "mine"))
        await asyncio.wait_for(session.settled(), 30)
        host = session.inventory.host(uri)
        assert host is not None
        assert (host.name, host.link.state) == ("mine", LinkState.CONNECTED)
        (job,) = session.run("domain.suspend", machine)
        assert await asyncio.wait_for(job.wait(), 30) is JobState.DONE
        domain = session.inventory.domain(machine)
        assert domain is not None
        assert domain.state is DomainState.PAUSED
        await until(lambda: session.sampler.latest(host_key(uri)), "figures")
        with pytest.raises(WrongArgument):
            session.run("domain.nosuch", machine)
    assert session.fleet.uris == ()
    assert not session.runner.busy
    assert (tmp_path / "state" / "history.sqlite").exists()
    (entry,) = Journal(tmp_path / "state" / "journal.jsonl").entries()
    assert entry.action_id == "domain.suspend"


async def test_a_session_that_is_closed_while_it_connects_and_acts_ends(
    uri: str, tmp_path: Path
) -> None:
    async with session_in(tmp_path) as session:
        session.connect(SavedConnection(uri, "mine"))
        await asyncio.wait_for(session.settled(), 30)
        jobs = session.run("domain.reset", [domain_key(uri, machine_uuid(i)) for i in range(3)])
        session.connect(SavedConnection("qemu+unix:///system?socket=/nowhere/sock", "dead"))
    assert all(job.state.is_over for job in jobs)


async def test_figures_and_history_are_kept_only_where_they_are_wanted(
    uri: str, tmp_path: Path
) -> None:
    async with session_in(tmp_path, figures=False) as session:
        session.connect(SavedConnection(uri))
        await asyncio.wait_for(session.settled(), 30)
        assert session.sampler.latest(host_key(uri)) is None
    Settings(tmp_path / "settings.json").set(KEEP_HISTORY, False)
    async with session_in(tmp_path) as session:
        session.connect(SavedConnection(uri))
        await until(lambda: session.sampler.latest(host_key(uri)), "figures")
    assert not (tmp_path / "state" / "history.sqlite").exists()


async def test_what_is_saved_is_there_at_the_next_start_until_it_is_forgotten(
    uri: str, tmp_path: Path
) -> None:
    def saved() -> list[SavedConnection]:
        return list(Settings(tmp_path / "settings.json").connections)

    async with session_in(tmp_path, figures=False) as session:
        session.connect(SavedConnection("test:///default", "other"), save=True)
        session.connect(SavedConnection(uri, "old name"), save=True)
        session.connect(SavedConnection(uri, "new name", read_only=True), save=True)
        assert saved() == [
            SavedConnection("test:///default", "other"),
            SavedConnection(uri, "new name", read_only=True),
        ]
        await asyncio.wait_for(session.settled(), 30)
        await session.disconnect(uri)
        assert [each.uri for each in saved()] == ["test:///default", uri]
        assert session.inventory.host(uri) is None
        await session.disconnect("test:///default", forget=True)
        assert [each.uri for each in saved()] == [uri]
        assert len(session.inventory) == 0


async def test_refreshing_reads_what_is_missing(uri: str, tmp_path: Path) -> None:
    async with session_in(tmp_path, figures=False) as session:
        session.connect(SavedConnection(uri))
        session.connect(SavedConnection("qemu+unix:///system?socket=/nowhere/sock", "dead"))
        await asyncio.wait_for(session.settled(), 30)
        machines = {each.key for each in session.inventory.of(Domain)}
        session.inventory.apply(Change(removed=tuple(machines)))
        await session.refresh()
        assert {each.key for each in session.inventory.of(Domain)} == machines
