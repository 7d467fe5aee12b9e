"""The lab's hosts and guests as any libvirt client sees them from outside."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import libvirt
import pytest

from tests.lab_fixture import Daemon, eventually
from vmgui.inventory.domain import METADATA_URI
from vmgui.lab import LabStatus, status

pytestmark = pytest.mark.lab

Connect = Callable[[str], libvirt.virConnect]

_RUNNING, _SHUT_OFF = libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_SHUTOFF


def _state(domain: libvirt.virDomain) -> int:
    return int(domain.state()[0])


def _read_until(pattern: bytes, stream: libvirt.virStream) -> None:
    """Read a console until it says something; the test's time limit is the patience."""
    said = b""
    while not re.search(pattern, said):
        said += stream.recv(1024)
    stream.abort()


def test_each_host_is_one_of_its_own(lab: LabStatus, connect: Connect) -> None:
    connections = [connect(host.uri) for host in lab.hosts]
    assert [connection.getHostname() for connection in connections] == ["lab-a", "lab-b"]
    uuids = {
        ElementTree.fromstring(connection.getCapabilities()).findtext("host/uuid")
        for connection in connections
    }
    assert len(uuids) == 2


def test_all_guests_run_and_carry_tags(lab: LabStatus, connect: Connect) -> None:
    seen = set()
    for host in lab.hosts:
        domains = connect(host.uri).listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING)
        assert {domain.name() for domain in domains} == set(host.guests)
        for domain in domains:
            metadata = domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, METADATA_URI)
            tags = [tag.text for tag in ElementTree.fromstring(metadata)]
            assert "classroom" in tags
            seen.add(domain.UUIDString())
    assert len(seen) == 4


def test_status_names_processes_as_they_are_seen_from_here(lab: LabStatus) -> None:
    for host in status(lab.name).hosts:  # another test may have replaced a daemon
        assert host.running
        assert Path(f"/proc/{host.pid}/comm").read_text() == "libvirtd\n"


def test_guests_have_a_lease_from_their_host(lab: LabStatus, connect: Connect) -> None:
    if any("/dev/net/tun" in note for note in lab.notes):
        pytest.skip(" ".join(lab.notes))
    for host in lab.hosts:
        leases = connect(host.uri).networkLookupByName("default").DHCPLeases()
        assert {lease["hostname"] for lease in leases} == set(host.guests)


def test_disks_lie_in_a_pool_and_are_written_to(lab: LabStatus, connect: Connect) -> None:
    connection = connect(lab.hosts[0].uri)
    assert connection.storagePoolLookupByName("default").listVolumes() == ["web-01.qcow2"]
    for host in lab.hosts:
        shared = connect(host.uri).storagePoolLookupByName("shared")
        assert sorted(shared.listVolumes()) == ["db-01.qcow2", "db-02.qcow2"]
    database = connection.lookupByName("db-01")
    written = database.blockStats("vda")[3]
    eventually(lambda: database.blockStats("vda")[3] > written, "the database writes", 60)


def test_balloon_reports_and_moves(lab: LabStatus, connect: Connect) -> None:
    guest = connect(lab.hosts[0].uri).lookupByName("web-01")
    eventually(lambda: "unused" in guest.memoryStats(), "the balloon's statistics arrive")
    guest.setMemoryFlags(80 * 1024, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    try:
        eventually(lambda: guest.memoryStats()["actual"] == 80 * 1024, "the balloon gives way")
    finally:
        guest.setMemoryFlags(96 * 1024, libvirt.VIR_DOMAIN_AFFECT_LIVE)


def test_serial_console_is_a_shell(lab: LabStatus, connect: Connect) -> None:
    connection = connect(lab.hosts[1].uri)
    stream = connection.newStream()
    connection.lookupByName("web-02").openConsole(None, stream)
    stream.send(b"\necho $((6 * 7)) on $(hostname)\n")
    _read_until(rb"42 on web-02", stream)


def test_screen_shows_that_the_guest_is_up(lab: LabStatus, connect: Connect) -> None:
    connection = connect(lab.hosts[1].uri)
    stream = connection.newStream()
    kind = connection.lookupByName("db-02").screenshot(stream, 0)
    picture = stream.recv(65536)
    stream.abort()
    assert kind == "image/png"
    assert picture.startswith(b"\x89PNG")


def test_a_guest_hears_shut_down_and_starts_again(lab: LabStatus, connect: Connect) -> None:
    guest = connect(lab.hosts[1].uri).lookupByName("db-02")
    guest.shutdown()
    eventually(lambda: _state(guest) == _SHUT_OFF, "the guest shuts down", 60)
    guest.create()
    assert _state(guest) == _RUNNING
    stream = guest.connect().newStream()
    guest.openConsole(None, stream)
    _read_until(rb"vmgui-guest ready db-02 [0-9.]+\s", stream)


def test_a_killed_daemon_comes_back_and_finds_its_guests(
    lab: LabStatus, daemons: dict[str, Daemon], connect: Connect
) -> None:
    host = lab.hosts[0]
    before = {domain.name(): domain.ID() for domain in connect(host.uri).listAllDomains()}
    daemons[host.name].kill()
    with pytest.raises(libvirt.libvirtError):
        libvirt.open(host.uri)
    daemons[host.name].start()
    after = {domain.name(): domain.ID() for domain in connect(host.uri).listAllDomains()}
    assert after == before


def test_a_stopped_daemon_keeps_its_neighbour_out_of_it(
    lab: LabStatus, daemons: dict[str, Daemon], connect: Connect
) -> None:
    daemons["lab-a"].stop()
    assert connect(lab.hosts[1].uri).getHostname() == "lab-b"
    daemons["lab-a"].resume()
    assert connect(lab.hosts[0].uri).getHostname() == "lab-a"
