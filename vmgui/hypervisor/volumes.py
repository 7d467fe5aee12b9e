"""What is done to storage volumes: made, copied, filled and deleted, all by the host's daemon.

Each function takes a libvirt connection and a pool's UUID, and raises libvirtError.
Format: https://libvirt.org/formatstorage.html.
"""

import contextlib

import libvirt
from lxml import etree

from vmgui.hypervisor.xml.metadata import check_text


def make_volume(
    conn: libvirt.virConnect,
    pool: str,
    name: str,
    format_: str,
    capacity_bytes: int,
    backing: tuple[str, str] = ("", ""),
) -> None:
    """Make an empty volume; ``backing`` is path and format of what it reads from.

    A file takes only what is written to it.
    """
    _pool(conn, pool).createXML(volume_xml(name, format_, capacity_bytes, backing))


def copy_volume(
    conn: libvirt.virConnect, pool: str, name: str, format_: str, capacity_bytes: int, source: str
) -> None:
    """Make a volume with what the volume at the path ``source`` holds, its base included.

    Takes as long as it takes, and can't be broken off; fails where the name is taken.
    """
    xml = volume_xml(name, format_, capacity_bytes)
    _pool(conn, pool).createXMLFrom(xml, conn.storageVolLookupByPath(source))


def fill_volume(conn: libvirt.virConnect, pool: str, name: str, data: bytes) -> None:
    """Make a raw volume that holds ``data``; where it can't be filled it is taken back."""
    volume = _pool(conn, pool).createXML(volume_xml(name, "raw", len(data)))
    try:
        _upload(conn, volume, data)
    except BaseException:
        with contextlib.suppress(libvirt.libvirtError):
            volume.delete()
        raise


def _upload(conn: libvirt.virConnect, volume: libvirt.virStorageVol, data: bytes) -> None:
    stream = conn.newStream()
    try:
        volume.upload(stream, 0, len(data))
        sent = 0
        while sent < len(data):
            sent += stream.send(data[sent : sent + 65536])
        stream.finish()
    except BaseException:
        with contextlib.suppress(libvirt.libvirtError):
            stream.abort()
        raise


def volume_bytes(conn: libvirt.virConnect, pool: str, name: str) -> int:
    """Return what a volume takes now, also while it is being copied."""
    allocation: int = _pool(conn, pool).storageVolLookupByName(name).info()[2]
    return allocation


def delete_volume(conn: libvirt.virConnect, pool: str, name: str) -> bool:
    """Delete a volume, also one that a daemon left half-made; return whether there was one.

    Waits for nothing: libvirt refuses while the volume is still being made.
    """
    of = _pool(conn, pool)
    with contextlib.suppress(libvirt.libvirtError):
        # What a daemon had begun before it was killed is known only after a look.
        of.refresh(0)
    try:
        volume = of.storageVolLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_VOL:
            return False
        raise
    volume.delete()
    return True


def refresh_pool(conn: libvirt.virConnect, pool: str) -> None:
    """Have libvirt look what a pool holds now."""
    _pool(conn, pool).refresh(0)


def volume_xml(
    name: str, format_: str, capacity_bytes: int, backing: tuple[str, str] = ("", "")
) -> str:
    """Return the description of a new volume."""
    root = etree.Element("volume")
    etree.SubElement(root, "name").text = check_text(name)
    etree.SubElement(root, "capacity", unit="bytes").text = str(capacity_bytes)
    if format_ == "raw":
        # Else libvirt takes all of it at once.
        etree.SubElement(root, "allocation", unit="bytes").text = "0"
    target = etree.SubElement(root, "target")
    etree.SubElement(target, "format", type=format_)
    if format_ == "qcow2":
        # The oldest of its versions that has lazy zeroes and large tables; every QEMU reads it.
        etree.SubElement(target, "compat").text = "1.1"
    path, kind = backing
    if path:
        store = etree.SubElement(root, "backingStore")
        etree.SubElement(store, "path").text = check_text(path)
        etree.SubElement(store, "format", type=kind)
    return etree.tostring(root, encoding="us-ascii", xml_declaration=False).decode()


def _pool(conn: libvirt.virConnect, uuid: str) -> libvirt.virStoragePool:
    return conn.storagePoolLookupByUUIDString(uuid)
