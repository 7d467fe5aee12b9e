"""A clone's definition: nothing of it is the source's that only one machine can have."""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from vmgui.hypervisor.errors import UnfitText
from vmgui.hypervisor.xml.clone import clone_xml
from vmgui.hypervisor.xml.clone_facts import read_hints
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.insight.clone_plan import PlannedDisk, PlannedMachine
from vmgui.insight.clone_spec import CloneSpec, DiskChoice, GuestName
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.key import domain_key

UUID = "7f3c8a54-1d3b-4c61-9b67-3c8f3f1e2b11"
OWN = "0b8a2f0e-93f5-5e0f-8d6e-0a5f8f5f9c01"
SOURCE = f"""<domain type='kvm' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>web</name>
  <uuid>{UUID}</uuid>
  <genid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</genid>
  <title>Web server 01</title>
  <description>D</description>
  <metadata>
    <vmgui:tags xmlns:vmgui='https://vmgui.org/xmlns/domain/1'><vmgui:tag>old</vmgui:tag></vmgui:tags>
    <o:origin xmlns:o='https://vmgui.org/xmlns/origin/1' template='yes'/>
    <nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/>
  </metadata>
  <sysinfo type='smbios'><system>
    <entry name='uuid'>{UUID}</entry><entry name='serial'>ABC</entry><entry name='product'>P</entry>
  </system></sysinfo>
  <os>
    <type arch='x86_64' machine='pc-q35-8.1'>hvm</type>
    <nvram template='/usr/share/vars.fd'>/var/lib/libvirt/qemu/nvram/web_VARS.fd</nvram>
    <cmdline>quiet vmgui.name=web vmgui.role=web</cmdline>
  </os>
  <strange><thing kept='yes'/></strange>
  <devices>
    <disk type='volume' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source pool='p' volume='web.qcow2'/>
      <backingStore type='file'><source file='/b'/></backingStore>
      <target dev='vda' bus='virtio'/><serial>S1</serial><shareable/>
      <address type='pci' slot='0x04'/>
    </disk>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/d.raw'/>
      <target dev='vdb' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><source file='/seed.iso'/><target dev='sda' bus='sata'/>
      <readonly/></disk>
    <disk type='file' device='disk'><source file='/gone'/><target dev='vdc' bus='virtio'/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/>
      <source network='default' portid='x' bridge='virbr0'/><target dev='vnet3'/></interface>
    <interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br0'/>
      <virtualport type='openvswitch'><parameters interfaceid='i' profileid='p'/></virtualport>
    </interface>
    <interface type='hostdev'><mac address='52:54:00:00:00:03'/></interface>
    <serial type='pty'><source path='/dev/pts/3'/>
      <log file='/var/log/libvirt/web-serial.log'/></serial>
    <console type='file'><source path='/var/log/console.log'/></console>
    <channel type='unix'>
      <source mode='bind' path='/var/lib/libvirt/qemu/channel/target/domain-7-web/org.qemu'/>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
    <channel type='unix'><source mode='bind' path='/run/web.sock'/>
      <target type='virtio' name='mine'/></channel>
    <graphics type='vnc' port='5905' autoport='no' passwd='secret'>
      <listen type='address' address='127.0.0.1'/></graphics>
    <graphics type='spice'><listen type='socket' socket='/run/web-spice.sock'/></graphics>
    <hostdev mode='subsystem' type='pci'><source><address bus='1'/></source></hostdev>
    <tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>
    <vsock model='virtio'><cid auto='no' address='42'/></vsock>
    <filesystem type='mount'><source dir='/srv/course'/><target dir='course'/></filesystem>
  </devices>
  <qemu:commandline><qemu:arg value='-foo'/></qemu:commandline>
</domain>"""
MACHINE = PlannedMachine(
    number=7,
    name="pc-07 <&>",
    host="qemu:///system",
    host_name="lab-a",
    uuid=OWN,
    hostname="pc-07",
    macs=(
        ("52:54:00:00:00:01", "52:54:00:a1:00:07"),
        ("52:54:00:00:00:02", "52:54:00:a1:00:08"),
        ("52:54:00:00:00:03", "52:54:00:a1:00:09"),
    ),
    disks=(
        PlannedDisk("vda", DiskChoice.LINKED, "/vm/pc-07.qcow2", "pc-07.qcow2", "qcow2",
                    backing="/vm/web.qcow2", backing_format="qcow2"),
        PlannedDisk("vdb", DiskChoice.SHARED, "/d.raw", format="raw"),
        PlannedDisk("sda", DiskChoice.EMPTY),
        PlannedDisk("vdc", DiskChoice.OUT),
    ),
    seed_path="/vm/pc-07-seed.iso",
)  # fmt: skip
SPEC = CloneSpec(guest=GuestName.KERNEL, network="classroom", tags=("new", " ", "new"))


