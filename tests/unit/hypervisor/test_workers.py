import threading
from functools import partial

import pytest

from vmgui.hypervisor.workers import Workers, run_apart

pytestmark = pytest.mark.usefixtures("no_thread_stays")


def test_what_a_person_asked_for_goes_ahead_of_polling() -> None:
    workers = Workers("test", threads=1)
    gate, order = threading.Event(), list[str]()
    workers.submit(gate.wait, urgent=False)
    polls = [workers.submit(partial(order.append, f"poll {n}"), urgent=False) for n in (1, 2)]
    click = workers.submit(lambda: order.append("click"), urgent=True)
    gate.set()
    for future in (*polls, click):
        future.result(timeout=10)
    workers.stop()
    assert order == ["click", "poll 1", "poll 2"]


def test_a_call_that_is_given_up_before_its_turn_never_runs() -> None:
    workers = Workers("test", threads=1)
    gate, ran = threading.Event(), list[int]()
    workers.submit(gate.wait, urgent=False)
    given_up = workers.submit(lambda: ran.append(1), urgent=False)
    assert given_up.cancel()
    gate.set()
    workers.submit(lambda: None, urgent=False).result(timeout=10)
    workers.stop()
    assert not ran


def test_an_exception_reaches_the_caller_and_the_thread_goes_on() -> None:
    workers = Workers("test", threads=1)
    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 // 0, urgent=False).result(timeout=10)
    assert workers.submit(lambda: 7, urgent=False).result(timeout=10) == 7
    workers.stop()


def test_a_long_call_has_a_thread_of_its_own() -> None:
    assert run_apart("long", threading.current_thread).result(timeout=10).name == "long"
