from dataclasses import replace
from typing import Any

import pytest

from vmgui.insight.migration_transport import choose, conflicts
from vmgui.inventory.migration import Compression, CopyStorage, MigrationSpec, Transport

SSH, TLS, LOCAL = "qemu+ssh://root@b/system", "qemu+tls://b/system", "qemu:///system"
DIRECT, P2P, TUNNELLED = Transport.DIRECT, Transport.P2P, Transport.TUNNELLED


@pytest.mark.parametrize(
    ("source", "destination", "connected", "way", "reason"),
    [
        (SSH, TLS, True, DIRECT, "connected to both"),
        (LOCAL, "qemu+unix:///system?socket=/run/b", True, DIRECT, "connected to both"),
        (LOCAL, SSH, False, P2P, "isn't connected"),
        (LOCAL, LOCAL, False, None, "names no host"),
        (LOCAL, "qemu+ssh://localhost/system", False, None, "localhost means itself"),
        (LOCAL, "qemu+ssh://127.0.0.1/system", False, None, "means itself"),
        (LOCAL, "qemu+ssh://b/system?keyfile=/home/me/key", False, None, "on this computer"),
        ("test:///default", "test:///default", True, None, "test driver"),
        (LOCAL, "xen+ssh://b/", True, None, "from qemu to xen"),
        (LOCAL, "qemu+ssh://[b/system", False, None, "no URI"),
    ],
)
def test_the_way_is_chosen_by_what_the_uris_allow(
    source: str, destination: str, connected: bool, way: Transport | None, reason: str
) -> None:
    choice = choose(source, destination, destination_connected=connected)
    assert choice.transport is way
    assert reason in choice.reason
    assert [option.transport for option in choice.options] == [DIRECT, P2P, TUNNELLED]
    assert all(option.meaning for option in choice.options)
    if way is not None:
        assert choice.refusal(way) == ""
    else:
        assert all(option.refusal for option in choice.options)


def test_a_connected_host_without_a_name_can_only_be_reached_directly() -> None:
    choice = choose(SSH, "qemu+unix:///system?socket=/run/b", destination_connected=True)
    assert choice.refusal(P2P)
    assert choice.refusal(TUNNELLED)
    assert not choice.refusal(DIRECT)


GOOD = MigrationSpec(SSH)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"transport": TUNNELLED, "post_copy": True}, "post_copy"),
        ({"transport": TUNNELLED, "copy_storage": CopyStorage.FULL}, "copy_storage"),
        ({"transport": TUNNELLED, "parallel_channels": 2}, "parallel_channels"),
        ({"transport": TUNNELLED, "tls": True}, "tls"),
        ({"transport": TUNNELLED, "migrate_uri": "tcp://b"}, "migrate_uri"),
        ({"live": False, "copy_storage": CopyStorage.FULL}, "copy_storage"),
        ({"live": False, "transport": TUNNELLED}, "transport"),
        ({"live": False, "persist_destination": False}, "persist_destination"),
        ({"live": False, "post_copy": True}, "post_copy"),
        ({"compression": Compression.ZSTD}, "compression"),
        ({"compression": Compression.XBZRLE, "parallel_channels": 2}, "compression"),
        ({"copy_disks": ("vda",)}, "copy_disks"),
        ({"bandwidth_mib_s": 0}, "bandwidth_mib_s"),
        ({"max_downtime_ms": 0}, "max_downtime_ms"),
    ],
)
def test_what_libvirt_refuses_together_is_named(changes: dict[str, Any], field: str) -> None:
    found = conflicts(replace(GOOD, **changes))
    assert [name for name, _ in found] == [field]
    assert found[0][1].endswith(".")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"post_copy": True, "parallel_channels": 4, "tls": True},
        {"parallel_channels": 4, "compression": Compression.ZSTD},
        {"compression": Compression.XBZRLE},
        {"copy_storage": CopyStorage.INCREMENTAL, "copy_disks": ("vda",)},
        {"live": False},
        {"bandwidth_mib_s": 1, "max_downtime_ms": 1, "transport": P2P},
    ],
)
def test_what_goes_together_is_no_conflict(changes: dict[str, Any]) -> None:
    assert conflicts(replace(GOOD, **changes)) == ()
