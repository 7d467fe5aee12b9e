"""The process that a lab lives and dies with: ``python -m vmgui.lab.supervisor``.

It leaves its starter at once and then says on standard output, a JSON line each, what it does
(``say``), and at last how it ended: ``up``, or ``failed`` with what, why and what_to_do. After
``up`` it closes standard output and stays until SIGTERM or its owner's end. Whatever ends it,
the kernel cuts the hosts' life lines; only a SIGKILL leaves the folders, for the next start.
"""

import argparse
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from vmgui.lab.acceleration import READY, virt_type
from vmgui.lab.definitions import (
    INSIDE_BEATS,
    INSIDE_BOOT,
    INSIDE_LOGS,
    INSIDE_PEERS,
    INSIDE_SHARED,
    INSIDE_SOCKETS,
    HostSpec,
    etc_mounts,
    guest_specs,
    host_name,
    hosts_file,
    write_host,
    write_peers,
    write_shared,
)
from vmgui.lab.heartbeats import Heartbeats
from vmgui.lab.kernel import GuestBoot, guest_boot
from vmgui.lab.layout import DAEMON, HostState, LabState, Layout
from vmgui.lab.namespaces import Namespaces, begin, judge
from vmgui.lab.processes import start_ticks
from vmgui.lab.records import LabUnavailable
from vmgui.lab.requirements import missing_things, program
from vmgui.lab.switch import Switch, address

_BOOT_S = 60
_BOOT_A_GUEST_S = 15
_LOOK_S = 0.05
_TAIL_LINES = 6


class _Stopped(Exception):
    """Somebody asked for the end, or nobody is listening any more."""


