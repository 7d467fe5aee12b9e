"""What libvirt doesn't keep of a snapshot: the screen at that moment, and how it was taken.

A file for each in the state folder, `FORMAT`. It is found by the machine's UUID, the snapshot's
name and its time, so that a new snapshot with an old name doesn't show the old one's picture.
"""

import base64
import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmgui.inventory.key import Key
from vmgui.inventory.snapshot import Snapshot, domain_of

FORMAT = 1

KEEP = 1_000
"""How many are kept in all; the oldest go."""

LARGEST_PICTURE_BYTES = 100_000
_LARGEST_FILE_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Moment:
    """What was noted when a snapshot was taken; None and empty where it isn't known.

    ``picture`` is a PNG of the screen. ``quiesced`` tells whether the guest's file systems were
    at rest, ``took_s`` how long taking it took. ``disk_bytes`` is what the disks took on the
    host then, by target, and ``memory_bytes`` what the memory took.
    """

    picture: bytes = b""
    quiesced: bool | None = None
    took_s: float | None = None
    disk_bytes: tuple[tuple[str, int], ...] = ()
    memory_bytes: int | None = None


class Moments:
    """Keeps moments, and forgets those of what is gone. Belongs to the loop's thread.

    ``folder`` None keeps them in memory. A moment that can't be written is kept in memory, and
    ``problem`` says why.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: dict[str, Moment | None] = {}
        self.problem = ""

    def keep(self, snapshot: Snapshot, moment: Moment) -> None:
        """Keep what was noted of ``snapshot``; a picture that is too large is left out."""
        if len(moment.picture) > LARGEST_PICTURE_BYTES:
            moment = Moment(
                b"", moment.quiesced, moment.took_s, moment.disk_bytes, moment.memory_bytes
            )
        self._known[_name(snapshot)] = moment
        if self._folder is None:
            return
        try:
            self._write(self._folder / _name(snapshot), _to_json(snapshot, moment))
            self._drop_oldest(self._folder)
        except OSError as error:
            self.problem = f"The picture of a snapshot can't be kept: {error}"
        else:
            self.problem = ""

    def of(self, snapshot: Snapshot) -> Moment | None:
        """Return what was noted of ``snapshot``, None where nothing was."""
        name = _name(snapshot)
        if name not in self._known:
            self._known[name] = self._read(snapshot)
        return self._known[name]

    def move(self, before: Snapshot, after: Snapshot) -> None:
        """Take what was noted of ``before`` for ``after``, which is the same by a new name."""
        if (moment := self.of(before)) is not None and _name(before) != _name(after):
            self.keep(after, moment)
            self._forget(_name(before))

    def forget(self, gone: Iterable[Key], there: Iterable[Snapshot]) -> None:
        """Forget what was noted of snapshots with the keys ``gone``, unless they are ``there``.

        One of an old name and another time is not.
        """
        begins = tuple(_begin(domain_of(key).id, key.id.partition("/")[2]) for key in gone)
        kept = {_name(snapshot) for snapshot in there}
        for name in {*self._known, *(file.name for file in self._files())} - kept:
            if name.startswith(begins):
                self._forget(name)

    def _forget(self, name: str) -> None:
        self._known.pop(name, None)
        if self._folder is not None:
            with contextlib.suppress(OSError):  # it is out of use, which matters to nobody
                (self._folder / name).unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        if self._folder is not None and self._folder.is_dir():
            yield from self._folder.glob("*.json")

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A screen may show what isn't everybody's to see. Another vmgui may read meanwhile.
        half = path.with_suffix(f".{os.getpid()}")
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        half.replace(path)

    def _drop_oldest(self, folder: Path) -> None:
        files = list(self._files())
        if len(files) > KEEP:
            files.sort(key=lambda file: file.stat().st_mtime)
            for file in files[: len(files) - KEEP]:
                self._forget(file.name)

    def _read(self, snapshot: Snapshot) -> Moment | None:
        if self._folder is None:
            return None
        path = self._folder / _name(snapshot)
        try:
            if path.stat().st_size > _LARGEST_FILE_BYTES:
                return None
            return _from_json(snapshot, path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # there is none, or it is damaged


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _name(snapshot: Snapshot) -> str:
    """Return a file's name: a snapshot's own may hold what no file system takes."""
    return f"{_begin(snapshot.domain.id, snapshot.name)}{snapshot.created_at_s}.json"


def _begin(uuid: str, name: str) -> str:
    return f"{_digest(uuid)}-{_digest(name)}-"


def _to_json(snapshot: Snapshot, moment: Moment) -> str:
    return json.dumps(
        {
            "format": FORMAT,
            "domain": snapshot.domain.id,
            "snapshot": snapshot.name,
            "created_at_s": snapshot.created_at_s,
            "picture": base64.b64encode(moment.picture).decode(),
            "quiesced": moment.quiesced,
            "took_s": moment.took_s,
            "disk_bytes": dict(moment.disk_bytes),
            "memory_bytes": moment.memory_bytes,
        }
    )


def _from_json(snapshot: Snapshot, text: str) -> Moment | None:
    """Return the moment; None for that of something else. Raises ValueError."""
    told: Any = json.loads(text)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        return None
    of = (told.get("domain"), told.get("snapshot"), told.get("created_at_s"))
    if of != (snapshot.domain.id, snapshot.name, snapshot.created_at_s):
        return None
    disks, picture = told.get("disk_bytes"), told.get("picture")
    return Moment(
        picture=base64.b64decode(picture, validate=True) if isinstance(picture, str) else b"",
        quiesced=_of(told, "quiesced", bool),
        took_s=_of(told, "took_s", float, int),
        disk_bytes=tuple(
            (target, size)
            for target, size in (disks.items() if isinstance(disks, dict) else ())
            if isinstance(size, int)
        ),
        memory_bytes=_of(told, "memory_bytes", int),
    )


def _of(told: dict[str, Any], name: str, *kinds: type) -> Any:
    value = told.get(name)
    return value if type(value) in kinds else None
