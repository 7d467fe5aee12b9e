"""What storage pools a connection has, and what volumes a pool."""

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.reading import Marks, read_or_keep
from vmgui.hypervisor.xml.storage import read_pool_xml, read_volume_xml
from vmgui.inventory.key import Key
from vmgui.inventory.storage import Pool, Volume


def list_pools(conn: libvirt.virConnect, uri: str, abilities: Abilities) -> tuple[Pool, ...]:
    """Return all pools, none where the driver has none: four calls, and one for each.

    Sizes are as libvirt last saw them: nothing is refreshed. Volumes are not counted.
    """
    handles = abilities.ask("listAllStoragePools", conn.listAllStoragePools)
    if not handles:
        return ()
    marks = Marks(
        abilities,
        conn.listAllStoragePools,
        "listAllStoragePools",
        "VIR_CONNECT_LIST_STORAGE_POOLS",
    )
    read = (_read_pool(handle, uri, marks) for handle in handles)
    return tuple(pool for pool in read if pool is not None)


def list_volumes(
    conn: libvirt.virConnect, uri: str, abilities: Abilities, pool_uuid: str
) -> tuple[Volume, ...]:
    """Return the volumes of an active pool: two calls, and one for each volume.

    None where the driver can't list them. A volume whose name isn't text is left out: libvirt's
    binding can't hand it over.
    """
    pool = conn.storagePoolLookupByUUIDString(pool_uuid)
    handles = abilities.ask("listAllVolumes", pool.listAllVolumes) or []
    read = (_read_volume(handle, uri, pool_uuid) for handle in handles)
    return tuple(volume for volume in read if volume is not None)


def count_volumes(
    conn: libvirt.virConnect, _uri: str, abilities: Abilities, pool_uuid: str
) -> int | None:
    """Return how many volumes an active pool has, or None where the driver can't tell."""
    pool = conn.storagePoolLookupByUUIDString(pool_uuid)
    return abilities.ask("numOfVolumes", pool.numOfVolumes)


def _read_pool(handle: libvirt.virStoragePool, uri: str, marks: Marks) -> Pool | None:
    uuid = handle.UUIDString()
    key = Key(uri, "pool", uuid)
    known = Pool(key, handle.name(), **marks.of(uuid)._asdict())
    return read_or_keep(known, lambda: read_pool_xml(handle.XMLDesc(), known))


def _read_volume(handle: libvirt.virStorageVol, uri: str, pool_uuid: str) -> Volume | None:
    try:
        name = handle.name()
    except UnicodeDecodeError:
        return None
    key = Key(uri, "volume", f"{pool_uuid}/{name}")
    known = Volume(key, name)
    return read_or_keep(known, lambda: read_volume_xml(handle.XMLDesc(), known))
