"""The command ``vmgui``: what it takes before a verb, and which verbs there are.

Only what ``vmgui --help`` needs is imported here: verbs load themselves when they are used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click

from vmgui import __version__

_VERBS = {
    # verb: module, function, help
    "hosts": ("vmgui.cli.lists", "hosts", "List the hypervisor hosts."),
    "list": ("vmgui.cli.lists", "list_domains", "List the virtual machines."),
    "show": ("vmgui.cli.lists", "show", "Show a virtual machine."),
    "stats": ("vmgui.cli.stats", "stats", "Show what machines and hosts use now."),
    "lab": ("vmgui.cli.lab", "lab", "Start, look at and end disposable hypervisors."),
    "domain": ("vmgui.cli.act", "domain", "Act on virtual machines."),
    "snapshot": ("vmgui.cli.act", "snapshot", "Take, list and delete snapshots, and go back."),
    "template": ("vmgui.cli.act", "template", "Mark, release and list templates."),
    "clone": ("vmgui.cli.act", "clone", "Bring linked clones back to their template."),
    "migration": ("vmgui.cli.act", "migration", "Steer migrations, and look at past ones."),
    "disk": ("vmgui.cli.act", "disk", "Show the files behind disks, and merge them."),
}


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What was asked of the window, or of the connections that a verb uses."""

    connect: tuple[str, ...] = ()
    read_only: bool = False
    lab: bool = False
    screenshot: Path | None = None
    trace: Path | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What each verb gets from the options before it."""

    options: WindowOptions


class _Verbs(click.Group):
    """Loads a verb's module when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, name, _ = _VERBS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs (without one the window opens)"):
            formatter.write_dl([(verb, text) for verb, (_, _, text) in _VERBS.items()])


@click.group(
    cls=_Verbs,
    invoke_without_command=True,
    subcommand_metavar="[VERB [ARGS]…]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Manage and show virtualization through libvirt.",
)
@click.option("--connect", "-c", multiple=True, metavar="URI", help="A libvirt host; repeatable.")
@click.option("--read-only", "-r", is_flag=True, help="Connect for looking only.")
@click.option("--lab", is_flag=True, help="Use the lab's hosts; the window starts one if need be.")
@click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save a picture of the window once it shows data, and exit.",
)
@click.option(
    "--trace",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the milestones of the window's start as JSON lines.",
)
@click.version_option(__version__, prog_name="vmgui")
@click.pass_context
def cli(
    context: click.Context,
    connect: tuple[str, ...],
    *,
    read_only: bool,
    lab: bool,
    screenshot: Path | None,
    trace: Path | None,
) -> None:
    """Open the window, or hand the options on to the verb."""
    options = WindowOptions(connect, read_only, lab, screenshot, trace)
    if context.invoked_subcommand is None:
        open_window: Callable[[WindowOptions], int] = context.obj
        context.exit(open_window(options))
    if screenshot or trace:
        raise click.UsageError("--screenshot and --trace are for the window, without a verb.")
    context.obj = Context(options)
