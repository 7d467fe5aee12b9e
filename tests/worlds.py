"""Writes worlds for libvirt's test driver: files that ``test:///PATH`` loads.

The same arguments give the same bytes. Format: libvirt's examples/xml/test and the namespace
http://libvirt.org/schemas/domain/test/1.0.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from vmgui.inventory.domain import METADATA_URI

TEST_NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"

HOSTILE_NAMES = (
    "<b>x<i>y",
    "<img src='x' onerror='y'>",
    "&amp; &lt;b&gt; &#65;",
    'it\'s "quoted" `id` $(id) ; rm -rf ~',
    "-rf",
    "%s %d {0} {name}",
    " space before and after ",
    "ghost \N{GHOST}\N{VARIATION SELECTOR-16} e\N{COMBINING ACUTE ACCENT}",
    "שלום \N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
    "zero\N{ZERO WIDTH SPACE}width\N{NO-BREAK SPACE}",
    "a very long name " + "ab" * 91 + ".",
    "tab\there",
    "]]> <!-- --> <?pi?>",
    "back\\slash .. *?[a-z]",
)
"""Names that libvirt accepts and that a program may stumble over; one has 200 letters.

libvirt itself refuses newlines and slashes.
"""

TAGS = (("lab",), ("lab", "web"), ("database", "keep"), (), ("classroom ä",))
SYSTEMS = (
    "http://debian.org/debian/12",
    "http://microsoft.com/win/2k22",
    "http://ubuntu.com/ubuntu/22.04",
    "http://fedoraproject.org/fedora/39",
)

_RUNNING, _PAUSED, _OFF, _CRASHED = 1, 3, 5, 6
_STATES = (_RUNNING,) * 12 + (_PAUSED,) * 2 + (_OFF,) * 5 + (_CRASHED,)

_FIRST_SNAPSHOT_S = 1_700_000_000


def machine_uuid(index: int) -> str:
    """Return the UUID of the machine that is written as number ``index`` (from 0)."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"machine-{index}.example"))


def machine_name(index: int, *, hostile: bool = False) -> str:
    """Return the name of the machine that is written as number ``index`` (from 0)."""
    if hostile and index < len(HOSTILE_NAMES):
        return HOSTILE_NAMES[index]
    return f"{('web', 'db', 'lab', 'build')[index % 4]}-{index:04}"


def write_world(
    path: Path,
    *,
    domains: int = 10,
    hostile: bool = False,
    networks: int = 2,
    pools: int = 2,
    volumes: int = 3,
    snapshot_every: int = 10,
) -> str:
    """Write a world to ``path`` and return the URI that opens it.

    Of 20 machines 12 run, 2 are paused, 5 are off (every other of them saved) and 1 has crashed.
    With ``hostile`` the first have `HOSTILE_NAMES`. Every ``snapshot_every``-th machine has two
    snapshots, 0 means none. ``volumes`` counts those of each pool.
    """
    with path.open("w", encoding="utf-8") as file:
        file.write("<node>\n")
        file.writelines(_network(index) for index in range(networks))
        file.writelines(_pool(index, volumes) for index in range(pools))
        for index in range(domains):
            name = machine_name(index, hostile=hostile)
            with_snapshots = snapshot_every > 0 and index % snapshot_every == 0
            file.write(_machine(index, name, with_snapshots=with_snapshots))
        file.write("</node>\n")
    return f"test://{path}"


def _machine(index: int, name: str, *, with_snapshots: bool) -> str:
    state = _STATES[index % len(_STATES)]
    saved = "<test:hasmanagedsave/>" if state == _OFF and index % 2 else ""
    snapshots = "".join(_snapshots(index, name, state)) if with_snapshots else ""
    return (
        f"<domain type='test' xmlns:test='{TEST_NAMESPACE}'>"
        f"{_definition(index, name)}"
        f"<test:runstate>{state}</test:runstate>{saved}{snapshots}</domain>\n"
    )


