"""Ctrl+K: any machine, host, action or setting by a few letters, without leaving the keyboard."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from vmgui.actions.action import Action
from vmgui.insight.amounts import counted
from vmgui.insight.fuzzy import positions, rank
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.models.tree_nodes import hangs, shown_state
from vmgui.ui.style import current
from vmgui.ui.views.machine_buttons import Perform
from vmgui.ui.views.tree_delegate import mark_of, mark_of_link
from vmgui.ui.widgets.state_mark import paint_state
from vmgui.ui.widgets.text import one_line, plain_label, plain_tooltip

_SHOWN = 50
_VISIBLE = 12
_WIDTH_PX = 640
_ROW_PX = 34
_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: _VISIBLE,
    Qt.Key.Key_PageUp: -_VISIBLE,
}
_NO_MACHINE = "Open or select a machine first."
_ITEM_ROLE = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be found.

    ``beside`` stands at the right in t3, in the fixed font where ``is_command``. ``refusal`` says
    why it can't be done now; it is then listed, and not done. ``icon`` is a Phosphor name,
    ``mark`` a state's mark in its place.
    """

    text: str
    do: Callable[[], object]
    beside: str = ""
    is_command: bool = False
    refusal: str = ""
    icon: str = ""
    mark: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Return all that is said of it."""
        return tuple(filter(None, (self.text, self.beside, self.refusal)))


class Palette(QFrame):
    """A field and what it finds. Made once; `open_for` shows it over its window.

    ``perform`` does an action, ``open_page`` shows the page of a machine or host, ``commands``
    are the entries of the window's own menus: title, key in words, what they do.
    """

    def __init__(
        self,
        session: Session,
        perform: Perform,
        open_page: Callable[[Key], object],
        commands: Callable[[], Iterable[tuple[str, str, Callable[[], object]]]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("palette")
        self.setProperty("role", "card")
        self.setAccessibleName("Find a machine, or run an action")
        self._session = session
        self._perform = perform
        self._open_page = open_page
        self._commands = commands
        self._things: list[tuple[str, Callable[[], Item]]] = []
        self._model = _Model(self)
        self.field = QLineEdit()
        self.field.setObjectName("palette-field")
        self.field.setPlaceholderText("Find a machine, or run an action")
        self.field.setAccessibleName("Find a machine, or run an action")
        self.field.textChanged.connect(self._find)
        self.field.installEventFilter(self)
        self.list = QListView()
        self.list.setObjectName("palette-list")
        self.list.setAccessibleName("What was found")
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Delegate(self))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self.list.clicked.connect(self._on_chosen)
        self._foot = plain_label("", "axis", "t3", wrap=True)
        self._foot.setObjectName("palette-foot")
        self.list.selectionModel().currentChanged.connect(self._show_foot)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.setSpacing(6)
        box.addWidget(self.field)
        box.addWidget(self.list, 1)
        box.addWidget(self._foot)

    def open_for(self, targets: Sequence[Key]) -> None:
        """Show it, with the actions on ``targets`` first."""
        self._things = list(self._candidates(targets))
        self.field.clear()
        self._find("")
        self._place()
        self.show()
        self.field.setFocus()

    def found(self) -> tuple[Item, ...]:
        """Return what is listed, the best first."""
        return self._model.items

    def _candidates(self, targets: Sequence[Key]) -> Iterator[tuple[str, Callable[[], Item]]]:
        """Yield what can be found: the text that is searched, and what makes the item of it.

        Of thousands of machines only those that are listed get an item.
        """
        inventory = self._session.inventory
        domains = [d for key in targets if (d := inventory.domain(key)) is not None]
        actions = self._session.registry.for_kind("domain")
        for item in (self._action_item(action, domains) for action in actions if domains):
            yield item.text, partial(_itself, item)
        for host in inventory.hosts():
            yield f"{host.name} {host.key.host}", partial(self._host_item, host)
        for title, key_text, do in self._commands():
            item = Item(title, do, key_text, icon="gear-six")
            yield title, partial(_itself, item)
        for host in inventory.hosts():
            for domain in inventory.of(Domain, host.key.host):
                text = f"{domain.name} {domain.title}" if domain.title else domain.name
                yield text, partial(self._machine_item, domain, host)
        for action in actions if not domains else ():
            item = Item(action.title, _nothing, refusal=_NO_MACHINE, icon=action.icon)
            yield item.text, partial(_itself, item)

    def _action_item(self, action: Action[Any], domains: Sequence[Domain]) -> Item:
        keys = tuple(domain.key for domain in domains)
        whom = domains[0].name if len(domains) == 1 else counted(len(domains), "machine")
        reasons: list[str] = []
        for domain in domains:
            host = self._session.inventory.host(domain.key.host)
            reasons.append(action.refusal(domain, host) if host else "Its host is not connected.")
        refusal = next(filter(None, reasons), "") if all(reasons) else ""
        if len(domains) > 1 and not action.many:
            refusal = f"{action.title} works on one machine at a time."
        line = "" if refusal else self._line(action, domains[0])
        return Item(
            f"{action.title} {whom}",
            lambda: self._perform(action.id, keys),
            line,
            is_command=True,
            refusal=refusal,
            icon=action.icon,
        )

    def _line(self, action: Action[Any], domain: Domain) -> str:
        host = self._session.inventory.host(domain.key.host)
        if host is None or any(argument.required for argument in action.arguments):
            return ""
        values = {"state": "off"} if action.id == "domain.autostart" and domain.autostart else {}
        return "; ".join(action.virsh(domain, host, **values))

    def _host_item(self, host: Host) -> Item:
        return Item(
            host.name,
            lambda: self._open_page(host.key),
            f"host · {host.link.state.value}",
            mark=mark_of_link(host.link.state),
        )

    def _machine_item(self, domain: Domain, host: Host) -> Item:
        state = shown_state(domain, host)
        return Item(
            domain.name,
            lambda: self._open_page(domain.key),
            f"{host.name} · {state.value}",
            mark=mark_of(state, hangs=hangs(domain, host)),
        )

    def _find(self, text: str) -> None:
        items = tuple(make() for make in rank(text, self._things, _SHOWN))
        self._model.show_items(items, text)
        if self._model.rowCount():
            self.list.setCurrentIndex(self._model.index(0, 0))
        self._show_foot()

    def _show_foot(self) -> None:
        item = self._item()
        if item is None:
            self._foot.setText("Nothing is called that." if self.field.text() else "")
        elif item.refusal:
            self._foot.setText(item.refusal)
        else:
            self._foot.setText("↑ ↓ choose · Enter does it · Esc closes")

    def _item(self) -> Item | None:
        item = self.list.currentIndex().data(_ITEM_ROLE)
        return item if isinstance(item, Item) else None

    def _on_chosen(self) -> None:
        item = self._item()
        if item is None or item.refusal:
            return
        self.close()
        item.do()

    def _place(self) -> None:
        style, window = current(), self.parentWidget()
        assert window is not None
        width = min(style.px(_WIDTH_PX), window.width() - 32)
        height = style.px(_ROW_PX) * _VISIBLE + style.px(84)
        top = window.mapToGlobal(QPoint((window.width() - width) // 2, style.px(44)))
        self.setGeometry(QRect(top, QSize(width, min(height, window.height() - style.px(60)))))

    def _step(self, by: int) -> None:
        rows = self._model.rowCount()
        if rows:
            row = min(max(self.list.currentIndex().row() + by, 0), rows - 1)
            self.list.setCurrentIndex(self._model.index(row, 0))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Let the field's keys walk the list."""
        if watched is not self.field or not isinstance(event, QKeyEvent):
            return False
        if event.type() != QEvent.Type.KeyPress:
            return False
        key = Qt.Key(event.key())
        if key in _STEPS:
            self._step(_STEPS[key])
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_chosen()
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)


