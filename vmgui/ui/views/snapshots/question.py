"""A question to the session: asked once at a time, answered late or not at all."""

import asyncio
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer, Signal

from vmgui.hypervisor.errors import VmguiError
from vmgui.ui.tasks import Tasks

_SLOW_MS = 300


class Question(QObject):
    """Asks the same kind of thing again and again, never twice at a time.

    What is asked while an answer is awaited is asked after it, and the answer that is out of
    date then is dropped. ``waited`` says that it takes longer than a person takes for at once.
    """

    answered = Signal(object)
    failed = Signal(object)
    waited = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None
        self._next: Callable[[], Awaitable[object]] | None = None
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._slow.timeout.connect(self.waited)

    @property
    def is_open(self) -> bool:
        """Tell whether an answer is awaited."""
        return self._task is not None

    def ask(self, make: Callable[[], Awaitable[object]]) -> None:
        """Ask, or ask after the answer that is awaited."""
        self._next = make
        if not self._slow.isActive():
            self._slow.start()
        if self._task is None:
            self._go_on()

    def drop(self) -> None:
        """Want no answer any more."""
        self._next = None
        self._slow.stop()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _go_on(self) -> None:
        make, self._next = self._next, None
        if make is not None:
            self._task = self._tasks.start(self._hear(make), self._name)

    async def _hear(self, make: Callable[[], Awaitable[object]]) -> None:
        answer: object = None
        error: VmguiError | None = None
        try:
            answer = await make()
        except VmguiError as found:
            error = found
        self._task = None
        if self._next is not None:
            self._go_on()
            return
        self._slow.stop()
        if error is not None:
            self.failed.emit(error)
        else:
            self.answered.emit(answer)
