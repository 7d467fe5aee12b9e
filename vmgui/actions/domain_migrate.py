"""Moving a machine to another host, and steering it on its way."""

import time
from collections.abc import Callable
from dataclasses import replace

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, Values
from vmgui.actions.domain_state import only_in
from vmgui.actions.migration_plan import given_of, make_plan, migrate_line
from vmgui.actions.migration_watch import Watch
from vmgui.actions.virsh import domain_line
from vmgui.actions.work import Work
from vmgui.hypervisor import migration
from vmgui.hypervisor.errors import NotPossibleNow
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.migration import (
    Compression,
    CopyStorage,
    EventKind,
    MigrationEvent,
    MigrationSpec,
    Transport,
)

_MOVES = (
    DomainState.RUNNING,
    DomainState.PAUSED,
    DomainState.SHUTTING_DOWN,
    DomainState.SLEEPING,
    DomainState.OFF,
)


async def _migrate(work: Work[Domain]) -> None:
    await Watch(work).carry_out()


def _lines(domain: Domain, values: Values) -> tuple[str, ...]:
    """Return the line as far as it is known before both hosts were asked."""
    live = domain.state.is_active
    spec = MigrationSpec(values.text("to"), live=live, undefine_source=domain.persistent)
    return (migrate_line(domain, replace(spec, **given_of(values))),)  # type: ignore[arg-type]


async def _set_bandwidth(work: Work[Domain]) -> None:
    mib_s = work.values.number("mib_s")
    if mib_s < 1:
        raise NotPossibleNow(work.job.failure, "The limit is at least 1 MiB/s.")
    await work.act(migration.set_bandwidth, mib_s)
    _note(work, f"Bandwidth limited to {mib_s} MiB/s", str(mib_s), bandwidth_mib_s=mib_s)


async def _set_downtime(work: Work[Domain]) -> None:
    milliseconds = work.values.number("ms")
    if milliseconds < 1:
        raise NotPossibleNow(work.job.failure, "The longest pause is at least 1 ms.")
    await work.act(migration.set_downtime, milliseconds)
    text = f"Longest pause set to {milliseconds} ms"
    _note(work, text, str(milliseconds), max_downtime_ms=milliseconds)


async def _post_copy(work: Work[Domain]) -> None:
    run = work.migrations.running(work.record.key)
    if run is not None and not run.spec.post_copy:
        raise NotPossibleNow(
            work.job.failure, "Post-copy has to be allowed when the migration starts."
        )
    await work.act(migration.start_post_copy)
    _note(work, "Switched to post-copy", "post-copy")


def _note(work: Work[Domain], text: str, value: str, **now: int | None) -> None:
    run = work.migrations.running(work.record.key)
    if run is not None:
        event = MigrationEvent(time.monotonic(), EventKind.KNOB, text, value)
        work.migrations.add_event(run.job_id, event, **now)


def _knob_line(verb: str, name: str) -> Callable[[Domain, Values], tuple[str, ...]]:
    return lambda domain, values: (domain_line(verb, domain, str(values.number(name))),)


def _flag(name: str, help_: str) -> Argument:
    return Argument(name, ArgumentType.FLAG, help_)


_ARGUMENTS = (
    Argument(
        "to",
        ArgumentType.TEXT,
        "Where to: the name or the URI of a host that vmgui is connected to.",
        required=True,
        positional=True,
    ),
    _flag("live", "Keep it running; else only what is off moves."),
    Argument(
        "copy_storage",
        ArgumentType.CHOICE,
        "Copy disks that only the source has; what is needed where left out.",
        choices=tuple(CopyStorage),
    ),
    Argument("copy_disks", ArgumentType.LIST, "A disk to be copied, such as vda."),
    _flag("post_copy", "Allow to switch to post-copy while it runs."),
    _flag("auto_converge", "Slow the guest until it writes less than the link carries."),
    Argument("parallel_channels", ArgumentType.NUMBER, "More than one stream."),
    Argument(
        "compression",
        ArgumentType.CHOICE,
        "How memory is packed on its way.",
        choices=tuple(Compression),
    ),
    _flag("tls", "Encrypt memory and disks on their way."),
    Argument("bandwidth_mib_s", ArgumentType.NUMBER, "MiB/s at most."),
    Argument("max_downtime_ms", ArgumentType.NUMBER, "How long it may stand still, in ms."),
    Argument(
        "transport",
        ArgumentType.CHOICE,
        "Who talks to the destination.",
        choices=tuple(Transport),
    ),
    Argument("migrate_uri", ArgumentType.TEXT, "The destination's address for the memory."),
    _flag("undefine_source", "Take its definition from the source afterwards."),
    _flag("persist_destination", "Define it at the destination."),
    Argument("new_name", ArgumentType.TEXT, "Its name at the destination."),
)

ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="domain.migrate",
        title="Migrate",
        help="Moves the machine to another host; a running one keeps running.",
        icon="arrows-left-right",
        target="domain",
        arguments=_ARGUMENTS,
        refuse=only_in(*_MOVES),
        render=_lines,
        plan=make_plan,
        carry_out=_migrate,
        many=False,
    ),
    Action(
        id="migration.set-bandwidth",
        title="Limit migration",
        help="Sets what the migration that is under way may send, in MiB/s.",
        icon="gauge",
        target="domain",
        arguments=(
            Argument(
                "mib_s", ArgumentType.NUMBER, "MiB/s at most.", required=True, positional=True
            ),
        ),
        refuse=only_in(DomainState.MIGRATING),
        render=_knob_line("migrate-setspeed", "mib_s"),
        carry_out=_set_bandwidth,
        many=False,
        steers=True,
    ),
    Action(
        id="migration.set-downtime",
        title="Set longest pause",
        help="Sets how long the machine may stand still at the end of its migration, in ms.",
        icon="timer",
        target="domain",
        arguments=(
            Argument("ms", ArgumentType.NUMBER, "Milliseconds.", required=True, positional=True),
        ),
        refuse=only_in(DomainState.MIGRATING),
        render=_knob_line("migrate-setmaxdowntime", "ms"),
        carry_out=_set_downtime,
        many=False,
        steers=True,
    ),
    Action(
        id="migration.post-copy",
        title="Switch to post-copy",
        help="Lets the machine go on at the destination now and fetch what is missing; it arrives "
        "for certain, unless the link breaks.",
        icon="fast-forward",
        target="domain",
        danger=Danger.INTERRUPTS,
        consequence="If the link or a host fails before all is there, what was in the machine's "
        "memory is lost; there is no way back.",
        refuse=only_in(DomainState.MIGRATING),
        render=lambda domain, _: (domain_line("migrate-postcopy", domain),),
        carry_out=_post_copy,
        many=False,
        steers=True,
    ),
)
