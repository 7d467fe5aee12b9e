from dataclasses import replace
from pathlib import Path

import pytest

from vmgui.hypervisor.errors import UnreadableXml
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.inventory.domain import AgentState, Disk, Domain, DomainState, Interface, Screen
from vmgui.inventory.key import domain_key

SAMPLES = Path(__file__).parent / "samples"
KNOWN = Domain(domain_key("test:///x", "some-uuid"), "known", DomainState.PAUSED)


def read(xml: str) -> Domain:
    return read_domain_xml(xml, KNOWN)


def sample(name: str) -> Domain:
    return read((SAMPLES / f"{name}.xml").read_text(encoding="utf-8"))


def devices(xml: str) -> Domain:
    return read(f"<domain><devices>{xml}</devices></domain>")


def test_running_machine_of_a_real_libvirtd() -> None:
    domain = sample("qemu-running")
    assert domain.read_fully
    assert (domain.name, domain.title, domain.os_name) == ("live-01", "A title", "Debian 12")
    assert (domain.hypervisor_type, domain.os_type) == ("qemu", "hvm")
    assert (domain.arch, domain.machine, domain.cpu_mode) == ("x86_64", "pc-q35-7.2", "custom")
    assert domain.run_id == 3
    assert (domain.vcpus, domain.vcpus_max) == (1, 2)
    assert domain.memory_bytes == domain.memory_max_bytes == 976_896 * 1024
    assert domain.firmware == "BIOS"
    assert domain.has_serial
    assert domain.agent is AgentState.DISCONNECTED
    assert domain.disks[0] == Disk(
        "vda",
        bus="virtio",
        source="/var/lib/libvirt/images/top.ext",
        format="qcow2",
        backing=tuple(f"/var/lib/libvirt/images/{n}.qcow2" for n in ("top", "mid", "base")),
    )
    assert domain.disks[1] == Disk("sda", "cdrom", "sata", read_only=True)
    assert domain.interfaces == (Interface("52:54:00:89:d7:fc", "user", model="virtio"),)
    assert domain.screens == (Screen("vnc", "127.0.0.1", 5900),)


def test_what_xml_does_not_tell_is_kept() -> None:
    known = replace(
        KNOWN,
        state_reason="by a person",
        persistent=False,
        autostart=True,
        has_managed_save=True,
        snapshot_count=4,
        state_since_s=17.0,
    )
    domain = read_domain_xml("<domain type='kvm'/>", known)
    told = replace(known, read_fully=True, hypervisor_type="kvm", vcpus=1, vcpus_max=1, firmware="")
    assert replace(domain, firmware="") == told


def test_disks_of_every_kind_are_named_by_what_they_are_on() -> None:
    found = {disk.target: (disk.device, disk.source) for disk in sample("qemu-everything").disks}
    assert found == {
        "vda": ("disk", "/images/top.qcow2"),
        "sda": ("lun", "/dev/sdz"),
        "fda": ("floppy", "/srv/floppy"),
        "vdb": ("disk", "pool/image"),
        "vdc": ("disk", "nbd"),
        "vdd": ("disk", "default/data.qcow2"),
        "vde": ("disk", "0000:01:00.0"),
        "vdf": ("disk", "/run/vhost-blk.sock"),
        "vdg": ("disk", "/dev/vhost-vdpa-0"),
        "sdb": ("cdrom", ""),
        "": ("cube", ""),
    }


def test_backing_chain_is_followed_through_files_devices_and_networks() -> None:
    first = sample("qemu-everything").disks[0]
    assert first.backing == ("/dev/vg/middle", "pool/base")
    assert first.shareable
    assert not first.read_only


def test_interfaces_of_every_kind_are_named_by_what_they_are_on() -> None:
    found = [(nic.kind, nic.source) for nic in sample("qemu-everything").interfaces]
    assert found == [
        ("network", "default"),
        ("bridge", "br0"),
        ("direct", "eth0"),
        ("ethernet", ""),
        ("hostdev", "0000:81:10.1"),
        ("vhostuser", "/run/vhost1.sock"),
        ("vdpa", "/dev/vhost-vdpa-1"),
        ("udp", "10.0.0.1:5558"),
        ("user", ""),
        ("null", ""),
    ]
    assert sample("qemu-everything").interfaces[3].target == "tap9"


