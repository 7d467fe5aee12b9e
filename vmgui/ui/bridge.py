"""The only crossing from the rooms below into Qt: their signals in, coalesced, theirs out.

The first news after a quiet moment goes out at once. What follows is gathered, for `FIRST_MS` and
then for longer each time, so views are told at most ten times a second while news goes on. A large
change goes out in parts of `MOST_RECORDS`, each in a turn of the loop of its own.
"""

from collections.abc import Iterable, Iterator

from psygnal import SignalInstance
from PySide6.QtCore import QObject, QTimer, Signal

from vmgui.inventory.changes import Change, Record
from vmgui.inventory.figures import Sample
from vmgui.inventory.key import Key

FIRST_MS, EVERY_MS = 20, 100
MOST_RECORDS = 500
_TICK_MS = 1000


class Bridge(QObject):
    """Tells views what changed, on the loop's thread.

    `follow_inventory`, `follow_samples` and `follow_journal` connect it; `close` lets go.
    """

    inventory_changed = Signal(object)
    """A `Change`, as if it had happened at once."""

    samples_arrived = Signal(object)
    """A dict of the newest `Sample` of each key that was polled."""

    journal_changed = Signal()
    """Entries were added, or moved on."""

    ticked = Signal()
    """Once a second, for ages and countdowns."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._added: dict[Key, Record] = {}
        self._updated: dict[Key, Record] = {}
        self._removed: dict[Key, None] = {}
        self._samples: dict[Key, Sample] = {}
        self._journal = False
        self._parts: Iterator[Change] = iter(())
        self._followed: list[tuple[SignalInstance, object]] = []
        self._pause_ms = FIRST_MS
        self._gather = QTimer(self, singleShot=True)
        self._gather.timeout.connect(self._on_gathered)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._emit)
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.timeout.connect(self.ticked)
        self._clock.start()

    @property
    def is_quiet(self) -> bool:
        """Tell whether nothing is left to be told."""
        held = self._added or self._updated or self._removed or self._samples or self._journal
        return not held and not self._soon.isActive()

    def follow_inventory(self, changed: SignalInstance) -> None:
        """Pass on an inventory's ``changed``."""
        self._follow(changed, self._on_changed)

    def follow_samples(self, arrived: SignalInstance) -> None:
        """Pass on a sampler's ``samples_arrived``."""
        self._follow(arrived, self._on_samples)

    def follow_journal(self, changed: SignalInstance) -> None:
        """Pass on a journal's ``changed``."""
        self._follow(changed, self._on_journal)

    def close(self) -> None:
        """Let go of what is followed, and say nothing more."""
        for signal, slot in self._followed:
            signal.disconnect(slot)  # type: ignore[arg-type]  # one of our own methods
        self._followed.clear()
        for timer in (self._gather, self._soon, self._clock):
            timer.stop()

    def _follow(self, signal: SignalInstance, slot: object) -> None:
        signal.connect(slot)  # type: ignore[call-overload]  # one of our own methods
        self._followed.append((signal, slot))

    def _on_changed(self, change: Change) -> None:
        for record in change.added:
            self._removed.pop(record.key, None)
            self._added[record.key] = record
        for record in change.updated:
            place = self._added if record.key in self._added else self._updated
            place[record.key] = record
        for key in change.removed:
            self._updated.pop(key, None)
            self._added.pop(key, None)
            self._removed[key] = None
        self._wake()

    def _on_samples(self, samples: Iterable[Sample]) -> None:
        self._samples.update((sample.key, sample) for sample in samples)
        self._wake()

    def _on_journal(self) -> None:
        self._journal = True
        self._wake()

    def _wake(self) -> None:
        if not self._gather.isActive() and not self._soon.isActive():
            self._soon.start()

    def _on_gathered(self) -> None:
        if self._samples or self._journal or self._added or self._updated or self._removed:
            self._emit()
        else:
            self._pause_ms = FIRST_MS

    def _emit(self) -> None:
        """Tell what was gathered; the rest of a large change follows in later turns."""
        part = next(self._parts, None)
        if part is None:
            self._parts = self._take_parts()
            part = next(self._parts, None)
            if self._samples:
                samples, self._samples = self._samples, {}
                self.samples_arrived.emit(samples)
            if self._journal:
                self._journal = False
                self.journal_changed.emit()
        if part is not None:
            self.inventory_changed.emit(part)
            self._soon.start()
        else:
            self._gather.start(self._pause_ms)
            self._pause_ms = min(2 * self._pause_ms, EVERY_MS)

    def _take_parts(self) -> Iterator[Change]:
        added, updated = tuple(self._added.values()), tuple(self._updated.values())
        removed = tuple(self._removed)
        self._added, self._updated, self._removed = {}, {}, {}
        if removed:
            yield Change(removed=removed)
        for start in range(0, len(added), MOST_RECORDS):
            yield Change(added=added[start : start + MOST_RECORDS])
        for start in range(0, len(updated), MOST_RECORDS):
            yield Change(updated=updated[start : start + MOST_RECORDS])
