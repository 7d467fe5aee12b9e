"""The history's SQLite file: opened, brought to the newest schema, put aside when damaged."""

import contextlib
import sqlite3
import time
from pathlib import Path

_BUSY_MS = 3000

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # The vmgui that holds the lease writes a host's figures; another one leaves them alone.
        """CREATE TABLE host (
            id INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE,
            writer TEXT NOT NULL DEFAULT '', lease_until_s REAL NOT NULL DEFAULT 0)""",
        # The id is a machine's UUID, empty for the host itself.
        """CREATE TABLE series (
            host INTEGER NOT NULL, slot INTEGER NOT NULL, id TEXT NOT NULL,
            last_seen_s INTEGER NOT NULL,
            PRIMARY KEY (host, slot), UNIQUE (host, id)) WITHOUT ROWID""",
        # In order of time: a tick is written to one place, and the oldest hour goes as one.
        """CREATE TABLE fine (
            host INTEGER NOT NULL, at_ms INTEGER NOT NULL, block INTEGER NOT NULL,
            data BLOB NOT NULL, PRIMARY KEY (host, at_ms, block)) WITHOUT ROWID""",
        # In order of machines: written seldom, and read for one machine over a long time.
        """CREATE TABLE coarse (
            host INTEGER NOT NULL, level INTEGER NOT NULL, block INTEGER NOT NULL,
            at_ms INTEGER NOT NULL, data BLOB NOT NULL,
            PRIMARY KEY (host, level, block, at_ms)) WITHOUT ROWID""",
    ),
)
"""What brings a file from each version to the next; the version is SQLite's user_version."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class TooNew(Exception):
    """The file was written by a newer vmgui, whose schema this one does not know."""


def is_damage(error: BaseException) -> bool:
    """Tell whether ``error`` says that the file's contents are broken."""
    return _primary(error) in _DAMAGED


def is_busy(error: BaseException) -> bool:
    """Tell whether another process just holds the file."""
    return _primary(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_full(error: BaseException) -> bool:
    """Tell whether the disk is full."""
    return _primary(error) == sqlite3.SQLITE_FULL


def _primary(error: BaseException) -> int:
    # Extended codes carry the plain one in their lowest byte.
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the file, made or migrated if need be.

    Raises sqlite3.Error, TooNew, or OSError where its folder can't be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    db = _connect(path)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        _migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a file that exists; raises sqlite3.Error or TooNew."""
    db = _connect(path)
    try:
        db.execute("PRAGMA query_only = ON")
        _version(db)
    except BaseException:
        db.close()
        raise
    return db


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000)
    db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    return db


def _migrate(db: sqlite3.Connection) -> None:
    if _version(db) == len(_MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while we waited.
        for steps in _MIGRATIONS[_version(db) :]:
            for step in steps:
                db.execute(step)
        db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    except BaseException:
        db.rollback()
        raise
    db.commit()


def _version(db: sqlite3.Connection) -> int:
    """Return the version of the file's schema; raises TooNew where it is beyond ours."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(_MIGRATIONS):
        raise TooNew
    return version


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells this file from another one of its name, or None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def put_aside(path: Path) -> Path:
    """Rename a damaged file, and what SQLite keeps beside it; return its new place."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    path.replace(aside)
    with contextlib.suppress(FileNotFoundError):
        _beside(path, "-wal").replace(_beside(aside, "-wal"))
    _beside(path, "-shm").unlink(missing_ok=True)
    return aside


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
