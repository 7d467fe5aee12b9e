"""Process 1 of a disposable hypervisor: makes its namespaces, starts the daemon, reaps.

Run by its path with a :class:`vmgui.lab.supervisor` at the other end, never imported there: it
needs the standard library alone, so that each host costs few pages and starts at once::

    python -I host_init.py '{"name": "lab-a", "mounts": [["/from", "/to"]], "argv": [...]}'

With no ``argv`` it ends once all is made; with ``hold`` it stays, and starts nothing. With
``user_of``, the pid of another's process 1, it lives in that one's user namespace, which then
has power over its network.

Standard input is the life line: when its other end is closed, by whatever death, the host ends.
Standard output carries JSON lines: ``init_pid`` (as seen outside), ``devices`` (which of them
can't be opened and why), ``failed``, ``ended`` (the daemon's exit status). SIGUSR1 starts the
daemon again where there is none.

The namespaces are the recipe of unshare(1) with ``-r --map-auto -m -u -i -n -p -f``, done here
because older releases of that program lack ``--map-auto``, and because process 1 must reap.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

# <linux/sched.h>, <linux/mount.h>, <linux/sockios.h>, <linux/if.h>
_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x2, 0x4, 0x8
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1

_DEVICES = ("/dev/kvm", "/dev/net/tun")

_libc = ctypes.CDLL(None, use_errno=True)


class _Failed(Exception):
    """A step that the kernel or a tool refused; the message says which and why."""


def _check(result: int, step: str) -> None:
    if result != 0:
        raise _Failed(f"{step}: {os.strerror(ctypes.get_errno())}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    arguments = (source.encode(), target.encode(), kind.encode() if kind else None)
    _check(_libc.mount(*arguments, ctypes.c_ulong(flags), data.encode()), f"mounting {target}")


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _map_ids(of: int, uid_range: list[int], gid_range: list[int]) -> str:
    """Map 0 to the user and 1… to the ranges of /etc/subuid and /etc/subgid; say what failed."""
    for tool, own, (first, count) in (
        ("newuidmap", os.getuid(), uid_range),
        ("newgidmap", os.getgid(), gid_range),
    ):
        mapping = ["0", str(own), "1", "1", str(first), str(count)]
        done = subprocess.run([tool, str(of), *mapping], check=False, capture_output=True)
        if done.returncode != 0:
            return done.stderr.decode(errors="replace").strip() or f"{tool} failed"
    return ""


def _enter_user_namespace(uid_range: list[int], gid_range: list[int]) -> None:
    """Become root of a user namespace; a child outside of it writes the map."""
    entered, tell_entered = os.pipe()
    mapped, tell_mapped = os.pipe()
    parent = os.getpid()
    if os.fork() == 0:
        os.close(tell_entered)
        os.read(entered, 1)
        os.write(tell_mapped, _map_ids(parent, uid_range, gid_range).encode())
        os._exit(0)
    os.close(tell_mapped)
    _check(_libc.unshare(_NEWUSER), "making a user namespace")
    os.close(tell_entered)
    complaint = os.read(mapped, 4096).decode()
    os.wait()
    if complaint:
        raise _Failed(f"mapping the user's range of identities: {complaint}")
    _become_root()


def _join_user_namespace(of: int) -> None:
    """Become root of the user namespace that a process of this user made before."""
    namespace = os.open(f"/proc/{of}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    _check(_libc.setns(namespace, _NEWUSER), "joining the lab's user namespace")
    os.close(namespace)
    _become_root()


def _become_root() -> None:
    os.setgroups([0])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _make_place(target: Path) -> None:
    """Make ``target`` a folder that can be mounted on, in this namespace alone.

    Some packages leave it to the daemon to make its folders, and in a user namespace nobody may
    make one in the system's. So what is there moves, entry by entry, into a tmpfs over it.
    """
    if target.exists():
        return
    over = next(parent for parent in target.parents if parent.is_dir())
    below = os.open(over, os.O_PATH | os.O_DIRECTORY)
    before = list(over.iterdir())
    _mount("tmpfs", str(over), "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755")
    for entry in before:
        _move_up(f"/proc/self/fd/{below}/{entry.name}", entry)
    os.close(below)
    target.mkdir(parents=True)


def _move_up(source: str, entry: Path) -> None:
    if Path(source).is_symlink():
        entry.symlink_to(Path(source).readlink())
        return
    if Path(source).is_dir():
        entry.mkdir()
    else:
        entry.touch()
    try:
        _mount(source, str(entry), None, _MS_BIND | _MS_REC)
    except _Failed:
        if os.path.lexists(source):
            raise
        # It went meanwhile, as a log that is rotated does. What stands for it is empty.


def _furnish(name: str, mounts: list[list[str]]) -> None:
    """Give the host its name, its loopback and its own places of libvirt."""
    socket.sethostname(name)
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    for source, target in mounts:
        _make_place(Path(target))
        _mount(source, target, None, _MS_BIND | _MS_REC)
    _mount("tmpfs", "/run", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755")
    # libvirt locks a console there.
    Path("/run/lock").mkdir()
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    # The old one shows the interfaces outside. Where a container forbids a new one libvirt
    # goes on without.
    _libc.mount(b"sysfs", b"/sys", b"sysfs", ctypes.c_ulong(_MS_NOSUID | _MS_NODEV), None)
    _raise_loopback()


def _refusals() -> dict[str, str]:
    """Return the devices that can't be opened here, with the reason."""
    refused = {}
    for device in _DEVICES:
        try:
            os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
        except OSError as error:
            refused[device] = os.strerror(error.errno or 0)
    return refused


