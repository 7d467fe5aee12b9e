"""Merging the files of a disk: overlays down into their base, or what is below them up."""

from collections.abc import Awaitable, Callable, Mapping

from PySide6.QtWidgets import QComboBox, QWidget

from vmgui.hypervisor.errors import VmguiError
from vmgui.ui.dialogs.form import caption, form_layout
from vmgui.ui.dialogs.planned import Deed, PlanDialog
from vmgui.ui.tasks import Tasks
from vmgui.ui.widgets.segmented import Segmented
from vmgui.ui.widgets.text import one_line, plain_label

COMMIT, PULL = "disk.commit", "disk.pull"

Chains = Mapping[str, tuple[str, ...]]
"""The files of each disk, the active one first, each reading from the next."""

_MEANS = {
    COMMIT: "What was written since goes down into the base; the files in between go.",
    PULL: "What the active file reads from below is copied into it; the files below stay.",
}
_NOTHING = "Each of its disks is a single file: there is nothing to merge."


class MergeDialog(PlanDialog):
    """Which disk, from which file, into which; ``chains`` reads the files of the disks.

    ``deeds`` are the two ways by their action; ``first`` is the one that was asked for.
    """

    def __init__(
        self,
        deeds: Mapping[str, Deed],
        first: str,
        chains: Callable[[], Awaitable[Chains]],
        given: Mapping[str, object],
        parent: QWidget | None = None,
    ) -> None:
        deed = deeds[first]
        super().__init__("merge-dialog", f"Merge files of {deed.name}", deed, parent=parent)
        self._deeds = deeds
        self._given = given
        self._chains: Chains = {}
        self._problem = "Looking at its disks…"
        self.way = Segmented(
            [
                (key, title)
                for key, title in ((COMMIT, "Down into a base"), (PULL, "Up into the active file"))
                if key in deeds
            ],
            "Way",
        )
        self.way.setObjectName("merge-way")
        self.way.choose(first)
        self._means = plain_label(_MEANS[first], "table", "t2", wrap=True)
        self.disk, self.top, self.base = QComboBox(), QComboBox(), QComboBox()
        form = form_layout()
        form.addRow(caption("Way"), self.way)
        form.addRow("", self._means)
        for label, box in (("Disk", self.disk), ("From", self.top), ("Down to", self.base)):
            box.setObjectName(f"merge-{label.partition(' ')[0].lower()}")
            box.setAccessibleName(label)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(20)
        form.addRow(caption("Disk"), self.disk)
        form.addRow(caption("From"), self.top)
        self._base_label = caption("Down to")
        form.addRow(self._base_label, self.base)
        self._form = form
        self.form.addLayout(form)
        self.way.chosen.connect(self._on_way)
        self.disk.activated.connect(self._on_disk)
        self.top.activated.connect(self._on_top)
        self.base.activated.connect(self.follow)
        self.view.show_words(self._problem)
        self.refresh()
        self.way.setFocus()
        tasks = Tasks()
        task = tasks.start(self._load(chains), f"the disks of {deed.name}")
        self.finished.connect(lambda: task.cancel())  # noqa: PLW0108  it takes a text, not a result

    def arguments(self) -> dict[str, object]:
        """Return the arguments of what is chosen; what the action does by itself isn't named."""
        chosen: dict[str, object] = {"disk": self.disk.currentData() or ""}
        base = self.base.currentData() or ""
        if self.way.key == COMMIT:
            top = self.top.currentData() or ""
            if top:
                chosen["top"] = top
            if base and (top or self.base.currentIndex() > 0):
                chosen["base"] = base
        elif base:
            chosen["base"] = base
        return chosen

    def fault(self) -> str:
        """Tell why there is nothing to merge."""
        return self._problem

    def act_words(self) -> str:
        """Return the verb and the disk."""
        verb = "Merge" if self.way.key == COMMIT else "Pull into"
        return f"{verb} {self.disk.currentText() or 'disk'}"

    def refresh(self) -> None:
        """Offer what the chosen way takes."""
        commits = self.way.key == COMMIT
        self._means.setText(_MEANS[self.way.key])
        self._form.setRowVisible(self.top, commits)
        self._base_label.setText("Down to" if commits else "Keep below it")
        super().refresh()

    async def _load(self, chains: Callable[[], Awaitable[Chains]]) -> None:
        try:
            found = await chains()
        except VmguiError as error:
            self._problem = " ".join(filter(None, (error.what, error.why, error.what_to_do)))
            self.view.show_words(self._problem, "dang")
            return
        self._chains = {disk: files for disk, files in found.items() if len(files) > 1}
        self._problem = "" if self._chains else _NOTHING
        if not self._chains:
            self.view.show_words(_NOTHING)
            return
        for disk in self._chains:
            self.disk.addItem(one_line(disk), disk)
        self.disk.setCurrentIndex(max(0, self.disk.findData(self._given.get("disk"))))
        self._offer_tops()
        self.top.setCurrentIndex(max(0, self.top.findData(self._given.get("top"))))
        self._offer_bases()
        self.base.setCurrentIndex(max(0, self.base.findData(self._given.get("base"))))
        self.begin()

    def _files(self) -> tuple[str, ...]:
        return self._chains.get(self.disk.currentData() or "", ())

    def _offer_tops(self) -> None:
        self.top.clear()
        for number, path in enumerate(self._files()[:-1]):
            # The active file is what the action takes by itself.
            self.top.addItem(_said(path, "active" if number == 0 else ""), path if number else "")

    def _offer_bases(self) -> None:
        self.base.clear()
        files = self._files()
        if self.way.key == COMMIT:
            below = files[self.top.currentIndex() + 1 :]
            for number, path in enumerate(below):
                self.base.addItem(_said(path, "the next below" if number == 0 else ""), path)
        else:
            self.base.addItem("Nothing: it stands by itself then", "")
            for path in files[2:]:
                self.base.addItem(_said(path, ""), path)

    def _on_way(self) -> None:
        self.deed = self._deeds[self.way.key]
        self._offer_bases()
        self.live.again()
        self.follow()

    def _on_disk(self) -> None:
        self._offer_tops()
        self._offer_bases()
        self.follow()

    def _on_top(self) -> None:
        self._offer_bases()
        self.follow()


def _said(path: str, what: str) -> str:
    name = one_line(path.rpartition("/")[2] or path)
    return f"{name}  ({what})" if what else name
