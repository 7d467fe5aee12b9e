"""What a lab's hosts are told: libvirt's configuration, the network, the pool, the guests.

Everything is written as the files that libvirt itself keeps, before its daemon starts: so the
lab needs no client, and the guests start with their host.
"""

import hashlib
import itertools
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from vmgui.inventory.domain import METADATA_URI

# Where a host sees its own files.
INSIDE_BOOT = "/var/lib/libvirt/boot"
INSIDE_SOCKETS = "/var/lib/libvirt/sockets"
INSIDE_LOGS = "/var/log/libvirt"
INSIDE_IMAGES = "/var/lib/libvirt/images"
INSIDE_SHARED = "/var/lib/libvirt/shared"
INSIDE_PEERS = "/var/lib/libvirt/peers"
INSIDE_BEATS = "/var/lib/libvirt/beats"
BEATS_SOCKET = "socket"

GUEST_MEMORY_MIB = 96
GUEST_DISK_MIB = 64
_SHARED_INDEX = 1

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, METADATA_URI)

_LIBVIRTD_CONF = """\
host_uuid = "{uuid}"
unix_sock_dir = "{sockets}"
unix_sock_rw_perms = "0700"
unix_sock_ro_perms = "0700"
auth_unix_rw = "none"
auth_unix_ro = "none"
log_outputs = "3:stderr"
"""

# security_driver, cgroups, namespaces and ownership need what only the machine's real root has.
# hugetlbfs_mount: the machine's huge pages are not the lab's to touch.
_QEMU_CONF = """\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
stdio_handler = "file"
hugetlbfs_mount = []
shared_filesystems = ["{shared}"]
"""

# libvirt looks up the account that its distribution built in before it reads qemu.conf, and ends
# without it; the account comes with the packages that set a daemon up for the whole system.
_ACCOUNTS = ("libvirt-qemu", "qemu", "kvm")
_ACCOUNT_ID = 64055
_ACCOUNT_FILES = {
    "passwd": "{name}:x:{id}:{id}::/var/lib/libvirt:/usr/sbin/nologin",
    "group": "{name}:x:{id}:",
}

# no-ping: else dnsmasq waits 3 s for somebody to use the address that it is about to lend.
_NETWORK = """\
<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>default</name>
  <uuid>{uuid}</uuid>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='off' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
  </ip>
  <dnsmasq:options><dnsmasq:option value='no-ping'/></dnsmasq:options>
</network>
"""

_POOL = """\
<pool type='dir'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <target><path>{images}</path></target>
</pool>
"""

_NETWORKED = "<interface type='network'><source network='default'/>"
_USER_MODE = "<interface type='user'>"

_GUEST = """\
<domain type='{virt_type}'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <title>{title}</title>
  <description>{description}</description>
  <metadata>
    <vmgui:tags xmlns:vmgui={metadata_uri}>{tags}</vmgui:tags>
  </metadata>
  <memory unit='MiB'>{memory_mib}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{boot}/vmlinuz</kernel>
    <initrd>{boot}/initramfs</initrd>
    <cmdline>console=tty0 console=ttyS0 quiet nokaslr vmgui.name={name} vmgui.role={role}</cmdline>
  </os>
  <features><acpi/></features>
  <on_reboot>restart</on_reboot>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{images}/{name}.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    {interface}<mac address='{mac}'/><model type='virtio'/><rom enabled='no'/></interface>
    <serial type='pty'>
      <log file='{logs}/{name}-serial.log' append='on'/>
      <target port='0'/>
    </serial>
    <serial type='unix'>
      <source mode='connect' path='{beats}'><reconnect enabled='yes' timeout='1'/></source>
      <target port='1'/>
    </serial>
    <console type='pty'><target type='serial'/></console>
    <graphics type='vnc'><listen type='socket'/></graphics>
    <video><model type='vga'/></video>
    <memballoon model='virtio'><stats period='2'/></memballoon>
  </devices>
</domain>
"""


@dataclass(frozen=True, slots=True)
class Role:
    """What a guest is for; it decides its name, its tags and the kind of its little work."""

    name: str
    title: str
    tags: tuple[str, ...]


