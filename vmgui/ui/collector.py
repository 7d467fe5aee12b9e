"""Collects garbage on the window's thread, and nowhere else.

Python collects in whichever thread happens to make one object too many. In a worker that would
delete Qt's objects off their thread, which crashes; and a collection of everything, at any time,
would stop the window. So the automatic one is off, and a timer does the work in small portions.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1000
_YOUNG = 2_000
_MIDDLING = 20
_OLD = 60


class Collector(QObject):
    """Collects young objects within a second, older ones now and then, as `gc` itself would."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self, interval=_EVERY_MS)
        timer.timeout.connect(self.collect)
        timer.start()

    def settle(self) -> None:
        """Leave out of all collections what is there now, since most of it is there to stay."""
        gc.freeze()

    def collect(self) -> None:
        """Collect what is due: the oldest generation whose turn has come, or nothing."""
        young, middling, old = gc.get_count()
        if old > _OLD:
            gc.collect(2)
        elif middling > _MIDDLING:
            gc.collect(1)
        elif young > _YOUNG:
            gc.collect(0)
