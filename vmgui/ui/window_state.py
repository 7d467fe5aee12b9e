"""Where the window was, and what was folded: kept for the next start.

It is state, not a choice, so it stands in the state folder and not among the settings: losing it
costs nothing, and two windows may overwrite each other's.
"""

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from vmgui.ui.models.tree_nodes import Address, Grouping


class WindowState:
    """Reads and writes one file in Qt's own ini format, which holds geometries as they are."""

    def __init__(self, path: Path) -> None:
        self._file = QSettings(str(path), QSettings.Format.IniFormat)

    def bytes(self, name: str) -> QByteArray | None:
        """Return a geometry as Qt saved it, or None."""
        value = self._file.value(name)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_bytes(self, name: str, value: QByteArray) -> None:
        """Keep a geometry."""
        self._file.setValue(name, value)

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

    def write(self) -> None:
        """Write the file now."""
        self._file.sync()

    def _json(self, name: str) -> Any:
        try:
            return json.loads(str(self._file.value(name)))
        except ValueError:
            return None