class _Host:
    """The loop of process 1."""

    def __init__(self, argv: list[str], log: str, *, once: bool) -> None:
        self._argv = argv
        self._log = log
        self._once = once
        self._daemon: int | None = None
        self._wanted = True

    def run(self) -> None:
        """Return when the life line is cut, or after one daemon's end where once is enough."""
        awake, wake = os.pipe()
        os.set_blocking(awake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGUSR1, self._on_wanted)
        life_line = sys.stdin.fileno()
        while True:
            if self._wanted:
                self._wanted = False
                self._reap()
                if self._daemon is None:
                    self._start()
                elif self._is_ending():
                    # To whoever asks for another it is gone already, but only the end of its
                    # last thread, which tells us, lets it be reaped.
                    self._wanted = True
            ready = select.select([life_line, awake], [], [])[0]
            if life_line in ready and not os.read(life_line, 1):
                return
            if awake in ready:
                os.read(awake, 512)
                if self._reap() and self._once:
                    return

    def _on_wanted(self, *_: Any) -> None:
        self._wanted = True

    def _start(self) -> None:
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        self._daemon = os.posix_spawn(
            self._argv[0],
            self._argv,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsigdef=[signal.SIGPIPE],
        )
        os.close(log)
        os.close(nothing)

    def _is_ending(self) -> bool:
        """Tell whether the daemon is past its end but not reaped (proc(5))."""
        if self._daemon is None:
            return False
        try:
            stat = Path(f"/proc/{self._daemon}/stat").read_text(errors="replace")
        except OSError:
            return True
        return stat.rpartition(")")[2].split()[0] in "ZX"

    def _reap(self) -> bool:
        """Collect every ended process; say whether the daemon was among them."""
        ended = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return ended
            if pid == 0:
                return ended
            if pid == self._daemon:
                self._daemon = None
                ended = True
                _say(ended=os.waitstatus_to_exitcode(status))


def main(wanted: dict[str, Any]) -> int:
    """Make the namespaces as asked, be their process 1, and return an exit status."""
    try:
        if wanted["uid_range"] and wanted["user_of"]:
            _join_user_namespace(wanted["user_of"])
        elif wanted["uid_range"]:
            _enter_user_namespace(wanted["uid_range"], wanted["gid_range"])
        _check(
            _libc.unshare(_NEWNS | _NEWUTS | _NEWIPC | _NEWNET | _NEWPID), "making the namespaces"
        )
    except (_Failed, OSError) as failure:
        _say(failed=str(failure))
        return 1
    init = os.fork()
    if init > 0:
        _say(init_pid=init)
        os.close(0)
        return os.waitstatus_to_exitcode(os.waitpid(init, 0)[1])
    try:
        _furnish(wanted["name"], wanted["mounts"])
        _say(devices=_refusals())
        if wanted["argv"]:
            _Host(wanted["argv"], wanted["log"], once=wanted["once"]).run()
        elif wanted["hold"]:
            os.read(sys.stdin.fileno(), 1)
    except (_Failed, OSError) as failure:
        _say(failed=str(failure))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
