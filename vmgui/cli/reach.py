"""Which hosts a command works on, and how it gets there."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import click

from vmgui import places
from vmgui.actions.virsh import printable
from vmgui.cli.main import Context
from vmgui.cli.output import Failed, failure_line
from vmgui.hypervisor.questions import Question
from vmgui.inventory.host import Host, LinkState
from vmgui.session import Session
from vmgui.settings import KEEP_HISTORY, SavedConnection, Settings

_URI_DEFAULT = re.compile(r'^\s*uri_default\s*=\s*"([^"]*)"', re.MULTILINE)

_SAY_AFTER_S = 3
_WAIT_AT_MOST_S = 30


def run(context: Context, work: Callable[[Session], Awaitable[int]], *, figures: bool) -> int:
    """Run ``work`` in a session on the chosen hosts, and return its exit code."""

    async def whole() -> int:
        async with _session(context, figures=figures) as session:
            return await work(session)

    return asyncio.run(whole())


@asynccontextmanager
async def _session(context: Context, *, figures: bool) -> AsyncIterator[Session]:
    chosen = connections(context)
    settings = Settings(places.config_dir() / "settings.json")
    if figures:
        # A command looks once: keeping the history is the window's work.
        settings = Settings()
        settings.set(KEEP_HISTORY, False)
    async with Session(settings, figures=figures) as session:
        if sys.stdin.isatty() and sys.stderr.isatty():
            session.fleet.asked.connect(_answer)
        for connection in chosen:
            session.connect(connection)
        await _settle(session)
        for host in unreached(session):
            print(f"vmgui: {_why_unreached(host)}", file=sys.stderr)
        yield session


async def _settle(session: Session) -> None:
    """Wait for the hosts: a while in silence, then a while longer, and then go on without.

    A name is looked for on all of them, so none is left out at once; but one that is dead, and
    was saved some day, must not hold up what is done on another. A host that answers is read to
    the end. A question at the terminal stops the loop, and this clock with it.
    """
    settled = asyncio.ensure_future(session.settled())
    try:
        for waited_s in range(_WAIT_AT_MOST_S):
            if waited_s == _SAY_AFTER_S:
                for host in _silent(session):
                    print(f"vmgui: {_what_is_awaited(host)}", file=sys.stderr)
            if (await asyncio.wait({settled}, timeout=1.0))[0]:
                return
        while not settled.done() and session.fleet.unsettled - {
            host.key.host for host in _silent(session)
        }:
            await asyncio.wait({settled}, timeout=1.0)
    finally:
        settled.cancel()


def connections(context: Context) -> tuple[SavedConnection, ...]:
    """Return the hosts that were asked for, else the saved ones, else libvirt's default."""
    options = context.options
    saved = Settings(places.config_dir() / "settings.json").connections
    by_name = {each.name: each for each in saved if each.name}
    chosen = [
        SavedConnection(by_name[each].uri if each in by_name else each,
                        each if each in by_name else "", read_only=options.read_only)
        for each in options.connect
    ]  # fmt: skip
    if options.lab:
        chosen += _lab_connections(read_only=options.read_only)
    if chosen:
        return tuple(chosen)
    return tuple(
        replace(each, read_only=each.read_only or options.read_only)
        for each in saved or (SavedConnection(default_uri()),)
    )


def default_uri() -> str:
    """Return the URI that virsh would take: its variables, then libvirt.conf, then QEMU's own."""
    for variable in ("VIRSH_DEFAULT_CONNECT_URI", "LIBVIRT_DEFAULT_URI"):
        if uri := os.environ.get(variable):
            return uri
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    is_root = os.geteuid() == 0
    file = Path("/etc/libvirt/libvirt.conf") if is_root else Path(home, "libvirt/libvirt.conf")
    try:
        found = _URI_DEFAULT.search(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    if found is not None:
        return found[1]
    return "qemu:///system" if is_root else "qemu:///session"


def unreached(session: Session) -> tuple[Host, ...]:
    """Return the hosts that could not be reached."""
    return tuple(
        host for host in session.inventory.hosts() if host.link.state is not LinkState.CONNECTED
    )


def _silent(session: Session) -> tuple[Host, ...]:
    """Return the hosts that are waited for and gave no sign of life yet."""
    unsettled = session.fleet.unsettled
    return tuple(host for host in unreached(session) if host.key.host in unsettled)


def _what_is_awaited(host: Host) -> str:
    rest_s = _WAIT_AT_MOST_S - _SAY_AFTER_S
    return failure_line(
        f"Waiting for {host.name} ({host.key.host}), {rest_s} s at most.",
        "",
        "Choose other hosts with --connect, or give up with Ctrl+C.",
    )


def _why_unreached(host: Host) -> str:
    link = host.link
    if link.waiting_for:
        return failure_line(
            f"{host.name} can't be reached ({host.key.host}).",
            f"It did not answer within {_WAIT_AT_MOST_S} s.",
            "Look whether the host and its libvirt daemon are running.",
        )
    what = f"{host.name} can't be reached ({host.key.host})."
    return failure_line(what, link.why, link.what_to_do)


def _lab_connections(*, read_only: bool) -> list[SavedConnection]:
    from vmgui import lab  # noqa: PLC0415  only where it is asked for

    status = lab.status()
    if not status.running:
        raise Failed("The lab is not up.", "", "Start it with: vmgui lab up")
    return [SavedConnection(host.uri, host.name, read_only=read_only) for host in status.hosts]


def _answer(question: Question) -> None:
    """Ask on the terminal what a host asks."""
    click.echo(f"{printable(question.uri)} asks:", err=True)
    try:
        question.answer(
            [
                click.prompt(
                    printable(prompt.text.strip().rstrip(":")),
                    default=prompt.default,
                    hide_input=prompt.secret,
                    show_default=prompt.default.isprintable()
                    and bool(prompt.default)
                    and not prompt.secret,
                    err=True,
                )
                for prompt in question.prompts
            ]
        )
    except click.Abort:
        question.refuse()
