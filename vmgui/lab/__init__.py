"""Disposable real hypervisors, and the guest that they boot."""

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
from vmgui.lab.records import LabHost, LabPort, LabProblem, LabStatus, LabUnavailable

__all__ = [
    "DEFAULT_NAME",
    "GUEST_MEMORY_MIB",
    "LEAST_MEMORY_MIB",
    "MOST_HOSTS",
    "LabHost",
    "LabPort",
    "LabProblem",
    "LabStatus",
    "LabUnavailable",
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
