"""What a deletion must not touch: what others use, and what may be used unseen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.worlds import TEST_NAMESPACE
from vmgui.actions.delete_plan import DeletePlan, DeleteSpec, delete_plan, plan_of
from vmgui.actions.job import JobState
from vmgui.actions.journal import Journal
from vmgui.actions.registry import standard
from vmgui.actions.runner import Runner
from vmgui.hypervisor.belongings import BelongingFile, Belongings, FileRole
from vmgui.hypervisor.errors import ConnectionLost
from vmgui.hypervisor.fleet import Fleet
from vmgui.hypervisor.stores import id_of_path
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Disk, Domain, DomainState
from vmgui.inventory.host import Host
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key, host_key

pytestmark = pytest.mark.usefixtures("no_thread_stays")

_OFF = "<test:runstate>5</test:runstate>"


def volume(name: str, backing: str = "") -> str:
    below = f"<backingStore><path>{backing}</path><format type='qcow2'/></backingStore>"
    return (
        f"<volume><name>{name}</name><capacity>1048576</capacity>"
        f"<target><format type='qcow2'/></target>{below if backing else ''}</volume>"
    )


def pool(name: str, *volumes: str, kind: str = "dir", path: str = "") -> str:
    return (
        f"<pool type='{kind}'><name>{name}</name><target><path>{path or f'/{name}'}</path>"
        f"</target>{''.join(volumes)}</pool>"
    )


def disk(path: str, target: str = "vda", form: str = "qcow2", below: str = "") -> str:
    return (
        f"<disk type='file' device='disk'><driver name='qemu' type='{form}'/>"
        f"<source file='{path}'/>{below}<target dev='{target}' bus='virtio'/></disk>"
    )


def net_disk(name: str, target: str = "vda", protocol: str = "rbd") -> str:
    return (
        f"<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
        f"<source protocol='{protocol}' name='{name}'><host name='ceph.example'/></source>"
        f"<target dev='{target}' bus='virtio'/></disk>"
    )


def body(name: str, *disks: str) -> str:
    return (
        f"<name>{name}</name><memory>1024</memory><os><type>hvm</type></os>"
        f"<devices>{''.join(disks)}</devices>"
    )


def machine(name: str, *disks: str, more: str = "") -> str:
    return (
        f"<domain type='test' xmlns:test='{TEST_NAMESPACE}'>{body(name, *disks)}{_OFF}{more}"
        "</domain>"
    )


def snapshot(name: str, inside: str, disks: str = "") -> str:
    return (
        f"<test:domainsnapshot><name>{name}</name><state>shutoff</state>"
        f"<creationTime>1700000000</creationTime><memory snapshot='no'/>{disks}"
        f"<domain type='test'>{inside}</domain><active>1</active></test:domainsnapshot>"
    )


PLAIN = (
    pool("pool", volume("own"), volume("other")),
    machine("web", disk("/pool/own")),
    machine("db", disk("/pool/other"), more=snapshot("old", body("db", disk("/pool/other")))),
)


@asynccontextmanager
async def world(tmp_path: Path, *parts: str) -> AsyncIterator[tuple[Fleet, Inventory]]:
    file = tmp_path / "world.xml"
    file.write_text(f"<node>{''.join(parts)}</node>")
    inventory = Inventory()
    fleet = Fleet(inventory)
    fleet.connect(f"test://{file}", "there")
    await asyncio.wait_for(fleet.settled(), 30)
    try:
        yield fleet, inventory
    finally:
        await fleet.close()


def web(inventory: Inventory) -> Domain:
    return next(each for each in inventory.of(Domain) if each.name == "web")


async def plan_in(tmp_path: Path, *parts: str) -> DeletePlan:
    async with world(tmp_path, *parts) as (fleet, inventory):
        return await delete_plan(fleet, web(inventory))


def refusals(plan: DeletePlan) -> dict[str, str]:
    return {file.path: file.refusal for file in plan.files}


def failing(
    monkeypatch: pytest.MonkeyPatch, kind: type, method: str, code: int, text: str, only: str = ""
) -> None:
    """Make a call of libvirt fail, which no driver here does on demand."""
    real: Callable[..., Any] = getattr(kind, method)

    def fail(self: Any, *args: Any) -> Any:
        if only and self.name() != only:
            return real(self, *args)
        error = libvirt.libvirtError(text)
        error.err = (code, 0, text, 2, "", "", "", 0, 0)
        raise error

    monkeypatch.setattr(kind, method, fail)


CALLS = [
    (libvirt.virDomain, "XMLDesc", "db", "What db uses"),
    (libvirt.virDomain, "listAllSnapshots", "db", "What the snapshots of db use"),
    (libvirt.virDomainSnapshot, "getXMLDesc", "", "What the snapshots of db use"),
    (libvirt.virConnect, "listAllStoragePools", "", "The storage pools of the host"),
    (libvirt.virStoragePool, "XMLDesc", "", "The storage pool pool"),
    (libvirt.virStoragePool, "isActive", "", "The storage pool pool"),
    (libvirt.virStoragePool, "refresh", "", "The storage pool pool"),
    (libvirt.virStoragePool, "listAllVolumes", "", "The storage pool pool"),
    (libvirt.virStorageVol, "XMLDesc", "other", "A volume of the storage pool pool"),
    (libvirt.virDomain, "hasManagedSaveImage", "", "Whether memory is saved"),
    (libvirt.virDomain, "listAllCheckpoints", "", "Which checkpoints there are"),
]
_NAMES = [f"{kind.__name__}.{method}" for kind, method, _, _ in CALLS]


@pytest.mark.parametrize(("kind", "method", "only", "what"), CALLS, ids=_NAMES)
async def test_what_cant_be_read_may_use_every_file(
    kind: type, method: str, only: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, *PLAIN) as (fleet, inventory):
        failing(monkeypatch, kind, method, libvirt.VIR_ERR_ACCESS_DENIED, "not for \x1b you", only)
        plan = await delete_plan(fleet, web(inventory))
        assert plan.deletable == ()
        (file,) = plan.files
        if file.refusal != "No active storage pool of the host holds it: delete it there by hand.":
            assert f"is not known: {what} can't be read (not for \\x1b you)." in file.refusal
            assert "then try again." in file.refusal
        assert any(sentence.startswith(what) for sentence in plan.belongings.unread)
        assert plan.refusal(DeleteSpec(disks=("/pool/own",)))
        assert plan.refusal(DeleteSpec()) == ""


async def test_the_definition_alone_goes_though_something_cant_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, *PLAIN) as (fleet, inventory):
        failing(monkeypatch, libvirt.virStoragePool, "refresh", libvirt.VIR_ERR_SYSTEM_ERROR, "no")
        runner = Runner(inventory, fleet, standard(), Journal())
        for disks, state in ((["/pool/own"], JobState.FAILED), ([], JobState.DONE)):
            (job,) = runner.run("domain.delete", web(inventory).key, disks=disks)
            assert await asyncio.wait_for(job.wait(), 30) is state
        assert {each.name for each in inventory.of(Domain)} == {"db"}


@pytest.mark.parametrize(
    ("kind", "method", "code"),
    [
        (libvirt.virDomain, "XMLDesc", libvirt.VIR_ERR_NO_DOMAIN),
        (libvirt.virDomain, "listAllSnapshots", libvirt.VIR_ERR_NO_SUPPORT),
        (libvirt.virDomain, "listAllCheckpoints", libvirt.VIR_ERR_NO_SUPPORT),
        (libvirt.virDomain, "hasManagedSaveImage", libvirt.VIR_ERR_NO_SUPPORT),
        (libvirt.virStorageVol, "XMLDesc", libvirt.VIR_ERR_NO_STORAGE_VOL),
        (libvirt.virStoragePool, "refresh", libvirt.VIR_ERR_NO_SUPPORT),
    ],
)
async def test_what_went_and_what_a_driver_lacks_uses_nothing(
    kind: type, method: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = {"virDomain": "db" if method == "XMLDesc" else "", "virStorageVol": "other"}
    async with world(tmp_path, *PLAIN) as (fleet, inventory):
        failing(monkeypatch, kind, method, code, "no", only.get(kind.__name__, ""))
        plan = await delete_plan(fleet, web(inventory))
        assert plan.belongings.unread == ()
        assert plan.deletable == ("/pool/own",)


@pytest.mark.parametrize(("kind", "method", "only", "what"), CALLS, ids=_NAMES)
async def test_a_connection_that_breaks_ends_the_looking(
    kind: type, method: str, only: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, *PLAIN) as (fleet, inventory):
        text = "End of file while reading data: Input/output error"
        failing(monkeypatch, kind, method, libvirt.VIR_ERR_RPC, text, only)
        with pytest.raises(ConnectionLost):
            await delete_plan(fleet, web(inventory))


async def test_a_volume_whose_name_is_no_text_may_be_built_on_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name(self: Any) -> str:
        return b"\xff".decode()

    async with world(tmp_path, *PLAIN) as (fleet, inventory):
        monkeypatch.setattr(libvirt.virStorageVol, "name", name)
        plan = await delete_plan(fleet, web(inventory))
        assert plan.deletable == ()
        assert "bytes that are no text" in plan.belongings.unread[0]


async def test_a_file_that_only_a_snapshot_of_another_machine_names_is_used(
    tmp_path: Path,
) -> None:
    outside = (
        "<disks><disk name='vda' snapshot='external' type='file'><driver type='qcow2'/>"
        "<source file='/pool/overlay'/></disk></disks>"
    )
    plan = await plan_in(
        tmp_path,
        pool("pool", *map(volume, ("own", "inside", "overlay", "other"))),
        machine(
            "web",
            *(disk(f"/pool/{n}", t) for n, t in (("own", "vda"), ("inside", "vdb"))),
            disk("/pool/overlay", "vdc"),
        ),
        machine(
            "db",
            disk("/pool/other"),
            more=snapshot("old", body("db", disk("/pool/inside")), outside),
        ),
    )
    used = "It is also used by db (snapshot old)."
    assert refusals(plan) == {"/pool/own": "", "/pool/inside": used, "/pool/overlay": used}


async def test_a_file_named_anywhere_else_in_another_machine_is_used(tmp_path: Path) -> None:
    kernel = (
        "<domain type='test'><name>db</name><memory>1024</memory>"
        "<os><type>hvm</type><kernel>/pool/own</kernel></os></domain>"
    )
    plan = await plan_in(
        tmp_path, pool("pool", volume("own")), machine("web", disk("/pool/own")), kernel
    )
    assert refusals(plan) == {"/pool/own": "It is also used by db."}


async def test_what_a_disk_outside_of_every_pool_is_built_on_is_not_known(
    tmp_path: Path,
) -> None:
    ours = (pool("pool", volume("own")), machine("web", disk("/pool/own")))
    below = "<backingStore type='file'><format type='{}'/><source file='{}'/></backingStore>"
    told, mine = below.format("raw", "/x"), below.format("qcow2", "/pool/own")
    hidden = await plan_in(tmp_path, *ours, machine("db", disk("/home/me/clone")))
    assert "What /home/me/clone of db is built on can't be read" in refusals(hidden)["/pool/own"]
    assert "Start its pool or make one of its folder" in refusals(hidden)["/pool/own"]
    for harmless in (
        disk("/home/me/raw", form="raw"),
        disk("/pool/missing"),  # its pool was looked through: nothing is there
        disk("/home/me/clone", below=told),
        disk("/home/me/clone", below="<backingStore/>"),
    ):
        plan = await plan_in(tmp_path, *ours, machine("db", harmless))
        assert refusals(plan) == {"/pool/own": ""}, harmless
    plan = await plan_in(tmp_path, *ours, machine("db", disk("/home/me/clone", below=mine)))
    assert refusals(plan) == {"/pool/own": "It is also used by db."}


async def test_what_its_own_disk_is_built_on_holds_up_nothing_else_of_a_machine(
    tmp_path: Path,
) -> None:
    plan = await plan_in(
        tmp_path,
        pool("pool", volume("own")),
        machine("web", disk("/pool/own"), disk("/home/me/apart", "vdb")),
    )
    assert plan.deletable == ("/pool/own",)
    assert plan.belongings.unread == ()


async def test_what_a_snapshot_would_bring_back_belongs_to_the_machine(tmp_path: Path) -> None:
    then = body("web", disk("/pool/then"), disk("/pool/cd", "sda").replace("'disk'>", "'cdrom'>"))
    plan = await plan_in(
        tmp_path,
        pool("pool", volume("own"), volume("then"), volume("cd")),
        machine("web", disk("/pool/own"), more=snapshot("old", then)),
    )
    assert [(file.path, file.role, file.refusal) for file in plan.files] == [
        ("/pool/own", FileRole.DISK, ""),
        ("/pool/then", FileRole.SNAPSHOT_DISK, ""),
    ]


async def test_a_pool_that_is_off_hides_no_user_and_is_told(tmp_path: Path) -> None:
    by_name = (
        "<disk type='volume' device='disk'><driver name='qemu' type='raw'/>"
        "<source pool='twin' volume='own'/><target dev='vda' bus='virtio'/></disk>"
    )
    parts = (
        pool("pool", volume("free")),
        pool("twin", volume("own"), path="/idle"),
        machine("web", disk("/idle/own"), disk("/pool/free", "vdb")),
        machine("db", by_name),
    )
    async with world(tmp_path, *parts) as (fleet, inventory):
        await fleet.call(
            web(inventory).key.host,
            lambda conn: conn.storagePoolLookupByName("twin").destroy(),
            what="Stop the pool",
        )
        plan = await delete_plan(fleet, web(inventory))
    assert refusals(plan) == {"/idle/own": "It is also used by db.", "/pool/free": ""}
    goes = plan.goes(DeleteSpec(disks=("/pool/free",)))
    assert "Not looked into, for they are not active: storage pools twin" in goes
    assert "twin" not in "".join(plan.goes(DeleteSpec()))


async def test_a_network_disk_is_no_file_of_the_same_name(tmp_path: Path) -> None:
    plan = await plan_in(
        tmp_path,
        pool("pool", volume("own"), volume("image")),
        machine("web", net_disk("/pool/own", protocol="nbd"), net_disk("pool/image", "vdb")),
    )
    assert plan.deletable == ()
    assert all("No active storage pool" in why for why in refusals(plan).values())


async def test_a_network_disk_that_another_machine_has_too_is_used(tmp_path: Path) -> None:
    plan = await plan_in(
        tmp_path, machine("web", net_disk("rbd/image")), machine("db", net_disk("rbd/image"))
    )
    assert refusals(plan) == {"rbd/image": "It is also used by db."}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/dev/mapper/vg--fast-web--01", "/dev/vg-fast/web-01"),
        ("/pool/./a/../b", "/pool/b"),
        ("//pool/b", "/pool/b"),
        ("gluster://host.example:24007/vol/image", "vol/image"),
        ("rbd:rbd/image:id=admin:auth_supported=none", "rbd/image"),
    ],
)
def test_two_names_of_one_place_are_one(one: str, other: str) -> None:
    assert id_of_path(one) == id_of_path(other)


def test_names_of_different_places_are_not_one() -> None:
    names = ["/pool/a", "pool/a", "iqn.2013-07.com.example:a/1", "iqn.2013-07.com.example:b/1"]
    assert len({id_of_path(name) for name in names}) == len(names)


def test_uefi_variables_that_others_use_stay() -> None:
    domain = Domain(domain_key("test:///x", "1"), "web", DomainState.OFF)
    own = Belongings(False, True, nvram_path="/n/web", nvram_users=("db",))
    plan = plan_of(domain, own)
    assert "It is also used by db." in plan.refusal(DeleteSpec(nvram=True))
    assert plan.refusal(DeleteSpec()) == ""
    assert plan.stays(DeleteSpec()) == ("/n/web (UEFI variables): It is also used by db.",)
    unseen = replace(own, nvram_users=(), unread=("X can't be read.",))
    assert "X can't be read." in plan_of(domain, unseen).refusal(DeleteSpec(nvram=True))
    free = replace(own, nvram_users=())
    assert plan_of(domain, free).refusal(DeleteSpec(nvram=True)) == ""


# what other hosts share


def elsewhere(disk: Disk, *, uuid: str = "2", state: DomainState = DomainState.OFF) -> Fleet:
    inventory = Inventory()
    away = Host(host_key("qemu+ssh://b/system"), "host-b")
    other = Domain(domain_key(away.key.host, uuid), "db", state, disks=(disk,))
    inventory.apply(Change(updated=(away, other)))
    return Fleet(inventory)


HERE = "qemu+ssh://a/system"
WEB = Domain(domain_key(HERE, "1"), "web", DomainState.OFF)
SAME = Disk("vda", source="/shared/web")


@pytest.mark.parametrize(
    ("kind", "path", "disk", "is_used"),
    [
        ("netfs", "/shared/web", SAME, True),
        ("dir", "/shared/web", SAME, False),
        ("netfs", "/shared/web", Disk("vda", source="/shared/other"), False),
        ("netfs", "/shared/web", Disk("vda", source="/top", backing=("/shared/web",)), True),
        ("netfs", "/shared/web", Disk("vda", source_type="volume", source="nfs/web"), True),
        ("rbd", "rbd/web", Disk("vda", source_type="network", source="rbd/web"), True),
        (
            "gluster",
            "gluster://h/vol/web",
            Disk("vda", source_type="network", source="vol/web"),
            True,
        ),
    ],
)
def test_a_file_that_a_machine_of_another_host_uses_stays(
    kind: str, path: str, disk: Disk, is_used: bool
) -> None:
    file = BelongingFile(path, FileRole.DISK, "vda", Key(HERE, "pool", "p"), kind)
    fleet = elsewhere(disk)
    plan = plan_of(WEB, Belongings(False, True, (file,)), fleet.machines_elsewhere(HERE))
    told = "It is also used by db on host-b." if is_used else ""
    assert refusals(plan) == {path: told}
    assert fleet.machines_elsewhere("qemu+ssh://b/system") == ()


def test_a_disk_of_a_machine_that_has_moved_away_stays() -> None:
    file = BelongingFile("/shared/web", FileRole.DISK, "vda", Key(HERE, "pool", "p"), "dir")
    own = Belongings(False, True, (file,))
    for state, is_used in ((DomainState.RUNNING, True), (DomainState.OFF, False)):
        there = elsewhere(SAME, uuid="1", state=state).machines_elsewhere(HERE)
        assert bool(refusals(plan_of(WEB, own, there))["/shared/web"]) is is_used
