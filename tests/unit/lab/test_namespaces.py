import subprocess
from collections.abc import Iterator

import pytest

from vmgui.lab.namespaces import Namespaces, judge

_PROCESS, _DEVICES = b'{"init_pid": 42}', b'{"devices": {"/dev/net/tun": "Permission denied"}}'


@pytest.fixture
def made() -> Iterator[Namespaces]:
    with subprocess.Popen(
        ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        yield Namespaces(process)


@pytest.mark.parametrize("lines", [(_PROCESS, _DEVICES), (_DEVICES, _PROCESS)])
def test_they_are_made_when_both_ends_have_spoken(
    made: Namespaces, lines: tuple[bytes, bytes]
) -> None:
    assert [made.take(line) and made.settled for line in lines] == [False, True]
    assert made.init_pid == 42
    assert made.refused_devices == {"/dev/net/tun": "Permission denied"}
    assert judge(made) == ()


def test_a_refusal_settles_it(made: Namespaces) -> None:
    assert made.take(b'{"failed": "making a user namespace: Operation not permitted"}')
    assert made.settled
    (problem,) = judge(made)
    assert "Operation not permitted" in problem.why
    assert problem.what_to_do


def test_an_end_without_a_word_is_a_refusal_too(made: Namespaces) -> None:
    assert not made.take(b"")
    assert made.settled
    assert "without a reason" in judge(made)[0].why
