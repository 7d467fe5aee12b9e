"""What a person is asked before an action runs: the dialog that belongs to each action."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from vmgui.actions.action import Action, Danger
from vmgui.actions.delete_plan import delete_plan
from vmgui.actions.migration_plan import destinations
from vmgui.insight.file_plan import FilePlan
from vmgui.insight.image_graph import ImageGraph
from vmgui.inventory.changes import Record
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key
from vmgui.session import Session
from vmgui.ui.bridge import Bridge
from vmgui.ui.dialogs.confirm import ConfirmDialog
from vmgui.ui.dialogs.delete import DeleteDialog
from vmgui.ui.dialogs.delete_snapshot import DeleteSnapshotDialog
from vmgui.ui.dialogs.edit import EditDialog, RenameDialog
from vmgui.ui.dialogs.merge import COMMIT, PULL, Chains, MergeDialog
from vmgui.ui.dialogs.migrate import KnobDialog, MigrateDialog
from vmgui.ui.dialogs.planned import Deed, PlanConfirmDialog
from vmgui.ui.dialogs.planned_many import ConfirmManyDialog, TakeManyDialog
from vmgui.ui.dialogs.revert import RevertDialog
from vmgui.ui.dialogs.snapshot_words import (
    DescribeSnapshotDialog,
    RenameSnapshotDialog,
    export_dialog,
)
from vmgui.ui.dialogs.tag import TagDialog
from vmgui.ui.dialogs.take import TakeDialog

Given = Mapping[str, object]
"""Arguments that are known beforehand; a dialog starts with them."""

_OF_ONE = {
    "snapshot.create": TakeDialog,
    "snapshot.revert": RevertDialog,
    "snapshot.delete": DeleteSnapshotDialog,
    "snapshot.rename": RenameSnapshotDialog,
    "snapshot.describe": DescribeSnapshotDialog,
}


_KNOBS = {
    "migration.set-bandwidth": ("mib_s", "MiB/s"),
    "migration.set-downtime": ("ms", "ms"),
}


class Asking(QObject):
    """Asks what has to be asked about an action, then runs it.

    ``clone_wanted`` has the key of a machine to be cloned and what was given: that is a page of
    the window, not a dialog.
    """

    clone_wanted = Signal(object, object)

    def __init__(self, session: Session, bridge: Bridge, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._bridge = bridge
        self._window = window

    def ask(self, action: Action[Any], records: Sequence[Record], given: Given) -> None:
        """Ask about ``action`` on ``records``, which are one or more and can all take it."""
        one, keys = records[0], [record.key for record in records]
        if action.id == "domain.autostart":
            all_on = all(isinstance(each, Domain) and each.autostart for each in records)
            self._session.run(action.id, keys, state="off" if all_on else "on")
        elif action.id == "domain.clone":
            self.clone_wanted.emit(one.key, given)
        elif action.id in ("domain.edit", "domain.rename", "domain.delete") and len(keys) == 1:
            assert isinstance(one, Domain)
            self._ask_of_machine(action, one)
        elif action.id == "domain.tag":
            self._ask_for_tags(action, records)
        elif action.id == "domain.migrate":
            assert isinstance(one, Domain)
            hosts = destinations(self._session.inventory, one)
            MigrateDialog(self._deed(action, one), hosts, given, self._window).open()
        elif action.id in _KNOBS and not given:
            KnobDialog(self._deed(action, one), *_KNOBS[action.id], self._window).open()
        elif action.plan is not None or action.id in _OF_ONE:
            self._ask_with_plan(action, records, given)
        elif action.id == "snapshot.export":
            export_dialog(self._deed(action, one), self._window).open()
        elif action.danger is not Danger.NONE:
            self._confirm(action, records, given)
        else:
            self._session.run(action.id, keys, **given)

    def _ask_with_plan(self, action: Action[Any], records: Sequence[Record], given: Given) -> None:
        window = self._window
        if len(records) > 1:
            kind = TakeManyDialog if action.id == "snapshot.create" else ConfirmManyDialog
            deeds = [self._deed(action, record) for record in records]
            kind(
                deeds,
                lambda keys, values, plans: self._session.run(action.id, keys, plans, **values),
                given,
                window,
            ).open()
            return
        deed = self._deed(action, records[0])
        if action.id in (COMMIT, PULL):
            self._merge(action.id, records[0], given)
        elif action.id in _OF_ONE:
            _OF_ONE[action.id](deed, given, window).open()
        else:
            PlanConfirmDialog(deed, given, window).open()

    def _ask_of_machine(self, action: Action[Any], domain: Domain) -> None:
        session = self._session

        def run(values: Given) -> object:
            return session.run(action.id, domain.key, **values)

        if action.id == "domain.delete":
            DeleteDialog(
                domain,
                session.registry,
                session.inventory,
                self._bridge,
                lambda: delete_plan(session.fleet, domain),
                run,
                self._window,
            ).open()
            return
        kind = EditDialog if action.id == "domain.edit" else RenameDialog
        kind(domain, session.registry, session.inventory, self._bridge, run, self._window).open()

    def _ask_for_tags(self, action: Action[Any], records: Sequence[Record]) -> None:
        session = self._session
        TagDialog(
            [record for record in records if isinstance(record, Domain)],
            session.registry,
            session.inventory,
            self._bridge,
            lambda some, values: session.run(action.id, some, **values),
            self._window,
        ).open()

    def _merge(self, action_id: str, record: Record, given: Given) -> None:
        assert isinstance(record, Domain)
        registry = self._session.registry
        deeds = {
            each: self._deed(registry.get(each), record)
            for each in (COMMIT, PULL)
            if not self._refusal(registry.get(each), record)
        }

        async def chains() -> Chains:
            storage = await self._session.storage_of(record.key)
            graph = ImageGraph(storage.images)
            return {
                disk.target: tuple(image.path for image in graph.chain(disk.source))
                for disk in storage.domain.disks
                if disk.device == "disk"
            }

        MergeDialog(deeds, action_id, chains, given, self._window).open()

    def _confirm(self, action: Action[Any], records: Sequence[Record], given: Given) -> None:
        ConfirmDialog(
            action,
            records,
            self._session.inventory,
            self._bridge,
            lambda keys: self._session.run(action.id, keys, **given),
            self._window,
        ).open()

    def _deed(self, action: Action[Any], record: Record) -> Deed:
        session, key = self._session, record.key

        async def plan(values: Given) -> FilePlan:
            return await session.plan(action.id, key, **values)

        def run(values: Given, plan: FilePlan | None) -> object:
            shown = {} if plan is None else {key: plan}
            return session.run(action.id, key, shown, **values)

        return Deed(action, record, session.inventory, self._bridge, plan, run)

    def _refusal(self, action: Action[Any], record: Record) -> str:
        host = self._session.inventory.host(record.key.host)
        return action.refusal(record, host) if host is not None else "Its host isn't connected."


def able(session: Session, action: Action[Any], keys: Sequence[Key]) -> list[Record]:
    """Return the records of those objects that can take an action now, as this moment has it."""
    inventory = session.inventory
    if len(keys) > 1 and not action.many:
        return []
    pairs = ((inventory.get(key), inventory.host(key.host)) for key in keys)
    return [
        record
        for record, host in pairs
        if record is not None
        and host is not None
        and record.key.kind == action.target
        and not action.refusal(record, host)
    ]
