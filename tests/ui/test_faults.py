"""The window while a host or a guest hangs: its own rows say so, and everything else goes on."""

import os
import signal
from functools import partial

import pytest
from PySide6.QtCore import Qt
from qasync import QEventLoop

from tests.lab_fixture import Daemon, qemu_pid
from tests.ui.conftest import OpenWindow
from tests.until import until
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import LinkState
from vmgui.lab import LabStatus
from vmgui.ui.models.tree import NOW
from vmgui.ui.status_bar import HostHealth
from vmgui.ui.views.machine_page import MachinePage
from vmgui.ui.widgets.banner import Banner
from vmgui.ui.widgets.chips import StateChip

pytestmark = pytest.mark.lab


async def test_a_host_that_hangs_is_grey_and_the_other_can_be_acted_on(
    qloop: QEventLoop, open_window: OpenWindow, lab: LabStatus, daemons: dict[str, Daemon]
) -> None:
    window = await open_window(*(host.uri for host in lab.hosts))
    session = window.session
    hung, fine = (host.uri for host in lab.hosts)

    def state_of(uri: str) -> LinkState:
        host = session.inventory.host(uri)
        assert host is not None
        return host.link.state

    daemons["lab-a"].stop()
    await until(lambda: state_of(hung) is not LinkState.CONNECTED, "the hang is noticed")
    await until(lambda: window.is_settled, "the tree shows it")
    for domain in session.inventory.of(Domain, hung):
        row = window.tree.index_of(("machine", hung, domain.uuid))
        assert row.isValid()
        now = row.siblingAtColumn(NOW)
        await until(lambda now=now: now.data() == "unknown", "its machines are unknown")  # type: ignore[misc]

    machine = next(d for d in session.inventory.of(Domain, fine) if d.state is DomainState.RUNNING)

    def is_now(state: DomainState) -> bool:
        now = session.inventory.domain(machine.key)
        return now is not None and now.state is state

    for action, state in (("suspend", DomainState.PAUSED), ("resume", DomainState.RUNNING)):
        window.actions_on_machines.perform(f"domain.{action}", [machine.key])
        await until(partial(is_now, state), f"{action} came through")

    row = window.tree.index_of(("host", hung)).siblingAtColumn(NOW)
    await until(lambda: row.data().endswith(" old"), "the tree says how old its data are")
    assert "no answer for" in row.data(Qt.ItemDataRole.ToolTipRole)
    health = window.findChild(HostHealth, f"health-{hung}")
    assert health is not None
    assert health.is_amber
    assert "old" in health.words or "lost" in health.words

    daemons["lab-a"].resume()
    await until(lambda: state_of(hung) is LinkState.CONNECTED, "it is back", within_s=80)
    host = session.inventory.host(hung)
    assert host is not None
    await until(lambda: not health.is_amber, "the status bar is at rest again")


async def test_a_guest_that_hangs_says_so_until_it_answers_again(
    qloop: QEventLoop, open_window: OpenWindow, lab: LabStatus, hung: str
) -> None:
    host = lab.hosts[0]
    window = await open_window(host.uri)
    (machine,) = (d for d in window.session.inventory.of(Domain) if d.name == hung)
    row = window.tree.index_of_key(machine.key).siblingAtColumn(NOW)
    await until(lambda: row.data() == "hangs", "the tree says that it hangs", within_s=40)
    assert "QEMU process doesn't answer" in row.data(Qt.ItemDataRole.ToolTipRole)
    window.open_key(machine.key)
    page = window.pages.currentWidget()
    assert isinstance(page, MachinePage)
    chip = page.findChild(StateChip)
    assert chip is not None
    assert chip.accessibleName() == "Running · doesn't answer"
    banner = page.findChild(Banner, "page-banner")
    assert banner is not None
    assert banner.isVisible()
    assert "Its figures are left out" in banner.accessibleName()
    window.side.query.set_text("is:hung")
    await until(lambda: window.tree.matching == 1, "the query finds it")

    os.kill(qemu_pid(host, hung), signal.SIGCONT)
    await until(lambda: "answer" not in chip.accessibleName(), "it is well again", within_s=60)
    assert not banner.isVisible()
    await until(lambda: window.tree.matching == 0, "the query finds nothing any more")
