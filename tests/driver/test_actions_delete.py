"""Deleting machines with their disks, on libvirt's test driver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libvirt
import pytest

from vmgui.actions.delete_plan import DeletePlan, DeleteSpec, delete_plan
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal
from vmgui.actions.registry import standard
from vmgui.actions.runner import Runner
from vmgui.hypervisor.belongings import FileRole
from vmgui.hypervisor.fleet import Fleet
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.storage import Pool

pytestmark = pytest.mark.usefixtures("no_thread_stays")


def volume(name: str, backing: str = "") -> str:
    below = f"<backingStore><path>/pool/{backing}</path><format type='qcow2'/></backingStore>"
    return (
        f"<volume><name>{name}</name><capacity>1048576</capacity><allocation>4096</allocation>"
        f"<target><format type='qcow2'/></target>{below if backing else ''}</volume>"
    )


def domain(name: str, *disks: str) -> str:
    return (
        f"<domain type='test'><name>{name}</name><memory>1024</memory><os><type>hvm</type></os>"
        f"<devices>{''.join(disks)}</devices></domain>"
    )


def disk(path: str, target: str, device: str = "disk", more: str = "") -> str:
    return (
        f"<disk type='file' device='{device}'><source file='{path}'/>"
        f"<target dev='{target}' bus='virtio'/>{more}</disk>"
    )


WORLD = f"""<node>
<pool type='dir'><name>pool</name><target><path>/pool</path></target>
{volume("own")}{volume("base")}{volume("top", "base")}{volume("shared")}{volume("golden")}
{volume("clone", "golden")}{volume("named")}{volume("iso")}
</pool>
{
    domain(
        "web",
        disk("/pool/own", "vda"),
        disk("/pool/../pool/top", "vdb"),
        disk("/pool/shared", "vdc"),
        disk("/elsewhere/raw", "vdd"),
        "<disk type='volume' device='disk'><source pool='pool' volume='named'/>"
        "<target dev='vde' bus='virtio'/></disk>",
        disk("/pool/iso", "sda", "cdrom", "<readonly/>"),
        disk("/pool/golden", "vdf"),
    )
}
{domain("db", disk("/pool/shared", "vda"), disk("/pool/clone", "vdb"))}
</node>"""


@dataclass
class Place:
    fleet: Fleet
    inventory: Inventory
    runner: Runner
    uri: str

    @property
    def web(self) -> Domain:
        return next(each for each in self.inventory.of(Domain) if each.name == "web")

    @property
    def names(self) -> set[str]:
        return {each.name for each in self.inventory.of(Domain)}

    async def plan(self) -> DeletePlan:
        return await delete_plan(self.fleet, self.web)

    async def delete(self, **arguments: Any) -> Job:
        (job,) = self.runner.run("domain.delete", self.web.key, force_off=True, **arguments)
        await asyncio.wait_for(job.wait(), 30)
        return job

    async def volumes(self) -> set[str]:
        return await self.fleet.call(self.uri, _volumes, what="List")


def _volumes(conn: libvirt.virConnect) -> set[str]:
    return {each.path() for each in conn.storagePoolLookupByName("pool").listAllVolumes()}


@asynccontextmanager
async def place(path: Path) -> AsyncIterator[Place]:
    file = path / "world.xml"
    file.write_text(WORLD)
    inventory = Inventory()
    fleet = Fleet(inventory)
    runner = Runner(inventory, fleet, standard(), Journal())
    fleet.connect(uri := f"test://{file}", "there")
    await asyncio.wait_for(fleet.settled(), 30)
    try:
        yield Place(fleet, inventory, runner, uri)
    finally:
        await runner.close()
        await fleet.close()


async def test_the_plan_names_every_file_and_why_one_stays(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        plan = await here.plan()
        assert {file.path: (file.role, file.target, file.refusal) for file in plan.files} == {
            "/pool/own": (FileRole.DISK, "vda", ""),
            "/pool/top": (FileRole.DISK, "vdb", ""),
            "/pool/base": (FileRole.BASE, "", ""),
            "/pool/shared": (FileRole.DISK, "vdc", "It is also used by db."),
            "/elsewhere/raw": (
                FileRole.DISK,
                "vdd",
                "No active storage pool of the host holds it: delete it there by hand.",
            ),
            "/pool/named": (FileRole.DISK, "vde", ""),
            "/pool/iso": (FileRole.MEDIUM, "sda", "It is read-only and not the machine's own."),
            "/pool/golden": (FileRole.DISK, "vdf", "It is also used by db."),
        }
        assert plan.deletable == ("/pool/own", "/pool/top", "/pool/base", "/pool/named")
        spec = DeleteSpec(disks=("/pool/own",), force_off=True)
        assert plan.goes(spec) == ("The definition of web", "/pool/own (disk vda, 4.0 KiB)")
        assert len(plan.stays(spec)) == 7


async def test_what_is_chosen_goes_and_all_else_stays(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        before = await here.volumes()
        (pool,) = here.inventory.of(Pool)
        job = await here.delete(disks=["/pool/own", "/pool/base", "/pool/top"])
        assert (job.state, job.error) == (JobState.DONE, None)
        assert before - await here.volumes() == {"/pool/own", "/pool/base", "/pool/top"}
        assert "/pool/named (disk vde, 4.0 KiB)" in job.note
        assert here.names == {"db"}
        (after,) = here.inventory.of(Pool)
        assert (pool.volume_count, after.volume_count) == (8, 5)
        assert job.virsh == (
            "virsh destroy web",
            "virsh undefine web",
            "virsh vol-delete --vol=/pool/own",
            "virsh vol-delete --vol=/pool/base",
            "virsh vol-delete --vol=/pool/top",
        )


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/pool/shared", "also used by db"),
        ("/pool/golden", "also used by db"),
        ("/pool/base", "/pool/top stays and is built on it"),
        ("/pool/iso", "read-only"),
        ("/elsewhere/raw", "No active storage pool"),
        ("/pool/clone", "does not belong to web"),
    ],
)
async def test_what_others_need_is_refused_before_anything_is_done(
    path: str, why: str, tmp_path: Path
) -> None:
    async with place(tmp_path) as here:
        before = here.web, await here.volumes()
        job = await here.delete(disks=["/pool/own", path])
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert why in job.error.why
        assert job.state_now == "Nothing was changed."
        assert (here.web, await here.volumes()) == before


async def test_a_disk_that_cant_go_is_told_and_the_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vmgui.hypervisor import domains

    def busy(conn: libvirt.virConnect, path: str) -> None:
        conn.storageVolLookupByPath("/pool/nosuch" if path == "/pool/own" else path).delete()

    monkeypatch.setattr(domains, "delete_volume", busy)
    async with place(tmp_path) as here:
        job = await here.delete(disks=["/pool/own", "/pool/named"])
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert job.error.what == "web is deleted, but not all its disks."
        assert job.error.why.startswith("/pool/own: ")
        assert job.state_now == "web is deleted. Still there: /pool/own."
        assert here.names == {"db"}
        volumes = await here.volumes()
        assert "/pool/own" in volumes
        assert "/pool/named" not in volumes


async def test_a_deletion_that_libvirt_refuses_keeps_every_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vmgui.hypervisor import domains

    def refuse(conn: libvirt.virConnect, uuid: str, *_: object) -> None:
        conn.lookupByUUIDString(uuid).undefineFlags(1 << 20)

    monkeypatch.setattr(domains, "undefine", refuse)
    async with place(tmp_path) as here:
        before = await here.volumes()
        job = await here.delete(disks=["/pool/own"])
        assert job.state is JobState.FAILED
        assert job.state_now == "It stays defined, with all disks. Done so far: forced off."
        assert await here.volumes() == before
        assert here.names == {"db", "web"}
