"""The virtual switch that joins a lab's hosts: a bridge, and a cable from it to each host.

The bridge has a network namespace of its own, made by ``host_init.py`` like a host's, so it ends
with the lab as a host does, and nothing of it is on the machine outside. It comes first: for an
ordinary user the hosts live in its user namespace, whose root may lay a cable (veth(4)) from one
network namespace to another. That root is whoever started the lab, so the link is steered from
any process of theirs, by ``nsenter``, ``ip`` and ``tc``, while it is used.

A rate holds for both directions of a host's cable (tc-tbf(8) at either end). Cut means that the
switch's end is down: the host sees no carrier, and its connections wait for it to come back.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace

from vmgui.lab.layout import Layout
from vmgui.lab.records import LabPort, LabUnavailable
from vmgui.lab.requirements import SEARCH_PATH, missing_program, program

_BRIDGE = "switch"
_PORT_INSIDE = "lab0"
_NETWORK = "10.86.0"
_PREFIX_LENGTH = 24
# A bucket of 10 ms, never smaller than the largest packet that a veth hands over; what comes
# faster waits for up to 0.1 s, then is dropped, as a real switch would.
_LEAST_BURST_BYTES = 65_536
_BURSTS_A_SECOND = 100
_LATENCY = "100ms"


class _Refused(Exception):
    """A step that the kernel or a tool refused; the message says why."""


def address(host_index: int) -> str:
    """Return the address of a host on the switch: ``10.86.0.1`` for the first."""
    return f"{_NETWORK}.{host_index + 1}"


def _run(inside: int, *command: str, lines: str = "") -> None:
    """Run a tool in the network namespace of a process; raise _Refused with its complaint."""
    where = ["nsenter", f"--net=/proc/{inside}/ns/net"]
    if os.geteuid() != 0:
        where.insert(1, f"--user=/proc/{inside}/ns/user")
    try:
        done = subprocess.run(
            [*where, *command],
            input=lines,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            env={"PATH": SEARCH_PATH, "LC_ALL": "C"},
        )
    except OSError as error:
        raise _Refused(f"{error.strerror}: {error.filename}") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise _Refused(said[0] if said else f"{command[0]} failed")


class Switch:
    """The switch while its lab is started: made once, then a cable for each host.

    ``why_not`` is empty, or the sentence that says why this lab's hosts aren't linked. Nothing
    here raises: a lab without a link is a lab.
    """

    def __init__(self) -> None:
        self._init_pid = 0
        self.why_not = ""

    def make(self, init_pid: int) -> None:
        """Make the bridge in the network namespace of this process, as seen from outside."""
        self._init_pid = init_pid
        for tool in ("ip", "tc", "nsenter"):
            if not program(tool):
                self._give_up(missing_program(tool))
                return
        try:
            _run(
                init_pid,
                *("ip", "-batch", "-"),
                lines=f"link add {_BRIDGE} type bridge stp_state 0 forward_delay 0\n"
                f"link set {_BRIDGE} up\n",
            )
        except _Refused as refusal:
            self._give_up(f"The kernel refused a bridge: {refusal}.")

    def plug_in(self, host: str, index: int, init_pid: int) -> LabPort | None:
        """Lay a cable to a host and give it its address; None where the lab is unlinked."""
        if self.why_not:
            return None
        try:
            _run(
                self._init_pid,
                *("ip", "-batch", "-"),
                lines=f"link add {host} type veth peer name {_PORT_INSIDE} netns {init_pid}\n"
                f"link set {host} master {_BRIDGE}\nlink set {host} up\n",
            )
            _run(
                init_pid,
                *("ip", "-batch", "-"),
                lines=f"address add {address(index)}/{_PREFIX_LENGTH} dev {_PORT_INSIDE}\n"
                f"link set {_PORT_INSIDE} up\n",
            )
        except _Refused as refusal:
            self._give_up(f"The kernel refused a cable to {host}: {refusal}.")
            return None
        return LabPort(address=address(index), joined=True, rate_bps=None)

    def _give_up(self, why: str) -> None:
        self.why_not = f"The hosts are not linked, so nothing migrates between them by TCP. {why}"


class Link:
    """The switch of a lab that is up: its speed, and whether it carries anything.

    Each call blocks for some 20 ms, is over when it holds, and raises LabUnavailable where it
    can't. ``host`` names one host's cable; without it, all are meant.
    """

    def __init__(self, name: str) -> None:
        self._layout = Layout(name)

    def ports(self) -> dict[str, LabPort]:
        """Return how each host is joined, by the host's name."""
        status = self._layout.status()
        if not status.running:
            raise LabUnavailable(
                "There is no link.", "The lab is not up.", "Start it with: vmgui lab up"
            )
        linked = {host.name: host.port for host in status.hosts if host.port is not None}
        if not linked:
            why = next((note for note in status.notes if "not linked" in note), "")
            raise LabUnavailable("There is no link.", why, "Start the lab again once it can be.")
        return linked

    def port(self, host: str) -> LabPort:
        """Return how one host is joined."""
        ports = self.ports()
        if host not in ports:
            raise LabUnavailable(
                "There is no such link.",
                f"This lab has no host “{host}”.",
                f"Its hosts are {', '.join(ports)}.",
            )
        return ports[host]

    def set_rate(self, rate_bps: int | None, host: str | None = None) -> dict[str, LabPort]:
        """Limit the speed, in bits per second; None lifts the limit. Returns the ports."""
        return self._set(host, lambda port: replace(port, rate_bps=rate_bps))

    def cut(self, host: str | None = None) -> dict[str, LabPort]:
        """Pull the cable out. Returns the ports."""
        return self._set(host, lambda port: replace(port, joined=False))

    def join(self, host: str | None = None) -> dict[str, LabPort]:
        """Plug the cable in again. Returns the ports."""
        return self._set(host, lambda port: replace(port, joined=True))

    def _set(self, host: str | None, changed: Callable[[LabPort], LabPort]) -> dict[str, LabPort]:
        meant = list(self.ports()) if host is None else [host]
        if host is not None:
            self.port(host)
        state = self._layout.read()
        assert state is not None
        inside = {each.name: each.init_pid for each in state.hosts}
        with self._layout.ports_to_change() as ports:
            for name in meant:
                wanted = changed(ports[name])
                try:
                    _apply(name, ports[name], wanted, state.switch_pid, inside[name])
                except _Refused as refusal:
                    raise LabUnavailable(
                        f"The link of {name} can't be changed.",
                        f"The kernel refused: {refusal}.",
                        "Look whether the host is running: vmgui lab status",
                    ) from None
                ports[name] = wanted
            return dict(ports)


def _apply(name: str, now: LabPort, wanted: LabPort, switch_pid: int, host_pid: int) -> None:
    if wanted.joined != now.joined:
        _run(switch_pid, "ip", "link", "set", name, "up" if wanted.joined else "down")
    if wanted.rate_bps != now.rate_bps:
        for inside, device in ((switch_pid, name), (host_pid, _PORT_INSIDE)):
            _run(inside, "tc", "qdisc", *_shape(device, wanted.rate_bps))


def _shape(device: str, rate_bps: int | None) -> tuple[str, ...]:
    """Return tc's words for a device that sends at this rate; a new rate keeps what waits."""
    if rate_bps is None:
        return ("del", "dev", device, "root")
    burst = max(_LEAST_BURST_BYTES, rate_bps // 8 // _BURSTS_A_SECOND)
    return (
        *("replace", "dev", device, "root", "tbf", "rate", f"{rate_bps}bit"),
        *("burst", f"{burst}b", "latency", _LATENCY),
    )
