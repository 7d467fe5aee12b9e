"""The bottom line: how each connection is, what runs, and which libvirt is looked at."""

import re
from collections.abc import Callable
from time import monotonic, time

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QStatusBar, QWidget

from vmgui.insight.amounts import counted, duration, latency
from vmgui.insight.link_words import are_old
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.ui.bridge import Bridge
from vmgui.ui.models.tree_text import Figures
from vmgui.ui.style import Style
from vmgui.ui.style.tokens import FOCUS_PX
from vmgui.ui.views.tree_delegate import mark_of_link
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.state_mark import paint_mark, paint_state
from vmgui.ui.widgets.text import one_line, plain_label, plain_tooltip

_PAD_PX, _MARK_PX = 12, 14
_NAME_PX = 180
_USUAL = "000 ms · data 00 s old"
"""As wide as what is mostly said, so that nothing moves when a figure gets another digit."""

_DIGIT = re.compile(r"[0-9]")


def link_text(link: Link, now_s: float, figures_age_s: float | None = None) -> str:
    """Return how a connection stands, in a few words; ``now_s`` is monotonic.

    ``figures_age_s`` is how old the figures are that are shown, None where there are none.
    """
    match link.state:
        case LinkState.CONNECTED | LinkState.STALLED:
            parts = [latency(link.latency_s)] if link.latency_s is not None else []
            if link.state is LinkState.STALLED:
                parts = ["does not answer"]
            age_s = figures_age_s
            if age_s is None and link.answered_at_monotonic_s is not None:
                age_s = now_s - link.answered_at_monotonic_s
            if age_s is not None:
                parts.append(f"data {duration(age_s)} old")
            return " · ".join([*parts, *(["read-only"] if link.read_only else [])])
        case LinkState.CONNECTING:
            return f"connecting: {link.waiting_for}" if link.waiting_for else "connecting"
        case LinkState.LOST if link.retry_at_monotonic_s is not None:
            wait_s = link.retry_at_monotonic_s - now_s
            return f"lost: retry in {duration(wait_s)}" if wait_s >= 1 else "lost: trying again"
        case LinkState.LOST if link.answered_at_monotonic_s is not None:
            return f"lost · data {duration(now_s - link.answered_at_monotonic_s)} old"
        case _:
            return str(link.state)