def made(machine: PlannedMachine = MACHINE, spec: CloneSpec = SPEC) -> etree._Element:
    return etree.fromstring(clone_xml(SOURCE, machine, spec, (UUID, "web")))


def test_names_and_numbers_are_its_own() -> None:
    root = made()
    assert root.get("id") is None
    assert root.findtext("name") == "pc-07 <&>"
    assert root.findtext("uuid") == OWN
    assert root.findtext("sysinfo/system/entry[@name='uuid']") == OWN
    assert root.findtext("sysinfo/system/entry[@name='serial']") == "ABC-7"
    assert root.find("genid") is not None
    assert not root.findtext("genid")
    assert root.find("title") is None
    assert root.findtext("os/cmdline") == "quiet vmgui.name=pc-07 vmgui.role=web"


def test_what_isnt_known_survives() -> None:
    root = made()
    assert root.find("strange/thing") is not None
    assert root.findtext("description") == "D"
    assert root.findtext("sysinfo/system/entry[@name='product']") == "P"
    assert root.find("{http://libvirt.org/schemas/domain/qemu/1.0}commandline") is not None
    assert root.find("metadata/{http://openstack.org/xmlns/libvirt/nova/1.1}instance") is not None
    first = root.find("devices/disk")
    assert first is not None
    assert first.findtext("serial") == "S1"
    assert first.find("address") is not None


def test_disks_are_as_planned_and_nothing_of_the_sources_is_written_to() -> None:
    root = made()
    disks = {d.find("target").get("dev"): d for d in root.iterfind("devices/disk")}  # type: ignore[union-attr]
    assert set(disks) == {"vda", "vdb", "sda"}
    linked = disks["vda"]
    assert linked.get("type") == "file"
    assert [dict(e.attrib) for e in linked.iterfind("source")] == [{"file": "/vm/pc-07.qcow2"}]
    assert linked.find("driver").attrib == {"name": "qemu", "type": "qcow2", "cache": "none"}  # type: ignore[union-attr]
    assert linked.find("backingStore") is None
    assert linked.find("shareable") is None
    assert disks["vdb"].find("readonly") is not None
    # The drive that is left empty takes the seed.
    assert [e.get("file") for e in disks["sda"].iterfind("source")] == ["/vm/pc-07-seed.iso"]


def test_a_seed_gets_a_drive_of_its_own_where_there_is_none() -> None:
    kept = replace(MACHINE, disks=tuple(each for each in MACHINE.disks if each.target != "sda"))
    root = made(kept)
    (drive,) = root.findall("devices/disk[@device='cdrom']")
    assert drive.find("target").attrib == {"dev": "sda", "bus": "sata"}  # type: ignore[union-attr]
    assert drive.find("readonly") is not None


def test_no_address_of_the_source_is_left() -> None:
    text = clone_xml(SOURCE, MACHINE, SPEC)
    for own in (
        UUID, "52:54:00:00:00:0", "vnet3", "portid", "interfaceid", "profileid", "/dev/pts",
        "domain-7-web", "web-serial", "/run/web", "5905", 'address="42"', "web_VARS", "web.qcow2",
    ):  # fmt: skip
        assert own not in text
    root = etree.fromstring(text)
    networks = [source.get("network") for source in root.iterfind("devices/interface/source")]
    assert networks == ["classroom", None]
    assert root.find("devices/serial/log").get("file") == "/var/log/libvirt/pc-07 <&>-serial.log"  # type: ignore[union-attr]
    assert root.find("devices/console/source").get("path") == "/var/log/console-pc-07 <&>.log"  # type: ignore[union-attr]
    screen = root.find("devices/graphics")
    assert screen is not None
    assert (screen.get("port"), screen.get("autoport")) == ("-1", "yes")
    assert screen.get("passwd") == "secret"


