"""Calls that a driver may lack, asked once and then remembered."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import libvirt

from vmgui.hypervisor.errors import is_unsupported

P = ParamSpec("P")
T = TypeVar("T")

_FORBIDDEN = frozenset({libvirt.VIR_ERR_OPERATION_DENIED, libvirt.VIR_ERR_ACCESS_DENIED})


class Lacks:
    """Asks, and notes in ``names`` which calls this connection does not have or not allow."""

    def __init__(self, conn: libvirt.virConnect, names: frozenset[str]) -> None:
        self._conn = conn
        self.names = names

    def ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what ``call`` says, or None where it can't say.

        A figure that is missing costs that figure only; raises libvirtError where the connection
        itself is broken.
        """
        name = call.__qualname__
        if name in self.names:
            return None
        try:
            return call(*args, **kwargs)
        except libvirt.libvirtError as error:
            if is_unsupported(error) or error.get_error_code() in _FORBIDDEN:
                self.names |= {name}
            elif not self._conn.isAlive():
                raise
            return None
