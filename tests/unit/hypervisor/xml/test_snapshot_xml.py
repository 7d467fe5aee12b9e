from dataclasses import replace
from pathlib import Path

import pytest

from vmgui.hypervisor.xml.snapshot import read_snapshot_xml
from vmgui.inventory.domain import DomainState
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk

SAMPLES = Path(__file__).parent / "samples"
KNOWN = Snapshot(Key("h", "snapshot", "u/known"), domain_key("h", "u"), "known", current=True)


def read(inside: str) -> Snapshot:
    return read_snapshot_xml(f"<domainsnapshot>{inside}</domainsnapshot>", KNOWN)


def test_external_snapshot_of_a_real_libvirtd() -> None:
    xml = (SAMPLES / "qemu-external-snapshot.xml").read_text(encoding="utf-8")
    snapshot = read_snapshot_xml(xml, KNOWN)
    assert replace(snapshot, then=None) == replace(
        KNOWN,
        name="ext",
        state="disk-snapshot",
        description="d",
        created_at_s=1_795_424_548,
        external=True,
        disks=(
            SnapshotDisk("vda", "external", "/var/lib/libvirt/images/top.ext", "qcow2"),
            SnapshotDisk("sda", "no"),
        ),
    )
    assert snapshot.then is not None
    assert (snapshot.then.key, snapshot.then.name) == (KNOWN.domain, "live-01")
    assert [disk.source for disk in snapshot.then.disks] == [
        "/var/lib/libvirt/images/top.qcow2",
        "",
    ]


def test_where_its_memory_is() -> None:
    outside = read("<memory snapshot='external' file='/m'/>")
    assert outside.memory_path == "/m"
    assert read("<memory snapshot='internal' file='/m'/>").memory_path == ""


@pytest.mark.parametrize(
    ("state", "then"),
    [
        ("running", DomainState.RUNNING),
        ("paused", DomainState.PAUSED),
        ("shutoff", DomainState.OFF),
        ("disk-snapshot", DomainState.UNKNOWN),
    ],
)
def test_the_machine_as_it_was_then(state: str, then: DomainState) -> None:
    inside = "<domain><name>m</name><devices/></domain>"
    machine = read(f"<state>{state}</state>{inside}").then
    assert machine is not None
    assert (machine.state, machine.read_fully) == (then, True)


def test_a_machine_of_which_only_the_id_is_told_is_not_known() -> None:
    assert read("<domain><uuid>1</uuid></domain>").then is None


def test_disks_that_lie_elsewhere() -> None:
    disks = read(
        "<disks><disk name='vda' snapshot='external' type='block'><source dev='/dev/vg/o'/></disk>"
        "<disk name='vdb' snapshot='external' type='network'><source protocol='rbd' name='p/o'/>"
        "</disk><disk name='vdc' snapshot='internal'/></disks>"
    ).disks
    assert [(disk.target, disk.path) for disk in disks] == [
        ("vda", "/dev/vg/o"),
        ("vdb", "p/o"),
        ("vdc", ""),
    ]


def test_name_and_description_are_those_of_the_snapshot_not_of_its_machine() -> None:
    snapshot = read(
        "<domain><name>machine</name><description>machine's</description></domain>"
        "<name>a &lt;b&gt;</name><description>own</description><parent><name>p</name></parent>"
    )
    assert (snapshot.name, snapshot.description, snapshot.parent) == ("a <b>", "own", "p")


@pytest.mark.parametrize(
    ("inside", "has_memory", "external"),
    [
        ("<state>running</state><memory snapshot='internal'/>", True, False),
        ("<state>running</state><memory snapshot='external' file='/m'/>", True, True),
        ("<state>running</state><memory snapshot='no'/>", False, False),
        ("<state>shutoff</state><memory snapshot='no'/>", False, False),
        ("<state>running</state>", True, False),
        ("<state>poweroff</state>", False, False),
        ("<memory snapshot='no'/><disks><disk snapshot='external'/><disk/></disks>", False, True),
        ("<memory snapshot='no'/><disks><disk snapshot='internal'/></disks>", False, False),
        ("", False, False),
    ],
)
def test_what_is_in_it(inside: str, has_memory: bool, external: bool) -> None:
    snapshot = read(inside)
    assert (snapshot.has_memory, snapshot.external) == (has_memory, external)


def test_snapshot_that_tells_nothing_keeps_what_is_known() -> None:
    assert read("") == KNOWN
    assert read("<creationTime>yesterday</creationTime>").created_at_s == 0
