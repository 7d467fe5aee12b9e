"""What the headers of image files say, where the files are ours to read.

Read by QEMU's own program, a file at a time: an image never has what it names opened, for a
guest may have written that name. Format: https://www.qemu.org/docs/master/tools/qemu-img.html.
"""

import json
import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_DEADLINE_S = 5.0
_LARGEST_ANSWER = 1 << 20
_FORMATS = frozenset({"qcow2", "qcow", "qed", "raw", "vmdk", "vdi", "vhdx", "vpc", "luks"})


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a header says. ``backing`` is the path or network name there, "" for none.

    ``internal`` are the snapshots inside, by the memory in bytes that each keeps.
    """

    format: str
    virtual_bytes: int | None
    allocation_bytes: int | None
    backing: str = ""
    backing_format: str = ""
    internal: tuple[tuple[str, int], ...] = ()


def is_local(uri: str) -> bool:
    """Tell whether ``uri`` names a QEMU daemon of this computer, in its usual place.

    One behind a socket that is named may live in a container, or in a lab: the same path is
    another file there.
    """
    parts = urlsplit(uri)
    plain = parts.scheme in {"qemu", "qemu+unix"} and not parts.netloc
    return plain and not {"socket", "root", "mode"} & parse_qs(parts.query).keys()


def can_read(path: str) -> bool:
    """Tell whether there is a file at ``path`` that this account may read."""
    if not path.startswith("/"):
        return False
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return (stat.S_ISREG(mode) or stat.S_ISBLK(mode)) and os.access(path, os.R_OK)


def allocated_bytes(path: str) -> int | None:
    """Return what the file at ``path`` takes, None where this account can't know."""
    try:
        return Path(path).stat().st_blocks * 512
    except (OSError, ValueError):
        return None


def exists(path: str) -> bool | None:
    """Tell whether there is something at ``path``; None where this account can't know."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return None
    return True


def read_header(path: str, format_: str) -> ImageHeader | None:
    """Return what the header of ``path`` says; None where it can't be had. Blocks.

    ``format_`` is what the machine takes it for, "" where nothing says so. A raw disk isn't
    looked into: what stands at its beginning is the guest's.
    """
    if format_ == "raw" or not can_read(path):
        return None
    known = ("-f", format_) if format_ in _FORMATS else ()
    try:
        done = subprocess.run(
            ("qemu-img", "info", "-U", "--output=json", *known, "--", path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DEADLINE_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None  # there is no such program, or the file's server hangs
    if done.returncode or len(done.stdout) > _LARGEST_ANSWER:
        return None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return None
    return _header(told) if isinstance(told, dict) else None


def _header(told: Mapping[str, Any]) -> ImageHeader:
    snapshots = told.get("snapshots")
    return ImageHeader(
        format=_text(told, "format"),
        virtual_bytes=_whole(told, "virtual-size"),
        allocation_bytes=_whole(told, "actual-size"),
        backing=_plain(_text(told, "backing-filename")),
        backing_format=_text(told, "backing-filename-format"),
        internal=tuple(
            (_text(each, "name"), _whole(each, "vm-state-size") or 0)
            for each in (snapshots if isinstance(snapshots, list) else ())
            if isinstance(each, dict)
        ),
    )


def _plain(backing: str) -> str:
    """Return the file that ``backing`` names in one of QEMU's two longer ways, else as it is."""
    if backing.startswith("file:"):
        return backing.removeprefix("file:")
    if not backing.startswith("json:"):
        return backing
    try:
        node = json.loads(backing.removeprefix("json:"))
    except ValueError:
        return backing
    while isinstance(node, dict):
        name = node.get("filename") or node.get("file.filename")
        if isinstance(name, str):
            return name
        node = node.get("file")
    return backing


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name, "")
    return value if isinstance(value, str) else ""


def _whole(told: Mapping[str, Any], name: str) -> int | None:
    value = told.get(name)
    return value if isinstance(value, int) and value >= 0 else None
