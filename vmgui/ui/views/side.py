"""The left side of the window: query, saved queries, the tree, and what it is about."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from vmgui.insight.amounts import counted
from vmgui.insight.query import Query, QueryError, parse
from vmgui.settings import SavedQuery, Settings
from vmgui.ui.models.tree import NAME, TreeModel
from vmgui.ui.models.tree_nodes import Address, Grouping
from vmgui.ui.style import Style
from vmgui.ui.views.query_field import QueryField
from vmgui.ui.views.tree_view import TreeView
from vmgui.ui.widgets.chips import CountChip
from vmgui.ui.widgets.flow import FlowLayout
from vmgui.ui.widgets.text import one_line, plain_label, plain_tooltip

_STANDING = (
    (SavedQuery("Running", "state:running"), "t1"),
    (SavedQuery("Attention", "is:attention"), "warn"),
)
_MARGIN = 8
_HIDDEN = "open, not in this filter"


class Chips(QWidget):
    """The standing queries and the saved ones, each with how many machines it finds."""

    chosen = Signal(str)

    def __init__(self, model: TreeModel, settings: Settings, style: Style) -> None:
        super().__init__()
        self._model = model
        self._settings = settings
        self._style = style
        self._written = ""
        self._chips: list[tuple[str, CountChip]] = []
        self._row = FlowLayout()
        self._keep = QToolButton()
        self._keep.setObjectName("save-query")
        self._keep.setProperty("role", "flat")
        self._keep.setIcon(style.icon("bookmark-simple", "t2"))
        self._keep.clicked.connect(self._on_keep)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(self._row, 1)
        layout.addWidget(self._keep, 0, Qt.AlignmentFlag.AlignTop)
        settings.changed.connect(self._on_setting)
        model.counted.connect(self._show_counts)
        self._fill()

    def show_written(self, text: str) -> None:
        """Mark the chip of the query that is in force."""
        self._written = text.strip()
        for query, chip in self._chips:
            chip.setChecked(query == self._written)
        saved = any(each.text == self._written for each in self._settings.queries)
        standing = any(each.text == self._written for each, _ in _STANDING)
        self._keep.setEnabled(bool(self._written) and not standing)
        word = "Forget this query" if saved else "Keep this query as a chip"
        self._keep.setToolTip(word)
        self._keep.setAccessibleName(word)
        self._keep.setIcon(self._style.icon("bookmark-simple", "acc" if saved else "t2"))

    def close_signals(self) -> None:
        """Let go of the settings."""
        self._settings.changed.disconnect(self._on_setting)

    def _fill(self) -> None:
        for _, chip in self._chips:
            self._row.removeWidget(chip)
            chip.deleteLater()
        self._chips.clear()
        queries: list[Query] = []
        kept = [(each, "t1") for each in self._settings.queries]
        for saved, tone in (*_STANDING, *kept):
            try:
                queries.append(parse(saved.text))
            except QueryError:
                continue  # written by a newer vmgui; it stays in the file
            chip = CountChip(one_line(saved.name)[:40], tone)
            chip.setObjectName(f"chip-{saved.name.casefold()}")
            chip.setToolTip(plain_tooltip(saved.text))
            chip.clicked.connect(lambda on, text=saved.text: self.chosen.emit(text if on else ""))
            self._row.addWidget(chip)
            self._chips.append((saved.text, chip))
        self._model.set_counted(queries)
        self._show_counts()
        self.show_written(self._written)

    def _show_counts(self) -> None:
        for (_, chip), number in zip(self._chips, self._model.counts, strict=False):
            chip.set_count(number)

    def _on_setting(self, key: str) -> None:
        if key == "queries":
            self._fill()

    def _on_keep(self) -> None:
        rest = [each for each in self._settings.queries if each.text != self._written]
        if len(rest) == len(self._settings.queries):
            rest.append(SavedQuery(self._written, self._written))
        self._settings.save_queries(rest)


class Side(QWidget):
    """Finding and choosing machines.

    ``opened`` has the address of the row to show, ``picked`` the keys of the selected machines,
    ``menu_wanted`` the place of a context menu, ``connection_wanted`` asks for a new connection.
    """

    opened = Signal(tuple)
    picked = Signal(list)
    menu_wanted = Signal(QPoint)
    connection_wanted = Signal()

    def __init__(
        self, model: TreeModel, settings: Settings, style: Style, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._model = model
        self._style = style
        self._open: tuple[Address, str] | None = None
        self.query = QueryField(style)
        self.chips = Chips(model, settings, style)
        self.tree = TreeView(model, style)
        self._grouping = self._make_grouping_menu()
        top = QVBoxLayout()
        top.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        top.setSpacing(_MARGIN)
        top.addWidget(self.query)
        top.addWidget(self.chips)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self._make_hidden_row())
        layout.addWidget(self._make_foot())
        self._connect()
        self._show_counts()

    @property
    def foot(self) -> str:
        """What the foot says."""
        return self._foot.text()

    @property
    def notice(self) -> str:
        """What is said of the open row that the query hides; "" where it does not."""
        if self._hidden_row.isHidden():
            return ""
        return f"{self._hidden_name.text()} {_HIDDEN}"

    def show_open(self, address: Address, name: str) -> None:
        """Say which row the page shows."""
        self._open = (address, name)
        self._show_hidden()

    def start_query(self) -> None:
        """Take the keyboard to the query."""
        self.query.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # parts

    def _make_grouping_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName("grouping-menu")
        group = QActionGroup(menu)
        for grouping in Grouping:
            action = QAction(grouping.value, menu, checkable=True)
            action.setObjectName(f"group-{grouping.name.lower().replace('_', '-')}")
            action.setChecked(grouping is self._model.grouping)
            action.triggered.connect(lambda _on, g=grouping: self.group(g))
            group.addAction(action)
            menu.addAction(action)
        return menu

    @property
    def grouping_menu(self) -> QMenu:
        """The menu of ways to group machines."""
        return self._grouping

    def group(self, grouping: Grouping) -> None:
        """Group machines in another way; what is open stays in sight."""
        self._model.set_grouping(grouping)
        for action in self._grouping.actions():
            action.setChecked(action.text() == grouping.value)

    def _make_hidden_row(self) -> QWidget:
        row = QWidget()
        row.setObjectName("open-not-in-filter")
        self._hidden_row = row
        self._hidden_name = plain_label(role="body")
        show = QPushButton("Show")
        show.setObjectName("show-open")
        show.setProperty("role", "link")
        show.clicked.connect(self._on_show_open)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 4, 8, 4)
        layout.addWidget(self._hidden_name)
        layout.addWidget(plain_label(_HIDDEN, "table", "t3"), 1)
        layout.addWidget(show)
        row.hide()
        return row

    def _make_foot(self) -> QWidget:
        foot = QWidget()
        self._foot = plain_label(role="table", tone="t3")
        self._foot.setObjectName("tree-foot")
        layout = QHBoxLayout(foot)
        layout.setContentsMargins(12, 3, 8, 3)
        layout.setSpacing(2)
        layout.addWidget(self._foot, 1)
        for name, icon, word, slot in (
            ("add-connection", "plus", "Add a connection", self.connection_wanted.emit),
            ("fold-all", "arrows-in-line-vertical", "Fold all hosts", self.tree.fold_all),
        ):
            button = QToolButton()
            button.setObjectName(name)
            button.setProperty("role", "flat")
            button.setIcon(self._style.icon(icon, "t2"))
            button.setToolTip(word)
            button.setAccessibleName(word)
            button.clicked.connect(lambda _on=False, do=slot: do())
            layout.addWidget(button)
        return foot

    def _connect(self) -> None:
        self.query.changed.connect(self._on_query)
        self.query.left_downwards.connect(lambda: self._once_settled(self._go_down))
        self.query.left.connect(self.tree.setFocus)
        self.chips.chosen.connect(self.query.set_text)
        self.tree.opened.connect(self.opened)
        self.tree.picked.connect(self.picked)
        self.tree.left_upwards.connect(self.start_query)
        self.tree.menu_wanted.connect(self.menu_wanted)
        self.tree.header().sectionClicked.connect(self._on_head)
        self._model.counted.connect(self._show_counts)
        self._model.settled.connect(self._on_settled)

    # what happens

    def _on_query(self, query: Query) -> None:
        self.chips.show_written(query.text)
        self._model.set_query(query)

    def _on_settled(self) -> None:
        """Mark the open row again, where a query had hidden it."""
        if self._open is not None and not self.tree.selectionModel().hasSelection():
            self.tree.select_rows([self._open[0]])
        self._show_hidden()

    def _go_down(self) -> None:
        current = self._model.node(self.tree.currentIndex())
        first = self._first_machine()
        if first is not None and (current is None or current.kind != "machine"):
            self.tree.show_row(first)
        self.tree.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _first_machine(self) -> Address | None:
        keys = self._model.machines_under(self._model.index_of(("all",)))
        return ("machine", keys[0].host, keys[0].id) if keys else None

    def _on_head(self, section: int) -> None:
        if section == NAME:
            head = self.tree.header()
            self._grouping.popup(head.mapToGlobal(QPoint(0, head.height())))

    def _on_show_open(self) -> None:
        if self._open is not None:
            address = self._open[0]
            self.query.set_text("")
            self._once_settled(lambda: self.tree.show_row(address))

    def _once_settled(self, do: Callable[[], object]) -> None:
        """Do something once the tree shows what was asked for, which mostly is now."""
        if self._model.is_settled:
            do()
        else:
            self._model.settled.connect(do, Qt.ConnectionType.SingleShotConnection)

    def _show_counts(self) -> None:
        model = self._model
        total = counted(model.total, "machine")
        self._foot.setText(f"{model.matching} of {total} match" if model.is_filtered else total)

    def _show_hidden(self) -> None:
        hidden = (
            self._open is not None
            and self._open[0][0] == "machine"
            and self._model.is_filtered
            and not self._model.index_of(self._open[0]).isValid()
        )
        if hidden and self._open is not None:
            self._hidden_name.setText(one_line(self._open[1]))
        self._hidden_row.setVisible(hidden)
