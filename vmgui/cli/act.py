"""``vmgui KIND VERB NAME…``: a command for each action of the registry.

KIND and VERB are the two parts of the action's id. A machine is named by one word, a snapshot by
two: its machine, and its own name.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, WrongArgument
from vmgui.actions.job import Job, JobState
from vmgui.actions.registry import standard
from vmgui.actions.virsh import complete, printable
from vmgui.cli import chains, delete, migrations, templates
from vmgui.cli.documents import job_document
from vmgui.cli.find import find_domain, find_snapshot
from vmgui.cli.main import Context
from vmgui.cli.output import Failed, failure_line, print_json
from vmgui.cli.plans import plan_document, plan_lines
from vmgui.cli.reach import run
from vmgui.hypervisor.errors import VmguiError
from vmgui.insight.file_plan import FilePlan
from vmgui.inventory.domain import Domain
from vmgui.inventory.snapshot import Snapshot
from vmgui.session import Session

_YES = "Don't ask before something is gone for good."


@dataclass(frozen=True, slots=True)
class Request:
    """An action on one object; ``warning`` is what a person has to agree to, line by line.

    ``plan`` is what it would do, where it tells that.
    """

    record: Domain | Snapshot
    name: str
    arguments: dict[str, Any]
    warning: tuple[str, ...]
    plan: FilePlan | None = None


class _InOrder(click.Group):
    """Lists its verbs as the registry declares them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


_HELP = "{} Each verb shows its virsh line with --dry-run."
domain = _InOrder("domain", help=_HELP.format("Act on virtual machines."))
snapshot = _InOrder(
    "snapshot", help=_HELP.format("Take, list and delete snapshots, and go back to them.")
)
disk = _InOrder("disk", help=_HELP.format("Show the files behind disks, and merge them."))
template = _InOrder("template", help=_HELP.format("Mark, release and list templates."))
clone = _InOrder("clone", help=_HELP.format("Bring linked clones back to their template."))

migration = _InOrder(
    "migration", help=_HELP.format("Steer migrations, and look at those that were.")
)

GROUPS = {group.name: group for group in (domain, snapshot, disk, template, clone, migration)}


