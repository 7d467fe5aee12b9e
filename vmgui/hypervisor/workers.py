"""A connection's own threads: what a person asked for goes ahead of polling."""

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

_URGENT, _ROUTINE, _STOP = 0, 1, 2
_Item = tuple[int, int, Callable[[], None] | None]


class Workers:
    """A few threads that take calls by urgency, then by age.

    The threads are daemons: one that is stuck in a hung host's call never holds up the end of
    the process. `submit` and `stop` may be called from any thread.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._queue: queue.PriorityQueue[_Item] = queue.PriorityQueue()
        self._number = itertools.count()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{i}", daemon=True)
            for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[], T], *, urgent: bool) -> "Future[T]":
        """Run ``work`` when a thread is free; a future that is cancelled in time never runs."""
        future: Future[T] = Future()
        self._queue.put(
            (_URGENT if urgent else _ROUTINE, next(self._number), lambda: run_into(future, work))
        )
        return future

    def stop(self) -> None:
        """Let each thread end after the calls that wait now; returns at once."""
        for _ in self._threads:
            self._queue.put((_STOP, next(self._number), None))

    def _run(self) -> None:
        while (task := self._queue.get()[2]) is not None:
            task()


def run_apart(name: str, work: Callable[[], T]) -> "Future[T]":
    """Run ``work`` in a daemon thread of its own."""
    future: Future[T] = Future()
    threading.Thread(target=run_into, args=(future, work), name=name, daemon=True).start()
    return future


def run_into(future: "Future[T]", work: Callable[[], T]) -> None:
    """Run ``work`` here, and put what comes of it into ``future``."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # it is raised where the future is awaited
        future.set_exception(error)
    else:
        future.set_result(result)
