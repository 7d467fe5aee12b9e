"""What a timeline draws of each snapshot."""

from dataclasses import dataclass

from PySide6.QtGui import QPixmap

from vmgui.insight import dates
from vmgui.insight.amounts import size
from vmgui.inventory.snapshot import Snapshot

_OFF = frozenset({"shutoff", "shutdown", "off"})


@dataclass(frozen=True, slots=True)
class Look:
    """The words and the picture at a node.

    ``short`` is for where there is no room for ``words``. ``off`` says that the machine was
    switched off at that moment.
    """

    snapshot: Snapshot
    words: str
    short: str
    off: bool = False
    picture: QPixmap | None = None

    @property
    def accessible(self) -> str:
        """What is told of it to whoever doesn't see it."""
        snapshot = self.snapshot
        taken = dates.moment(snapshot.created_at_s, snapshot.created_at_s)
        parts = (
            snapshot.name,
            kind_words(snapshot).lower(),
            f"taken {taken}" if taken else "",
            self.words.partition(" · ")[2],
            "you are here, right after it" if snapshot.current else "",
        )
        return ", ".join(filter(None, parts))


def look_of(snapshot: Snapshot, size_bytes: int | None, picture: QPixmap | None) -> Look:
    """Return what is drawn of a snapshot."""
    clock = dates.clock(snapshot.created_at_s)
    amount = "" if size_bytes is None else size(size_bytes)
    words = " · ".join(filter(None, (clock, amount)))
    return Look(snapshot, words, clock, snapshot.state in _OFF, picture)


def kind_words(snapshot: Snapshot) -> str:
    """Return what kind a snapshot is, in words."""
    kind = "External" if snapshot.external else "Internal"
    if snapshot.has_memory:
        return f"{kind}, with memory"
    return f"{kind}, disks only"
