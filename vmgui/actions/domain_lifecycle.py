"""Starting and stopping virtual machines."""

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, Values
from vmgui.actions.domain_state import all_of, only_active, only_in, only_inactive
from vmgui.actions.virsh import domain_line, option
from vmgui.actions.work import Work
from vmgui.hypervisor import domains
from vmgui.hypervisor.domains import ShutdownMode
from vmgui.inventory.domain import Domain, DomainState

_MODE = Argument(
    "mode",
    ArgumentType.CHOICE,
    "How the guest is asked: by its power button (acpi), by its agent, or as the host prefers.",
    default=ShutdownMode.DEFAULT,
    choices=tuple(ShutdownMode),
)


def _mode_words(values: Values) -> tuple[str, ...]:
    mode = values.text("mode")
    return () if mode == ShutdownMode.DEFAULT else option("mode", mode)


def _not_migrating(domain: Domain) -> str:
    if domain.state is DomainState.MIGRATING:
        return f"{domain.name} is moving to another host."
    return ""


async def _start(work: Work[Domain]) -> None:
    await work.act(domains.start, deadline_s=None)


async def _shut_down(work: Work[Domain]) -> None:
    await work.act(domains.shut_down, ShutdownMode(work.values.text("mode")))


async def _reboot(work: Work[Domain]) -> None:
    await work.act(domains.reboot, ShutdownMode(work.values.text("mode")))


async def _reset(work: Work[Domain]) -> None:
    await work.act(domains.reset)


async def _force_off(work: Work[Domain]) -> None:
    # libvirt waits up to half a minute for a process that is slow to end.
    await work.act(domains.force_off, deadline_s=None)
    if not work.record.persistent:
        work.job.note = f"{work.record.name} was transient: its definition is gone with it."


async def _suspend(work: Work[Domain]) -> None:
    await work.act(domains.suspend)


async def _resume(work: Work[Domain]) -> None:
    await work.act(domains.resume)


ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="domain.start",
        title="Start",
        help="Switches the machine on; one with saved memory goes on where it was.",
        icon="play",
        target="domain",
        refuse=only_inactive,
        render=lambda domain, _: (domain_line("start", domain),),
        carry_out=_start,
    ),
    Action(
        id="domain.shutdown",
        title="Shut down",
        help="Asks the guest to shut down, and leaves it to the guest when and whether it does.",
        icon="power",
        target="domain",
        on_templates=True,
        arguments=(_MODE,),
        refuse=only_in(DomainState.RUNNING, DomainState.SHUTTING_DOWN),
        render=lambda domain, values: (domain_line("shutdown", domain, *_mode_words(values)),),
        carry_out=_shut_down,
    ),
    Action(
        id="domain.reboot",
        title="Reboot",
        help="Asks the guest to restart, and leaves it to the guest when and whether it does.",
        icon="arrows-clockwise",
        target="domain",
        arguments=(_MODE,),
        refuse=only_in(DomainState.RUNNING),
        render=lambda domain, values: (domain_line("reboot", domain, *_mode_words(values)),),
        carry_out=_reboot,
    ),
    Action(
        id="domain.reset",
        title="Reset",
        help="Restarts the machine at once, as its reset button would.",
        icon="lightning",
        target="domain",
        danger=Danger.INTERRUPTS,
        consequence="What the guest has not written to its disks is lost; the disks stay.",
        refuse=all_of(only_active, _not_migrating),
        render=lambda domain, _: (domain_line("reset", domain),),
        carry_out=_reset,
    ),
    Action(
        id="domain.force-off",
        title="Force off",
        help="Switches the machine off at once, as if its plug were pulled.",
        icon="stop",
        target="domain",
        on_templates=True,
        danger=Danger.INTERRUPTS,
        consequence="What the guest has not written to its disks is lost; the disks stay.",
        refuse=only_active,
        render=lambda domain, _: (domain_line("destroy", domain),),
        carry_out=_force_off,
    ),
    Action(
        id="domain.suspend",
        title="Pause",
        help="Stops the machine's processors; its memory stays where it is, on the host.",
        icon="pause",
        target="domain",
        refuse=only_in(DomainState.RUNNING, DomainState.SHUTTING_DOWN),
        render=lambda domain, _: (domain_line("suspend", domain),),
        carry_out=_suspend,
    ),
    Action(
        id="domain.resume",
        title="Resume",
        help="Lets a paused machine go on.",
        icon="play",
        target="domain",
        refuse=only_in(DomainState.PAUSED),
        render=lambda domain, _: (domain_line("resume", domain),),
        carry_out=_resume,
    ),
)
