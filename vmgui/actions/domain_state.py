"""Why the state of a domain forbids an action, in sentences.

================  =====  ========  ======  =====  =========  =======  ======  ====
state             start  shutdown  reboot  reset  force-off  suspend  resume  save
================  =====  ========  ======  =====  =========  =======  ======  ====
running           no     yes       yes     yes    yes        yes      no      yes
paused            no     no        no      yes    yes        no       yes     yes
shutting down     no     yes       no      yes    yes        yes      no      yes
sleeping          no     no        no      yes    yes        no       no      no
migrating         no     no        no      no     yes        no       no      no
crashed, running  no     no        no      yes    yes        no       no      no
crashed           yes    no        no      no     no         no       no      no
off               yes    no        no      no     no         no       no      no
saved             yes    no        no      no     no         no       no      no
unknown           yes    yes       yes     yes    yes        yes      yes     yes
================  =====  ========  ======  =====  =========  =======  ======  ====

A crashed guest whose process is kept for a look at it (``on_crash`` preserve) has a run id.
Of an unknown state nothing can be said beforehand, so libvirt is asked.
"""

from collections.abc import Callable

from vmgui.inventory.domain import Domain, DomainState

_NAMES = {
    DomainState.RUNNING: "is running",
    DomainState.PAUSED: "is paused",
    DomainState.SHUTTING_DOWN: "is shutting down",
    DomainState.OFF: "is off",
    DomainState.SAVED: "is off, with its memory saved to disk",
    DomainState.CRASHED: "has crashed",
    DomainState.SLEEPING: "sleeps, until it is woken",
    DomainState.MIGRATING: "is moving to another host",
}


def is_active(domain: Domain) -> bool:
    """Tell whether a hypervisor process stands behind ``domain``."""
    return domain.state.is_active or domain.run_id is not None


def only_in(*states: DomainState) -> Callable[[Domain], str]:
    """Return a refusal for every state but these."""

    def refuse(domain: Domain) -> str:
        if domain.state in states or domain.state is DomainState.UNKNOWN:
            return ""
        return f"{domain.name} {_NAMES[domain.state]}."

    return refuse


def only_active(domain: Domain) -> str:
    """Refuse what needs a hypervisor process."""
    if is_active(domain) or domain.state is DomainState.UNKNOWN:
        return ""
    return f"{domain.name} {_NAMES[domain.state]}."


def only_inactive(domain: Domain) -> str:
    """Refuse what a hypervisor process stands in the way of."""
    if not is_active(domain) or domain.state is DomainState.UNKNOWN:
        return ""
    return f"{domain.name} {_NAMES[domain.state]}."


def only_persistent(domain: Domain) -> str:
    """Refuse what needs a definition that outlives the run."""
    if domain.persistent:
        return ""
    return f"{domain.name} is transient: its definition is gone when it stops."


def all_of(*refusals: Callable[[Domain], str]) -> Callable[[Domain], str]:
    """Return the first of several refusals."""

    def refuse(domain: Domain) -> str:
        return next(filter(None, (each(domain) for each in refusals)), "")

    return refuse
