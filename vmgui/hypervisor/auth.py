"""Who we say we are: what libvirt and ssh ask, carried to a person and back.

libvirt asks in the thread that opens the connection. ssh asks through a program: each attempt
over ssh gets a folder of its own with a wrapper around ssh and an askpass program, which brings
ssh's question to a socket served on the loop. Nothing of it is set in our own environment.
"""

import asyncio
import contextlib
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import libvirt

from vmgui import places
from vmgui.hypervisor import passwords
from vmgui.hypervisor.questions import Ask, Prompt, Question

_SECRET = frozenset({libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_NOECHOPROMPT})
# Not VIR_CRED_USERNAME: that is the name to act for, which SASL takes from the other by itself.
_ASKED = [
    libvirt.VIR_CRED_AUTHNAME,
    libvirt.VIR_CRED_PASSPHRASE,
    libvirt.VIR_CRED_ECHOPROMPT,
    libvirt.VIR_CRED_NOECHOPROMPT,
    libvirt.VIR_CRED_REALM,
]


class Credentials:
    """What was answered for one host, kept in memory for its further connections.

    ``on_asking`` is called on the loop when a person begins, or ceases, to be asked.
    """

    def __init__(
        self, uri: str, ask: Ask | None, on_asking: Callable[[bool], None] | None = None
    ) -> None:
        self.uri = uri
        self.ask = ask
        self.on_asking = on_asking
        self.known: dict[tuple[Prompt, ...], tuple[str, ...]] = {}


class Attempt:
    """The questions of one attempt to open a connection. Belongs to the loop's thread.

    What is known is offered once: a host that asks the same again did not like it. Once a person
    refuses, the rest of the attempt is refused without asking: ssh would ask three times.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.was_asked = False
        self.was_refused = False
        self._answered: dict[tuple[Prompt, ...], tuple[str, ...]] = {}
        self._to_keyring: dict[tuple[Prompt, ...], tuple[str, ...]] = {}
        self._credentials = credentials
        self._loop = asyncio.get_running_loop()
        self._offered: set[tuple[Prompt, ...]] = set()
        self._open: set[Question] = set()

    @property
    def can_ask(self) -> bool:
        """Tell whether there is somebody to ask."""
        return self._credentials.ask is not None

    def end(self) -> None:
        """Withdraw the questions that still stand open."""
        for question in list(self._open):
            question.refuse()

    def for_libvirt(self) -> list[Any]:
        """Return the auth argument of ``libvirt.openAuth``; its callback blocks its thread."""
        return [_ASKED, self._asked_by_libvirt, None]

    def _asked_by_libvirt(self, credentials: list[list[Any]], _data: object) -> int:
        prompts = tuple(
            Prompt(str(each[1]).strip().rstrip(":"), each[0] in _SECRET, each[3] or "")
            for each in credentials
        )
        values = asyncio.run_coroutine_threadsafe(self.answers(prompts), self._loop).result()
        if values is None:
            return -1
        for credential, value in zip(credentials, values, strict=True):
            credential[4] = value
        return 0

    async def answers(self, prompts: tuple[Prompt, ...]) -> tuple[str, ...] | None:
        """Return what is known or what a person says, or None where nobody answers."""
        known, ask = self._credentials.known, self._credentials.ask
        self.was_asked = True
        if prompts not in self._offered:
            self._offered.add(prompts)
            kept = known.get(prompts) or await passwords.find(self._credentials.uri, prompts)
            if kept is not None:
                return kept
        if ask is None or self.was_refused:
            return None
        question = Question(self._credentials.uri, prompts)
        self._open.add(question)
        self._tell(asking=True)
        try:
            ask(question)
            values = await asyncio.wrap_future(question.outcome)
        finally:
            self._open.discard(question)
            self._tell(asking=False)
        if values is None:
            self.was_refused = True
        else:
            self._answered[prompts] = values
            if question.remember:
                self._to_keyring[prompts] = values
        return values

    async def keep_answers(self) -> None:
        """Remember what was answered: it opened the connection."""
        self._credentials.known.update(self._answered)
        for prompts, values in self._to_keyring.items():
            await passwords.keep(self._credentials.uri, prompts, values)

    def _tell(self, *, asking: bool) -> None:
        if self._credentials.on_asking is not None:
            self._credentials.on_asking(asking)


@contextlib.asynccontextmanager
async def ssh_asks_us(uri: str, attempt: Attempt) -> AsyncIterator[str]:
    """Yield ``uri`` so changed that ssh asks through ``attempt``, while the attempt lasts.

    A URI that is not over ssh, or names a program of its own, is yielded as it is; so is each
    one where nobody can be asked, so that ssh asks at its terminal as usual.
    """
    parts = urlsplit(uri)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if not attempt.can_ask or not parts.scheme.endswith("+ssh") or "command" in dict(query):
        yield uri
        return
    base = places.runtime_dir()
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ssh-", dir=base) as name:
        folder = Path(name)
        server = await asyncio.start_unix_server(
            lambda reader, writer: _serve_ssh(attempt, reader, writer), folder / "socket"
        )
        wrapper = _write_programs(folder)
        query.append(("command", str(wrapper)))
        text = "&".join(f"{key}={quote(value, safe='/')}" for key, value in query)
        try:
            yield urlunsplit(parts._replace(query=text))
        finally:
            server.close()


def _write_programs(folder: Path) -> Path:
    here = Path(__file__).with_name("askpass.py")
    askpass = folder / "askpass"
    run = [sys.executable, "-I", str(here), str(folder / "socket")]
    askpass.write_text(f'#!/bin/sh\nexec {shlex.join(run)} "$1"\n')
    wrapper = folder / "ssh"
    # ssh takes an askpass program only where there seems to be a display, unless it is forced to,
    # which it understands since OpenSSH 8.4.
    wrapper.write_text(
        "#!/bin/sh\n"
        f"SSH_ASKPASS={shlex.quote(str(askpass))} SSH_ASKPASS_REQUIRE=force "
        'DISPLAY="${DISPLAY:-:0}" exec ssh "$@"\n'
    )
    for program in (askpass, wrapper):
        program.chmod(0o700)
    return wrapper


async def _serve_ssh(
    attempt: Attempt, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with contextlib.suppress(OSError):
        text = (await reader.read()).decode(errors="replace").strip()
        # ssh asks for passwords and passphrases, and whether it may trust a host's key.
        secret = "yes/no" not in text
        values = await attempt.answers((Prompt(text.rstrip(":"), secret),))
        if values is not None:
            writer.write(b"+" + values[0].encode())
            await writer.drain()
        writer.close()
        await writer.wait_closed()
