"""Libvirt URIs: made from what a person fills in, and looked at before they are opened.

The form is libvirt's: ``driver[+transport]://[user@][host][:port]/path[?name=value&…]``,
https://libvirt.org/uri.html.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, quote, unquote, urlsplit


class Way(StrEnum):
    """How a host is reached."""

    SYSTEM = "system"
    SESSION = "session"
    SSH = "ssh"
    TLS = "tls"
    TEST = "test"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class UriSpec:
    """What a person fills in; fields that a way doesn't use are passed over.

    ``path`` is what stands after the host ("system", "session"); ``socket`` is the libvirt
    socket on the far side and ``keyfile`` a private key of ours, both for ssh. ``port`` is text
    as it was typed, ``file`` a description of machines for the test driver, ``uri`` the whole
    of `Way.OTHER`.
    """

    way: Way = Way.SYSTEM
    driver: str = "qemu"
    user: str = ""
    host: str = ""
    port: str = ""
    path: str = "system"
    socket: str = ""
    keyfile: str = ""
    file: str = ""
    uri: str = ""


DRIVERS = ("qemu", "xen", "lxc", "bhyve", "ch", "vz", "vbox")
"""Drivers that are offered by name; others are reached by writing the URI."""

FIELDS = {
    Way.SYSTEM: ("driver",),
    Way.SESSION: ("driver",),
    Way.SSH: ("host", "user", "port", "driver", "path", "keyfile", "socket"),
    Way.TLS: ("host", "port", "driver", "path"),
    Way.TEST: ("file",),
    Way.OTHER: ("uri",),
}
"""Which fields of a `UriSpec` each way uses, in the order in which they are asked for."""

_HOST = re.compile(r"^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%A-Za-z0-9]+\])$")
_DRIVER = re.compile(r"^[a-z][a-z0-9]*$")


def build(spec: UriSpec) -> str:
    """Return the URI that ``spec`` means, as far as it is filled in."""
    match spec.way:
        case Way.SYSTEM | Way.SESSION:
            return f"{spec.driver}:///{spec.way.value}"
        case Way.TEST:
            return f"test://{quote(spec.file.strip(), safe='/') or '/default'}"
        case Way.OTHER:
            return spec.uri.strip()
        case Way.SSH | Way.TLS:
            return _remote(spec)


def _remote(spec: UriSpec) -> str:
    host = spec.host.strip()
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    user = f"{quote(spec.user.strip(), safe='')}@" if spec.user.strip() else ""
    port = f":{spec.port.strip()}" if spec.port.strip() else ""
    options = {}
    if spec.way is Way.SSH:
        options = {"socket": spec.socket.strip(), "keyfile": spec.keyfile.strip()}
    query = "&".join(f"{name}={quote(text, safe='/')}" for name, text in options.items() if text)
    path = spec.path.strip().lstrip("/")
    return f"{spec.driver}+{spec.way.value}://{user}{host}{port}/{path}" + (
        f"?{query}" if query else ""
    )


def read(uri: str) -> UriSpec:
    """Return how ``uri`` would be filled in; as `Way.OTHER` where no other way gives it back."""
    other = UriSpec(Way.OTHER, uri=uri)
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return other
    query = parse_qs(parts.query)
    found = {
        "driver": parts.scheme.partition("+")[0],
        "user": unquote(parts.username or ""),
        "host": parts.hostname or "",
        "port": "" if port is None else str(port),
        "path": parts.path.lstrip("/"),
        "socket": query.get("socket", [""])[0],
        "keyfile": query.get("keyfile", [""])[0],
        "file": unquote(parts.path) if parts.path != "/default" else "",
    }
    for way in (Way.SYSTEM, Way.SESSION, Way.SSH, Way.TLS, Way.TEST):
        spec = UriSpec(way, **{name: found[name] for name in FIELDS[way]})
        is_known = way is Way.TEST or spec.driver in DRIVERS
        if is_known and build(spec) == uri and problem(spec) == ("", ""):
            return spec
    return other


def problem(spec: UriSpec) -> tuple[str, str]:
    """Return the field that is wrong and the sentence that says why; ("", "") where none is."""
    if spec.way in (Way.SSH, Way.TLS):
        return _remote_problem(spec)
    if spec.way is Way.TEST and spec.file.strip() and not spec.file.strip().startswith("/"):
        return "file", "The whole path is needed, from / on."
    if spec.way is Way.OTHER:
        why = uri_problem(spec.uri.strip())
        return ("uri", why) if why else ("", "")
    return "", ""


def _remote_problem(spec: UriSpec) -> tuple[str, str]:
    host, port = spec.host.strip(), spec.port.strip()
    bracketed = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
    good_port = not port or (port.isdecimal() and 0 < int(port) < 65536)
    checks = (
        (bool(host), "host", "Which host? A name or an address is needed."),
        # ssh would take it for an option.
        (not host.startswith("-"), "host", "A host name doesn't begin with a minus."),
        (_HOST.match(bracketed), "host", f"“{host}” is neither a host name nor an address."),
        (not spec.user.strip().startswith("-"), "user", "A user doesn't begin with a minus."),
        (good_port, "port", f"A port is a number from 1 to 65535, not “{port}”."),
        (_is_whole(spec.socket), "socket", "The whole path is needed, from / on."),
        (_is_whole(spec.keyfile), "keyfile", "The whole path is needed, from / on."),
    )
    return next(((name, why) for good, name, why in checks if not good), ("", ""))


def _is_whole(path: str) -> bool:
    return not path.strip() or path.strip().startswith("/")


def uri_problem(uri: str) -> str:
    """Return why ``uri`` can't be opened by any libvirt, or an empty text."""
    if not uri:
        return "A libvirt URI is needed, like qemu+ssh://root@host/system."
    if any(c.isspace() or not c.isprintable() for c in uri):
        return "A URI has no spaces; write one as %20."
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        return f"That is no URI: {error}."
    driver, _, transport = parts.scheme.partition("+")
    host, user = parts.hostname or "", parts.username or ""
    checks = (
        (_DRIVER.match(driver), "A URI begins with its driver, like qemu:///system."),
        (
            uri[len(parts.scheme) :].startswith("://"),
            "After the driver come :// and the host, or :/// for this computer.",
        ),
        (
            host or transport not in _NEED_HOST,
            f"Over {transport} the host has to be named: {parts.scheme}://host/…",
        ),
        (
            not host.startswith("-") and not user.startswith("-"),
            "Neither a host nor a user begins with a minus.",
        ),
        (port != 0, "A port is a number from 1 to 65535."),
    )
    return next((why for good, why in checks if not good), "")


_NEED_HOST = frozenset({"ssh", "tls", "tcp", "libssh", "libssh2"})


def name_for(uri: str) -> str:
    """Return a short name for a host that has none: its host name, or what is local about it."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return uri
    if host:
        return host
    driver = parts.scheme.partition("+")[0]
    place = parts.path.strip("/")
    if driver == "test":
        return f"test ({place.rsplit('/', 1)[-1] or 'default'})"
    return {"system": f"{driver} here", "session": f"my {driver} session"}.get(place, uri)
