"""Which files of a host are ours to read, without libvirt."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from vmgui.hypervisor import image_headers
from vmgui.hypervisor.stores import Stores


@dataclass(frozen=True, slots=True)
class _Folder:
    volumes: int = 0
    ours: int = 0


def links_of(uri: str) -> Callable[[str], str]:
    """Return how a path of the host is followed through links; elsewhere nobody can."""
    return cache(os.path.realpath) if image_headers.is_local(uri) else str


class LocalFiles:
    """Whether a path of the host is that very file here, to be read without libvirt."""

    def __init__(self, uri: str, stores: Stores) -> None:
        self._stores = stores
        self._is_local = image_headers.is_local(uri)
        self._folders: dict[str, _Folder] = {}
        if not self._is_local:
            return
        for id_, volume in stores.volumes.items():
            if not id_.startswith("/") or not volume.allocation_bytes:
                continue
            # A daemon in a container has a socket here too: then what it has there isn't here.
            same = image_headers.allocated_bytes(volume.path) == volume.allocation_bytes
            folder = id_.rpartition("/")[0]
            known = self._folders.get(folder, _Folder())
            self._folders[folder] = _Folder(known.volumes + 1, known.ours + same)

    def is_ours(self, path: str) -> bool:
        """Tell whether ``path`` is the same file for us as for the host."""
        if not self._is_local or not path.startswith("/"):
            return False
        folder = self._folders.get(self._stores.at(path).rpartition("/")[0])
        if folder is not None:
            return folder.ours * 2 >= folder.volumes
        return all(each.ours * 2 >= each.volumes for each in self._folders.values())
