"""What a person wants of a clone, or of many: the arguments of ``domain.clone`` as a record."""

import re
from dataclasses import dataclass
from enum import StrEnum

MOST_AT_ONCE = 200
"""Clones that one job makes at the most: each has files, a definition and a line of its own."""


class CloneKind(StrEnum):
    """How disks are cloned where nothing is chosen for one of them."""

    LINKED = "linked"  # an overlay that reads the source's file
    FULL = "full"  # a copy of its own


class DiskChoice(StrEnum):
    """What becomes of one disk of the source in each clone."""

    LINKED = "linked"
    FULL = "full"
    SHARED = "shared"  # the source's own file, read-only
    OUT = "out"  # the clone has no such disk
    EMPTY = "empty"  # a new disk of the same size without content, or a drive without a medium


class BaseFate(StrEnum):
    """What keeps the files that linked clones read from changing.

    A template and a snapshot have such files already: nothing needs to be done there.
    """

    TEMPLATE = "template"  # the source becomes a template: it isn't started any more
    OVERLAY = "overlay"  # the source goes on with an overlay of its own


class GuestName(StrEnum):
    """How the guest learns that it is another machine."""

    AUTO = "auto"  # the best of those that fit this guest
    NONE = "none"
    KERNEL = "kernel"  # vmgui.name= on the kernel's command line
    CLOUD_INIT = "cloud-init"  # a NoCloud seed on a disc of its own
    SYSPREP = "sysprep"  # virt-sysprep writes into the clone's disk


class WhenFailed(StrEnum):
    """What becomes of the clones that are finished when one fails or the job is cancelled."""

    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class CloneSpec:
    """What is wanted. Defaults are those that lose nothing and ask nothing.

    ``pattern`` is a name, or one with ``{n}``, ``{n:02}`` (the number, at least two digits) and
    ``{host}``; "" stands for `default_pattern`. ``names`` are clones' own names by their number,
    ``skipped`` are numbers that are passed over: there are still ``count`` clones. ``disks`` holds
    what differs from ``kind``, by target. ``snapshot`` is the snapshot to clone from, "" for the
    machine as it is. ``pool`` is the UUID of the pool that takes the files, "" for that of the
    source's own disk. ``network`` "" leaves interfaces where they are. ``seed`` decides MACs and
    UUIDs, so that the plan that was shown and the one that is carried out are the same.
    """

    kind: CloneKind = CloneKind.LINKED
    count: int = 1
    first: int = 1
    pattern: str = ""
    names: tuple[tuple[int, str], ...] = ()
    skipped: tuple[int, ...] = ()
    disks: tuple[tuple[str, DiskChoice], ...] = ()
    snapshot: str = ""
    base: BaseFate = BaseFate.OVERLAY
    pool: str = ""
    network: str = ""
    guest: GuestName = GuestName.AUTO
    tags: tuple[str, ...] = ()
    start: bool = False
    start_every_s: int = 0
    when_failed: WhenFailed = WhenFailed.KEEP
    seed: int = 0

    def choice_of(self, target: str) -> DiskChoice | None:
        """Return what was chosen for a disk, None where ``kind`` decides."""
        return dict(self.disks).get(target)

    def own_name(self, number: int) -> str:
        """Return the name that was typed for a clone, "" where the pattern gives it."""
        return dict(self.names).get(number, "")

    def numbers(self) -> tuple[int, ...]:
        """Return the clones' numbers: ``count`` of them, those that are skipped left out."""
        skipped = set(self.skipped)
        numbers: list[int] = []
        number = self.first
        while len(numbers) < self.count:
            if number not in skipped:
                numbers.append(number)
            number += 1
        return tuple(numbers)


_FIELD = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"n(?::0?([1-9]))?$")


def default_pattern(source: str, count: int) -> str:
    """Return the pattern that is offered: ``web-clone``, or ``web-{n:02}`` for many.

    Braces in the source's own name stand for themselves in no pattern, so they are left out.
    """
    name = source.replace("{", "").replace("}", "")
    width = max(2, len(str(count)))
    return f"{name}-clone" if count == 1 else f"{name}-{{n:0{width}}}"


def pattern_refusal(pattern: str, count: int) -> str:
    """Tell in a sentence what is wrong with a pattern; "" where nothing is."""
    if not pattern.strip():
        return "The name can't be empty."
    fields = _FIELD.findall(pattern)
    for field in fields:
        if field != "host" and not _NUMBER.match(field):
            return f"{{{field}}} is none of {{n}}, {{n:02}} and {{host}}."
    if "{" in _FIELD.sub("", pattern) or "}" in _FIELD.sub("", pattern):
        return "A brace has no partner: fields look like {n}, {n:02} and {host}."
    if count > 1 and not any(_NUMBER.match(field) for field in fields):
        return f"{count} clones need {{n}} in their name, so that each has another."
    return ""


def name_of(pattern: str, number: int, host: str) -> str:
    """Return a clone's name; the pattern is one that `pattern_refusal` lets through."""

    def fill(field: re.Match[str]) -> str:
        if field[1] == "host":
            return host
        found = _NUMBER.match(field[1])
        return f"{number:0{found[1] or 1}}" if found else field[0]

    return _FIELD.sub(fill, pattern)


def hostname_of(name: str) -> str:
    """Return a machine's name as a host name: letters, digits and hyphens (RFC 1123)."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-") or "clone"
