"""The lab's verbs where there is no lab, and where one is only written down."""

import json
import os
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from vmgui.cli.main import cli
from vmgui.lab.layout import HostState, LabState, Layout
from vmgui.lab.records import LabPort


@pytest.mark.parametrize(
    "arguments",
    [
        ["link"],
        ["link", "--rate", "100mbit"],
        ["link", "--cut", "--host", "lab-a"],
        ["workload", "web-01"],
        ["workload", "web-01", "--write", "4"],
        ["heartbeat", "web-01"],
        ["heartbeat", "web-01", "--reset"],
    ],
)
def test_without_a_lab_each_verb_says_so_and_fails(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, ["lab", *arguments])
    assert done.exit_code == 1
    assert "The lab is not up." in done.stderr
    assert "vmgui lab up" in done.stderr


@pytest.fixture
def layout() -> Iterator[Layout]:
    """A lab of two hosts, of which only the papers exist, and its first cable is cut."""
    made = Layout("default")
    held = made.lock()
    assert held is not None
    made.make()
    hosts = tuple(HostState(name, 0, 1, "qemu", ()) for name in ("lab-a", "lab-b"))
    made.write(LabState(True, hosts, (), memory_mib=96, switch_pid=0, switch_started_ticks=1))
    with made.ports_to_change() as ports:
        ports["lab-a"] = LabPort("10.86.0.1", joined=False, rate_bps=None)
        ports["lab-b"] = LabPort("10.86.0.2", joined=True, rate_bps=20_000_000)
    yield made
    made.sweep()
    os.close(held)


def test_the_link_is_shown_for_all_and_for_one(layout: Layout) -> None:
    table = CliRunner().invoke(cli, ["lab", "link"]).stdout.splitlines()
    assert table[1].split() == ["lab-a", "10.86.0.1", "cut", "no", "limit"]
    assert table[2].split() == ["lab-b", "10.86.0.2", "joined", "20mbit"]
    one = CliRunner().invoke(cli, ["lab", "link", "--host", "lab-b", "--json"])
    assert json.loads(one.stdout) == [
        {"host": "lab-b", "address": "10.86.0.2", "joined": True, "rate_bps": 20_000_000}
    ]
    status = CliRunner().invoke(cli, ["lab", "status", "--json"])
    assert json.loads(status.stdout)["hosts"][0]["port"]["joined"] is False


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--rate", "100mb"], "unknown unit, “mb”"),
        (["--rate", "20mbit", "--host", "lab-x"], "no host “lab-x”. Its hosts are lab-a, lab-b."),
        (["--cut", "--host", "lab-b"], "The link of lab-b can't be changed."),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    layout: Layout, arguments: list[str], why: str
) -> None:
    before = layout.ports()
    done = CliRunner().invoke(cli, ["lab", "link", *arguments])
    assert (done.exit_code, layout.ports()) == (1, before)
    assert why in done.stderr
