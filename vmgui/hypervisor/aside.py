"""What may hang on the host, read beside the link: a storage pool whose server is gone.

A daemon holds a pool's lock while it looks through it, so counting its volumes, and even listing
the pools, waits for that server. On the link's own connection everything else would wait too.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from vmgui.hypervisor.errors import CallLate

T = TypeVar("T")

DEADLINE_S = 5.0


class Aside:
    """Calls with a name each, and a deadline. Belongs to the loop's thread.

    A call that is late is left to itself, and none of its name is begun until it came back: so
    a pool that hangs is waited for once, and holds one connection.
    """

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._late: dict[asyncio.Task[Any], str] = {}
        self._closed = False

    async def ask(self, name: str, call: Callable[[], Coroutine[Any, Any, T]], *, what: str) -> T:
        """Return what ``call`` gives; raises its errors, and CallLate for one that is late."""
        if name in self._late.values():
            raise CallLate(what, "The host still does not answer.")
        task = asyncio.get_running_loop().create_task(call())
        try:
            done, _ = await asyncio.wait({task}, timeout=self._deadline_s)
        except BaseException:
            task.cancel()
            raise
        if not done:
            self._late[task] = name
            task.add_done_callback(self._on_back)
            if self._closed:
                task.cancel()
            raise CallLate(what, f"The host did not answer within {self._deadline_s:g} s.")
        return task.result()

    async def close(self) -> None:
        """Give up what is late."""
        self._closed = True
        tasks = tuple(self._late)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_back(self, task: asyncio.Task[Any]) -> None:
        del self._late[task]
        if not task.cancelled():
            task.exception()  # it is read again in its turn, and may fail in time
