"""What a snapshot and the files of its own are called."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

DEFAULT_PATTERN = "snapshot-{n}"


def name_from(pattern: str, taken: Iterable[str], now: datetime) -> str:
    """Return the name that a pattern stands for; ``{n}`` is the first number that is free."""
    text = (pattern.strip() or DEFAULT_PATTERN).replace("{date}", now.strftime("%Y-%m-%d"))
    text = text.replace("{time}", now.strftime("%H-%M-%S"))
    names = set(taken)
    number = 1
    while "{n}" in text and text.replace("{n}", str(number)) in names:
        number += 1
    return text.replace("{n}", str(number))


def name_refusal(name: str, taken: Iterable[str], *, inside: bool = False) -> str:
    """Tell why libvirt can't keep a snapshot under ``name``; "" where it can.

    With ``inside`` the name is also written into an image.
    """
    return next(_name_refusals(name, taken, inside=inside), "")


def _name_refusals(name: str, taken: Iterable[str], *, inside: bool) -> Iterator[str]:
    if not name.strip():
        yield "A snapshot needs a name."
    if name in set(taken):
        yield f"There is a snapshot {name} already."
    if "/" in name or name.startswith("."):
        yield "libvirt keeps a snapshot in a file of its name: no slash, and no dot at its start."
    if any(ord(each) < 32 for each in name):
        yield "A snapshot's name is one line, without control characters."
    if len(name.encode()) > _LONGEST_NAME:
        yield f"A snapshot's name has {_LONGEST_NAME} bytes at most."
    if inside and name.isdigit():
        yield (
            "Inside an image a name of digits alone could be taken for another snapshot's number: "
            "put a letter into it."
        )


_LONGEST_NAME = 250
"""The name, ``.xml`` behind it, is a file's name, which has 255 bytes at most."""


def overlay_path(folder: str, words: Iterable[str], ending: str, taken: Iterable[str]) -> str:
    """Return a path that isn't taken, from words of which only safe characters are kept."""
    stem = ".".join(_UNSAFE.sub("_", word) for word in words)[:_LONGEST_STEM]
    known = set(taken)
    path, number = posixpath.join(folder, f"{stem}{ending}"), 2
    while path in known:
        path = posixpath.join(folder, f"{stem}-{number}{ending}")
        number += 1
    return path


_UNSAFE = re.compile(r"[^A-Za-z0-9_.+-]")
_LONGEST_STEM = 200
