"""A form with its labels at the left, as in the dialogs that show a plan under it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QWidget

from vmgui.ui.style import current
from vmgui.ui.widgets.text import plain_label, plain_tooltip


def form_layout() -> QFormLayout:
    """Return an empty form: labels at the left, fields as wide as there is room."""
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(12)
    form.setVerticalSpacing(8)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def caption(text: str) -> QLabel:
    """Return a label that stands at the height of the first line of its field."""
    label = plain_label(text, "table", "t2")
    label.setFixedHeight(current().px(30))
    return label


def set_why(field: QWidget, why: str) -> None:
    """Switch a field off for a reason that it tells, or on again where there is none."""
    field.setEnabled(not why)
    field.setToolTip(plain_tooltip(why))
    field.setAccessibleDescription(why)
