"""``vmgui lab``: disposable hypervisors with running machines."""

import sys
from dataclasses import asdict

import click

from vmgui import lab as rooms
from vmgui.cli.lists import JSON
from vmgui.cli.output import Failed, print_json, print_table
from vmgui.lab import LabStatus, LabUnavailable


@click.group(help="Start, look at and end disposable hypervisors.")
def lab() -> None:
    """Group the lab's verbs."""


@lab.command(help="Start the lab, or find it up, and wait until its machines have booted.")
@click.option("--hosts", type=click.IntRange(1, rooms.MOST_HOSTS), default=2, show_default=True)
@click.option(
    "--guests", type=click.IntRange(0), default=2, show_default=True, help="On each host."
)
@JSON
def up(hosts: int, guests: int, *, as_json: bool) -> None:
    """Start the lab."""
    try:
        status = rooms.up(hosts, guests, lambda sentence: print(sentence, file=sys.stderr))
    except LabUnavailable as error:
        raise Failed(error.what, error.why, error.what_to_do) from None
    _show(status, as_json=as_json)


@lab.command(help="Tell whether the lab is up, and what is in it.")
@JSON
def status(*, as_json: bool) -> None:
    """Show the lab."""
    _show(rooms.status(), as_json=as_json)


@lab.command(help="End the lab, and all that belongs to it.")
def down() -> None:
    """End the lab."""
    rooms.down()


def _show(status: LabStatus, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(status))
        return
    if not status.running:
        print("The lab is not up. Start it with: vmgui lab up")
        return
    rows = [
        (
            host.name,
            "running" if host.running else "stopped",
            host.virt_type,
            " ".join(host.guests),
            host.uri,
        )
        for host in status.hosts
    ]
    print_table(("HOST", "STATE", "TYPE", "GUESTS", "URI"), rows)
    for note in status.notes:
        print(note, file=sys.stderr)