class _Item(QAbstractButton):
    """One thing that the line says, which can be clicked; it keeps its width as figures change."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._style = style
        self._width_px = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        style.changed.connect(self._forget_width)

    def _forget_width(self) -> None:
        self._width_px = 0.0
        self.updateGeometry()

    def _hold_width(self, *texts: str) -> int:
        """Return the width of the widest text so far, where each digit is as wide as any."""
        metrics = QFontMetricsF(self._style.font("table"))
        widths = [metrics.horizontalAdvance(_DIGIT.sub("0", text)) for text in texts]
        self._width_px = max(self._width_px, *widths)
        return int(self._width_px + self._style.px(_MARK_PX) + 2 * _PAD_PX + 10)

    def _begin(self, rule_x: int) -> QPainter:
        """Paint what is behind the words: hover, a rule at the edge, the ring of the focus."""
        style = self._style
        painter = QPainter(self)
        if self.underMouse():
            painter.fillRect(self.rect(), style.color("s3"))
        painter.fillRect(rule_x, 4, 1, self.height() - 8, style.color("line"))
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(style.color("acc"), FOCUS_PX))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 4, 4)
        painter.setFont(style.font("table"))
        return painter


class HostHealth(_Item):
    """One connection: mark, name, latency, age. A click opens its page, or tries again."""

    def __init__(self, uri: str, style: Style) -> None:
        super().__init__(style)
        self.uri = uri
        self._host: Host | None = None
        self._text = ""
        self._is_old = False
        self.setObjectName(f"health-{uri}")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    @property
    def is_amber(self) -> bool:
        """Tell whether it stands out, because the host doesn't answer or its figures are old."""
        return self._is_old or (
            self._host is not None and self._host.link.state is not LinkState.CONNECTED
        )

    @property
    def words(self) -> str:
        """What it says after the name."""
        return self._text

    def show_host(
        self, host: Host, now_s: float, figures_age_s: float | None, step_s: float
    ) -> None:
        """Show how the host stands now, where figures shall come every ``step_s``."""
        text = link_text(host.link, now_s, figures_age_s)
        is_connected = host.link.state is LinkState.CONNECTED
        is_old = is_connected and figures_age_s is not None and are_old(figures_age_s, step_s)
        if (host, text, is_old) == (self._host, self._text, self._is_old):
            return
        if self._host is None or self._host.link.state is not host.link.state:
            self._width_px = 0.0
        self._host, self._text, self._is_old = host, text, is_old
        self.setAccessibleName(f"{host.name}: {text or host.link.state}")
        why = "The host answers, but no figures have come for a while." if is_old else host.link.why
        action = "Click to try again now." if host.link.state in _RETRIED else ""
        self.setToolTip(plain_tooltip("\n".join(filter(None, (host.key.host, why, action)))))
        self.updateGeometry()
        self.update()

    def _name(self) -> str:
        assert self._host is not None
        metrics = QFontMetricsF(self._style.font("table"))
        name = one_line(self._host.name)
        return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, self._style.px(_NAME_PX))

    # Qt

    def sizeHint(self) -> QSize:
        if self._host is None:
            return QSize(0, 0)
        name, is_connected = self._name(), self._host.link.state is LinkState.CONNECTED
        widest = f"{name}  {_USUAL if is_connected else ''}"
        return QSize(self._hold_width(f"{name}  {self._text}", widest), self._style.px(25))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._style.px(60), self._style.px(25))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._host is None:
            return
        style = self._style
        painter = self._begin(self.width() - 1)
        side = style.px(_MARK_PX)
        box = QRectF(_PAD_PX, (self.height() - side) / 2, side, side)
        paint_state(
            painter, box, "stale" if self._is_old else mark_of_link(self._host.link.state), style
        )
        painter.setPen(style.color("t1"))
        area = self.rect().adjusted(_PAD_PX + side + 6, 0, -4, 0)
        name = self._name()
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), name)
        area.adjust(painter.fontMetrics().horizontalAdvance(f"{name}  "), 0, 0, 0)
        painter.setPen(style.color("warn" if self.is_amber else "t3"))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), self._text)


_RETRIED = (LinkState.LOST, LinkState.REFUSED, LinkState.CLOSED)


class JobsRunning(_Item):
    """How many jobs run; a click shows them."""

    def __init__(self, style: Style) -> None:
        super().__init__(style)
        self._count = 0
        self.setObjectName("jobs-running")
        self.hide()

    def show_count(self, count: int) -> None:
        """Show how many run; none hides it."""
        self._count = count
        self.setVisible(count > 0)
        self.setAccessibleName(self._words())
        self.updateGeometry()
        self.update()

    def _words(self) -> str:
        return f"{counted(self._count, 'job')} running"

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(self._hold_width(self._words(), "10 jobs running"), self._style.px(25))

    def paintEvent(self, event: QPaintEvent) -> None:
        style = self._style
        painter = self._begin(0)
        side = style.px(_MARK_PX)
        box = QRectF(_PAD_PX, (self.height() - side) / 2, side, side)
        paint_mark(painter, box, "running", style)
        painter.setPen(style.color("t2"))
        area = self.rect().adjusted(_PAD_PX + side + 6, 0, 0, 0)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), self._words())


class MoreHosts(_Item):
    """How many hosts there is no room for; a click shows all."""

    def __init__(self, style: Style) -> None:
        super().__init__(style)
        self._count = 0
        self.setObjectName("more-hosts")
        self.hide()

    def show_count(self, count: int) -> None:
        """Show how many are left out; none hides it."""
        self._count = count
        self.setAccessibleName(self._words())
        self.setVisible(count > 0)
        self.update()

    def _words(self) -> str:
        return counted(self._count, "more host")

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(self._hold_width("000 more hosts"), self._style.px(25))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self._begin(self.width() - 1)
        painter.setPen(self._style.color("t2"))
        area = self.rect().adjusted(_PAD_PX, 0, -4, 0)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), self._words())


