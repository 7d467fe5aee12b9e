"""What the command line promises before it has spoken to any host."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import vmgui
from vmgui.actions.registry import standard
from vmgui.cli.find import find_domain
from vmgui.cli.main import WindowOptions, cli
from vmgui.cli.output import Failed, failure_line, print_facts, print_table
from vmgui.cli.reach import default_uri
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import domain_key, host_key

_ASK_FOR_HELP = """
import sys
from click.testing import CliRunner
from vmgui.__main__ import cli
assert CliRunner().invoke(cli, ["--help"]).exit_code == 0
print(sorted({"libvirt", "PySide6", "lxml", "asyncio"} & sys.modules.keys()))
"""


def test_help_loads_neither_qt_nor_libvirt() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK_FOR_HELP], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_without_a_verb_the_window_opens_with_what_was_asked() -> None:
    asked: list[WindowOptions] = []

    def open_window(options: WindowOptions) -> int:
        asked.append(options)
        return 3

    arguments = ["-c", "a:///x", "--connect", "b:///y", "--lab", "--screenshot", "s.png"]
    done = CliRunner().invoke(cli, arguments, obj=open_window)
    assert done.exit_code == 3
    assert asked == [WindowOptions(("a:///x", "b:///y"), lab=True, screenshot=Path("s.png"))]


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["--screenshot", "x.png", "list"],
        ["domain", "fly", "web"],
        ["domain", "start"],
        ["domain", "start", "web", "--hard"],
        ["domain", "shutdown", "web", "--mode", "gently"],
        ["domain", "rename", "web"],
        ["lab", "up", "--hosts", "0"],
        ["lab", "up", "--memory", "1"],
        ["lab", "workload", "web-01", "--write", "-1"],
        ["lab", "workload"],
        ["lab", "heartbeat"],
    ],
)
def test_wrong_use_is_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli, arguments, obj=None).exit_code == 2


@pytest.mark.parametrize("kind", {action.id.partition(".")[0] for action in standard().all()})
def test_help_lists_every_action_in_full(kind: str) -> None:
    shown = " ".join(CliRunner().invoke(cli, [kind, "--help"]).output.split())
    for action in standard().all():
        if action.id.startswith(f"{kind}."):
            assert action.help in shown


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads(Path(vmgui.__file__).parents[1].joinpath("pyproject.toml").read_text())
    assert vmgui.__version__ == project["project"]["version"]


def test_the_default_uri_is_the_one_that_virsh_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("VIRSH_DEFAULT_CONNECT_URI", "LIBVIRT_DEFAULT_URI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert default_uri() == "qemu:///session"
    (tmp_path / "libvirt").mkdir()
    (tmp_path / "libvirt/libvirt.conf").write_text('#uri_default = "a:///"\n uri_default = "b:///"')
    assert default_uri() == "b:///"
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "c:///")
    assert default_uri() == "c:///"
    monkeypatch.setenv("VIRSH_DEFAULT_CONNECT_URI", "d:///")
    assert default_uri() == "d:///"


def inventory() -> Inventory:
    held = Inventory()
    for uri, name, machines in (
        ("a:///", "lab-a", {"u1": "web", "u2": "db", "u3": "u1"}),
        ("b:///", "lab-b", {"u4": "web", "u5": "a/b"}),
    ):
        domains = (
            Domain(domain_key(uri, uuid), machine, DomainState.OFF)
            for uuid, machine in machines.items()
        )
        held.apply(Change(updated=(Host(host_key(uri), name, hostname=f"{name}.x"), *domains)))
    return held


@pytest.mark.parametrize(
    ("word", "uuid"),
    [
        ("db", "u2"),
        ("u4", "u4"),
        ("lab-a/web", "u1"),
        ("lab-b.x/web", "u4"),
        ("b:////web", "u4"),
        ("a/b", "u5"),
        ("lab-b/a/b", "u5"),
        ("lab-a/u2", "u2"),
    ],
)
def test_a_word_means_one_machine(word: str, uuid: str) -> None:
    assert find_domain(inventory(), word).uuid == uuid


def test_a_word_that_means_several_names_them() -> None:
    with pytest.raises(Failed, match=r"lab-a/web \(u1\), lab-b/web \(u4\)"):
        find_domain(inventory(), "web")
    # A machine that bears another one's UUID as its name is not mistaken for it.
    with pytest.raises(Failed, match=r"not one machine but 2"):
        find_domain(inventory(), "u1")


def test_a_word_that_means_nothing() -> None:
    with pytest.raises(Failed, match=r"no machine nosuch\\x1b\. See: vmgui list"):
        find_domain(inventory(), "nosuch\x1b")


def test_what_is_printed_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "N"), [("a\x1b[2J\nb", "10"), ("c", "1")], figures=1)
    print_facts([("Title", "x\ry\u202e"), ("None", "")])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "NAME          N",
        r"a\x1b[2J\nb  10",
        "c             1",
        r"Title  x\ry\u202e",
    ]


def test_a_failure_is_one_line() -> None:
    assert failure_line("a.\nb", "", "c\x1b") == r"a. b c\x1b"
