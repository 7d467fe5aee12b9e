"""Disposable real hypervisors, and the guest that they boot."""

from vmgui.lab.control import (
    DEFAULT_NAME,
    MOST_HOSTS,
    down,
    problems,
    problems_async,
    restart_daemon,
    status,
    up,
    up_async,
)
from vmgui.lab.records import LabHost, LabProblem, LabStatus, LabUnavailable

__all__ = [
    "DEFAULT_NAME",
    "MOST_HOSTS",
    "LabHost",
    "LabProblem",
    "LabStatus",
    "LabUnavailable",
    "down",
    "problems",
    "problems_async",
    "restart_daemon",
    "status",
    "up",
    "up_async",
]
