"""Which machine or snapshot a word on the command line means."""

from vmgui.actions.virsh import printable
from vmgui.cli.output import Failed
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.snapshot import Snapshot, snapshot_key


def find_domain(inventory: Inventory, word: str) -> Domain:
    """Return the one machine that ``word`` means: NAME, UUID, HOST/NAME or HOST/UUID.

    Raises Failed where there is none, or more than one.
    """
    found = [
        domain
        for host in inventory.hosts()
        for domain in inventory.of(Domain, host.key.host)
        if _is_meant(domain, host, word)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failed(f"There is no machine {printable(word)}.", "", "See: vmgui list")
    which = ", ".join(_full_name(inventory, domain) for domain in found)
    raise Failed(
        f"{printable(word)} is not one machine but {len(found)}: {which}.",
        what_to_do="Write HOST/NAME, or the UUID.",
    )


def find_snapshot(inventory: Inventory, domain: Domain, name: str) -> Snapshot:
    """Return the snapshot of ``domain`` that is called ``name``; raises Failed for none."""
    found = inventory.get(snapshot_key(domain.key, name))
    if isinstance(found, Snapshot):
        return found
    raise Failed(
        f"{printable(domain.name)} has no snapshot {printable(name)}.",
        "",
        f"See: vmgui snapshot list {printable(domain.name)}",
    )


def _is_meant(domain: Domain, host: Host, word: str) -> bool:
    if word in (domain.name, domain.uuid):
        return True
    return any(
        word in (f"{name}/{domain.name}", f"{name}/{domain.uuid}")
        for name in (host.name, host.hostname, host.key.host)
        if name
    )


def _full_name(inventory: Inventory, domain: Domain) -> str:
    host = inventory.host(domain.key.host)
    where = host.name if host is not None else domain.key.host
    return f"{printable(where)}/{printable(domain.name)} ({domain.uuid})"