ROLES = (
    Role("web", "Web server", ("classroom", "frontend")),
    Role("db", "Database", ("classroom", "backend")),
    Role("mail", "Mail server", ("classroom", "frontend")),
    Role("files", "File server", ("classroom", "backend")),
    Role("build", "Build machine", ("classroom",)),
    Role("wiki", "Course wiki", ("classroom", "frontend")),
    Role("cache", "Cache", ("classroom", "backend")),
    Role("desk", "Desktop", ("classroom",)),
)


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """A guest to be made; its name is found once in the whole lab, so that it can migrate.

    ``shared``: whether its disk lies in the pool that all hosts see.
    """

    name: str
    role: Role
    shared: bool = False

    @property
    def images(self) -> str:
        """The folder of its disk, as a host sees it."""
        return INSIDE_SHARED if self.shared else INSIDE_IMAGES


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A host to be made. ``networked``: whether its guests can be put on its network."""

    lab: str
    name: str
    virt_type: str
    networked: bool
    guests: tuple[GuestSpec, ...]
    memory_mib: int = GUEST_MEMORY_MIB


def host_name(index: int) -> str:
    """Return ``lab-a`` for 0, ``lab-b`` for 1, … ``lab-z`` for 25."""
    return f"lab-{chr(ord('a') + index)}"


def guest_specs(host_index: int, host_count: int, guest_count: int) -> tuple[GuestSpec, ...]:
    """Return the guests of one host: a role each, numbered through the hosts.

    The second one's disk is in the shared pool, so that two guests are one of either kind.
    """
    specs = []
    for index in range(guest_count):
        round_, role = divmod(index, len(ROLES))
        number = 1 + host_index + round_ * host_count
        name = f"{ROLES[role].name}-{number:02d}"
        specs.append(GuestSpec(name, ROLES[role], shared=index == _SHARED_INDEX))
    return tuple(specs)


def _identity(*path: str) -> uuid.UUID:
    """Return the same UUID for the same thing each time, so that its history goes on."""
    return uuid.uuid5(_NAMESPACE, "/".join(path))


def _mac(*path: str) -> str:
    digest = hashlib.sha256("/".join(path).encode()).digest()
    return f"52:54:00:{digest[0]:02x}:{digest[1]:02x}:{digest[2]:02x}"


def guest_xml(host: HostSpec, guest: GuestSpec) -> str:
    """Return a guest's definition."""
    return _GUEST.format(
        virt_type=host.virt_type,
        name=guest.name,
        uuid=_identity(host.lab, guest.name),
        title=escape(f"{guest.role.title} {guest.name.rpartition('-')[2]}"),
        description=escape(f"A tiny Linux of the lab, at home on {host.name}."),
        metadata_uri=quoteattr(METADATA_URI),
        tags="".join(f"<vmgui:tag>{escape(tag)}</vmgui:tag>" for tag in guest.role.tags),
        memory_mib=host.memory_mib,
        boot=INSIDE_BOOT,
        role=guest.role.name,
        images=guest.images,
        interface=_NETWORKED if host.networked else _USER_MODE,
        mac=_mac(host.lab, guest.name),
        logs=INSIDE_LOGS,
        beats=f"{INSIDE_BEATS}/{BEATS_SOCKET}",
    )


def write_shared(hosts: Iterable[HostSpec], folder: Path) -> None:
    """Write what lies in the pool that all hosts see: the disks of those guests."""
    folder.mkdir()
    for host in hosts:
        _make_disks((guest for guest in host.guests if guest.shared), folder)


def _make_disks(guests: Iterable[GuestSpec], folder: Path) -> None:
    for guest in guests:
        subprocess.run(
            [
                *("qemu-img", "create", "-q", "-f", "qcow2"),
                *(folder / f"{guest.name}.qcow2", f"{GUEST_DISK_MIB}M"),
            ],
            check=True,
        )


