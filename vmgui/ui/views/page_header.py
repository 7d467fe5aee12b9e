"""The head of a page: what it is about, how that stands, and what can be done with it."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from vmgui.ui.style import current
from vmgui.ui.style.tokens import RADIUS_CARD
from vmgui.ui.widgets.chips import StateChip, TagChip
from vmgui.ui.widgets.elided import ElidedLabel, LinkButton
from vmgui.ui.widgets.text import plain_label

_LEAST_LETTERS = 4  # names are cut before the window is made wider
_TAGS_SHOWN = 5
_TAG_GAP_PX = 6


class PageHeader(QWidget):
    """Icon, name, state; below them where it belongs and what it is; at the right the actions.

    ``crumb_activated`` says that the host's name was clicked, ``tag_activated`` which tag.
    """

    crumb_activated = Signal()
    tag_activated = Signal(str)

    def __init__(self, icon: str, actions: QWidget | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._style = current()
        self._tags: tuple[str, ...] = ()
        self.name = ElidedLabel(
            "", "page", selectable=True, least_letters=_LEAST_LETTERS, parent=self
        )
        self.name.setObjectName("page-name")
        self.chip = StateChip(self)
        self.chip.setObjectName("page-state")
        self.summary = ElidedLabel(
            "", "table", "t3", is_sentence=True, least_letters=_LEAST_LETTERS, parent=self
        )
        self.summary.setObjectName("page-summary")
        self._crumb = LinkButton("", self, least_letters=_LEAST_LETTERS)
        self._crumb.setObjectName("page-host")
        self._crumb.clicked.connect(self.crumb_activated)
        self._arrow = plain_label("›", "table", "t3")
        self._crumb.hide()
        self._arrow.hide()
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self.name)
        first.addWidget(self.chip)
        first.addStretch(1)
        self._second = QHBoxLayout()
        self._second.setSpacing(6)
        self._second.addWidget(self._crumb)
        self._second.addWidget(self._arrow)
        self._tag_line = _TagLine(self)
        self._second.addWidget(self._tag_line)
        self._second.addWidget(self.summary, 1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(first)
        words.addLayout(self._second)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 6)
        row.setSpacing(12)
        row.addWidget(_IconTile(icon), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(words, 1)
        if actions is not None:
            row.addWidget(actions, 0, Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_crumb(self, host: str) -> None:
        """Say on which host it is."""
        self._crumb.setText(host)
        self._crumb.setVisible(bool(host))
        self._arrow.setVisible(bool(host))

    def set_tags(self, tags: Sequence[str]) -> None:
        """Show its tags, as many as there is room for by count."""
        shown = tuple(tags)[:_TAGS_SHOWN]
        if shown == self._tags:
            return
        self._tags = shown
        chips = [TagChip(tag, self._tag_line) for tag in shown]
        for tag, chip in zip(shown, chips, strict=True):
            chip.setObjectName(f"page-tag-{tag}")
            chip.clicked.connect(lambda _on=False, tag=tag: self.tag_activated.emit(tag))
        self._tag_line.set_chips(chips)


class _TagLine(QWidget):
    """Chips in a line, as many as there is room for: they never make the window wider."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._chips: list[TagChip] = []
        self.hide()
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        current().changed.connect(self._measure)

    def set_chips(self, chips: list[TagChip]) -> None:
        """Show these, which are its children, and delete those before."""
        for chip in self._chips:
            chip.deleteLater()
        self._chips = chips
        self.setVisible(bool(chips))
        self._measure()

    def _measure(self) -> None:
        self.updateGeometry()
        self._arrange()

    def _arrange(self) -> None:
        left_px = 0
        for chip in self._chips:
            size = chip.sizeHint()
            chip.setGeometry(left_px, 0, size.width(), size.height())
            chip.setVisible(left_px + size.width() <= self.width())
            left_px += size.width() + _TAG_GAP_PX

    def sizeHint(self) -> QSize:
        sizes = [chip.sizeHint() for chip in self._chips]
        width = sum(size.width() + _TAG_GAP_PX for size in sizes) - _TAG_GAP_PX
        return QSize(max(0, width), max((size.height() for size in sizes), default=0))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


class _IconTile(QWidget):
    def __init__(self, icon: str) -> None:
        super().__init__()
        self._style = current()
        self._icon = icon
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._style.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        side = self._style.px(40)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        style = self._style
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.color("s3"))
        painter.drawRoundedRect(self.rect(), RADIUS_CARD, RADIUS_CARD)
        side = style.px(20)
        box = QRectF(0, 0, side, side)
        box.moveCenter(QRectF(self.rect()).center())
        style.paint_icon(painter, box, self._icon, "t2")
