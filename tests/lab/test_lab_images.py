"""What is on the disks of a real host, with its chains, snapshots, and what was made by hand."""

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import libvirt
import pytest

from tests.lab_fixture import eventually
from vmgui.hypervisor import stores
from vmgui.hypervisor.images import read_machine_storage
from vmgui.insight.image_graph import (
    chain,
    depends_on,
    disk_image,
    missing,
    unused,
)
from vmgui.inventory.domain import DomainState
from vmgui.inventory.images import Image, MachineStorage, Use
from vmgui.lab import LabStatus
from vmgui.lab.definitions import INSIDE_IMAGES
from vmgui.lab.layout import Layout

pytestmark = pytest.mark.lab

MIB = 1 << 20
ELSEWHERE = "/var/lib/libvirt/elsewhere"  # in no pool


@dataclass
class Yard:
    """A host's folders as its owner sees them, and machines of the test's own."""

    conn: libvirt.virConnect
    uri: str
    folder: Path
    tag: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def path(self, name: str, inside: str = INSIDE_IMAGES) -> str:
        """The path of a file as the host has it."""
        return f"{inside}/{self.tag}-{name}"

    def create(self, name: str, *options: str, inside: str = INSIDE_IMAGES, form: str) -> str:
        """Make an image behind libvirt's back."""
        file = self.folder / Path(inside).name / f"{self.tag}-{name}"
        file.parent.mkdir(exist_ok=True)
        words = ["qemu-img", "create", "-q", "-u", "-f", form, *options, str(file), "4M"]
        subprocess.run(words, check=True)
        return self.path(name, inside)

    def define(self, name: str, *disks: tuple[str, str]) -> libvirt.virDomain:
        """Define a machine with disks: their paths and formats."""
        devices = "".join(
            f"<disk type='file' device='disk'><driver name='qemu' type='{form}'/>"
            f"<source file='{path}'/><target dev='vd{chr(ord('a') + index)}' bus='virtio'/></disk>"
            for index, (path, form) in enumerate(disks)
        )
        return self.conn.defineXML(
            f"<domain type='qemu'><name>{self.tag}-{name}</name><memory unit='MiB'>32</memory>"
            f"<os><type arch='x86_64'>hvm</type></os><devices>{devices}</devices></domain>"
        )

    def read(self, machine: libvirt.virDomain) -> MachineStorage:
        """Read what a machine's disks are."""
        return read_machine_storage(self.conn, machine.UUIDString(), self.uri)


@pytest.fixture
def yard(lab: LabStatus, connect: Callable[[str], libvirt.virConnect]) -> Iterator[Yard]:
    host = lab.hosts[0]
    made = Yard(connect(host.uri), host.uri, Layout(lab.name).host_dir(host.name) / "lib")
    yield made
    for machine in made.conn.listAllDomains():
        if machine.name().startswith(made.tag):
            if machine.isActive():
                machine.destroy()
            machine.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)
    for file in made.folder.glob(f"*/{made.tag}-*"):
        file.unlink()


def snapshot(machine: libvirt.virDomain, name: str, inside: str, flags: int = 0) -> None:
    machine.snapshotCreateXML(
        f"<domainsnapshot><name>{name}</name>{inside}</domainsnapshot>", flags
    )


def images(storage: MachineStorage) -> dict[str, Image]:
    return {image.path: image for image in storage.images}


def chain_of(storage: MachineStorage, path: str) -> list[str]:
    return [image.path for image in chain(storage.images, path)]


