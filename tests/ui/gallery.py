"""All parts of the window on one page, to look at and to compare.

``python -m tests.ui.gallery --scheme dark --factor 1.5 --out picture.png`` draws it without a
display; without ``--out`` it opens a window.
"""

import argparse
import math
import os
import random
import sys
import time
from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSlider,
    QTabBar,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from vmgui.insight.file_plan import Fate, FilePlan, Merge, PlannedFile
from vmgui.ui import style as look
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.chips import CountBadge, CountChip, StateChip, TagChip
from vmgui.ui.widgets.command_line import CommandLine
from vmgui.ui.widgets.empty_state import EmptyState
from vmgui.ui.widgets.facts import Fact, Facts, Part
from vmgui.ui.widgets.failure import Failure, FailurePanel
from vmgui.ui.widgets.file_plan import FilePlanView
from vmgui.ui.widgets.graph import Crosshair, GraphCard, GraphEvent, SeriesSpec
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.sparkline import SPARK_SIZE, paint_sparkline
from vmgui.ui.widgets.state_mark import MARKS, STATES, paint_mark, paint_state
from vmgui.ui.widgets.text import plain_label
from vmgui.ui.widgets.toggle import Toggle

_HOSTILE = '<b>x</b> & "quoted" \u202eright to left\u202c\nsecond line ' + "long " * 30


def card(title: str) -> tuple[QFrame, QVBoxLayout]:
    """Make an empty card with a title."""
    frame = QFrame()
    frame.setProperty("role", "card")
    box = QVBoxLayout(frame)
    box.setContentsMargins(12, 8, 12, 8)
    box.addWidget(plain_label(title, "card"))
    return frame, box


