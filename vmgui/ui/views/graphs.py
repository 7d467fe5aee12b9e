"""The four graphs of a machine or host, and the words over them."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from vmgui.insight.amounts import bit_rate, byte_rate, count, percent, size
from vmgui.inventory.figures import Sample
from vmgui.ui.style import current
from vmgui.ui.views.figure_feed import FigureFeed
from vmgui.ui.widgets.graph import Crosshair, GraphCard, GraphEvent, SeriesSpec

Subject = Literal["machine", "host"]

_USED = "used"
_CARDS = ("cpu", "memory", "disk", "network")
_FIELDS = {
    "cpu": ("cpu_ratio", "steal_ratio"),
    "memory": ("memory_used_bytes", "memory_granted_bytes"),
    "disk": ("disk_read_bytes_per_s", "disk_written_bytes_per_s"),
    "network": ("net_received_bits_per_s", "net_sent_bits_per_s"),
}


class GraphBoard(QWidget):
    """CPU, memory, disk and network of what a feed is about, ``columns`` beside each other.

    ``event_activated`` carries the key of an event mark that was clicked. Nothing is drawn while
    the board is hidden. A frozen board stands still; the feed goes on behind it.
    """

    event_activated = Signal(str)

    def __init__(
        self, feed: FigureFeed, subject: Subject, columns: int = 2, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._feed = feed
        self._subject: Subject = subject
        self._cpus = 0
        self._message = ""
        crosshair = Crosshair(self)
        self.cards = {
            "cpu": GraphCard("CPU", "percent", crosshair, self),
            "memory": GraphCard("Memory", "memory", crosshair, self),
            "disk": GraphCard("Disk", "disk", crosshair, self),
            "network": GraphCard("Network", "network", crosshair, self),
        }
        self._set_series()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(12)
        for index, (name, card) in enumerate(self.cards.items()):
            card.setObjectName(f"graph-{name}" if columns > 1 else f"graph-{name}-large")
            card.event_clicked.connect(self.event_activated)
            grid.addWidget(card, index // columns, index % columns)
            card.setMinimumHeight(current().px(180 if columns > 1 else 240))
        for column in range(columns):
            grid.setColumnStretch(column, 1)
        feed.changed.connect(self.refresh)

    def set_cpus(self, cpus: int) -> None:
        """Say how many CPUs 100 % are."""
        if cpus != self._cpus:
            self._cpus = cpus
            self._show_words()

    def set_message(self, message: str) -> None:
        """Say in the plots why there are no figures now; "" where there are some."""
        if message != self._message:
            self._message = message
            self.refresh()

    def set_stale(self, is_stale: bool) -> None:
        """Draw grey lines, because what they show is old, or coloured ones."""
        for card in self.cards.values():
            card.set_stale(is_stale)

    def set_frozen(self, frozen: bool) -> None:
        """Let the graphs stand still, or go on."""
        for card in self.cards.values():
            card.set_frozen(frozen)

    def set_events(self, events: Sequence[GraphEvent]) -> None:
        """Mark what happened, in each graph."""
        for card in self.cards.values():
            card.set_events(events)

    def highlight_event(self, key: str) -> None:
        """Make one mark stand out, or none for an empty key."""
        for card in self.cards.values():
            card.highlight_event(key)

    def refresh(self) -> None:
        """Draw what the feed has, up to now."""
        if not self.isVisible():
            return
        feed, now_s = self._feed, time.time()
        times, values = feed.times_s, feed.values
        if self._message == "" and len(times):
            # The right edge is the newest sample, so that the line reaches it between two polls.
            now_s = max(times[-1], now_s - 2 * feed.step_s)
        for name, card in self.cards.items():
            first, second = (values[field] for field in _FIELDS[name])
            card.set_window(feed.range_s or 300, feed.step_s)
            if name == "cpu":
                first, second = ([ratio * 100 for ratio in row] for row in (first, second))
            card.set_data(times, {"first": first, "second": second}, now_s)
        self._show_words()

    def _set_series(self) -> None:
        is_machine = self._subject == "machine"
        used = SeriesSpec("first", _USED, "c1")
        self.cards["cpu"].set_series(
            (used, SeriesSpec("second", "steal", "c2", "line")) if is_machine else (used,)
        )
        granted = SeriesSpec("second", "granted", "c3")
        self.cards["memory"].set_series((used, granted) if is_machine else (used,))
        self.cards["disk"].set_series(_mirrored("read", "written"))
        self.cards["network"].set_series(_mirrored("received", "sent"))

    def _show_words(self) -> None:
        sample = None if self._message else self._feed.latest
        for name, (figure, caption) in _words(sample, self._cpus, self._subject).items():
            card = self.cards[name]
            card.set_figure(figure, caption)
            seen = any(_any_finite(self._feed.values[field]) for field in _FIELDS[name])
            hidden = sample is not None and not figure and not seen
            card.set_message(_HIDDEN if hidden else "" if seen else self._message)
        steal = sample.steal_ratio if sample is not None else None
        self.cards["cpu"].set_legend_value("second", "" if steal is None else percent(steal))
        most = sample.memory_max_bytes if sample is not None else None
        self.cards["memory"].set_limit(most)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()


_HIDDEN = "not visible over this connection"


def _mirrored(above: str, below: str) -> tuple[SeriesSpec, SeriesSpec]:
    return SeriesSpec("first", above, "c1"), SeriesSpec("second", below, "c2", mirror=True)


def _any_finite(row: Sequence[float]) -> bool:
    return any(map(math.isfinite, row))


def _words(sample: Sample | None, cpus: int, subject: Subject) -> Mapping[str, tuple[str, str]]:
    """Return the figure and the caption of each graph; empty texts where nothing is known."""
    if sample is None:
        return dict.fromkeys(_CARDS, ("", ""))
    return {
        "cpu": _cpu_words(sample, cpus, subject),
        "memory": _memory_words(sample, subject),
        "disk": _disk_words(sample),
        "network": _network_words(sample),
    }


def _cpu_words(sample: Sample, cpus: int, subject: Subject) -> tuple[str, str]:
    if sample.cpu_ratio is None:
        return "", ""
    if not cpus:
        return percent(sample.cpu_ratio), ""
    of = f"of {cpus} vCPU" if subject == "machine" else f"of {count(cpus)} threads"
    busy = sample.cpu_ratio * cpus
    words = f"{busy:.1f} host threads busy" if busy >= 0.05 else ""
    return percent(sample.cpu_ratio), _joined(of, words)


def _memory_words(sample: Sample, subject: Subject) -> tuple[str, str]:
    used, granted, most = (
        sample.memory_used_bytes,
        sample.memory_granted_bytes,
        sample.memory_max_bytes,
    )
    if used is None:
        return "", f"{size(granted)} granted" if granted else ""
    if subject == "host":
        return size(used), f"used of {size(most)}" if most else "used"
    kind = "resident" if sample.memory_is_resident else "used"
    caption = f"{kind} of {size(granted)} granted" if granted else kind
    if most and most != granted:
        caption += f" · {size(most)} promised"
    return size(used), caption


def _disk_words(sample: Sample) -> tuple[str, str]:
    rates = (sample.disk_read_bytes_per_s, "read"), (sample.disk_written_bytes_per_s, "written")
    figure, caption = _larger_first(rates, byte_rate)
    requests = sample.disk_requests_per_s
    return figure, _joined(caption, "" if requests is None else f"{count(requests)} IOPS")


def _network_words(sample: Sample) -> tuple[str, str]:
    rates = (sample.net_received_bits_per_s, "received"), (sample.net_sent_bits_per_s, "sent")
    figure, caption = _larger_first(rates, bit_rate)
    dropped = sample.net_dropped_per_s
    return figure, _joined(caption, "" if dropped is None else f"{count(dropped)} dropped")


def _larger_first(
    rates: tuple[tuple[float | None, str], ...], text: Callable[[float], str]
) -> tuple[str, str]:
    known = [(rate, word) for rate, word in rates if rate is not None]
    if not known:
        return "", ""
    (rate, word), *rest = sorted(known, key=lambda each: -each[0])
    return text(rate), _joined(word, *(f"{text(other)} {name}" for other, name in rest))


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))
