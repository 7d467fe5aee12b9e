"""Where the data lives: the files of a disk, and what a chosen step would do to them."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from vmgui.insight.chain import MEMORY, targets
from vmgui.insight.chain_layout import chain
from vmgui.insight.file_plan import Fate, FilePlan
from vmgui.inventory.images import MachineStorage
from vmgui.ui.style import current
from vmgui.ui.views.snapshots.chain_view import ChainView
from vmgui.ui.views.snapshots.details_parts import rule
from vmgui.ui.views.snapshots.plan_line import PlanLine
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.text import one_line, plain_label

NOTHING, DELETE, REVERT = "nothing", "delete", "revert"
_LONGEST = 22
_NARROW_PX = 760

_CHOOSE = "Choose a snapshot first: this is the machine as it is now."
_HOW = (
    "A read asks the active file first, then follows the arrows until one has the block. "
    "Longer chain, slower read."
)


class ChainCard(QFrame):
    """The picture, the disk that it is of, and the preview.

    ``snapshot_chosen`` carries the name of the snapshot that a file stands for, ``preview_wanted``
    one of `NOTHING`, `DELETE`, `REVERT`.
    """

    snapshot_chosen = Signal(str)
    preview_wanted = Signal(str)

    def __init__(self, now_s: Callable[[], float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._now_s = now_s
        self._storage: MachineStorage | None = None
        self._plan: FilePlan | None = None
        self._targets: tuple[str, ...] = ()
        self._disks: Segmented | None = None
        self.view = ChainView(self)
        self.view.chosen.connect(self.snapshot_chosen)
        self.preview = Segmented(
            ((NOTHING, "Nothing"), (DELETE, "Delete"), (REVERT, "Revert")),
            "Show what would happen",
            self,
        )
        self.preview.setObjectName("snapshot-preview")
        self.preview.chosen.connect(self.preview_wanted)
        self._ask = plain_label("Show what would happen", "table", "t3")
        self._state = ElidedLabel("", "table", "t3", parent=self)
        self._state.setObjectName("chain-state")
        self.line = PlanLine(self)
        self._row = QHBoxLayout()
        self._row.setSpacing(10)
        self._row.addWidget(plain_label("Where the data lives", "card"))
        self._row.addWidget(self._state, 1)
        asks = QHBoxLayout()
        asks.setSpacing(10)
        asks.addWidget(self._ask, 1, Qt.AlignmentFlag.AlignRight)
        asks.addWidget(self.preview)
        self._top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._top.setSpacing(6)
        self._top.addLayout(self._row, 1)
        self._top.addLayout(asks)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 8, 12, 8)
        box.setSpacing(6)
        box.addLayout(self._top)
        box.addWidget(self.view, 1)
        box.addWidget(rule(self))
        box.addWidget(self.line)
        self.line.say(_HOW)

    def set_storage(self, storage: MachineStorage | None) -> None:
        """Show the files that were read; None while nothing is known."""
        self._storage = storage
        self._offer_disks(targets(storage) if storage is not None else ())
        self._show()
        if storage is not None:
            self.say(" ".join(storage.unread), "warn")

    def say(self, sentence: str, tone: str = "t3") -> None:
        """Say how the reading stands, or what could not be read."""
        self._state.setProperty("tone", tone)
        self._state.style().unpolish(self._state)
        self._state.style().polish(self._state)
        self._state.setText(sentence)

    def offer(self, snapshot: str, *, delete: bool, revert: bool) -> None:
        """Offer to show what would happen to a snapshot; "" for none."""
        short = _short(snapshot)
        self.preview.set_title(DELETE, f"Delete {short}".strip(), "dang")
        self.preview.set_title(REVERT, f"Revert to {short}" if short else "Revert")
        why = "" if snapshot else _CHOOSE
        self.preview.set_offered(DELETE, delete and bool(snapshot), why)
        self.preview.set_offered(REVERT, revert and bool(snapshot), why)
        self._ask.setVisible(delete or revert)
        self.preview.setVisible(delete or revert)
        self.view.mark(snapshot)

    def set_plan(self, plan: FilePlan | None) -> None:
        """Show what a plan would do to the files; None shows them as they are."""
        had_plan = self._plan is not None
        self._plan = plan
        if plan is not None:
            self.line.show_plan(plan)
            self._turn_to(plan)
        else:
            self.line.say(_HOW)
        if had_plan or plan is not None:
            self._show()

    @property
    def target(self) -> str:
        """The disk that is shown, "" for none."""
        return self._disks.key if self._disks is not None else ""

    def _turn_to(self, plan: FilePlan) -> None:
        """Show a disk that the plan touches, where it doesn't touch the one that is shown."""
        touched = [file.target for file in plan.files if file.fate is not Fate.KEPT]
        wanted = [target for target in self._targets if target in touched]
        if self._disks is not None and wanted and self.target not in wanted:
            self._disks.choose(wanted[0])

    def set_room(self, width: int) -> None:
        """Say how wide it will be: where that is too little, the preview takes a row of its own."""
        direction = QBoxLayout.Direction
        narrow = width < current().px(_NARROW_PX)
        self._top.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)

    def _offer_disks(self, found: tuple[str, ...]) -> None:
        if found == self._targets:
            return
        kept = self.target
        self._targets = found
        if self._disks is not None:
            self._row.removeWidget(self._disks)
            self._disks.deleteLater()
            self._disks = None
        if not found:
            return
        titles = [(target, "Memory" if target == MEMORY else target) for target in found]
        self._disks = Segmented(titles, "Disk", self)
        self._disks.setObjectName("chain-disk")
        if kept in found:
            self._disks.choose(kept)
        self._disks.chosen.connect(lambda _key: self._show())
        self._row.insertWidget(1, self._disks)

    def _show(self) -> None:
        if self._storage is None or not self._targets:
            self.view.set_chain(None)
            return
        self.view.set_chain(chain(self._storage, self.target, self._now_s(), self._plan))


def _short(name: str) -> str:
    """Return a name for a button, cut in its middle."""
    name = one_line(name)
    return name if len(name) <= _LONGEST else f"{name[:12]}…{name[-8:]}"
