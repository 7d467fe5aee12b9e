"""A box of options of which some can't be had: those are listed, off, and say why."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QWidget

from vmgui.insight.clone_plan import Option
from vmgui.ui.widgets.text import one_line, plain_tooltip

_LEAST_LETTERS = 12


class OptionBox(QComboBox):
    """Shows `Option` after `Option`. ``activated`` tells of a person's choice, as ever."""

    def __init__(
        self, name: str, title: str, *, compact: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        if compact:
            self.setProperty("compact", "true")
        policy = QComboBox.SizeAdjustPolicy
        self.setSizeAdjustPolicy(policy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_LEAST_LETTERS)
        self._options: tuple[Option, ...] = ()

    @property
    def value(self) -> str:
        """The value of what is chosen."""
        return str(self.currentData() or "")

    def show_options(self, options: Sequence[Option], value: str) -> None:
        """Offer ``options``, with ``value`` as chosen; nothing moves where they are the same.

        One that is chosen and can't be had stays chosen: the plan says why it can't be.
        """
        shown = tuple(options)
        if shown != self._options:
            self._options = shown
            model = QStandardItemModel(self)
            for option in shown:
                model.appendRow(_item(option))
            self.setModel(model)  # deletes the one before, whose parent the box is
        index = next((n for n, option in enumerate(shown) if option.value == value), -1)
        if index != self.currentIndex():
            self.setCurrentIndex(index)
        told = _told(shown[index]) if index >= 0 else ""
        self.setToolTip(plain_tooltip(told))
        self.setAccessibleDescription(told)


def _item(option: Option) -> QStandardItem:
    item = QStandardItem(one_line(option.label))
    item.setData(str(option.value), Qt.ItemDataRole.UserRole)
    item.setToolTip(plain_tooltip(_told(option)))
    item.setEnabled(not option.refusal)
    return item


def _told(option: Option) -> str:
    return "\n".join(filter(None, (option.detail, option.refusal)))
