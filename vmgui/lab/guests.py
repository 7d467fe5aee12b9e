"""What a lab's guests are told over their serial console: work, and a heartbeat.

Each call blocks for a second or two, most of it the emulated guest's; a guest is found on
whichever host it runs now. Raises LabUnavailable, or VmguiError where libvirt refuses.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from vmgui.hypervisor.console import ConsoleShell, machine_is_running
from vmgui.lab.heartbeats import read_heartbeat
from vmgui.lab.layout import Layout
from vmgui.lab.records import LabHeartbeat, LabUnavailable, LabWorkload

T = TypeVar("T")

_ANSWER_S = 60.0
_A_MIB_S = 1.0
_LOOK_S = 0.2
_STATE = "cat /var/run/workload-is 2>/dev/null || echo 0 writing 0 0 0"


def workload(lab: str, guest: str) -> LabWorkload:
    """Return what a guest writes, and how fast it really was in the last second."""
    with ConsoleShell(_host_of(lab, guest), guest) as shell:
        return _writing(shell.run(_STATE).split())


def set_workload(lab: str, guest: str, write_mib_s: int, over_mib: int) -> LabWorkload:
    """Have a guest write this much a second over this much memory, and do nothing else.

    With a speed of 0 it rests. It holds until the guest starts again, or :func:`usual_workload`.
    """
    if write_mib_s < 0 or (write_mib_s and over_mib < 1):
        raise LabUnavailable(
            f"{guest} can't work like that.",
            f"{write_mib_s} MiB a second over {over_mib} MiB were asked for.",
            "Ask for 0 or more MiB a second, over at least 1 MiB.",
        )
    order = time.monotonic_ns()
    with ConsoleShell(_host_of(lab, guest), guest) as shell:
        shell.run(f"touch /var/run/rest; echo {order} {write_mib_s} {over_mib} >/var/run/workload")

        def answered() -> list[str] | None:
            words = shell.run(_STATE).split()
            return words if words[0] == str(order) and words[1] != "filling" else None

        told = _await(answered, guest, _ANSWER_S + over_mib * _A_MIB_S)
    if told[1] == "refused":
        raise LabUnavailable(
            f"{guest} can't write over {over_mib} MiB.",
            f"It has {told[2]} MiB of memory free, and needs 8 beside them.",
            "Ask for less, or start the lab with more: vmgui lab up --memory MIB",
        )
    return _writing(told)


def usual_workload(lab: str, guest: str) -> None:
    """Let a guest go back to the little work that it does by itself."""
    with ConsoleShell(_host_of(lab, guest), guest) as shell:
        shell.run(f"echo {time.monotonic_ns()} 0 0 >/var/run/workload; rm -f /var/run/rest")


def heartbeat(lab: str, guest: str) -> LabHeartbeat | None:
    """Return a guest's heartbeat; None where it has none. Reads a small file only."""
    layout = Layout(lab)
    _known(layout, guest)
    return read_heartbeat(layout, guest)


def reset_heartbeat(lab: str, guest: str) -> LabHeartbeat:
    """Begin a guest's heartbeat, or begin it anew, and return it once it is heard."""
    layout = Layout(lab)
    uri = _host_of(lab, guest)
    before_s = time.monotonic()
    with ConsoleShell(uri, guest) as shell:
        shell.run("echo start >/var/run/heartbeat")

    def heard() -> LabHeartbeat | None:
        found = read_heartbeat(layout, guest)
        age_s = time.monotonic() - before_s
        return (
            found if found and found.quiet_ms / 1000 < age_s and found.beats < age_s * 20 else None
        )

    return _await(heard, guest, _ANSWER_S)


def stop_heartbeat(lab: str, guest: str) -> None:
    """End a guest's heartbeat; what was measured stays."""
    with ConsoleShell(_host_of(lab, guest), guest) as shell:
        shell.run("echo stop >/var/run/heartbeat")


def _known(layout: Layout, guest: str) -> list[str]:
    """Return the URIs of the hosts that a guest can be on, its own first."""
    hosts = layout.status().hosts
    if not any(guest in host.guests for host in hosts):
        known = ", ".join(name for host in hosts for name in host.guests)
        raise LabUnavailable(
            f"The lab has no guest “{guest}”.",
            "The lab is not up." if not hosts else "It was not made with one of that name.",
            f"Its guests are {known}." if known else "Start the lab: vmgui lab up",
        )
    return [
        host.uri
        for host in sorted(hosts, key=lambda host: guest not in host.guests)
        if host.running
    ]


def _host_of(lab: str, guest: str) -> str:
    for uri in _known(Layout(lab), guest):
        if machine_is_running(uri, guest):
            return uri
    raise LabUnavailable(f"{guest} can't be told.", "It runs on no host of the lab.", "Start it.")


def _await(answer: Callable[[], T | None], guest: str, patience_s: float) -> T:
    give_up_at = time.monotonic() + patience_s
    while (found := answer()) is None:
        if time.monotonic() > give_up_at:
            raise LabUnavailable(
                f"{guest} did not do it.",
                f"It didn't say so within {patience_s:.0f} s.",
                "Look whether it is running, and whether the machine is busy.",
            )
        time.sleep(_LOOK_S)
    return found


def _writing(words: list[str]) -> LabWorkload:
    return LabWorkload(int(words[2]), int(words[3]), int(words[4]) / 1024)
