"""Equivalent virsh lines, quoted for a POSIX shell.

virsh takes a domain by id, UUID or name, in this order (``virshLookupDomainInternal``), so a
machine that is *named* "3" is not reached by its name while another has the id 3. A name that
can be mistaken, or that a terminal would not show as it is, is replaced by the UUID, and stands
behind it as a comment.
"""

import shlex

from vmgui.inventory.domain import Domain

_UUID_LENGTH = 36


def domain_line(verb: str, domain: Domain, *words: str) -> str:
    """Return ``virsh VERB DOMAIN WORD…``."""
    if is_plain(domain.name):
        return line(verb, domain.name, *words)
    return f"{line(verb, domain.uuid, *words)}  # {printable(domain.name)}"


def line(verb: str, *words: str) -> str:
    """Return ``virsh VERB WORD…`` with each word quoted."""
    return shlex.join(("virsh", verb, *words))


def by_name(command: str, domain: Domain) -> str:
    """Return a line that names the machine by its UUID with its name instead, where that is plain.

    It is for a person to read; both do the same.
    """
    if not is_plain(domain.name):
        return command
    return command.replace(f" {domain.uuid} ", f" {shlex.quote(domain.name)} ", 1)


def option(name: str, value: str) -> tuple[str, ...]:
    """Return the words of an option; ``--name=value`` where the value looks like an option."""
    return (f"--{name}={value}",) if value.startswith("-") else (f"--{name}", value)


def complete(short: str, uri: str) -> str:
    """Return a line that names its connection, for a script or another shell."""
    return f"{shlex.join(('virsh', '-c', uri))} {short.removeprefix('virsh ')}"


def is_plain(name: str) -> bool:
    """Tell whether virsh finds the object by this name and by nothing else."""
    digits = name.strip().lstrip("+-")
    return (
        name.isprintable()
        and not name.startswith("-")
        and not digits.isdigit()
        and len(name.encode()) != _UUID_LENGTH
    )


def printable(text: str) -> str:
    r"""Return ``text`` in one line that no terminal acts upon: controls become ``\x..``.

    Characters that turn the writing direction count as controls.
    """
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
