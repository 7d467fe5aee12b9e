"""Several machines selected: what can be done with how many of them, and why not with the rest."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from vmgui.actions.action import Danger
from vmgui.insight.amounts import counted
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.actions import possible
from vmgui.ui.bridge import Bridge
from vmgui.ui.style import Style
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.text import one_line, plain_label, plain_tooltip

_ONE_BY_ONE = ("domain.edit",)
"""What is written into its dialog is about one machine."""

_NAMES_SHOWN = 12
_REASONS_SHOWN = 3


class SelectionPage(QWidget):
    """A row for each action; ``action_wanted`` has its id, for those machines that can take it."""

    action_wanted = Signal(str)

    def __init__(self, session: Session, bridge: Bridge, style: Style) -> None:
        super().__init__()
        self.setObjectName("selection-page")
        self._session = session
        self._keys: tuple[Key, ...] = ()
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
            button.setIcon(style.icon(action.icon, "t1"))
            if action.danger is Danger.DESTROYS:
                button.setProperty("role", "danger-outline")
            button.clicked.connect(lambda _on=False, id_=action.id: self.action_wanted.emit(id_))
            reason = ElidedLabel("", "table", "t3")
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
        bridge.inventory_changed.connect(self._refresh)

    def show_machines(self, keys: Sequence[Key]) -> None:
        """Be about these machines."""
        self._keys = tuple(keys)
        self._refresh()

    def _refresh(self) -> None:
        if not self._keys:
            return
        inventory = self._session.inventory
        domains = [d for key in self._keys if (d := inventory.domain(key)) is not None]
        self._title.setText(f"{counted(len(domains), 'machine')} selected")
        names = ", ".join(one_line(domain.name) for domain in domains[:_NAMES_SHOWN])
        more = len(domains) - _NAMES_SHOWN
        self._names.setText(f"{names} and {more} more" if more > 0 else names)
        for action_id, (button, reason) in self._rows.items():
            action = self._session.registry.get(action_id)
            can = possible(action, inventory, self._keys)
            button.setEnabled(bool(can.able))
            button.setText(f"{action.title} {len(can.able)}" if can.able else action.title)
            button.setToolTip(plain_tooltip(action.help))
            text = " ".join(can.reasons[:_REASONS_SHOWN])
            left = len(can.reasons) - _REASONS_SHOWN
            reason.setText(f"{text} (and {left} more reasons)" if left > 0 else text)
