"""Writes the history, a transaction a tick. Everything here runs in the history's own thread.

Levels: 0 as sampled, for an hour; 1 a minute, for a day; 2 a quarter of an hour, for 90 days.
A longer step is made of the next shorter one when it is over, a few blocks a tick, so that no
tick takes long; what was still to do when vmgui ended is done at the next start.
"""

import sqlite3
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

from vmgui.inventory.figures import Sample
from vmgui.metrics.blocks import MACHINES, decode, encode, mean, pack


class Level(NamedTuple):
    """A resolution: the length of its steps, and how long they are kept."""

    step_s: int
    kept_s: int


LEVELS = (Level(2, 3600), Level(60, 24 * 3600), Level(15 * 60, 90 * 24 * 3600))

_SLACK_S = 120  # kept longer, so that a graph of just an hour finds its first point
_LEASE_S = 15.0
_WRONG_CLOCK_S = 60.0
_AT_LEAST = 8
_SPREAD_OVER_TICKS = 10


class _Due(NamedTuple):
    """A block whose step of ``level`` that ends at ``end_s`` is over."""

    level: int
    end_s: int
    block: int


class _HostState:
    """What the writer remembers of a host as long as it holds the lease."""

    def __init__(self, host: int, slots: dict[str, int]) -> None:
        self.id = host
        self.slots = slots
        self.free = _free_slots(frozenset(slots.values()))
        self.seen: set[str] = set()  # in this quarter of an hour
        self.due: deque[_Due] = deque()
        self.newest_s: float | None = None
        self.touched: dict[int, set[int]] = {1: set(), 2: set()}


