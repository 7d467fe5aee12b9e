"""Waiting for a state on the loop, where there is no signal to await."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def until(read: Callable[[], T], what: str, *, within_s: float = 20.0) -> T:
    """Return what ``read`` gives as soon as it is true; fail with ``what`` if it never is."""
    end_s = time.monotonic() + within_s
    while not (value := read()):
        assert time.monotonic() < end_s, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(0.01)
    return value