class MarkSheet(QWidget):
    """Every state and mark, at 20 and 12 pixels, and sparklines."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(look.current().px(420), look.current().px(190))

    def paintEvent(self, event: QPaintEvent) -> None:
        style = look.current()
        painter = QPainter(self)
        painter.setFont(style.font("table"))
        for n, state in enumerate(STATES):
            x, y = style.px(100) * (n % 2), style.px(30) * (n // 2)
            paint_state(painter, QRectF(x, y, style.px(20), style.px(20)), state, style)
            paint_state(
                painter,
                QRectF(x + style.px(26), y + style.px(4), style.px(12), style.px(12)),
                state,
                style,
            )
            painter.setPen(style.color("t1"))
            painter.drawText(x + style.px(44), y + style.px(15), state)
        for n, mark in enumerate(MARKS):
            x, y = style.px(220 + 90 * (n % 2)), style.px(24) * (n // 2)
            paint_mark(painter, QRectF(x, y, style.px(16), style.px(16)), mark, style)
            painter.setPen(style.color("t1"))
            painter.drawText(x + style.px(22), y + style.px(13), mark)
        figures = [30 + 20 * math.sin(n / 3) + random.Random(n).random() * 12 for n in range(40)]
        figures[20:24] = [math.nan] * 4
        for n, stale in enumerate((False, True)):
            spot = QRectF(
                style.px(220 + 90 * n),
                style.px(150),
                style.px(SPARK_SIZE.width()),
                style.px(SPARK_SIZE.height()),
            )
            paint_sparkline(painter, spot, figures, style, stale=stale)


def marks() -> QWidget:
    """Make the card of marks and chips."""
    frame, box = card("State, severity, job")
    box.addWidget(MarkSheet(), 1)
    chips = QHBoxLayout()
    for state in ("running", "paused", "off", "crashed", "migrating"):
        chip = StateChip()
        chip.set_state(state, state.capitalize())
        chips.addWidget(chip)
    chips.addStretch(1)
    box.addLayout(chips)
    more = QHBoxLayout()
    more.addWidget(TagChip("prod"))
    attention = CountChip("Attention", "warn")
    attention.set_count(3)
    more.addWidget(attention)
    for n, tone in ((6, "t2"), (5, "warn"), (1, "dang"), (2, "acc")):
        more.addWidget(CountBadge(n, tone))
    more.addStretch(1)
    box.addLayout(more)
    return frame


def controls() -> QWidget:
    """Make the card of controls."""
    frame, box = card("Controls")
    style = look.current()
    grid = QGridLayout()
    box.addLayout(grid)
    rows = (
        ("primary", "Console", "terminal-window", "onacc"),
        ("", "Snapshot", "camera", "t1"),
        ("flat", "Reset", "", ""),
        ("danger-outline", "Delete…", "trash", "dang"),
        ("danger", "Delete", "trash", "onacc"),
        ("link", "Lower grant", "", ""),
    )
    for row, (role, text, icon, tone) in enumerate(rows):
        for column, enabled in enumerate((True, False)):
            button = QPushButton(text)
            button.setProperty("role", role)
            if icon:
                button.setIcon(style.icon(icon, tone))
            button.setEnabled(enabled)
            grid.addWidget(button, row % 3, column + 2 * (row // 3))
    box.addLayout(_fields())
    box.addLayout(_ticks(frame))
    tabs = QTabBar()
    for text in ("Overview", "Graphs", "Snapshots"):
        tabs.addTab(text)
    tabs.setTabButton(2, QTabBar.ButtonPosition.RightSide, CountBadge(6))
    box.addWidget(tabs)
    box.addLayout(_choices())
    bar = QProgressBar()
    bar.setTextVisible(False)
    bar.setValue(62)
    box.addWidget(bar)
    box.addStretch(1)
    return frame


def _fields() -> QHBoxLayout:
    style = look.current()
    fields = QHBoxLayout()
    for name, invalid in (("field", False), ("invalid", True)):
        field = QLineEdit("student-07")
        field.setObjectName(name)
        if invalid:
            field.setProperty("invalid", "true")
            field.addAction(
                style.icon("warning", "dang"), QLineEdit.ActionPosition.TrailingPosition
            )
        fields.addWidget(field)
    combo = QComboBox()
    combo.addItems(["10 s", "30 s"])
    fields.addWidget(combo)
    return fields


def _ticks(owner: QWidget) -> QHBoxLayout:
    ticks = QHBoxLayout()
    for text, on in (("on", True), ("off", False)):
        check = QCheckBox(text)
        check.setChecked(on)
        ticks.addWidget(check)
    group = QButtonGroup(owner)
    for text, on in (("one", True), ("other", False)):
        radio = QRadioButton(text)
        radio.setChecked(on)
        group.addButton(radio)
        ticks.addWidget(radio)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(40)
    ticks.addWidget(slider)
    return ticks


def _choices() -> QHBoxLayout:
    style = look.current()
    choices = QHBoxLayout()
    ranges = Segmented([(t, t) for t in ("1 min", "5 min", "15 min", "1 h", "24 h")], "Range")
    ranges.choose("5 min")
    choices.addWidget(ranges)
    for on in (True, False):
        toggle = Toggle("switch")
        toggle.setChecked(on)
        choices.addWidget(toggle)
    freeze = QToolButton()
    freeze.setText("Freeze graphs")
    freeze.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    freeze.setIcon(style.icon("pause", "t2"))
    freeze.setProperty("role", "flat")
    choices.addWidget(freeze)
    shut = QToolButton()
    shut.setText("Shut down")
    shut.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    shut.setIcon(style.icon("power", "t1"))
    shut.setProperty("role", "action")
    shut.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    shut.setMenu(QMenu("more", shut))
    choices.addWidget(shut)
    choices.addStretch(1)
    return choices


def facts() -> QWidget:
    """Make the card of key facts."""
    frame, box = card("Facts")
    rows = Facts()
    rows.set_facts(
        [
            Fact("Host", (Part("lab-a", link="host"), Part("· starts with the host", "t3"))),
            Fact("CPU", (Part("4 vCPU"), Part("· host-passthrough", "t3"))),
            Fact("Network", (Part("br0", link="network"), Part("10.20.0.31", mono=True))),
            Fact("MAC", (Part("52:54:00:6b:3c:1e", mono=True),)),
            Fact(
                "Guest agent", (Part("connected", "ok", icon="check-circle"), Part("8.2.2", "t3"))
            ),
            Fact("Title", (Part(_HOSTILE),)),
            Fact("Pool", (Part(_HOSTILE, link="pool"), Part("· 18.2 of 40 GiB", "t3"))),
        ]
    )
    box.addWidget(rows)
    box.addStretch(1)
    return frame


def failures() -> QWidget:
    """Make the card of what went wrong, and of bars."""
    frame, box = card("Failure, stale data, undo")
    panel = FailurePanel()
    panel.show_failure(
        Failure(
            "Disk not attached to web-01",
            "QEMU of ci-runner-02 holds the write lock on scratch.qcow2.",
            "Nothing was changed.",
            "internal error: unable to execute QEMU command 'blockdev-add': <b>lock</b>",
        ),
        [("detach", "Detach from ci-runner-02…"), ("readonly", "Attach read-only")],
    )
    for fold in panel.findChildren(QPushButton, "failure-fold"):
        fold.setChecked(True)
    box.addWidget(panel)
    stale, gone, undo = Banner(), Banner(), Banner()
    stale.say(
        "warn",
        "stale",
        "kvm-01.example answers slowly.",
        "What you see is 9 s old; actions still go through.",
        [("reconnect", "Reconnect")],
    )
    gone.say(
        "dang",
        "wifi-slash",
        "lab-b is unreachable since 14:31:40.",
        "Retry in 8 s.",
        [("now", "Try now")],
    )
    undo.say(
        "ok",
        "check-circle",
        "",
        "Removed 12 clones. Their disks are kept for 10 minutes.",
        [("undo", "Undo")],
    )
    for banner in (stale, gone, undo):
        box.addWidget(banner)
    box.addWidget(
        CommandLine("virsh snapshot-create-as web-01 before-php83 --disk-only --atomic --quiesce")
    )
    box.addStretch(1)
    return frame


def empty() -> QWidget:
    """Make the card of an empty state."""
    frame, box = card("Empty state")
    box.addWidget(
        EmptyState(
            "camera",
            "No snapshots yet",
            "A snapshot keeps today's state so you can come back to it.",
            action="Take snapshot",
            action_icon="camera",
            command="virsh snapshot-create-as …",
        )
    )
    return frame


class Rows(QStandardItemModel):
    """A tree of hosts and machines, for the look of rows and chevrons."""

    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalHeaderLabels(["Host › Tag › Machine", "now"])
        for host in ("lab-a", "lab-b"):
            item = QStandardItem(host)
            for n in range(1, 4):
                item.appendRow([QStandardItem(f"student-0{n}"), QStandardItem(f"{n * 11} %")])
            self.appendRow([item, QStandardItem("31 %")])


def rows() -> QWidget:
    """Make the card of a tree."""
    frame, box = card("Rows")
    tree = QTreeView()
    tree.ensurePolished()  # else its rows are as high as the font alone
    tree.setModel(Rows())
    tree.expand(tree.model().index(0, 0))
    tree.setCurrentIndex(tree.model().index(1, 0, tree.model().index(0, 0)))
    box.addWidget(tree)
    return frame


def graphs() -> QWidget:
    """Make four graphs as on a machine's page, with a gap, events and a crosshair."""
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(12)
    crosshair = Crosshair(holder)
    now = time.time()
    dice = random.Random(7)
    at = [now - 300 + 2 * n for n in range(151)]

    def wander(middle: float, swing: float, spike: float = 0) -> list[float]:
        value, line = middle, []
        for _ in at:
            value += (middle - value) * 0.1 + dice.uniform(-swing, swing)
            line.append(max(0.0, value + (spike if dice.random() < 0.05 else 0)))
        return line

    cpu = GraphCard("CPU", "percent", crosshair)
    cpu.set_series([SeriesSpec("used", "used", "c1"), SeriesSpec("steal", "steal", "c2", "line")])
    used = wander(35, 6, 20)
    used[60:70] = [math.nan] * 10
    cpu.set_data(at, {"used": used, "steal": [v / 40 for v in wander(30, 9)]}, now)
    cpu.set_figure("38 %", "of 4 vCPU · 1.5 host threads busy")
    cpu.set_legend_value("steal", "0.4 %")
    memory = GraphCard("Memory", "memory", crosshair)
    memory.set_series(
        [SeriesSpec("granted", "granted (balloon)", "c3"), SeriesSpec("used", "used", "c1")]
    )
    memory.set_limit(8 * 2**30)
    memory.set_data(
        at,
        {
            "granted": [(8.0 if n < 45 else 6.0) * 2**30 for n in range(151)],
            "used": [v * 2**30 for v in wander(4, 0.1)],
        },
        now,
    )
    memory.set_figure("4.1 GiB", "used of 6.0 GiB granted · 8.0 GiB promised")
    memory.set_events([GraphEvent("b", now - 210, "arrows-in-line-vertical", "Balloon <b>6</b>")])
    disk = GraphCard("Disk", "disk", crosshair)
    disk.set_series(
        [
            SeriesSpec("read", "read", "c1"),
            SeriesSpec("written", "written", "c2", mirror=True),
        ]
    )
    disk.set_data(
        at,
        {
            "read": [v * 1e6 for v in wander(15, 5, 60)],
            "written": [v * 1e6 for v in wander(40, 8)],
        },
        now,
    )
    disk.set_figure("81 MB/s", "written · 12 MB/s read · 1\u2009240 IOPS")
    disk.set_events([GraphEvent("s", now - 60, "camera", "Snapshot before-php83")])
    network = GraphCard("Network", "network", crosshair)
    network.set_series(
        [
            SeriesSpec("in", "received", "c1"),
            SeriesSpec("out", "sent", "c2", mirror=True),
        ]
    )
    network.set_message("not visible over this connection")
    for n, graph in enumerate((cpu, memory, disk, network)):
        grid.addWidget(graph, n // 2, n % 2)
    crosshair.point_at(-99.0)
    return holder


def deletion_plan() -> FilePlan:
    """Return the plan of the picture of snapshots: deleting one in the middle of a chain."""
    at = "/var/lib/libvirt/images/a/folder/that/is/deep/enough/db-01"
    gib = 2**30
    return FilePlan(
        "Delete upgraded",
        (
            PlannedFile(f"{at}.qcow2", Fate.KEPT, "base of vda", "vda", 23 * gib),
            PlannedFile(
                f"{at}.before-upgrade",
                Fate.GROWS,
                "changes since before-upgrade",
                "vda",
                int(4.2 * gib),
                int(6.1 * gib),
            ),
            PlannedFile(
                f"{at}.upgraded", Fate.REMOVED, "changes since upgraded", "vda", int(1.9 * gib)
            ),
            PlannedFile(
                f"{at}.nightly-06",
                Fate.WRITTEN,
                "disk vda",
                "vda",
                int(0.7 * gib),
                int(0.7 * gib),
                f"{at}.before-upgrade",
            ),
            PlannedFile(f"{at}.memory", Fate.LEFT, "memory of upgraded", size_bytes=8 * gib),
            *(PlannedFile(f"{at}-{n}.qcow2", Fate.KEPT, "") for n in range(7)),
        ),
        (Merge(f"{at}.upgraded", f"{at}.before-upgrade", int(1.9 * gib)),),
        "keeps running",
        ("It is merged into the file below it, for nightly-06 is built on it.",),
        ("The way back to “upgraded”.",),
        ("vdb was left out of this snapshot; it isn't touched.",),
        copies_bytes=int(1.9 * gib),
        frees_bytes=int(1.9 * gib),
        virsh=("virsh snapshot-delete db-01 upgraded",),
    )


def plans() -> QWidget:
    """Make the cards of what an action would do to files: a plan, and a refused one."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(12)
    refused = FilePlan(
        "Merge " + _HOSTILE,
        (PlannedFile("/images/" + _HOSTILE, Fate.CREATED, _HOSTILE, "vda", None, 40 * 2**30),),
        machine="is stopped for as long as it takes " + _HOSTILE,
        refusal="student-07 is built on it: merge that first. " + _HOSTILE,
        reasons=("Because " + _HOSTILE,),
        copies_bytes=None,
        virsh=("virsh blockcommit db-01 vda " + _HOSTILE,),
    )
    for title, plan in (("What deleting would do", deletion_plan()), ("Refused", refused)):
        frame, box = card(title)
        view = FilePlanView()
        view.show_plan(plan)
        box.addWidget(view)
        box.addStretch(1)
        row.addWidget(frame, 1)
    return holder


def page() -> QWidget:
    """Make the whole gallery."""
    whole = QWidget()
    whole.setObjectName("page")
    grid = QGridLayout(whole)
    grid.setContentsMargins(16, 16, 16, 16)
    grid.setSpacing(12)
    grid.addWidget(marks(), 0, 0)
    grid.addWidget(controls(), 0, 1)
    grid.addWidget(failures(), 0, 2)
    grid.addWidget(facts(), 1, 0)
    grid.addWidget(graphs(), 1, 1, 2, 2)
    column = QHBoxLayout()
    column.addWidget(rows(), 1)
    column.addWidget(empty(), 1)
    grid.addLayout(column, 2, 0)
    grid.addWidget(plans(), 3, 0, 1, 3)
    grid.setRowStretch(2, 1)
    for at, stretch in enumerate((4, 5, 5)):
        grid.setColumnStretch(at, stretch)
    return whole


def main(arguments: Sequence[str]) -> int:
    """Draw the gallery into a file, or show it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scheme", choices=("dark", "light"), default="dark")
    parser.add_argument("--factor", type=float, default=1.0)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--height", type=int, default=1400)
    parser.add_argument("--out", default="")
    chosen = parser.parse_args(arguments)
    if chosen.out:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication([])
    style = look.install(app)
    style.set_scheme(chosen.scheme)
    style.set_factor(chosen.factor)
    window = page()
    window.resize(chosen.width, chosen.height)
    window.show()
    if not chosen.out:
        return app.exec()
    app.processEvents()
    return 0 if window.grab().save(chosen.out) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