def test_a_running_machine_with_every_kind_of_snapshot(yard: Yard) -> None:
    base = yard.create("base.qcow2", form="qcow2")
    own = yard.create("own.qcow2", "-b", base, "-F", "qcow2", form="qcow2")
    apart = yard.create("apart.qcow2", inside=ELSEWHERE, form="qcow2")
    # Made behind libvirt's back, with a path that is relative to its own folder.
    clone = yard.create("clone.qcow2", "-b", Path(base).name, "-F", "qcow2", form="qcow2")
    raw = yard.create("data.raw", form="raw")
    web = yard.define("web", (own, "qcow2"), (apart, "qcow2"))
    db = yard.define("db", (clone, "qcow2"), (raw, "raw"))
    web.create()
    snapshot(web, "inside", "")
    first, second, memory = (yard.path(name) for name in ("first", "second", "memory"))
    overlay = "<disks><disk name='vda' snapshot='external'><source file='{}'/></disk>{}</disks>"
    left_out = "<disk name='vdb' snapshot='no'/>"
    snapshot(
        web,
        "outside",
        overlay.format(first, left_out),
        libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY,
    )
    with_memory = f"<memory snapshot='external' file='{memory}'/>"
    snapshot(web, "deep", with_memory + overlay.format(second, left_out))

    storage = yard.read(web)
    found = images(storage)
    assert storage.unread == ()
    assert missing(storage.images) == ()
    assert storage.domain.state is DomainState.RUNNING
    assert storage.next_start is not None
    assert storage.next_start.disks[0].source == second
    assert chain_of(storage, second) == [second, first, own, base]
    assert found[base].backing == ""
    inside, outside, deep = storage.snapshots
    assert [(each.name, each.external, each.current) for each in storage.snapshots] == [
        ("inside", False, False),
        ("outside", True, False),
        ("deep", True, True),
    ]
    assert (inside.disks[0].kind, inside.memory_path) == ("internal", "")
    assert [(disk.target, disk.kind, disk.path) for disk in outside.disks] == [
        ("vda", "external", first),
        ("vdb", "no", ""),
    ]
    assert (deep.memory_path, deep.disks[0].path) == (memory, second)
    for snapshot_name, path in (("inside", own), ("outside", own), ("deep", first)):
        image = disk_image(storage, "vda", snapshot_name)
        assert image is not None
        assert image.path == path
    assert disk_image(storage, "vda") == found[second]
    assert {user.use for user in found[memory].users} == {Use.MEMORY}
    needed_by = {
        (r.user.domain_name.removeprefix(f"{yard.tag}-"), r.user.snapshot, r.way)
        for r in depends_on(storage, base, ("inside", "outside", "deep"))
    }
    assert needed_by == {("web", "", (second, first, own, base)), ("db", "", (clone, base))}
    assert found[apart].pool is None
    assert found[apart].virtual_bytes == 4 * MIB
    assert found[apart].allocation_bytes
    assert found[own].virtual_bytes == found[raw].virtual_bytes == 4 * MIB
    assert {found[base].exists, found[memory].exists, found[raw].exists} == {True}
    # Another machine's reading knows the same images, and its own disks among them.
    other = yard.read(db)
    assert (other.domain.state, other.next_start, other.snapshots) == (DomainState.OFF, None, ())
    assert images(other)[base].users == found[base].users
    assert chain_of(other, clone) == [clone, base]
    assert (found[raw].format, found[raw].backing) == ("raw", "")
    assert not storage.reverts_external or yard.conn.getLibVersion() >= 9_010_000


def test_a_base_that_moved_away_and_a_file_that_nobody_uses(yard: Yard) -> None:
    gone = yard.path("gone.qcow2")
    broken = yard.create("broken.qcow2", "-b", gone, "-F", "qcow2", form="qcow2")
    stray = yard.create("stray.qcow2", form="qcow2")
    machine = yard.define("web", (broken, "qcow2"))
    storage = yard.read(machine)
    assert [image.path for image in missing(storage.images)] == [gone]
    assert [i.path for i in unused(storage.images) if yard.tag in i.path] == [stray]


def test_the_chain_of_a_machine_that_is_off_outside_of_every_pool_is_not_known(
    yard: Yard,
) -> None:
    base = yard.create("base.qcow2", form="qcow2")
    apart = yard.create("apart.qcow2", "-b", base, "-F", "qcow2", inside=ELSEWHERE, form="qcow2")
    machine = yard.define("web", (apart, "qcow2"))
    # The path means another file here, or none: what stands at it must not be looked at.
    storage = yard.read(machine)
    (told,) = storage.unread
    assert told.startswith(f"What {apart} of {machine.name()} is built on can't be read")
    assert images(storage)[apart].exists is None
    machine.create()
    storage = yard.read(machine)
    assert storage.unread == ()
    assert chain_of(storage, apart) == [apart, base]


