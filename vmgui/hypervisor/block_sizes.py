"""How large the files are that a guest runs on, where no pool tells."""

import libvirt

from vmgui.hypervisor.errors import is_cut

Sizes = tuple[int | None, int | None]
"""Virtual size and allocation, in bytes."""


def sizes_of_guest(conn: libvirt.virConnect, uuid: str) -> dict[str, Sizes]:
    """Return the sizes of what a guest runs on, by path; none where it can't tell.

    Blocks while the guest hangs, unless it is known to be busy.
    """
    try:
        stats = conn.domainListGetStats(
            [conn.lookupByUUIDString(uuid)],
            libvirt.VIR_DOMAIN_STATS_BLOCK,
            libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING
            | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
        )
    except libvirt.libvirtError as error:
        if is_cut(error):
            raise
        return {}  # a driver without the call, or a machine that went
    sizes: dict[str, Sizes] = {}
    for _, figures in stats:
        for index in range(figures.get("block.count", 0)):
            block = f"block.{index}"
            if path := figures.get(f"{block}.path"):
                # What is only read from has no highest place that was written.
                taken = figures.get(f"{block}.allocation") or figures.get(f"{block}.physical")
                sizes[path] = (figures.get(f"{block}.capacity"), taken)
    return sizes
