"""libvirt's events, as one small record each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import libvirt

ObjectKind = Literal["domain", "network", "pool"]


@dataclass(frozen=True, slots=True)
class HostEvent:
    """Something changed on the host: which object (a UUID), and what."""

    kind: ObjectKind
    id: str
    aspect: str


_DOMAIN_EVENTS = {
    "lifecycle": libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
    "reboot": libvirt.VIR_DOMAIN_EVENT_ID_REBOOT,
    "balloon": libvirt.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE,
    "device added": libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
    "device removed": libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
    "tray": libvirt.VIR_DOMAIN_EVENT_ID_TRAY_CHANGE,
    "disk": libvirt.VIR_DOMAIN_EVENT_ID_DISK_CHANGE,
    "agent": libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
    "metadata": libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
    "block job": libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
    "job": libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
    "I/O error": libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON,
}
_POOL_EVENTS = {
    "lifecycle": libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
    "refresh": libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH,
}


def subscribe(
    conn: libvirt.virConnect, post: Callable[[HostEvent], None]
) -> dict[str, Callable[[], object]]:
    """Register for what vmgui follows and the driver has; return how to unregister each.

    The keys are ``KIND.ASPECT``. ``post`` is called on libvirt's event thread. Runs in a worker.
    """
    registered: dict[str, Callable[[], object]] = {}

    def add(
        kind: ObjectKind,
        aspects: dict[str, int],
        register: Callable[..., int],
        unregister: Callable[[int], object],
    ) -> None:
        for aspect, number in aspects.items():

            def told(_conn: object, thing: Any, *_rest: object, aspect: str = aspect) -> None:
                post(HostEvent(kind, thing.UUIDString(), aspect))

            try:
                callback_id = register(None, number, told, None)
            except libvirt.libvirtError:
                continue  # this driver, or this version of it, does not tell that
            registered[f"{kind}.{aspect}"] = partial(unregister, callback_id)

    add("domain", _DOMAIN_EVENTS, conn.domainEventRegisterAny, conn.domainEventDeregisterAny)
    add(
        "network",
        {"lifecycle": libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE},
        conn.networkEventRegisterAny,
        conn.networkEventDeregisterAny,
    )
    add("pool", _POOL_EVENTS, conn.storagePoolEventRegisterAny, conn.storagePoolEventDeregisterAny)
    return registered
