"""The window while a real host hangs: its own rows say so, and everything else goes on."""

from functools import partial

import pytest
from qasync import QEventLoop

from tests.lab_fixture import Daemon
from tests.ui.conftest import OpenWindow
from tests.until import until
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import LinkState
from vmgui.lab import LabStatus
from vmgui.ui.models.tree import NOW
from vmgui.ui.status_bar import link_text

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
        assert row.siblingAtColumn(NOW).data() == "unknown"

    machine = next(d for d in session.inventory.of(Domain, fine) if d.state is DomainState.RUNNING)

    def is_now(state: DomainState) -> bool:
        now = session.inventory.domain(machine.key)
        return now is not None and now.state is state

    for action, state in (("suspend", DomainState.PAUSED), ("resume", DomainState.RUNNING)):
        window.actions_on_machines.perform(f"domain.{action}", [machine.key])
        await until(partial(is_now, state), f"{action} came through")

    daemons["lab-a"].resume()
    await until(lambda: state_of(hung) is LinkState.CONNECTED, "it is back", within_s=80)
    host = session.inventory.host(hung)
    assert host is not None
    assert "old" in link_text(host.link, host.link.answered_at_monotonic_s or 0)
