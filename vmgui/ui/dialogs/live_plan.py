"""A plan that follows what is filled in: asked for again after a change, one at a time."""

from collections.abc import Awaitable, Callable, Mapping

from PySide6.QtCore import QObject, QTimer, Signal

from vmgui.actions.action import WrongArgument
from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.file_plan import FilePlan
from vmgui.ui.tasks import Tasks

AFTER_MS = 300
"""How long nothing may change before a plan is asked for again."""

Ask = Callable[[Mapping[str, object]], Awaitable[FilePlan]]
"""Reads afresh, and returns what an action with these arguments would do."""


class LivePlan(QObject):
    """The plan for the arguments that were wanted last; ``changed`` says that it is another.

    An answer that was overtaken by another wish is dropped. ``plan`` is the newest that is
    known, also while a newer one is under way; only where `is_fresh` does it hold. ``problem``
    tells why there is none.
    """

    changed = Signal()

    def __init__(self, ask: Ask, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.plan: FilePlan | None = None
        self.problem = ""
        self._ask = ask
        self._name = name
        self._wanted: Mapping[str, object] = {}
        self._is_due = False
        self._is_asking = False
        self._timer = QTimer(self, singleShot=True, interval=AFTER_MS)
        self._timer.timeout.connect(self._on_due)
        self._tasks = Tasks()
        self._stop: Callable[[], object] = lambda: None

    @property
    def is_fresh(self) -> bool:
        """Tell whether the plan is that of what was wanted last."""
        return not self._is_due and not self._is_asking and self.plan is not None

    def begin(self, arguments: Mapping[str, object]) -> None:
        """Ask at once, for the first time."""
        self._wanted = dict(arguments)
        self._is_due = True
        self._on_due()

    def want(self, arguments: Mapping[str, object]) -> None:
        """Ask for another plan, once nothing has changed for a moment."""
        if dict(arguments) != self._wanted:
            self._wanted = dict(arguments)
            self.again()

    def again(self) -> None:
        """Ask for the same again in a moment: what it was made from has changed."""
        self._is_due = True
        self._timer.start()

    def stop(self) -> None:
        """Ask no more."""
        self._timer.stop()
        self._is_due = False
        self._stop()

    def _on_due(self) -> None:
        if self._is_asking:
            return  # asked when the answer that is under way has come
        self._is_due, self._is_asking = False, True
        task = self._tasks.start(self._load(), f"the plan of {self._name}")
        self._stop = task.cancel

    async def _load(self) -> None:
        plan, problem = None, ""
        try:
            plan = await self._ask(self._wanted)
        except VmguiError as error:
            problem = " ".join(filter(None, (error.what, error.why, error.what_to_do)))
        except WrongArgument as error:
            problem = str(error)
        except Exception:
            self._take(None, "What it would do isn't known: this is a fault of vmgui itself.")
            raise
        self._take(plan, problem)

    def _take(self, plan: FilePlan | None, problem: str) -> None:
        self._is_asking = False
        if self._is_due:
            if not self._timer.isActive():
                self._on_due()
            return
        self.plan, self.problem = plan, problem
        self.changed.emit()
