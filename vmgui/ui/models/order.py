"""The order in which names are listed."""

import re

_DIGITS = re.compile(r"[0-9]+")


def natural_key(name: str) -> str:
    """Return a text that sorts as a person would: web-2 before web-10, upper case like lower.

    Each run of digits gets its length in front, so numbers of any length compare by value.
    """
    return _DIGITS.sub(_with_length, name.casefold())


def _with_length(found: re.Match[str]) -> str:
    number = found[0].lstrip("0")
    return f"{len(number):03}{number}"
