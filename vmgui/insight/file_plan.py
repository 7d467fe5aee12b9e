"""What an action would do to files, told before it is done: the picture and the deed share it.

An action that touches disks makes its plan from what it has just read (`MachineStorage`), refuses
where the plan refuses, and then carries out exactly this plan.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a file, in the words that are shown."""

    CREATED = "created"
    WRITTEN = "takes the writes"
    FROZEN = "becomes read-only"
    GROWS = "grows"  # data of other files are merged into it
    REMOVED = "removed"
    LEFT = "left behind"  # stays, and nobody uses it afterwards
    KEPT = "not touched"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file and its fate. ``what`` says in words what it is ("disk vda", "memory of first").

    ``size_bytes`` is what it takes now, ``becomes_bytes`` what it may take afterwards at the
    most; None where that isn't known. ``backing_after`` is what it reads from afterwards.
    """

    path: str
    fate: Fate
    what: str
    target: str = ""
    size_bytes: int | None = None
    becomes_bytes: int | None = None
    backing_after: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """Data that are copied from one file into another; ``at_most_bytes`` None: not known."""

    source: str
    into: str
    at_most_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What an action would do, in full.

    ``title`` is a verb and a name. ``machine`` tells what the machine meets ("keeps running").
    ``reasons`` say why it is done this way; ``loses`` and ``warnings`` are sentences.
    ``refusal`` tells why it can't be done, "" where it can. ``copies_bytes`` and ``frees_bytes``
    are at-most figures, None where they aren't known. ``virsh`` are the equivalent lines.
    """

    title: str
    files: tuple[PlannedFile, ...] = ()
    merges: tuple[Merge, ...] = ()
    machine: str = ""
    reasons: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    copies_bytes: int | None = 0
    frees_bytes: int | None = 0
    virsh: tuple[str, ...] = ()

    def of(self, *fates: Fate) -> tuple[PlannedFile, ...]:
        """Return the files with one of these fates, in their order."""
        return tuple(file for file in self.files if file.fate in fates)

    def fate_of(self, path: str) -> Fate | None:
        """Return what becomes of the file at ``path``, None where the plan doesn't name it."""
        return next((file.fate for file in self.files if file.path == path), None)

    def beyond(self, shown: "FilePlan") -> str:
        """Tell what this plan costs that ``shown`` didn't tell of; "" for nothing.

        That is a file that goes or gets other content, or a sentence of what is lost; amounts
        may differ.
        """
        told = {(file.path, file.fate) for file in shown.of(*_COSTLY)}
        for file in self.of(*_COSTLY):
            if (file.path, file.fate) not in told:
                return f"{file.path} {_BECOMES[file.fate]}"
        known = {_without_amounts(sentence) for sentence in shown.loses}
        lost = (each for each in self.loses if _without_amounts(each) not in known)
        return next(lost, "").rstrip(".")


_BECOMES = {
    Fate.REMOVED: "would be removed",
    Fate.WRITTEN: "would be written to",
    Fate.GROWS: "would be written to",
}
_COSTLY = tuple(_BECOMES)


def _without_amounts(sentence: str) -> str:
    return re.sub(r" \([^()]*\)", "", sentence)
