"""Connections that other programs already know: virt-manager's, and virsh's aliases.

Nothing here raises: what can't be read has nothing to offer. The reading functions touch files
and may start ``gsettings``, which takes some milliseconds; call them when a person asks.
"""

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = "org.virt-manager.virt-manager.connections"
_GSETTINGS_LATE_S = 3.0


@dataclass(frozen=True, slots=True)
class KnownConnection:
    """A connection of another program: ``source`` names the program or the file."""

    uri: str
    name: str
    source: str


def read_all() -> tuple[KnownConnection, ...]:
    """Return every connection that other programs know, each URI once."""
    found: dict[str, KnownConnection] = {}
    for known in (*read_virt_manager(), *read_virsh_aliases()):
        found.setdefault(known.uri, known)
    return tuple(found.values())


def read_virt_manager(
    run: Callable[[list[str]], str] | None = None,
) -> tuple[KnownConnection, ...]:
    """Return the connections of virt-manager, by ``gsettings`` where it is installed.

    ``run`` returns what a command prints, "" where it fails.
    """
    printed = (run or _run)(["gsettings", "get", _SCHEMA, "uris"])
    return tuple(KnownConnection(uri, "", "virt-manager") for uri in parse_gvariant_texts(printed))


def read_virsh_aliases(paths: tuple[Path, ...] | None = None) -> tuple[KnownConnection, ...]:
    """Return the ``uri_aliases`` of libvirt's client configuration: the user's, then the host's."""
    found: dict[str, KnownConnection] = {}
    for path in paths or _client_configurations():
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for name, uri in parse_aliases(text):
            found.setdefault(name, KnownConnection(uri, name, str(path)))
    return tuple(found.values())


def parse_gvariant_texts(text: str) -> tuple[str, ...]:
    """Return the texts of a GVariant array as gsettings prints it: ``['a', 'b']``, ``@as []``."""
    try:
        value = ast.literal_eval(text.strip().removeprefix("@as").strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if not isinstance(value, list):
        return ()
    return tuple(each for each in value if isinstance(each, str) and each)


_BEGIN = re.compile(r"^[ \t]*uri_aliases[ \t]*=[ \t\n]*\[", re.MULTILINE)
_TOKEN = re.compile(r"#[^\n]*|\"([^\"\n]*)\"|'([^'\n]*)'")


def parse_aliases(text: str) -> tuple[tuple[str, str], ...]:
    """Return the names and URIs of ``uri_aliases = [ "name=uri", … ]`` in a libvirt.conf."""
    start = _BEGIN.search(text)
    if start is None:
        return ()
    aliases: list[tuple[str, str]] = []
    position = start.end()
    while position < len(text) and text[position] != "]":
        token = _TOKEN.match(text, position)
        if token is None:
            position += 1
            continue
        position = token.end()
        name, equals, uri = (token[1] or token[2] or "").partition("=")
        if equals and name.strip() and uri.strip():
            aliases.append((name.strip(), uri.strip()))
    return tuple(aliases)


def _client_configurations() -> tuple[Path, ...]:
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return (Path(base) / "libvirt" / "libvirt.conf", Path("/etc/libvirt/libvirt.conf"))


def _run(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_GSETTINGS_LATE_S, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""
