"""What an action would do to files, before it is done: each file with its fate and its size."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.insight.plan_words import figures, sizes
from vmgui.ui.widgets.command_line import CommandLine
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.flow import FlowLayout
from vmgui.ui.widgets.text import breakable, one_line, plain_label

FATES: Mapping[Fate, tuple[str, str]] = {
    Fate.REMOVED: ("trash", "dang"),
    Fate.GROWS: ("arrow-line-down", "warn"),
    Fate.CREATED: ("plus", "ok"),
    Fate.WRITTEN: ("pencil-simple", "acc"),
    Fate.FROZEN: ("lock-simple", "t2"),
    Fate.LEFT: ("archive", "warn"),
    Fate.KEPT: ("minus", "t3"),
}
"""Icon and tone of each fate, in the order in which they are listed: what is lost comes first."""

_SHOWN = 6
"""Files of one fate that are listed; of those that aren't touched, the rest is counted."""

_GAP_PX = 8


class FilePlanView(QWidget):
    """Shows one `FilePlan` at a time. The same plan again changes nothing, so nothing jumps.

    ``shows_reasons`` is false where the plan's reasons stand elsewhere.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("file-plan")
        self.setAccessibleName("What it does to files")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.plan: FilePlan | None = None
        self.shows_reasons = True
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._inside = QWidget(self)
        self._box.addWidget(self._inside)
        self.show_words("")

    def show_words(self, text: str, tone: str = "t2") -> None:
        """Say in a sentence why there is no plan: it isn't known yet, or can't be known."""
        self.plan = None
        inside, column = _column()
        label = plain_label(breakable(text), "body", tone, wrap=True)
        label.setObjectName("plan-words")
        column.addWidget(label)
        self._put(inside)

    def show_plan(self, plan: FilePlan) -> None:
        """Show a plan in place of what was shown."""
        if plan == self.plan:
            return
        self.plan = plan
        inside, column = _column()
        if plan.refusal:
            column.addWidget(_refusal(plan.refusal))
        if told := figures(plan):
            column.addWidget(_figures(told))
        for icon, tone, name, sentences in (
            ("warning-octagon", "dang", "plan-loses", plan.loses),
            ("warning", "warn", "plan-warning", plan.warnings),
        ):
            for sentence in sentences:
                said = f"Lost: {sentence}" if sentences is plan.loses else sentence
                column.addWidget(_sentence(icon, tone, said, name))
        if plan.files:
            column.addWidget(_files(plan))
        for merge in plan.merges:
            text = f"{_name(merge.source)} is merged into {_name(merge.into)}."
            column.addWidget(_sentence("arrow-line-down", "t3", text, "plan-merge", "t2"))
        for reason in plan.reasons if self.shows_reasons else ():
            column.addWidget(_sentence("info", "t3", reason, "plan-reason", "t2"))
        for line in plan.virsh:
            command = CommandLine(line)
            command.setObjectName("plan-virsh")
            column.addWidget(command)
        self._put(inside)

    def _put(self, inside: QWidget) -> None:
        self._box.replaceWidget(self._inside, inside)
        self._inside.setParent(None)  # gone at once, for whoever looks through what is shown
        self._inside.deleteLater()
        self._inside = inside


def _column() -> tuple[QWidget, QVBoxLayout]:
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(_GAP_PX)
    return inside, column


def _refusal(why: str) -> QWidget:
    frame = QFrame()
    frame.setProperty("role", "banner")
    frame.setProperty("tone", "dang")
    row = QHBoxLayout(frame)
    row.setContentsMargins(12, 8, 12, 8)
    row.setSpacing(8)
    text = plain_label(breakable(why), "body", wrap=True, selectable=True)
    text.setObjectName("plan-refusal")
    text.setAccessibleName(why)
    row.addWidget(IconMark("x-circle", "dang"), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(text, 1)
    return frame


def _figures(told: tuple[tuple[str, str], ...]) -> QWidget:
    inside = QWidget()
    flow = FlowLayout(inside, 6)
    for label, words in told:
        pair = QWidget()
        row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 12, 0)
        row.setSpacing(6)
        row.addWidget(plain_label(label, "table", "t3"))
        tone = "ok" if label == "Machine" and words.startswith("keeps") else "t1"
        value = ElidedLabel(words, "strong", tone)
        value.setObjectName(f"plan-{label.lower()}")
        row.addWidget(value)
        flow.addWidget(pair)
    return inside


def _sentence(icon: str, tone: str, text: str, name: str, text_tone: str = "") -> QWidget:
    inside = QWidget()
    row = QHBoxLayout(inside)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    label = plain_label(breakable(text), "table", text_tone or tone, wrap=True)
    label.setObjectName(name)
    label.setAccessibleName(text)
    row.addWidget(IconMark(icon, tone), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label, 1)
    return inside


def _files(plan: FilePlan) -> QWidget:
    """Return a row for each file: its fate at the first of a group, path, what it is, sizes."""
    frame = QFrame()
    frame.setProperty("role", "card")
    grid = QGridLayout(frame)
    grid.setContentsMargins(12, 8, 12, 8)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(2, 1)
    for fate, (icon, tone) in FATES.items():
        files = plan.of(fate)
        shown = files[:_SHOWN] if fate is Fate.KEPT else files
        for number, file in enumerate(shown):
            row = grid.rowCount()
            if number == 0:
                grid.addWidget(IconMark(icon, tone), row, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(plain_label(fate.value, "table", tone), row, 1, _TOP)
            _file(grid, row, file)
        if more := len(files) - len(shown):
            text = f"and {more} more"
            grid.addWidget(plain_label(text, "table", "t3"), grid.rowCount(), 2)
    return frame


def _file(grid: QGridLayout, row: int, file: PlannedFile) -> None:
    gone = file.fate is Fate.KEPT
    path = ElidedLabel(file.path, "mono", "t2" if gone else "t1", selectable=True)
    path.setObjectName("plan-path")
    beside = [file.what] if file.what else []
    if file.backing_after:
        beside.append(f"then reads from {_name(file.backing_after)}")
    about = ElidedLabel(", ".join(beside), "axis", "t3")
    about.setVisible(bool(beside))
    both = QVBoxLayout()
    both.setSpacing(0)
    both.addWidget(path)
    both.addWidget(about)
    amount: QLabel = plain_label(sizes(file), "table", "t1")
    amount.setObjectName("plan-size")
    grid.addLayout(both, row, 2)
    grid.addWidget(amount, row, 3, _TOP | Qt.AlignmentFlag.AlignRight)


_TOP = Qt.AlignmentFlag.AlignTop


def _name(path: str) -> str:
    return one_line(path.rpartition("/")[2] or path)
