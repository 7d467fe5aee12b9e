"""What a connection's driver turned out to lack."""

from collections.abc import Callable
from typing import TypeVar

import libvirt

from vmgui.hypervisor.errors import is_cut, is_unsupported

T = TypeVar("T")

_FORBIDDEN = frozenset({libvirt.VIR_ERR_OPERATION_DENIED, libvirt.VIR_ERR_ACCESS_DENIED})


class Abilities:
    """Remembers for one connection which calls its driver lacks; each is found out by trying.

    It only grows, so that the threads of a connection can share it: two that try the same call
    at once find out the same thing twice.
    """

    def __init__(self) -> None:
        self._missing: set[str] = set()

    @property
    def missing(self) -> frozenset[str]:
        """Return the names of the calls that are lacked or forbidden, as the binding has them."""
        return frozenset(self._missing)

    def ask(self, name: str, call: Callable[[], T]) -> T | None:
        """Return what ``call`` gives, or None where the driver lacks or forbids ``name``.

        Such a call isn't tried again. Other errors of libvirt are raised.
        """
        if name in self._missing:
            return None
        try:
            return call()
        except libvirt.libvirtError as error:
            if not is_unsupported(error) and error.get_error_code() not in _FORBIDDEN:
                raise
            self.remember_missing(name)
            return None

    def remember_missing(self, name: str) -> None:
        """Note that ``name``, a call or what else was tried, is not to be tried again."""
        self._missing.add(name)

    def ask_if_told(self, name: str, call: Callable[[], T]) -> T | None:
        """Return what ``call`` gives, or None where the host doesn't tell, for any reason.

        For facts and figures that the rest can do without: a driver may have a call and still
        fail it, as for want of a program. Raises only where the connection broke.
        """
        try:
            return self.ask(name, call)
        except libvirt.libvirtError as error:
            if is_cut(error):
                raise
            return None
