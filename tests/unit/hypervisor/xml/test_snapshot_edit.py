"""Snapshot XML that libvirt is given: made from elements, and changed where it must be alone."""

import pytest

from tests.worlds import HOSTILE_NAMES
from vmgui.hypervisor.errors import UnfitText, UnreadableXml
from vmgui.hypervisor.volumes import volume_xml
from vmgui.hypervisor.xml.document import parse
from vmgui.hypervisor.xml.snapshot_edit import (
    Repointing,
    edited_snapshot_xml,
    is_of_disks_only,
    machine_then_xml,
    new_snapshot_xml,
)
from vmgui.insight.take_spec import TakenDisk, TakePlan

DISKS = (
    TakenDisk("vda", "external", "/i/a.qcow2", "/i/a & b.qcow2", "qcow2"),
    TakenDisk("vdb", "no"),
)

SNAPSHOT = """<domainsnapshot>
  <name>one</name>
  <state>{state}</state>
  <parent><name>zero</name></parent>
  <creationTime>17</creationTime>
  <domain type='kvm' id='3'>
    <name>web</name>
    <unknown kept='yes'/>
    <devices>
      <disk type='file' device='disk'>
        <driver name='qemu' type='raw' cache='none'/>
        <source file='/i/a.qcow2' index='1'><seclabel relabel='no'/></source>
        <backingStore type='file'><source file='/i/base'/></backingStore>
        <target dev='vda' bus='virtio'/>
      </disk>
      <disk type='file' device='disk'>
        <driver name='qemu' type='raw'/><source file='/i/b.raw'/><target dev='vdb' bus='virtio'/>
      </disk>
      <disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
    </devices>
  </domain>
  {inactive}
</domainsnapshot>"""
INACTIVE = "<inactiveDomain type='kvm'><name>web</name><title>as saved</title></inactiveDomain>"
NOW = """<domain><devices><disk type='network'><driver name='qemu' type='qcow2'/>
<source protocol='rbd' name='pool/b'><host name='h'/></source><target dev='vdb'/></disk></devices>
</domain>"""


def xml(state: str = "running", inactive: str = "") -> str:
    return SNAPSHOT.format(state=state, inactive=inactive)


def test_a_new_one_names_each_file() -> None:
    plan = TakePlan(
        "", name="one", description="d", memory="external", memory_path="/i/m", disks=DISKS
    )
    root = parse(new_snapshot_xml(plan), "domainsnapshot")
    assert (root.findtext("name"), root.findtext("description")) == ("one", "d")
    memory = root.find("memory")
    assert memory is not None
    assert (memory.get("snapshot"), memory.get("file")) == ("external", "/i/m")
    first, second = root.iterfind("disks/disk")
    assert (first.get("name"), first.get("snapshot")) == ("vda", "external")
    assert [e.attrib.values() for e in first] == [["qcow2"], ["/i/a & b.qcow2"]]
    assert (second.get("name"), second.get("snapshot"), len(second)) == ("vdb", "no", 0)


def test_a_driver_that_decides_by_itself_is_told_of_no_files() -> None:
    root = parse(new_snapshot_xml(TakePlan("", name="one", by_driver=True)), "domainsnapshot")
    assert [child.tag for child in root] == ["name"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_odd_names_arrive_as_they_are(name: str) -> None:
    made = new_snapshot_xml(TakePlan("", name=name, description=name, disks=DISKS))
    root = parse(made, "domainsnapshot")
    assert (root.findtext("name"), root.findtext("description")) == (name, name)
    edited = parse(edited_snapshot_xml(xml(), name=name, parent=name), "domainsnapshot")
    assert (edited.findtext("name"), edited.findtext("parent/name")) == (name, name)


def test_what_xml_cant_hold_is_refused() -> None:
    with pytest.raises(UnfitText):
        new_snapshot_xml(TakePlan("", name="bell\a"))
    with pytest.raises(UnfitText):
        edited_snapshot_xml(xml(), description="bell\a")


def test_an_edit_changes_nothing_else() -> None:
    root = parse(edited_snapshot_xml(xml(inactive=INACTIVE), description="new"), "domainsnapshot")
    assert root.findtext("description") == "new"
    assert (root.findtext("name"), root.findtext("parent/name")) == ("one", "zero")
    assert root.find("domain/unknown[@kept='yes']") is not None
    assert root.find("inactiveDomain/title") is not None


def test_a_root_has_no_parent() -> None:
    assert parse(edited_snapshot_xml(xml(), parent=""), "domainsnapshot").find("parent") is None


def test_one_of_disks_alone_is_known_by_its_state() -> None:
    assert is_of_disks_only(xml("disk-snapshot"))
    assert not is_of_disks_only(xml("shutoff"))


def test_the_machine_of_then_reads_the_new_files() -> None:
    root = parse(machine_then_xml(xml(), Repointing({"vda": "/i/new"}), as_it_ran=False), "domain")
    first, second, third = root.iterfind("devices/disk")
    sources = first.findall("source")
    assert [(s.items(), len(s)) for s in sources] == [([("file", "/i/new")], 0)]
    assert first.find("backingStore") is None
    driver = first.find("driver")
    assert driver is not None
    assert (driver.get("type"), driver.get("cache")) == ("qcow2", "none")
    assert second.find("source[@file='/i/b.raw']") is not None
    assert third.find("source") is None
    assert root.find("unknown[@kept='yes']") is not None


def test_a_disk_that_was_left_out_has_its_source_of_today() -> None:
    repointing = Repointing({"vda": "/i/new"}, ("vdb", "vdc"), NOW)
    root = parse(machine_then_xml(xml(), repointing, as_it_ran=False), "domain")
    second = root.findall("devices/disk")[1]
    assert second.get("type") == "network"
    source, driver = second.find("source"), second.find("driver")
    assert source is not None
    assert driver is not None
    assert (source.get("name"), len(source), source.get("file")) == ("pool/b", 1, None)
    assert driver.get("type") == "qcow2"


def test_the_definition_is_that_which_was_saved_and_memory_wants_that_which_ran() -> None:
    both = xml(inactive=INACTIVE)
    saved = parse(machine_then_xml(both, Repointing({}), as_it_ran=False), "domain")
    assert saved.findtext("title") == "as saved"
    ran = parse(machine_then_xml(both, Repointing({}), as_it_ran=True), "domain")
    assert ran.findtext("title") is None
    with pytest.raises(UnreadableXml):
        machine_then_xml("<domainsnapshot><name>x</name></domainsnapshot>", Repointing({}),
                         as_it_ran=False)  # fmt: skip


def test_an_overlay_is_a_volume_over_another_file() -> None:
    root = parse(volume_xml("n <", "qcow2", 4096, ("/i/a & b", "raw")), "volume")
    assert (root.findtext("name"), root.findtext("capacity")) == ("n <", "4096")
    assert root.findtext("backingStore/path") == "/i/a & b"
    assert root.find("backingStore/format[@type='raw']") is not None
    assert root.find("target/format[@type='qcow2']") is not None
    assert root.findtext("target/compat") == "1.1"
