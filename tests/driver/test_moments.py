"""The screen at the moment of a snapshot: taken from a machine, kept with its snapshot."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.until import until
from tests.worlds import machine_uuid, write_world
from vmgui.actions.action import Action
from vmgui.actions.job import Job, JobState
from vmgui.actions.moments import LARGEST_PICTURE_BYTES, Moment
from vmgui.actions.snapshot_moment import picture_of
from vmgui.actions.work import Work
from vmgui.hypervisor import screens
from vmgui.hypervisor.errors import CallFailed, NotSupported, VmguiError
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key
from vmgui.session import Session
from vmgui.settings import SavedConnection

pytestmark = pytest.mark.usefixtures("no_thread_stays")

RUNNING, OFF = 1, 14
PNG = b"\x89PNG"


class Opened(Session):
    """A session on a world of its own, which can do whatever a test says."""

    uri = ""

    def key(self, machine: int = RUNNING) -> Key:
        return domain_key(self.uri, machine_uuid(machine))

    def do(self, deed: Callable[[Work[Domain]], Awaitable[None]], machine: int = RUNNING) -> Job:
        action: Action[Domain] = Action(
            id="test.do",
            title="Do",
            help="Does.",
            icon="play",
            target="domain",
            refuse=lambda _: "",
            render=lambda *_: (),
            carry_out=deed,
        )
        self.registry._actions["test.do"] = action
        (job,) = self.run("test.do", self.key(machine))
        return job

    async def connect_to(self, uri: str) -> None:
        self.uri = uri
        self.connect(SavedConnection(uri, "there"))
        await asyncio.wait_for(self.settled(), 30)


async def open_(tmp_path: Path) -> Opened:
    opened = Opened(figures=False, state_dir=tmp_path / "state")
    await opened.open()
    await opened.connect_to(write_world(tmp_path / "world.xml", domains=15, snapshot_every=0))
    return opened


async def done(job: Job) -> Job:
    await asyncio.wait_for(job.wait(), 30)
    return job


def take(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    conn.lookupByUUIDString(uuid).snapshotCreateXML(
        f"<domainsnapshot><name>{name}</name></domainsnapshot>"
    )


async def noted(work: Work[Domain], name: str = "first") -> None:
    picture = await picture_of(work)
    await work.act(take, name)
    key = snapshot_key(work.record.key, name)
    work.moments[key] = Moment(picture, quiesced=False, took_s=0.5)
    work.also.append(key)


async def test_the_screen_is_kept_with_the_snapshot_for_later_runs(tmp_path: Path) -> None:
    opened = await open_(tmp_path)
    job = await done(opened.do(noted))
    assert (job.state, job.error) == (JobState.DONE, None)
    snapshot = opened.inventory.get(snapshot_key(opened.key(), "first"))
    assert isinstance(snapshot, Snapshot)
    moment = opened.moments.of(snapshot)
    assert moment is not None
    assert moment.picture.startswith(PNG)
    assert len(moment.picture) <= LARGEST_PICTURE_BYTES
    assert (moment.quiesced, moment.took_s) == (False, 0.5)
    await opened.close()
    again = Session(figures=False, state_dir=tmp_path / "state")
    assert again.moments.of(snapshot) == moment
    await again.close()


async def test_what_was_deleted_is_forgotten_and_what_was_disconnected_isnt(
    tmp_path: Path,
) -> None:
    opened = await open_(tmp_path)
    await done(opened.do(partial(noted, name="stays")))
    await done(opened.do(partial(noted, name="goes")))
    kept, goes = (
        opened.inventory.get(snapshot_key(opened.key(), name)) for name in ("stays", "goes")
    )
    assert isinstance(kept, Snapshot)
    assert isinstance(goes, Snapshot)

    async def delete(work: Work[Domain]) -> None:
        await work.act(
            lambda conn, uuid: conn.lookupByUUIDString(uuid).snapshotLookupByName("goes").delete()
        )
        work.also.append(goes.key)

    await done(opened.do(delete))
    assert opened.inventory.get(goes.key) is None
    await opened.disconnect(opened.uri)
    await opened.close()
    later = Session(figures=False, state_dir=tmp_path / "state")
    assert later.moments.of(kept) is not None
    assert later.moments.of(goes) is None
    await later.close()


async def test_a_snapshot_that_is_defined_anew_keeps_its_moment(tmp_path: Path) -> None:
    opened = await open_(tmp_path)
    await done(opened.do(noted))
    snapshot = opened.inventory.get(snapshot_key(opened.key(), "first"))
    assert isinstance(snapshot, Snapshot)
    xml: list[str] = []

    def forget(conn: libvirt.virConnect, uuid: str) -> None:
        handle = conn.lookupByUUIDString(uuid).snapshotLookupByName("first")
        xml.append(handle.getXMLDesc())
        handle.delete()

    def define(conn: libvirt.virConnect, uuid: str) -> None:
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        conn.lookupByUUIDString(uuid).snapshotCreateXML(xml[0], flags)

    for step in (forget, define):

        async def act(work: Work[Domain], step: Callable[..., None] = step) -> None:
            await work.act(step)
            work.also.append(snapshot.key)

        await done(opened.do(act))
    assert opened.inventory.get(snapshot.key) is not None
    await opened.close()
    later = Session(figures=False, state_dir=tmp_path / "state")
    assert later.moments.of(snapshot) is not None
    await later.close()


async def test_a_machine_that_shows_nothing_has_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await open_(tmp_path)
    pictures: list[bytes] = []

    async def look(work: Work[Domain]) -> None:
        pictures.append(await picture_of(work))

    domain = opened.inventory.domain(opened.key(OFF))
    assert domain is not None
    assert domain.state is DomainState.OFF
    await done(opened.do(look, OFF))

    def fail(*_: Any) -> None:
        raise libvirt.libvirtError("no screen")

    monkeypatch.setattr(libvirt.virDomain, "screenshot", fail)
    job = await done(opened.do(look))
    assert (pictures, job.state, job.error) == ([b"", b""], JobState.DONE, None)
    await opened.close()


async def test_a_stream_that_ends_badly_or_never_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await open_(tmp_path)
    aborted: list[None] = []
    real = libvirt.virStream.abort

    def abort(self: libvirt.virStream) -> Any:
        aborted.append(None)
        return real(self)

    async def thumbnail() -> bytes:
        return await opened.fleet.long_call(
            opened.uri, screens.take_thumbnail, machine_uuid(RUNNING), what="Look at it"
        )

    def broken(*_: Any) -> bytes:
        raise libvirt.libvirtError("it broke")

    monkeypatch.setattr(libvirt.virStream, "abort", abort)
    expected: list[tuple[Callable[..., bytes], type[VmguiError]]] = [
        (lambda *_: bytes(1 << 20), NotSupported),
        (broken, CallFailed),
    ]
    monkeypatch.setattr(screens, "_LARGEST_BYTES", 5 << 20)
    for recv, error in expected:
        monkeypatch.setattr(libvirt.virStream, "recv", recv)
        with pytest.raises(error):
            await thumbnail()
    assert len(aborted) == 2
    pieces = iter([b"no ", b"picture", b""])
    monkeypatch.setattr(libvirt.virStream, "recv", lambda *_: next(pieces))
    monkeypatch.setattr(libvirt.virStream, "finish", lambda _: None)
    with pytest.raises(NotSupported, match="can't be read"):
        await thumbnail()
    monkeypatch.undo()
    assert (await thumbnail()).startswith(PNG)
    await until(lambda: not opened.runner.busy, "nothing runs")
    await opened.close()
