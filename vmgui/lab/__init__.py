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
from vmgui.lab.guests import (
    heartbeat,
    reset_heartbeat,
    set_workload,
    stop_heartbeat,
    usual_workload,
    workload,
)
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
    "heartbeat",
    "link",
    "parse_rate",
    "problems",
    "problems_async",
    "rate_text",
    "reset_heartbeat",
    "restart_daemon",
    "set_workload",
    "status",
    "stop_heartbeat",
    "up",
    "up_async",
    "usual_workload",
    "workload",
]
