"""Snapshots of domains."""

from dataclasses import dataclass

from vmgui.inventory.key import Key


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot; ``created_at_s`` is seconds since the epoch."""

    key: Key
    domain: Key
    name: str
    parent: str = ""
    state: str = ""
    description: str = ""
    created_at_s: int = 0
    has_memory: bool = False
    external: bool = False
    current: bool = False
