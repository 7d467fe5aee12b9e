"""The list of machines to be made, with what stands against one in its own row."""

from PySide6.QtCore import QAbstractItemModel, QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from vmgui.insight.amounts import counted
from vmgui.insight.clone_form import CloneForm, NumberSkipped
from vmgui.insight.clone_plan import PlannedMachine
from vmgui.ui.models.clone_machines import (
    HOST,
    MAC,
    MACHINE_ROLE,
    NAME,
    NUMBER,
    STATE,
    CloneMachines,
    Index,
)
from vmgui.ui.style import current
from vmgui.ui.style.tokens import ROW_PX
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import plain_label

_WIDTHS_PX = {NUMBER: 36, HOST: 80, MAC: 146}
_NARROW_PX = 520
"""Under this width the host is left out: it is the same in each row."""

_PADDING_PX = 8
_NAMES_SHARE = 0.34
_ROWS_LEAST = 3


class CloneList(QFrame):
    """``changed`` carries the event of a name that was typed, or of a number to pass over.

    F2 or a double click names a clone, Del passes over the number of one that can't be made.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._title = plain_label("", "card")
        self._title.setObjectName("clone-list-title")
        self._mark = IconMark("warning", "warn")
        self._problem = plain_label("", "table", "warn")
        self._problem.setObjectName("clone-list-problem")
        self.model = CloneMachines()
        self.model.setParent(self)
        self.model.renamed.connect(self.changed)
        self.table = _Table(self.model, self)
        self.table.skip_wanted.connect(self._on_skip)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 6)
        head.setSpacing(6)
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._mark)
        head.addWidget(self._problem)
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 0, 1, 1)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(self.table, 1)

    def show_form(self, form: CloneForm) -> None:
        """Show the machines of the plan."""
        plan = form.plan
        self._title.setText(f"{counted(len(plan.machines), 'machine')} to be made")
        against = len(plan.conflicts)
        self._problem.setText(f"{counted(against, 'name')} can't be used" if against else "")
        self._mark.setVisible(against > 0)
        self.model.show_plan(plan)
        self.table.fit_names()

    def _on_skip(self, row: int) -> None:
        machine = self.model.machines[row]
        if machine.can_skip:
            self.changed.emit(NumberSkipped(machine.number))


class _Table(QTableView):
    skip_wanted = Signal(int)

    def __init__(self, model: CloneMachines, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("clone-machines")
        self.setAccessibleName("Machines to be made")
        self.setModel(model)
        delegate = _Delegate(self)
        delegate.skip_clicked.connect(self.skip_wanted)
        self.setItemDelegate(delegate)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        mode = QHeaderView.ResizeMode
        for column in range(model.columnCount()):
            header.setSectionResizeMode(column, mode.Stretch if column == STATE else mode.Fixed)
        current().changed.connect(self._measure)
        self._measure()

    def sizeHint(self) -> QSize:
        return QSize(400, current().px(ROW_PX["table"]) * 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, current().px(ROW_PX["table"]) * (_ROWS_LEAST + 1))

    def fit_names(self) -> None:
        """Make the names' column as wide as the longest one, up to a part of the room."""
        metrics = QFontMetrics(current().font("button"))
        model = self.model()
        assert isinstance(model, CloneMachines)
        longest = max((metrics.horizontalAdvance(m.name) for m in model.machines), default=0)
        most = int(self.width() * _NAMES_SHARE)
        least = current().px(96)
        self.setColumnWidth(NAME, max(least, min(longest + 3 * _PADDING_PX, most)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setColumnHidden(HOST, self.width() < current().px(_NARROW_PX))
        self.fit_names()

    def _measure(self) -> None:
        style = current()
        self.verticalHeader().setDefaultSectionSize(style.px(ROW_PX["table"]))
        for column, width in _WIDTHS_PX.items():
            self.setColumnWidth(column, style.px(width))

    def event(self, event: QEvent) -> bool:
        """Keep F2 and Del from the window's menus: here they are about a clone."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Delete)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if index.isValid() and event.key() == Qt.Key.Key_F2:
            self.edit(self.model().index(index.row(), NAME))
        elif index.isValid() and event.key() == Qt.Key.Key_Delete:
            self.skip_wanted.emit(index.row())
        else:
            super().keyPressEvent(event)


class _Delegate(QStyledItemDelegate):
    """Paints a row: amber where something stands against it, with the way out as a link."""

    skip_clicked = Signal(int)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        style, view = current(), self.parent()
        assert isinstance(view, QTableView)
        machine = index.data(MACHINE_ROLE)
        assert isinstance(machine, PlannedMachine)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected and view.hasFocus():
            painter.fillRect(option.rect, style.color("accsoft"))
        elif machine.conflict:
            painter.fillRect(option.rect, style.color("warnsoft"))
        elif option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(option.rect, style.color("s3"))
        painter.fillRect(
            option.rect.left(), option.rect.bottom(), option.rect.width(), 1, style.color("line")
        )
        box = option.rect.adjusted(_PADDING_PX, 0, -_PADDING_PX, 0)
        if index.column() == STATE:
            self._paint_state(painter, box, machine)
        else:
            role = {MAC: "mono", NAME: "button"}.get(index.column(), "table")
            font = style.font(role)
            if role == "button":
                font.setPixelSize(style.font("table").pixelSize())
            painter.setFont(font)
            painter.setPen(style.color("t1" if index.column() in (NAME, MAC) else "t2"))
            mode = Qt.TextElideMode.ElideMiddle
            text = painter.fontMetrics().elidedText(str(index.data()), mode, box.width())
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.restore()

    def _paint_state(self, painter: QPainter, box: QRect, machine: PlannedMachine) -> None:
        style = current()
        side = style.px(14)
        mark = QRectF(box.left(), box.center().y() - side / 2 + 1, side, side)
        if not machine.conflict:
            style.paint_icon(painter, mark, "check", "ok")
            return
        style.paint_icon(painter, mark, "warning", "warn")
        painter.setFont(style.font("table"))
        metrics = painter.fontMetrics()
        link = _link_box(box, metrics, machine)
        text = QRect(box)
        text.setLeft(int(mark.right()) + 6)
        text.setRight(link.left() - 6 if machine.can_skip else box.right())
        painter.setPen(style.color("warn"))
        flags = int(Qt.AlignmentFlag.AlignVCenter)
        mode = Qt.TextElideMode.ElideRight
        painter.drawText(text, flags, metrics.elidedText(_conflict(machine), mode, text.width()))
        if machine.can_skip:
            painter.setPen(style.color("acc"))
            painter.drawText(link, flags, _link(machine))

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        machine = index.data(MACHINE_ROLE)
        if (
            isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonRelease
            and index.column() == STATE
            and isinstance(machine, PlannedMachine)
            and machine.can_skip
        ):
            box = option.rect.adjusted(_PADDING_PX, 0, -_PADDING_PX, 0)
            metrics = QFontMetrics(current().font("table"))
            if _link_box(box, metrics, machine).contains(event.position().toPoint()):
                self.skip_clicked.emit(index.row())
                return True
        return super().editorEvent(event, model, option, index)


def _conflict(machine: PlannedMachine) -> str:
    return machine.conflict.replace("\n", " ")


def _link(machine: PlannedMachine) -> str:
    return f"Skip {machine.number}"


def _link_box(box: QRect, metrics: QFontMetrics, machine: PlannedMachine) -> QRect:
    """Return where the way out stands: behind the words, or at the right where those are long."""
    width = metrics.horizontalAdvance(_link(machine)) + 2
    left = box.left() + current().px(14) + 14 + metrics.horizontalAdvance(_conflict(machine))
    return QRect(min(left, box.right() - width), box.top(), width, box.height())
