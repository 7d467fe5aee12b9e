"""The screen of a real guest, and of one that hangs."""

import asyncio
import os
import signal
import struct
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest

from tests.lab_fixture import eventually
from vmgui.actions.action import Action
from vmgui.actions.job import JobState
from vmgui.actions.snapshot_moment import picture_of
from vmgui.actions.work import Work
from vmgui.insight.thumbnail import AT_MOST_PX
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import domain_key
from vmgui.lab import LabStatus
from vmgui.session import Session
from vmgui.settings import SavedConnection

pytestmark = pytest.mark.lab


@pytest.fixture
def guest(lab: LabStatus, connect: Callable[[str], libvirt.virConnect]) -> Iterator[str]:
    """A machine with a screen and nothing else; its name is found once on this computer."""
    name = f"screen-{uuid.uuid4().hex}"
    machine = connect(lab.hosts[0].uri).createXML(
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>"
        "<os><type arch='x86_64'>hvm</type></os><devices>"
        "<graphics type='vnc'><listen type='socket'/></graphics>"
        "<video><model type='vga'/></video></devices></domain>"
    )
    yield name
    if (process := process_of(name)) is not None:
        os.kill(process, signal.SIGCONT)
    machine.destroy()


def process_of(name: str) -> int | None:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"guest={name}".encode() in file.read_bytes():
                return int(file.parent.name)
        except OSError:
            continue  # it ended meanwhile
    return None


async def test_a_screen_is_pictured_and_one_that_hangs_holds_up_nobody(
    lab: LabStatus, guest: str, tmp_path: Path
) -> None:
    pictures: list[bytes] = []

    async def look(work: Work[Domain]) -> None:
        pictures.append(await picture_of(work, deadline_s=3))

    uri = lab.hosts[0].uri
    async with Session(figures=False, state_dir=tmp_path) as session:
        session.connect(SavedConnection(uri))
        await asyncio.wait_for(session.settled(), 60)
        session.registry._actions["test.look"] = Action(
            id="test.look",
            title="Look",
            help="Looks.",
            icon="eye",
            target="domain",
            refuse=lambda _: "",
            render=lambda *_: (),
            carry_out=look,
        )
        key = next(each.key for each in session.inventory.of(Domain) if each.name == guest)
        other = next(
            each.key for each in session.inventory.of(Domain) if each.name == lab.hosts[0].guests[0]
        )

        async def look_at(target: object) -> JobState:
            assert isinstance(target, type(key))
            (job,) = session.run("test.look", target)
            return await asyncio.wait_for(job.wait(), 60)

        assert await look_at(key) is JobState.DONE
        width, height = struct.unpack_from(">II", pictures[-1], 16)
        assert 0 < width <= AT_MOST_PX
        assert 0 < height <= AT_MOST_PX

        process = process_of(guest)
        assert process is not None
        os.kill(process, signal.SIGSTOP)
        try:
            # libvirt would wait for its answer for ever: it is given up, and stands still yet.
            assert await look_at(key) is JobState.DONE
            assert pictures[-1] == b""
            assert await look_at(other) is JobState.DONE
            assert pictures[-1].startswith(b"\x89PNG")
        finally:
            os.kill(process, signal.SIGCONT)
        assert await look_at(key) is JobState.DONE
    assert key == domain_key(uri, key.id)
    eventually(lambda: process_of(guest) is not None, "the guest goes on")
