"""Answers that a person wants remembered, in the system's keyring.

A keyring may be missing, locked, or silent: then nothing is found and nothing is kept, and the
question is asked again next time. It is only ever asked in a thread of its own, for some keyrings
wait for a person to unlock them.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from vmgui.hypervisor.questions import Prompt
from vmgui.hypervisor.workers import run_apart

T = TypeVar("T")

_SERVICE = "vmgui"
_DEADLINE_S = 30.0


async def find(uri: str, prompts: Sequence[Prompt]) -> tuple[str, ...] | None:
    """Return what was kept for these prompts of ``uri``, or None."""
    if not any(prompt.secret for prompt in prompts):
        return None

    def read() -> str | None:
        import keyring  # noqa: PLC0415 - looks for its backends as it is imported

        return keyring.get_password(_SERVICE, _entry(uri, prompts))

    text = await _ask_keyring(read)
    try:
        values = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(values, list) or len(values) != len(prompts):
        return None
    return tuple(map(str, values))


async def keep(uri: str, prompts: Sequence[Prompt], values: Sequence[str]) -> None:
    """Keep ``values`` as the answers to these prompts of ``uri``."""

    def write() -> None:
        import keyring  # noqa: PLC0415 - looks for its backends as it is imported

        keyring.set_password(_SERVICE, _entry(uri, prompts), json.dumps(list(values)))

    await _ask_keyring(write)


async def _ask_keyring(work: Callable[[], T]) -> T | None:
    # Whatever ails a keyring, it must not keep a host from being reached.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_DEADLINE_S):
            return await asyncio.wrap_future(run_apart("keyring", work))
    return None


def _entry(uri: str, prompts: Sequence[Prompt]) -> str:
    return json.dumps([uri, *(prompt.text for prompt in prompts)])
