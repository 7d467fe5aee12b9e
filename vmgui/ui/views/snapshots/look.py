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

    name: str
    words: str
    short: str
    accessible: str
    external: bool = False
    memory: bool = False
    off: bool = False
    picture: QPixmap | None = None


def look_of(
    snapshot: Snapshot, size_bytes: int | None, picture: QPixmap | None, now_s: float
) -> Look:
    """Return what is drawn of a snapshot."""
    amount = "" if size_bytes is None else size(size_bytes)
    words = " · ".join(filter(None, (dates.clock(snapshot.created_at_s), amount)))
    return Look(
        snapshot.name,
        words,
        dates.clock(snapshot.created_at_s),
        ", ".join(
            filter(
                None,
                (
                    snapshot.name,
                    kind_words(snapshot).lower(),
                    f"taken {dates.moment(snapshot.created_at_s, now_s)}"
                    if snapshot.created_at_s > 0
                    else "",
                    amount,
                    "you are here, right after it" if snapshot.current else "",
                ),
            )
        ),
        snapshot.external,
        snapshot.has_memory,
        snapshot.state in _OFF,
        picture,
    )


def kind_words(snapshot: Snapshot) -> str:
    """Return what kind a snapshot is, in words."""
    kind = "External" if snapshot.external else "Internal"
    if snapshot.has_memory:
        return f"{kind}, with memory"
    return f"{kind}, disks only"
