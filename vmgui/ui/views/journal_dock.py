"""The journal under the page: what was done, how it went, and the virsh line of each."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QPushButton,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmgui.actions.entry import Entry
from vmgui.actions.journal import as_script
from vmgui.inventory.key import Key
from vmgui.ui.models.journal import JournalModel, Shelf, concerns, shown_lines
from vmgui.ui.style import Style
from vmgui.ui.views.journal_delegate import Cells, JournalDelegate, button_text, cells
from vmgui.ui.widgets.chips import CountBadge
from vmgui.ui.widgets.failure import Failure, FailurePanel
from vmgui.ui.widgets.segmented import Segmented

_Index = QModelIndex | QPersistentModelIndex

_SHELVES = tuple(Shelf)
_TONES = {Shelf.RUNNING: "acc", Shelf.PROBLEMS: "dang"}
_STORY_MARGIN = (62, 4, 12, 8)
_NOTHING = "Nothing here yet. What is done stands here, with its virsh line."
_THIS, _ALL = "this", "all"


class JournalList(QListView):
    """The lines; one with a story (it failed, or was interrupted) opens to it under itself.

    ``cancel_wanted`` has the id of a job, ``again_wanted`` an entry to repeat, ``chosen`` the id
    of the line that was made current.
    """

    cancel_wanted = Signal(str)
    again_wanted = Signal(object)
    chosen = Signal(str)

    def __init__(self, model: JournalModel, style: Style) -> None:
        super().__init__()
        self.setObjectName("journal")
        self.setAccessibleName("Journal")
        self._journal = model
        self._style = style
        self._lines = JournalDelegate(style)
        self.setModel(model)
        self.setItemDelegate(self._lines)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)
        model.layoutChanged.connect(self._place_story)
        style.changed.connect(self.scheduleDelayedItemsLayout)

    @property
    def opened(self) -> str:
        """The id of the entry whose story is shown; "" where none is."""
        return self._lines.opened

    @property
    def line_height(self) -> int:
        """The height of a line, in pixels."""
        return self._lines.line_height

    def set_cancellable(self, ids: frozenset[str]) -> None:
        """Say which jobs can be cancelled now."""
        if ids != self._lines.cancellable:
            self._lines.cancellable = ids
            self.viewport().update()

    def open_story(self, entry_id: str) -> None:
        """Open the story of an entry, or with "" close the one that is open."""
        self._close_story()
        index = self._journal.index_of(entry_id)
        entry = self._journal.entry(index)
        if entry is None or not button_text(entry, can_cancel=False):
            return
        self._lines.opened = entry.id
        self._place_story()
        self.scrollTo(index)

    def copy_lines(self) -> None:
        """Put the virsh lines of the selected entries on the clipboard."""
        rows = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        entries = [e for index in rows if (e := self._journal.entry(index)) is not None]
        lines = [line for entry in entries for line in entry.virsh]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    def _close_story(self) -> None:
        index = self._journal.index_of(self._lines.opened)
        self._lines.opened, self._lines.opened_height = "", 0
        if index.isValid():
            self.setIndexWidget(index, None)  # type: ignore[arg-type]  # Qt takes a null to remove
        self.scheduleDelayedItemsLayout()

    def _place_story(self) -> None:
        """Put the story under its line, as high as it needs to be."""
        index = self._journal.index_of(self._lines.opened)
        entry = self._journal.entry(index)
        if entry is None:
            self._lines.opened, self._lines.opened_height = "", 0
            return
        holder: QWidget | None = self.indexWidget(index)
        if holder is None:
            holder = self._make_story(entry)
            self.setIndexWidget(index, holder)
        width = self.viewport().width()
        layout = holder.layout()
        assert layout is not None
        height = layout.heightForWidth(width) if layout.hasHeightForWidth() else 0
        self._lines.opened_height = (
            max(height, holder.sizeHint().height()) - self._lines.line_height
        )
        self.scheduleDelayedItemsLayout()

    def _make_story(self, entry: Entry) -> QWidget:
        panel = FailurePanel()
        panel.setObjectName("journal-story")
        text = "\n".join(filter(None, (entry.libvirt_says, entry.report)))
        why = " ".join(filter(None, (entry.why, entry.what_to_do)))
        panel.show_failure(
            Failure(
                entry.what or entry.title, why, entry.state_now, text, "; ".join(shown_lines(entry))
            ),
            # A part is done again with the job that it is a part of.
            () if entry.parent else (("again", "Try again"),),
        )
        panel.clicked.connect(lambda _key: self.again_wanted.emit(entry))
        panel.installEventFilter(self)
        holder = QWidget()
        box = QVBoxLayout(holder)
        left, top, right, bottom = _STORY_MARGIN
        box.setContentsMargins(left, self._lines.line_height + top, right, bottom)
        box.addWidget(panel)
        return holder

    def _cells_at(self, place: QPoint) -> tuple[Entry, Cells] | None:
        index = self.indexAt(place)
        entry = self._journal.entry(index)
        if entry is None:
            return None
        line = QRect(self.visualRect(index))
        line.setHeight(self._lines.line_height)
        return entry, cells(line, self._style)

    def _act(self, entry: Entry) -> None:
        if entry.id in self._lines.cancellable:
            self.cancel_wanted.emit(entry.id)
        else:
            self.open_story("" if self.opened == entry.id else entry.id)

    # Qt

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        entry = self._journal.entry(current)
        self.chosen.emit(entry.id if entry is not None else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._journal.entries:
            painter = QPainter(self.viewport())
            painter.setPen(self._style.color("t3"))
            painter.setFont(self._style.font("table"))
            area = self.viewport().rect().adjusted(12, 8, -12, 0)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft, _NOTHING)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self._place_story()
        return False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        place = event.position().toPoint()
        found = self._cells_at(place)
        if found is None:
            return
        entry, cell = found
        if cell.copy.contains(place) and entry.virsh:
            QGuiApplication.clipboard().setText("\n".join(entry.virsh))
        elif cell.button.contains(place) and button_text(
            entry, entry.id in self._lines.cancellable
        ):
            self._act(entry)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        found = self._cells_at(event.position().toPoint())
        if found is not None:
            self.open_story("" if self.opened == found[0].id else found[0].id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        entry = self._journal.entry(self.currentIndex())
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_lines()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and entry is not None:
            self.open_story("" if self.opened == entry.id else entry.id)
        elif event.key() == Qt.Key.Key_Escape and self.opened:
            self.open_story("")
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_story()


class JournalPanel(QWidget):
    """Tabs over the lines, what they are about, and the script.

    ``cancel_wanted`` and ``again_wanted`` are those of the list; ``fold_wanted`` asks to fold.
    ``scope`` is what a person wants to see, whatever an entry that was asked for has shown since.
    """

    cancel_wanted = Signal(str)
    again_wanted = Signal(object)
    fold_wanted = Signal()

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("journal-panel")
        self.setProperty("role", "side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._style = style
        self._key: Key | None = None
        self._entries: Sequence[Entry] = ()
        self.model = JournalModel(self)
        self.list = JournalList(self.model, style)
        self.list.cancel_wanted.connect(self.cancel_wanted)
        self.list.again_wanted.connect(self.again_wanted)
        self._tabs = QTabBar()
        self._tabs.setObjectName("journal-tabs")
        self._tabs.setAccessibleName("Which lines of the journal")
        self._tabs.setExpanding(False)
        self._badges: dict[Shelf, CountBadge] = {}
        for shelf in _SHELVES:
            self._tabs.addTab(shelf.value)
            if shelf in _TONES:
                self._badges[shelf] = CountBadge(0, _TONES[shelf], self)
                self._badges[shelf].hide()
        self._scope = Segmented(
            ((_THIS, "This machine"), (_ALL, "All hosts")), "What the journal is about"
        )
        self._scope.setObjectName("journal-scope")
        self.scope = _ALL
        self._scope.choose(self.scope)
        self._script = _script_button(style)
        fold = QToolButton()
        fold.setObjectName("fold-journal")
        fold.setProperty("role", "flat")
        fold.setIcon(style.icon("caret-down", "t2"))
        fold.setToolTip("Fold the journal (Ctrl+J)")
        fold.setAccessibleName("Fold the journal")
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.setSpacing(8)
        head.addWidget(self._tabs)
        head.addStretch(1)
        for part in (self._scope, self._script, fold):
            head.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        self._tabs.currentChanged.connect(self._look)
        self._scope.chosen.connect(self.set_scope)
        self._script.clicked.connect(self.copy_script)
        fold.clicked.connect(self.fold_wanted)

    @property
    def running(self) -> int:
        """How many jobs run or wait, on all hosts; parts of one don't count apart."""
        return sum(Shelf.RUNNING.holds(entry) and not entry.parent for entry in self._entries)

    def height_of_lines(self, lines: int) -> int:
        """Return how high the panel is that shows so many lines, in pixels."""
        return self.height() - self.list.viewport().height() + lines * self.list.line_height

    def set_entries(self, entries: Sequence[Entry], cancellable: frozenset[str]) -> None:
        """Take the journal as it is now, and which of its jobs can be cancelled."""
        self._entries = entries
        self.model.set_entries(entries)
        self.list.set_cancellable(cancellable)
        self._show_counts()

    def set_about(self, key: Key | None) -> None:
        """Say which machine or host "this" is; with None there is only "all"."""
        self._key = key
        word = "This host" if key is not None and key.kind == "host" else "This machine"
        this = self._scope.findChild(QToolButton, f"segment-{_THIS}")
        if this is not None:
            this.setText(word)
        self._scope.setEnabled(key is not None)
        self._look()

    def set_scope(self, scope: str) -> None:
        """Show what concerns "this" or "all", as a person wants it; another word is passed over."""
        if scope in (_THIS, _ALL):
            self.scope = scope
            self._scope.choose(scope)
            self._look()

    def show_shelf(self, shelf: Shelf) -> None:
        """Show one of the tabs."""
        self._tabs.setCurrentIndex(_SHELVES.index(shelf))

    def show_entry(self, entry_id: str) -> None:
        """Select an entry, whatever the tabs and the choice hid, and tell its story if any."""
        entry = next((e for e in self._entries if e.id == entry_id), None)
        if entry is None:
            return
        self.show_shelf(Shelf.ALL)
        if not concerns(entry, self._about()):
            self._scope.choose(_ALL)
            self._look()
        self.list.setCurrentIndex(self.model.index_of(entry_id))
        self.list.open_story(entry_id)

    def copy_script(self) -> None:
        """Put what is shown on the clipboard, as a shell script."""
        QGuiApplication.clipboard().setText(as_script(self.model.entries))

    def _about(self) -> Key | None:
        return self._key if self._scope.key == _THIS else None

    def _look(self) -> None:
        self.model.look_at(_SHELVES[self._tabs.currentIndex()], self._about())
        self._show_counts()

    def _show_counts(self) -> None:
        for shelf, badge in self._badges.items():
            count = self.model.count(shelf)
            badge.set_count(count)
            number, side = _SHELVES.index(shelf), QTabBar.ButtonPosition.RightSide
            # A tab keeps the room of a hidden button, so it is taken out.
            held: QWidget | None = self._tabs.tabButton(number, side)
            if (held is not None) != (count > 0):
                self._tabs.setTabButton(number, side, badge if count else None)
                badge.setVisible(count > 0)
            self._tabs.setTabToolTip(number, f"{shelf.value}: {count}")
        self._script.setEnabled(bool(self.model.entries))


def _script_button(style: Style) -> QPushButton:
    script = QPushButton("Copy as script")
    script.setObjectName("copy-script")
    script.setProperty("role", "flat")
    script.setProperty("compact", True)
    script.setIcon(style.icon("file-text", "t2"))
    script.setToolTip("What is shown and was done, as a shell script of virsh lines")
    return script
