"""Parts of the panel about a snapshot: its picture, its disks, what it doesn't bring back."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from vmgui.insight.amounts import size
from vmgui.insight.differences import NOTHING
from vmgui.ui.style import current
from vmgui.ui.style.tokens import ROW_PX
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import plain_label, plain_tooltip


def rule(parent: QWidget) -> QFrame:
    """Make a line between two parts."""
    rule = QFrame(parent)
    rule.setProperty("role", "rule")
    return rule


class MomentPicture(QWidget):
    """What was on the screen at that moment, as wide as there is room for."""

    _MOST_PX = 220

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pixmap: QPixmap | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("The screen when the snapshot was taken")
        self.hide()

    def set_picture(self, pixmap: QPixmap | None) -> None:
        """Show a picture, or nothing at all."""
        self._pixmap = pixmap
        self.setVisible(pixmap is not None)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(300))

    def heightForWidth(self, width: int) -> int:
        if self._pixmap is None or not self._pixmap.width():
            return 0
        height = width * self._pixmap.height() / self._pixmap.width()
        return round(min(height, current().px(self._MOST_PX)))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pixmap is None or self._pixmap.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), current().color("sunk"))
        whole = QRectF(self._pixmap.rect())
        share = min(self.width() / whole.width(), self.height() / whole.height())
        box = QRectF(0, 0, whole.width() * share, whole.height() * share)
        box.moveCenter(QRectF(self.rect()).center())
        painter.drawPixmap(box, self._pixmap, whole)


class DiskTable(QWidget):
    """What was done with each disk."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("snapshot-disks")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)
        self._shown: object = None
        self._disks: Sequence[tuple[str, str, bool, str]] = ()
        self._sizes: Mapping[str, int | None] = {}
        current().changed.connect(self._on_style)

    def set_disks(
        self, disks: Sequence[tuple[str, str, bool, str]], sizes: Mapping[str, int | None]
    ) -> None:
        """Show (target, what was done, whether it was left out, its file) for each."""
        self._disks, self._sizes = disks, sizes
        rows = [(*disk, sizes.get(disk[0])) for disk in disks]
        self.setVisible(bool(rows))
        if rows == self._shown:
            return
        self._shown = rows
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for column, head in enumerate(("Disk", "Snapshot", "Size")):
            label = plain_label(head, "head", "t3")
            if column == 2:
                label.setAlignment(right)
            self._grid.addWidget(label, 0, column)
        height = current().px(ROW_PX["table"])
        self._grid.setRowMinimumHeight(0, current().px(ROW_PX["head"]))
        for number, (target, words, left_out, path, size_bytes) in enumerate(rows):
            row = 2 * number + 2
            self._grid.addWidget(rule(self), row - 1, 0, 1, 3)
            self._grid.addWidget(ElidedLabel(target, "mono"), row, 0)
            what = ElidedLabel(words, "table", "warn" if left_out else "t1")
            what.setToolTip(plain_tooltip(path))
            self._grid.addWidget(what, row, 1)
            amount = plain_label(NOTHING if size_bytes is None else size(size_bytes), "table")
            amount.setAlignment(right)
            self._grid.addWidget(amount, row, 2)
            self._grid.setRowMinimumHeight(row, height)

    def _on_style(self) -> None:
        self._shown = None
        self.set_disks(self._disks, self._sizes)


class CautionBar(QFrame):
    """What going back doesn't bring back."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("snapshot-caution")
        self.setProperty("role", "banner")
        self.setProperty("tone", "warn")
        self._text = plain_label("", "table", "t1", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 8, 10, 8)
        row.setSpacing(8)
        row.addWidget(IconMark("warning", "warn", parent=self), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        self.hide()

    def say(self, sentence: str) -> None:
        """Say a sentence; hidden for an empty one."""
        self._text.setText(sentence)
        self.setAccessibleName(sentence)
        self.setVisible(bool(sentence))
