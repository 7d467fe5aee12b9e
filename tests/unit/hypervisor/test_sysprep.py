"""virt-sysprep's own program is large; here a stand-in notes what it is told."""

from pathlib import Path

import pytest

from vmgui.hypervisor.errors import CallFailed, NotSupported
from vmgui.hypervisor.sysprep import sysprep


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "virt-sysprep"


def stand_in(program: Path, ends: int) -> None:
    program.write_text(f'#!/bin/sh\necho "$@" >"{program}.told"\necho no luck >&2\nexit {ends}\n')
    program.chmod(0o755)


def told(program: Path) -> str:
    return Path(f"{program}.told").read_text()


async def test_it_is_told_the_disks_the_name_and_no_more_than_that(program: Path) -> None:
    stand_in(program, 0)
    await sysprep(("/a b", "/c"), "pc-07", "It failed.")
    assert told(program) == (
        "--quiet --operations ssh-hostkeys,machine-id,dhcp-client-state,customize"
        " --hostname pc-07 --add /a b --add /c\n"
    )


async def test_its_own_words_say_why_it_failed(program: Path) -> None:
    stand_in(program, 1)
    with pytest.raises(CallFailed, match="no luck"):
        await sysprep(("/a",), "pc-07", "It failed.")


async def test_without_the_program_it_says_so(tmp_path: Path, program: Path) -> None:
    with pytest.raises(NotSupported, match="not installed"):
        await sysprep(("/a",), "pc-07", "It failed.")
