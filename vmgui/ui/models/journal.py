"""The journal's entries as rows, the newest first."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from vmgui.actions.entry import Entry
from vmgui.actions.job import JobState
from vmgui.insight.amounts import duration, percent, size
from vmgui.inventory.key import Key
from vmgui.ui.widgets.text import one_line, plain_tooltip

ENTRY_ROLE = Qt.ItemDataRole.UserRole
PART_ROLE = Qt.ItemDataRole.UserRole + 1
"""Whether a row is a part of the one above it."""

_LINES_SHOWN, _LONGEST_SHOWN = 12, 400
_ROLES = Qt.ItemDataRole
_Index = QModelIndex | QPersistentModelIndex


class Shelf(Enum):
    """Which entries are looked at."""

    ALL = "Journal"
    RUNNING = "Running"
    PROBLEMS = "Problems"

    def holds(self, entry: Entry) -> bool:
        """Tell whether an entry belongs here."""
        if self is Shelf.RUNNING:
            return not entry.state.is_over
        if self is Shelf.PROBLEMS:
            return entry.state in (JobState.FAILED, JobState.INTERRUPTED)
        return True


def concerns(entry: Entry, key: Key | None) -> bool:
    """Tell whether an entry is about an object; about a host are those of its machines too."""
    if key is None:
        return True
    return entry.target.host == key.host if key.kind == "host" else entry.target == key


def result_text(entry: Entry) -> str:
    """Return how far an entry is, or how it ended, in a few words."""
    match entry.state:
        case JobState.WAITING:
            return "waiting"
        case JobState.RUNNING:
            return _so_far(entry) or "running"
        case JobState.DONE:
            return f"done in {_took(entry)}" if _took(entry) else "done"
        case JobState.FAILED:
            return f"Failed: {one_line(entry.why or entry.what)}"
        case _:
            return str(entry.state)


def _so_far(entry: Entry) -> str:
    if entry.progress is None:
        return ""
    if entry.done_bytes is None or entry.total_bytes is None:
        return percent(entry.progress)
    return f"{percent(entry.progress)}, {size(entry.done_bytes)} of {size(entry.total_bytes)}"


def in_families(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries (the newest first) with the parts of a job behind it, the first part first.

    Parts of what is done well are left out: the job says all of it. Where the job itself isn't
    among the entries its parts stand by themselves.
    """
    jobs = {entry.id: entry for entry in entries}
    parts: dict[str, list[Entry]] = {}
    for entry in reversed(entries):
        if entry.parent in jobs:
            parts.setdefault(entry.parent, []).append(entry)
    rows: list[Entry] = []
    for entry in entries:
        if entry.parent not in jobs:
            rows.append(entry)
            if entry.state is not JobState.DONE:
                rows += parts.get(entry.id, ())
    return rows


def shown_lines(entry: Entry) -> tuple[str, ...]:
    """Return the virsh lines as they are shown: a class of clones has some hundred kilobytes."""
    shown = [one_line(line[:_LONGEST_SHOWN]) for line in entry.virsh[:_LINES_SHOWN]]
    more = len(entry.virsh) - len(shown)
    return (*shown, f"… {more} more") if more else tuple(shown)


def _took(entry: Entry) -> str:
    if entry.ended_at_s is None or entry.started_at_s is None:
        return ""
    took_s = entry.ended_at_s - entry.started_at_s
    return f"{max(took_s, 0.1):.1f} s" if took_s < 10 else duration(took_s)


class JournalModel(QAbstractListModel):
    """Those entries that a shelf holds and that are about one object, or about all.

    A new list of entries keeps selection and place: rows that stay keep their indexes.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[Entry, ...] = ()
        self._rows: list[Entry] = []
        self._shelf = Shelf.ALL
        self._key: Key | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is shown."""
        return tuple(self._rows)

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Take the journal as it is now, the newest first."""
        self._all = tuple(entries)
        self._arrange()

    def look_at(self, shelf: Shelf, key: Key | None) -> None:
        """Show another shelf, about one object or, with None, about all."""
        self._shelf, self._key = shelf, key
        self._arrange()

    def count(self, shelf: Shelf) -> int:
        """Return how many jobs a shelf would hold now; their parts don't count apart."""
        held = [e for e in self._all if shelf.holds(e) and concerns(e, self._key)]
        jobs = {entry.id for entry in held}
        return sum(entry.parent not in jobs for entry in held)

    def entry(self, index: _Index) -> Entry | None:
        """Return the entry of a row."""
        return self._rows[index.row()] if 0 <= index.row() < len(self._rows) else None

    def index_of(self, entry_id: str) -> QModelIndex:
        """Return the row of an entry, invalid where it is not shown."""
        for row, entry in enumerate(self._rows):
            if entry.id == entry_id:
                return self.index(row)
        return QModelIndex()

    def _shows(self, entry_id: str) -> bool:
        return any(entry.id == entry_id for entry in self._rows)

    def _arrange(self) -> None:
        held = [e for e in self._all if self._shelf.holds(e) and concerns(e, self._key)]
        rows = in_families(held)
        before = self._rows
        if [e.id for e in rows] == [e.id for e in before]:
            self._rows = rows
            for row, (old, new) in enumerate(zip(before, rows, strict=True)):
                if old != new:
                    self.dataChanged.emit(self.index(row), self.index(row))
            return
        self.layoutAboutToBeChanged.emit()
        places = {entry.id: row for row, entry in enumerate(rows)}
        kept = self.persistentIndexList()
        after = [places.get(before[index.row()].id, -1) for index in kept]
        self._rows = rows
        self.changePersistentIndexList(
            kept, [self.index(row) if row >= 0 else QModelIndex() for row in after]
        )
        self.layoutChanged.emit()

    # Qt

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = _ROLES.DisplayRole) -> Any:
        entry = self.entry(index)
        if entry is None:
            return None
        if role == ENTRY_ROLE:
            return entry
        if role in (_ROLES.DisplayRole, _ROLES.AccessibleTextRole):
            return f"{entry.title} {one_line(entry.target_name)}, {result_text(entry)}"
        if role == _ROLES.ToolTipRole:
            head = one_line(f"{entry.title} {entry.target_name} on {entry.host_name}")
            return plain_tooltip("\n".join((head, *shown_lines(entry))))
        if role == PART_ROLE:
            return bool(entry.parent) and self._shows(entry.parent)
        return None
