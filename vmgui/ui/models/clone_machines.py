"""The machines that a clone plan would make, as rows of a table."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from vmgui.insight.clone_form import NameTyped
from vmgui.insight.clone_plan import ClonePlan, PlannedMachine
from vmgui.ui.widgets.text import one_line, plain_tooltip

Index = QModelIndex | QPersistentModelIndex
NUMBER, NAME, HOST, MAC, STATE = range(5)
HEADS = ("#", "Name", "Host", "MAC", "")
MACHINE_ROLE = Qt.ItemDataRole.UserRole + 1


class CloneMachines(QAbstractTableModel):
    """A row for each machine. ``renamed`` carries the event of a name that was typed."""

    renamed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.machines: tuple[PlannedMachine, ...] = ()

    def show_plan(self, plan: ClonePlan) -> None:
        """Show the machines of a plan; as many as before change in place."""
        before, self_machines = self.machines, plan.machines
        if len(self_machines) != len(before):
            self.beginResetModel()
            self.machines = self_machines
            self.endResetModel()
        elif self_machines != before:
            self.machines = self_machines
            self.dataChanged.emit(self.index(0, 0), self.index(len(before) - 1, STATE))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self.machines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  the same
        return 0 if parent.isValid() else len(HEADS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NAME else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        machine = self.machines[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(machine, index.column())
            case Qt.ItemDataRole.EditRole:
                return machine.name
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(_told(machine))
            case Qt.ItemDataRole.AccessibleTextRole:
                return _text(machine, index.column()) or "can be made"
            case _ if role == MACHINE_ROLE:
                return machine
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(NameTyped(self.machines[index.row()].number, str(value)))
        return True

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None


def _text(machine: PlannedMachine, column: int) -> str:
    match column:
        case 0:
            return str(machine.number)
        case 1:
            return one_line(machine.name)
        case 2:
            return one_line(machine.host_name)
        case 3:
            return machine.macs[0][1] if machine.macs else ""
        case _:
            return one_line(machine.conflict)


def _told(machine: PlannedMachine) -> str:
    macs = ", ".join(new for _, new in machine.macs)
    lines = [
        machine.name,
        machine.conflict,
        f"UUID {machine.uuid}",
        f"MAC {macs}" if macs else "",
        f"Host name in the guest: {machine.hostname}" if machine.hostname else "",
        *(f"{disk.target}: {disk.path or disk.choice}" for disk in machine.disks),
    ]
    return "\n".join(filter(None, lines))
