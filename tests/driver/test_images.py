"""What the disks of a host really are, on worlds of the test driver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import libvirt
import pytest

from tests.driver.test_belongings import (
    CALLS,
    PLAIN,
    body,
    disk,
    failing,
    machine,
    net_disk,
    pool,
    snapshot,
    volume,
)
from vmgui.hypervisor.errors import ConnectionLost, UnreadableXml, Vanished
from vmgui.insight.image_graph import chain, depends_on, disk_image, missing, unused
from vmgui.inventory.domain import Domain
from vmgui.inventory.images import Image, MachineStorage, Use
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.settings import SavedConnection

pytestmark = pytest.mark.usefixtures("no_thread_stays")


@asynccontextmanager
async def session(tmp_path: Path, *parts: str) -> AsyncIterator[Session]:
    file = tmp_path / "world.xml"
    file.write_text(f"<node>{''.join(parts)}</node>")
    async with Session(figures=False, state_dir=tmp_path) as opened:
        opened.connect(SavedConnection(f"test://{file}", "there"))
        await asyncio.wait_for(opened.settled(), 30)
        yield opened


def key_of(opened: Session, name: str = "web") -> Key:
    return next(each.key for each in opened.inventory.of(Domain) if each.name == name)


async def storage_in(tmp_path: Path, *parts: str) -> MachineStorage:
    async with session(tmp_path, *parts) as opened:
        return await opened.storage_of(key_of(opened))


def images(storage: MachineStorage) -> dict[str, Image]:
    found = {image.path: image for image in storage.images}
    assert len(found) == len(storage.images), "a path has two images"
    return found


def chain_of(storage: MachineStorage, path: str) -> list[str]:
    return [image.path for image in chain(storage.images, path)]


def uses(image: Image) -> set[tuple[str, Use, str, str]]:
    return {(u.domain_name, u.use, u.target, u.snapshot) for u in image.users}


OVERLAY = (
    "<disks><disk name='vda' snapshot='external' type='file'><driver type='qcow2'/>"
    "<source file='/pool/over'/></disk></disks>"
)


async def test_a_machine_with_a_snapshot_and_another_on_its_base(tmp_path: Path) -> None:
    storage = await storage_in(
        tmp_path,
        pool(
            "pool", volume("base"), volume("own", "/pool/base"), volume("over", "/pool/own"),
            volume("clone", "base"), volume("stray"),
        ),
        machine(
            "web", disk("/pool/over"),
            more=snapshot("first", body("web", disk("/pool/own")), OVERLAY),
        ),
        machine("db", disk("/pool/clone", below="")),
    )  # fmt: skip
    found = images(storage)
    assert chain_of(storage, "/pool/over") == ["/pool/over", "/pool/own", "/pool/base"]
    assert uses(found["/pool/over"]) == {
        ("web", Use.DISK, "vda", ""),
        ("web", Use.OVERLAY, "vda", "first"),
    }
    assert uses(found["/pool/own"]) == {("web", Use.STATE, "vda", "first")}
    assert found["/pool/base"].users == ()
    assert {r.user.domain_name for r in depends_on(storage, "/pool/base")} == {"web", "db"}
    # The backing path of the clone is relative: it lies beside it.
    assert found["/pool/clone"].backing == "/pool/base"
    assert [image.path for image in unused(storage.images)] == ["/pool/stray"]
    assert missing(storage.images) == ()
    over = found["/pool/over"]
    assert (over.format, over.virtual_bytes, over.backing_format) == ("qcow2", 1 << 20, "qcow2")
    assert over.pool is not None
    assert over.exists
    assert storage.unread == ()
    assert not storage.reverts_external
    (first,) = storage.snapshots
    assert (first.current, first.disks[0].path) == (True, "/pool/over")
    assert first.then is not None
    assert first.then.disks[0].source == "/pool/own"
    assert disk_image(storage, "vda") == over
    assert disk_image(storage, "vda", "first") == found["/pool/own"]


async def test_whatever_way_a_disk_is_named_it_is_one_image(tmp_path: Path) -> None:
    by_name = (
        "<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>"
        "<source pool='pool' volume='own'/><target dev='vda' bus='virtio'/></disk>"
    )
    unheard = by_name.replace("pool='pool'", "pool='gone'").replace("vda", "vdb")
    storage = await storage_in(
        tmp_path,
        pool("pool", volume("own"), volume("cd")),
        machine(
            "web", by_name, unheard, net_disk("rbd/image", "vdc"),
            net_disk("/pool/own", "vdd", protocol="nbd"),
        ),
        machine(
            "db", disk("/pool/./x/../own"), disk("/pool/cd", "sda").replace("'disk'>", "'cdrom'>"),
            net_disk("rbd/image", "vdb"),
        ),
    )  # fmt: skip
    found = images(storage)
    assert uses(found["pool/own"]) == {("web", Use.DISK, "vdd", "")}  # no file of that name
    assert uses(found["/pool/own"]) == {
        ("web", Use.DISK, "vda", ""),
        ("db", Use.DISK, "vda", ""),
    }
    assert {user.domain_name for user in found["rbd/image"].users} == {"web", "db"}
    assert found["rbd/image"].exists is None
    assert uses(found["/pool/cd"]) == {("db", Use.MEDIUM, "sda", "")}
    assert [each.source for each in storage.domain.disks] == [
        "/pool/own",
        "volume:gone/own",
        "rbd/image",
        "pool/own",
    ]


async def test_a_base_that_moved_away_is_missing(tmp_path: Path) -> None:
    storage = await storage_in(
        tmp_path,
        pool(
            "pool",
            volume("own", "/pool/base"),
            volume("other", "/away/base"),
            volume("odd", "/pool/ba\tse"),
        ),
        machine("web", disk("/pool/own"), disk("/pool/other", "vdb"), disk("/pool/odd", "vdc")),
    )
    found = images(storage)
    assert found["/pool/base"].exists is False
    assert found["/away/base"].exists is None  # no pool looks into that folder
    assert found["/pool/ba\tse"].exists is None  # libvirt passes over such a name
    assert [image.path for image in missing(storage.images)] == ["/pool/base"]


@pytest.mark.parametrize("kind", ["disk", "logical"])
async def test_a_pool_of_a_part_of_its_folder_hides_no_other_file(
    kind: str, tmp_path: Path
) -> None:
    storage = await storage_in(
        tmp_path,
        pool("pool", "<source><device path='/dev/sdy'/></source>", kind=kind, path="/dev"),
        machine("web", disk("/dev/sdx", form="raw")),
    )
    assert images(storage)["/dev/sdx"].exists is None


async def test_a_machine_that_runs_on_another_disk_than_it_starts_with(tmp_path: Path) -> None:
    plain = machine("web", disk("/pool/one")).replace("<test:runstate>5", "<test:runstate>1")
    async with session(tmp_path, pool("pool", volume("one"), volume("two")), plain) as opened:
        key = key_of(opened)

        def define(conn: libvirt.virConnect) -> None:
            xml = conn.lookupByUUIDString(key.id).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
            conn.defineXML(xml.replace("/pool/one", "/pool/two"))

        await opened.fleet.call(key.host, define, what="Define it")
        storage = await opened.storage_of(key)
    found = images(storage)
    assert storage.next_start is not None
    assert storage.domain.disks[0].source == "/pool/one"
    assert storage.next_start.disks[0].source == "/pool/two"
    assert [user.active for user in found["/pool/one"].users] == [True]
    assert [user.active for user in found["/pool/two"].users] == [False]
    assert disk_image(storage, "vda") == found["/pool/one"]


async def test_what_the_guest_wrote_into_a_raw_disk_is_no_base(tmp_path: Path) -> None:
    storage = await storage_in(
        tmp_path,
        pool("pool", volume("own", "/pool/secret"), volume("secret")),
        machine("web", disk("/pool/own", form="raw")),
    )
    own = images(storage)["/pool/own"]
    assert (own.format, own.backing) == ("raw", "")


async def test_xml_that_tells_of_another_base_than_the_volume_makes_a_user_of_both(
    tmp_path: Path,
) -> None:
    told = "<format type='raw'/><source file='/away/told'/>"
    below = f"<backingStore type='file'>{told}</backingStore>"
    storage = await storage_in(
        tmp_path,
        pool("pool", volume("own", "/pool/written"), volume("written")),
        machine("web", disk("/pool/own", below=below)),
    )
    for path in ("/pool/written", "/away/told"):
        readers = depends_on(storage, path)
        assert {(r.user.domain_name, r.user.use, r.user.target) for r in readers} == {
            ("web", Use.DISK, "vda")
        }


async def test_a_file_that_is_named_otherwise_is_used(tmp_path: Path) -> None:
    kernel = (
        "<domain type='test'><name>db</name><memory>1024</memory>"
        "<os><type>hvm</type><loader type='pflash' readonly='yes'>/firmware</loader>"
        "<nvram>/pool/vars</nvram><kernel>/pool/kernel</kernel></os></domain>"
    )
    storage = await storage_in(
        tmp_path,
        pool("pool", volume("own"), volume("kernel"), volume("vars")),
        machine("web", disk("/pool/own")),
        kernel,
    )
    found = images(storage)
    assert uses(found["/pool/kernel"]) == {("db", Use.NAMED, "", "")}
    assert {user.use for user in found["/pool/vars"].users} == {Use.NVRAM}
    assert uses(found["/pool/own"]) == {("web", Use.DISK, "vda", "")}


async def test_memory_of_a_snapshot_is_used_by_it(tmp_path: Path) -> None:
    outside = (
        snapshot("first", body("web", disk("/pool/own")), OVERLAY)
        .replace("<memory snapshot='no'/>", "<memory snapshot='external' file='/pool/memory'/>")
        .replace("<state>shutoff", "<state>running")
    )
    storage = await storage_in(
        tmp_path,
        pool("pool", volume("own"), volume("memory")),
        machine("web", disk("/pool/own"), more=outside),
    )
    assert uses(images(storage)["/pool/memory"]) == {("web", Use.MEMORY, "", "first")}
    assert storage.snapshots[0].memory_path == "/pool/memory"


async def test_a_base_in_a_pool_that_is_off_may_be_built_on_anything(tmp_path: Path) -> None:
    parts = (
        pool("pool", volume("own", "/idle/base"), volume("other")),
        pool("twin", volume("base"), path="/idle"),
        machine("web", disk("/pool/other")),
        machine("db", disk("/pool/own")),
    )
    async with session(tmp_path, *parts) as opened:
        key = key_of(opened)
        assert (await opened.storage_of(key)).unread == ()
        await opened.fleet.call(
            key.host, lambda conn: conn.storagePoolLookupByName("twin").destroy(), what="Stop it"
        )
        (told,) = (await opened.storage_of(key)).unread
    assert "What /idle/base, the base of /pool/own of db, is built on can't be read" in told
    assert "the storage pool twin is not active" in told


async def test_an_overlay_outside_of_every_pool_is_built_on_what_the_snapshot_froze(
    tmp_path: Path,
) -> None:
    outside = OVERLAY.replace("/pool/over", "/home/over")
    storage = await storage_in(
        tmp_path,
        pool("pool", volume("own")),
        machine(
            "web", disk("/home/over"),
            more=snapshot("first", body("web", disk("/pool/own")), outside),
        ),
    )  # fmt: skip
    assert images(storage)["/home/over"].backing == "/pool/own"
    assert storage.unread == ()


_READ = [call for call in CALLS if call[1] not in {"hasManagedSaveImage", "listAllCheckpoints"}]
_NAMES = [f"{kind.__name__}.{method}" for kind, method, _, _ in _READ]


@pytest.mark.parametrize(("kind", "method", "only", "what"), _READ, ids=_NAMES)
async def test_what_cant_be_read_is_told(
    kind: type, method: str, only: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, *PLAIN) as opened:
        failing(monkeypatch, kind, method, libvirt.VIR_ERR_ACCESS_DENIED, "not for you", only)
        storage = await opened.storage_of(key_of(opened))
        assert any(
            sentence.startswith(f"{what} can't be read (not for you).")
            and "then try again." in sentence
            for sentence in storage.unread
        )


@pytest.mark.parametrize(("kind", "method", "only", "what"), _READ, ids=_NAMES)
async def test_a_connection_that_breaks_ends_the_reading(
    kind: type, method: str, only: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, *PLAIN) as opened:
        text = "End of file while reading data: Input/output error"
        failing(monkeypatch, kind, method, libvirt.VIR_ERR_RPC, text, only)
        with pytest.raises(ConnectionLost):
            await opened.storage_of(key_of(opened))


async def test_a_snapshot_of_our_own_that_cant_be_read_is_there_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, *PLAIN) as opened:
        failing(
            monkeypatch, libvirt.virDomainSnapshot, "getXMLDesc", libvirt.VIR_ERR_XML_ERROR, "odd"
        )
        storage = await opened.storage_of(key_of(opened, "db"))
    assert [(each.name, each.then) for each in storage.snapshots] == [("old", None)]
    assert storage.unread[0].startswith("What the snapshots of db use can't be read")


async def test_a_machine_that_is_gone_or_cant_be_read_itself_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, *PLAIN) as opened:
        key = key_of(opened)
        with pytest.raises(Vanished, match="What the disks of"):
            await opened.storage_of(key._replace(id="00000000-0000-0000-0000-000000000000"))
        monkeypatch.setattr(libvirt.virDomain, "XMLDesc", lambda *_: "<domain")
        with pytest.raises(UnreadableXml):
            await opened.storage_of(key)


async def test_saved_memory_brings_its_own_disks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = machine("db", disk("/pool/other"), more="<test:hasmanagedsave/>")
    xml = f"<domain type='test'>{body('db', disk('/pool/then'))}</domain>"
    # The test driver keeps no description beside the memory.
    monkeypatch.setattr(libvirt.virDomain, "managedSaveGetXMLDesc", lambda *_: xml)
    storage = await storage_in(
        tmp_path,
        pool("pool", volume("own"), volume("other"), volume("then")),
        machine("web", disk("/pool/own")),
        saved,
    )
    assert uses(images(storage)["/pool/then"]) == {("db", Use.DISK, "vda", "")}
