"""The truth table of the checks: what differs from a move where all is well, and what is said."""

from dataclasses import replace
from typing import Any

import pytest

from vmgui.actions import registry
from vmgui.insight.migration_checks import (
    Check,
    Question,
    Verdict,
    blocking,
    checks,
    counts,
    why_not,
)
from vmgui.insight.migration_disks import to_copy
from vmgui.insight.migration_facts import (
    CpuFacts,
    CpuFit,
    DeviceFacts,
    DiskFacts,
    FirmwareFacts,
    HostFacts,
    MigrationFacts,
    NeedFacts,
)
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.key import domain_key, host_key
from vmgui.inventory.migration import Compression, CopyStorage, MigrationSpec, Transport

GIB = 1024**3
HERE, THERE = "qemu+ssh://root@lab-a/system", "qemu+ssh://root@lab-b/system"


def host(uri: str, name: str) -> HostFacts:
    return HostFacts(
        Host(
            host_key(uri),
            name,
            Link(LinkState.CONNECTED, latency_s=0.005),
            hostname=name,
            driver="QEMU",
            libvirt_version="10.0.0",
            hypervisor_version="8.2.2",
            cpus=32,
            memory_bytes=128 * GIB,
            guest_types=("kvm", "qemu"),
            guest_archs=("x86_64",),
        ),
        host_uuid=f"uuid of {name}",
        memory_free_bytes=74 * GIB,
        memory_promised_bytes=54 * GIB,
        vcpus_promised=44,
        cpu_busy_ratio=0.18,
        tls_ready=True,
    )


A, B = host(HERE, "lab-a"), host(THERE, "lab-b")
DISK = DiskFacts("vda", source="/srv/web.qcow2", shared=True, cache="none", size_bytes=18 * GIB)
LOCAL = replace(
    DISK,
    shared=False,
    there=False,
    pool_there=True,
    room_there_bytes=90 * GIB,
    capacity_bytes=40 * GIB,
)
CDROM = DiskFacts("sda", "cdrom", source="/srv/iso/debian.iso", read_only=True, there=True)
WELL = MigrationFacts(
    Domain(
        domain_key(HERE, "u"),
        "web-01",
        DomainState.RUNNING,
        hypervisor_type="kvm",
        arch="x86_64",
        machine="pc-q35-8.2",
        vcpus=4,
        memory_bytes=8 * GIB,
        memory_max_bytes=8 * GIB,
        snapshot_count=0,
    ),
    A,
    B,
    MigrationSpec(THERE, tls=True),
    cpu=CpuFacts("custom", "EPYC-Milan", CpuFit.SAME),
    disks=(DISK, CDROM),
    needs=(NeedFacts("network", "default", there=True, active_there=True),),
    guest_types_there=frozenset({"kvm", "qemu"}),
    machine_types_there=frozenset({"pc-q35-8.2"}),
    other_job="",
    name_taken_there=False,
    uuid_state_there="",
    ports_open=True,
    clock_apart_s=0.003,
)
OFF = replace(
    WELL,
    domain=replace(WELL.domain, state=DomainState.OFF),
    spec=MigrationSpec(THERE, live=False, auto_converge=False),
)


def find(found: tuple[Check, ...], check_id: str) -> Check:
    return next(check for check in found if check.id == check_id)


def spec(**changes: Any) -> dict[str, Any]:
    return {"spec": replace(WELL.spec, **changes)}


def machine(**changes: Any) -> dict[str, Any]:
    return {"domain": replace(WELL.domain, **changes)}


def there(**changes: Any) -> dict[str, Any]:
    return {"destination": replace(B, **changes)}


def host_there(**changes: Any) -> dict[str, Any]:
    return there(host=replace(B.host, **changes))


def disk(base: DiskFacts = DISK, **changes: Any) -> dict[str, Any]:
    return {"disks": (replace(base, **changes),)}


