"""Where a host's data lie: the volumes of its pools, and what is built on what.

A file may go by several names (a path, ``POOL/VOLUME``, a network name), so each is turned into
one *id* before it is compared: a plain path, or ``net:NAME`` for what is no file of the host.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from time import sleep as _sleep
from typing import TypeVar

import libvirt

from vmgui.hypervisor.errors import UnreadableXml, is_busy, is_cut, is_gone, is_unsupported
from vmgui.hypervisor.xml.sources import DiskChain, Source
from vmgui.hypervisor.xml.storage import read_pool_xml, read_volume_xml
from vmgui.inventory.key import Key
from vmgui.inventory.storage import Pool, Volume

T = TypeVar("T")

_NETWORK_POOLS = frozenset({"rbd", "gluster", "sheepdog"})
"""Pools whose volumes have a name in the network instead of a path on the host."""

_LOOKED_THROUGH = frozenset({"dir", "fs", "netfs"})
"""Pools that have each file of their folder for a volume; others own a part of what is there."""

_BY_PATH = frozenset({"file", "block", "volume", "network"})
_MAPPED = re.compile(r"/dev/mapper/((?:[^-]|--)+)-((?:[^-]|--)+)")
_URL = re.compile(r"^[a-z+]+://[^/]*/")

_BUSY_FOR_S = 5.0
"""How long a reading waits, for all pools together, for volumes that are being made."""

_BUSY_EVERY_S = 0.1


class Unread:
    """Collects, in sentences, what could not be read and may therefore use anything."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return each sentence once, in the order in which they came."""
        return tuple(self._sentences)

    def add(self, what: str, why: str, what_to_do: str) -> None:
        """Note that ``what`` can't be read."""
        self._sentences[f"{what} can't be read ({why.strip().rstrip('.')}). {what_to_do}"] = None

    def ask(
        self, call: Callable[[], T], instead: T, what: str, what_to_do: str, *, is_all: bool = False
    ) -> T:
        """Return what ``call`` gives; ``instead`` where it fails, which is noted.

        Not noted: what is gone by now, and, where ``is_all`` says that ``call`` asks for all of
        a kind, that the driver has no such thing. Raises libvirtError where the connection broke.
        """
        try:
            return call()
        except libvirt.libvirtError as error:
            if is_cut(error):
                raise
            if not is_gone(error) and not (is_all and is_unsupported(error)):
                self.add(what, error.get_error_message() or str(error), what_to_do)
        except UnreadableXml as error:
            self.add(what, error.why, what_to_do)
        except UnicodeDecodeError:
            self.add(what, "it holds bytes that are no text", what_to_do)
        return instead


