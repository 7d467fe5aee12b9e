"""Definitions of clones on libvirt's test driver: what libvirt itself would let pass."""

from collections.abc import Iterator

import libvirt
import pytest

from vmgui.hypervisor.clones import (
    check_still_frozen,
    check_still_off,
    define,
    get_origin,
    give_disks,
    has_disk,
    read_for_reset,
    set_origin,
    take_back,
)
from vmgui.hypervisor.errors import NotPossibleNow
from vmgui.hypervisor.snapshot_calls import define_as_then
from vmgui.hypervisor.volumes import fill_volume
from vmgui.hypervisor.xml.metadata import BaseOfDisk, Origin
from vmgui.insight.revert_spec import RevertPlan

UUIDS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")


def xml(name: str, uuid: str, mac: str) -> str:
    return f"""<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory>8192</memory>
<os><type>hvm</type></os><devices><interface type='user'><mac address='{mac}'/></interface>
</devices></domain>"""


@pytest.fixture
def conn() -> Iterator[libvirt.virConnect]:
    libvirt.registerErrorHandler(lambda *_: None, None)
    opened = libvirt.open("test:///default")
    define(opened, xml("first", UUIDS[0], "52:54:00:00:00:aa"))
    yield opened
    opened.lookupByUUIDString(UUIDS[0]).undefine()
    opened.close()


@pytest.mark.parametrize(
    ("uuid", "mac", "says"),
    [
        (UUIDS[0], "52:54:00:00:00:bb", "first has its UUID"),
        (UUIDS[1], "52:54:00:00:00:AA", "first has its MAC"),
    ],
)
def test_what_a_machine_has_by_now_is_never_taken_from_it(
    conn: libvirt.virConnect, uuid: str, mac: str, says: str
) -> None:
    before = conn.lookupByUUIDString(UUIDS[0]).XMLDesc()
    with pytest.raises(NotPossibleNow, match=says):
        define(conn, xml("second", uuid, mac))
    assert conn.lookupByUUIDString(UUIDS[0]).XMLDesc() == before
    assert len(conn.listAllDomains()) == 2


def test_a_machine_that_was_started_meanwhile_is_told(conn: libvirt.virConnect) -> None:
    check_still_off(conn, UUIDS[0])
    conn.lookupByUUIDString(UUIDS[0]).create()
    try:
        with pytest.raises(NotPossibleNow, match="was started while"):
            check_still_off(conn, UUIDS[0])
    finally:
        conn.lookupByUUIDString(UUIDS[0]).destroy()


def test_an_origin_is_kept_beside_the_tags(conn: libvirt.virConnect) -> None:
    assert get_origin(conn, UUIDS[0]) == Origin()
    origin = Origin(True, UUIDS[1], "it's <gold>", (BaseOfDisk("vda", "/a b", "qcow2"),))
    set_origin(conn, UUIDS[0], origin)
    assert get_origin(conn, UUIDS[0]) == origin
    set_origin(conn, UUIDS[0], Origin())
    assert get_origin(conn, UUIDS[0]) == Origin()


def define_with(conn: libvirt.virConnect, name: str) -> None:
    """Give the machine the disk ``name``, and another one."""
    disks = (
        f"<disk type='file' device='disk'><source file='/vm/{name}'/><target dev='vda'/></disk>"
        "<disk type='file' device='disk'><source file='/vm/b'/><target dev='vdb'/></disk>"
    )
    new = xml("first", UUIDS[0], "52:54:00:00:00:aa")
    conn.defineXML(new.replace("<interface", f"{disks}<interface", 1))


def test_a_clone_of_a_snapshot_that_went_meanwhile_is_no_good(conn: libvirt.virConnect) -> None:
    define_with(conn, "overlay")
    machine = conn.lookupByUUIDString(UUIDS[0])
    snapshot = machine.snapshotCreateXML("<domainsnapshot><name>s1</name></domainsnapshot>")
    check_still_frozen(conn, UUIDS[0], "s1", ("/vm/frozen",))
    # Somebody went back to it in place: the machine writes to what was being read.
    with pytest.raises(NotPossibleNow, match="first writes to the files of s1"):
        check_still_frozen(conn, UUIDS[0], "s1", ("/vm/overlay",))
    snapshot.delete()
    with pytest.raises(NotPossibleNow, match="s1 was deleted"):
        check_still_frozen(conn, UUIDS[0], "s1", ("/vm/frozen",))


def test_a_clone_that_is_another_by_now_isnt_reset(conn: libvirt.virConnect) -> None:
    define_with(conn, "old")
    (read,) = read_for_reset(conn, UUIDS[:1], "test:///default").clones
    assert read.sources == (("vda", "/vm/old"), ("vdb", "/vm/b"))
    # Somebody took an external snapshot of it, and it writes elsewhere.
    define_with(conn, "overlay")
    with pytest.raises(NotPossibleNow, match="changed the disks of first"):
        give_disks(conn, UUIDS[0], {"vda": "/vm/new"}, read.sources, ())
    assert has_disk(conn, UUIDS[0], "/vm/overlay")
    define_with(conn, "old")
    machine = conn.lookupByUUIDString(UUIDS[0])
    snapshot = machine.snapshotCreateXML("<domainsnapshot><name>new</name></domainsnapshot>")
    with pytest.raises(NotPossibleNow, match="took a snapshot"):
        give_disks(conn, UUIDS[0], {"vda": "/vm/new"}, read.sources, ("old one",))
    snapshot.delete()
    machine.create()
    with pytest.raises(NotPossibleNow, match="first was started again"):
        give_disks(conn, UUIDS[0], {"vda": "/vm/new"}, read.sources, ())
    machine.destroy()
    give_disks(conn, UUIDS[0], {"vda": "/vm/new"}, read.sources, ())
    assert has_disk(conn, UUIDS[0], "/vm/new")
    assert has_disk(conn, UUIDS[0], "/vm/b")


def test_a_volume_that_cant_be_filled_is_taken_back(conn: libvirt.virConnect) -> None:
    pool = conn.listAllStoragePools()[0]
    before = pool.listVolumes()
    # libvirt's test driver makes volumes, and has no streams to fill them with.
    with pytest.raises(libvirt.libvirtError):
        fill_volume(conn, pool.UUIDString(), "seed.iso", b"data")
    assert pool.listVolumes() == before


def test_what_somebody_started_is_neither_taken_back_nor_defined_anew(
    conn: libvirt.virConnect,
) -> None:
    machine = conn.lookupByUUIDString(UUIDS[0])
    machine.create()
    with pytest.raises(NotPossibleNow, match="first was started meanwhile"):
        take_back(conn, UUIDS[0])
    with pytest.raises(NotPossibleNow) as raised:
        define_as_then(conn, UUIDS[0], RevertPlan("Revert", snapshot="s1"))
    assert "started meanwhile" in raised.value.why
    assert machine.isPersistent()
    machine.destroy()
