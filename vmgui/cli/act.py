"""``vmgui KIND VERB NAME…``: a command for each action of the registry."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from vmgui.actions.action import Action, Argument, ArgumentType, Danger, WrongArgument
from vmgui.actions.job import Job, JobState
from vmgui.actions.registry import standard
from vmgui.actions.virsh import complete, printable
from vmgui.cli import delete
from vmgui.cli.documents import job_document
from vmgui.cli.find import find_domain
from vmgui.cli.main import Context
from vmgui.cli.output import Failed, failure_line, print_json
from vmgui.cli.reach import run
from vmgui.inventory.domain import Domain
from vmgui.session import Session

_YES = "Don't ask before something is gone for good."


@dataclass(frozen=True, slots=True)
class Request:
    """An action on one machine; ``warning`` is what a person has to agree to, line by line."""

    domain: Domain
    arguments: dict[str, Any]
    warning: tuple[str, ...]


class _InOrder(click.Group):
    """Lists its verbs as the registry declares them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InOrder, help="Act on virtual machines. Each verb shows its virsh line with --dry-run."
)
def domain() -> None:
    """Group the actions on domains."""


def command_for(action: Action[Any]) -> click.Command:
    """Return the command of ``action``."""
    parameters: list[click.Parameter] = [
        click.Argument(
            ["names"], nargs=-1 if action.many else 1, required=True, metavar=_metavar(action)
        )
    ]
    parameters += [_parameter(argument) for argument in action.arguments]
    if action.id == delete.ACTION_ID:
        parameters.append(delete.ALL_DISKS)
    if action.danger is Danger.DESTROYS:
        parameters.append(click.Option(["--yes", "-y"], is_flag=True, help=_YES))
    parameters += [
        click.Option(["--dry-run"], is_flag=True, help="Print the virsh lines and do nothing."),
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


def _callback(action: Action[Any]) -> Callable[..., None]:
    def call(
        context: Context,
        names: str | tuple[str, ...],
        *,
        dry_run: bool,
        as_json: bool,
        yes: bool = False,
        **arguments: Any,
    ) -> None:
        words = (names,) if isinstance(names, str) else names

        async def work(session: Session) -> int:
            requests = await _requests(session, action, words, arguments)
            if dry_run:
                return _print_lines(session, action, requests)
            if action.danger is Danger.DESTROYS and not yes:
                _ask(action, requests)
            jobs = [
                job
                for request in requests
                for job in session.run(action.id, request.domain.key, **request.arguments)
            ]
            for job in jobs:
                await job.wait()
            return _report(jobs, as_json=as_json)

        try:
            code = run(context, work, figures=False)
        except WrongArgument as error:
            raise click.UsageError(str(error)) from None
        click.get_current_context().exit(code)

    return call


async def _requests(
    session: Session, action: Action[Any], words: Sequence[str], arguments: dict[str, Any]
) -> list[Request]:
    found = {find_domain(session.inventory, word).key: None for word in words}
    domains = [each for key in found if (each := session.inventory.domain(key)) is not None]
    if action.id == delete.ACTION_ID:
        return [
            Request(each, *await delete.prepare(session, each, **arguments)) for each in domains
        ]
    warning = (action.consequence,)
    return [Request(each, _given(arguments), warning) for each in domains]


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not given: the action has the defaults."""
    return {name: value for name, value in arguments.items() if value not in (None, ())}


def _print_lines(session: Session, action: Action[Any], requests: Sequence[Request]) -> int:
    code = 0
    for request in requests:
        host = session.inventory.host(request.domain.key.host)
        assert host is not None
        for line in action.virsh(request.domain, host, **request.arguments):
            print(printable(complete(line, request.domain.key.host)))
        if reason := action.refusal(request.domain, host):
            what = f"{action.title} would fail on {request.domain.name}."
            print(f"vmgui: {failure_line(what, reason)}", file=sys.stderr)
            code = 1
    return code


def _ask(action: Action[Any], requests: Sequence[Request]) -> None:
    names = ", ".join(printable(request.domain.name) for request in requests)
    if not sys.stdin.isatty():
        raise Failed(
            f"{action.title} {names} was not done.",
            "What it removes can't be brought back.",
            "Say --yes if that is meant, or --dry-run to see what it does.",
        )
    for request in requests:
        click.echo(f"{action.title} {printable(request.domain.name)}", err=True)
        for line in request.warning:
            click.echo(f"  {line}", err=True)
    if not click.confirm(f"{action.title} {names}?", default=False, err=True):
        raise Failed(f"{action.title} {names} was not done.", "You said no.")


def _report(jobs: Sequence[Job], *, as_json: bool) -> int:
    failed = [job for job in jobs if job.state is not JobState.DONE]
    if as_json:
        print_json({"jobs": [job_document(job) for job in jobs]})
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


def _parameter(argument: Argument) -> click.Parameter:
    if argument.positional:
        return click.Argument([argument.name], required=argument.required)
    flag = argument.name.replace("_", "-")
    match argument.type:
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
                type=click.Choice(argument.choices),
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


def _metavar(action: Action[Any]) -> str:
    return "NAME…" if action.many else "NAME"


for _action in standard().for_kind("domain"):
    domain.add_command(command_for(_action))
