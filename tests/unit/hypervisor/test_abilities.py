"""What a driver lacks is found out once, and a broken connection is never taken for a lack."""

from collections.abc import Callable

import libvirt
import pytest

from vmgui.hypervisor.abilities import Abilities


def libvirt_error(code: int, message: str) -> libvirt.libvirtError:
    made = libvirt.libvirtError(message)
    made.err = (code, 0, message, 2, "", "", "", -1, -1)
    return made


def failing(error: Exception, asked: list[str]) -> Callable[[], int]:
    def call() -> int:
        asked.append("asked")
        raise error

    return call


@pytest.mark.parametrize(
    "code",
    [
        libvirt.VIR_ERR_NO_SUPPORT,
        libvirt.VIR_ERR_OPERATION_DENIED,
        libvirt.VIR_ERR_ACCESS_DENIED,
    ],
)
def test_what_is_lacked_or_forbidden_is_tried_once(code: int) -> None:
    abilities, asked = Abilities(), list[str]()
    call = failing(libvirt_error(code, "no"), asked)

    assert abilities.ask("getSysinfo", call) is None
    assert abilities.ask_if_told("getSysinfo", call) is None
    assert asked == ["asked"]
    assert abilities.missing == {"getSysinfo"}


def test_a_call_that_fails_for_another_reason_is_tried_again() -> None:
    abilities, asked = Abilities(), list[str]()
    call = failing(libvirt_error(libvirt.VIR_ERR_INTERNAL_ERROR, "dmidecode: not found"), asked)

    assert abilities.ask_if_told("getSysinfo", call) is None
    with pytest.raises(libvirt.libvirtError):
        abilities.ask("getSysinfo", call)
    assert len(asked) == 2
    assert not abilities.missing


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (libvirt.VIR_ERR_INTERNAL_ERROR, "internal error: client socket is closed"),
        (libvirt.VIR_ERR_INTERNAL_ERROR, "internal error: received hangup event on socket"),
        (libvirt.VIR_ERR_SYSTEM_ERROR, "Cannot recv data: Connection timed out"),
        (libvirt.VIR_ERR_SYSTEM_ERROR, "End of file while reading data: Input/output error"),
        (libvirt.VIR_ERR_INTERNAL_ERROR, "connection closed due to keepalive timeout"),
    ],
)
def test_a_broken_connection_is_raised_and_no_lack(code: int, message: str) -> None:
    abilities = Abilities()

    with pytest.raises(libvirt.libvirtError):
        abilities.ask_if_told("getSysinfo", failing(libvirt_error(code, message), []))
    assert not abilities.missing
