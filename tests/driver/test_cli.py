"""The command line as a process, on libvirt's test driver."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tests.worlds import machine_name, machine_uuid, write_world
from vmgui.actions.journal import Journal
from vmgui.cli.main import cli
from vmgui.hypervisor.errors import VmguiError
from vmgui.settings import SavedConnection, Settings

DEFAULT = "test:///default"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


def vmgui(*arguments: str, uri: str = DEFAULT) -> subprocess.CompletedProcess[str]:
    given = ["-c", uri] if uri else []
    return subprocess.run(
        [sys.executable, "-m", "vmgui", *given, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
        env=os.environ,
    )


def document(*arguments: str, uri: str = DEFAULT) -> Any:
    done = vmgui(*arguments, "--json", uri=uri)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture
def world(home: Path) -> str:
    return write_world(home / "world.xml", domains=20, hostile=True)


def test_lists_are_tables_and_documents(home: Path) -> None:
    table = vmgui("list").stdout.splitlines()
    assert table[0].split() == ["NAME", "STATE", "HOST", "TAGS", "IS", "VCPUS", "MEMORY"]
    assert table[1].startswith("test  running  ")
    (host,) = document("hosts")["hosts"]
    assert (host["uri"], host["link_state"]) == (DEFAULT, "connected")
    (domain,) = document("list")["domains"]
    assert (domain["name"], domain["state"]) == ("test", "running")
    assert domain["memory_max_bytes"] == 8 << 30
    assert document("show", "test") == document("show", domain["uuid"]) == domain


def test_figures_come_with_their_rates(home: Path) -> None:
    samples = document("stats")["samples"]
    assert {sample["kind"] for sample in samples} == {"host", "domain"}
    machine = next(sample for sample in samples if sample["kind"] == "domain")
    assert machine["name"] == "test"
    assert 0 <= machine["cpu_ratio"] <= 1


def test_hostile_names_are_listed_a_line_each(world: str) -> None:
    lines = vmgui("list", uri=world).stdout.split("\n")
    assert len(lines) == 22  # with the head, and the end of the last line
    assert all(line.isprintable() for line in lines)
    names = {each["name"] for each in document("list", uri=world)["domains"]}
    assert names == {machine_name(index, hostile=True) for index in range(20)}


def test_an_action_is_done_and_stands_in_the_journal(home: Path) -> None:
    done = vmgui("domain", "suspend", "test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Pause test: done\n", "")
    (entry,) = Journal(home / "state/vmgui/journal.jsonl").entries()
    assert (entry.action_id, entry.state, entry.virsh) == (
        "domain.suspend",
        "done",
        ("virsh suspend test",),
    )


def test_one_of_several_fails(world: str) -> None:
    names = [machine_name(index) for index in (14, 16)]
    done = vmgui("domain", "start", *names, machine_uuid(1), "--json", uri=world)
    assert done.returncode == 1
    jobs = json.loads(done.stdout)["jobs"]
    assert [job["state"] for job in jobs] == ["done", "done", "failed"]
    assert jobs[2]["error"]["state_now"] == "Nothing was changed."
    (line,) = done.stderr.splitlines()
    assert line.endswith("is running. Nothing was changed.")


def test_a_dry_run_prints_what_virsh_would_take_and_does_nothing(world: str) -> None:
    done = vmgui("domain", "edit", machine_name(14), "--tag", "a b", "--dry-run", uri=world)
    assert done.returncode == 0
    assert done.stdout == (
        f"virsh -c {world} metadata {machine_name(14)} https://vmgui.org/xmlns/domain/1 --config "
        "--key vmgui --set '<tags><tag>a b</tag></tags>'\n"
    )
    refused = vmgui("domain", "resume", machine_name(14), "--dry-run", uri=world)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"vmgui: Resume would fail on {machine_name(14)}. {machine_name(14)} is off.\n"
    )


def test_what_destroys_wants_a_yes(world: str) -> None:
    name = machine_name(15)
    asked = vmgui("domain", "discard-saved", name, uri=world)
    assert asked.returncode == 1
    assert "Say --yes" in asked.stderr
    assert vmgui("domain", "discard-saved", name, "--yes", uri=world).returncode == 0


def test_delete_says_what_it_wants_to_be_told(world: str) -> None:
    done = vmgui("domain", "delete", machine_name(14), machine_name(15), "--yes", uri=world)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "has memory saved to disk" in line
    done = vmgui("domain", "delete", machine_name(14), "--yes", uri=world)
    assert done.returncode == 0
    assert "Still there: /var/lib/libvirt/images/machine-14.qcow2" in done.stdout


def test_of_several_hosts_one_is_out_of_reach(home: Path) -> None:
    done = vmgui("-c", DEFAULT, "list", uri="test:///nosuch.xml")
    assert done.returncode == 1
    assert done.stdout.splitlines()[1].startswith("test ")
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("vmgui: "))
    assert "test:///nosuch.xml" in line
    # What was asked of a host that answers is done all the same.
    assert vmgui("-c", DEFAULT, "domain", "reset", "test", uri="test:///nosuch.xml").returncode == 0


def test_without_a_uri_the_saved_connections_are_used(home: Path, world: str) -> None:
    settings = Settings(home / "config/vmgui/settings.json")
    settings.save_connections([SavedConnection(world, "mine", read_only=True)])
    (host,) = document("hosts", uri="")["hosts"]
    assert (host["name"], host["uri"], host["read_only"]) == ("mine", world, True)
    assert document("hosts", uri="mine")["hosts"][0]["uri"] == world
    done = vmgui("domain", "reset", f"mine/{machine_name(14)}", uri="")
    assert done.returncode == 1
    assert "read-only" in done.stderr


@pytest.fixture
def black_hole(tmp_path: Path) -> Iterator[str]:
    """A host whose socket takes connections and never says a word."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        yield f"qemu+unix:///system?socket={tmp_path / 's'}"


