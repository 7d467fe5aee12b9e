"""Names, files, UUIDs and MACs that nobody has yet, the same ones each time a plan is made."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator

from vmgui.insight.clone_disks import path_in
from vmgui.insight.clone_source import Source
from vmgui.insight.clone_spec import CloneSpec
from vmgui.inventory.storage import Pool

_LONGEST_NAME = 200
"""In bytes: a file's name has 255, and the name stands in it with target and suffix."""


def name_refusal(name: str) -> str:
    """Tell why libvirt wouldn't take a name, or a file couldn't bear it; "" where both do."""
    if not name.strip() or name != name.strip():
        return "the name is empty or has space around it"
    if "/" in name or not name.isprintable() or name in {".", ".."}:
        return "the name has a slash or characters that can't be seen"
    if len(name.encode(errors="replace")) > _LONGEST_NAME:
        return "the name is too long for a file"
    return ""


class FreeFiles:
    """The files that are there or planned, by path with and without the ending."""

    def __init__(self, pool: Pool | None, paths: Iterable[str]) -> None:
        self.pool = pool
        self._taken: set[str] = set()
        for path in paths:
            self._taken |= {path, path.rpartition(".")[0]}

    def free(self, stem: str) -> str:
        """Return ``stem``, or one with a number behind it where a file of that name is there."""
        if self.pool is None:
            return stem
        free, number = stem, 1
        while path_in(self.pool, free) in self._taken:
            number += 1
            free = f"{stem}-{number}"
        self._taken.add(path_in(self.pool, free))
        return free


def free_uuid(spec: CloneSpec, source: str, number: int, name: str, taken: set[str]) -> str:
    """Return a UUID for a clone, and take it."""
    turn = 0
    while (found := _uuid(source, spec.seed, number, name, turn)) in taken:
        turn += 1
    taken.add(found)
    return found


def _uuid(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


def free_macs(
    spec: CloneSpec, source: Source, number: int, taken: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield a MAC for each of the source's, in libvirt's range; a number keeps its own.

    Two bytes are the spec's own (its pattern's too: two who clone the same machine at once have
    other names), and the last one counts, so that a class stands together.
    """
    told = f"{spec.seed}/{spec.pattern}/{source.domain.uuid}"
    digest = hashlib.sha256(told.encode(errors="surrogatepass")).digest()
    interfaces = source.domain.interfaces
    for index, interface in enumerate(interfaces):
        step = (digest[0] << 16) + (digest[1] << 8) + number * len(interfaces) + index
        while (mac := _mac(step)) in taken:
            step += 1
        taken.add(mac)
        yield interface.mac, mac


def _mac(step: int) -> str:
    return ":".join(f"{byte:02x}" for byte in (0x52, 0x54, 0, *(step % 2**24).to_bytes(3, "big")))