def test_screens_tell_where_they_listen() -> None:
    assert sample("qemu-everything").screens == (
        Screen("spice", "0.0.0.0", 5901),
        Screen("vnc", "/run/vnc.sock"),
        Screen("vnc", "192.168.122.1", 5903),
        Screen("spice", "", 5904),
        Screen("egl-headless"),
        Screen("sdl"),
    )


def test_texts_memory_and_agent_of_a_full_machine() -> None:
    domain = sample("qemu-everything")
    assert domain.title == "Every <kind> of device"
    assert domain.description == "First line\n  second line & more"
    assert domain.tags == ("lab", "no namespace")
    assert domain.os_name == "Windows Server 2012 R2"
    assert (domain.memory_bytes, domain.memory_max_bytes) == (1 << 30, 4 << 30)
    assert (domain.vcpus, domain.vcpus_max) == (3, 8)
    assert domain.cpu_mode == "host-model"
    assert domain.agent is AgentState.CONNECTED
    assert domain.run_id is None
    assert domain.nvram_path == "/var/lib/libvirt/qemu/nvram/everything_VARS.qcow2"


@pytest.mark.parametrize(
    ("name", "firmware"),
    [
        ("qemu-everything", "UEFI, Secure Boot"),
        ("qemu-running", "BIOS"),
        ("bhyve", "UEFI"),
        ("esx", "UEFI"),
        ("vbox", "BIOS"),
        ("xen", ""),
        ("lxc", ""),
    ],
)
def test_firmware_of_each_hypervisor(name: str, firmware: str) -> None:
    assert sample(name).firmware == firmware


HVM = "<type arch='x86_64'>hvm</type>"
SECURE_BOOT = "<feature name='secure-boot' enabled='%s'/>"


@pytest.mark.parametrize(
    ("os", "firmware"),
    [
        (f"<os>{HVM}</os>", "BIOS"),
        (f"<os firmware='bios'>{HVM}</os>", "BIOS"),
        (f"<os firmware='efi'>{HVM}</os>", "UEFI"),
        (f"<os>{HVM}<loader type='rom'>/usr/share/seabios/bios.bin</loader></os>", "BIOS"),
        (f"<os>{HVM}<loader>/usr/share/ovmf/OVMF.fd</loader></os>", "UEFI"),
        (f"<os>{HVM}<loader type='pflash'>/x</loader></os>", "UEFI"),
        (f"<os>{HVM}<loader type='pflash' secure='no'>/x</loader></os>", "UEFI"),
        (f"<os>{HVM}<loader type='pflash' secure='yes'>/x</loader></os>", "UEFI, Secure Boot"),
        (
            f"<os firmware='efi'>{HVM}<firmware>{SECURE_BOOT % 'no'}</firmware></os>",
            "UEFI",
        ),
        (
            f"<os firmware='efi'>{HVM}<firmware>{SECURE_BOOT % 'yes'}</firmware></os>",
            "UEFI, Secure Boot",
        ),
        ("<os><type arch='s390x'>hvm</type></os>", ""),
        ("<os><type arch='aarch64'>hvm</type><loader type='pflash'>/A</loader></os>", "UEFI"),
        (f"<bootloader>bhyveload</bootloader><os>{HVM}</os>", ""),
    ],
)
def test_firmware_is_told_from_attribute_or_loader(os: str, firmware: str) -> None:
    assert read(f"<domain>{os}</domain>").firmware == firmware


def test_paravirtual_xen_guest() -> None:
    domain = sample("xen")
    assert (domain.os_type, domain.machine) == ("linux", "xenpv")
    assert (domain.vcpus, domain.vcpus_max) == (2, 4)
    assert (domain.memory_bytes, domain.memory_max_bytes) == (512 << 20, 1 << 30)
    assert domain.disks == (
        Disk("xvda", bus="xen", source_type="block", source="/dev/vg0/guest", format="raw"),
    )
    assert domain.screens == (Screen("vnc", "127.0.0.1", None),)


