"""Headers of image files, as QEMU's own program reads them, and files that deceive."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.driver.test_belongings import body, disk, machine, pool, snapshot
from tests.driver.test_images import chain_of, images, storage_in
from vmgui.hypervisor import image_headers
from vmgui.hypervisor.image_headers import is_local, read_header
from vmgui.insight.image_graph import readers

MIB = 1 << 20


def create(file: Path, *options: str, form: str = "qcow2") -> Path:
    subprocess.run(
        ["qemu-img", "create", "-q", "-u", "-f", form, *options, str(file), "4M"], check=True
    )
    return file


def keep(file: Path, *names: str) -> None:
    for name in names:
        subprocess.run(["qemu-img", "snapshot", "-c", name, str(file)], check=True)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put something else where qemu-img is looked for."""
    folder.mkdir()
    file = folder / "qemu-img"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("uri", "local"),
    [
        ("qemu:///system", True),
        ("qemu:///session", True),
        ("qemu+unix:///system", True),
        ("qemu:///system?socket=/lab/sock", False),
        ("qemu+unix:///system?socket=/lab/sock", False),
        ("qemu:///embed?root=/there", False),
        ("qemu+ssh://host/system", False),
        ("qemu+ssh:///system", False),
        ("qemu://host/system", False),
        ("qemu+ext:///system?command=/x", False),
        ("xen:///system", False),
        ("test:///default", False),
    ],
)
def test_which_hosts_files_are_ours(uri: str, local: bool) -> None:
    assert is_local(uri) is local


def test_what_a_header_says(tmp_path: Path) -> None:
    create(tmp_path / "base.raw", form="raw")
    image = create(tmp_path / "-rf a:b\n", "-b", "base.raw", "-F", "raw")
    keep(image, "first", "sec ond")
    header = read_header(str(image), "qcow2")
    assert header is not None
    assert (header.format, header.virtual_bytes) == ("qcow2", 4 * MIB)
    assert header.allocation_bytes == image.stat().st_blocks * 512
    assert (header.backing, header.backing_format) == ("base.raw", "raw")
    assert header.internal == (("first", 0), ("sec ond", 0))
    assert read_header(str(image), "") == header
    alone = read_header(str(create(tmp_path / "alone")), "qcow2")
    assert alone is not None
    assert alone.backing == ""


@pytest.mark.parametrize(
    "written",
    [
        "file:/p/base",
        'json:{"driver":"qcow2","file":{"driver":"file","filename":"/p/base"}}',
        'json:{"driver":"raw","file.driver":"file","file.filename":"/p/base"}',
    ],
)
def test_a_base_in_qemus_longer_writing(written: str, tmp_path: Path) -> None:
    header = read_header(str(create(tmp_path / "a", "-b", written, "-F", "raw")), "qcow2")
    assert header is not None
    assert header.backing == "/p/base"


def test_a_raw_disk_is_not_looked_into(tmp_path: Path) -> None:
    # Its guest wrote this, to be shown somebody's file as its own base.
    forged = create(tmp_path / "raw", "-b", "/etc/shadow", "-F", "raw")
    assert read_header(str(forged), "raw") is None


def test_no_header_where_there_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    os.mkfifo(tmp_path / "pipe")
    for name in ("text", "pipe", "gone", "."):
        assert read_header(str(tmp_path / name), "qcow2") is None
    assert read_header("nbd://host/x", "qcow2") is None
    assert read_header("/a\0b", "qcow2") is None