def copying(base: DiskFacts = LOCAL, how: str = "full", **changes: Any) -> dict[str, Any]:
    return {**spec(copy_storage=CopyStorage(how)), **disk(base, **changes)}


def test_where_all_is_well_everything_passes() -> None:
    found = checks(WELL)
    assert {check.verdict for check in found} == {Verdict.PASS}
    assert [check.question for check in found] == sorted(check.question for check in found)
    assert {check.question for check in found} == set(Question)
    assert len({check.id for check in found}) == len(found)
    assert why_not(found) == ""
    assert blocking(checks(OFF)) == ()
    assert all(check.evidence and check.title for check in found)


P, W, F, U = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN

RUN: list[tuple[dict[str, Any], str, Verdict, str]] = [
    (there(host_uuid=A.host_uuid), "host", F, "the same host UUID"),
    (there(host_uuid=""), "host", U, "couldn't be checked"),
    ({"guest_types_there": frozenset({"qemu"})}, "hypervisor", F, "lab-b runs qemu"),
    ({"guest_types_there": None}, "hypervisor", U, ""),
    (machine(arch="aarch64"), "hypervisor", F, "no aarch64 processor"),
    (host_there(hypervisor_version="7.2.0"), "qemu", W, "7.2.0, older than 8.2.2"),
    (host_there(hypervisor_version="10.0.0"), "qemu", P, ""),
    (host_there(hypervisor_version=""), "qemu", U, ""),
    (host_there(libvirt_version="9.10.0"), "libvirt", W, "older"),
    ({"cpu": CpuFacts(fit=CpuFit.LACKS, lacks=("vaes", "pku"))}, "cpu", F, "vaes pku"),
    ({"cpu": CpuFacts(model="X", fit=CpuFit.LACKS)}, "cpu", F, "names no features"),
    ({"cpu": CpuFacts(error="not supported")}, "cpu", U, "not supported"),
    ({"cpu": CpuFacts("custom", "X", CpuFit.MORE)}, "cpu", P, "X fits"),
    ({"cpu": CpuFacts("host-passthrough", "", CpuFit.MORE)}, "cpu", W, "moved back"),
    ({"cpu": CpuFacts("host-passthrough", "", CpuFit.SAME)}, "cpu", P, ""),
    (
        {"cpu": CpuFacts("host-passthrough", "", CpuFit.SAME, differs=("microcode",))},
        "cpu",
        W,
        "microcode differ",
    ),
    ({"cpu": CpuFacts(fit=CpuFit.SAME, invtsc_unset=True)}, "cpu", F, "invtsc"),
    ({"machine_types_there": frozenset({"pc-q35-7.2"})}, "machine-type", F, "pc-q35-8.2 isn't"),
    ({"machine_types_there": None}, "machine-type", U, ""),
    ({"firmware": FirmwareFacts("/usr/OVMF.fd", True)}, "firmware", P, "OVMF.fd is there"),
    ({"firmware": FirmwareFacts("/usr/OVMF.fd", False)}, "firmware", F, "isn't on lab-b"),
    ({"firmware": FirmwareFacts("/usr/OVMF.fd")}, "firmware", U, ""),
    ({"firmware": FirmwareFacts(tpm="emulator", tpm_there=True)}, "tpm", P, ""),
    ({"firmware": FirmwareFacts(tpm="emulator", tpm_there=False)}, "tpm", F, "no emulated TPM"),
    ({"firmware": FirmwareFacts(tpm="emulator")}, "tpm", U, ""),
    ({"firmware": FirmwareFacts(tpm="passthrough", tpm_there=True)}, "tpm", F, "stays"),
    ({"devices": (DeviceFacts("pci", "0000:01:00.0"),)}, "devices", F, "PCI device 0000:01"),
    ({"devices": (DeviceFacts("usb", "1:2", True),)}, "devices", P, "USB device 1:2 can be"),
    ({"devices": (DeviceFacts("pci", "vf", None),)}, "devices", U, "vf"),
    ({"devices": (DeviceFacts("pci", "vf", None),), "blockers": ()}, "devices", P, "says QEMU"),
    ({"blockers": ("VFIO device doesn't",)}, "devices", F, "VFIO device doesn't"),
    (disk(CDROM, there=False), "medium:sda", F, "debian.iso is only on lab-a"),
    (disk(CDROM, there=False, startup_policy="optional"), "medium:sda", W, "empty drive"),
    (disk(CDROM, there=None), "medium:sda", U, ""),
    (disk(CDROM, there=None, shared=True), "medium:sda", P, ""),
    (machine(memory_max_bytes=200 * GIB), "memory", F, "128 GiB in all"),
    (there(memory_free_bytes=4 * GIB), "memory", F, "4 GiB are free"),
    (there(memory_free_bytes=None), "memory", U, ""),
    (there(memory_promised_bytes=125 * GIB), "memory", W, "133 GiB of 128 GiB"),
    (machine(memory_max_bytes=80 * GIB), "memory", W, ""),
    ({**machine(memory_max_bytes=72 * GIB)}, "memory", P, ""),
    (there(vcpus_promised=126), "vcpus", W, "wait for each other"),
    (there(vcpus_promised=None), "vcpus", U, ""),
    (there(cpu_busy_ratio=0.95), "vcpus", W, "95% busy"),
    (machine(vcpus=40), "vcpus", W, "32 threads"),
]

