"""What the tree is made of: nodes, their counts, and where a machine belongs. No Qt."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host, LinkState
from vmgui.inventory.key import Key, domain_key, host_key
from vmgui.ui.models.order import natural_key

NodeKind = Literal["all", "host", "tag", "machine"]
Address = tuple[str, ...]
"""Names a node across restarts: ("all",), ("host", uri), ("tag", uri or "", tag) or
("machine", uri, uuid)."""

Order = tuple[int, str, str]
"""Rank among siblings (groups first), natural order of the name, and a tie-breaker."""

_TRUSTED = (LinkState.CONNECTED, LinkState.STALLED)


def key_of(address: Address) -> Key | None:
    """Return the key of a machine or host that an address names, None for other groups."""
    match address:
        case ("machine", uri, uuid):
            return domain_key(uri, uuid)
        case ("host", uri):
            return host_key(uri)
        case _:
            return None


def address_of(key: Key) -> Address:
    """Return the address of a machine or host."""
    return ("host", key.host) if key.kind == "host" else ("machine", key.host, key.id)


class Grouping(StrEnum):
    """How machines are put under groups; the value is what the column's head says."""

    HOST_TAG = "Host › Tag › Machine"
    HOST = "Host › Machine"
    TAG = "Tag › Machine"


def shown_state(domain: Domain, host: Host | None) -> DomainState:
    """Return the state to show: unknown once the host cannot be asked, never a guess."""
    if host is not None and host.link.state not in _TRUSTED:
        return DomainState.UNKNOWN
    return domain.state


def hangs(domain: Domain, host: Host | None) -> bool:
    """Tell whether a machine hangs, as far as that is known now."""
    return domain.hangs and shown_state(domain, host).is_active


class Node:
    """A row: a group or a machine.

    ``home`` and ``members`` say where things belong; ``parent``, ``row`` and ``children`` what
    the view was told, which follows at the next commit. ``total``, ``active`` and ``matching``
    count the machines at or below the node.
    """

    __slots__ = (
        "active",
        "address",
        "children",
        "domain",
        "home",
        "host",
        "id",
        "kind",
        "marks",
        "matching",
        "members",
        "name",
        "order",
        "parent",
        "row",
        "total",
    )

    def __init__(self, number: int, kind: NodeKind, address: Address, name: str) -> None:
        self.id = number
        self.kind: NodeKind = kind
        self.address = address
        self.name = name
        self.order: Order = (0, "", "")
        self.host: Host | None = None
        self.domain: Domain | None = None
        self.home: Node | None = None
        self.parent: Node | None = None
        self.row = -1
        self.members: dict[int, Node] = {}
        self.children: list[Node] = []
        self.total = 0
        self.active = 0
        self.matching = 0
        self.marks: tuple[bool, ...] = ()

    def rename(self, name: str, rank: int, tie: str) -> None:
        """Take a name and the place in the order that follows from it."""
        self.name = name
        self.order = (rank, natural_key(name), tie)

    def lineage(self) -> Iterator["Node"]:
        """Yield the groups that this node belongs to, the nearest first."""
        above = self.home
        while above is not None:
            yield above
            above = above.home

    def count(self, sign: int) -> None:
        """Add this machine's counts to its groups, or with -1 take them away."""
        for group in self.lineage():
            group.total += sign * self.total
            group.active += sign * self.active
            group.matching += sign * self.matching

    def state(self) -> DomainState:
        """Return the state to show of a machine."""
        if self.domain is None:
            return DomainState.UNKNOWN
        return shown_state(self.domain, self.host)

    def is_fresh(self) -> bool:
        """Tell whether what is shown can be taken as true now."""
        return not self.hangs() and (self.host is None or self.host.link.state.is_fresh)

    def hangs(self) -> bool:
        """Tell whether it is a machine that hangs on a host that answers."""
        return self.domain is not None and hangs(self.domain, self.host)