@pytest.mark.parametrize("script", ["exit 1", "echo '{'", "echo '[]'", "exec sleep 60"])
def test_a_program_that_fails_or_hangs_is_no_header(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = create(tmp_path / "a")
    program(tmp_path / "bin", monkeypatch, script)
    monkeypatch.setattr(image_headers, "_DEADLINE_S", 0.5)
    assert read_header(str(image), "qcow2") is None


def test_a_program_that_says_odd_things_is_believed_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = create(tmp_path / "a")
    odd = '{"format": 1, "virtual-size": "x", "actual-size": -1, "snapshots": [1, {"name": 2}]}'
    program(tmp_path / "bin", monkeypatch, f"echo '{odd}'")
    header = read_header(str(image), "qcow2")
    assert header is not None
    assert (header.format, header.virtual_bytes, header.allocation_bytes) == ("", None, None)
    assert header.internal == (("", 0),)


def test_without_the_program_there_is_no_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = create(tmp_path / "a")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_header(str(image), "qcow2") is None


def test_what_is_there_and_what_nobody_can_tell(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert image_headers.exists(str(tmp_path / "a")) is True
    assert image_headers.exists(str(tmp_path / "b")) is False
    assert image_headers.exists(str(tmp_path / "a" / "b")) is False
    assert image_headers.exists("/a\0b") is None


# a host whose files are ours: the test driver stands for it, its folders hold real images


def volume_of(file: Path, allocation: int | None = None) -> str:
    taken = file.stat().st_blocks * 512 if allocation is None else allocation
    return (
        f"<volume><name>{file.name}</name><capacity>4194304</capacity>"
        f"<allocation>{taken}</allocation><target><format type='qcow2'/></target></volume>"
    )


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_headers, "is_local", lambda uri: uri.startswith("test:"))


@pytest.mark.usefixtures("ours")
async def test_headers_of_files_outside_of_every_pool(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    base = create(tmp_path / "pool" / "base.qcow2")
    middle = create(tmp_path / "middle", "-b", "pool/base.qcow2", "-F", "qcow2")
    top = create(tmp_path / "top", "-b", str(middle), "-F", "qcow2")
    lost = create(tmp_path / "lost", "-b", "gone", "-F", "qcow2")
    keep(top, "inside")
    storage = await storage_in(
        tmp_path,
        pool("pool", volume_of(base), path=str(base.parent)),
        machine(
            "web",
            disk(str(top)),
            disk(str(lost), "vdb"),
            more=snapshot("inside", body("web", disk(str(top)))),
        ),
        machine("db", disk(str(middle))),
    )
    found = images(storage)
    assert storage.unread == ()
    assert chain_of(storage, str(top)) == [str(top), str(middle), str(base)]
    assert (found[str(top)].internal, found[str(top)].internal_bytes) == (("inside",), (0,))
    assert found[str(top)].allocation_bytes == top.stat().st_blocks * 512
    assert found[str(middle)].virtual_bytes == 4 * MIB
    assert found[str(middle)].exists is True
    assert found[str(tmp_path / "gone")].exists is False


@pytest.mark.usefixtures("ours")
async def test_what_others_are_built_on_outside_of_every_pool_is_followed(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    base = create(tmp_path / "pool" / "base.qcow2")
    middle = create(tmp_path / "middle", "-b", str(base), "-F", "qcow2")
    top = create(tmp_path / "pool" / "top.qcow2", "-b", str(middle), "-F", "qcow2")
    told = volume_of(top).replace(
        "</volume>", f"<backingStore><path>{middle}</path></backingStore></volume>"
    )
    storage = await storage_in(
        tmp_path,
        pool("pool", volume_of(base), told, path=str(base.parent)),
        machine("web"),
        machine("db", disk(str(top))),
    )
    assert [r.way for r in readers(storage.images, str(base))] == [
        (str(top), str(middle), str(base))
    ]


@pytest.mark.usefixtures("ours")
async def test_a_disk_that_is_gone_is_built_on_nothing(tmp_path: Path) -> None:
    storage = await storage_in(tmp_path, machine("web", disk(str(tmp_path / "gone"))))
    assert images(storage)[str(tmp_path / "gone")].exists is False
    assert storage.unread == ()


@pytest.mark.usefixtures("ours")
async def test_a_file_that_goes_by_two_names_through_a_link_is_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "pool").symlink_to("real")
    base = create(tmp_path / "pool" / "base.qcow2")
    through_link = tmp_path / "real" / "base.qcow2"
    clone = create(tmp_path / "clone", "-b", str(through_link), "-F", "qcow2")
    storage = await storage_in(
        tmp_path,
        pool("pool", volume_of(base), path=str(base.parent)),
        machine("web", disk(str(through_link))),
        machine("db", disk(str(clone))),
    )
    assert storage.domain.disks[0].source == str(base)
    assert {r.user.domain_name for r in readers(storage.images, str(base))} == {"web", "db"}
    assert str(through_link) not in images(storage)


@pytest.mark.usefixtures("ours")
async def test_files_of_a_daemon_that_lives_elsewhere_are_not_looked_at(tmp_path: Path) -> None:
    """The same folder here holds other files: what they say is not what the host has."""
    (tmp_path / "pool").mkdir()
    own = create(tmp_path / "pool" / "own.qcow2", "-b", "/p/deceit", "-F", "qcow2")
    storage = await storage_in(
        tmp_path,
        pool("pool", volume_of(own, allocation=12345 * 512), path=str(own.parent)),
        machine("web", disk(str(own)), disk(str(own.parent / "x" / ".." / "y"), "vdb")),
    )
    assert images(storage)[str(own)].backing == ""
    assert "/p/deceit" not in images(storage)
