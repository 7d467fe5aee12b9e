"""What stands in the middle while no host is known: what this is, and the ways to begin."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from vmgui.insight.uris import Way
from vmgui.lab import LabProblem
from vmgui.ui.style import current
from vmgui.ui.style.tokens import FOCUS_PX, RADIUS_CARD
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import plain_label

_WIDEST_PX = 640
_WHAT = "vmgui shows and manages virtual machines, wherever libvirt reaches."
_WAYS = (
    ("local", "desktop", "Machines on this computer", "qemu:///system"),
    ("host", "hard-drives", "Another host…", "over ssh, TLS or any libvirt URI"),
    ("lab", "graduation-cap", "A lab", "real hypervisors with small machines, gone when you close"),
    ("test", "wrench", "libvirt's test driver", "pretended machines; nothing can break"),
)


class FirstStart(QWidget):
    """The choices of a first start.

    ``way_chosen`` carries a `Way` for the connection dialog (SSH) or to connect at once (SYSTEM,
    TEST); ``lab_wanted`` asks for a lab.
    """

    way_chosen = Signal(object)
    lab_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("first-start")
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(plain_label("Where are your machines?", "page"))
        column.addWidget(plain_label(_WHAT, "body", "t2", wrap=True))
        column.addSpacing(8)
        self._choices: dict[str, _Choice] = {}
        for key, icon, title, sentence in _WAYS:
            choice = _Choice(icon, title, sentence)
            choice.setObjectName(f"first-{key}")
            choice.clicked.connect(lambda _=False, key=key: self._on_chosen(key))
            self._choices[key] = choice
            column.addWidget(choice)
        self._progress = plain_label("", "table", "t2", wrap=True)
        self._progress.setObjectName("first-progress")
        column.addWidget(self._progress)
        self._problems = QVBoxLayout()
        self._problems.setSpacing(8)
        column.addLayout(self._problems)
        column.addStretch(2)
        middle = QWidget()
        middle.setLayout(column)
        middle.setMaximumWidth(current().px(_WIDEST_PX))
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(middle, 4)
        row.addStretch(1)
        inside = QWidget()
        inside.setLayout(row)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.addWidget(area)

    def show_progress(self, sentence: str) -> None:
        """Say how far the lab is; "" where none is being started."""
        self._progress.setText(sentence)
        self._choices["lab"].setEnabled(not sentence)

    def show_problems(self, problems: Sequence[LabProblem]) -> None:
        """Say why there can't be a lab, each reason with its way out; none takes it back."""
        while (item := self._problems.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for each in problems:
            self._problems.addWidget(_problem_row(each))

    def _on_chosen(self, key: str) -> None:
        if key == "lab":
            self.lab_wanted.emit()
        else:
            self.way_chosen.emit({"local": Way.SYSTEM, "host": Way.SSH, "test": Way.TEST}[key])


def _problem_row(problem: LabProblem) -> QWidget:
    row = QFrame()
    row.setProperty("role", "card")
    words = QVBoxLayout()
    words.setSpacing(2)
    what = f"{problem.what} {problem.why}"
    words.addWidget(plain_label(what, "table", "t1", wrap=True, selectable=True))
    words.addWidget(plain_label(problem.what_to_do, "table", "t2", wrap=True, selectable=True))
    box = QHBoxLayout(row)
    box.setContentsMargins(12, 8, 12, 8)
    box.setSpacing(8)
    box.addWidget(IconMark("warning", "warn"), 0, Qt.AlignmentFlag.AlignTop)
    box.addLayout(words, 1)
    return row


class _Choice(QPushButton):
    """A large button: icon, title, and a line of what it means."""

    def __init__(self, icon: str, title: str, sentence: str) -> None:
        super().__init__()
        self._icon, self._title, self._sentence = icon, title, sentence
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(current().px(360), current().px(56))

    def minimumSizeHint(self) -> QSize:
        return QSize(current().px(200), current().px(56))

    def paintEvent(self, event: QPaintEvent) -> None:
        style = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.isEnabled() and (self.underMouse() or self.isDown())
        focused = self.hasFocus()
        painter.setBrush(style.color("hover" if lit else "card"))
        painter.setPen(style.color("acc" if focused else "line2"))
        pen = painter.pen()
        pen.setWidth(FOCUS_PX if focused else 1)
        painter.setPen(pen)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), RADIUS_CARD, RADIUS_CARD)
        side = style.px(22)
        icon = QRectF(16, (self.height() - side) / 2, side, side)
        style.paint_icon(painter, icon, self._icon, "t2" if self.isEnabled() else "dis")
        words = QRectF(self.rect()).adjusted(side + 32, 0, -16, 0)
        middle = words.center().y()
        lines = ((self._title, "card", "t1"), (self._sentence, "table", "t2"))
        for index, (text, role, token) in enumerate(lines):
            painter.setFont(style.font(role))
            painter.setPen(style.color(token if self.isEnabled() else "dis"))
            half = QRectF(words)
            flags = Qt.AlignmentFlag.AlignLeft
            if index == 0:
                half.setBottom(middle)
                flags |= Qt.AlignmentFlag.AlignBottom
            else:
                half.setTop(middle + 1)
                flags |= Qt.AlignmentFlag.AlignTop
            painter.drawText(half, int(flags), text)