class Stores:
    """The volumes of the host's active pools, as of now; ``idle`` names the pools that are not.

    ``folders`` are those of which every file is known, ``follow`` tells where a path really
    leads, where the host's links can be followed.
    What an idle pool holds isn't known. That matters where a machine has a disk there, which
    `is_known` tells; a volume that no machine uses can't be seen.
    """

    def __init__(
        self,
        conn: libvirt.virConnect,
        uri: str,
        unread: Unread,
        follow: Callable[[str], str] = str,
    ) -> None:
        self._follow = follow
        self.idle: list[str] = []
        self._volumes: dict[str, Volume] = {}
        self._pool_of: dict[str, Pool | None] = {}
        self._by_name: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._idle_folders: dict[str, str] = {}
        self._covered: set[str] = set()
        self.folders: list[str] = []
        self._below: dict[str, set[str]] = {}
        self._ends: set[str] = set()
        self._patience_s = _BUSY_FOR_S
        none: list[libvirt.virStoragePool] = []
        pools = unread.ask(
            conn.listAllStoragePools, none, "The storage pools of the host", _LOOK, is_all=True
        )
        for handle in pools:
            self._take_pool(handle, uri, unread)

    def at(self, path: str) -> str:
        """Return the id of what ``path`` names, whatever links lead there."""
        id_ = id_of_path(path)
        return id_of_path(self._follow(id_)) if id_.startswith("/") else id_

    def id_of(self, source: Source) -> str:
        """Return the id of a disk's source."""
        if source.kind == "network":
            return _net(source.name)
        if source.kind != "volume":
            return self.at(source.name)
        pool, _, volume = source.name.partition("/")
        if (known := self._by_name.get(source.name)) is not None:
            return known
        folder = self._folders.get(pool, "")
        return self.at(f"{folder}/{volume}") if folder else f"volume:{source.name}"

    def learn(self, chain: DiskChain) -> None:
        """Take over what XML tells of a chain; volumes tell less of what lies in no pool."""
        ids = [self.id_of(source) for source in chain.sources]
        for upper, lower in pairwise(ids):
            self.learn_backing(upper, lower)
        if chain.ends:
            self.learn_backing(ids[-1], "")

    def learn_backing(self, upper: str, lower: str) -> None:
        """Note that ``upper`` reads from ``lower``, "" for nothing. Both are ids."""
        if lower:
            self._below.setdefault(upper, set()).add(lower)
        else:
            self._ends.add(upper)

    def is_told(self, id_: str) -> bool:
        """Tell whether it is known what ``id_`` reads from, be it nothing."""
        return id_ in self._below or id_ in self._ends

    def is_known(self, chain: DiskChain) -> bool:
        """Tell whether it is known what ``chain`` is built on, after all chains were learnt.

        One that lies in no active pool, of a machine that is off, can't be looked into. What a
        volume names as its base is taken for the end where nobody knows more of it.
        """
        if chain.device not in {"disk", "lun"} or chain.sources[0].kind not in _BY_PATH:
            return True
        top = self.id_of(chain.sources[0])
        return self.is_told(top) or posixpath.dirname(top) in self._covered

    def idle_pool_of(self, id_: str) -> str:
        """Return the name of the pool that is not active and whose folder holds ``id_``, or ""."""
        return self._idle_folders.get(posixpath.dirname(id_), "")

    def exists(self, id_: str) -> bool | None:
        """Tell whether ``id_`` is there; None where no active pool would know it."""
        if id_ in self._volumes:
            return True
        # libvirt passes over files whose names hold control characters.
        if posixpath.dirname(id_) in self._covered and id_.isprintable():
            return False
        return None

    @property
    def volumes(self) -> Mapping[str, Volume]:
        """All volumes, by id."""
        return self._volumes

    def backing_id(self, id_: str) -> str | None:
        """Return what the volume ``id_`` itself says that it reads from, "" for nothing.

        None where it is no volume of an active pool.
        """
        volume = self._volumes.get(id_)
        if volume is None:
            return None
        return self._backing_id(volume) if volume.backing_path else ""

    def _backing_id(self, volume: Volume) -> str:
        return self.at(against(volume.path, volume.backing_path))

    def volume(self, id_: str) -> Volume | None:
        """Return the volume that is ``id_``."""
        return self._volumes.get(id_)

    def pool(self, id_: str) -> Pool | None:
        """Return the active pool that holds ``id_``; None for none, and where two might."""
        return self._pool_of.get(id_)

    def _take_pool(self, handle: libvirt.virStoragePool, uri: str, unread: Unread) -> None:
        name = handle.name()
        what = f"The storage pool {name}"
        known = Pool(Key(uri, "pool", handle.UUIDString()), name, active=True)
        pool = unread.ask(lambda: read_pool_xml(handle.XMLDesc(), known), None, what, _LOOK)
        if pool is None:
            return
        self._folders[name] = pool.path
        if not unread.ask(handle.isActive, 1, what, _LOOK):
            self.idle.append(name)
            if pool.path:
                self._idle_folders[self.at(pool.path)] = name
            return
        # A file that was made behind libvirt's back may be built on one of ours.
        refreshed = unread.ask(lambda: self._refresh(handle), None, what, _REFRESH, is_all=True)
        if refreshed is False:
            unread.add(what, "a volume is being made in it", _WAIT)
        volumes = unread.ask(handle.listAllVolumes, None, what, _REFRESH, is_all=True)
        for volume in volumes or ():
            read = unread.ask(
                partial(_read_volume, volume, pool.key),
                None, f"A volume of the storage pool {name}", _REFRESH,
            )  # fmt: skip
            if read is not None:
                self._take_volume(read, pool)
        is_whole = refreshed is True and volumes is not None
        if is_whole and pool.path and pool.kind in _LOOKED_THROUGH:
            self._covered.add(self.at(pool.path))
            self.folders.append(posixpath.normpath(pool.path))

    def _refresh(self, handle: libvirt.virStoragePool) -> bool:
        """Have libvirt look at a pool; return False where it is still busy after a while.

        libvirt doesn't look as long as a volume is being made there. Raises libvirtError.
        """
        while True:
            try:
                handle.refresh(0)
            except libvirt.libvirtError as error:
                if not is_busy(error):
                    raise
                if self._patience_s <= 0:
                    return False
            else:
                return True
            _sleep(_BUSY_EVERY_S)
            self._patience_s -= _BUSY_EVERY_S

    def _take_volume(self, volume: Volume, pool: Pool) -> None:
        is_net = pool.kind in _NETWORK_POOLS
        id_ = _net(volume.path) if is_net else self.at(volume.path)
        # Two clusters may have images of one name, and libvirt finds a volume by its name.
        is_double = is_net and id_ in self._volumes
        self._volumes[id_] = volume
        self._pool_of[id_] = None if is_double else pool
        self._by_name[f"{pool.name}/{volume.name}"] = id_
        if volume.backing_path:
            self.learn_backing(id_, self._backing_id(volume))
        else:
            self.learn_backing(id_, "")


def id_of_path(path: str) -> str:
    """Return the id of what ``path`` names: two spellings of a path have one."""
    if not path.startswith("/"):
        return _net(path)
    plain = posixpath.normpath(path)
    plain = plain[1:] if plain.startswith("//") else plain
    if mapped := _MAPPED.fullmatch(plain):
        group, volume = (part.replace("--", "-") for part in mapped.groups())
        return f"/dev/{group}/{volume}"
    return plain


def against(path: str, backing: str) -> str:
    """Return ``backing`` as it is meant in the image at ``path``: from that image's folder on.

    What begins with a protocol is no path, as QEMU has it: a colon before the first slash.
    """
    is_relative = path.startswith("/") and ":" not in backing.partition("/")[0]
    return posixpath.join(posixpath.dirname(path), backing) if is_relative else backing


def _net(name: str) -> str:
    if name.startswith("rbd:"):  # QEMU's own writing, with options behind the name
        name = name.removeprefix("rbd:").partition(":")[0]
    return f"net:{_URL.sub('', name, count=1).strip('/')}"


def _read_volume(handle: libvirt.virStorageVol, pool: Key) -> Volume:
    name = handle.name()
    known = Volume(Key(pool.host, "volume", f"{pool.id}/{name}"), name)
    return read_volume_xml(handle.XMLDesc(), known)


_LOOK = "Look at it on the host, then try again."
_WAIT = "Wait until that is done, then try again."
_REFRESH = "Refresh that pool on the host, then try again."
