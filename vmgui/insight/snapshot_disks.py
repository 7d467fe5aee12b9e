"""Which disks a snapshot can hold.

What becomes of a disk:

==================================  ==============================  ======================
the disk                            internal                        external
==================================  ==============================  ======================
CD-ROM, floppy, empty drive         left out                        left out
read-only                           left out                        left out
shareable, on the network,          refused                         refused
passed through (lun)
raw and other formats               refused                         an overlay over it
a block device                      if it holds qcow2               an overlay beside
                                                                    another file
qcow2                               inside the file                 an overlay over it
==================================  ==============================  ======================

A disk that is asked for by name and can't be in it is refused; so is one that would have to be
left out though the guest writes to it: a person leaves it out, not vmgui.
"""

from vmgui.insight.machine_files import listed
from vmgui.inventory.domain import Disk, Domain


def why_never_in(disk: Disk) -> str:
    """Tell why a disk has no place in any snapshot; it needs none, for it can't change."""
    if disk.device not in {"disk", "lun"}:
        return "it is a drive for media."
    if not disk.source:
        return "it is empty."
    return "it is read-only." if disk.read_only else ""


def why_not_in(disk: Disk) -> str:
    """Tell why a disk that the guest writes to can't be in a snapshot."""
    if disk.shareable:
        return "other machines may write to it at the same time."
    if disk.device == "lun":
        return "it is a device of the host that is passed through."
    if disk.source_type not in {"file", "block", "volume"}:
        return f"it is not a file but of type {disk.source_type}."
    return ""


def passed_through(domain: Domain) -> str:
    """Tell which devices of the host a machine has."""
    return f"it has a device of the host ({listed(dict.fromkeys(domain.host_devices))})"
