"""Which machines and hosts want a person's eye, and why."""

from dataclasses import dataclass
from enum import StrEnum

from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host, LinkState

MEMORY_FULL_RATIO = 0.97
"""From this share of its granted memory on, a guest is taken to be about to swap."""

STEAL_HIGH_RATIO = 0.2
"""From this share of time spent waiting for a host CPU on, a guest is visibly slow."""


HANGS = (
    "It hangs: its QEMU process doesn't answer. Its figures are left out until it does; "
    "force it off if it stays so."
)
"""What is said of a machine that hangs."""


class Severity(StrEnum):
    """How much it matters; each has a shape of its own."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Concern:
    """One reason to look, as a sentence."""

    severity: Severity
    reason: str


def attention(domain: Domain, host: Host | None, sample: Sample | None) -> Concern | None:
    """Return the gravest concern about a machine, or None where nothing is known to be wrong.

    ``host`` and ``sample`` may be None where they are not known (yet); a figure that is not
    visible raises no concern.
    """
    concern = _of_state(domain)
    if concern is not None:
        return concern
    if host is not None and (stale := host_attention(host)) is not None:
        return Concern(Severity.MEDIUM, f"What is shown may be old. {stale.reason}")
    if domain.hangs:
        return Concern(Severity.MEDIUM, HANGS)
    if sample is not None and domain.state is DomainState.RUNNING:
        return _of_figures(sample)
    return None


def host_attention(host: Host) -> Concern | None:
    """Return what is wrong with the connection to a host, or None."""
    why = f" {host.link.why}" if host.link.why else ""
    match host.link.state:
        case LinkState.STALLED:
            return Concern(Severity.MEDIUM, f"{host.name} does not answer at the moment.{why}")
        case LinkState.LOST:
            return Concern(Severity.HIGH, f"The connection to {host.name} is lost.{why}")
        case LinkState.REFUSED:
            return Concern(Severity.HIGH, f"{host.name} cannot be connected.{why}")
        case _:
            return None


def _of_state(domain: Domain) -> Concern | None:
    reason = domain.state_reason.casefold()
    if domain.state is DomainState.CRASHED:
        said = (
            f": {domain.state_reason}" if reason not in ("", "crashed", "the guest crashed") else ""
        )
        return Concern(Severity.HIGH, f"It has crashed{said}.")
    if domain.state is DomainState.PAUSED:
        for sign, sentence in _PAUSED.items():
            if sign in reason:
                return Concern(Severity.HIGH, sentence)
    if domain.state is DomainState.OFF:
        for sign, sentence in _OFF.items():
            if sign in reason:
                return Concern(Severity.HIGH, sentence)
    return None


_PAUSED = {
    "i/o error": "It is paused by an I/O error: one of its disks is full or cannot be reached.",
    "watchdog": "It is paused by its watchdog: the guest hung.",
    "crashed": "It is paused because its guest crashed.",
    "post-copy migration failed": "It is paused because its migration broke off half-way.",
}
"""Signs in libvirt's reason for a pause that nobody asked for."""

_OFF = {
    "crashed": "It is off because it crashed.",
    "failed": "It is off because it failed to start.",
}


def _of_figures(sample: Sample) -> Concern | None:
    used, granted = sample.memory_used_bytes, sample.memory_granted_bytes
    if used is not None and granted and not sample.memory_is_resident:
        left = 1 - used / granted
        if left <= 1 - MEMORY_FULL_RATIO:
            return Concern(
                Severity.MEDIUM, f"Its guest has {max(left, 0.0):.0%} of its memory left."
            )
    if sample.steal_ratio is not None and sample.steal_ratio >= STEAL_HIGH_RATIO:
        return Concern(
            Severity.LOW,
            f"It waits for a host CPU {sample.steal_ratio:.0%} of the time.",
        )
    return None
