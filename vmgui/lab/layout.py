"""Where one lab keeps its things, and the lock that says whether it is alive.

A lab has two folders: one for its sockets, whose path must be short, and one for everything
else. Both are named after the lab, belong to it alone and go away with it.
"""

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vmgui import places
from vmgui.lab.definitions import peer_uri
from vmgui.lab.processes import child_called, end, start_ticks
from vmgui.lab.records import LabHost, LabPort, LabStatus, LabUnavailable

# struct sockaddr_un holds 108 bytes, the last of which is NUL.
_LONGEST_SOCKET_PATH = 107
DAEMON = "libvirtd"
_LOCK_TRIES = 20
_LOCK_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class HostState:
    """What the supervisor writes down about a host, so that others can find or end it."""

    name: str
    init_pid: int
    init_started_ticks: int
    virt_type: str
    guests: tuple[str, ...]

    def is_alive(self) -> bool:
        """Say whether the process is there, and is the one that was written down."""
        return start_ticks(self.init_pid) == self.init_started_ticks


@dataclass(frozen=True, slots=True)
class LabState:
    """What the supervisor writes down about its lab. The switch is seen like a host."""

    ready: bool
    hosts: tuple[HostState, ...]
    notes: tuple[str, ...]
    memory_mib: int
    switch_pid: int
    switch_started_ticks: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of the lab called ``name``."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", self.name):
            raise LabUnavailable(
                "This lab can't be started.",
                f"“{self.name}” is no name for a lab.",
                "Use up to 31 small letters, digits and dashes.",
            )

    @property
    def state_dir(self) -> Path:
        """The folder of disks, logs and configuration."""
        return places.state_dir() / "lab" / self.name

    @property
    def run_dir(self) -> Path:
        """The folder of sockets."""
        return places.runtime_dir() / "lab" / self.name

    def socket(self, host: str) -> Path:
        """Return the path of a host's libvirt socket."""
        return self.run_dir / host / "libvirt-sock"

    def uri(self, host: str) -> str:
        """Return the libvirt URI of a host, as any libvirt client takes it."""
        return f"qemu+unix:///system?socket={quote(str(self.socket(host)))}"

    def host_dir(self, host: str) -> Path:
        """Return the folder that a host sees as its own places of libvirt."""
        return self.state_dir / host

    @property
    def shared_dir(self) -> Path:
        """The folder of disks that all hosts see at the same place."""
        return self.state_dir / "shared"

    @property
    def beats_dir(self) -> Path:
        """The folder of the socket that the guests' heartbeats come to, seen by all hosts."""
        return self.run_dir / "beats"

    def beat_file(self, guest: str) -> Path:
        """Return the file that keeps what is known of a guest's heartbeat."""
        return self.state_dir / "heartbeats" / f"{guest}.json"

    def serial_log(self, host: str, guest: str) -> Path:
        """Return the file that records what a guest says on its serial console."""
        return self.host_dir(host) / "log" / f"{guest}-serial.log"

    def daemon_log(self, host: str) -> Path:
        """Return the file of what a host's libvirt daemon says."""
        return self.host_dir(host) / "log" / "libvirtd.log"

    def make(self) -> None:
        """Make both folders, for this user only."""
        for folder in (self.state_dir, self.run_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.run_dir.parents[1].stat().st_uid != os.geteuid():
            raise LabUnavailable(
                "The lab has no place for its sockets.",
                f"{self.run_dir.parents[1]} belongs to somebody else.",
                "Set XDG_RUNTIME_DIR to a folder of your own.",
            )
        longest = self.run_dir / "lab-zz" / "libvirt-admin-sock"
        if len(os.fsencode(longest)) > _LONGEST_SOCKET_PATH:
            raise LabUnavailable(
                "The lab has no place for its sockets.",
                f"A path like {longest} is longer than the system allows for a socket.",
                "Set XDG_RUNTIME_DIR to a folder with a shorter path.",
            )

    def write(self, state: LabState) -> None:
        """Write the state down, so that a reader sees the old or the new, never a half."""
        draft = self.state_dir / "state.json.new"
        draft.write_text(json.dumps(asdict(state)))
        draft.replace(self.state_dir / "state.json")

    def read(self) -> LabState | None:
        """Return what was written last, or None where there is no lab."""
        try:
            known: dict[str, Any] = json.loads((self.state_dir / "state.json").read_text())
        except FileNotFoundError:
            return None
        return LabState(
            ready=known["ready"],
            hosts=tuple(
                HostState(**{**host, "guests": tuple(host["guests"])}) for host in known["hosts"]
            ),
            notes=tuple(known["notes"]),
            memory_mib=known["memory_mib"],
            switch_pid=known["switch_pid"],
            switch_started_ticks=known["switch_started_ticks"],
        )

    @property
    def _ports_path(self) -> Path:
        return self.state_dir / "link.json"

    def ports(self) -> dict[str, LabPort]:
        """Return how the hosts are joined, by their names; nothing where they are not linked."""
        try:
            known = json.loads(self._ports_path.read_text())
        except FileNotFoundError:
            return {}
        return {host: LabPort(**port) for host, port in known.items()}

    @contextmanager
    def ports_to_change(self) -> Iterator[dict[str, LabPort]]:
        """Give the ports to whoever changes the link, one at a time; what is in there is kept."""
        folder = os.open(self.state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            ports = self.ports()
            try:
                yield ports
            finally:
                draft = self._ports_path.with_suffix(".new")
                draft.write_text(json.dumps({host: asdict(port) for host, port in ports.items()}))
                draft.replace(self._ports_path)
        finally:
            os.close(folder)

    def status(self) -> LabStatus:
        """Return the lab as it is now; asks the kernel, never libvirt."""
        state = self.read()
        if state is None or self.supervisor_pid() is None:
            return LabStatus(self.name, running=False)
        hosts = []
        ports = self.ports()
        for host in state.hosts:
            pid = child_called(DAEMON, host.init_pid) if host.is_alive() else None
            hosts.append(
                LabHost(
                    name=host.name,
                    uri=self.uri(host.name),
                    peer_uri=peer_uri(host.name),
                    pid=pid,
                    init_pid=host.init_pid,
                    running=pid is not None,
                    virt_type=host.virt_type,
                    guests=host.guests,
                    port=ports.get(host.name),
                )
            )
        return LabStatus(self.name, running=state.ready, hosts=tuple(hosts), notes=state.notes)

    @property
    def _lock_path(self) -> Path:
        return self.state_dir / "lock"

    def lock(self) -> int | None:
        """Take the lab for this process; return the lock's descriptor, None if it is taken.

        The kernel gives the lock back when the process ends in whatever way, so a lab whose
        lock is free has no supervisor.
        """
        for _ in range(_LOCK_TRIES):
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                # Somebody may just be asking whether it is free.
                time.sleep(_LOCK_PAUSE_S)
                continue
            # A lab that is going away may have deleted the file between the two steps.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), self._lock_path.stat()):
                    os.truncate(descriptor, 0)
                    os.write(descriptor, str(os.getpid()).encode())
                    return descriptor
            os.close(descriptor)
        return None

    def supervisor_pid(self) -> int | None:
        """Return the process that keeps the lab alive, or None."""
        try:
            descriptor = os.open(self._lock_path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            written = os.read(descriptor, 20)
            return int(written) if written else None
        finally:
            os.close(descriptor)
        return None

    def sweep(self) -> None:
        """End what is left of this lab and delete its folders; call with the lock held.

        A supervisor that was killed takes its hosts with it, unless one of them was stopped.
        """
        self.sweep_but_lock()
        # The lock's file goes last: as long as it is there, nobody else starts.
        shutil.rmtree(self.state_dir)

    def sweep_but_lock(self) -> None:
        """End and delete the same, but keep the lock for a new lab."""
        state = self.read()
        left = [(host.init_pid, host.init_started_ticks) for host in state.hosts] if state else []
        if state:
            left.append((state.switch_pid, state.switch_started_ticks))
        for pid, started in left:
            if start_ticks(pid) == started:
                end(pid)
        if self.run_dir.exists():
            shutil.rmtree(self.run_dir)
        for entry in list(self.state_dir.iterdir()):
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry != self._lock_path:
                entry.unlink()
