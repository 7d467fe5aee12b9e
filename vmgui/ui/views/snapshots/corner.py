"""What stands beside the tabs while snapshots are shown: zoom, and the one primary action."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from vmgui.ui.style import current
from vmgui.ui.views.snapshots.timeline_view import TimelineView
from vmgui.ui.widgets.text import plain_tooltip


class SnapshotCorner(QWidget):
    """Zoom out, fit, zoom in; take a snapshot."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._zooms: list[QToolButton] = []
        self.take = QPushButton("Take snapshot", self)
        self.take.setObjectName("take-snapshot")
        self.take.setProperty("role", "primary")
        self.take.setProperty("compact", True)
        self.take.setAutoDefault(False)
        self.take.setIcon(current().icon("camera", "onacc"))
        self._row.addWidget(self.take)

    def steer(self, view: TimelineView) -> None:
        """Zoom this view."""
        for place, (name, icon, words, act) in enumerate(
            (
                ("zoom-out", "magnifying-glass-minus", "Zoom out", lambda: view.zoom_by(-1)),
                ("zoom-fit", "", "Fit", view.fit),
                ("zoom-in", "magnifying-glass-plus", "Zoom in", lambda: view.zoom_by(1)),
            )
        ):
            self._row.insertWidget(place, self._zoom_button(name, icon, words, act))
        self._row.insertSpacing(3, 6)

    def show_zoom(self, shown: bool) -> None:
        """Show what zooms, or hide it where nothing can be zoomed."""
        for button in self._zooms:
            button.setVisible(shown)

    def offer_take(self, offered: bool, refusal: str, help_text: str) -> None:
        """Offer to take a snapshot; ``refusal`` says why it can't be done now."""
        self.take.setVisible(offered)
        self.take.setEnabled(not refusal)
        self.take.setToolTip(plain_tooltip(refusal or help_text))
        self.take.setAccessibleDescription(refusal)

    def _zoom_button(
        self, name: str, icon: str, words: str, act: Callable[[], object]
    ) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setProperty("role", "action")
        button.setProperty("compact", True)
        button.setAccessibleName(words)
        if icon:
            button.setIcon(current().icon(icon, "t1"))
            button.setToolTip(plain_tooltip(words))
        else:
            button.setText(words)
            button.setToolTip(plain_tooltip("Show all of it (0)"))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.clicked.connect(act)
        self._zooms.append(button)
        return button