def _definition(index: int, name: str) -> str:
    memory_mib = 512 << index % 4
    vcpus = 1 + index % 4
    mac = f"52:54:00:{index >> 16 & 255:02x}:{index >> 8 & 255:02x}:{index & 255:02x}"
    tags = "".join(f"<vmgui:tag>{escape(tag)}</vmgui:tag>" for tag in TAGS[index % len(TAGS)])
    disk = escape(f"/var/lib/libvirt/images/machine-{index}.qcow2")
    return f"""
<name>{escape(name)}</name>
<uuid>{machine_uuid(index)}</uuid>
<title>{escape(f"Machine {index}: {name}")}</title>
<description>{escape(f"Serves <b>{name}</b> & others.")}
Second line.</description>
<metadata>
  <libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>
    <libosinfo:os id={quoteattr(SYSTEMS[index % len(SYSTEMS)])}/>
  </libosinfo:libosinfo>
  <vmgui:tags xmlns:vmgui='{METADATA_URI}'>{tags}</vmgui:tags>
</metadata>
<memory unit='MiB'>{memory_mib * 2}</memory>
<currentMemory unit='MiB'>{memory_mib}</currentMemory>
<vcpu placement='static' current='{vcpus}'>{vcpus * 2}</vcpu>
<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/><boot dev='network'/></os>
<features><acpi/><apic/><vmport state='off'/></features>
<cpu mode='host-passthrough' check='none' migratable='on'/>
<clock offset='utc'>
  <timer name='rtc' tickpolicy='catchup'/><timer name='hpet' present='no'/>
</clock>
<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
<devices>
  <emulator>/usr/bin/qemu-system-x86_64</emulator>
  <disk type='file' device='disk'>
    <driver name='qemu' type='qcow2' discard='unmap'/>
    <source file='{disk}'/>
    <target dev='vda' bus='virtio'/>
  </disk>
  <disk type='volume' device='disk'>
    <driver name='qemu' type='raw'/>
    <source pool='pool-0' volume='volume-{index}.raw'/>
    <target dev='vdb' bus='virtio'/>
  </disk>
  <disk type='file' device='cdrom'>
    <driver name='qemu' type='raw'/><target dev='sda' bus='sata'/><readonly/>
  </disk>
  <controller type='usb' index='0' model='qemu-xhci' ports='15'/>
  <controller type='sata' index='0'/>
  <controller type='virtio-serial' index='0'/>
  <interface type='network'>
    <mac address='{mac}'/><source network='network-0'/>
    <target dev='vnet{index}'/><model type='virtio'/>
  </interface>
  <serial type='pty'><target type='isa-serial' port='0'/></serial>
  <console type='pty'><target type='serial' port='0'/></console>
  <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
  <input type='tablet' bus='usb'/>
  <graphics type='vnc' port='{5900 + index % 1000}' autoport='no' listen='127.0.0.1'/>
  <video><model type='virtio' heads='1' primary='yes'/></video>
  <memballoon model='virtio'/>
  <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices>
"""


def _snapshots(index: int, name: str, state: int) -> Iterator[str]:
    before = ""
    snapshot_state = "running" if state == _RUNNING else "shutoff"
    memory = "internal" if state == _RUNNING else "no"
    for number, snapshot in enumerate(("fresh", "before <update>")):
        yield (
            f"<test:domainsnapshot><name>{escape(snapshot)}</name>"
            f"<description>{escape(f'Number {number} of {name}')}</description>"
            f"<state>{snapshot_state}</state>{before}"
            f"<creationTime>{_FIRST_SNAPSHOT_S + 3600 * number}</creationTime>"
            f"<memory snapshot='{memory}'/>"
            f"<disks><disk name='vda' snapshot='internal'/></disks>"
            f"<domain type='test'>{_definition(index, name)}</domain>"
            f"<active>{number}</active></test:domainsnapshot>"
        )
        before = f"<parent><name>{escape(snapshot)}</name></parent>"


def _network(index: int) -> str:
    subnet = f"10.{index // 250}.{index % 250}"
    forward = "<forward mode='nat'/>" if index % 2 == 0 else ""
    return (
        f"<network><name>network-{index}</name>"
        f"<uuid>{uuid.uuid5(uuid.NAMESPACE_DNS, f'network-{index}.example')}</uuid>"
        f"{forward}<bridge name='virbr{index}' stp='on' delay='0'/>"
        f"<ip address='{subnet}.1' netmask='255.255.255.0'>"
        f"<dhcp><range start='{subnet}.2' end='{subnet}.99'/></dhcp></ip></network>\n"
    )


def _pool(index: int, volumes: int) -> str:
    held = "".join(
        f"<volume><name>volume-{number} &amp; co.qcow2</name><capacity unit='GiB'>1</capacity>"
        "<allocation unit='MiB'>10</allocation><target><format type='qcow2'/></target></volume>"
        for number in range(volumes)
    )
    return (
        f"<pool type='dir'><name>pool-{index}</name>"
        f"<uuid>{uuid.uuid5(uuid.NAMESPACE_DNS, f'pool-{index}.example')}</uuid>"
        f"<target><path>/pools/{index}</path></target>{held}</pool>\n"
    )