class _Row(QWidget):
    """A row that takes what room there is and asks for none."""

    def __init__(self, fit: Callable[[], object]) -> None:
        super().__init__()
        self._fit = fit
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class StatusBar(QStatusBar):
    """Follows the connections, the age of their figures, and the jobs.

    ``step_s`` is asked how far apart figures shall be. ``all_wanted`` asks for the page of all
    hosts.

    ``host_wanted`` has the URI of a connection whose page is asked for, ``retry_wanted`` one that
    shall be tried again, ``jobs_wanted`` asks for what runs.
    """

    host_wanted = Signal(str)
    all_wanted = Signal()
    retry_wanted = Signal(str)
    jobs_wanted = Signal()

    def __init__(
        self,
        inventory: Inventory,
        figures: Figures,
        step_s: Callable[[], float],
        bridge: Bridge,
        style: Style,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._figures = figures
        self._step_s = step_s
        self.setObjectName("status-bar")
        self.setSizeGripEnabled(False)
        self.setContentsMargins(0, 0, 0, 0)
        self._inventory = inventory
        self._style = style
        self._uri = ""
        self._health: dict[str, HostHealth] = {}
        self._more = MoreHosts(style)
        self._more.clicked.connect(self.all_wanted)
        self._hosts = _Row(self._fit)
        self._row = QHBoxLayout(self._hosts)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._said = ElidedLabel("", "table", "t2", is_sentence=True)
        self._said.setObjectName("said")
        self._said.setContentsMargins(_PAD_PX, 0, _PAD_PX, 0)
        self._row.addWidget(self._more)
        self._row.addWidget(self._said, 1)
        self._jobs = JobsRunning(style)
        self._jobs.clicked.connect(self.jobs_wanted)
        self._versions = plain_label(role="table", tone="t3")
        self._versions.setObjectName("versions")
        self._versions.setContentsMargins(_PAD_PX, 0, _PAD_PX, 0)
        # Qt hides what isn't permanent while it shows a message: the hosts must stay in sight.
        self.addPermanentWidget(self._hosts, 1)
        self.messageChanged.connect(self._said.setText)
        self.addPermanentWidget(self._jobs)
        self.addPermanentWidget(self._versions)
        bridge.inventory_changed.connect(self._refresh)
        bridge.ticked.connect(self._refresh)
        self._refresh()

    def show_versions_of(self, uri: str) -> None:
        """Name the versions of a host, or of none."""
        self._uri = uri
        self._refresh()

    def show_running(self, count: int) -> None:
        """Say how many jobs run."""
        self._jobs.show_count(count)

    def _refresh(self) -> None:
        now_s, wall_s = monotonic(), time()
        hosts = {host.key.host: host for host in self._inventory.hosts()}
        for uri in self._health.keys() - hosts.keys():
            self._health.pop(uri).deleteLater()
        for uri, host in hosts.items():
            health = self._health.get(uri)
            if health is None:
                health = self._health[uri] = HostHealth(uri, self._style)
                health.clicked.connect(lambda _on=False, u=uri: self._on_clicked(u))
                self._row.insertWidget(self._row.count() - 2, health)
            sample = self._figures.latest(host.key)
            age_s = None if sample is None else max(0.0, wall_s - sample.at_s)
            step_s = max(self._step_s(), (sample.step_s if sample else None) or 0.0)
            health.show_host(host, now_s, age_s, step_s)
        self._fit()
        host_now = hosts.get(self._uri)
        self._versions.setText(_versions(host_now) if host_now is not None else "")

    def _fit(self) -> None:
        """Show as many hosts as there is room for, those that stand out first; count the rest."""
        room = self._hosts.width()
        healths = list(self._health.values())
        widths = {health: health.sizeHint().width() for health in healths}
        if sum(widths.values()) > room:
            room -= self._more.sizeHint().width()
        shown: set[HostHealth] = set()
        for health in sorted(healths, key=lambda health: not health.is_amber):
            if widths[health] <= room or not shown:
                shown.add(health)
                room -= widths[health]
        for health in healths:
            health.setVisible(health in shown)
        self._more.show_count(len(healths) - len(shown))

    def _on_clicked(self, uri: str) -> None:
        host = self._inventory.host(uri)
        if host is not None and host.link.state in _RETRIED:
            self.retry_wanted.emit(uri)
        self.host_wanted.emit(uri)


def _versions(host: Host) -> str:
    libvirt = f"libvirt {host.libvirt_version}" if host.libvirt_version else ""
    driver = f"{host.driver} {host.hypervisor_version}" if host.hypervisor_version else ""
    return one_line(" · ".join(filter(None, (libvirt, driver.strip()))))
