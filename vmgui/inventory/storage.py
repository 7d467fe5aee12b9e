"""Storage pools and their volumes."""

from dataclasses import dataclass

from vmgui.inventory.key import Key


@dataclass(frozen=True, slots=True)
class Pool:
    """A storage pool; sizes and ``volume_count`` are None until they were asked for."""

    key: Key
    name: str
    active: bool = False
    persistent: bool = True
    autostart: bool = False
    kind: str = "dir"
    path: str = ""
    capacity_bytes: int | None = None
    allocation_bytes: int | None = None
    available_bytes: int | None = None
    volume_count: int | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of a pool."""

    key: Key
    name: str
    path: str = ""
    format: str = ""
    capacity_bytes: int = 0
    allocation_bytes: int = 0
    backing_path: str = ""
    backing_format: str = ""
