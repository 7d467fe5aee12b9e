"""Where the window was, and what was folded: kept for the next start.

It is state, not a choice, so it stands in the state folder and not among the settings: losing it
costs nothing, and two windows may overwrite each other's.
"""

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QMainWindow

from vmgui.ui.models.tree_nodes import Address, Grouping

_LAYOUT_VERSION = 1
"""Another number lets an older arrangement of the docks be passed over."""


class WindowState:
    """Reads and writes one file in Qt's own ini format, which holds geometries as they are."""

    def __init__(self, path: Path) -> None:
        self._file = QSettings(str(path), QSettings.Format.IniFormat)

    def restore(self, window: QMainWindow) -> bool:
        """Put a window where it was; False where its docks were never kept."""
        geometry, layout = self._bytes("geometry"), self._bytes("layout")
        if geometry is not None:
            window.restoreGeometry(geometry)
        return layout is not None and window.restoreState(layout, _LAYOUT_VERSION)

    def keep(self, window: QMainWindow) -> None:
        """Keep where a window is."""
        self._file.setValue("geometry", window.saveGeometry())
        self._file.setValue("layout", window.saveState(_LAYOUT_VERSION))

    @property
    def folded(self) -> frozenset[Address]:
        """The groups that were folded."""
        rows = self._json("folded")
        if not isinstance(rows, list):
            return frozenset()
        return frozenset(
            tuple(row)
            for row in rows
            if isinstance(row, list) and all(isinstance(part, str) for part in row)
        )

    @property
    def open_row(self) -> Address:
        """The row whose page was shown; empty where none was."""
        row = self._json("open")
        ok = isinstance(row, list) and all(isinstance(part, str) for part in row)
        return tuple(row) if ok else ()

    @property
    def grouping(self) -> Grouping:
        """How machines were grouped."""
        try:
            return Grouping[str(self._file.value("grouping"))]
        except KeyError:
            return Grouping.HOST_TAG

    def set_tree(self, folded: frozenset[Address], open_row: Address, grouping: Grouping) -> None:
        """Keep how the tree was."""
        self._file.setValue("folded", json.dumps(sorted(folded)))
        self._file.setValue("open", json.dumps(open_row))
        self._file.setValue("grouping", grouping.name)

    @property
    def journal_scope(self) -> str:
        """What the journal was about; empty where that was never chosen."""
        return str(self._file.value("journal", ""))

    def set_journal_scope(self, scope: str) -> None:
        """Keep what the journal is about."""
        self._file.setValue("journal", scope)

    def write(self) -> None:
        """Write the file now."""
        self._file.sync()

    def _bytes(self, name: str) -> QByteArray | None:
        value = self._file.value(name)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def _json(self, name: str) -> Any:
        try:
            return json.loads(str(self._file.value(name)))
        except ValueError:
            return None
