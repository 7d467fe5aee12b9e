import libvirt
import pytest

from vmgui.hypervisor.states import read_state
from vmgui.inventory.domain import DomainState as Ours

L = libvirt


@pytest.mark.parametrize(
    ("state", "reason", "is_active", "is_saved", "ours", "words"),
    [
        (L.VIR_DOMAIN_RUNNING, L.VIR_DOMAIN_RUNNING_BOOTED, True, False, Ours.RUNNING, "booted"),
        (L.VIR_DOMAIN_RUNNING, L.VIR_DOMAIN_RUNNING_BOOTED, True, True, Ours.RUNNING, "booted"),
        (
            L.VIR_DOMAIN_RUNNING,
            L.VIR_DOMAIN_RUNNING_POSTCOPY,
            True,
            False,
            Ours.MIGRATING,
            "post-copy migration",
        ),
        (L.VIR_DOMAIN_BLOCKED, 0, True, False, Ours.RUNNING, ""),
        (L.VIR_DOMAIN_NOSTATE, 0, True, False, Ours.RUNNING, ""),
        (L.VIR_DOMAIN_NOSTATE, 0, False, False, Ours.UNKNOWN, ""),
        (L.VIR_DOMAIN_PAUSED, L.VIR_DOMAIN_PAUSED_USER, True, False, Ours.PAUSED, "by a person"),
        (
            L.VIR_DOMAIN_PAUSED,
            L.VIR_DOMAIN_PAUSED_IOERROR,
            True,
            False,
            Ours.PAUSED,
            "I/O error on a disk",
        ),
        (
            L.VIR_DOMAIN_PAUSED,
            L.VIR_DOMAIN_PAUSED_MIGRATION,
            True,
            False,
            Ours.MIGRATING,
            "for a migration",
        ),
        (
            L.VIR_DOMAIN_PAUSED,
            L.VIR_DOMAIN_PAUSED_CRASHED,
            True,
            False,
            Ours.CRASHED,
            "the guest crashed",
        ),
        (L.VIR_DOMAIN_SHUTDOWN, 0, True, False, Ours.SHUTTING_DOWN, ""),
        (L.VIR_DOMAIN_PMSUSPENDED, 0, True, False, Ours.SLEEPING, ""),
        (L.VIR_DOMAIN_SHUTOFF, L.VIR_DOMAIN_SHUTOFF_SHUTDOWN, False, False, Ours.OFF, "shut down"),
        (L.VIR_DOMAIN_SHUTOFF, L.VIR_DOMAIN_SHUTOFF_SAVED, False, True, Ours.SAVED, "saved"),
        (L.VIR_DOMAIN_SHUTOFF, L.VIR_DOMAIN_SHUTOFF_SAVED, False, False, Ours.OFF, "saved"),
        (L.VIR_DOMAIN_SHUTOFF, L.VIR_DOMAIN_SHUTOFF_CRASHED, False, False, Ours.CRASHED, "crashed"),
        (L.VIR_DOMAIN_SHUTOFF, L.VIR_DOMAIN_SHUTOFF_CRASHED, False, True, Ours.SAVED, "crashed"),
        (
            L.VIR_DOMAIN_CRASHED,
            L.VIR_DOMAIN_CRASHED_PANICKED,
            True,
            False,
            Ours.CRASHED,
            "the guest panicked",
        ),
        (99, 99, False, False, Ours.UNKNOWN, ""),
    ],
)
def test_states_in_our_words(
    state: int, reason: int, is_active: bool, is_saved: bool, ours: Ours, words: str
) -> None:
    assert read_state(state, reason, is_active=is_active, is_saved=is_saved) == (ours, words)


def test_every_reason_that_libvirt_knows_is_said_in_words() -> None:
    for kind in ("RUNNING", "PAUSED", "SHUTOFF"):
        state = getattr(libvirt, f"VIR_DOMAIN_{kind}")
        prefix = f"VIR_DOMAIN_{kind}_"
        for name, reason in vars(libvirt).items():
            if name.startswith(prefix) and not name.endswith(("_UNKNOWN", "_LAST")):
                assert read_state(state, reason, is_active=True, is_saved=False)[1], name
