"""Which host to connect to, and how it is reached."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from vmgui.hypervisor.imports import KnownConnection
from vmgui.insight.uris import DRIVERS, FIELDS, UriSpec, Way, build, name_for, problem, read
from vmgui.settings import SavedConnection
from vmgui.ui.dialogs.dialog import Dialog, command_label, reason_label, show_reason
from vmgui.ui.style import current
from vmgui.ui.widgets.text import one_line, plain_label, plain_tooltip

_WAYS = (
    (Way.SYSTEM, "This computer", "Its machines that run as a service."),
    (Way.SESSION, "My own session", "Machines of mine, without rights of an administrator."),
    (Way.SSH, "Another host over ssh", "Whoever may log in there and use libvirt."),
    (Way.TLS, "Another host over TLS", "Where certificates are set up on both sides."),
    (Way.TEST, "libvirt's test driver", "Pretended machines, to try things out."),
    (Way.OTHER, "Any URI", "Xen, ESX, bhyve, VirtualBox and whatever libvirt knows."),
)
_LABELS = {
    "host": ("Host", "name or address"),
    "user": ("User", "as ssh would take it"),
    "port": ("Port", "the usual one"),
    "driver": ("Hypervisor", ""),
    "path": ("Instance", "system or session"),
    "keyfile": ("Private key", "/home/me/.ssh/id_ed25519"),
    "socket": ("Socket there", "/run/libvirt/libvirt-sock"),
    "file": ("Machines from", "/path/of/a/description.xml"),
    "uri": ("URI", "qemu+ssh://root@host/system"),
}


class ConnectDialog(Dialog):
    """Makes a connection, or changes one.

    ``on_connect`` gets what was filled in and the URI that was edited ("" for a new one);
    ``on_lab`` starts a lab, None where that isn't offered. ``known`` are connections of other
    programs; those that vmgui has already are left out.
    """

    def __init__(
        self,
        on_connect: Callable[[SavedConnection, str], object],
        *,
        edited: SavedConnection | None = None,
        on_lab: Callable[[], object] | None = None,
        known: Sequence[KnownConnection] = (),
        saved: Sequence[SavedConnection] = (),
        parent: QWidget | None = None,
    ) -> None:
        title = "Edit the connection" if edited else "Connect to a host"
        super().__init__("connect-dialog", title, parent, width_px=640)
        self._on_connect = on_connect
        self._edited = edited
        self._saved = {each.uri for each in saved} - {edited.uri if edited else ""}
        self._ways = QButtonGroup(self)
        self._fields: dict[str, QLineEdit | QComboBox] = {}
        self._rows: dict[str, tuple[QLabel, QWidget]] = {}
        self._why = reason_label("connect-reason")
        self._uri = command_label("connect-uri")
        self._uri.setAccessibleName("Resulting URI")
        self.name = QLineEdit()
        self.name.setObjectName("connect-name")
        self.read_only = QCheckBox("Read-only: look, and change nothing")
        self.read_only.setObjectName("connect-read-only")
        columns = QHBoxLayout()
        columns.setSpacing(24)
        columns.addLayout(self._way_column())
        columns.addLayout(self._form(), 1)
        self.body.addLayout(columns)
        offered = [each for each in known if each.uri not in self._saved]
        if offered and edited is None:
            self.body.addWidget(plain_label("Known to other programs", "card"))
            self.body.addWidget(self._known_list(offered))
        if on_lab is not None and edited is None:
            self.add_button("connect-lab", "Start a lab", lambda: self._leave_for(on_lab))
        self.add_button("connect-cancel", "Cancel", self.reject)
        act = "Save and connect" if edited else "Connect"
        self._connect = self.add_button("connect-act", act, self._on_act, "primary")
        self._connect.setDefault(True)
        if edited is not None:
            self._fill(edited)
        self._refresh()
        self._ways.button(self._ways.checkedId()).setFocus()

    def spec(self) -> UriSpec:
        """Return what is filled in."""
        values = {name: _text(field) for name, field in self._fields.items()}
        return UriSpec(way=self._way, **values)

    @property
    def _way(self) -> Way:
        return _WAYS[self._ways.checkedId()][0]

    def _way_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(2)
        for index, (way, title, meaning) in enumerate(_WAYS):
            button = QRadioButton(title)
            button.setObjectName(f"connect-way-{way.value}")
            button.setToolTip(plain_tooltip(meaning))
            button.setAccessibleDescription(meaning)
            self._ways.addButton(button, index)
            column.addWidget(button)
        self._ways.button(0).setChecked(True)
        self._ways.idToggled.connect(self._refresh)
        column.addStretch(1)
        return column

    def _form(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, current().px(96))
        grid.setColumnStretch(1, 1)
        self._meaning = plain_label("", "table", "t2", wrap=True)
        grid.addWidget(self._meaning, 0, 0, 1, 2)
        for row, (name, (title, hint)) in enumerate(_LABELS.items(), 1):
            field: QLineEdit | QComboBox
            if name == "driver":
                field = QComboBox()
                field.addItems(DRIVERS)
                field.currentTextChanged.connect(self._refresh)
            else:
                field = QLineEdit("system" if name == "path" else "")
                field.setPlaceholderText(hint)
                field.textChanged.connect(self._refresh)
            self._add_row(grid, row, name, title, field)
        row = len(_LABELS) + 1
        grid.addWidget(self._why, row, 1)
        self.name.textChanged.connect(self._refresh)
        self._add_row(grid, row + 1, "name", "Shown as", self.name)
        grid.addWidget(self.read_only, row + 2, 1)
        grid.addWidget(plain_label("URI", "table", "t3"), row + 3, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._uri, row + 3, 1)
        grid.setRowStretch(row + 4, 1)
        return grid

    def _add_row(
        self, grid: QGridLayout, row: int, name: str, title: str, field: QLineEdit | QComboBox
    ) -> None:
        label = plain_label(title, "table", "t2")
        label.setBuddy(field)
        field.setAccessibleName(title)
        grid.addWidget(label, row, 0)
        grid.addWidget(field, row, 1)
        if name != "name":
            field.setObjectName(f"connect-{name}")
            self._fields[name] = field
            self._rows[name] = (label, field)

    def _known_list(self, known: Sequence[KnownConnection]) -> QListWidget:
        listed = QListWidget()
        listed.setObjectName("connect-known")
        listed.setAccessibleName("Connections known to other programs")
        for each in known:
            name = f"{each.name}   " if each.name else ""
            item = QListWidgetItem(one_line(f"{name}{each.uri}   · {each.source}"), listed)
            item.setData(Qt.ItemDataRole.UserRole, each)
        listed.setFixedHeight(min(len(known), 4) * current().px(26) + 4)
        listed.itemActivated.connect(self._on_known)
        listed.itemClicked.connect(self._on_known)
        return listed

    def _on_known(self, item: QListWidgetItem) -> None:
        known = item.data(Qt.ItemDataRole.UserRole)
        self._fill(SavedConnection(known.uri, known.name))

    def _fill(self, connection: SavedConnection) -> None:
        spec = read(connection.uri)
        index = next(i for i, (way, *_rest) in enumerate(_WAYS) if way is spec.way)
        self._ways.button(index).setChecked(True)
        for name, field in self._fields.items():
            _set_text(field, getattr(spec, name))
        self.name.setText(one_line(connection.name))
        self.read_only.setChecked(connection.read_only)

    def _refresh(self) -> None:
        spec = self.spec()
        shown = FIELDS[spec.way]
        self._meaning.setText(_WAYS[self._ways.checkedId()][2])
        for name, widgets in self._rows.items():
            for widget in widgets:
                widget.setVisible(name in shown)
        uri = build(spec)
        wrong, why = problem(spec)
        if not wrong and uri in self._saved:
            wrong, why = shown[0], "That connection is there already; this connects it again."
        is_empty = bool(wrong) and not _text(self._fields[wrong])
        # What is still to be filled in is not told as a fault.
        for name, field in self._fields.items():
            if isinstance(field, QLineEdit):
                show_reason(self._why, field, why if name == wrong and not is_empty else "")
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._uri.setText(uri)
        self.name.setPlaceholderText(name_for(uri))
        self._connect.setEnabled(not problem(spec)[0])

    def _on_act(self) -> None:
        uri = build(self.spec())
        saved = SavedConnection(uri, self.name.text().strip(), self.read_only.isChecked())
        self.accept()
        self._on_connect(saved, self._edited.uri if self._edited else "")

    def _leave_for(self, other: Callable[[], object]) -> None:
        self.accept()
        other()


def _text(field: QLineEdit | QComboBox) -> str:
    return field.text() if isinstance(field, QLineEdit) else field.currentText()


def _set_text(field: QLineEdit | QComboBox, text: str) -> None:
    if isinstance(field, QLineEdit):
        field.setText(text)
    else:
        field.setCurrentText(text)
