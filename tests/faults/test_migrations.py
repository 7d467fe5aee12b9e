"""Bad days of migrations: for each it is said where the machine runs, and it runs just once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest

from tests.lab_fixture import Daemon
from tests.migration_place import Place, place
from tests.until import until
from vmgui import lab as lab_room
from vmgui.actions.job import JobState
from vmgui.inventory.domain import DomainState
from vmgui.inventory.host import LinkState
from vmgui.inventory.migration import EventKind, Outcome, Phase, Whereabouts
from vmgui.lab import LabStatus, guests

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

Running = Callable[[str], set[str]]

_MBIT = 1_000_000


@pytest.fixture(scope="module")
def linked() -> Iterator[LabStatus]:
    """Two hosts with two guests each, to be moved about."""
    name = f"bad-{os.getpid()}"
    yield lab_room.up(2, 2, name=name, owner_pid=os.getpid())
    lab_room.down(name)


@pytest.fixture(autouse=True)
def _link_healed(linked: LabStatus) -> Iterator[None]:
    yield
    lab_room.link(linked.name).join()
    lab_room.link(linked.name).set_rate(None)


@pytest.fixture
def running() -> Iterator[Callable[[str], set[str]]]:
    """Ask a host what runs there, as libvirt itself says; guests that only wait don't."""
    opened: list[libvirt.virConnect] = []

    def ask(uri: str) -> set[str]:
        opened.append(libvirt.open(uri))
        flag = libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING
        return {domain.name() for domain in opened[-1].listAllDomains(flag)}

    yield ask
    for connection in opened:
        connection.close()


def daemon_of(linked: LabStatus, name: str) -> Daemon:
    host = next(each for each in linked.hosts if each.name == name)
    return Daemon(linked.name, host, os.environ["XDG_STATE_HOME"])


@pytest.mark.logs
async def test_a_destination_whose_daemon_dies_costs_nothing(
    linked: LabStatus, running: Running, tmp_path: Path
) -> None:
    lab_room.link(linked.name).set_rate(16 * _MBIT)
    async with place(linked, tmp_path) as at:
        here, there = at.where("db-01"), at.other("db-01")
        daemon = daemon_of(linked, there)
        job = at.start("db-01")
        await at.copying(job)
        daemon.kill()
        try:
            await at.ended(job)
        finally:
            daemon.heal()
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert there in job.error.why
        assert f"db-01 runs on {here} as before; nothing is lost" in job.state_now
        assert "db-01" in running(at.uris[here])
        await until(lambda: "db-01" not in running(at.uris[there]), "it comes to that", within_s=30)
        assert at.run(job).summary is not None
        # And once it is back, it goes.
        lab_room.link(linked.name).set_rate(None)
        await until(lambda: not at.session.fleet.unsettled, "it is read again", within_s=60)
        await until(lambda: _is_connected(at, at.uris[there]), "the host is back", within_s=60)
        await until(lambda: at.count("db-01") == 1, "its waiting half is gone there", within_s=60)
        again = await at.move("db-01")
        assert again.state is JobState.DONE, (again.error, again.state_now)


def _is_connected(at: Place, uri: str) -> bool:
    host = at.session.inventory.host(uri)
    return host is not None and host.link.state is LinkState.CONNECTED


@pytest.mark.logs
async def test_a_source_whose_daemon_dies_keeps_its_machine(
    linked: LabStatus, running: Running, tmp_path: Path
) -> None:
    lab_room.link(linked.name).set_rate(16 * _MBIT)
    async with place(linked, tmp_path) as at:
        here, there = at.where("db-01"), at.other("db-01")
        daemon = daemon_of(linked, here)
        job = at.start("db-01")
        await at.copying(job)
        daemon.kill()
        daemon.start()
        await at.ended(job)
        assert job.state is JobState.FAILED
        assert f"db-01 runs on {here} as before" in job.state_now, job.state_now
        assert "db-01" in running(at.uris[here])
        assert "db-01" not in running(at.uris[there])


