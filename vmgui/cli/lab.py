"""``vmgui lab``: disposable hypervisors with running machines."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from vmgui import lab as rooms
from vmgui.cli.lists import JSON
from vmgui.cli.output import Failed, print_json, print_table
from vmgui.hypervisor.errors import VmguiError
from vmgui.lab import LabPort, LabStatus, LabUnavailable
from vmgui.lab import guests as guest_room


@click.group(help="Start, look at and end disposable hypervisors.")
def lab() -> None:
    """Group the lab's verbs."""


@lab.command(help="Start the lab, or find it up, and wait until its machines have booted.")
@click.option("--hosts", type=click.IntRange(1, rooms.MOST_HOSTS), default=2, show_default=True)
@click.option(
    "--guests", type=click.IntRange(0), default=2, show_default=True, help="On each host."
)
@click.option(
    "--memory",
    type=click.IntRange(rooms.LEAST_MEMORY_MIB),
    default=rooms.GUEST_MEMORY_MIB,
    show_default=True,
    metavar="MIB",
    help="Of each guest.",
)
@JSON
def up(hosts: int, guests: int, memory: int, *, as_json: bool) -> None:
    """Start the lab."""
    with _refusals_shown():
        status = rooms.up(
            hosts, guests, lambda sentence: print(sentence, file=sys.stderr), memory_mib=memory
        )
    _show(status, as_json=as_json)


@lab.command(help="Show, limit, cut and join the link between the lab's hosts.")
@click.option("--rate", metavar="RATE", help="Limit it, as tc writes it: 100mbit. “none” lifts it.")
@click.option("--cut", "joined", flag_value="cut", help="Pull the cable out.")
@click.option("--join", "joined", flag_value="join", help="Plug it in again.")
@click.option("--host", metavar="NAME", help="Of this host only.")
@JSON
def link(rate: str | None, joined: str | None, host: str | None, *, as_json: bool) -> None:
    """Steer the link."""
    with _refusals_shown():
        wire = rooms.link()
        ports = wire.ports()
        if rate is not None:
            ports = wire.set_rate(None if rate == "none" else rooms.parse_rate(rate), host)
        if joined is not None:
            ports = wire.cut(host) if joined == "cut" else wire.join(host)
        if host is not None and rate is None and joined is None:
            ports = {host: wire.port(host)}
    if as_json:
        print_json([{"host": name, **asdict(port)} for name, port in ports.items()])
        return
    rows = [(name, port.address, *_link_cells(port)) for name, port in ports.items()]
    print_table(("HOST", "ADDRESS", "LINK", "RATE"), rows)


@lab.command(help="Show what a machine of the lab writes to its memory, or set it.")
@click.argument("guest")
@click.option("--write", type=click.IntRange(0), metavar="MIB_S", help="MiB a second; 0: rest.")
@click.option("--over", type=click.IntRange(1), default=16, show_default=True, metavar="MIB")
@click.option("--usual", is_flag=True, help="Back to the little work that it does by itself.")
@JSON
def workload(guest: str, write: int | None, over: int, *, usual: bool, as_json: bool) -> None:
    """Give a guest work."""
    with _refusals_shown():
        if usual:
            guest_room.usual_workload(rooms.DEFAULT_NAME, guest)
        if write is not None:
            now = guest_room.set_workload(rooms.DEFAULT_NAME, guest, write, over)
        else:
            now = guest_room.workload(rooms.DEFAULT_NAME, guest)
    if as_json:
        print_json(asdict(now))
    elif now.write_mib_s == 0:
        print(f"{guest} writes nothing.")
    else:
        print(
            f"{guest} is to write {now.write_mib_s} MiB/s over {now.over_mib} MiB; "
            f"it wrote {now.reached_mib_s:.1f} MiB in the last second."
        )


@lab.command(help="Show a machine's heartbeat and its longest gap; begin it anew with --reset.")
@click.argument("guest")
@click.option("--reset", is_flag=True, help="Begin it, or begin it anew.")
@click.option("--stop", is_flag=True, help="End it.")
@JSON
def heartbeat(guest: str, *, reset: bool, stop: bool, as_json: bool) -> None:
    """Feel a guest's pulse."""
    with _refusals_shown():
        if reset:
            guest_room.reset_heartbeat(rooms.DEFAULT_NAME, guest)
        if stop:
            guest_room.stop_heartbeat(rooms.DEFAULT_NAME, guest)
        pulse = guest_room.heartbeat(rooms.DEFAULT_NAME, guest)
    if as_json:
        print_json(asdict(pulse) if pulse else None)
    elif pulse is None:
        print(f"{guest} has no heartbeat yet. Begin it with: vmgui lab heartbeat {guest} --reset")
    else:
        print(
            f"{pulse.beats} beats in {pulse.for_ms / 1000:.1f} s, "
            f"longest gap {pulse.longest_gap_ms:.0f} ms, "
            + ("stopped." if pulse.stopped else f"the last one {pulse.quiet_ms:.0f} ms ago.")
        )


def _link_cells(port: LabPort) -> tuple[str, str]:
    rate = "no limit" if port.rate_bps is None else rooms.rate_text(port.rate_bps)
    return "joined" if port.joined else "cut", rate


@contextmanager
def _refusals_shown() -> Iterator[None]:
    try:
        yield
    except (LabUnavailable, VmguiError) as error:
        raise Failed(error.what, error.why, error.what_to_do) from None


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
            f"{host.port.address} {' '.join(_link_cells(host.port))}" if host.port else "none",
            " ".join(host.guests),
            host.uri,
        )
        for host in status.hosts
    ]
    print_table(("HOST", "STATE", "TYPE", "LINK", "GUESTS", "URI"), rows)
    for note in status.notes:
        print(note, file=sys.stderr)
