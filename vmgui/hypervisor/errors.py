"""What can go wrong, in our words.

::

    VmguiError                what, why, what to do; libvirt's own text apart
    ├── ConnectionFailed      the host could not be reached, or said no
    │   └── AuthenticationFailed
    ├── CallLate              no answer within the deadline; it may still come into effect
    ├── ConnectionLost        the connection broke while the call was under way
    ├── Vanished              the object is not there any more
    ├── NotSupported          this driver or this version cannot do it
    ├── NotPossibleNow        the object's state forbids it
    ├── NotAllowed            read-only, or forbidden by the host's rules
    ├── NoSpace               the disk or the pool is full
    ├── UnreadableXml         the host described something in a way that can't be read
    ├── UnfitText             a text that was typed can't be kept by libvirt
    ├── Cancelled             a person cancelled it
    └── CallFailed            libvirt refused for another reason

Each is the environment's fault. A bug of ours is any other exception.
"""

import libvirt


class VmguiError(Exception):
    """What failed, why, and what can be done; ``libvirt_says`` is the library's own text."""

    def __init__(
        self, what: str, why: str = "", what_to_do: str = "", *, libvirt_says: str = ""
    ) -> None:
        told = f"{what.rstrip('.')}: {why}" if why else what
        super().__init__(f"{told} {what_to_do}".rstrip())
        self.what = what
        self.why = why
        self.what_to_do = what_to_do
        self.libvirt_says = libvirt_says


class ConnectionFailed(VmguiError):
    """The host could not be reached, or said no.

    If ``is_final``, trying again by itself won't help; ``was_asked`` tells whether the host
    asked who we are before it said no.
    """

    is_final = False
    was_asked = False


class AuthenticationFailed(ConnectionFailed):
    """The host did not accept who we say we are."""


class CallLate(VmguiError):
    """No answer came within the deadline; the call may still come into effect."""


class ConnectionLost(VmguiError):
    """The connection broke while the call was under way."""


class Vanished(VmguiError):
    """The object is not there any more."""


class NotSupported(VmguiError):
    """This driver, or this version of it, cannot do what was asked."""


class NotPossibleNow(VmguiError):
    """The object's state forbids it."""


class NotAllowed(VmguiError):
    """The connection is read-only, or the host's rules forbid it."""


class NoSpace(VmguiError):
    """A disk or a pool is full."""


class UnreadableXml(VmguiError):
    """The host described something in a way that can't be read."""


class UnfitText(VmguiError):
    """A text that was typed holds characters that libvirt's XML can't."""


class Cancelled(VmguiError):
    """A person cancelled it."""


class CallFailed(VmguiError):
    """libvirt refused for a reason that has no class of its own."""


_GONE = frozenset(
    {
        libvirt.VIR_ERR_NO_DOMAIN,
        libvirt.VIR_ERR_NO_NETWORK,
        libvirt.VIR_ERR_NO_STORAGE_POOL,
        libvirt.VIR_ERR_NO_STORAGE_VOL,
        libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT,
        libvirt.VIR_ERR_NO_DOMAIN_CHECKPOINT,
    }
)
_UNSUPPORTED = frozenset(
    {
        libvirt.VIR_ERR_NO_SUPPORT,
        libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
        libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
        libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
    }
)
_BROKEN = frozenset(
    {libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_INTERNAL_ERROR}
)
_FULL = ("no space left", "disk quota exceeded")
_CUT = (
    "client socket is closed",
    "connection reset",
    "broken pipe",
    "end of file while reading",
    "end of file while writing",
    "cannot recv data",
    "cannot write data",
    "hangup event on socket",
    "error event on socket",
    "keepalive timeout",
)


def is_unsupported(error: libvirt.libvirtError) -> bool:
    """Tell whether ``error`` says that the driver lacks the call altogether."""
    return error.get_error_code() in _UNSUPPORTED


def is_gone(error: libvirt.libvirtError) -> bool:
    """Tell whether ``error`` says that the object is not there any more."""
    return error.get_error_code() in _GONE


def is_busy(error: libvirt.libvirtError) -> bool:
    """Tell whether ``error`` says that a storage pool is left alone while a volume is made in it.

    libvirt has no code of its own for that: the text is that of storagePoolRefresh.
    """
    text = (error.get_error_message() or "").lower()
    code: int = error.get_error_code()
    return code == libvirt.VIR_ERR_INTERNAL_ERROR and "asynchronous jobs running" in text


def is_cut(error: libvirt.libvirtError) -> bool:
    """Tell whether ``error`` says that the connection broke."""
    text = (error.get_error_message() or str(error)).lower()
    return error.get_error_code() in _BROKEN and any(sign in text for sign in _CUT)