def _on_stop(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _tell(**line: Any) -> None:
    """Write a line to whoever started the lab; with nobody there, there is no need of a lab."""
    try:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise _Stopped from None


def _say(sentence: str) -> None:
    _tell(say=sentence)


def _text(log: Path) -> str:
    """Return what is in a log, or nothing while there is none."""
    return log.read_text(errors="replace") if log.exists() else ""


def _tail(log: Path) -> str:
    """Return the end of a log as one line."""
    lines = [line.strip() for line in _text(log).splitlines() if line.strip()]
    return " / ".join(lines[-_TAIL_LINES:]) or "nothing"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How large a lab was asked for."""

    hosts: int
    guests: int
    memory_mib: int

    def is_met_by(self, state: LabState) -> bool:
        """Say whether a lab that is up is of this size."""
        sizes = {len(host.guests) for host in state.hosts}
        return (
            len(state.hosts) == self.hosts
            and sizes == {self.guests}
            and state.memory_mib == self.memory_mib
        )


class _Lab:
    """One lab from its first file to its last."""

    def __init__(self, layout: Layout, wanted: "_Wanted") -> None:
        self._layout = layout
        self._wanted = wanted
        self._switch_space = begin("switch", hold=True)
        self._switch = Switch()
        self._heartbeats: Heartbeats | None = None
        self._running: dict[str, Namespaces] = {}
        self._states: list[HostState] = []
        self._notes: list[str] = []

    def start(self) -> None:
        """Bring all hosts and guests up; returns once each guest has greeted."""
        problems = missing_things()
        if problems:
            raise LabUnavailable.because(problems)
        self._switch_space.settle()
        problems = judge(self._switch_space)
        if problems:
            raise LabUnavailable.because(problems)
        self._switch.make(self._switch_space.init_pid)
        refused = self._switch_space.refused_devices
        boot = guest_boot(_say)
        kind, note = virt_type(boot, refused, self._layout.state_dir, _say)
        if note:
            self._notes.append(note)
        no_tap = refused.get("/dev/net/tun")
        if no_tap:
            self._notes.append(
                f"Guests are not on the hosts' networks: /dev/net/tun can't be opened ({no_tap}). "
                "They have user-mode networking instead. "
                "As root, “chmod 666 /dev/net/tun” is the way out."
            )
        specs = [
            HostSpec(
                lab=self._layout.name,
                name=host_name(index),
                virt_type=kind,
                networked=not no_tap,
                guests=guest_specs(index, self._wanted.hosts, self._wanted.guests),
                memory_mib=self._wanted.memory_mib,
            )
            for index in range(self._wanted.hosts)
        ]
        guests = {guest.name for spec in specs for guest in spec.guests}
        self._heartbeats = Heartbeats(self._layout, guests)
        write_shared(specs, self._layout.shared_dir)
        write_peers((spec.name for spec in specs), self._layout.run_dir)
        for index, spec in enumerate(specs):
            self._start_host(spec, boot)
            self._plug_in(spec.name, index)
        if self._switch.why_not:
            self._notes.append(self._switch.why_not)
        for spec in specs:
            self._await_daemon(spec)
        self._await_guests(specs)
        self._write(ready=True)

    def _start_host(self, spec: HostSpec, boot: GuestBoot) -> None:
        folder = self._layout.host_dir(spec.name)
        write_host(spec, folder, hosts_file(self._addresses()))
        sockets = self._layout.socket(spec.name).parent
        sockets.mkdir(mode=0o700)
        # What libvirt found out about QEMU is good for the next host and the next lab.
        capabilities = boot.folder.with_name("capabilities")
        capabilities.mkdir(exist_ok=True)
        daemon = program(DAEMON)
        assert daemon is not None
        made = begin(
            spec.name,
            [daemon],
            mounts=[
                (folder / "etc", "/etc/libvirt"),
                (folder / "lib", "/var/lib/libvirt"),
                (folder / "log", INSIDE_LOGS),
                (capabilities, "/var/cache/libvirt"),
                (boot.folder, INSIDE_BOOT),
                (sockets, INSIDE_SOCKETS),
                (self._layout.shared_dir, INSIDE_SHARED),
                (self._layout.beats_dir, INSIDE_BEATS),
                (self._layout.run_dir, INSIDE_PEERS),
                *etc_mounts(folder),
            ],
            log=f"{INSIDE_LOGS}/libvirtd.log",
            user_of=self._switch_space.init_pid,
        )
        made.settle()
        if made.failure:
            made.close()
            raise LabUnavailable(
                f"{spec.name} can't be started.",
                f"Its namespaces were refused: {made.failure}.",
                "See whether the folders of libvirt are there: install its daemon anew.",
            )
        self._running[spec.name] = made
        self._states.append(
            HostState(
                name=spec.name,
                init_pid=made.init_pid,
                init_started_ticks=start_ticks(made.init_pid) or 0,
                virt_type=spec.virt_type,
                guests=tuple(guest.name for guest in spec.guests),
            )
        )
        self._write(ready=False)
        _say(f"Started {spec.name}.")

    def _addresses(self) -> dict[str, str]:
        """Return the hosts' addresses by their names; nothing where they aren't linked."""
        if self._switch.why_not:
            return {}
        return {host_name(index): address(index) for index in range(self._wanted.hosts)}

    def _plug_in(self, host: str, index: int) -> None:
        port = self._switch.plug_in(host, index, self._running[host].init_pid)
        if port is not None:
            with self._layout.ports_to_change() as ports:
                ports[host] = port

    def _write(self, *, ready: bool) -> None:
        space = self._switch_space.init_pid
        self._layout.write(
            LabState(
                ready=ready,
                hosts=tuple(self._states),
                notes=tuple(self._notes),
                memory_mib=self._wanted.memory_mib,
                switch_pid=space,
                switch_started_ticks=start_ticks(space) or 0,
            )
        )

    def _await(self, host: str, what: str, timeout_s: float, done: Callable[[], bool]) -> None:
        """Wait until a thing is done; raise LabUnavailable when the host ends or time is up."""
        give_up_at = time.monotonic() + timeout_s
        while not done():
            ended = select.select([self._running[host]], [], [], _LOOK_S)[0]
            if ended or time.monotonic() > give_up_at:
                why = "Its libvirt daemon ended." if ended else f"After {timeout_s:.0f} s it isn't."
                raise self._not_up(what, host, why)

    def _not_up(self, what: str, host: str, why: str) -> LabUnavailable:
        return LabUnavailable(
            f"{what} on {host} is not up.",
            f"{why} The daemon said: {_tail(self._layout.daemon_log(host))}.",
            "If the machine is busy, ask for fewer hosts and guests.",
        )

    def _await_daemon(self, spec: HostSpec) -> None:
        path = str(self._layout.socket(spec.name))

        def answers() -> bool:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                return client.connect_ex(path) == 0

        self._await(spec.name, "The libvirt daemon", _BOOT_S, answers)

    def _await_guests(self, specs: list[HostSpec]) -> None:
        expected = [(spec.name, guest.name) for spec in specs for guest in spec.guests]
        time_s = _BOOT_S + _BOOT_A_GUEST_S * len(expected)
        for number, (host, guest) in enumerate(expected, start=1):
            log = self._layout.serial_log(host, guest)

            def greeted(log: Path = log, host: str = host, guest: str = guest) -> bool:
                if f"autostart VM '{guest}'" in _text(self._layout.daemon_log(host)):
                    raise self._not_up(guest, host, "libvirt refused to start it.")
                return READY in _text(log)

            self._await(host, guest, time_s, greeted)
            _say(f"{guest} is up on {host} ({number} of {len(expected)}).")

    def stay(self, owner: int | None) -> None:
        """Keep the lab until SIGTERM or, where there is an owner, the owner's end."""
        while True:
            hosts = list(self._running.items())
            assert self._heartbeats is not None
            watched: list[Namespaces | socket.socket | int] = [made for _, made in hosts]
            watched += self._heartbeats.sockets()
            if owner is not None:
                watched.append(owner)
            ready = select.select(watched, [], [])[0]
            if owner in ready:
                return
            self._heartbeats.take(ready)
            for name, made in hosts:
                # A daemon that ended says so, and may be started again; silence is the host's end.
                if made in ready and not made.read():
                    self._running.pop(name).close()

    def end(self) -> None:
        """Take everything down: the hosts with all their processes, then the folders."""
        spaces = [*self._running.values(), self._switch_space]
        for made in spaces:
            made.cut()
        for made in spaces:
            made.close()
        self._layout.sweep()


def _leave_starter() -> None:
    """Become a process of its own, whose starter needs not wait for it."""
    if os.fork() > 0:
        os._exit(0)
    os.setsid()
    os.chdir("/")


def _listen_no_more() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.dup2(nothing, sys.stderr.fileno())
    os.close(nothing)


def _owner_descriptor(pid: int | None) -> int | None:
    if pid is None:
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise _Stopped from None


def _run(layout: Layout, wanted: _Wanted, owner_pid: int | None) -> None:
    owner = _owner_descriptor(owner_pid)
    if layout.lock() is None:
        status = layout.status()
        if not status.running:
            raise LabUnavailable(
                "The lab can't be started.", "It is just being started.", "Wait for it."
            )
        state = layout.read()
        if state is None or not wanted.is_met_by(state):
            raise LabUnavailable(
                "The lab can't be started.",
                "It is up already, with other hosts or guests, or with other memory.",
                "Take it down first: vmgui lab down",
            )
        _say("The lab is up already.")
        _tell(up=True)
        return
    layout.sweep_but_lock()
    layout.make()
    lab = _Lab(layout, wanted)
    try:
        lab.start()
        _tell(up=True)
        _listen_no_more()
        lab.stay(owner)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        lab.end()


def main() -> int:
    """Run one lab as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m vmgui.lab.supervisor")
    parser.add_argument("--name", required=True)
    parser.add_argument("--hosts", type=int, required=True)
    parser.add_argument("--guests", type=int, required=True)
    parser.add_argument("--memory", type=int, required=True)
    parser.add_argument("--owner", type=int)
    wanted = parser.parse_args()
    _leave_starter()
    signal.signal(signal.SIGTERM, _on_stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    try:
        size = _Wanted(wanted.hosts, wanted.guests, wanted.memory)
        _run(Layout(wanted.name), size, wanted.owner)
    except _Stopped:
        return 0
    except LabUnavailable as refusal:
        with suppress(_Stopped):
            _tell(failed=[refusal.what, refusal.why, refusal.what_to_do])
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        with suppress(_Stopped):
            _tell(failed=["The lab can't be started.", f"{error}.", "Free what it lacks."])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