def test_a_dead_host_is_named_while_it_is_waited_for_and_then_left_out(
    home: Path, black_hole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vmgui.cli import reach

    monkeypatch.setattr(reach, "_SAY_AFTER_S", 1)
    monkeypatch.setattr(reach, "_WAIT_AT_MOST_S", 2)
    command = ["-c", black_hole, "-c", DEFAULT, "domain", "reset", "test"]
    began_s = time.monotonic()
    told = CliRunner().invoke(cli, command)
    assert told.exit_code == 0
    assert time.monotonic() - began_s < 60  # opening it alone would take 120 s
    assert "Reset test: done" in told.stdout
    waiting, left_out = told.stderr.splitlines()
    assert waiting.startswith(f"vmgui: Waiting for qemu (this computer) ({black_hole}), 1 s")
    assert "--connect" in waiting
    assert "did not answer within 2 s" in left_out


def test_what_libvirt_says_moves_no_cursor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from vmgui.actions.job import Job, JobState
    from vmgui.cli import act, reach
    from vmgui.hypervisor.questions import Prompt, Question
    from vmgui.inventory.key import domain_key

    ugly = "\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}"
    job = Job(
        id="1", action_id="domain.do", title="Do", target=domain_key(DEFAULT, "1"),
        target_name=ugly, host_name="h", virsh=(), created_at_s=0.0,
    )  # fmt: skip
    job.note = f"Noted {ugly}"
    job.state = JobState.DONE
    act._report([job], as_json=False)
    job.state, job.error, job.report = JobState.FAILED, VmguiError(ugly), f"line\n{ugly}"
    act._report([job], as_json=False)
    asked: list[str] = []

    def prompt(text: str, *, default: str, show_default: bool, **_: object) -> str:
        asked.append(text + default * show_default)
        return "x"

    monkeypatch.setattr(click, "prompt", prompt)
    reach._answer(Question(f"test:///{ugly}", (Prompt(ugly, False, ugly),)))
    told = capsys.readouterr()
    shown = told.out + told.err + "".join(asked)
    assert "Noted \\x1b[2J\\u202e" in shown
    assert "line\n\\x1b" in shown
    assert not {"\x1b", "\N{RIGHT-TO-LEFT OVERRIDE}"} & set(shown)


def test_a_clone_that_cant_be_made_says_why_and_what_to_do(home: Path) -> None:
    done = vmgui("domain", "clone", "test", "copy", "--dry-run")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Shut it down, or take an external snapshot" in done.stderr
    assert vmgui("domain", "clone", "test", "--count", "0").returncode == 2
    assert "count is from 1" in vmgui("domain", "clone", "test", "--count", "0").stderr
    assert document("template", "list") == {"templates": []}


def test_snapshots_are_listed_as_table_and_document(world: str) -> None:
    table = vmgui("snapshot", "list", machine_uuid(0), uri=world).stdout.splitlines()
    assert table[0].split() == ["NAME", "TAKEN", "KIND", "MEMORY", "STATE", "AFTER", "DESCRIPTION"]
    assert table[1].startswith("fresh ")
    assert table[2].startswith("before <update> * ")
    first, second = document("snapshot", "list", machine_uuid(0), uri=world)["snapshots"]
    assert (first["name"], first["parent"], first["current"]) == ("fresh", "", False)
    assert (second["name"], second["parent"], second["current"]) == (
        "before <update>",
        "fresh",
        True,
    )
    assert second["then"]["disks"][0]["target"] == "vda"


def test_a_snapshot_is_named_by_its_machine_and_its_name(world: str) -> None:
    there = vmgui("snapshot", "describe", machine_uuid(0), "fresh", "words", uri=world)
    assert (there.returncode, there.stdout) == (0, "Describe snapshot fresh: done\n")
    stray = vmgui("snapshot", "describe", machine_uuid(0), "other", "words", uri=world)
    assert stray.returncode == 1
    assert "has no snapshot other. See: vmgui snapshot list" in stray.stderr


def test_what_it_would_do_is_told_in_lines_and_words_and_as_a_document(world: str) -> None:
    told = vmgui("snapshot", "create", machine_name(14), "one", "--dry-run", uri=world)
    assert told.returncode == 0
    line, *words = told.stdout.splitlines()
    assert line == f"virsh -c {world} snapshot-create-as {machine_name(14)} one"
    assert words
    assert all(word.startswith("# ") for word in words)
    (plan,) = document("snapshot", "revert", machine_uuid(0), "fresh", "--dry-run", uri=world)[
        "plans"
    ]
    assert (plan["title"], plan["refusal"], plan["files"]) == ("Revert to fresh", "", [])
    assert "What the machine is doing now, with its memory." in plan["loses"]


def test_what_is_refused_is_refused_before_it_is_asked_for(world: str) -> None:
    taken = vmgui("snapshot", "create", machine_uuid(0), "fresh", uri=world)
    assert taken.returncode == 1
    assert "There is a snapshot fresh already. Nothing was changed." in taken.stderr
    dry = vmgui("disk", "commit", machine_name(14), "--dry-run", uri=world)
    assert (dry.returncode, dry.stdout) == (1, "")
    assert "would fail" in dry.stderr


def test_what_is_gone_for_good_wants_a_yes(world: str) -> None:
    asked = vmgui("snapshot", "delete", machine_uuid(0), "fresh", uri=world)
    assert asked.returncode == 1
    assert "Say --yes if that is meant" in asked.stderr
    done = document("snapshot", "delete", machine_uuid(0), "fresh", "--yes", uri=world)
    assert [job["state"] for job in done["jobs"]] == ["done"]


def test_one_snapshot_of_many_machines(world: str) -> None:
    names = [machine_name(number) for number in (14, 16, 18)]
    also = [word for name in names[1:] for word in ("--also", name)]
    done = document("snapshot", "create", names[0], "all", *also, uri=world)
    assert [job["target_name"] for job in done["jobs"]] == names
    assert {job["state"] for job in done["jobs"]} == {"done"}
