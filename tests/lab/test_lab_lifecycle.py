"""A lab comes, is found, is shared and goes; and nothing of it stays, whoever dies first."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.conftest import Traces
from tests.lab_fixture import eventually
from vmgui import lab
from vmgui.lab import LabUnavailable
from vmgui.lab.layout import Layout

pytestmark = pytest.mark.lab

_TREE = Path(__file__).parents[2]


def test_down_leaves_nothing(lab_name: str) -> None:
    said: list[str] = []
    status = lab.up(1, 1, said.append, name=lab_name)
    assert status.running
    assert "web-01 is up on lab-a (1 of 1)." in said
    traces = Traces(lab_name)
    # The supervisor, the two processes that hold the host and the switch each, libvirtd, dnsmasq,
    # QEMU.
    assert len(traces.processes()) >= 8
    assert traces.mounts()
    assert len(traces.folders()) == 2
    lab.down(lab_name)
    traces.assert_gone()
    assert not lab.status(lab_name).running
    lab.down(lab_name)


def test_a_lab_without_guests_is_hosts_alone(lab_name: str) -> None:
    status = lab.up(3, 0, name=lab_name)
    assert [host.name for host in status.hosts] == ["lab-a", "lab-b", "lab-c"]
    assert all(host.running and host.guests == () for host in status.hosts)


def test_up_again_finds_the_lab_and_changes_nothing(lab_name: str) -> None:
    first = lab.up(1, 0, name=lab_name)
    assert lab.up(1, 0, name=lab_name) == first
    with pytest.raises(LabUnavailable, match="up already"):
        lab.up(2, 0, name=lab_name)
    assert lab.status(lab_name) == first


def test_labs_live_side_by_side(lab_name: str) -> None:
    other = f"{lab_name}-b"
    try:
        first, second = lab.up(1, 0, name=lab_name), lab.up(1, 0, name=other)
        assert first.hosts[0].uri != second.hosts[0].uri
        lab.down(other)
        assert lab.status(lab_name) == first
    finally:
        lab.down(other)


def test_a_lab_ends_with_its_owner(lab_name: str) -> None:
    script = (
        "import os, signal\n"
        "from vmgui import lab\n"
        f"lab.up(1, 0, name={lab_name!r}, owner_pid=os.getpid())\n"
        "print('up', flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=_TREE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        traces = Traces(lab_name)
        owner.kill()
    traces.await_gone()


def test_a_killed_supervisor_takes_the_processes_along(lab_name: str) -> None:
    lab.up(1, 1, name=lab_name)
    traces = Traces(lab_name)
    _kill_supervisor(lab_name)
    eventually(lambda: not traces.processes(), "the kernel ends the host")
    assert not traces.mounts()
    assert not lab.status(lab_name).running
    lab.down(lab_name)
    traces.assert_gone()


def test_the_next_up_sweeps_after_a_crash(lab_name: str) -> None:
    crashed = lab.up(2, 0, name=lab_name).hosts[0]
    state = Layout(lab_name).read()
    assert state is not None
    # A stopped process 1 can't see that its supervisor died: the worst that can be left.
    for pid in (crashed.init_pid, state.switch_pid):
        os.kill(pid, signal.SIGSTOP)
    traces = Traces(lab_name)
    _kill_supervisor(lab_name)
    assert {crashed.init_pid, state.switch_pid} <= set(traces.processes())
    status = lab.up(1, 0, name=lab_name)
    assert [host.name for host in status.hosts] == ["lab-a"]
    assert not traces.processes()
    assert not Layout(lab_name).host_dir("lab-b").exists()


def test_a_start_that_is_broken_off_leaves_nothing(lab_name: str) -> None:
    traces: list[Traces] = []

    def break_off(sentence: str) -> None:
        if sentence == "Started lab-b.":
            traces.append(Traces(lab_name))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.up(2, 1, break_off, name=lab_name)
    traces[0].await_gone()


def test_a_host_whose_namespaces_end_is_seen_as_gone(lab_name: str) -> None:
    status = lab.up(2, 0, name=lab_name)
    os.kill(status.hosts[0].init_pid, signal.SIGKILL)
    eventually(lambda: not lab.status(lab_name).hosts[0].running, "lab-a is gone")
    assert lab.status(lab_name).hosts[1].running


async def test_the_loop_goes_on_while_a_lab_starts(lab_name: str) -> None:
    gaps: list[float] = []

    async def beat() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    said: list[str] = []
    heart = asyncio.create_task(beat())
    status = await lab.up_async(1, 1, said.append, name=lab_name)
    heart.cancel()
    assert status.running
    assert said[-1] == "web-01 is up on lab-a (1 of 1)."
    # It takes seconds, and the loop ran in between all the time.
    assert len(gaps) > 50
    assert max(gaps) < sum(gaps) / 4


async def test_cancelling_a_start_ends_the_lab(lab_name: str) -> None:
    started = asyncio.Event()

    def watch(sentence: str) -> None:
        if sentence == "Started lab-a.":
            started.set()

    start = asyncio.create_task(lab.up_async(2, 1, watch, name=lab_name))
    await started.wait()
    traces = Traces(lab_name)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    traces.await_gone()


def _kill_supervisor(name: str) -> None:
    pid = Layout(name).supervisor_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: Layout(name).supervisor_pid() is None, "the supervisor is gone")