GO: list[tuple[dict[str, Any], str, Verdict, str]] = [
    ({"destination": None}, "login", F, "isn't connected to qemu+ssh"),
    (host_there(link=Link(LinkState.STALLED)), "login", W, "old data"),
    (host_there(link=Link(LinkState.LOST, why="Gone.")), "login", F, "can't be reached: Gone."),
    (host_there(link=Link(LinkState.CONNECTED, read_only=True)), "login", F, "read-only"),
    (machine(state=DomainState.OFF), "state", F, "no memory to move"),
    (machine(state=DomainState.SAVED, has_managed_save=True), "saved-state", F, "stays there"),
    (machine(state=DomainState.CRASHED), "state", F, "crashed"),
    (machine(state=DomainState.MIGRATING), "state", F, "already"),
    (machine(state=DomainState.PAUSED), "state", P, "stays so"),
    (machine(state=DomainState.PAUSED, state_reason="I/O error"), "state", W, "I/O error"),
    (machine(state=DomainState.SHUTTING_DOWN), "state", W, ""),
    (machine(state=DomainState.UNKNOWN), "state", F, ""),
    (spec(live=False), "state", F, "second one"),
    (spec(destination="qemu:///system", transport=Transport.P2P), "transport", F, "no host"),
    (spec(destination="lxc+ssh://lab-b/"), "transport", F, "from qemu to lxc"),
    (spec(transport=Transport.P2P), "transport", P, ""),
    (host_there(hostname="lab-a"), "transport", W, "call themselves lab-a"),
    (spec(post_copy=True, transport=Transport.TUNNELLED), "option:post_copy", F, "tunnel"),
    (spec(compression=Compression.ZSTD), "option:compression", F, "parallel channels"),
    (spec(bandwidth_mib_s=0), "option:bandwidth_mib_s", F, "at least 1 MiB/s"),
    ({"ports_open": False}, "ports", F, "49152"),
    ({"ports_open": None}, "ports", U, ""),
    (host_there(hostname="localhost.localdomain"), "ports", F, "localhost"),
    ({"destination_hostname_resolves": False}, "ports", F, "address of lab-b"),
    (
        {"destination_hostname_resolves": False, **spec(migrate_uri="tcp://10.0.0.2")},
        "ports",
        P,
        "",
    ),
    ({"ports_open": False, **spec(transport=Transport.TUNNELLED, tls=False)}, "ports", P, ""),
    ({"ports_open": None, **spec(migrate_uri="unix:///run/x")}, "ports", P, "socket"),
    (spec(tls=False), "encryption", W, "memory would travel in clear text"),
    (spec(tls=False, copy_storage=CopyStorage.FULL), "encryption", W, "memory and disks"),
    (there(tls_ready=False), "encryption", F, "lab-b has no certificates"),
    (there(tls_ready=None), "encryption", U, ""),
    (spec(tls=False, transport=Transport.TUNNELLED), "encryption", P, "encrypted"),
    (
        spec(tls=False, transport=Transport.TUNNELLED, destination="qemu+tcp://lab-b/system"),
        "encryption",
        W,
        "as open as qemu+tcp",
    ),
    (spec(tls=False, migrate_uri="unix:///run/x"), "encryption", P, "leave this computer"),
    ({"other_job": "backup"}, "other-job", F, "backup"),
    ({"other_job": None}, "other-job", U, ""),
    ({"snapshots": 3}, "snapshots", F, "3 snapshots"),
    (machine(snapshot_count=1), "snapshots", F, "1 snapshot:"),
    (machine(snapshot_count=None), "snapshots", U, ""),
    ({"checkpoints": 2}, "checkpoints", W, "2 checkpoints stay"),
]