def translate(error: libvirt.libvirtError, what: str) -> VmguiError:
    """Return our error for libvirt's ``error``; ``what`` is the sentence of what failed."""
    code = error.get_error_code()
    text = (error.get_error_message() or str(error)).strip()
    lowered = text.lower()
    kind: type[VmguiError] = CallFailed
    why, what_to_do = text, ""
    if is_cut(error):
        kind, why = ConnectionLost, "The connection to the host broke."
        what_to_do = "vmgui connects again by itself; look at the host before you repeat it."
    elif code in _GONE:
        kind, why = Vanished, "It is not there any more: somebody removed or renamed it."
        what_to_do = "Refresh with F5."
    elif code in _UNSUPPORTED:
        kind, why = NotSupported, f"This host cannot do it: {text}"
    elif code == libvirt.VIR_ERR_OPERATION_INVALID:
        kind, why = NotPossibleNow, f"The state of the machine forbids it: {text}"
    elif code in (libvirt.VIR_ERR_OPERATION_DENIED, libvirt.VIR_ERR_ACCESS_DENIED):
        kind, why = NotAllowed, f"The host does not allow it: {text}"
        what_to_do = "Connect with an account that may change machines."
    elif code == libvirt.VIR_ERR_OPERATION_TIMEOUT:
        kind, why = CallLate, "The machine is busy with another job, or hangs."
        what_to_do = "Wait for the other job, or force the machine off."
    elif any(sign in lowered for sign in _FULL):
        kind, why = NoSpace, f"There is no space left: {text}"
        what_to_do = "Free space on the host, then try again."
    elif code in (libvirt.VIR_ERR_AUTH_FAILED, libvirt.VIR_ERR_AUTH_CANCELLED):
        kind, why = AuthenticationFailed, text
    return kind(what, why, what_to_do, libvirt_says=f"{text} (error {code})")


_NO_URI = "unable to parse uri"
_SIGNS: tuple[tuple[str, type[ConnectionFailed], str, str], ...] = (
    # what libvirt's text contains, what it is, why, what to do
    (
        "command not found", ConnectionFailed,
        "The host has no libvirt, or no program to reach its socket.",
        "Install libvirt and netcat there.",
    ),
    (
        ": not found", ConnectionFailed,
        "The host has no libvirt, or no program to reach its socket.",
        "Install libvirt and netcat there.",
    ),
    (
        "no polkit agent", AuthenticationFailed,
        "This account may not manage the host's system machines.",
        "Add yourself to the group libvirt (sudo usermod -aG libvirt $USER), or use qemu:///session.",
    ),
    # Before what is about names and passwords: libvirt calls this failed authentication too.
    (
        "certificate", AuthenticationFailed,
        "The TLS certificates of this computer and the host do not match.",
        "Check the files in /etc/pki/libvirt and /etc/pki/CA on both sides.",
    ),
    (
        "authentication", AuthenticationFailed,
        "The host did not accept the name or the password.", "Try again with other credentials.",
    ),
    (
        "permission denied (", AuthenticationFailed,
        "The host's ssh server did not let you in.",
        "Check the user name, and that your key or password is known there.",
    ),
    (
        "permission denied", AuthenticationFailed,
        "This account may not use the libvirt daemon's socket.",
        "Add yourself to the group libvirt (sudo usermod -aG libvirt $USER) and log in again.",
    ),
    (
        "host key verification failed", AuthenticationFailed,
        "The host's ssh key is not the one that is known, or was not accepted.",
        "Compare its fingerprint with the host's own, then correct ~/.ssh/known_hosts.",
    ),
    (
        _NO_URI, ConnectionFailed,
        "That is no URI that libvirt understands.",
        "A URI looks like qemu:///system or qemu+ssh://user@host/system.",
    ),
    (
        "no connection driver available", ConnectionFailed,
        "libvirt knows no such hypervisor, or its driver is not installed.",
        "Check the first part of the URI, such as qemu, xen, lxc or test.",
    ),
    (
        "failed to connect socket", ConnectionFailed,
        "No libvirt daemon listens there.",
        "Start it (sudo systemctl start libvirtd), or check the socket's path in the URI.",
    ),
    (
        "connection refused", ConnectionFailed,
        "No libvirt daemon listens there.", "Start it on the host, or check the port.",
    ),
    (
        "unable to resolve", ConnectionFailed,
        "The host's name is not known.", "Check its spelling, or use its address.",
    ),
    (
        "could not resolve", ConnectionFailed,
        "The host's name is not known.", "Check its spelling, or use its address.",
    ),
)  # fmt: skip
_HOPELESS = frozenset(
    {
        libvirt.VIR_ERR_NO_CONNECT,
        libvirt.VIR_ERR_INVALID_ARG,
        libvirt.VIR_ERR_XML_ERROR,
        libvirt.VIR_ERR_AUTH_CANCELLED,
        libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
    }
)


def opening_failed(
    uri: str, error: libvirt.libvirtError, *, was_asked: bool, was_refused: bool
) -> ConnectionFailed:
    """Return why ``uri`` could not be opened, and what to do."""
    text = (error.get_error_message() or str(error)).strip()
    code = error.get_error_code()
    kind: type[ConnectionFailed] = ConnectionFailed
    why, what_to_do = text, "Check the URI and that the host is up."
    # ssh says so after each wrong password, also where the next one was right.
    told = text.lower().replace("permission denied, please try again", "")
    for sign, its_kind, its_why, its_advice in _SIGNS:
        if sign in told:
            kind, why, what_to_do = its_kind, its_why, its_advice
            break
    if was_refused or code == libvirt.VIR_ERR_AUTH_CANCELLED:
        kind, why, what_to_do = AuthenticationFailed, "Its question was not answered.", "Try again."
    failure = kind(
        f"{uri} can't be opened.", why, what_to_do, libvirt_says=f"{text} (error {code})"
    )
    failure.was_asked = was_asked
    failure.is_final = code in _HOPELESS or kind is AuthenticationFailed or _NO_URI in text.lower()
    return failure