def test_container_has_a_console_and_no_disk() -> None:
    domain = sample("lxc")
    assert (domain.hypervisor_type, domain.os_type, domain.machine) == ("lxc", "exe", "")
    assert domain.disks == ()
    assert domain.has_serial
    assert domain.interfaces[0].source == "default"


def test_esx_and_virtualbox_machines() -> None:
    esx, vbox = sample("esx"), sample("vbox")
    assert esx.name == "Fedora [old] + 100%"
    assert esx.disks[0].source == "[datastore1] Fedora/Fedora.vmdk"
    assert [nic.kind for nic in esx.interfaces] == ["bridge", "vds"]
    assert esx.agent is AgentState.NONE
    assert vbox.disks[0] == Disk("fda", "floppy", "fdc")
    assert vbox.interfaces[1].source == "intnet"
    assert vbox.screens == (Screen("desktop"), Screen("rdp", "", 3389))
    assert vbox.run_id is None
    assert not vbox.has_serial


@pytest.mark.parametrize(
    ("memory", "bytes_"),
    [
        ("<memory>1024</memory>", 1 << 20),
        ("<memory unit='KiB'> 1024 </memory>", 1 << 20),
        ("<memory unit='k'>1</memory>", 1024),
        ("<memory unit='KB'>1</memory>", 1000),
        ("<memory unit='gIb'>2</memory>", 2 << 30),
        ("<memory unit='G'>2</memory>", 2 << 30),
        ("<memory unit='gb'>2</memory>", 2_000_000_000),
        ("<memory unit='TiB'>1</memory>", 1 << 40),
        ("<memory unit='bytes'>7</memory>", 7),
        ("<memory unit='B'>7</memory>", 7),
        ("<memory unit='furlong'>7</memory>", 0),
        ("<memory>-1</memory>", 0),
        ("<memory>lots</memory>", 0),
        (f"<memory>{'9' * 5000}</memory>", 0),
        (f"<memory unit='EiB'>{2**62}</memory>", 0),
        ("<memory/>", 0),
        ("", 0),
    ],
)
def test_memory_in_every_unit_that_libvirt_takes(memory: str, bytes_: int) -> None:
    domain = read(f"<domain>{memory}</domain>")
    assert (domain.memory_bytes, domain.memory_max_bytes) == (bytes_, bytes_)


@pytest.mark.parametrize(
    ("vcpu", "now", "most"),
    [
        ("", 1, 1),
        ("<vcpu>4</vcpu>", 4, 4),
        ("<vcpu current='2'>4</vcpu>", 2, 4),
        ("<vcpu current='two'>4</vcpu>", 4, 4),
        ("<vcpu>many</vcpu>", 1, 1),
    ],
)
def test_vcpus(vcpu: str, now: int, most: int) -> None:
    domain = read(f"<domain>{vcpu}</domain>")
    assert (domain.vcpus, domain.vcpus_max) == (now, most)


def test_machine_without_any_element_keeps_the_name_that_libvirt_gave() -> None:
    domain = read("<domain/>")
    assert domain.name == "known"
    assert not any((domain.disks, domain.interfaces, domain.screens, domain.tags))
    assert domain.agent is AgentState.NONE


def test_empty_devices_have_no_error() -> None:
    domain = devices("<disk/><interface/><graphics/><channel/><channel><target/></channel>")
    assert domain.disks == (Disk("", "disk", "", "file"),)
    assert domain.interfaces == (Interface("", "", ""),)
    assert domain.screens == (Screen("", "", None),)
    assert domain.agent is AgentState.NONE


def test_hardware_address_with_parts_missing() -> None:
    xml = "<interface type='hostdev'><source><address bus='0x3'/></source></interface>"
    assert devices(xml).interfaces[0].source == "0000:03:00.0"


def test_description_of_something_else_is_refused() -> None:
    with pytest.raises(UnreadableXml, match="something else: network"):
        read("<network/>")
