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
from vmgui.cli.main import Context
from vmgui.cli.output import Failed, failure_line
from vmgui.hypervisor.questions import Question
from vmgui.inventory.host import Host, LinkState
from vmgui.session import Session
from vmgui.settings import KEEP_HISTORY, SavedConnection, Settings

_URI_DEFAULT = re.compile(r'^\s*uri_default\s*=\s*"([^"]*)"', re.MULTILINE)


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
        await session.settled()
        for host in unreached(session):
            print(f"vmgui: {_why_unreached(host)}", file=sys.stderr)
        yield session


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


def _why_unreached(host: Host) -> str:
    link = host.link
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
    click.echo(f"{question.uri} asks:", err=True)
    try:
        question.answer(
            [
                click.prompt(
                    prompt.text.strip().rstrip(":"),
                    default=prompt.default,
                    hide_input=prompt.secret,
                    show_default=bool(prompt.default) and not prompt.secret,
                    err=True,
                )
                for prompt in question.prompts
            ]
        )
    except click.Abort:
        question.refuse()
