"""Every setting, declared once, and the file that keeps what a person chose.

The file is JSON: one object of dotted keys. It is written anew as a whole, beside the old one
and then over it, so that an interrupted write loses nothing, and only the key that was set is
changed, so that two windows do not undo each other's choices.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from psygnal import Signal

T = TypeVar("T", bool, int, float, str)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A setting: its key in the file, its default, and how it is shown and checked.

    ``choices`` limits a text; ``minimum`` and ``maximum`` a number, in ``unit``.
    """

    key: str
    default: T
    title: str
    help: str
    choices: tuple[T, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""

    def check(self, value: object) -> T:
        """Return ``value`` if it fits; raises ValueError with the reason if it does not."""
        wanted = type(self.default)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not wanted:
            raise ValueError(f"{self.title}: expected {wanted.__name__}, got {value!r}")
        if self.choices and value not in self.choices:
            allowed = ", ".join(str(choice) for choice in self.choices)
            raise ValueError(f"{self.title}: {value!r} is none of {allowed}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            if self.minimum is not None and value < self.minimum:
                raise ValueError(f"{self.title}: at least {self.minimum:g} {self.unit}".rstrip())
            if self.maximum is not None and value > self.maximum:
                raise ValueError(f"{self.title}: at most {self.maximum:g} {self.unit}".rstrip())
        return value


SCHEME = Setting(
    "window.scheme", "system", "Colours", "Follow the system, or always light or dark.",
    choices=("system", "light", "dark"),
)  # fmt: skip
PRESENTER_FACTOR = Setting(
    "window.presenter_factor", 1.5, "Presenter size",
    "How much larger type and rows are while presenting.", choices=(1.25, 1.5, 2.0),
)  # fmt: skip
GRAPH_RANGE_S = Setting(
    "graphs.range_s", 300, "Graph range", "How far back the graphs reach.",
    choices=(60, 300, 900, 3600, 86400), unit="s",
)  # fmt: skip
POLL_INTERVAL_S = Setting(
    "figures.interval_s", 2.0, "Poll figures every",
    "A longer interval spares slow hosts and far connections.",
    minimum=1, maximum=60, unit="s",
)  # fmt: skip
KEEP_HISTORY = Setting(
    "figures.keep_history", True, "Keep the history of figures",
    "Two-second steps for an hour, minutes for a day, quarter hours for 90 days."
    " Holds from the next start.",
)  # fmt: skip
JOBS_AT_ONCE = Setting(
    "jobs.at_once", 4, "Jobs at once on a host",
    "How many machines of one host are acted on at the same time.", minimum=1, maximum=16,
)  # fmt: skip
CONNECT_AT_START = Setting(
    "connections.at_start", True, "Connect when vmgui starts",
    "Open the saved connections by themselves.",
)  # fmt: skip

ALL: tuple[Setting[Any], ...] = (
    SCHEME,
    PRESENTER_FACTOR,
    GRAPH_RANGE_S,
    POLL_INTERVAL_S,
    KEEP_HISTORY,
    JOBS_AT_ONCE,
    CONNECT_AT_START,
)


@dataclass(frozen=True, slots=True)
class SavedConnection:
    """A connection that is opened again at the next start."""

    uri: str
    name: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query that a person keeps as a chip over the tree."""

    name: str
    text: str


class Settings:
    """What a person chose, over the declared defaults. Belongs to the loop's thread.

    ``path`` None keeps everything in memory. ``problem`` is a sentence where the file could not
    be read or written, else empty. ``changed`` is emitted with the key that was set.
    """

    changed = Signal(str)

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.problem = ""
        self._values = self._read()

    def get(self, setting: Setting[T]) -> T:
        """Return the value of ``setting``; one in the file that does not fit is passed over."""
        try:
            return setting.check(self._values.get(setting.key, setting.default))
        except ValueError:
            return setting.default

    def set(self, setting: Setting[T], value: T) -> None:
        """Keep ``value``; raises ValueError where it does not fit."""
        self._store(setting.key, setting.check(value))

    @property
    def connections(self) -> tuple[SavedConnection, ...]:
        """Return the saved connections, in the order in which they are shown."""
        return tuple(
            SavedConnection(uri, _text(row.get("name")), read_only=row.get("read_only") is True)
            for row in _rows(self._values.get("connections"))
            if (uri := _text(row.get("uri")))
        )

    def save_connections(self, connections: Sequence[SavedConnection]) -> None:
        """Keep exactly these connections."""
        self._store("connections", [asdict(each) for each in connections])

    @property
    def queries(self) -> tuple[SavedQuery, ...]:
        """Return the saved queries."""
        return tuple(
            SavedQuery(_text(row.get("name")) or text, text)
            for row in _rows(self._values.get("queries"))
            if (text := _text(row.get("text")))
        )

    def save_queries(self, queries: Sequence[SavedQuery]) -> None:
        """Keep exactly these queries."""
        self._store("queries", [asdict(each) for each in queries])

    def _store(self, key: str, value: object) -> None:
        # Another window may have written meanwhile: only this key is ours to change.
        self._values = {**self._values, **self._read(), key: value}
        self._write()
        self.changed.emit(key)

    def _read(self) -> dict[str, object]:
        if self._path is None:
            return {}
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.problem = f"The settings can't be read, so the defaults hold: {error}"
            return {}
        except ValueError:
            values = None
        if isinstance(values, dict):
            return values
        aside = self._path.with_suffix(".damaged.json")
        with contextlib.suppress(OSError):
            self._path.replace(aside)
        self.problem = (
            f"The settings were damaged; they are kept as {aside}, and the defaults hold."
        )
        return {}

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".settings-")
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(self._values, out, indent=1, ensure_ascii=False)
            Path(name).replace(self._path)
            self.problem = ""
        except OSError as error:
            self.problem = f"The settings can't be kept: {error}"


def _rows(value: object) -> list[dict[str, object]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
