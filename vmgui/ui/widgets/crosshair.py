"""One crosshair through all graphs of a page."""

from PySide6.QtCore import QObject, Signal


class Crosshair(QObject):
    """Which moment the graphs that share it point at.

    ``moved`` carries seconds before the right edge (0 or negative), or None when it is gone.
    """

    moved = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._at_s: float | None = None

    @property
    def at_s(self) -> float | None:
        """The moment pointed at, in seconds before the right edge, or None."""
        return self._at_s

    def point_at(self, at_s: float | None) -> None:
        """Move the crosshair in every graph, or take it away."""
        if at_s != self._at_s:
            self._at_s = at_s
            self.moved.emit(at_s)
