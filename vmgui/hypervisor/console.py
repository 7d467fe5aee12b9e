"""A shell on a machine's first serial console, for commands that are run and answered.

It blocks, on a connection of its own, so it is for the command line, or for a thread that has
nothing else to do. What the machine prints is its own text: print it escaped.
"""

import re
import time
from types import TracebackType
from typing import Self

import libvirt

from vmgui.hypervisor.errors import CallFailed, CallLate, NotPossibleNow, opening_failed, translate
from vmgui.hypervisor.events import start_event_thread

_CHUNK = 4096
_NOTHING_YET = -2
_LOOK_S = 0.01
_FIRST_ANSWER_S = 2.0


def machine_is_running(uri: str, name: str) -> bool:
    """Tell whether a host runs a machine of this name; raises VmguiError when it can't be asked."""
    conn = _open(uri)
    try:
        running = conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        return any(domain.name() == name for domain in running)
    except libvirt.libvirtError as error:
        raise translate(error, f"Look for {name}") from None
    finally:
        conn.close()


def _open(uri: str) -> libvirt.virConnect:
    start_event_thread()
    try:
        return libvirt.open(uri)
    except libvirt.libvirtError as error:
        raise opening_failed(uri, error, was_asked=False, was_refused=False) from None


class ConsoleShell:
    """A root shell that waits on a serial console: ``with ConsoleShell(uri, name) as shell``.

    Raises NotPossibleNow while somebody else has the console, CallLate when nobody answers.
    """

    def __init__(self, uri: str, name: str, *, patience_s: float = 60.0) -> None:
        self._what = f"Use the console of {name}"
        self._patience_s = patience_s
        self._number = 0
        self._conn = _open(uri)
        try:
            domain = self._conn.lookupByName(name)
            self._stream = self._conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
            domain.openConsole(None, self._stream, 0)
        except libvirt.libvirtError as error:
            self._conn.close()
            if error.get_error_code() == libvirt.VIR_ERR_OPERATION_FAILED:
                raise NotPossibleNow(
                    self._what, "Somebody else has it open.", "Close that console first."
                ) from None
            raise translate(error, self._what) from None

    def __enter__(self) -> Self:
        try:
            self._wait_until_up()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._close()

    def run(self, command: str) -> str:
        """Return what ``command`` prints; raises CallFailed, with that text, where it fails."""
        self._number += 1
        # The console echoes the line, but not the words between which its output stands.
        self._send(f"echo BE''GIN {self._number}; {command}; echo E''ND {self._number} $?\n")
        end = rf"BEGIN {self._number}\r*\n(.*?)END {self._number} (\d+)\r*\n".encode()
        found = self._receive_until(re.compile(end, re.DOTALL), self._patience_s)
        if found is None:
            raise self._late()
        text = found[1].decode(errors="replace").replace("\r", "")
        if found[2] != b"0":
            raise CallFailed(self._what, f"“{command}” failed: {text.strip()}")
        return text

    def _wait_until_up(self) -> None:
        give_up_at = time.monotonic() + self._patience_s
        while time.monotonic() < give_up_at:
            # What stands half written on its line is thrown away first.
            self._send("\x03\necho U''P\n")
            if self._receive_until(re.compile(rb"UP\r*\n"), _FIRST_ANSWER_S):
                return
        raise self._late()

    def _late(self) -> CallLate:
        why = f"Its shell did not answer within {self._patience_s:.0f} s."
        return CallLate(self._what, why, "Look whether the machine is running, and busy.")

    def _close(self) -> None:
        try:
            self._stream.abort()
            self._conn.close()
        except libvirt.libvirtError:
            pass  # the connection broke, or the machine left

    def _send(self, text: str) -> None:
        data = text.encode()
        while data:
            try:
                sent = self._stream.send(data)
            except libvirt.libvirtError as error:
                raise translate(error, self._what) from None
            if sent == _NOTHING_YET:
                time.sleep(_LOOK_S)
            else:
                data = data[sent:]

    def _receive_until(self, end: re.Pattern[bytes], patience_s: float) -> re.Match[bytes] | None:
        told = b""
        give_up_at = time.monotonic() + patience_s
        while not (found := end.search(told)) and time.monotonic() < give_up_at:
            try:
                got: bytes | int = self._stream.recv(_CHUNK)
            except libvirt.libvirtError as error:
                raise translate(error, self._what) from None
            if got == b"":
                raise NotPossibleNow(self._what, "The machine ended, or left for another host.")
            if isinstance(got, bytes):
                told += got
            else:
                time.sleep(_LOOK_S)
        return found
