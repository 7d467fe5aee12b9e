"""The chosen snapshot: what it is, what it holds, what was different then, what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmgui.actions.action import Action
from vmgui.actions.moments import Moment
from vmgui.insight.differences import caution, differences
from vmgui.insight.snapshot_sizes import SnapshotSize
from vmgui.inventory.domain import Domain
from vmgui.inventory.snapshot import Snapshot
from vmgui.ui.style import current
from vmgui.ui.views.snapshots.details_facts import link_to, name_behind, snapshot_facts
from vmgui.ui.views.snapshots.details_parts import CautionBar, DiskTable, MomentPicture, rule
from vmgui.ui.widgets.command_line import CommandLine
from vmgui.ui.widgets.elided import ElidedLabel, LinkButton
from vmgui.ui.widgets.facts import Fact, Facts, Part
from vmgui.ui.widgets.text import literal, plain_label, plain_tooltip

_KINDS = {"internal": "inside its file", "external": "external file", "no": "left out"}


@dataclass(frozen=True, slots=True)
class Offer:
    """An action that can be asked for, and why it can't be now, "" where it can."""

    action: Action[Any]
    refusal: str = ""


class Details(QFrame):
    """Shows one snapshot, or the machine as it is.

    ``wanted`` carries the id of an action on the shown snapshot, ``chosen`` the name of another
    one, ``xml_wanted`` asks to see the XML. Buttons stand at the foot, always in sight.
    """

    wanted = Signal(str)
    chosen = Signal(str)
    xml_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setObjectName("snapshot-details")
        self._offers: dict[str, Offer] = {}
        self._make_head()
        self._picture = MomentPicture(self)
        self._facts = Facts(self)
        self._facts.setObjectName("snapshot-facts")
        self._facts.link_activated.connect(self._on_link)
        self._disks = DiskTable(self)
        self._then_title = plain_label("Settings then and now", "head", "t3")
        self._then = Facts(self)
        self._then.setObjectName("then-and-now")
        self._caution = CautionBar(self)
        self._xml = LinkButton("Show its XML", self)
        self._xml.setObjectName("snapshot-xml")
        self._xml.clicked.connect(self.xml_wanted)
        self._command = CommandLine("", parent=self, wraps=True)
        self._command.setObjectName("snapshot-command")
        self._lay_out()

    def show_snapshot(
        self,
        snapshot: Snapshot,
        domain: Domain | None,
        *,
        parent: str | None,
        children: Sequence[str],
        size_of: SnapshotSize | None,
        moment: Moment | None,
        picture: QPixmap | None,
        now_s: float,
    ) -> None:
        """Show a snapshot, with what it takes and what was noted of it, where that is known."""
        self._name.setText(snapshot.name)
        self._description.setText(snapshot.description)
        self._description.setVisible(bool(snapshot.description))
        self._picture.set_picture(picture)
        self._facts.set_facts(snapshot_facts(snapshot, parent, children, size_of, moment, now_s))
        self._disks.set_disks(
            [
                (disk.target, _KINDS.get(disk.kind, disk.kind), disk.kind == "no", disk.path)
                for disk in snapshot.disks
            ],
            dict(size_of.disks) if size_of is not None else {},
        )
        changed = differences(snapshot, domain) if domain is not None else ()
        self._then_title.setVisible(bool(changed))
        self._then.setVisible(bool(changed))
        self._then.set_facts(
            [
                Fact(each.label, (Part(each.then, "t2"), Part("→", "t3"), Part(each.now)))
                for each in changed
            ]
        )
        self._caution.say(caution(snapshot, domain))
        self._xml.show()

    def show_here(self, domain: Domain, parent: str | None, written: str) -> None:
        """Show the machine as it is now."""
        self._name.setText("You are here")
        self._description.setText(f"{domain.name} as it is now")
        self._description.show()
        self._picture.set_picture(None)
        facts = [Fact("State", (Part(domain.state.value.capitalize()),))]
        if parent:
            facts.append(Fact("After", (link_to(parent),)))
        if written:
            facts.append(Fact("Written since", (Part(written),)))
        self._facts.set_facts(facts)
        self._disks.set_disks([], {})
        self._then_title.hide()
        self._then.hide()
        self._caution.say("")
        self._xml.hide()

    def set_offers(self, offers: Sequence[Offer], command: str) -> None:
        """Offer these actions, and show a command."""
        self._offers = {offer.action.id: offer for offer in offers}
        for action_id, button in self._buttons.items():
            offer = self._offers.get(action_id)
            button.setVisible(offer is not None)
            if offer is not None:
                button.setEnabled(not offer.refusal)
                button.setToolTip(plain_tooltip(offer.refusal or offer.action.help))
                button.setAccessibleDescription(offer.refusal)
        self._edit.setVisible(self._edit_id() != "")
        self.show_command(command)

    def show_command(self, command: str) -> None:
        """Show a command, or none."""
        self._command.set_command(command)
        self._sunk.setVisible(bool(command))
        self._foot.setVisible(bool(self._offers) or bool(command))

    # how it is put together

    def _make_head(self) -> None:
        self._name = ElidedLabel("", "section", selectable=True, parent=self)
        self._name.setObjectName("snapshot-name")
        self._description = plain_label("", "body", "t2", wrap=True, selectable=True)
        self._description.setObjectName("snapshot-description")
        self._edit = QToolButton(self)
        self._edit.setObjectName("snapshot-edit")
        self._edit.setProperty("role", "flat")
        self._edit.setIcon(current().icon("pencil-simple"))
        self._edit.setToolTip("Rename or describe")
        self._edit.setAccessibleName("Rename or describe")
        self._edit.clicked.connect(lambda: self.wanted.emit(self._edit_id()))

    def _edit_id(self) -> str:
        found = (each for each in ("snapshot.rename", "snapshot.describe") if each in self._offers)
        return next(found, "")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._name, 1)
        top.addWidget(self._edit)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        for widget in (self._picture, self._facts, self._disks, self._then_title, self._then):
            column.addWidget(widget)
        column.addWidget(self._caution)
        column.addWidget(self._xml, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 1)
        box.setSpacing(0)
        head = QVBoxLayout()
        head.setContentsMargins(12, 10, 12, 10)
        head.setSpacing(2)
        head.addLayout(top)
        head.addWidget(self._description)
        box.addLayout(head)
        box.addWidget(rule(self))
        box.addWidget(area, 1)
        box.addWidget(self._make_foot())

    def _make_foot(self) -> QWidget:
        self._foot = QWidget(self)
        self._buttons = {
            "snapshot.revert": self._button(
                "snapshot.revert", "Revert…", "arrow-counter-clockwise"
            ),
            "domain.clone": self._button("domain.clone", "Clone", "copy"),
            "snapshot.delete": self._button("snapshot.delete", "Delete…", "trash"),
        }
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self._buttons["snapshot.revert"])
        buttons.addWidget(self._buttons["domain.clone"])
        buttons.addStretch(1)
        buttons.addWidget(self._buttons["snapshot.delete"])
        self._sunk = QFrame(self._foot)
        self._sunk.setProperty("role", "sunk")
        inner = QHBoxLayout(self._sunk)
        inner.setContentsMargins(8, 1, 4, 1)
        inner.addWidget(self._command)
        column = QVBoxLayout(self._foot)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(rule(self._foot))
        rest = QVBoxLayout()
        rest.setContentsMargins(12, 2, 12, 10)
        rest.setSpacing(8)
        rest.addLayout(buttons)
        rest.addWidget(self._sunk)
        column.addLayout(rest)
        return self._foot

    def _button(self, action_id: str, title: str, icon: str) -> QPushButton:
        button = QPushButton(literal(title), self)
        button.setObjectName(f"action-{action_id}")
        button.setAutoDefault(False)
        destroys = action_id == "snapshot.delete"
        if destroys:
            button.setProperty("role", "danger-outline")
        button.setIcon(current().icon(icon, "dang" if destroys else "t1"))
        button.clicked.connect(partial(self._on_button, action_id))
        return button

    def _on_button(self, action_id: str) -> None:
        self.wanted.emit(action_id)

    def _on_link(self, link: str) -> None:
        self.chosen.emit(name_behind(link))
