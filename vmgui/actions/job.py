"""A job: one action on one object, from waiting to its end."""

import asyncio
from collections.abc import Callable
from enum import StrEnum

from psygnal import EmitLoopError, Signal

from vmgui.hypervisor.errors import VmguiError
from vmgui.inventory.key import Key


class JobState(StrEnum):
    """How far a job is, in the words that are shown."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # vmgui ended while it ran; how it went on is not known

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self not in (JobState.WAITING, JobState.RUNNING)


class Job:
    """One action on one object. Belongs to the loop's thread; only the runner moves it on.

    Times are wall clock seconds since the epoch. ``progress`` is 0..1, None where libvirt tells
    none; ``done_bytes`` of ``total_bytes`` say the same in bytes, where something is copied.
    ``error`` is what went wrong, ``state_now`` the sentence of how the object stands after it,
    ``note`` what a person should know of a job that is done, and ``report`` the text of a fault
    of vmgui itself. ``parent`` is the id of the job that this one is a part of, or "".
    ``changed`` is emitted after each change.
    """

    changed = Signal()

    def __init__(  # noqa: PLR0913  what a job is made of, each by its name
        self,
        *,
        id: str,  # noqa: A002  the name of the field
        action_id: str,
        title: str,
        target: Key,
        target_name: str,
        host_name: str,
        virsh: tuple[str, ...],
        created_at_s: float,
        parent: str = "",
    ) -> None:
        self.id = id
        self.parent = parent
        self.action_id = action_id
        self.title = title
        self.target = target
        self.target_name = target_name
        self.host_name = host_name
        self.virsh = virsh
        self.state = JobState.WAITING
        self.progress: float | None = None
        self.done_bytes: int | None = None
        self.total_bytes: int | None = None
        self.created_at_s = created_at_s
        self.started_at_s: float | None = None
        self.ended_at_s: float | None = None
        self.error: VmguiError | None = None
        self.state_now = ""
        self.note = ""
        self.report = ""
        self.cancel_asked = False
        self._abort: Callable[[], None] | None = None
        self._over = asyncio.Event()

    @property
    def failure(self) -> str:
        """Return the sentence that a failure of this job starts with."""
        return f"{self.title} failed on {self.target_name}."

    @property
    def can_cancel(self) -> bool:
        """Tell whether `cancel` would do something now."""
        return self._abort is not None and not self.cancel_asked and not self.state.is_over

    def cancel(self) -> None:
        """Ask the job to stop; what it did until then is undone as far as libvirt does that."""
        if self.can_cancel and self._abort is not None:
            self.cancel_asked = True
            self._abort()
            self.tell()

    async def wait(self) -> JobState:
        """Return how the job ended, once it has."""
        await self._over.wait()
        return self.state

    def cancel_with(self, abort: Callable[[], None] | None) -> None:
        """Say how the job can be cancelled from now on, None where it can't be."""
        self._abort = abort

    def move(self, state: JobState, at_s: float) -> None:
        """Go on to ``state``."""
        self.state = state
        if state is JobState.RUNNING:
            self.started_at_s = at_s
        if state.is_over:
            self.ended_at_s = at_s
            self._abort = None
            self._over.set()
        self.tell()

    def show_progress(self, progress: float | None) -> None:
        """Take over how far libvirt is, 0..1."""
        if progress != self.progress:
            self.progress = progress
            self.tell()

    def show_bytes(self, done: int, total: int) -> None:
        """Take over how much is copied; ``total`` may be a guess, and grows with what is done."""
        total = max(done, total)
        if (done, total) != (self.done_bytes, self.total_bytes):
            self.done_bytes, self.total_bytes = done, total
            self.progress = done / total if total else None
            self.tell()

    def tell(self) -> None:
        """Tell the listeners; a listener's fault is reported, and never becomes the job's."""
        try:
            self.changed.emit()
        except EmitLoopError as error:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"a listener of job {self.id} failed", "exception": error}
            )
