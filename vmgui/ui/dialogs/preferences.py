"""What a person can choose: made from the settings as they are declared."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from vmgui.insight.amounts import duration
from vmgui.settings import ALL, Setting, Settings
from vmgui.ui.dialogs.dialog import Dialog
from vmgui.ui.style import current
from vmgui.ui.widgets.text import plain_label
from vmgui.ui.widgets.toggle import Toggle

_GROUPS = {
    "window": "Window",
    "graphs": "Graphs",
    "figures": "Figures",
    "jobs": "Jobs",
    "connections": "Connections",
}
"""The titles of the settings' groups, by the first part of their keys."""

_CONTROL_PX, _INSET_PX = 112, 6


class PreferencesDialog(Dialog):
    """Every setting with its help; a change holds at once."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("preferences-dialog", "Preferences", parent, width_px=560)
        self._settings = settings
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        row, group = 0, ""
        for setting in ALL:
            here = setting.key.partition(".")[0]
            if here != group:
                group = here
                grid.setRowMinimumHeight(row, 8 if row else 0)
                title = plain_label(_GROUPS.get(group, group.capitalize()), "card")
                grid.addWidget(title, row + 1, 0, 1, 2)
                row += 2
            self._add(grid, row, setting)
            row += 2
        self.body.addLayout(grid)
        problem = plain_label(settings.problem, "table", "warn", wrap=True)
        problem.setVisible(bool(settings.problem))
        self.body.addWidget(problem)
        self.body.addStretch(1)
        done = self.add_button("preferences-close", "Close", self.accept, "primary")
        done.setDefault(True)

    def _add(self, grid: QGridLayout, row: int, setting: Setting[Any]) -> None:
        label = plain_label(setting.title, "body")
        control = self._control(setting)
        control.setObjectName(f"setting-{setting.key}")
        control.setAccessibleName(setting.title)
        control.setAccessibleDescription(setting.help)
        label.setBuddy(control)
        if not isinstance(control, Toggle):
            control.setFixedWidth(current().px(_CONTROL_PX))
        grid.addWidget(label, row, 0)
        grid.addWidget(plain_label(setting.help, "axis", "t3", wrap=True), row + 1, 0)
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(control, row, 1, 2, 1, side)

    def _control(self, setting: Setting[Any]) -> QWidget:
        value = self._settings.get(setting)

        def keep(chosen: object) -> None:
            self._settings.set(setting, chosen)

        if setting.choices:
            return _choice(setting, value, keep)
        if isinstance(value, bool):
            toggle = Toggle(setting.title)
            toggle.setChecked(value)
            toggle.toggled.connect(keep)
            return toggle
        if isinstance(value, int | float):
            return _number(setting, value, keep)
        field = QLineEdit(value)
        field.editingFinished.connect(lambda: keep(field.text()))
        return field


def _choice(setting: Setting[Any], value: object, keep: Callable[[object], None]) -> QComboBox:
    box = QComboBox()
    for choice in setting.choices:
        box.addItem(_choice_text(setting, choice), choice)
    box.setCurrentIndex(setting.choices.index(value))
    box.activated.connect(lambda index: keep(setting.choices[index]))
    return box


def _choice_text(setting: Setting[Any], choice: object) -> str:
    if isinstance(choice, str):
        return choice.capitalize()
    if setting.unit == "s" and isinstance(choice, int):
        return "24 h" if choice == 86400 else duration(choice)
    return f"{choice:g} ×" if isinstance(choice, float) else str(choice)


def _number(
    setting: Setting[Any], value: float, keep: Callable[[object], None]
) -> QSpinBox | QDoubleSpinBox:
    box: QSpinBox | QDoubleSpinBox
    if isinstance(value, int):
        box = QSpinBox()
        box.setRange(int(setting.minimum or 0), int(setting.maximum or 1_000_000))
        box.setValue(value)
    else:
        box = QDoubleSpinBox()
        box.setDecimals(1)
        box.setRange(setting.minimum or 0.0, setting.maximum or 1e6)
        box.setValue(value)
    box.setKeyboardTracking(False)
    # The style sheet's padding doesn't reach the field within.
    box.lineEdit().setTextMargins(_INSET_PX, 0, 0, 0)
    if setting.unit:
        box.setSuffix(f" {setting.unit}")
    box.valueChanged.connect(keep)
    return box
