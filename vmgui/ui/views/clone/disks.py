"""The source's disks, and what each clone gets in their place."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from vmgui.insight.amounts import size
from vmgui.insight.clone_form import CloneForm, DiskChosen, advance
from vmgui.insight.clone_plan import SourceDisk
from vmgui.insight.clone_spec import DiskChoice
from vmgui.ui.style import current
from vmgui.ui.style.tokens import ROW_PX
from vmgui.ui.widgets.elided import ElidedLabel
from vmgui.ui.widgets.facts import IconMark
from vmgui.ui.widgets.option_box import OptionBox
from vmgui.ui.widgets.text import one_line, plain_label, plain_tooltip

_HEADS = ("Disk", "Source", "In every clone", "Each, now", "Together")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class DiskChoices(QFrame):
    """A row for each disk. ``changed`` carries the event of a choice.

    The rows stay as long as the source has the same disks, so that a choice keeps the focus.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clone-disks")
        self.setProperty("role", "card")
        self._form: CloneForm | None = None
        self._narrow = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 4, 12, 4)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2)
        self._rows: dict[str, _Row] = {}
        self._heads = [plain_label(text, "head", "t3") for text in _HEADS]
        for column, head in enumerate(self._heads):
            self._grid.addWidget(head, 0, column)
            if column > 2:
                head.setAlignment(_RIGHT)

    def show_form(self, form: CloneForm) -> None:
        """Show the disks, the choices and what they take."""
        self._form = form
        disks = {disk.disk.target: disk for disk in form.plan.disks}
        if list(disks) != list(self._rows):
            self._build(list(disks.values()))
        count = form.spec.count
        self._heads[4].setText(f"{count} together")
        self._heads[4].setVisible(count > 1)
        for target, disk in disks.items():
            self._rows[target].show_disk(disk, count)

    def set_narrow(self, narrow: bool) -> None:
        """Leave out what the picture at the right says as well, where room is short."""
        self._narrow = narrow
        self._heads[1].setHidden(narrow)
        for row in self._rows.values():
            row.widgets[1].setHidden(narrow)

    def _build(self, disks: list[SourceDisk]) -> None:
        for row in self._rows.values():
            row.remove()
        self._rows = {}
        for number, disk in enumerate(disks, 1):
            row = _Row(disk, self)
            self._grid.setRowMinimumHeight(number, current().px(ROW_PX["table"]))
            for column, widget in enumerate(row.widgets):
                self._grid.addWidget(widget, number, column)
            row.choice.activated.connect(
                lambda _index, target=disk.disk.target: self._on_chosen(target)
            )
            self._rows[disk.disk.target] = row
        self.set_narrow(self._narrow)

    def _on_chosen(self, target: str) -> None:
        form = self._form
        assert form is not None
        choice = DiskChoice(self._rows[target].choice.value)
        # What the kind would decide anyway follows the kind from now on.
        by_kind = advance(form, DiskChosen(target, None)).plan.disks
        same = any(each.disk.target == target and each.choice is choice for each in by_kind)
        self.changed.emit(DiskChosen(target, None if same else choice))


class _Row:
    def __init__(self, disk: SourceDisk, parent: QWidget) -> None:
        self._name = _name(disk, parent)
        self._held = plain_label("", "table", "t2")
        target = disk.disk.target
        title = f"{target} in every clone"
        self.choice = OptionBox(f"clone-disk-{target}", title, compact=True, parent=parent)
        self._each = plain_label("", "table", "t1")
        self._all = plain_label("", "table", "t1")
        for label in (self._each, self._all):
            label.setAlignment(_RIGHT)
        self.widgets: tuple[QWidget, ...] = (
            self._name,
            self._held,
            self.choice,
            self._each,
            self._all,
        )

    def show_disk(self, disk: SourceDisk, count: int) -> None:
        self._held.setText(_held(disk))
        self.choice.show_options(disk.options, disk.choice)
        _amount(self._each, disk.now_bytes)
        _amount(self._all, None if disk.now_bytes is None else disk.now_bytes * count)
        self._all.setVisible(count > 1)

    def remove(self) -> None:
        for widget in self.widgets:
            widget.hide()
            widget.deleteLater()


def _name(disk: SourceDisk, parent: QWidget) -> QWidget:
    inside = QWidget(parent)
    row = QGridLayout(inside)
    row.setContentsMargins(0, 0, 0, 0)
    row.setHorizontalSpacing(6)
    row.setColumnStretch(2, 1)
    is_disc = disk.disk.device in ("cdrom", "floppy")
    row.addWidget(IconMark("disc" if is_disc else "hard-drive"), 0, 0)
    row.addWidget(plain_label(one_line(disk.disk.target), "mono"), 0, 1)
    name = disk.path.rpartition("/")[2] or disk.disk.source or "empty"
    file = ElidedLabel(name, "table", "t2")
    file.setToolTip(plain_tooltip(disk.path))
    row.addWidget(file, 0, 2)
    return inside


def _held(disk: SourceDisk) -> str:
    if disk.virtual_bytes is None and disk.allocation_bytes is None:
        return "not known" if disk.path else "–"
    if disk.allocation_bytes is None:
        return f"of {size(disk.virtual_bytes or 0)}"
    if disk.virtual_bytes is None or disk.virtual_bytes <= disk.allocation_bytes:
        return size(disk.allocation_bytes)
    return f"{size(disk.allocation_bytes)} of {size(disk.virtual_bytes)}"


def _amount(label: QLabel, amount: int | None) -> None:
    label.setText("not known" if amount is None else size(amount) if amount else "0")
