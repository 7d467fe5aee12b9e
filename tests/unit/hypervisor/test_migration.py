"""Flags and parameters of a migration, its statistics as samples, and one file seen twice."""

from dataclasses import replace
from typing import Any

import libvirt
import pytest

from vmgui.hypervisor.migration import flags_of, parameters_of, sample_of
from vmgui.hypervisor.migration_facts import DestinationRead, SeenFile, SourceRead, compared
from vmgui.hypervisor.xml.migration import read_needs
from vmgui.insight.migration_facts import CpuFacts, FirmwareFacts
from vmgui.inventory.migration import Compression, CopyStorage, MigrationSpec, Phase, Transport

_BARE = MigrationSpec(
    "qemu:///there", auto_converge=False, undefine_source=False, persist_destination=False
)
_OFF = replace(_BARE, live=False)


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, "LIVE"),
        ({"live": False}, "OFFLINE"),
        ({"persist_destination": True}, "LIVE PERSIST_DEST"),
        ({"undefine_source": True}, "LIVE UNDEFINE_SOURCE"),
        ({"copy_storage": CopyStorage.FULL}, "LIVE NON_SHARED_DISK"),
        ({"copy_storage": CopyStorage.INCREMENTAL}, "LIVE NON_SHARED_INC"),
        ({"transport": Transport.P2P}, "LIVE PEER2PEER"),
        ({"transport": Transport.TUNNELLED}, "LIVE PEER2PEER TUNNELLED"),
        ({"auto_converge": True}, "LIVE AUTO_CONVERGE"),
        ({"post_copy": True}, "LIVE POSTCOPY"),
        ({"parallel_channels": 4}, "LIVE PARALLEL"),
        ({"compression": Compression.XBZRLE}, "LIVE COMPRESSED"),
        ({"tls": True}, "LIVE TLS"),
        (
            {
                "live": False,
                "auto_converge": True,
                "post_copy": True,
                "parallel_channels": 4,
                "compression": Compression.XBZRLE,
                "tls": True,
            },
            "OFFLINE",
        ),
    ],
)
def test_flags(changes: dict[str, Any], flags: str) -> None:
    wanted = sum(getattr(libvirt, f"VIR_MIGRATE_{flag}") for flag in flags.split())
    assert flags_of(replace(_BARE, **changes)) == wanted