def write_host(host: HostSpec, folder: Path, hosts: str) -> None:
    """Write a host's configuration and its guests' disks under its folder.

    ``hosts`` is what its /etc/hosts says.
    """
    etc, lib = folder / "etc", folder / "lib"
    for made in (
        etc / "qemu" / "networks" / "autostart",
        etc / "qemu" / "autostart",
        etc / "storage" / "autostart",
        lib / "images",
        lib / "boot",
        lib / "sockets",
        lib / "shared",
        lib / "beats",
        lib / "peers",
        folder / "log",
    ):
        made.mkdir(parents=True)
    own = _identity(host.lab, host.name)
    (etc / "libvirtd.conf").write_text(_LIBVIRTD_CONF.format(uuid=own, sockets=INSIDE_SOCKETS))
    (etc / "qemu.conf").write_text(_QEMU_CONF.format(shared=INSIDE_SHARED))
    _define(
        etc / "qemu" / "networks",
        "default",
        _NETWORK.format(uuid=_identity(host.lab, host.name, "network")),
    )
    for pool, identity, images in (
        ("default", _identity(host.lab, host.name, "pool"), INSIDE_IMAGES),
        ("shared", _identity(host.lab, host.name, "shared"), INSIDE_SHARED),
    ):
        _define(etc / "storage", pool, _POOL.format(name=pool, uuid=identity, images=images))
    for guest in host.guests:
        _define(etc / "qemu", guest.name, guest_xml(host, guest))
    _make_disks((guest for guest in host.guests if not guest.shared), lib / "images")

    for file, entry in _ACCOUNT_FILES.items():
        known = Path("/etc", file).read_bytes().decode(errors="surrogateescape")
        (folder / file).write_bytes(_accounts(known, entry).encode(errors="surrogateescape"))
        # Daemons that gave up root (dnsmasq) look themselves up.
        (folder / file).chmod(0o644)
    (folder / "hosts").write_text(hosts)
    (folder / "hosts").chmod(0o644)


def peer_uri(host: str) -> str:
    """Return the URI by which the lab's other hosts reach a host, for peer-to-peer migration.

    libvirt takes no unix socket together with a host's name, and no migration to a peer without
    one; a daemon that listened on the switch would be open to every guest. What is tunnelled
    through it therefore doesn't pass the switch.
    """
    return f"qemu+ext://{host}/system?command={INSIDE_PEERS}/to-{host}"


def write_peers(hosts: Iterable[str], folder: Path) -> None:
    """Write the commands that :func:`peer_uri` names, in the folder of the hosts' sockets."""
    relay = "relay.py"
    shutil.copyfile(Path(__file__).with_name("host_relay.py"), folder / relay)
    for host in hosts:
        command = folder / f"to-{host}"
        command.write_text(
            f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S {INSIDE_PEERS}/{relay} "
            f"{INSIDE_PEERS}/{host}/libvirt-sock\n"
        )
        command.chmod(0o700)


def hosts_file(addresses: Mapping[str, str]) -> str:
    """Return hosts(5) for inside the lab, of the hosts' addresses by their names."""
    entries = {"127.0.0.1": "localhost", "::1": "localhost"}
    entries |= {address: name for name, address in addresses.items()}
    return "".join(f"{address}\t{name}\n" for address, name in entries.items())


def etc_mounts(folder: Path) -> list[tuple[Path, str]]:
    """Return where a host sees its accounts and its hosts(5), as `write_host` wrote them."""
    files = [*_ACCOUNT_FILES, *(["hosts"] if Path("/etc/hosts").is_file() else [])]
    return [(folder / file, f"/etc/{file}") for file in files]


def _accounts(known: str, entry: str) -> str:
    """Return the lines of ``known``, and one for each of libvirt's accounts that it lacks."""
    fields = [line.split(":") for line in known.splitlines()]
    names = {each[0] for each in fields}
    taken = {each[2] for each in fields if len(each) > 2}
    free = (number for number in itertools.count(_ACCOUNT_ID) if str(number) not in taken)
    made = [entry.format(name=name, id=next(free)) for name in _ACCOUNTS if name not in names]
    return "\n".join((known.rstrip("\n"), *made, ""))


def _define(folder: Path, name: str, xml: str) -> None:
    """Write a definition as libvirt keeps it, to be started with the daemon."""
    (folder / f"{name}.xml").write_text(xml)
    (folder / "autostart" / f"{name}.xml").symlink_to(f"../{name}.xml")