async def test_a_cut_link_is_told_and_can_be_given_up(
    linked: LabStatus, running: Running, tmp_path: Path
) -> None:
    lab_room.link(linked.name).set_rate(16 * _MBIT)
    async with place(linked, tmp_path) as at:
        here, there = at.where("db-01"), at.other("db-01")
        job = at.start("db-01")
        await at.copying(job)
        lab_room.link(linked.name).cut()
        told = f"db-01 runs on {here}: mend the link, or cancel"
        await until(lambda: told in job.note, "it is told", within_s=60)
        assert any(each.kind is EventKind.NOTE for each in at.run(job).events)
        job.cancel()
        await at.ended(job)
        assert job.state is JobState.CANCELLED
        assert f"runs on {here} as before" in job.state_now
        assert "db-01" in running(at.uris[here])
        assert "db-01" not in running(at.uris[there])


async def test_a_link_cut_in_post_copy_is_told_and_mended_it_arrives(
    linked: LabStatus, running: Running, tmp_path: Path
) -> None:
    guests.set_workload(linked.name, "db-02", 20, 24)
    async with place(linked, tmp_path) as at:
        key, here, there = at.find("db-02").key, at.where("db-02"), at.other("db-02")
        lab_room.link(linked.name).set_rate(16 * _MBIT)
        job = at.start("db-02", auto_converge=False, post_copy=True)
        await at.copying(job)
        assert (await at.knob("post-copy", key)).state is JobState.DONE
        await until(
            lambda: at.run(job).samples[-1].phase is Phase.POSTCOPY, "it runs there", within_s=60
        )
        lab_room.link(linked.name).cut()
        told = f"db-02 is on {there}, and waits for memory that is on {here}"
        await until(lambda: told in job.note, "it is told", within_s=60)
        job.cancel()
        lab_room.link(linked.name).join()
        lab_room.link(linked.name).set_rate(None)
        await at.ended(job)
        assert job.state is JobState.DONE, (job.error, job.state_now)
        assert "db-02" in running(at.uris[there])
        assert "db-02" not in running(at.uris[here])
    guests.set_workload(linked.name, "db-02", 0, 1)


async def test_vmgui_that_ends_meanwhile_leaves_it_where_it_was(
    linked: LabStatus, running: Running, tmp_path: Path
) -> None:
    lab_room.link(linked.name).set_rate(16 * _MBIT)
    async with place(linked, tmp_path) as at:
        here, there = at.where("db-01"), at.other("db-01")
        job = at.start("db-01")
        await at.copying(job)
    assert job.state is JobState.INTERRUPTED
    assert f"vmgui ended while it moved. db-01 runs on {here} as before" in job.state_now
    summary = at.run(job).summary
    assert summary is not None
    assert (summary.outcome, summary.runs_at) == (Outcome.CANCELLED, Whereabouts.SOURCE)
    assert "db-01" in running(at.uris[here])
    assert "db-01" not in running(at.uris[there])


async def test_what_another_client_moves_is_left_to_it(
    linked: LabStatus, running: Running, tmp_path: Path
) -> None:
    lab_room.link(linked.name).set_rate(16 * _MBIT)
    async with place(linked, tmp_path / "one") as at, place(linked, tmp_path / "two") as other:
        key, here, there = at.find("db-01").key, at.where("db-01"), at.other("db-01")
        job = at.start("db-01")
        await at.copying(job)
        (second,) = other.session.run("domain.migrate", key, to=there)
        await other.ended(second)
        assert second.state is JobState.FAILED
        assert second.error is not None
        assert "migration" in second.error.why
        job.cancel()
        await at.ended(job)
        assert "db-01" in running(at.uris[here])
        await until(lambda: at.find("db-01").state is DomainState.RUNNING, "it is read again")
