"""What is done to domains: one short function a call, on a connection's own threads.

Each takes a libvirt connection and the domain's UUID, and raises libvirtError. Where flags
depend on the state, that is asked of libvirt here and now: a record may be old.
"""

import contextlib
from collections.abc import Iterator
from enum import StrEnum

import libvirt

from vmgui.hypervisor.xml.metadata import METADATA_PREFIX, tags_element
from vmgui.inventory.domain import METADATA_URI


class ShutdownMode(StrEnum):
    """How a guest is asked to shut down or reboot."""

    DEFAULT = "default"  # the hypervisor chooses
    ACPI = "acpi"  # as if the power button were pressed
    AGENT = "agent"  # the guest agent does it


class Kept(StrEnum):
    """What libvirt keeps of a domain beside its definition."""

    MANAGED_SAVE = "managed-save"
    SNAPSHOTS = "snapshots-metadata"
    CHECKPOINTS = "checkpoints-metadata"
    NVRAM = "nvram"
    NVRAM_STAYS = "keep-nvram"


_SHUTDOWN_FLAGS = {
    ShutdownMode.DEFAULT: libvirt.VIR_DOMAIN_SHUTDOWN_DEFAULT,
    ShutdownMode.ACPI: libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN,
    ShutdownMode.AGENT: libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT,
}
_REBOOT_FLAGS = {
    ShutdownMode.DEFAULT: libvirt.VIR_DOMAIN_REBOOT_DEFAULT,
    ShutdownMode.ACPI: libvirt.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN,
    ShutdownMode.AGENT: libvirt.VIR_DOMAIN_REBOOT_GUEST_AGENT,
}
_UNDEFINE_FLAGS = {
    Kept.MANAGED_SAVE: libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
    Kept.SNAPSHOTS: libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
    Kept.CHECKPOINTS: libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA,
    Kept.NVRAM: libvirt.VIR_DOMAIN_UNDEFINE_NVRAM,
    Kept.NVRAM_STAYS: libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM,
}
_UNDER_WAY = (libvirt.VIR_DOMAIN_JOB_BOUNDED, libvirt.VIR_DOMAIN_JOB_UNBOUNDED)


def find(conn: libvirt.virConnect, uuid: str) -> libvirt.virDomain:
    """Return libvirt's own object of a domain."""
    return conn.lookupByUUIDString(uuid)


def start(conn: libvirt.virConnect, uuid: str) -> None:
    """Start a domain; one with saved memory goes on from it."""
    find(conn, uuid).create()


@contextlib.contextmanager
def paused_process(domain: libvirt.virDomain) -> Iterator[None]:
    """Give a machine that is off a process without running it, and end that again.

    It takes as long as a merge: where somebody let the guest run meanwhile, it goes on.
    """
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    try:
        yield
    except BaseException:
        # What went wrong in it is the thing to tell, and it may have ended the process itself.
        with contextlib.suppress(libvirt.libvirtError):
            _end_paused(domain)
        raise
    _end_paused(domain)


def _end_paused(domain: libvirt.virDomain) -> None:
    if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED:
        domain.destroy()


def shut_down(conn: libvirt.virConnect, uuid: str, mode: ShutdownMode) -> None:
    """Ask the guest to shut down; returns before it does."""
    find(conn, uuid).shutdownFlags(_SHUTDOWN_FLAGS[mode])


def reboot(conn: libvirt.virConnect, uuid: str, mode: ShutdownMode) -> None:
    """Ask the guest to reboot; returns before it does."""
    find(conn, uuid).reboot(_REBOOT_FLAGS[mode])


def reset(conn: libvirt.virConnect, uuid: str) -> None:
    """Press the reset button."""
    find(conn, uuid).reset()


def force_off(conn: libvirt.virConnect, uuid: str) -> None:
    """Pull the plug."""
    find(conn, uuid).destroy()


def suspend(conn: libvirt.virConnect, uuid: str) -> None:
    """Stop the guest's CPUs; its memory stays where it is."""
    find(conn, uuid).suspend()