DISKS: list[tuple[dict[str, Any], str, Verdict, str]] = [
    (disk(cache="writeback"), "disk:vda", P, "empties its cache"),
    (disk(source_type="network", source="rbd/web", shared=None), "disk:vda", P, "network"),
    (disk(shared=None), "disk:vda", U, "the same storage"),
    (disk(LOCAL), "disk:vda", F, "only on lab-a"),
    (disk(LOCAL, there=True), "disk:vda", F, "only on lab-a"),
    (disk(read_only=True, shared=False, there=True), "disk:vda", P, "read-only"),
    (disk(read_only=True, shared=False, there=False), "disk:vda", F, "only on lab-a"),
    (disk(transient=True), "disk:vda", F, "transient"),
    (copying(), "disk:vda", P, "18 GiB are copied"),
    (copying(has_backing=True), "disk:vda", P, "what lies below"),
    (copying(DISK), "disk:vda", F, "onto itself"),
    (copying(source_type="network"), "disk:vda", F, "onto itself"),
    (copying(there=True), "disk:vda", W, "would be overwritten"),
    (copying(there=None), "disk:vda", U, ""),
    (copying(pool_there=False), "disk:vda", F, "No active pool on lab-b is for /srv"),
    (copying(pool_there=None), "disk:vda", U, ""),
    (copying(room_there_bytes=9 * GIB), "disk:vda", F, "9 GiB free"),
    (copying(room_there_bytes=30 * GIB), "disk:vda", W, "can grow to 40 GiB"),
    (copying(source_type="nvme"), "disk:vda", F, "kind nvme"),
    (copying(source_type="block", source="/dev/vg/web"), "disk:vda", F, "can't make a device"),
    (copying(source_type="block", there=True), "disk:vda", W, "overwritten"),
    (copying(how="incremental"), "disk:vda", F, "has to be on lab-b already"),
    (copying(how="incremental", there=True), "disk:vda", W, "Only the top file"),
    (
        copying(how="incremental", there=True, has_backing=True, backing_there=False),
        "disk:vda",
        F,
        "aren't all on lab-b",
    ),
    (
        copying(how="incremental", there=True, has_backing=True),
        "disk:vda",
        U,
        "files below",
    ),
    (copying(shareable=True, shared=False), "disk:vda", F, "only on lab-a"),
    (
        {**spec(copy_storage=CopyStorage.FULL, copy_disks=("vdb",)), **disk(LOCAL)},
        "disk:vda",
        F,
        "only on lab-a",
    ),
    (
        {
            **spec(copy_storage=CopyStorage.FULL, copy_disks=("vda",)),
            **disk(LOCAL, read_only=True),
        },
        "disk:vda",
        F,
        "copies no such disk",
    ),
]