def _itself(item: Item) -> Item:
    return item


def _nothing() -> None:
    """Do what an item does that can't be done."""


class _Model(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.items: tuple[Item, ...] = ()
        self.search = ""

    def show_items(self, items: tuple[Item, ...], search: str) -> None:
        self.beginResetModel()
        self.items, self.search = items, search
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        item = self.items[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return one_line(item.text)
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(
                    "\n".join(filter(None, (item.text, item.beside, item.refusal)))
                )
            case Qt.ItemDataRole.AccessibleTextRole:
                return one_line(", ".join(item.words))
            case _ if role == _ITEM_ROLE:
                return item
        return None


class _Delegate(QStyledItemDelegate):
    """Mark or icon, the text with what was typed in bold, and the command or place at the right."""

    _INSET_PX = 10

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(200, current().px(_ROW_PX))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item, style = index.data(_ITEM_ROLE), current()
        model = index.model()
        assert isinstance(item, Item)
        assert isinstance(model, _Model)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, style.color("accsoft"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, style.color("s3"))
        box = QRectF(option.rect).adjusted(self._INSET_PX, 0, -self._INSET_PX, 0)
        side = style.px(16 if item.icon else 12)
        slot = style.px(16)
        mark = QRectF(box.left() + (slot - side) / 2, box.center().y() - side / 2, side, side)
        if item.icon:
            style.paint_icon(painter, mark, item.icon, "dis" if item.refusal else "t2")
        else:
            paint_state(painter, mark, item.mark, style)
        box.setLeft(box.left() + slot + self._INSET_PX)
        beside = one_line(item.refusal or item.beside)
        is_command = item.is_command and not item.refusal
        painter.setFont(style.font("mono" if is_command else "table"))
        painter.setPen(style.color("t3"))
        room = box.width() * (0.55 if beside else 0)
        width = min(painter.fontMetrics().horizontalAdvance(beside) + 1.0, room)
        right = QRectF(box.right() - width, box.top(), width, box.height())
        mode = Qt.TextElideMode.ElideRight
        shown = painter.fontMetrics().elidedText(beside, mode, int(width))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(right, int(flags), shown)
        box.setRight(right.left() - self._INSET_PX)
        self._paint_text(painter, box, one_line(item.text), model.search, quiet=bool(item.refusal))
        painter.restore()

    def _paint_text(
        self, painter: QPainter, box: QRectF, text: str, search: str, *, quiet: bool
    ) -> None:
        style = current()
        plain, strong = style.font("body"), style.font("card")
        shown = QFontMetricsF(strong).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        marked = set(positions(search, text))
        painter.setPen(style.color("t3" if quiet else "t1"))
        left = box.left()
        for is_marked, run in _runs(shown, marked):
            font = strong if is_marked else plain
            painter.setFont(font)
            width = QFontMetricsF(font).horizontalAdvance(run)
            place = QRectF(left, box.top(), width + 1, box.height())
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), run)
            left += width


def _runs(text: str, marked: set[int]) -> Iterator[tuple[bool, str]]:
    """Yield the pieces of a text that are marked, and those that aren't."""
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or (place in marked) != (begin in marked):
            yield begin in marked, text[begin:place]
            begin = place