def command_for(action: Action[Any]) -> click.Command:
    """Return the command of ``action``."""
    parameters = _targets(action)
    parameters += [_parameter(argument) for argument in action.arguments]
    if action.id == delete.ACTION_ID:
        parameters.append(delete.ALL_DISKS)
    if action.danger is Danger.DESTROYS:
        parameters.append(click.Option(["--yes", "-y"], is_flag=True, help=_YES))
    parameters += [
        click.Option(["--dry-run"], is_flag=True, help="Print what it would do, and do nothing."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document."),
    ]
    return click.Command(
        action.id.partition(".")[2],
        params=parameters,
        callback=click.pass_obj(_callback(action)),
        help=action.help,
        short_help=action.help,
        epilog=action.consequence or None,
    )


def _targets(action: Action[Any]) -> list[click.Parameter]:
    """Return how the objects are named; many by many words where no other word follows."""
    if action.target == "snapshot":
        return [
            click.Argument(["names"], required=True, metavar="DOMAIN"),
            click.Argument(["snapshot_name"], required=True, metavar="SNAPSHOT"),
        ]
    followed = any(argument.positional for argument in action.arguments)
    if action.many and not followed:
        return [click.Argument(["names"], nargs=-1, required=True, metavar="DOMAIN…")]
    parameters: list[click.Parameter] = [click.Argument(["names"], required=True, metavar="DOMAIN")]
    if action.many:
        parameters.append(
            click.Option(
                ["--also", "also"], multiple=True, metavar="DOMAIN",
                help="Another machine that it is done to. Repeatable.",
            )
        )  # fmt: skip
    return parameters


def _callback(action: Action[Any]) -> Callable[..., None]:
    def call(
        context: Context,
        names: str | tuple[str, ...],
        *,
        dry_run: bool,
        as_json: bool,
        yes: bool = False,
        snapshot_name: str = "",
        also: tuple[str, ...] = (),
        **arguments: Any,
    ) -> None:
        words = (names, *also) if isinstance(names, str) else names

        async def work(session: Session) -> int:
            requests = await _requests(session, action, words, snapshot_name, arguments)
            if dry_run:
                return _print_plans(session, action, requests, as_json=as_json)
            for request in requests:
                if request.plan is not None and request.plan.refusal:
                    what = f"{action.title} was not done on {request.name}."
                    raise Failed(what, request.plan.refusal, "Nothing was changed.")
            shown = {}
            if action.danger is Danger.DESTROYS and not yes:
                _ask(action, requests)
                shown = {each.record.key: each.plan for each in requests if each.plan is not None}
            jobs = [
                job
                for request in requests
                for job in session.run(action.id, request.record.key, shown, **request.arguments)
            ]
            with migrations.progress(session):
                for job in jobs:
                    await job.wait()
            return _report(jobs, as_json=as_json, more=partial(migrations.part, session))

        try:
            code = run(context, work, figures=False)
        except WrongArgument as error:
            raise click.UsageError(str(error)) from None
        click.get_current_context().exit(code)

    return call


async def _requests(
    session: Session,
    action: Action[Any],
    words: Sequence[str],
    snapshot_name: str,
    arguments: dict[str, Any],
) -> list[Request]:
    found = {find_domain(session.inventory, word).key: None for word in words}
    domains = [each for key in found if (each := session.inventory.domain(key)) is not None]
    if action.id == delete.ACTION_ID:
        return [
            Request(each, each.name, *await delete.prepare(session, each, **arguments))
            for each in domains
        ]
    given = _given(arguments)
    requests = []
    for each in domains:
        record: Domain | Snapshot = each
        name = each.name
        if action.target == "snapshot":
            record = find_snapshot(session.inventory, each, snapshot_name)
            name = f"{each.name} {record.name}"
        plan = await _plan(session, action, record, given)
        warning = (action.consequence, *(plan_lines(plan) if plan is not None else ()))
        requests.append(Request(record, name, given, warning, plan))
    return requests


async def _plan(
    session: Session, action: Action[Any], record: Domain | Snapshot, given: dict[str, Any]
) -> FilePlan | None:
    host = session.inventory.host(record.key.host)
    if action.plan is None or host is None or action.unreachable(host):
        return None  # the job itself says what stands against it
    try:
        return await session.plan(action.id, record.key, **given)
    except VmguiError as error:
        raise Failed(error.what, error.why, error.what_to_do) from None


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not given: the action has the defaults."""
    return {name: value for name, value in arguments.items() if value not in (None, ())}


def _print_plans(
    session: Session, action: Action[Any], requests: Sequence[Request], *, as_json: bool
) -> int:
    """Print what would be done: virsh lines, and behind ``#`` the plan in words; or JSON."""
    code = 0
    documents = []
    for request in requests:
        host = session.inventory.host(request.record.key.host)
        assert host is not None
        plan = request.plan
        lines = action.virsh(request.record, host, **request.arguments)
        if plan is not None and plan.virsh:
            lines = plan.virsh
        if as_json:
            told = {"virsh": list(lines)} if plan is None else plan_document(plan)
            documents.append({"target": request.name, **told})
        elif plan is None or not plan.refusal:
            for line in lines:
                print(complete(line, request.record.key.host))
            for line in plan_lines(plan) if plan is not None else ():
                print(f"# {printable(line)}")
        reason = action.refusal(request.record, host) or (plan.refusal if plan is not None else "")
        if reason:
            what = f"{action.title} would fail on {request.name}."
            print(f"vmgui: {failure_line(what, reason)}", file=sys.stderr)
            code = 1
    if as_json:
        print_json({"plans": documents})
    return code


def _ask(action: Action[Any], requests: Sequence[Request]) -> None:
    names = ", ".join(printable(request.name) for request in requests)
    if not sys.stdin.isatty():
        raise Failed(
            f"{action.title} {names} was not done.",
            "What it removes can't be brought back.",
            "Say --yes if that is meant, or --dry-run to see what it does.",
        )
    for request in requests:
        click.echo(f"{action.title} {printable(request.name)}", err=True)
        for line in request.warning:
            click.echo(f"  {printable(line)}", err=True)
    if not click.confirm(f"{action.title} {names}?", default=False, err=True):
        raise Failed(f"{action.title} {names} was not done.", "You said no.")


def _report(
    jobs: Sequence[Job],
    *,
    as_json: bool,
    more: Callable[[Job], dict[str, Any]] = lambda _: {},
) -> int:
    failed = [job for job in jobs if job.state is not JobState.DONE]
    if as_json:
        documents = [{**job_document(job), **more(job)} for job in jobs]
        print_json({"jobs": documents})
    for job in jobs:
        if job.state is JobState.DONE and not as_json:
            print(f"{job.title} {printable(job.target_name)}: done")
            if job.note:
                print(f"  {printable(job.note)}")
        elif job.error is not None:
            line = failure_line(job.error.what, job.error.why, job.error.what_to_do)
            print(f"vmgui: {line} {printable(job.state_now)}".rstrip(), file=sys.stderr)
            if job.report:
                print("\n".join(map(printable, job.report.splitlines())), file=sys.stderr)
    return 1 if failed else 0


def _parameter(  # noqa: PLR0911  a kind of argument each
    argument: Argument,
) -> click.Parameter:
    if argument.positional:
        return click.Argument([argument.name], required=argument.required)
    flag = argument.name.replace("_", "-")
    match argument.type:
        case ArgumentType.FLAG if argument.default is None:
            both = f"--{flag}/--no-{flag}"
            return click.Option([both, argument.name], default=None, help=argument.help)
        case ArgumentType.FLAG:
            return click.Option([f"--{flag}", argument.name], is_flag=True, help=argument.help)
        case ArgumentType.LIST:
            return click.Option(
                [f"--{flag.removesuffix('s')}", argument.name],
                multiple=True,
                help=f"{argument.help} Repeatable.",
            )
        case ArgumentType.CHOICE:
            return click.Option(
                [f"--{flag}", argument.name],
                type=click.Choice([str(choice) for choice in argument.choices]),
                default=None if argument.default is None else str(argument.default),
                show_default=True,
                help=argument.help,
            )
        case ArgumentType.NUMBER:
            return click.Option(
                [f"--{flag}", argument.name],
                type=int,
                default=argument.default,
                show_default=True,
                help=argument.help,
            )
        case ArgumentType.TEXT:
            return click.Option([f"--{flag}", argument.name], help=argument.help)


for _action in standard().all():
    GROUPS[_action.id.partition(".")[0]].add_command(command_for(_action))
snapshot.add_command(chains.list_snapshots)
disk.add_command(chains.show_chain)
template.add_command(templates.list_templates)
for _command in (migrations.list_migrations, migrations.show_migration, migrations.print_csv):
    migration.add_command(_command)
