from dataclasses import replace

import pytest

from vmgui.insight.attention import Severity, attention, host_attention
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.key import domain_key, host_key

URI = "test:///default"
KEY = domain_key(URI, "1")
RUNNING = Domain(KEY, "web", DomainState.RUNNING)
HOST = Host(host_key(URI), "lab-a", Link(LinkState.CONNECTED))


@pytest.mark.parametrize(
    ("state", "reason", "says"),
    [
        (DomainState.CRASHED, "", "It has crashed."),
        (DomainState.CRASHED, "panicked", "It has crashed: panicked."),
        (DomainState.PAUSED, "I/O error on a disk", "one of its disks is full"),
        (DomainState.PAUSED, "by its watchdog", "the guest hung"),
        (DomainState.PAUSED, "post-copy migration failed", "migration broke off"),
        (DomainState.OFF, "crashed", "off because it crashed"),
        (DomainState.OFF, "failed to start", "failed to start"),
    ],
)
def test_a_machine_in_a_bad_state_is_named_with_its_reason(
    state: DomainState, reason: str, says: str
) -> None:
    concern = attention(Domain(KEY, "web", state, state_reason=reason), HOST, None)
    assert concern is not None
    assert concern.severity is Severity.HIGH
    assert says in concern.reason


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (DomainState.PAUSED, "by a person"),
        (DomainState.OFF, "shutdown"),
        (DomainState.OFF, "destroyed"),
        (DomainState.SAVED, ""),
        (DomainState.RUNNING, "booted"),
    ],
)
def test_what_somebody_asked_for_is_no_concern(state: DomainState, reason: str) -> None:
    assert attention(Domain(KEY, "web", state, state_reason=reason), HOST, None) is None


@pytest.mark.parametrize(
    ("state", "concerns"),
    [
        (LinkState.CONNECTED, False),
        (LinkState.CONNECTING, False),
        (LinkState.CLOSED, False),
        (LinkState.STALLED, True),
        (LinkState.LOST, True),
        (LinkState.REFUSED, True),
    ],
)
def test_a_host_that_does_not_answer_concerns_its_machines(
    state: LinkState, concerns: bool
) -> None:
    host = replace(HOST, link=Link(state, why="It hangs."))
    concern = host_attention(host)
    assert (concern is not None) is concerns
    about_machine = attention(RUNNING, host, None)
    assert (about_machine is not None) is concerns
    if concern is not None and about_machine is not None:
        assert "lab-a" in concern.reason
        assert "It hangs." in concern.reason
        assert concern.reason in about_machine.reason


def test_a_crash_outranks_a_stale_host() -> None:
    host = replace(HOST, link=Link(LinkState.LOST))
    concern = attention(replace(RUNNING, state=DomainState.CRASHED), host, None)
    assert concern is not None
    assert "crashed" in concern.reason


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        (Sample(KEY, 0.0, memory_used_bytes=98, memory_granted_bytes=100), "2% of its memory"),
        (Sample(KEY, 0.0, memory_used_bytes=101, memory_granted_bytes=100), "0% of its memory"),
        (Sample(KEY, 0.0, memory_used_bytes=90, memory_granted_bytes=100), None),
        (
            Sample(
                KEY,
                0.0,
                memory_used_bytes=99,
                memory_granted_bytes=100,
                memory_is_resident=True,
            ),
            None,
        ),
        (Sample(KEY, 0.0, steal_ratio=0.25), "waits for a host CPU 25%"),
        (Sample(KEY, 0.0, steal_ratio=0.1), None),
        (Sample(KEY, 0.0), None),
    ],
)
def test_figures_that_hurt_are_told(sample: Sample, says: str | None) -> None:
    concern = attention(RUNNING, HOST, sample)
    if says is None:
        assert concern is None
    else:
        assert concern is not None
        assert says in concern.reason
    assert attention(replace(RUNNING, state=DomainState.OFF), HOST, sample) is None
