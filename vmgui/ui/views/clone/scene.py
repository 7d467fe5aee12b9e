"""The disks after cloning: the source's files in the middle, each clone beside them, and lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsItem,
    QGraphicsScene,
    QGraphicsSceneHoverEvent,
    QGraphicsView,
    QSizePolicy,
    QStyleOptionGraphicsItem,
    QWidget,
)

from vmgui.insight.amounts import counted, size
from vmgui.insight.clone_plan import ClonePlan, PlannedMachine, SourceDisk
from vmgui.insight.clone_spec import BaseFate, DiskChoice
from vmgui.ui.style import current
from vmgui.ui.widgets.text import one_line, plain_tooltip

_ROWS = 6
"""Clones in a column; of more, the last row counts the rest."""

_ROW_PX, _GAP_PX, _HEAD_PX, _DISK_PX, _SMALL_DISK_PX = 22, 5, 20, 76, 48
_SIDE_PX, _AIR_PX = 148, 30


@dataclass(slots=True)
class _Look:
    """A box: its lines of text with their tokens, and how its edge is drawn."""

    name: str
    beside: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    icon: str = ""
    lit: bool = False
    warned: bool = False
    stripe: str = ""
    tip: str = ""
    edges: list["_Edge"] = field(default_factory=list)


class CloneScene(QGraphicsView):
    """Laid out anew for each plan and width. A clone under the pointer lights its lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clone-scene")
        self.setScene(QGraphicsScene(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setHorizontalScrollBarPolicy(off)
        self.setVerticalScrollBarPolicy(off)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.viewport().setAutoFillBackground(False)
        self._plan: ClonePlan | None = None
        self._height = 0
        current().changed.connect(self._lay_out)

    def show_plan(self, plan: ClonePlan) -> None:
        """Draw the disks of a plan."""
        if plan == self._plan:
            return
        self._plan = plan
        self.setAccessibleName(_in_words(plan))
        self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(current().px(2 * _SIDE_PX + 200), self._height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._lay_out()

    def _lay_out(self) -> None:
        scene, plan = self.scene(), self._plan
        scene.clear()
        if plan is None:
            return
        px = current().px
        width = self.viewport().width()
        disks = [disk for disk in plan.disks if disk.choice in _DRAWN]
        left, right = _sides(plan.machines)
        side = min(float(px(_SIDE_PX)), width * 0.27)
        air = min(float(px(_AIR_PX)), width * 0.05)
        begin = side + air if left else 0.0
        end = width - side - air
        if not left:  # the source at the left, its clones at the right
            end = min(end, px(220))
        rows = max(len(_shown(left)), len(_shown(right)), 1)
        tall = rows * px(_ROW_PX + _GAP_PX)
        boxes = self._add_disks(plan, disks, begin, max(40.0, end - begin), tall)
        for machines, x, heading_at in ((left, 0.0, 0.0), (right, width - side, width - side)):
            if machines:
                self._add_clones(plan, machines, x, side, boxes, is_left=x == 0.0)
                words = counted(len(machines), "clone")
                scene.addItem(_Words(QRectF(heading_at, 0, side, px(_HEAD_PX)), words))
        source = "snapshot" if plan.spec.snapshot else "source"
        if plan.base is BaseFate.TEMPLATE:
            source = "template"
        scene.addItem(_Words(QRectF(begin, 0, max(40.0, end - begin), px(_HEAD_PX)), source))
        bottom = max((box.rect.bottom() for box in boxes.values()), default=0.0)
        height = int(max(px(_HEAD_PX) + tall, bottom) + 2)
        scene.setSceneRect(0, 0, width, height)
        if height != self._height:
            self._height = height
            self.setFixedHeight(height)

    def _add_disks(
        self, plan: ClonePlan, disks: Sequence[SourceDisk], x: float, width: float, tall: float
    ) -> dict[str, "_Box"]:
        px = current().px
        y = float(px(_HEAD_PX))
        boxes: dict[str, _Box] = {}
        for disk in disks:
            look = _disk_look(plan, disk)
            height = px(_DISK_PX if look.lit else _SMALL_DISK_PX)
            box = _Box(QRectF(x, y, width, height), look)
            self.scene().addItem(box)
            boxes[disk.disk.target] = box
            y += height + px(2 * _GAP_PX)
        return boxes

    def _add_clones(
        self,
        plan: ClonePlan,
        machines: Sequence[PlannedMachine],
        x: float,
        width: float,
        boxes: dict[str, "_Box"],
        *,
        is_left: bool,
    ) -> None:
        px = current().px
        y = float(px(_HEAD_PX))
        now = _each_now(plan)
        shown = _shown(machines)
        for number, machine in enumerate(shown):
            rest = len(machines) - len(shown) + 1
            if rest > 1 and number == len(shown) - 1:
                look = _Look(f"and {rest} more")
            else:
                look = _clone_look(machine, now, is_left=is_left)
            rect = QRectF(x, y, width, px(_ROW_PX))
            box = _Box(rect, look)
            for disk in machine.disks:
                target = boxes.get(disk.target)
                if target is None or disk.choice not in (DiskChoice.LINKED, DiskChoice.FULL):
                    continue
                edge = _Edge(rect, target, number / max(1, len(shown) - 1), disk.choice, look)
                look.edges.append(edge)
                self.scene().addItem(edge)
            self.scene().addItem(box)
            y += px(_ROW_PX + _GAP_PX)


class _Words(QGraphicsItem):
    def __init__(self, rect: QRectF, text: str) -> None:
        super().__init__()
        self._rect, self._text = rect, text

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        style = current()
        painter.setFont(style.font("head"))
        painter.setPen(style.color("t3"))
        painter.drawText(self._rect, int(Qt.AlignmentFlag.AlignTop), self._text)


class _Box(QGraphicsItem):
    def __init__(self, rect: QRectF, look: _Look) -> None:
        super().__init__()
        self.rect, self._look = rect, look
        self.setAcceptHoverEvents(True)
        self.setZValue(1)
        self.setToolTip(plain_tooltip(look.tip or look.name))

    def boundingRect(self) -> QRectF:
        return self.rect.adjusted(-1, -1, 1, 1)

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._light(on=True)

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._light(on=False)

    def _light(self, *, on: bool) -> None:
        for edge in self._look.edges:
            edge.set_lit(on)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        style, look = current(), self._look
        edge = "acc" if look.lit else "warn" if look.warned else "line2"
        pen = QPen(style.color(edge), 1.5 if look.lit else 1)
        if look.warned:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        fill = "accsoft" if look.lit else "warnsoft" if look.warned else "card"
        painter.setBrush(style.color(fill))
        painter.drawRoundedRect(self.rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        self._paint_stripe(painter)
        inside = self.rect.adjusted(8, 0, -8, 0)
        if look.stripe == "left":
            inside.setLeft(inside.left() + 6)
        if look.stripe == "right":
            inside.setRight(inside.right() - 6)
        top = QRectF(inside)
        if look.lines:
            top.setTop(top.top() + 6)
            top.setHeight(style.px(18))
        self._paint_name(painter, top)
        y = top.bottom() + 2
        painter.setFont(style.font("axis"))
        for text, tone in look.lines:
            painter.setPen(style.color(tone))
            line = QRectF(inside.left(), y, inside.width(), style.px(16))
            if tone == "warn":  # what becomes of the file, not what it is
                side = style.px(12)
                mark = QRectF(line.left(), line.center().y() - side / 2, side, side)
                style.paint_icon(painter, mark, "lock-simple", tone)
                line.setLeft(mark.right() + 4)
            _draw(painter, line, text)
            y += style.px(17)

    def _paint_stripe(self, painter: QPainter) -> None:
        if not self._look.stripe:
            return
        tall = self.rect.height() - 8
        is_left = self._look.stripe == "left"
        x = self.rect.left() + 5 if is_left else self.rect.right() - 8
        token = "warn" if self._look.warned else "acc"
        painter.fillRect(QRectF(x, self.rect.top() + 4, 3, tall), current().color(token))

    def _paint_name(self, painter: QPainter, box: QRectF) -> None:
        style, look = current(), self._look
        if look.icon:
            side = style.px(14)
            mark = QRectF(box.left(), box.center().y() - side / 2, side, side)
            style.paint_icon(painter, mark, look.icon, "t2")
            box.setLeft(mark.right() + 6)
        font = style.font("mono" if look.icon else "table")
        beside = QFontMetricsF(style.font("axis")).horizontalAdvance(look.beside) + 6
        if QFontMetricsF(font).horizontalAdvance(look.name) + beside > box.width():
            beside = 0.0  # the name comes first
        if look.beside and beside:
            painter.setFont(style.font("axis"))
            painter.setPen(style.color("warn" if look.warned else "t3"))
            right = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
            painter.drawText(box, right, look.beside)
        painter.setFont(font)
        painter.setPen(style.color("t1"))
        _draw(painter, box.adjusted(0, 0, -beside, 0), look.name)


class _Edge(QGraphicsItem):
    """A line between a clone and the file that it reads, or that it is a copy of."""

    def __init__(
        self, clone: QRectF, disk: _Box, share: float, choice: DiskChoice, look: _Look
    ) -> None:
        super().__init__()
        self._copies = choice is DiskChoice.FULL
        self._warned = look.warned
        self._lit = False
        on_left = clone.right() < disk.rect.left()
        start = QPointF(clone.right() if on_left else clone.left(), clone.center().y())
        low, high = disk.rect.top() + 12, disk.rect.bottom() - 12
        end = QPointF(
            disk.rect.left() if on_left else disk.rect.right(), low + (high - low) * share
        )
        bend = (end.x() - start.x()) / 2
        self._path = QPainterPath(start)
        self._path.cubicTo(
            QPointF(start.x() + bend, start.y()), QPointF(end.x() - bend, end.y()), end
        )

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-3, -3, 3, 3)

    def set_lit(self, lit: bool) -> None:
        self._lit = lit
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        token = "warn" if self._warned else "t3" if self._copies else "acc"
        pen = QPen(current().color(token), 2.4 if self._lit else 1.1)
        if self._copies or self._warned:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)


_DRAWN = frozenset({DiskChoice.LINKED, DiskChoice.FULL, DiskChoice.SHARED})


def _sides(
    machines: Sequence[PlannedMachine],
) -> tuple[Sequence[PlannedMachine], Sequence[PlannedMachine]]:
    """Return the clones at the left and at the right: few stand at the right alone."""
    if len(machines) <= _ROWS:
        return (), machines
    half = (len(machines) + 1) // 2
    return machines[:half], machines[half:]


def _shown(machines: Sequence[PlannedMachine]) -> Sequence[PlannedMachine]:
    return machines[:_ROWS]


def _each_now(plan: ClonePlan) -> str:
    now = plan.space.now_bytes
    return size(now / max(1, len(plan.machines))) if now else ""


def _clone_look(machine: PlannedMachine, now: str, *, is_left: bool) -> _Look:
    links = any(disk.choice is DiskChoice.LINKED for disk in machine.disks)
    return _Look(
        one_line(machine.name),
        "taken" if machine.conflict else now,
        warned=bool(machine.conflict),
        stripe=("right" if is_left else "left") if links else "",
        tip="\n".join(filter(None, (machine.name, machine.conflict))),
    )


def _disk_look(plan: ClonePlan, disk: SourceDisk) -> _Look:
    name = one_line(disk.path.rpartition("/")[2] or disk.disk.target)
    amount = "" if disk.allocation_bytes is None else f"{size(disk.allocation_bytes)}, "
    many = len(plan.machines)
    icon = "disc" if disk.disk.device == "cdrom" else "hard-drive"
    if disk.choice is DiskChoice.SHARED:
        lines: tuple[tuple[str, str], ...] = ((f"{amount}shared as it is", "t3"),)
        return _Look(name, lines=lines, icon=icon, tip=disk.path)
    if disk.choice is DiskChoice.FULL:
        lines = ((f"{amount}copied {many} times" if many > 1 else f"{amount}copied", "t3"),)
        return _Look(name, lines=lines, icon=icon, tip=disk.path)
    read = f"{amount}read by all {many}" if many > 1 else f"{amount}read by the clone"
    held = "stays read-only" if plan.base is None else "becomes read-only"
    return _Look(name, lines=((read, "t2"), (held, "warn")), icon=icon, lit=True, tip=disk.path)


def _draw(painter: QPainter, box: QRectF, text: str) -> None:
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, box.width())
    painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), shown)


def _in_words(plan: ClonePlan) -> str:
    disks = ", ".join(
        f"{disk.disk.target} {disk.choice.value}" for disk in plan.disks if disk.choice in _DRAWN
    )
    return f"Disks after cloning: {counted(len(plan.machines), 'clone')}, {disks}"