def test_libvirt_is_told_only_where_vmgui_saw_that_a_disk_is_shared() -> None:
    assert flags_of(_BARE, unsafe=True) & libvirt.VIR_MIGRATE_UNSAFE
    assert not flags_of(_BARE) & libvirt.VIR_MIGRATE_UNSAFE


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        ({}, {}),
        ({"migrate_uri": "tcp://b"}, {"migrate_uri": "tcp://b"}),
        ({"new_name": "other"}, {"destination_name": "other"}),
        ({"bandwidth_mib_s": 20}, {"bandwidth": 20}),
        ({"copy_disks": ("vda", "vdb")}, {"migrate_disks": ["vda", "vdb"]}),
        ({"parallel_channels": 2}, {"parallel.connections": 2}),
        ({"compression": Compression.ZSTD}, {"compression": "zstd"}),
    ],
)
def test_parameters(changes: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert parameters_of(replace(_BARE, **changes)) == parameters


def test_of_a_machine_that_is_off_nothing_is_said_about_memory() -> None:
    spec = replace(
        _OFF, bandwidth_mib_s=1, parallel_channels=2, compression=Compression.ZSTD, new_name="n"
    )
    assert parameters_of(spec) == {"destination_name": "n"}


_UNDER_WAY = {
    "type": libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
    "memory_total": 100,
    "memory_processed": 60,
    "memory_remaining": 40,
    "memory_constant": 3,
    "memory_page_size": 4096,
    "memory_dirty_rate": 2,
    "memory_bps": 1000,
    "memory_iteration": 2,
    "auto_converge_throttle": 30,
    "downtime": 51,
}
_RUNS = (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED)


def test_a_sample_has_pages_as_bytes() -> None:
    sample = sample_of(_UNDER_WAY, _RUNS, 5.0)
    assert sample is not None
    assert (sample.at_monotonic_s, sample.phase, sample.round) == (5.0, Phase.PRECOPY, 2)
    assert (sample.memory_processed_bytes, sample.memory_remaining_bytes) == (60, 40)
    assert (sample.dirty_bytes_per_s, sample.memory_constant_bytes) == (8192, 12288)
    assert (sample.throttle_percent, sample.downtime_ms) == (30, 51)
    assert sample.disk_total_bytes is None


@pytest.mark.parametrize(
    ("stats", "state", "ended", "phase"),
    [
        (_UNDER_WAY, _RUNS, True, Phase.DONE),
        (
            _UNDER_WAY,
            (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY),
            False,
            Phase.POSTCOPY,
        ),
        (
            _UNDER_WAY,
            (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION),
            False,
            Phase.SWITCHOVER,
        ),
        ({**_UNDER_WAY, "memory_total": 0}, _RUNS, False, Phase.SETUP),
        (_UNDER_WAY, _RUNS, False, Phase.PRECOPY),
    ],
)
def test_phases(stats: dict[str, Any], state: tuple[int, int], ended: bool, phase: Phase) -> None:
    sample = sample_of(stats, state, 1.0, ended=ended)
    assert sample is not None
    assert sample.phase is phase


def test_without_a_job_there_is_no_sample() -> None:
    assert sample_of({"type": libvirt.VIR_DOMAIN_JOB_NONE}, _RUNS, 1.0) is None


_XML = """<domain type='kvm'><name>web</name>
<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
<loader type='pflash'>/fw/code.fd</loader><nvram>/fw/web.fd</nvram></os>
<cpu mode='custom'><model>EPYC</model></cpu>
<devices><emulator>/usr/bin/qemu</emulator>
<disk type='file' device='disk'><driver type='qcow2' cache='none'/>
 <source file='/images/web.qcow2'/><backingStore type='file'><source file='/images/base'/>
 </backingStore><target dev='vda'/></disk>
<disk type='file' device='cdrom'><source file='/iso/a.iso' startupPolicy='optional'/>
 <target dev='sda'/><readonly/></disk>
<interface type='network'><source network='default'/><filterref filter='clean'/></interface>
<interface type='direct'><source dev='eth0'/></interface>
<interface type='bridge'><source bridge='br0'/></interface>
<hostdev mode='subsystem' type='usb'/><hostdev mode='subsystem' type='pci'/>
<filesystem type='mount'><driver type='virtiofs'/><target dir='share'/></filesystem>
<tpm><backend type='emulator'/></tpm></devices></domain>"""


def test_what_a_machine_needs_is_read() -> None:
    needs = read_needs(_XML)
    assert (needs.virt_type, needs.arch, needs.machine) == ("kvm", "x86_64", "pc-q35-7.2")
    assert needs.cpu_xml.startswith("<cpu")
    assert needs.cpu.model == "EPYC"
    disk, cd = needs.disks
    assert (disk.target, disk.source, disk.format, disk.cache, disk.has_backing) == (
        "vda",
        "/images/web.qcow2",
        "qcow2",
        "none",
        True,
    )
    assert (cd.device, cd.read_only, cd.startup_policy) == ("cdrom", True, "optional")
    assert [(need.kind, need.name) for need in needs.needs] == [
        ("network", "default"),
        ("filter", "clean"),
        ("device", "eth0"),
        ("bridge", "br0"),
    ]
    assert [(device.kind, device.moves) for device in needs.devices] == [
        ("usb", False),
        ("pci", None),
        ("virtiofs", False),
    ]
    assert needs.firmware == FirmwareFacts("/fw/code.fd", None, "/fw/web.fd", None, "emulator")


_PATH = "/images/web.qcow2"
_POOL = SeenFile("uuid", "dir", "", 1000)
_FILE = replace(_POOL, changed="100.5", capacity_bytes=64)
_NFS = replace(_POOL, pool_type="netfs", pool_source="nas:/export")


@pytest.mark.parametrize(
    ("before", "after", "there", "pool", "shared"),
    [
        (_FILE, _FILE, _FILE, _POOL, True),
        (_FILE, replace(_FILE, changed="100.9"), replace(_FILE, changed="100.9"), _POOL, True),
        (_FILE, _FILE, None, _POOL, False),
        (_FILE, _FILE, None, None, None),
        (_FILE, _FILE, replace(_FILE, changed="7000.0"), _POOL, False),
        (_FILE, _FILE, replace(_FILE, changed="90.0"), _POOL, None),
        (_FILE, _FILE, replace(_FILE, changed="90.0", capacity_bytes=1), _POOL, False),
        (_FILE, replace(_FILE, changed="101.0"), replace(_FILE, changed="7000.0"), _POOL, None),
        (_FILE, _FILE, replace(_FILE, changed=""), _POOL, None),
        (None, None, _FILE, _POOL, None),
        (replace(_FILE, pool_source="nas:/export"), _FILE, None, _NFS, True),
    ],
)
def test_a_disk_is_shared_only_where_both_hosts_see_one_file(
    before: SeenFile | None,
    after: SeenFile | None,
    there: SeenFile | None,
    pool: SeenFile | None,
    shared: bool | None,
) -> None:
    needs = read_needs(_XML)
    source = SourceRead(needs, "", None, {_PATH: before} if before else {}, "", 0, 0)
    destination = DestinationRead(
        "",
        None,
        CpuFacts(),
        FirmwareFacts(),
        (),
        {_PATH: there} if there else {},
        {"/images": pool} if pool else {},
        True,
        None,
        None,
        None,
        None,
    )
    found = compared(needs.disks[0], source, {_PATH: after} if after else {}, destination)
    assert found.shared is shared
    assert found.pool_there is (pool is not None)
