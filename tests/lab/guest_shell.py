"""A machine of a test's own on a lab's host, and the shell on its guest's serial console."""

import contextlib
import copy
import queue
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import libvirt
from lxml import etree

_PATIENCE_S = 60.0
_SECTOR = 512


def define_guest(
    conn: libvirt.virConnect,
    like: str,
    name: str,
    *,
    size: str = "64M",
    stem: str = "",
    second: str = "",
    pool: str = "default",
) -> str:
    """Define a machine ``name`` like another, with an empty qcow2 disk; return its UUID.

    ``stem`` is the disk's name without its ending, "" for the machine's own. ``second`` is the
    format of a second disk, vdb, of the same size; ``pool`` holds both.
    """
    place = conn.storagePoolLookupByName(pool)
    root = etree.fromstring(conn.lookupByName(like).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    own = str(uuid.uuid4())
    _text(root, "name", name)
    _text(root, "uuid", own)
    disk = root.find("devices/disk")
    assert disk is not None
    _point(disk, _make_volume(place, f"{stem or name}.qcow2", size, "qcow2"), "qcow2")
    if second:
        other = copy.deepcopy(disk)
        _point(other, _make_volume(place, f"{name}-data.{second}", size, second), second)
        target = other.find("target")
        assert target is not None
        target.set("dev", "vdb")
        for address in other.findall("address"):
            other.remove(address)
        disk.addnext(other)
    for parent in root.iterfind("devices/interface"):
        for mac in parent.findall("mac"):
            parent.remove(mac)
    for part in ("serial", "console"):
        for device in root.iterfind(f"devices/{part}"):
            for log in device.findall("log"):
                device.remove(log)
    conn.defineXML(etree.tostring(root, encoding="unicode"))
    return own


def define_over(conn: libvirt.virConnect, like: str, name: str, path: str) -> None:
    """Define a machine ``name`` like another, whose first disk alone it has, on another file."""
    root = etree.fromstring(conn.lookupByName(like).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    _text(root, "name", name)
    _text(root, "uuid", str(uuid.uuid4()))
    first, *others = root.findall("devices/disk")
    _point(first, path, "qcow2")
    for device in (*others, *root.findall("devices/interface")):
        devices = device.getparent()
        assert devices is not None
        devices.remove(device)
    conn.defineXML(etree.tostring(root, encoding="unicode"))


def _make_volume(pool: libvirt.virStoragePool, name: str, size: str, form: str) -> str:
    volume = etree.Element("volume")
    etree.SubElement(volume, "name").text = name
    etree.SubElement(volume, "capacity", unit="M").text = size.removesuffix("M")
    etree.SubElement(etree.SubElement(volume, "target"), "format", type=form)
    made = pool.createXML(etree.tostring(volume).decode(), 0)
    path: str = made.path()
    return path


def _point(disk: etree._Element, path: str, form: str) -> None:
    for source in disk.iterfind("source"):
        source.set("file", path)
    for driver in disk.iterfind("driver"):
        driver.set("type", form)


def remove_guest(conn: libvirt.virConnect, own: str) -> None:
    """Remove a machine with all that is named after it."""
    name = conn.lookupByUUIDString(own).name()
    for domain in conn.listAllDomains():
        if domain.name().startswith(name):
            if domain.isActive():
                domain.destroy()
            domain.undefineFlags(
                libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
                | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
            )
    for pool in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        pool.refresh()
        for volume in pool.listAllVolumes():
            if volume.name().startswith(name):
                volume.delete()


class GuestShell:
    """A root shell on a guest's serial console. Blocks; each command has a minute."""

    def __init__(self, stream: libvirt.virStream) -> None:
        self._stream = stream
        self._number = 0
        self._told: queue.Queue[bytes] = queue.Queue()
        # A stream that doesn't block needs libvirt's events, which not every test has.
        self._reader = threading.Thread(target=self._read_on, name="guest console")
        self._reader.start()

    def close(self) -> None:
        """Let go of the console."""
        self._stream.abort()
        self._reader.join()

    def _read_on(self) -> None:
        with contextlib.suppress(libvirt.libvirtError):
            while got := self._stream.recv(4096):
                self._told.put(got)

    def run(self, command: str) -> str:
        """Return what ``command`` prints; fails where it fails."""
        self._number += 1
        # The console echoes the line, but not the words between which its output stands.
        self._send(f"echo BE''GIN {self._number}; {command}; echo E''ND {self._number} $?\n")
        whole = rf"BEGIN {self._number}\r?\n(.*?)END {self._number} (\d+)\r?\n"
        told = self._receive_until(pattern := re.compile(whole.encode(), re.DOTALL))
        found = pattern.search(told)
        assert found is not None, f"no end of {command!r}: {told!r}"
        text = found[1].decode(errors="replace").replace("\r", "")
        assert found[2] == b"0", f"{command!r} failed: {text}"
        return text

    def wait_until_up(self) -> None:
        """Return when the shell answers."""
        give_up_at = time.monotonic() + _PATIENCE_S
        while time.monotonic() < give_up_at:
            self._send("echo U''P\n")
            if b"UP\r\n" in self._receive_until(re.compile(rb"UP\r?\n"), 2.0):
                return
        raise AssertionError("the guest's shell never answered")

    def write(self, sector: int, text: str) -> None:
        """Write ``text`` to a sector of the disk, and see that it is there."""
        block = text.ljust(_SECTOR - 1, ".")
        self.run(
            f"echo {block} | dd of=/dev/vda bs={_SECTOR} seek={sector} conv=fsync,notrunc "
            "2>/dev/null && sync"
        )

    def read(self, sector: int) -> str:
        """Return what was written to a sector, from the disk and not from the guest's memory."""
        text = self.run(
            "sync; echo 3 >/proc/sys/vm/drop_caches; "
            f"dd if=/dev/vda bs={_SECTOR} skip={sector} count=1 2>/dev/null | tr -d '\\000.'; echo"
        )
        return text.strip()

    def _send(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[self._stream.send(data) :]

    def _receive_until(self, end: re.Pattern[bytes], patience_s: float = _PATIENCE_S) -> bytes:
        told = b""
        give_up_at = time.monotonic() + patience_s
        while not end.search(told):
            with contextlib.suppress(queue.Empty):
                told += self._told.get(timeout=max(0.0, give_up_at - time.monotonic()))
                continue
            break
        return told


@contextmanager
def guest_shell(domain: libvirt.virDomain) -> Iterator[GuestShell]:
    """Open the console of a machine that runs, and wait for the shell on it."""
    stream = domain.connect().newStream()
    domain.openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
    shell = GuestShell(stream)
    try:
        shell.wait_until_up()
        yield shell
    finally:
        shell.close()


def _text(root: etree._Element, name: str, text: str) -> None:
    element = root.find(name)
    assert element is not None
    element.text = text
