from dataclasses import replace

from vmgui.insight.facts import Fact, host_facts, host_summary, machine_facts, machine_summary
from vmgui.inventory.domain import AgentState, Disk, Domain, DomainState, Interface, Screen
from vmgui.inventory.host import Host, Link, LinkState, NumaCell
from vmgui.inventory.key import domain_key, host_key

URI = "qemu:///system"
GIB = 2**30
HOST = Host(host_key(URI), "lab-a", Link(LinkState.CONNECTED))
WEB = Domain(
    domain_key(URI, "6b3c"),
    "web-01",
    DomainState.RUNNING,
    autostart=True,
    read_fully=True,
    title="shop front end",
    description="first\nsecond",
    hypervisor_type="kvm",
    os_type="hvm",
    arch="x86_64",
    machine="q35-8.2",
    os_name="Debian 12",
    firmware="UEFI",
    cpu_mode="host-passthrough",
    vcpus=4,
    vcpus_max=8,
    memory_bytes=6 * GIB,
    memory_max_bytes=8 * GIB,
    disks=(
        Disk(
            "vda",
            "disk",
            "virtio",
            "file",
            "/srv/vm/web.qcow2",
            "qcow2",
            backing=("/srv/base.qcow2",),
        ),
        Disk("sda", "cdrom", "sata", read_only=True),
        Disk("vdb", "disk", "virtio", "volume", "pool/vol", "raw", read_only=True, shareable=True),
    ),
    interfaces=(
        Interface(
            "52:54:00:6b:3c:1e", "bridge", "br0", "virtio", "vnet3", ("10.20.0.31", "fd00::31")
        ),
        Interface("52:54:00:00:00:01", "user"),
    ),
    screens=(Screen("vnc", "127.0.0.1", 5900), Screen("spice")),
    agent=AgentState.CONNECTED,
    snapshot_count=6,
)


def _lines(facts: tuple[Fact, ...]) -> list[tuple[str, str, str]]:
    return [(fact.label, fact.value, fact.detail) for fact in facts]


def test_a_machine_tells_what_is_asked_for_most_first() -> None:
    assert _lines(machine_facts(WEB, HOST)) == [
        ("Host", "lab-a", "starts with the host"),
        ("CPU", "4 vCPU", "of 8 at most · host-passthrough"),
        ("Memory", "6.0 GiB now", "8.0 GiB max"),
        ("Disk vda", "/srv/vm/web.qcow2", "qcow2 · on 1 other file"),
        ("CD-ROM sda", "empty", "sata"),
        ("Disk vdb", "pool/vol", "raw · read-only · shared"),
        ("Network", "br0", "bridge · virtio · vnet3"),
        ("MAC", "52:54:00:6b:3c:1e", ""),
        ("IP address", "10.20.0.31, fd00::31", ""),
        ("Network", "user", ""),
        ("MAC", "52:54:00:00:00:01", ""),
        ("System", "Debian 12", "x86_64 · kvm"),
        ("Firmware", "UEFI", "q35-8.2"),
        ("Display", "VNC", "127.0.0.1:5900"),
        ("Display", "SPICE", ""),
        ("Guest agent", "connected", ""),
        ("Snapshots", "6", ""),
        ("Description", "first …", ""),
        ("UUID", "6b3c", ""),
    ]


def test_ids_are_never_twice_and_the_host_leads_to_its_page() -> None:
    facts = machine_facts(WEB, HOST)
    by_id = {fact.id: fact for fact in facts}
    assert len(by_id) == len(facts)
    assert by_id["host"].link == HOST.key
    assert by_id["agent"].good


def test_an_unusual_state_is_told_with_its_reason() -> None:
    paused = replace(WEB, state=DomainState.PAUSED, state_reason="I/O error", persistent=False)
    lines = _lines(machine_facts(paused, None))
    assert lines[:2] == [
        ("State", "Paused", "I/O error"),
        ("Definition", "transient", "vanishes when it stops"),
    ]
    saved = replace(WEB, state=DomainState.SAVED, has_managed_save=True)
    assert ("Saved state", "kept", "the next start goes on from there") in _lines(
        machine_facts(saved, HOST)
    )
    assert ("Memory", "6.0 GiB at start", "8.0 GiB max") in _lines(machine_facts(saved, HOST))


def test_a_template_and_its_clone_say_so() -> None:
    assert ("Template", "only cloned", "not started or changed") in _lines(
        machine_facts(replace(WEB, is_template=True), HOST)
    )
    clone = replace(WEB, clone_of="u", clone_of_name="gold")
    (fact,) = [fact for fact in machine_facts(clone, HOST) if fact.id == "clone-of"]
    assert (fact.label, fact.value) == ("Linked clone of", "gold")
    assert fact.link is not None
    assert (fact.link.host, fact.link.id) == (clone.key.host, "u")


def test_a_machine_not_read_yet_claims_nothing() -> None:
    bare = Domain(WEB.key, "x", DomainState.RUNNING)
    assert _lines(machine_facts(bare, HOST)) == [("Host", "lab-a", "doesn't start with the host")]
    assert machine_summary(bare) == ""


def test_summaries() -> None:
    assert machine_summary(WEB) == "Debian 12 · 4 vCPU · 6 GiB · shop front end"
    host = replace(
        HOST,
        cpu_model="EPYC",
        cpus=32,
        memory_bytes=128 * GIB,
        libvirt_version="10.0.0",
        driver="QEMU",
        hypervisor_version="8.2.2",
    )
    assert host_summary(host) == "EPYC · 32 threads · 128 GiB · libvirt 10.0.0, QEMU 8.2.2"
    assert host_summary(HOST) == ""


def test_a_host_tells_only_what_its_driver_told() -> None:
    assert _lines(host_facts(HOST, networks=1, pools=0)) == [
        ("Connection", URI, ""),
        ("Networks", "1", ""),
        ("Storage pools", "0", ""),
    ]


def test_a_host_tells_its_hardware() -> None:
    host = replace(
        HOST,
        link=Link(LinkState.CONNECTED, read_only=True),
        hostname="lab-a.example",
        driver="QEMU",
        hypervisor_version="8.2.2",
        libvirt_version="10.0.0",
        cpu_model="EPYC",
        cpu_vendor="AMD",
        cpu_mhz=3000,
        cpus=32,
        sockets=1,
        cores=16,
        threads=2,
        memory_bytes=128 * GIB,
        numa=(NumaCell(0, 64 * GIB, 16), NumaCell(1, 64 * GIB, 16)),
        arch="x86_64",
        guest_types=("hvm x86_64", "hvm i686", "a", "b", "c"),
        security_model="apparmor",
        missing_calls=frozenset({"getSysinfo", "someCall"}),
    )
    assert _lines(host_facts(host, networks=2, pools=3)) == [
        ("Connection", URI, "read-only"),
        ("Host name", "lab-a.example", ""),
        ("Hypervisor", "QEMU", "8.2.2"),
        ("libvirt", "10.0.0", ""),
        ("CPU", "EPYC", "AMD · 3.0 GHz"),
        ("Topology", "32 threads", "1 socket × 16 cores × 2 threads a core"),
        ("Memory", "128 GiB", ""),
        ("NUMA", "2 nodes", "64 GiB for 16 threads, 64 GiB for 16 threads"),
        ("Architecture", "x86_64", ""),
        ("Guest types", "hvm x86_64, hvm i686, a, b", "and 1 more"),
        ("Security model", "apparmor", ""),
        ("Networks", "2", ""),
        ("Storage pools", "3", ""),
        ("Driver lacks", "someCall, the host's hardware", ""),
    ]