WORK: list[tuple[dict[str, Any], str, Verdict, str]] = [
    ({"needs": ()}, "networks", P, "on none"),
    ({"needs": (NeedFacts("bridge", "br0", True),)}, "networks", P, "br0"),
    ({"needs": (NeedFacts("bridge", "br0", False),)}, "bridge:br0", F, "no bridge br0"),
    ({"needs": (NeedFacts("bridge", "br0"),)}, "bridge:br0", U, "br0"),
    ({"needs": (NeedFacts("network", "lan", True, False),)}, "network:lan", F, "isn't started"),
    ({"needs": (NeedFacts("filter", "clean", False),)}, "filter:clean", F, "no filter clean"),
    ({"name_taken_there": True}, "identity", F, "another machine called web-01"),
    ({"name_taken_there": None}, "identity", U, ""),
    ({"uuid_state_there": "running"}, "identity", F, "is running on lab-b"),
    ({"uuid_state_there": "off"}, "identity", P, "taken over"),
    ({"uuid_state_there": None}, "identity", U, ""),
    ({"clock_apart_s": -3.0}, "clocks", W, "3.0 s apart"),
    ({"clock_apart_s": None}, "clocks", U, ""),
    (spec(persist_destination=False), "definition", W, "gone when it is shut down"),
    (
        {**spec(persist_destination=False), **machine(persistent=False)},
        "definition",
        P,
        "here as there",
    ),
    (spec(undefine_source=False), "definition", W, "stays defined on lab-a"),
    ({"unread": ("lab-b's filters",)}, "unread:0", U, "lab-b's filters"),
]


@pytest.mark.parametrize(("changes", "check_id", "verdict", "words"), [*RUN, *GO, *DISKS, *WORK])
def test_each_thing_that_is_different_is_told(
    changes: dict[str, Any], check_id: str, verdict: Verdict, words: str
) -> None:
    check = find(checks(replace(WELL, **changes)), check_id)
    assert check.verdict is verdict
    assert words in check.evidence
    if verdict is Verdict.UNKNOWN:
        assert check.evidence.startswith("couldn't be checked")


OFFLINE: list[tuple[dict[str, Any], str, Verdict, str]] = [
    ({}, "state", P, "off"),
    ({}, "cpu", P, "when it starts"),
    ({}, "encryption", P, "no memory"),
    ({}, "ports", P, "none needed"),
    ({"domain": replace(OFF.domain, persistent=False)}, "state", F, "no definition"),
    ({"devices": (DeviceFacts("pci", "x"),)}, "devices", W, "won't be there"),
    ({"firmware": FirmwareFacts("/OVMF.fd", True, "/nvram")}, "firmware", W, "/nvram stays"),
    ({"firmware": FirmwareFacts("/OVMF.fd", True, "/nvram", True)}, "firmware", P, ""),
    ({"firmware": FirmwareFacts(tpm="emulator", tpm_there=True)}, "tpm", W, "stay"),
    (disk(LOCAL), "disk:vda", W, "can't start there"),
    (disk(LOCAL, there=True), "disk:vda", W, "nobody knows"),
    (disk(LOCAL, there=None), "disk:vda", U, ""),
    (
        {"spec": replace(OFF.spec, copy_storage=CopyStorage.FULL)},
        "option:copy_storage",
        F,
        "definition only",
    ),
    (
        {"spec": replace(OFF.spec, persist_destination=False)},
        "option:persist_destination",
        F,
        "gone",
    ),
]


@pytest.mark.parametrize(("changes", "check_id", "verdict", "words"), OFFLINE)
def test_of_a_machine_that_is_off_less_is_asked(
    changes: dict[str, Any], check_id: str, verdict: Verdict, words: str
) -> None:
    check = find(checks(replace(OFF, **changes)), check_id)
    assert check.verdict is verdict
    assert words in check.evidence


def test_where_vmgui_copies_disks_itself_that_is_no_conflict() -> None:
    asked = replace(OFF, spec=replace(OFF.spec, copy_storage=CopyStorage.FULL), copies_offline=True)
    assert find(checks(asked), "options").verdict is Verdict.PASS


