"""Several machines selected: what can be done with how many of them, and why not with the rest."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from vmgui.actions.action import Danger
from vmgui.insight.amounts import counted
from vmgui.session import Session
from vmgui.ui.possible import Possible
from vmgui.ui.style import Style
from vmgui.ui.views.machine_buttons import asks_more
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.text import one_line, plain_label, plain_tooltip

_ONE_BY_ONE = ("domain.edit",)
"""What is written into its dialog is about one machine."""

_NAMES_SHOWN = 12
_REASONS_SHOWN = 3


class SelectionPage(QWidget):
    """A row for each action; ``action_wanted`` has its id, for those machines that can take it."""

    action_wanted = Signal(str)

    def __init__(self, session: Session, possible: Possible, style: Style) -> None:
        super().__init__()
        self.setObjectName("selection-page")
        self._session = session
        self._possible = possible
        self._rows: dict[str, tuple[QPushButton, ElidedLabel]] = {}
        self._title = plain_label(role="page")
        self._title.setObjectName("selection-title")
        self._names = plain_label(role="body", tone="t2", wrap=True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        actions = [
            each
            for each in session.registry.for_kind("domain")
            if each.many and each.id not in _ONE_BY_ONE
        ]
        for row, action in enumerate(actions):
            button = QPushButton(action.title)
            button.setObjectName(f"bulk-{action.id}")
            is_danger = action.danger is Danger.DESTROYS
            button.setIcon(style.icon(action.icon, "dang" if is_danger else "t1"))
            if is_danger:
                button.setProperty("role", "danger-outline")
            button.clicked.connect(lambda _on=False, id_=action.id: self.action_wanted.emit(id_))
            reason = ElidedLabel("", "table", "t3", is_sentence=True)
            grid.addWidget(button, row, 0)
            grid.addWidget(reason, row, 1)
            self._rows[action.id] = (button, reason)
        inner = QWidget()
        box = QVBoxLayout(inner)
        box.setContentsMargins(16, 16, 16, 16)
        box.setSpacing(12)
        box.addWidget(self._title)
        box.addWidget(self._names)
        box.addLayout(grid)
        box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        possible.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show how the selected machines are now."""
        keys = self._possible.keys
        if not keys:
            return
        inventory = self._session.inventory
        some = (inventory.domain(key) for key in keys[:_NAMES_SHOWN])
        self._title.setText(f"{counted(len(keys), 'machine')} selected")
        names = ", ".join(one_line(domain.name) for domain in some if domain is not None)
        more = len(keys) - _NAMES_SHOWN
        self._names.setText(f"{names} and {more} more" if more > 0 else names)
        for action_id, (button, reason) in self._rows.items():
            action = self._session.registry.get(action_id)
            able, reasons = self._possible.able(action), self._possible.why_not(action)
            button.setEnabled(able > 0)
            dots = "…" if asks_more(action) else ""
            button.setText(f"{action.title} {able}{dots}" if able else f"{action.title}{dots}")
            button.setToolTip(plain_tooltip(action.help))
            text = " ".join(reasons[:_REASONS_SHOWN])
            left = len(reasons) - _REASONS_SHOWN
            reason.setText(f"{text} (and {counted(left, 'more reason')})" if left > 0 else text)
