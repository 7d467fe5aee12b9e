"""Why nothing can be cloned as it is, in full, with what would help."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vmgui.inventory.domain import Domain
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.text import breakable, plain_label


class Obstacle(QFrame):
    """Hidden while nothing refuses. ``action_wanted`` has an action's id and its arguments.

    A machine that runs is never cloned as it is: it offers to shut it down, or to take a
    snapshot that can be cloned from.
    """

    action_wanted = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self.setProperty("tone", "warn")
        self._text = plain_label("", "table", wrap=True, selectable=True)
        self._text.setObjectName("clone-obstacle")
        self._ways = QWidget()
        ways = QHBoxLayout(self._ways)
        ways.setContentsMargins(0, 0, 0, 0)
        ways.setSpacing(6)
        for name, title, action_id, arguments in (
            ("clone-shutdown", "Shut down", "domain.shutdown", {}),
            (
                "clone-snapshot",
                "Take an external snapshot…",
                "snapshot.create",
                {"kind": "external"},
            ),
        ):
            button = QPushButton(title)
            button.setObjectName(name)
            button.setProperty("compact", True)
            button.clicked.connect(
                lambda _on=False, id_=action_id, values=arguments: self.action_wanted.emit(
                    id_, values
                )
            )
            ways.addWidget(button)
        ways.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addWidget(self._text)
        words.addWidget(self._ways)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(IconMark("warning", "warn"), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.hide()

    def show_refusal(self, why: str, domain: Domain | None, snapshot: str) -> None:
        """Say why not, "" for nothing; ``snapshot`` is what would be cloned from."""
        self._text.setText(breakable(why))
        self._text.setAccessibleName(why)
        runs = domain is not None and domain.state.is_active and not snapshot
        self._ways.setVisible(runs)
        self.setVisible(bool(why))
