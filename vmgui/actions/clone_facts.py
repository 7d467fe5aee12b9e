"""Reads what must be known before a machine is cloned."""

import shutil
from urllib.parse import urlsplit

from vmgui.actions.work import Fleet
from vmgui.hypervisor.clones import CloneReading, read_for_clones
from vmgui.hypervisor.xml.clone_facts import CloneHints
from vmgui.insight.clone_plan import CloneFacts
from vmgui.inventory.domain import Domain
from vmgui.inventory.inventory import Inventory

SYSPREP = "virt-sysprep"


async def clone_facts(
    fleet: Fleet, inventory: Inventory, domain: Domain, snapshot: str = ""
) -> CloneFacts:
    """Return the facts for a plan of clones of ``domain``; raises VmguiError.

    The host itself is read anew, other hosts as they were last seen. ``snapshot`` is the one that
    is cloned from: what its definition hints at counts.
    """
    uri = domain.key.host
    reading = await fleet.long_call(
        uri,
        read_for_clones,
        domain.uuid,
        uri,
        what=f"What {domain.name} is made of is not known.",
    )
    return facts_of(reading, inventory, fleet, domain, snapshot)


def facts_of(
    reading: CloneReading, inventory: Inventory, fleet: Fleet, domain: Domain, snapshot: str
) -> CloneFacts:
    """Return the facts that ``reading`` and the inventory tell."""
    uri = domain.key.host
    host = inventory.host(uri)
    host_name = host.name if host is not None else uri
    machines = [(host_name, each) for each in reading.machines]
    machines += fleet.machines_elsewhere(uri)
    hints = reading.hints.get(snapshot, reading.hints.get("", CloneHints()))
    return CloneFacts(
        storage=reading.storage,
        host_name=host_name,
        pools=reading.pools,
        networks=reading.networks,
        names={each.name: name for name, each in reversed(machines)},
        macs=frozenset(
            interface.mac.lower() for _, each in machines for interface in each.interfaces
        ),
        uuids=frozenset(each.uuid for _, each in machines),
        definitions=reading.definitions,
        obstacles=hints.obstacles,
        left_out=hints.left_out,
        reminders=hints.reminders,
        disk_obstacles=hints.disk_obstacles,
        kernel_name=hints.kernel_name,
        seed=hints.seed,
        sysprep=_sysprep_refusal(uri),
    )


def _sysprep_refusal(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.netloc or "+" in parts.scheme:
        return f"{SYSPREP} works on this computer's own files, and the host is another one."
    if shutil.which(SYSPREP) is None:
        return f"{SYSPREP} is not installed."
    return ""