def test_old_qemu_with_a_cache_is_refused() -> None:
    old = replace(A, host=replace(A.host, hypervisor_version="3.1.0"))
    check = find(checks(replace(WELL, source=old, **disk(cache="writeback"))), "disk:vda")
    assert check.verdict is Verdict.FAIL


def fixed(facts: MigrationFacts, check_id: str) -> MigrationFacts:
    fix = find(checks(facts), check_id).fix
    assert fix is not None
    assert fix.spec_changes
    changes: dict[str, Any] = dict(fix.spec_changes)
    return replace(facts, spec=replace(facts.spec, **changes))


@pytest.mark.parametrize(
    ("changes", "check_id"),
    [
        (disk(LOCAL), "disk:vda"),
        (copying(DISK), "disk:vda"),
        (copying(how="incremental"), "disk:vda"),
        (there(tls_ready=False), "encryption"),
        (spec(tls=False), "encryption"),
        (machine(state=DomainState.OFF), "state"),
        (spec(live=False), "state"),
        (spec(destination="qemu:///system", transport=Transport.P2P), "transport"),
        ({"name_taken_there": True}, "identity"),
    ],
)
def test_a_fix_takes_its_check_out_of_the_way(changes: dict[str, Any], check_id: str) -> None:
    facts = replace(WELL, **changes)
    after = fixed(facts, check_id)
    if check_id == "identity":
        assert after.spec.new_name == "web-01-2"
        return
    verdict = find(checks(after), check_id).verdict
    assert verdict is not Verdict.FAIL
    assert verdict is not find(checks(facts), check_id).verdict


def test_of_two_disks_only_the_one_that_is_here_alone_is_copied() -> None:
    data = replace(LOCAL, target="vdb", source="/var/data.qcow2")
    facts = replace(WELL, disks=(DISK, data))
    assert to_copy(facts) == ("vdb",)
    after = fixed(facts, "disk:vdb")
    assert after.spec.copy_disks == ("vdb",)
    assert blocking(checks(after)) == ()
    everything = replace(facts, spec=replace(WELL.spec, copy_storage=CopyStorage.FULL))
    assert fixed(everything, "disk:vda").spec.copy_disks == ("vdb",)


def test_a_conflict_of_options_is_taken_back_by_its_fix() -> None:
    asked = replace(WELL, **spec(tls=False, parallel_channels=4, transport=Transport.TUNNELLED))
    after = fixed(asked, "option:parallel_channels")
    assert after.spec.parallel_channels == 0
    assert find(checks(after), "options").verdict is Verdict.PASS


def test_what_could_not_be_checked_counts_as_worth_knowing() -> None:
    found = checks(replace(WELL, other_job=None, clock_apart_s=9, ports_open=False))
    assert counts(found)[:2] == (1, 2)
    assert sum(counts(found)) == len(found)
    assert why_not(found).startswith("Ports: lab-a doesn't reach")
    found = checks(replace(WELL, snapshots=1, ports_open=False))
    assert why_not(found).endswith("(and 1 more)")


def test_a_host_that_nothing_is_known_of_is_refused_without_a_fault() -> None:
    bare = Domain(domain_key(HERE, "u"), "x", DomainState.RUNNING)
    found = checks(MigrationFacts(bare, HostFacts(A.host), None, MigrationSpec(THERE)))
    assert [check.id for check in blocking(found)] == ["login", "transport"]
    assert Verdict.UNKNOWN in {check.verdict for check in found}


def test_a_machine_with_saved_memory_is_restored_not_moved_off() -> None:
    saved = replace(WELL, **machine(state=DomainState.SAVED, has_managed_save=True))
    assert find(checks(saved), "state").fix is None
    fix = find(checks(saved), "saved-state").fix
    assert fix is not None
    assert registry.standard().get(fix.action_id).title == "Restore"
