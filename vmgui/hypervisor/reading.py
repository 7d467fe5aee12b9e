"""How lists are read: one call tells for all what would take a call each, and nothing is lost.

Between listing an object and reading it, it may vanish, and its XML may be such that nobody can
read it: the first is left out, the second keeps its name.
"""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import libvirt

from vmgui.hypervisor.abilities import Abilities
from vmgui.hypervisor.errors import UnreadableXml, is_cut, is_gone
from vmgui.inventory.domain import Domain
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot
from vmgui.inventory.storage import Pool, Volume

R = TypeVar("R", Domain, Network, Pool, Volume, Snapshot)

_log = logging.getLogger(__name__)


class ListAll(Protocol):
    """A listAll… call of a connection; its handles have UUIDs."""

    def __call__(self, flags: int = 0) -> list[Any]:
        """Return the handles that ``flags`` lets through."""


def marked(abilities: Abilities, list_all: ListAll, name: str, flag: str) -> frozenset[str] | None:
    """Return the UUIDs that ``list_all`` gives for ``flag``, or None where it can't tell.

    ``name`` is that of the call, ``flag`` that of libvirt's constant.
    """
    value: int = getattr(libvirt, flag)
    found = abilities.ask_if_told(f"{name}({flag})", lambda: list_all(value))
    return None if found is None else frozenset(handle.UUIDString() for handle in found)


class Standing(NamedTuple):
    """What a network's or pool's XML doesn't tell."""

    active: bool
    persistent: bool
    autostart: bool


class Marks:
    """Which networks or pools are active, transient and started with the host."""

    def __init__(self, abilities: Abilities, list_all: ListAll, name: str, flags: str) -> None:
        self._active = marked(abilities, list_all, name, f"{flags}_ACTIVE") or frozenset()
        self._transient = marked(abilities, list_all, name, f"{flags}_TRANSIENT") or frozenset()
        self._autostart = marked(abilities, list_all, name, f"{flags}_AUTOSTART") or frozenset()

    def of(self, uuid: str) -> Standing:
        """Return how the network or pool ``uuid`` stands."""
        return Standing(uuid in self._active, uuid not in self._transient, uuid in self._autostart)


def read_or_keep(known: R, read: Callable[[], R]) -> R | None:
    """Return what ``read`` gives; ``known`` where the object can't be read, None where it's gone.

    Raises libvirtError only where the connection broke.
    """
    try:
        return read()
    except libvirt.libvirtError as error:
        if is_gone(error):
            return None
        if is_cut(error):
            raise
        _log.warning("Can't have the XML of %r: %s", known.name, error)
    except (UnreadableXml, UnicodeDecodeError) as error:
        _log.warning("Can't read the XML of %r: %s", known.name, error)
    return known
