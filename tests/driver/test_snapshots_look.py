"""Snapshots that others take are found when they are looked for, and only then read."""

import asyncio
from pathlib import Path

import libvirt
import pytest

from tests.until import until
from tests.worlds import machine_uuid, write_world
from vmgui.hypervisor import refresh
from vmgui.hypervisor.errors import Vanished
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key
from vmgui.session import Session
from vmgui.settings import SavedConnection, Settings

pytestmark = pytest.mark.usefixtures("no_thread_stays")


def take(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Take a snapshot as somebody else would."""
    machine = conn.lookupByUUIDString(uuid)
    machine.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>")


def make_current(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Go back to a snapshot as somebody else would."""
    machine = conn.lookupByUUIDString(uuid)
    machine.revertToSnapshot(machine.snapshotLookupByName(name))


def shown(session: Session, machine: Key) -> dict[str, bool]:
    """Return the snapshots that the inventory has, and of each whether it is current."""
    held = session.inventory.of(Snapshot, machine.host)
    return {each.name: each.current for each in held if each.domain == machine}


async def test_what_others_do_to_the_machine_that_is_watched_is_seen_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody else's turn comes: there may be a thousand before it.
    monkeypatch.setattr(refresh, "_MACHINES_A_TURN", 0)
    monkeypatch.setattr(refresh, "_SNAPSHOTS_EVERY_S", 0.05)
    uri = write_world(tmp_path / "world.xml", domains=2)
    async with Session(Settings(), figures=False, state_dir=tmp_path) as session:
        session.connect(SavedConnection(uri))
        await asyncio.wait_for(session.settled(), 30)
        machine = domain_key(uri, machine_uuid(0))
        session.fleet.watch(machine)
        await session.fleet.call(uri, take, machine.id, "by virsh", what="Take")
        there = {"fresh": False, "before <update>": False, "by virsh": True}
        await until(lambda: shown(session, machine) == there, "what was taken is seen")
        await session.fleet.call(uri, make_current, machine.id, "fresh", what="Go back")
        await until(lambda: shown(session, machine)["fresh"], "what is current is seen")


async def test_its_xml_is_what_libvirt_has_and_its_absence_is_told(tmp_path: Path) -> None:
    uri = write_world(tmp_path / "world.xml", domains=1)
    async with Session(Settings(), figures=False, state_dir=tmp_path) as session:
        session.connect(SavedConnection(uri))
        await asyncio.wait_for(session.settled(), 30)
        machine = domain_key(uri, machine_uuid(0))
        xml = await session.snapshot_xml(snapshot_key(machine, "before <update>"))
        assert "<name>before &lt;update&gt;</name>" in xml
        with pytest.raises(Vanished):
            await session.snapshot_xml(snapshot_key(machine, "nobody"))
