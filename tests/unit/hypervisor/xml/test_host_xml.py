from pathlib import Path

from vmgui.hypervisor.xml.host import Capabilities, read_capabilities_xml, read_sysinfo_xml
from vmgui.inventory.host import NumaCell

SAMPLES = Path(__file__).parent / "samples"


def test_capabilities_of_a_real_libvirtd() -> None:
    xml = (SAMPLES / "qemu-capabilities.xml").read_text(encoding="utf-8")
    assert read_capabilities_xml(xml) == Capabilities(
        arch="x86_64",
        cpu_model="kvm64",
        cpu_vendor="AMD",
        cpus=2,
        sockets=1,
        cores=2,
        threads=1,
        numa=(NumaCell(0, 8_087_756 * 1024, 2),),
        guest_types=("qemu", "kvm"),
        guest_archs=("i686", "x86_64"),
        security_model="dac",
    )


def test_two_sockets_in_two_numa_nodes() -> None:
    cells = "".join(
        f"<cell id='{cell}'><memory unit='KiB'>1024</memory><cpus num='2'>"
        f"<cpu id='{2 * cell}' socket_id='{cell}' core_id='0'/>"
        f"<cpu id='{2 * cell + 1}' socket_id='{cell}' core_id='0'/></cpus></cell>"
        for cell in range(2)
    )
    told = read_capabilities_xml(
        "<capabilities><host><cpu><topology sockets='1' cores='1' threads='2'/></cpu>"
        f"<topology><cells num='2'>{cells}</cells></topology>"
        "<secmodel><model>apparmor</model></secmodel><secmodel><model>dac</model></secmodel>"
        "</host></capabilities>"
    )
    assert (told.sockets, told.cores, told.threads, told.cpus) == (2, 1, 2, 4)
    assert told.numa == (NumaCell(0, 1 << 20, 2), NumaCell(1, 1 << 20, 2))
    assert told.security_model == "apparmor, dac"


def test_host_that_tells_nothing() -> None:
    assert read_capabilities_xml("<capabilities/>") == Capabilities()


def test_maker_and_model() -> None:
    xml = (SAMPLES / "sysinfo.xml").read_text(encoding="utf-8")
    assert read_sysinfo_xml(xml) == "LENOVO ThinkPad X230"
    assert read_sysinfo_xml("<sysinfo type='smbios'><bios/></sysinfo>") == ""
    assert (
        read_sysinfo_xml("<sysinfo><system><entry name='product'> X </entry></system></sysinfo>")
        == "X"
    )
