"""What the window does with the journal: shows it, opens it, does what is asked."""

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDockWidget

from vmgui.actions.entry import Entry
from vmgui.actions.job import JobState
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.models.journal import Shelf
from vmgui.ui.status_bar import StatusBar
from vmgui.ui.views.journal_dock import JournalPanel
from vmgui.ui.views.machine_buttons import Perform
from vmgui.ui.widgets.text import one_line

_TOGETHER_S = 0.5
"""Jobs of one action that were made within this time were asked for at once."""

_LOOKED_BACK = 20
_SAID_MS = 10_000


class JournalDesk(QObject):
    """Keeps the panel and the count of jobs up to date. Belongs to the loop's thread."""

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        panel: JournalPanel,
        dock: QDockWidget,
        status: StatusBar,
        perform: Perform,
    ) -> None:
        super().__init__(dock)
        self._session = session
        self._panel = panel
        self._dock = dock
        self._status = status
        self._perform = perform
        session.journal.changed.connect(self._on_entry)
        bridge.journal_changed.connect(self.refresh)
        panel.cancel_wanted.connect(self._on_cancel)
        panel.again_wanted.connect(self._on_again)
        status.jobs_wanted.connect(self._on_jobs)
        self.refresh()

    def refresh(self) -> None:
        """Show the journal as it is now."""
        jobs = self._session.runner.jobs
        cancellable = frozenset(job.id for job in jobs if job.can_cancel)
        self._panel.set_entries(self._session.journal.entries(), cancellable)
        self._status.show_running(len(jobs))

    def show_entry(self, entry_id: str) -> None:
        """Unfold the journal at an entry."""
        self._dock.show()
        self._panel.show_entry(entry_id)

    def close_down(self) -> None:
        """Follow the journal no longer."""
        self._session.journal.changed.disconnect(self._on_entry)

    def _on_entry(self, entry: Entry) -> None:
        """Open the story of what was just asked for alone, and failed."""
        entries = self._session.journal.entries()[:_LOOKED_BACK]
        if entry.state is not JobState.FAILED or not _was_asked_alone(entry, entries):
            return
        self.refresh()
        self._panel.show_entry(entry.id)
        if self._dock.isHidden():
            said = f"{entry.title} failed on {one_line(entry.target_name)}. Ctrl+J shows why."
            self._status.showMessage(said, _SAID_MS)

    def _on_cancel(self, job_id: str) -> None:
        for job in self._session.runner.jobs:
            if job.id == job_id:
                job.cancel()

    def _on_again(self, entry: Entry) -> None:
        self._perform(entry.action_id, (entry.target,))

    def _on_jobs(self) -> None:
        self._dock.show()
        self._panel.show_shelf(Shelf.RUNNING)


def _was_asked_alone(entry: Entry, recent: Sequence[Entry]) -> bool:
    together = [
        other
        for other in recent
        if other.action_id == entry.action_id
        and abs(other.created_at_s - entry.created_at_s) < _TOGETHER_S
    ]
    return len(together) == 1
