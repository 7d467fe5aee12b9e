"""Speeds of a link as tc(8) writes them: ``100mbit``, ``12.5mbps``, ``1gibit``, ``64000``."""

import re

from vmgui.lab.records import LabUnavailable

LEAST_BPS = 8_000
MOST_BPS = 100_000_000_000

_FORM = re.compile(r"(\d+(?:\.\d+)?)([a-z]*)")
_PREFIXES: dict[str, int] = {
    "": 1,
    **{prefix: 1000**power for power, prefix in enumerate("kmgt", start=1)},
    **{f"{prefix}i": 1024**power for power, prefix in enumerate("kmgt", start=1)},
}
# tc's "bps" is bytes per second.
_UNITS: dict[str, int] = {
    "": 1,
    **{f"{prefix}bit": factor for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}bps": factor * 8 for prefix, factor in _PREFIXES.items()},
}


def parse_rate(text: str) -> int:
    """Return a rate in bits per second; raises LabUnavailable with the reason where it is none."""
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        raise _refused(f"“{text}” is no rate.")
    amount, unit = found.groups()
    if unit not in _UNITS:
        raise _refused(f"“{text}” has an unknown unit, “{unit}”.")
    rate_bps = round(float(amount) * _UNITS[unit])
    if not LEAST_BPS <= rate_bps <= MOST_BPS:
        least, most = rate_text(LEAST_BPS), rate_text(MOST_BPS)
        raise _refused(f"“{text}” is not between {least} and {most}.")
    return rate_bps


def _refused(why: str) -> LabUnavailable:
    return LabUnavailable(
        "The link's speed can't be set.",
        why,
        "Write a number with a unit of tc(8): kbit, mbit, gbit for bits a second, kbps, mbps, gbps "
        "for bytes a second, kibit or kibps and so on for powers of 1024.",
    )


def rate_text(rate_bps: int) -> str:
    """Return a rate as a person would type it: ``100mbit``."""
    for prefix in ("t", "g", "m", "k"):
        factor = _PREFIXES[prefix]
        if rate_bps >= factor:
            return f"{rate_bps / factor:.10g}{prefix}bit"
    return f"{rate_bps}bit"