class Writer:
    """Appends ticks to an open database; every method may raise sqlite3.Error.

    After one that is raised in the middle of a tick this writer is spent, as what it remembers
    may be ahead of what was kept; one that is only busy has not begun.
    """

    def __init__(self, db: sqlite3.Connection, token: str) -> None:
        self._db = db
        self._token = token
        self._hosts: dict[str, _HostState] = {}
        self._sweep: Iterator[tuple[int, int]] = iter(())

    def append(self, uri: str, samples: Sequence[Sample]) -> bool:
        """Keep one poll of a host in one transaction; false where another vmgui keeps it."""
        at_s = max(sample.at_s for sample in samples)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            host = self._leased(uri, at_s)
            if host is not None:
                self._append(host, samples, at_s)
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()
        return host is not None

    def close(self) -> None:
        """Give up the leases, and close the database."""
        try:
            self._db.execute(
                "UPDATE host SET writer = '', lease_until_s = 0 WHERE writer = ?", (self._token,)
            )
        finally:
            self._db.close()

    def _append(self, host: _HostState, samples: Sequence[Sample], at_s: float) -> None:
        self._mark_due(host, at_s)
        numbered = [(self._slot(host, sample.key.id, at_s), sample) for sample in samples]
        blocks = pack(numbered)
        self._db.executemany(
            "INSERT OR REPLACE INTO fine VALUES (?, ?, ?, ?)",
            [(host.id, round(at_s * 1000), n, encode(block)) for n, block in blocks.items()],
        )
        for level in (1, 2):
            host.touched[level].update(blocks)
        self._condense(host)
        self._prune(host, at_s)

    def _leased(self, uri: str, now_s: float) -> _HostState | None:
        """Return the host if it is ours to write, taking the lease where it is free."""
        self._db.execute("INSERT OR IGNORE INTO host (uri) VALUES (?)", (uri,))
        host, writer, until_s = self._db.execute(
            "SELECT id, writer, lease_until_s FROM host WHERE uri = ?", (uri,)
        ).fetchone()
        ours = writer == self._token
        if not ours and now_s < until_s < now_s + _WRONG_CLOCK_S:
            self._hosts.pop(uri, None)
            return None
        if not ours or until_s < now_s + _LEASE_S / 2 or until_s > now_s + _WRONG_CLOCK_S:
            self._db.execute(
                "UPDATE host SET writer = ?, lease_until_s = ? WHERE id = ?",
                (self._token, now_s + _LEASE_S, host),
            )
        if not ours or uri not in self._hosts:
            self._hosts[uri] = self._take_over(host)
        return self._hosts[uri]

    def _take_over(self, host: int) -> _HostState:
        """Read where the last writer of a host left off."""
        rows = self._db.execute("SELECT id, slot FROM series WHERE host = ?", (host,))
        state = _HostState(host, dict(rows.fetchall()))
        oldest_ms, newest_ms = self._db.execute(
            "SELECT (SELECT min(at_ms) FROM fine WHERE host = :host),"
            " (SELECT max(at_ms) FROM fine WHERE host = :host)",
            {"host": host},
        ).fetchone()
        if newest_ms is None:
            return state
        state.newest_s = newest_ms / 1000
        due: list[_Due] = []
        for block in range(max(state.slots.values(), default=-1) // MACHINES + 1):
            fresh_ms = max(oldest_ms, self._done_ms(host, 1, block) + 1)
            done_ms = self._done_ms(host, 2, block)
            (minute_ms,) = self._db.execute(
                "SELECT min(at_ms) FROM coarse"
                " WHERE host = ? AND level = 1 AND block = ? AND at_ms > ?",
                (host, block, done_ms),
            ).fetchone()
            # Quarters are made of the minutes that are there, and of those that are due.
            since_ms = max(min(minute_ms or fresh_ms, fresh_ms), done_ms + 1)
            for level, from_ms in ((1, fresh_ms), (2, since_ms)):
                step_s = LEVELS[level].step_s
                ends_s = range(_end_s(from_ms / 1000, step_s), newest_ms // 1000 + 1, step_s)
                due.extend(_Due(level, end_s, block) for end_s in ends_s)
                # The step that is not over yet goes on with the block.
                state.touched[level].add(block)
        state.due.extend(sorted(due))
        return state

    def _done_ms(self, host: int, level: int, block: int) -> int:
        (at_ms,) = self._db.execute(
            "SELECT max(at_ms) FROM coarse WHERE host = ? AND level = ? AND block = ?",
            (host, level, block),
        ).fetchone()
        return at_ms or 0

    def _slot(self, host: _HostState, id_: str, now_s: float) -> int:
        slot = host.slots.get(id_)
        if slot is None:
            slot = host.slots[id_] = next(host.free)
            self._db.execute(
                "INSERT INTO series VALUES (?, ?, ?, ?)", (host.id, slot, id_, int(now_s))
            )
        elif id_ not in host.seen:
            self._db.execute(
                "UPDATE series SET last_seen_s = ? WHERE host = ? AND slot = ?",
                (int(now_s), host.id, slot),
            )
        host.seen.add(id_)
        return slot

    def _mark_due(self, host: _HostState, at_s: float) -> None:
        """Note the steps that are over now that a tick lies behind their end."""
        before_s, host.newest_s = host.newest_s, at_s
        if before_s is None:
            return
        for level in (1, 2):
            end_s = _end_s(before_s, LEVELS[level].step_s)
            if at_s > end_s:
                touched = host.touched[level]
                host.due.extend(_Due(level, end_s, block) for block in sorted(touched))
                touched.clear()
                if level == 2:
                    host.seen.clear()

    def _condense(self, host: _HostState) -> None:
        """Make some of the longer steps that are due."""
        share = max(_AT_LEAST, len(host.due) // _SPREAD_OVER_TICKS)
        steps: dict[tuple[int, int], list[int]] = {}
        for _ in range(min(share, len(host.due))):
            level, end_s, number = host.due.popleft()
            steps.setdefault((level, end_s), []).append(number)
        for (level, end_s), numbers in steps.items():
            for number, parts in self._parts(host.id, level, end_s, numbers).items():
                block = mean(parts, LEVELS[level].step_s)
                self._db.execute(
                    "INSERT OR REPLACE INTO coarse VALUES (?, ?, ?, ?, ?)",
                    (host.id, level, number, end_s * 1000, encode(block)),
                )

    def _parts(
        self, host: int, level: int, end_s: int, numbers: Sequence[int]
    ) -> "dict[int, list[array[float]]]":
        """Return what there is of the shorter steps that make up a longer one, by block."""
        span = ((end_s - LEVELS[level].step_s) * 1000, end_s * 1000)
        if level == 1:  # ticks hold all blocks, so they are gone through once
            rows = self._db.execute(
                "SELECT block, data FROM fine WHERE host = ? AND at_ms > ? AND at_ms <= ?"
                " AND block BETWEEN ? AND ?",
                (host, *span, min(numbers), max(numbers)),
            ).fetchall()
        else:
            rows = [
                row
                for number in numbers
                for row in self._db.execute(
                    "SELECT block, data FROM coarse WHERE host = ? AND level = 1 AND block = ?"
                    " AND at_ms > ? AND at_ms <= ?",
                    (host, number, *span),
                )
            ]
        parts: dict[int, list[array[float]]] = {}
        for number, data in rows:
            if number in numbers and (part := decode(data)) is not None:
                parts.setdefault(number, []).append(part)
        return parts

    def _prune(self, host: _HostState, now_s: float) -> None:
        """Drop what is too old: this host's oldest ticks, and of all the rest a block a tick."""
        self._drop_fine(host.id, now_s)
        swept = next(self._sweep, None)
        if swept is None:
            self._sweep = self._all_blocks()
            return
        other, block = swept
        self._drop_fine(other, now_s)
        for level in (1, 2):
            self._db.execute(
                "DELETE FROM coarse WHERE host = ? AND level = ? AND block = ? AND at_ms < ?",
                (other, level, block, self._cutoff_ms(other, now_s, level)),
            )
        self._forget_series(other, block, now_s)

    def _cutoff_ms(self, host: int, now_s: float, level: int) -> int:
        """Return before when a level is dropped; what is still to be condensed stays."""
        oldest_s = now_s - LEVELS[level].kept_s - _SLACK_S
        starts_s = [
            due.end_s - LEVELS[due.level].step_s
            for state in self._hosts.values()
            if state.id == host
            for due in state.due
        ]
        return int(min(oldest_s, *starts_s) * 1000) if starts_s else int(oldest_s * 1000)

    def _all_blocks(self) -> Iterator[tuple[int, int]]:
        rows = self._db.execute("SELECT host, max(slot) FROM series GROUP BY host").fetchall()
        for host, highest in rows:
            for block in range(highest // MACHINES + 1):
                yield host, block

    def _drop_fine(self, host: int, now_s: float) -> None:
        self._db.execute(
            "DELETE FROM fine WHERE host = ? AND at_ms < ?",
            (host, self._cutoff_ms(host, now_s, 0)),
        )

    def _forget_series(self, host: int, block: int, now_s: float) -> None:
        """Free the slots of machines of which nothing is kept any more."""
        gone = self._db.execute(
            "DELETE FROM series WHERE host = ? AND slot BETWEEN ? AND ? AND last_seen_s < ?",
            (
                host,
                block * MACHINES,
                block * MACHINES + MACHINES - 1,
                self._cutoff_ms(host, now_s, 2) // 1000,
            ),
        ).rowcount
        if gone:
            for uri in [uri for uri, state in self._hosts.items() if state.id == host]:
                del self._hosts[uri]  # its slots are read anew at its next tick


def _free_slots(taken: frozenset[int]) -> Iterator[int]:
    return (slot for slot in count() if slot not in taken)


def _end_s(at_s: float, step_s: int) -> int:
    """Return the end of the step in which ``at_s`` lies; an end belongs to the step before it."""
    return -int(-at_s // step_s) * step_s
