import pytest

from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import LinkState
from vmgui.inventory.key import domain_key


@pytest.mark.parametrize(
    ("state", "is_active"),
    [
        (DomainState.RUNNING, True),
        (DomainState.PAUSED, True),
        (DomainState.SHUTTING_DOWN, True),
        (DomainState.SLEEPING, True),
        (DomainState.MIGRATING, True),
        (DomainState.OFF, False),
        (DomainState.SAVED, False),
        (DomainState.CRASHED, False),
        (DomainState.UNKNOWN, False),
    ],
)
def test_active_states_have_a_process_behind_them(state: DomainState, is_active: bool) -> None:
    assert state.is_active is is_active


def test_only_a_connected_host_is_fresh() -> None:
    assert [state for state in LinkState if state.is_fresh] == [LinkState.CONNECTED]


def test_machine_is_known_by_its_uuid_whatever_its_name() -> None:
    first = Domain(domain_key("h", "u-1"), "same", DomainState.OFF)
    second = Domain(domain_key("h", "u-2"), "same", DomainState.OFF)
    assert (first.uuid, second.uuid) == ("u-1", "u-2")
    assert first.key != second.key
