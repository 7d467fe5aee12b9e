"""What a plan would do, in a line: copies, frees, the machine, what is lost, what isn't touched."""

from collections.abc import Iterator

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from vmgui.insight.amounts import size
from vmgui.insight.file_plan import Fate, FilePlan
from vmgui.insight.machine_files import base_name
from vmgui.ui.style import current
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.flow import FlowLayout
from vmgui.ui.widgets.text import plain_label

_KEPT_NAMED = 4


class PlanLine(QWidget):
    """Says what a plan would do, or why it can't be, or that it is being asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plan-line")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)

    def show_plan(self, plan: FilePlan) -> None:
        """Say what it would do."""
        self._clear()
        if plan.refusal:
            self._add_line("prohibit", plan.refusal, "dang")
        holder = QWidget(self)
        flow = FlowLayout(holder, 14)
        for label, value, tone in _parts(plan):
            pair = QWidget(holder)
            row = QHBoxLayout(pair)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
            row.addWidget(plain_label(label, "table", "t3"))
            row.addWidget(ElidedLabel(value, "table", tone))
            flow.addWidget(pair)
        self._box.addWidget(holder)
        holder.show()
        for reason in plan.reasons:
            self._add_line("info", reason, "t2")
        for warning in plan.warnings:
            self._add_line("warning", warning, "warn")
        said = [plan.refusal, *(f"{label} {value}" for label, value, _ in _parts(plan))]
        self.setAccessibleName(". ".join(each.rstrip(".") for each in said if each))
        self._fit()

    def say(self, text: str, *, failed: bool = False) -> None:
        """Say a sentence in place of a plan."""
        if text == self.accessibleName():
            return
        self._clear()
        self.setAccessibleName(text)
        self._add_line("warning" if failed else "info", text, "dang" if failed else "t3")
        self._fit()

    def _fit(self) -> None:
        """Be as high as the lines are at this width.

        A layout above would ask how high they were at their narrowest, and keep that room.
        """
        self._box.activate()
        height = self._box.heightForWidth(max(self.width(), 1))
        self.setFixedHeight(max(height, current().px(18)))

    def hasHeightForWidth(self) -> bool:
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _add_line(self, icon: str, text: str, tone: str) -> None:
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(IconMark(icon, tone, 15))
        label = plain_label(text, "table", tone, wrap=True)
        row.addWidget(label, 1)
        self._box.addWidget(holder)
        holder.show()  # a layout counts nothing that isn't shown

    def _clear(self) -> None:
        while (item := self._box.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()


def _parts(plan: FilePlan) -> Iterator[tuple[str, str, str]]:
    if plan.refusal:
        return
    if plan.copies_bytes is None:
        yield "Copies", "an amount that isn't known", "t1"
    elif plan.copies_bytes:
        yield "Copies", f"up to {size(plan.copies_bytes)}", "t1"
    else:
        yield "Copies", "nothing", "t1"
    if plan.frees_bytes is None:
        yield "Frees", "an amount that isn't known", "t1"
    elif plan.frees_bytes:
        yield "Frees", f"up to {size(plan.frees_bytes)}", "t1"
    if plan.machine:
        yield "Machine", plan.machine, "ok" if plan.machine == "keeps running" else "t1"
    if plan.loses:
        yield "Loses", " ".join(plan.loses), "t1"
    apart = [
        f"{base_name(file.path)} ({file.fate.value})"
        for file in plan.files
        if not file.target and file.fate is not Fate.KEPT
    ]
    if apart:
        yield "Also", ", ".join(apart), "t1"
    kept = [base_name(file.path) for file in plan.of(Fate.KEPT)]
    if kept:
        more = len(kept) - _KEPT_NAMED
        named = ", ".join(kept[:_KEPT_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield "Untouched", named, "t2"
