"""How large the files are that guests run on, where no pool tells."""

from collections.abc import Iterable

import libvirt

from vmgui.hypervisor.errors import is_cut
from vmgui.hypervisor.stores import id_of_path


def sizes_of_guests(
    conn: libvirt.virConnect, uuids: Iterable[str]
) -> dict[str, tuple[int | None, int | None]]:
    """Return virtual size and allocation of what guests run on, by id: courtesy figures."""
    handles = []
    sizes: dict[str, tuple[int | None, int | None]] = {}
    try:
        handles = [conn.lookupByUUIDString(uuid) for uuid in uuids]
        stats = (
            conn.domainListGetStats(
                handles,
                libvirt.VIR_DOMAIN_STATS_BLOCK,
                libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING
                | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
            )
            if handles
            else ()
        )
    except libvirt.libvirtError as error:
        if is_cut(error):
            raise
        return {}  # a driver without the call, or a machine that went
    for _, figures in stats:
        for index in range(figures.get("block.count", 0)):
            path = figures.get(f"block.{index}.path")
            if path:
                taken = figures.get(f"block.{index}.allocation") or figures.get(
                    f"block.{index}.physical"
                )
                sizes[id_of_path(path)] = (figures.get(f"block.{index}.capacity"), taken)
    return sizes
