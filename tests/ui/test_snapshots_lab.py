"""Snapshots of a real machine, taken, gone back to and deleted through the window."""

from functools import partial

import libvirt
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QPushButton
from qasync import QEventLoop

from tests.lab.guest_shell import define_guest, remove_guest
from tests.ui.conftest import OpenWindow
from tests.ui.test_machine_page import child
from tests.until import until
from vmgui.actions.job import JobState
from vmgui.inventory.domain import Domain
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot, snapshot_key
from vmgui.lab import LabStatus
from vmgui.ui.dialogs.delete_snapshot import DeleteSnapshotDialog
from vmgui.ui.dialogs.planned import PlanDialog
from vmgui.ui.dialogs.revert import RevertDialog
from vmgui.ui.dialogs.take import TakeDialog
from vmgui.ui.main_window import MainWindow

pytestmark = pytest.mark.lab


async def _opened(window: MainWindow, kind: type[QDialog]) -> PlanDialog:
    dialog = await until(
        lambda: next((d for d in window.findChildren(kind) if d.isVisible()), None),
        f"{kind.__name__} is open",
    )
    assert isinstance(dialog, PlanDialog)
    return dialog


async def _act(window: MainWindow, dialog: PlanDialog) -> None:
    """Do it as soon as the plan is known, and wait until it is done."""
    act = child(dialog, QPushButton, "plan-act")
    await until(act.isEnabled, "the plan is known")
    act.click()
    await until(lambda: not window.session.runner.jobs, "the job has ended", within_s=60)
    entry = window.session.journal.entries()[0]
    assert entry.state is JobState.DONE, entry


async def test_snapshots_are_taken_reverted_to_and_deleted_through_the_window(
    qloop: QEventLoop, open_window: OpenWindow, lab: LabStatus
) -> None:
    host = lab.hosts[0]
    window = await open_window(host.uri)
    session, perform = window.session, window.actions_on_machines.perform
    call = partial(session.fleet.call, host.uri, what="Prepare the test")
    like = next(d.name for d in session.inventory.of(Domain, host.uri))
    own = await call(define_guest, like, "pictured")
    key = domain_key(host.uri, own)
    try:
        await until(lambda: session.inventory.domain(key), "the machine is known")

        def names() -> set[str]:
            return {s.name for s in session.inventory.of(Snapshot, host.uri) if s.domain == key}

        for name in ("one", "two"):
            perform("snapshot.create", (key,))
            dialog = await _opened(window, TakeDialog)
            assert isinstance(dialog, TakeDialog)
            QTest.keyClicks(dialog.fields.name, name)
            await _act(window, dialog)
            await until(lambda name=name: name in names(), "the snapshot is known")  # type: ignore[misc]  # bound here
        assert await _inside(window, key) == 2

        perform("snapshot.revert", (snapshot_key(key, "one"),))
        dialog = await _opened(window, RevertDialog)
        await until(lambda: dialog.view.plan, "the plan is known")
        assert dialog.view.plan is not None
        assert "one" in dialog.view.plan.title
        await _act(window, dialog)
        current = session.inventory.get(snapshot_key(key, "one"))
        assert isinstance(current, Snapshot)
        assert current.current, "the machine is where it was then"

        perform("snapshot.delete", (snapshot_key(key, "one"),))
        dialog = await _opened(window, DeleteSnapshotDialog)
        await until(lambda: dialog.view.plan, "the plan is known")
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert names() == {"one", "two"}, "Escape deletes nothing"
        perform("snapshot.delete", (snapshot_key(key, "one"),), {"children": True})
        await _act(window, await _opened(window, DeleteSnapshotDialog))
        await until(lambda: not names(), "both are gone")
        assert await _inside(window, key) == 0, "the disk holds none of them any more"
    finally:
        await call(remove_guest, own)


async def _inside(window: MainWindow, key: Key) -> int:
    """Return how many snapshots the machine's disk itself says that it holds."""
    domain = window.session.inventory.domain(key)
    assert domain is not None
    (path,) = (disk.source for disk in domain.disks if disk.device == "disk")
    return await window.session.fleet.call(key.host, _count, path, what="Read the disk")


def _count(conn: libvirt.virConnect, path: str) -> int:
    """Return ``nb_snapshots`` of a qcow2 header (docs/interop/qcow2.txt of QEMU)."""
    stream = conn.newStream()
    conn.storageVolLookupByPath(path).download(stream, 0, 64)
    header = b""
    while len(header) < 64:
        header += stream.recv(64 - len(header))
    stream.finish()
    return int.from_bytes(header[60:64], "big")
