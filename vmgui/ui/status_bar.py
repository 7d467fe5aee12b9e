"""The bottom line: how each connection is, what runs, and which libvirt is looked at."""

from time import monotonic

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QStatusBar, QWidget

from vmgui.insight.amounts import counted, duration, latency
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.ui.bridge import Bridge
from vmgui.ui.style import Style
from vmgui.ui.views.tree_delegate import mark_of_link
from vmgui.ui.widgets.state_mark import paint_mark, paint_state
from vmgui.ui.widgets.text import one_line, plain_label, plain_tooltip

_PAD_PX, _MARK_PX = 12, 12
_NAME_PX = 180


def link_text(link: Link, now_s: float) -> str:
    """Return how a connection stands, in a few words; ``now_s`` is monotonic."""
    match link.state:
        case LinkState.CONNECTED | LinkState.STALLED:
            parts = [latency(link.latency_s)] if link.latency_s is not None else []
            if link.state is LinkState.STALLED:
                parts = ["does not answer"]
            if link.answered_at_monotonic_s is not None:
                parts.append(f"data {duration(now_s - link.answered_at_monotonic_s)} old")
            return " · ".join([*parts, *(["read-only"] if link.read_only else [])])
        case LinkState.CONNECTING:
            return f"connecting: {link.waiting_for}" if link.waiting_for else "connecting"
        case LinkState.LOST if link.retry_at_monotonic_s is not None:
            wait_s = link.retry_at_monotonic_s - now_s
            return f"lost: retry in {duration(wait_s)}" if wait_s >= 1 else "lost: trying again"
        case _:
            return str(link.state)


class HostHealth(QAbstractButton):
    """One connection: mark, name, latency, age. A click opens its page, or tries again."""

    def __init__(self, uri: str, style: Style) -> None:
        super().__init__()
        self.uri = uri
        self._style = style
        self._host: Host | None = None
        self._text = ""
        self.setObjectName(f"health-{uri}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def show_host(self, host: Host, now_s: float) -> None:
        """Show how the host stands now."""
        text = link_text(host.link, now_s)
        if host == self._host and text == self._text:
            return
        self._host, self._text = host, text
        self.setAccessibleName(f"{host.name}: {text or host.link.state}")
        action = "Click to try again now." if host.link.state in _RETRIED else ""
        self.setToolTip(
            plain_tooltip("\n".join(filter(None, (host.key.host, host.link.why, action))))
        )
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
        metrics = QFontMetricsF(self._style.font("table"))
        words = f"{self._name()}  {self._text}"
        width = metrics.horizontalAdvance(words) + self._style.px(_MARK_PX) + 2 * _PAD_PX + 10
        return QSize(int(width), self._style.px(25))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._style.px(60), self._style.px(25))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._host is None:
            return
        style = self._style
        painter = QPainter(self)
        if self.underMouse() or self.hasFocus():
            painter.fillRect(self.rect(), style.color("s3"))
        painter.fillRect(self.width() - 1, 4, 1, self.height() - 8, style.color("line"))
        side = style.px(_MARK_PX)
        box = QRectF(_PAD_PX, (self.height() - side) / 2, side, side)
        state = self._host.link.state
        paint_state(painter, box, mark_of_link(state), style)
        painter.setFont(style.font("table"))
        painter.setPen(style.color("t1"))
        area = self.rect().adjusted(_PAD_PX + side + 6, 0, -4, 0)
        name = self._name()
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), name)
        area.adjust(painter.fontMetrics().horizontalAdvance(f"{name}  "), 0, 0, 0)
        painter.setPen(style.color("t3" if state is LinkState.CONNECTED else "warn"))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), self._text)


_RETRIED = (LinkState.LOST, LinkState.REFUSED, LinkState.CLOSED)


class JobsRunning(QAbstractButton):
    """How many jobs run; a click shows them."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._style = style
        self._count = 0
        self.setObjectName("jobs-running")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
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
        metrics = QFontMetricsF(self._style.font("table"))
        width = metrics.horizontalAdvance(self._words()) + self._style.px(14) + 2 * _PAD_PX + 8
        return QSize(int(width), self._style.px(25))

    def paintEvent(self, event: QPaintEvent) -> None:
        style = self._style
        painter = QPainter(self)
        if self.underMouse() or self.hasFocus():
            painter.fillRect(self.rect(), style.color("s3"))
        painter.fillRect(0, 4, 1, self.height() - 8, style.color("line"))
        side = style.px(14)
        paint_mark(
            painter, QRectF(_PAD_PX, (self.height() - side) / 2, side, side), "running", style
        )
        painter.setFont(style.font("table"))
        painter.setPen(style.color("t2"))
        area = self.rect().adjusted(_PAD_PX + side + 6, 0, 0, 0)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), self._words())


class StatusBar(QStatusBar):
    """Follows the connections and the jobs.

    ``host_wanted`` has the URI of a connection whose page is asked for, ``retry_wanted`` one that
    shall be tried again, ``jobs_wanted`` asks for what runs.
    """

    host_wanted = Signal(str)
    retry_wanted = Signal(str)
    jobs_wanted = Signal()

    def __init__(
        self, inventory: Inventory, bridge: Bridge, style: Style, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("status-bar")
        self.setSizeGripEnabled(False)
        self.setContentsMargins(0, 0, 0, 0)
        self._inventory = inventory
        self._style = style
        self._uri = ""
        self._health: dict[str, HostHealth] = {}
        self._hosts = QWidget()
        self._row = QHBoxLayout(self._hosts)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addStretch(1)
        self._jobs = JobsRunning(style)
        self._jobs.clicked.connect(self.jobs_wanted)
        self._versions = plain_label(role="table", tone="t3")
        self._versions.setObjectName("versions")
        self._versions.setContentsMargins(_PAD_PX, 0, _PAD_PX, 0)
        self.addWidget(self._hosts, 1)
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
        now_s = monotonic()
        hosts = {host.key.host: host for host in self._inventory.hosts()}
        for uri in self._health.keys() - hosts.keys():
            self._health.pop(uri).deleteLater()
        for uri, host in hosts.items():
            health = self._health.get(uri)
            if health is None:
                health = self._health[uri] = HostHealth(uri, self._style)
                health.clicked.connect(lambda _on=False, u=uri: self._on_clicked(u))
                self._row.insertWidget(self._row.count() - 1, health)
            health.show_host(host, now_s)
        host_now = hosts.get(self._uri)
        self._versions.setText(_versions(host_now) if host_now is not None else "")

    def _on_clicked(self, uri: str) -> None:
        host = self._inventory.host(uri)
        if host is not None and host.link.state in _RETRIED:
            self.retry_wanted.emit(uri)
        self.host_wanted.emit(uri)


def _versions(host: Host) -> str:
    libvirt = f"libvirt {host.libvirt_version}" if host.libvirt_version else ""
    driver = f"{host.driver} {host.hypervisor_version}" if host.hypervisor_version else ""
    return one_line(" · ".join(filter(None, (libvirt, driver.strip()))))
