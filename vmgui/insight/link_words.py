"""How a connection stands, in the words of a chip and of a bar over a page."""

from dataclasses import dataclass
from typing import Literal

from vmgui.insight.amounts import duration, latency
from vmgui.inventory.host import Host, LinkState

STALE_AFTER_S = 3.0
"""From this age on, figures are called old."""

_STEPS_MISSED = 2.5
"""A poll may take as long as its step and a pause of the same; what is later is missing."""


@dataclass(frozen=True, slots=True)
class LinkWords:
    """What a bar says: ``strong`` first, then ``detail``, then buttons by key and title.

    ``tone`` is warn, dang or info; ``icon`` a state's mark or a Phosphor name.
    """

    tone: Literal["warn", "dang", "info"]
    icon: str
    strong: str
    detail: str
    buttons: tuple[tuple[str, str], ...] = ()


def data_age_s(host: Host, now_monotonic_s: float) -> float | None:
    """Return how old what is shown of a host is, None where it never answered."""
    answered = host.link.answered_at_monotonic_s
    return None if answered is None else max(0.0, now_monotonic_s - answered)


def shown_age_s(host: Host, now_monotonic_s: float) -> float | None:
    """Return the age to show beside a host that doesn't answer, None where there is none.

    A host that has only just fallen silent has none yet, and neither has one that never spoke.
    """
    age_s = data_age_s(host, now_monotonic_s)
    silent = host.link.state in (LinkState.STALLED, LinkState.LOST)
    return age_s if silent and age_s is not None and age_s >= STALE_AFTER_S else None


def are_old(figures_age_s: float, step_s: float) -> bool:
    """Tell whether figures that shall come every ``step_s`` are older than they should be."""
    return figures_age_s > max(STALE_AFTER_S, _STEPS_MISSED * step_s)


def link_chip(host: Host, now_monotonic_s: float) -> tuple[str, str]:
    """Return the mark and the words of a host's chip: running, ``Connected · 3 ms``."""
    link = host.link
    match link.state:
        case LinkState.CONNECTED:
            answer = f" · {latency(link.latency_s)}" if link.latency_s is not None else ""
            return "running", f"Connected{answer}"
        case LinkState.STALLED:
            age = data_age_s(host, now_monotonic_s)
            return "stale", "Stalled" if age is None else f"Stalled · data {duration(age)} old"
        case LinkState.CONNECTING:
            return "unknown", "Connecting"
        case LinkState.LOST:
            return "crashed", "Unreachable"
        case LinkState.REFUSED:
            return "crashed", "Refused"
        case _:
            return "off", "Not connected"


def link_bar(host: Host, now_monotonic_s: float) -> LinkWords | None:
    """Return what is to be said of a connection that isn't as it should be, else None."""
    link, name = host.link, host.name
    since_s = None if link.since_monotonic_s is None else now_monotonic_s - link.since_monotonic_s
    age_s = data_age_s(host, now_monotonic_s)
    match link.state:
        case LinkState.CONNECTED:
            return None
        case LinkState.CONNECTING:
            waits = f"Waiting for: {link.waiting_for}." if link.waiting_for else ""
            lasts = f"Since {duration(since_s)}." if since_s is not None and since_s >= 3 else ""
            stop = (("disconnect", "Stop"),)
            return LinkWords(
                "info", "link-simple", f"Connecting to {name}…", _said(waits, lasts), stop
            )
        case LinkState.STALLED:
            old = "" if age_s is None else f"What you see is {duration(age_s)} old;"
            detail = _said(old, "actions go by old data and wait until it answers.")
            return LinkWords(
                "warn", "stale", f"{name} doesn't answer.", detail, (("retry", "Reconnect"),)
            )
        case LinkState.LOST:
            lasts = "" if since_s is None else f" for {duration(since_s)}"
            strong = f"{name} is unreachable{lasts}."
            detail = _said(link.why, _retry(host, now_monotonic_s))
            return LinkWords("dang", "wifi-slash", strong, detail, (("retry", "Try now"),))
        case LinkState.REFUSED:
            detail = _said(link.why, link.what_to_do)
            ways = (("retry", "Try again"), ("edit", "Edit connection…"))
            return LinkWords("dang", "lock-simple", f"{name} can't be connected.", detail, ways)
        case _:
            connect = (("retry", "Connect"),)
            return LinkWords("info", "wifi-slash", f"{name} isn't connected.", "", connect)


def _retry(host: Host, now_monotonic_s: float) -> str:
    at = host.link.retry_at_monotonic_s
    if at is None:
        return ""
    left_s = at - now_monotonic_s
    return f"Next try in {duration(left_s)}." if left_s >= 0.5 else "Trying now."


def _said(*parts: str) -> str:
    return " ".join(filter(None, parts))