@pytest.mark.parametrize(
    ("mode", "path", "becomes"),
    [
        ("connect", "/run/monitoring.sock", "/run/monitoring.sock"),
        ("connect", "/run/web.sock", "/run/pc-07 <&>.sock"),
        ("bind", "/run/serial.sock", "/run/serial-pc-07 <&>.sock"),
    ],
)
def test_a_server_that_many_connect_to_stays_and_an_own_socket_is_new(
    mode: str, path: str, becomes: str
) -> None:
    source = SOURCE.replace("mode='bind' path='/run/web.sock'", f"mode='{mode}' path='{path}'")
    root = etree.fromstring(clone_xml(source, MACHINE, SPEC))
    paths = [each.get("path") for each in root.iterfind("devices/channel/source")]
    assert becomes in paths


def test_what_only_one_machine_can_have_is_left_out_and_said() -> None:
    root = made()
    for gone in ("hostdev", "interface[@type='hostdev']", "tpm"):
        assert root.find(f"devices/{gone}") is None
    hints = read_hints(SOURCE)
    assert len(hints.left_out) == 3
    assert any("/srv/course" in each for each in hints.reminders)
    assert any("QEMU itself" in each for each in hints.reminders)
    assert hints.kernel_name
    assert hints.seed == "sda"


def test_the_mark_of_a_template_becomes_whose_clone_it_is() -> None:
    domain = read_domain_xml(
        clone_xml(SOURCE, MACHINE, SPEC, (UUID, "web")),
        Domain(domain_key("qemu:///system", OWN), "", DomainState.UNKNOWN),
    )
    assert (domain.is_template, domain.clone_of, domain.clone_of_name) == (False, UUID, "web")
    assert domain.tags == ("new",)
    full = read_domain_xml(
        clone_xml(SOURCE, MACHINE, replace(SPEC, tags=())),
        Domain(domain_key("qemu:///system", OWN), "", DomainState.UNKNOWN),
    )
    assert (full.is_template, full.clone_of, full.tags) == (False, "", ())


def test_uefi_variables_are_a_copy_or_made_anew_from_the_firmwares() -> None:
    anew = made().find("os/nvram")
    assert anew is not None
    assert (anew.text, anew.get("template")) == (None, "/usr/share/vars.fd")
    copied = made(replace(MACHINE, nvram="/vm/pc-07_VARS.fd")).find("os/nvram")
    assert copied is not None
    assert copied.text == "/vm/pc-07_VARS.fd"


def test_the_text_is_ascii_and_an_unfit_name_is_refused() -> None:
    assert clone_xml(SOURCE, replace(MACHINE, name="ü\x85"), SPEC).isascii()
    with pytest.raises(UnfitText):
        clone_xml(SOURCE, replace(MACHINE, name="a\x07"), SPEC)


def test_a_machine_that_has_everything_is_cloned() -> None:
    xml = (Path(__file__).parent / "samples/qemu-everything.xml").read_text()
    known = Domain(domain_key("qemu:///system", "x"), "", DomainState.OFF)
    domain = read_domain_xml(xml, known)
    plan = replace(
        MACHINE,
        macs=tuple(
            (each.mac, f"52:54:00:b0:00:{n:02x}") for n, each in enumerate(domain.interfaces)
        ),
        disks=tuple(PlannedDisk(disk.target, DiskChoice.OUT) for disk in domain.disks),
        seed_path="",
    )
    again = read_domain_xml(clone_xml(xml, plan, SPEC), known)
    assert again.disks == ()
    assert again.memory_bytes == domain.memory_bytes
    assert not {each.mac for each in again.interfaces} & {each.mac for each in domain.interfaces}


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<os><type>exe</type></os>", "container"),
        ("<os><type>hvm</type></os>", ""),
    ],
)
def test_a_container_cant_be_cloned(inside: str, says: str) -> None:
    obstacles = read_hints(f"<domain>{inside}</domain>").obstacles
    assert says in "".join(obstacles)
    assert bool(obstacles) == bool(says)


def test_an_encrypted_disk_is_named() -> None:
    xml = (
        "<domain><devices><disk><source file='/a'><encryption format='luks'/></source>"
        "<target dev='vda'/></disk></devices></domain>"
    )
    assert "encrypted" in read_hints(xml).disk_obstacles["vda"]
