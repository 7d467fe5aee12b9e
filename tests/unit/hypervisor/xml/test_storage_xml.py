from pathlib import Path

import pytest

from vmgui.hypervisor.xml.storage import read_pool_xml, read_volume_xml
from vmgui.inventory.key import Key
from vmgui.inventory.storage import Pool, Volume

SAMPLES = Path(__file__).parent / "samples"
POOL = Pool(Key("h", "pool", "u"), "known", active=True, volume_count=3)
VOLUME = Volume(Key("h", "volume", "u/known"), "known")


def test_pool_of_a_real_libvirtd() -> None:
    pool = read_pool_xml((SAMPLES / "pool.xml").read_text(encoding="utf-8"), POOL)
    assert pool == Pool(
        POOL.key,
        "default",
        active=True,
        kind="dir",
        path="/var/lib/libvirt/images",
        capacity_bytes=270_553_174_016,
        allocation_bytes=24_223_940_608,
        available_bytes=246_329_233_408,
        volume_count=3,
    )


def test_inactive_pool_has_no_sizes() -> None:
    xml = (
        "<pool type='rbd'><capacity unit='bytes'>0</capacity><source><name>p</name></source></pool>"
    )
    pool = read_pool_xml(xml, Pool(POOL.key, "known"))
    assert (pool.kind, pool.path) == ("rbd", "")
    assert pool.capacity_bytes is pool.allocation_bytes is pool.available_bytes is None


def test_volume_with_a_backing_file() -> None:
    volume = read_volume_xml((SAMPLES / "volume.xml").read_text(encoding="utf-8"), VOLUME)
    assert volume == Volume(
        VOLUME.key,
        "mid.qcow2",
        "/var/lib/libvirt/images/mid.qcow2",
        "qcow2",
        16 << 20,
        200_704,
        "/var/lib/libvirt/images/base.qcow2",
        "qcow2",
    )


@pytest.mark.parametrize(
    ("capacity", "bytes_"),
    [("<capacity>7</capacity>", 7), ("<capacity unit='G'>1</capacity>", 1 << 30), ("", 0)],
)
def test_sizes_without_a_unit_are_bytes(capacity: str, bytes_: int) -> None:
    assert read_volume_xml(f"<volume>{capacity}</volume>", VOLUME).capacity_bytes == bytes_


def test_volume_of_a_logical_pool_has_no_format() -> None:
    volume = read_volume_xml("<volume><target><path>/dev/vg/x</path></target></volume>", VOLUME)
    assert (volume.name, volume.path, volume.format) == ("known", "/dev/vg/x", "")
