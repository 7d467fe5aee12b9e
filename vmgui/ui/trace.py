"""The milestones of a start, one JSON object a line."""

import json
import os
import time
from pathlib import Path


class Trace:
    """Writes each milestone once; without a path it writes nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: set[str] = set()
        if path is not None:
            path.write_text("", encoding="utf-8")

    def milestone(self, name: str) -> None:
        """Note that something was reached: seconds since the process began, and its memory."""
        if self._path is None or name in self._seen:
            return
        self._seen.add(name)
        row = {"milestone": name, "t_s": round(age_s(), 3), "rss_bytes": rss_bytes()}
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


def age_s() -> float:
    """Return how long this process has run, to a hundredth of a second.

    Linux tells in field 22 of /proc/self/stat when it began, in clock ticks since boot (proc(5)).
    """
    stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
    began_ticks = int(stat.rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began_ticks / os.sysconf("SC_CLK_TCK")


def rss_bytes() -> int:
    """Return how much memory of this process is resident (field 2 of /proc/self/statm)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
