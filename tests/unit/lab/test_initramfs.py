import gzip
import lzma
from pathlib import Path

import pytest

from vmgui.lab.initramfs import (
    archive,
    dependencies,
    initramfs,
    module_name,
    modules_in_order,
    read_module,
)


def _unpack(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Read a newc archive as the kernel does: name -> mode and content."""
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        assert at % 4 == 0
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        start = at + 110 + name_size
        start += -start % 4
        if name == b"TRAILER!!!\0":
            return found
        found[name[:-1].decode()] = (mode, data[start : start + size])
        at = start + size + -(start + size) % 4


def _module(*needs: str) -> bytes:
    return b"\x7fELF...\0license=GPL\0depends=" + ",".join(needs).encode() + b"\0name=x\0"


def test_archive_holds_files_links_and_the_folders_above_them() -> None:
    unpacked = _unpack(archive({"a/b/run": b"12345"}, frozenset({"a/b/run"}), {"init": "a/b/run"}))
    assert unpacked == {
        "a": (0o040755, b""),
        "a/b": (0o040755, b""),
        "a/b/run": (0o100755, b"12345"),
        "init": (0o120777, b"a/b/run"),
    }


def test_folders_come_before_what_is_in_them() -> None:
    names = list(_unpack(archive({"z/y/x": b"", "b/a": b""}, frozenset(), {})))
    assert names.index("z") < names.index("z/y") < names.index("z/y/x")


def test_same_content_gives_same_bytes() -> None:
    files = {"b/one": b"1", "a/two": b"2"}
    turned = dict(reversed(files.items()))
    assert archive(files, frozenset(), {}) == archive(turned, frozenset(), {})


@pytest.mark.parametrize(
    ("file", "name"),
    [("virtio_net.ko", "virtio_net"), ("virtio-rng.ko.xz", "virtio_rng"), ("a.ko.zst", "a")],
)
def test_module_name(file: str, name: str) -> None:
    assert module_name(Path("/lib") / file) == name


def test_dependencies_are_read_from_the_module() -> None:
    assert dependencies(_module("virtio", "virtio-ring")) == ("virtio", "virtio_ring")
    assert dependencies(_module()) == ()
    assert dependencies(b"no module at all") == ()


def test_modules_come_behind_what_they_need(tmp_path: Path) -> None:
    kernel = tmp_path / "kernel" / "drivers"
    kernel.mkdir(parents=True)
    (kernel / "virtio_ring.ko").write_bytes(_module())
    (kernel / "virtio.ko.xz").write_bytes(lzma.compress(_module("virtio_ring")))
    (kernel / "virtio_net.ko").write_bytes(_module("net_failover", "virtio", "built_in"))
    (kernel / "net-failover.ko.gz").write_bytes(gzip.compress(_module("failover")))
    (kernel / "failover.ko").write_bytes(_module())
    (kernel / "unwanted.ko").write_bytes(_module())
    ordered = modules_in_order(tmp_path, ["virtio_net", "virtio", "absent"])
    assert list(ordered) == ["failover", "net_failover", "virtio_ring", "virtio", "virtio_net"]
    assert ordered["virtio"] == _module("virtio_ring")


def test_modules_that_need_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.ko").write_bytes(_module("b"))
    (tmp_path / "b.ko").write_bytes(_module("a"))
    assert set(modules_in_order(tmp_path, ["a"])) == {"a", "b"}


def test_a_damaged_module_is_an_error(tmp_path: Path) -> None:
    damaged = tmp_path / "a.ko.xz"
    damaged.write_bytes(b"not xz")
    with pytest.raises(lzma.LZMAError):
        read_module(damaged)


def test_initramfs_starts_busybox_and_lists_its_modules() -> None:
    unpacked = _unpack(initramfs(b"BUSYBOX", {"virtio": b"1", "virtio_net": b"2"}))
    assert unpacked["bin/busybox"] == (0o100755, b"BUSYBOX")
    assert unpacked["init"] == (0o120777, b"bin/busybox")
    assert unpacked["modules/order"][1] == b"virtio.ko\nvirtio_net.ko\n"
    assert unpacked["modules/virtio_net.ko"][1] == b"2"
    for script in ("etc/start", "etc/lease", "etc/work", "etc/write", "etc/beat"):
        mode, content = unpacked[script]
        assert mode == 0o100755
        assert content.startswith(b"#!/bin/busybox sh\n")
        assert f"{script}".encode() in unpacked["etc/inittab"][1] or script == "etc/lease"
