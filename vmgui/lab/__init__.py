"""Disposable real hypervisors, and the guest that they boot.

What the guests are told while they run is in :mod:`vmgui.lab.guests`, which alone needs libvirt:
the process that a lab lives in does without.
"""

from vmgui.lab.control import (
    DEFAULT_NAME,
    LEAST_MEMORY_MIB,
    MOST_HOSTS,
    down,
    link,
    problems,
    problems_async,
    restart_daemon,
    status,
    up,
    up_async,
)
from vmgui.lab.definitions import GUEST_MEMORY_MIB
from vmgui.lab.rates import parse_rate, rate_text
from vmgui.lab.records import (
    LabHeartbeat,
    LabHost,
    LabPort,
    LabProblem,
    LabStatus,
    LabUnavailable,
    LabWorkload,
)
from vmgui.lab.switch import Link

__all__ = [
    "DEFAULT_NAME",
    "GUEST_MEMORY_MIB",
    "LEAST_MEMORY_MIB",
    "MOST_HOSTS",
    "LabHeartbeat",
    "LabHost",
    "LabPort",
    "LabProblem",
    "LabStatus",
    "LabUnavailable",
    "LabWorkload",
    "Link",
    "down",
    "link",
    "parse_rate",
    "problems",
    "problems_async",
    "rate_text",
    "restart_daemon",
    "status",
    "up",
    "up_async",
]
