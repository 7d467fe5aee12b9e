"""The picture of a disk's files: base at the left, active at the right, arrows between."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QMenu, QWidget

from vmgui.insight.chain import Box, Chain, Role
from vmgui.ui.style import current
from vmgui.ui.views.snapshots.chain_items import ArcItem, FileItem, ReadItem, accessible_lines

_GAP_PX = 28
_LEAST_PX, _MOST_PX = 150, 210
_HIGHEST_PX = 420
_BAR_PX = 16
_HEADS = (Role.BASE, Role.OVERLAY, Role.ACTIVE)


class ChainView(QGraphicsView):
    """The files of one disk. ``chosen`` carries the snapshot that a file stands for."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chain")
        self.setAccessibleName("Files behind the disk")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        self.viewport().setAutoFillBackground(False)
        self.setScene(QGraphicsScene(self))
        self._chain: Chain | None = None
        self._items: dict[str, FileItem] = {}
        self._marked = ""
        self._at = ""
        self._width = 0.0
        current().changed.connect(self._build)

    @property
    def chain_now(self) -> Chain | None:
        """What is shown."""
        return self._chain

    def set_chain(self, chain: Chain | None) -> None:
        """Show these files; where the view was scrolled to stays, as long as it is one disk."""
        before, self._chain = self._chain, chain
        if before == chain:
            return
        is_other = before is None or chain is None or before.target != chain.target
        place = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        self._build()
        if is_other:
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().maximum())
        else:
            self.horizontalScrollBar().setValue(place[0])
            self.verticalScrollBar().setValue(place[1])

    def mark(self, snapshot: str) -> None:
        """Mark the files of a snapshot, and bring the first of them into sight."""
        if snapshot == self._marked:
            return
        self._marked = snapshot
        self._show_marks()
        first = next((item for item in self._items.values() if item.marked), None)
        if first is not None:
            self.ensureVisible(first.area, 12, 6)

    def _show_marks(self) -> None:
        for item in self._items.values():
            item.marked = bool(self._marked) and self._marked in item.box.marks
            item.update()

    # how it is put together

    def _build(self) -> None:
        scene = self.scene()
        scene.clear()
        self._items = {}
        boxes = self._chain.boxes if self._chain is not None else ()
        if not boxes:
            scene.setSceneRect(QRectF())
            return
        self._width = self._box_width(boxes)
        self._place(boxes)
        for item in self._items.values():
            if (parent := self._items.get(item.box.parent)) is not None:
                scene.addItem(ReadItem(item.area, parent.area))
        assert self._chain is not None
        for arcs, merges in ((self._chain.merges, True), (self._chain.rewired, False)):
            for arc in arcs:
                start, end = self._items[arc.start].area, self._items[arc.end].area
                scene.addItem(ArcItem(start, end, arc.text, merges=merges))
        self._write_heads()
        bottom = max(item.area.bottom() for item in self._items.values())
        right = max(item.area.right() for item in self._items.values())
        more = current().px(30) if self._chain.rewired else 4
        scene.setSceneRect(QRectF(0, 0, right + 4, bottom + more))
        bar = current().px(_BAR_PX)
        self.setMinimumHeight(min(round(bottom + more) + bar, current().px(_HIGHEST_PX)))
        self._show_marks()

    def _box_width(self, boxes: Sequence[Box]) -> float:
        style = current()
        columns = max(box.column for box in boxes) + 1
        room = self.viewport().width() - 6 - (columns - 1) * style.px(_GAP_PX)
        return min(max(room / columns, style.px(_LEAST_PX)), style.px(_MOST_PX))

    def _place(self, boxes: Sequence[Box]) -> None:
        px = current().px
        # There is room for what a plan draws above and below, so that nothing jumps with it.
        top, gap = float(px(56) if len(boxes) > 1 else px(26)), px(38)
        below: dict[int, float] = {}  # where each column is free
        lowest = 0.0
        for row in range(max(box.row for box in boxes) + 1):
            here = [FileItem(box, self._width) for box in boxes if box.row == row]
            if row:
                # A box may be tall; only what stands under it gives way.
                top = max((below.get(item.box.column, 0.0) for item in here), default=top)
                top = max(top, lowest + px(14))
            for item in here:
                item.setPos(2 + item.box.column * (self._width + px(_GAP_PX)), top)
                below[item.box.column] = item.area.bottom() + gap
                self._items[item.box.path] = item
                self.scene().addItem(item)
            lowest = top + min((item.height for item in here), default=0.0)

    def _write_heads(self) -> None:
        """Say above the first file of each kind what it is, where its line is the first."""
        style = current()
        for role in _HEADS:
            of = [item for item in self._items.values() if item.box.role is role]
            if not of or (role is Role.BASE and of[0].box.column > 0):
                continue
            text = self.scene().addSimpleText(role.value, style.font("head"))
            text.setBrush(style.color("acc" if role is Role.ACTIVE else "t3"))
            text.setPos(min(item.area.left() for item in of), style.px(3))

    # Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        item = self._file_at(event.position().toPoint())
        if item is not None and event.button() == Qt.MouseButton.LeftButton:
            self._go_to(item)
            return
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        item = self._file_at(event.pos())
        if item is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        path = item.box.path
        menu.addAction("Copy path").triggered.connect(
            lambda: QGuiApplication.clipboard().setText(path)
        )
        menu.popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        here = self._items.get(self._at)
        if step is not None and self._items:
            self._go_to(self._nearest(here, *step) if here is not None else self._first())
        elif event.matches(QKeySequence.StandardKey.Copy) and here is not None:
            QGuiApplication.clipboard().setText(here.box.path)
        else:
            super().keyPressEvent(event)

    def _first(self) -> FileItem:
        items = self._items.values()
        return next((item for item in items if item.box.role is Role.ACTIVE), next(iter(items)))

    def _nearest(self, here: FileItem, columns: int, rows: int) -> FileItem:
        def ahead(item: FileItem) -> int:
            return (item.box.column - here.box.column) * columns + (
                item.box.row - here.box.row
            ) * rows

        def aside(item: FileItem) -> int:
            return abs((item.box.column - here.box.column) * rows) + abs(
                (item.box.row - here.box.row) * columns
            )

        others = [item for item in self._items.values() if ahead(item) > 0]
        return min(others, key=lambda item: (ahead(item), aside(item)), default=here)

    def _go_to(self, item: FileItem) -> None:
        self._at = item.box.path
        self._show_focus()
        self.ensureVisible(item.area, 12, 6)
        self.setAccessibleDescription(", ".join(accessible_lines(item.box)))
        if item.box.snapshot:
            self.chosen.emit(item.box.snapshot)

    def _show_focus(self) -> None:
        for path, item in self._items.items():
            item.focused = path == self._at and self.hasFocus()
            item.update()

    def _file_at(self, place: QPoint) -> FileItem | None:
        return next((item for item in self.items(place) if isinstance(item, FileItem)), None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._show_focus()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._show_focus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        boxes = self._chain.boxes if self._chain is not None else ()
        if boxes and abs(self._box_width(boxes) - self._width) > 1:
            self._build()
