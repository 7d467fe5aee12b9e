"""The style sheet: a template of tokens and lengths made into Qt's own language."""

import re
from collections.abc import Callable, Mapping

from vmgui.ui.style.tokens import scaled_px

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ICON = re.compile(r"@icon\(\s*([a-z-]+)\s*,\s*([a-z0-9]+)\s*,\s*(\d+)\s*\)")
_LENGTH = re.compile(r"@(\d+(?:\.\d+)?)px")
_TOKEN = re.compile(r"@([a-z][a-z0-9]*)")


def render(
    template: str,
    colours: Mapping[str, str],
    factor: float,
    icon_file: Callable[[str, str, int], str],
) -> str:
    """Return a style sheet with its placeholders filled in.

    ``@acc`` is a colour, ``@24px`` a length that grows with the presenter factor (a plain
    ``24px`` does not), ``@icon(check, onacc, 12)`` the picture file that ``icon_file``
    gives for a name, a token and a size in pixels. An unknown token is a KeyError.
    """
    text = _ICON.sub(
        lambda m: f'url("{icon_file(m[1], m[2], scaled_px(int(m[3]), factor))}")',
        _COMMENT.sub("", template),
    )
    text = _LENGTH.sub(lambda m: f"{scaled_px(float(m[1]), factor)}px", text)
    return _TOKEN.sub(lambda m: colours[m[1]], text)
