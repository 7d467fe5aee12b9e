"""Names for everything that is held: which host, what kind, which one."""

from typing import Literal, NamedTuple

Kind = Literal["host", "domain", "network", "pool", "volume", "snapshot"]


class Key(NamedTuple):
    """Names one object of one host.

    ``host`` is the connection's URI as it was opened. ``id`` is the UUID of a domain, network
    or pool, ``POOL-UUID/NAME`` of a volume, ``DOMAIN-UUID/NAME`` of a snapshot and empty for the
    host itself.
    """

    host: str
    kind: Kind
    id: str


def host_key(uri: str) -> Key:
    """Return the key of the host behind ``uri``."""
    return Key(uri, "host", "")


def domain_key(uri: str, uuid: str) -> Key:
    """Return the key of a domain."""
    return Key(uri, "domain", uuid)