def process_of(name: str) -> int:
    """Return the process of a guest whose name is found once on this computer."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"guest={name},".encode() in file.read_bytes():
                return int(file.parent.name)
        except OSError:
            continue  # it ended meanwhile
    raise AssertionError(f"{name} does not run")


def test_a_guest_that_hangs_holds_up_the_reading_of_no_other(yard: Yard) -> None:
    apart = yard.create("apart.qcow2", inside=ELSEWHERE, form="qcow2")
    hangs = yard.define("hangs", (apart, "qcow2"))
    other = yard.define("other", (yard.create("own.qcow2", form="qcow2"), "qcow2"))
    hangs.create()
    process = process_of(hangs.name())
    os.kill(process, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(yard.read, other)
        try:
            storage = reading.result(30)
        finally:
            os.kill(process, signal.SIGCONT)
    assert {user.domain_name for user in images(storage)[apart].users} == {hangs.name()}
    assert storage.unread == ()


@contextmanager
def copy_under_way(
    yard: Yard, lab: LabStatus, connect: Callable[[str], libvirt.virConnect], tmp_path: Path
) -> Iterator[Callable[[], None]]:
    """Have the host copy a volume, which doesn't get on until what is given is called."""
    host = lab.hosts[0]
    itself = shutil.which("qemu-img") or ""
    real, slow, go = tmp_path / "qemu-img-itself", tmp_path / "qemu-img", tmp_path / "go"
    shutil.copy(itself, real)
    slow.write_text(
        f'#!/bin/sh\nif [ "$1" = convert ]; then\n'
        f'while [ ! -e {go} ]; do sleep 0.05; done\nfi\nexec {real} "$@"\n'
    )
    slow.chmod(0o755)
    xml = (
        "<volume><name>{}</name><capacity>4194304</capacity>"
        "<target><format type='qcow2'/></target></volume>"
    )
    pool = yard.conn.storagePoolLookupByName("default")
    volume = pool.createXML(xml.format(f"{yard.tag}-from.qcow2"))

    def copy() -> None:
        theirs = connect(host.uri)
        place = theirs.storagePoolLookupByName("default")
        place.createXMLFrom(
            xml.format(f"{yard.tag}-to.qcow2"), theirs.storageVolLookupByPath(volume.path())
        )

    def is_busy() -> bool:
        assert not copying.done() or copying.result() is None
        try:
            pool.refresh()
        except libvirt.libvirtError as error:
            return "asynchronous jobs running" in error.get_error_message()
        return False

    inside = ["nsenter", "--target", str(host.init_pid), "--mount", "--pid", "--"]
    subprocess.run([*inside, "mount", "--bind", str(slow), itself], check=True)
    try:
        with ThreadPoolExecutor(1) as threads:
            copying: Future[None] = threads.submit(copy)
            try:
                eventually(is_busy, "the copy is under way")
                yield go.touch
            finally:
                go.touch()
            copying.result(30)
    finally:
        subprocess.run([*inside, "umount", "--lazy", itself], check=True)


def test_a_pool_is_waited_for_in_which_a_volume_is_being_made(
    yard: Yard,
    lab: LabStatus,
    connect: Callable[[str], libvirt.virConnect],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yard.create("own.qcow2", form="qcow2")
    machine = yard.define("busy", (yard.path("own.qcow2"), "qcow2"))
    waited: list[float] = []
    with copy_under_way(yard, lab, connect, tmp_path) as let_it_go:

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            let_it_go()
            time.sleep(seconds)

        monkeypatch.setattr(stores, "_sleep", sleep)
        storage = yard.read(machine)
    assert waited
    assert storage.unread == ()
    assert disk_image(storage, "vda") is not None


def test_a_pool_that_stays_busy_is_told_as_unread_after_a_while(
    yard: Yard,
    lab: LabStatus,
    connect: Callable[[str], libvirt.virConnect],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yard.create("own.qcow2", form="qcow2")
    machine = yard.define("busy", (yard.path("own.qcow2"), "qcow2"))
    waited: list[float] = []
    monkeypatch.setattr(stores, "_sleep", waited.append)
    with copy_under_way(yard, lab, connect, tmp_path):
        storage = yard.read(machine)
    assert 4 < sum(waited) < 6
    (told,) = storage.unread
    assert told == (
        "The storage pool default can't be read (a volume is being made in it). Wait until that "
        "is done, then try again."
    )
