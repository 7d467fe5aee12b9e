"""Saving a machine's memory to its host's disk, and going on from it."""

from vmgui.actions.action import Action, Danger
from vmgui.actions.domain_state import all_of, only_in, only_inactive, only_persistent
from vmgui.actions.virsh import domain_line
from vmgui.actions.work import Work
from vmgui.hypervisor import domains
from vmgui.inventory.domain import Domain, DomainState


def _only_saved(domain: Domain) -> str:
    return "" if domain.has_managed_save else f"{domain.name} has no memory saved to disk."


async def _save(work: Work[Domain]) -> None:
    await work.watched(domains.save, progress=domains.job_progress, abort=domains.abort_job)


async def _restore(work: Work[Domain]) -> None:
    await work.act(domains.start, deadline_s=None)


async def _discard(work: Work[Domain]) -> None:
    await work.act(domains.discard_saved, deadline_s=None)


ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="domain.save",
        title="Save to disk",
        help="Writes the machine's memory to the host's disk and switches it off; the next start "
        "goes on from there.",
        icon="floppy-disk",
        target="domain",
        refuse=all_of(
            only_persistent,
            only_in(DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTTING_DOWN),
        ),
        render=lambda domain, _: (domain_line("managedsave", domain),),
        carry_out=_save,
    ),
    Action(
        id="domain.restore",
        title="Restore",
        help="Starts the machine from its saved memory, which is then no longer kept.",
        icon="arrow-counter-clockwise",
        target="domain",
        refuse=all_of(only_inactive, _only_saved),
        render=lambda domain, _: (domain_line("start", domain),),
        carry_out=_restore,
    ),
    Action(
        id="domain.discard-saved",
        title="Discard saved state",
        help="Removes the memory that was saved to disk; the next start is a boot.",
        icon="eject",
        target="domain",
        danger=Danger.DESTROYS,
        consequence="What the guest was doing when it was saved is lost; its disks stay as they "
        "are, as after a power cut.",
        refuse=_only_saved,
        render=lambda domain, _: (domain_line("managedsave-remove", domain),),
        carry_out=_discard,
    ),
)