def resume(conn: libvirt.virConnect, uuid: str) -> None:
    """Let the guest's CPUs go on."""
    find(conn, uuid).resume()


def save(conn: libvirt.virConnect, uuid: str) -> None:
    """Write the memory to a file that libvirt keeps, and stop; takes as long as the disk."""
    find(conn, uuid).managedSave()


def discard_saved(conn: libvirt.virConnect, uuid: str) -> None:
    """Remove the file of `save`."""
    find(conn, uuid).managedSaveRemove()


def set_autostart(conn: libvirt.virConnect, uuid: str, on: bool) -> None:
    """Let the domain start with its host, or not."""
    find(conn, uuid).setAutostart(1 if on else 0)


def rename(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Give an inactive domain another name."""
    find(conn, uuid).rename(name)


def job_progress(conn: libvirt.virConnect, uuid: str) -> float | None:
    """Return how far the domain's present job is, 0..1; None where that is not known."""
    stats = find(conn, uuid).jobStats()
    total: int = stats.get(libvirt.VIR_DOMAIN_JOB_DATA_TOTAL, 0)
    if stats.get("type", libvirt.VIR_DOMAIN_JOB_NONE) not in _UNDER_WAY or not total:
        return None
    processed: int = stats.get(libvirt.VIR_DOMAIN_JOB_DATA_PROCESSED, 0)
    return min(1.0, processed / total)


def abort_job(conn: libvirt.virConnect, uuid: str) -> None:
    """Break off the domain's present job (save, dump, migration)."""
    find(conn, uuid).abortJob()


def set_title(conn: libvirt.virConnect, uuid: str, title: str) -> None:
    """Set the title; an empty one removes it."""
    domain = find(conn, uuid)
    domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_TITLE, title or None, None, None, edit_flags(domain)
    )


def set_description(conn: libvirt.virConnect, uuid: str, description: str) -> None:
    """Set the description; an empty one removes it."""
    domain = find(conn, uuid)
    domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, description or None, None, None, edit_flags(domain)
    )


def set_tags(conn: libvirt.virConnect, uuid: str, tags: tuple[str, ...]) -> None:
    """Keep exactly these tags in vmgui's part of the metadata."""
    domain = find(conn, uuid)
    domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT,
        tags_element(tags),
        METADATA_PREFIX,
        METADATA_URI,
        edit_flags(domain),
    )


def edit_flags(domain: libvirt.virDomain) -> int:
    """Return what an edit has to affect, so that it is seen now and after the next start.

    =======  ==========  =============
    active   persistent  affects
    =======  ==========  =============
    yes      yes         live + config
    yes      no          live
    no       yes         config
    =======  ==========  =============
    """
    flags = 0
    if domain.isActive():
        flags |= libvirt.VIR_DOMAIN_AFFECT_LIVE
    if domain.isPersistent():
        flags |= libvirt.VIR_DOMAIN_AFFECT_CONFIG
    return flags


def delete_snapshot(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Remove a snapshot with its data; its children become those of its parent."""
    find(conn, uuid).snapshotLookupByName(name).delete()


def undefine(
    conn: libvirt.virConnect,
    uuid: str,
    *also: Kept,
) -> None:
    """Remove a domain's definition, and of what libvirt keeps with it what is named.

    A flag is sent only for what there is: drivers refuse flags that they do not know.

    ===============  =================================
    in ``also``      flag
    ===============  =================================
    MANAGED_SAVE     MANAGED_SAVE
    SNAPSHOTS        SNAPSHOTS_METADATA
    CHECKPOINTS      CHECKPOINTS_METADATA
    NVRAM            NVRAM
    NVRAM_STAYS      KEEP_NVRAM
    ===============  =================================
    """
    flags = 0
    for each in also:
        flags |= _UNDEFINE_FLAGS[each]
    find(conn, uuid).undefineFlags(flags)


def delete_volume(conn: libvirt.virConnect, path: str) -> None:
    """Delete the volume of ``path`` from its pool."""
    conn.storageVolLookupByPath(path).delete()
