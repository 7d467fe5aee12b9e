"""The journal as a file: kept, shared, damaged, full, and as a script."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vmgui.actions import journal as journal_module
from vmgui.actions.entry import Entry, from_json, owner_of, to_json
from vmgui.actions.job import Job, JobState
from vmgui.actions.journal import Journal, as_script
from vmgui.actions.virsh import domain_line
from vmgui.hypervisor.errors import NotPossibleNow
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.key import domain_key

URI = "test:///default"
UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"


def job(
    name: str = "web", *, number: int = 1, lines: tuple[str, ...] = ("virsh start web",)
) -> Job:
    return Job(
        id=f"{name}{number}",
        action_id="domain.start",
        title="Start",
        target=domain_key(URI, UUID),
        target_name=name,
        host_name="there",
        virsh=lines,
        created_at_s=1000.0 + number,
    )


def test_what_was_done_is_there_after_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.jsonl")
    done, failed = job(number=1), job("\udc80 '\n", number=2)
    for each in (done, failed):
        journal.follow(each)
        each.move(JobState.RUNNING, 2000)
    done.show_progress(0.5)
    done.move(JobState.DONE, 2001.5)
    failed.error = NotPossibleNow("what", "why", "do", libvirt_says="says")
    failed.state_now = "Nothing was changed."
    failed.move(JobState.FAILED, 2002)
    again = Journal(tmp_path / "deep" / "journal.jsonl")
    assert again.problem == ""
    kept = tuple(replace(entry, progress=None) for entry in journal.entries())
    assert again.entries() == kept
    newest = again.entries()[0]
    assert (newest.what, newest.why, newest.what_to_do) == ("what", "why", "do")
    assert (newest.libvirt_says, newest.state_now) == ("says", "Nothing was changed.")


def test_listeners_hear_progress_too() -> None:
    journal = Journal()
    heard: list[Entry] = []
    journal.changed.connect(heard.append)
    one = job()
    journal.follow(one)
    one.move(JobState.RUNNING, 1)
    one.show_progress(0.5)
    assert [(e.state, e.progress) for e in heard] == [
        (JobState.WAITING, None),
        (JobState.RUNNING, None),
        (JobState.RUNNING, 0.5),
    ]


def test_two_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    first, second = Journal(path), Journal(path)
    for number in range(5):
        for journal, name in ((first, "a"), (second, "b")):
            each = job(name, number=number)
            journal.follow(each)
            each.move(JobState.RUNNING, 1)
            each.move(JobState.DONE, 2)
    assert len(Journal(path).entries()) == 10


def test_what_ran_when_vmgui_ended_is_called_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    journal = Journal(path)
    mine = job("mine")
    journal.follow(mine)
    mine.move(JobState.RUNNING, 2000)
    others = replace(journal.entries()[0], id="x", owner=f"{ended.stdout.strip()}:1")
    reused = replace(others, id="y", owner=f"{os.getpid()}:1")
    with path.open("a") as file:
        file.write(f"{to_json(others)}\n{to_json(reused)}\n")
    states = {entry.id: entry.state for entry in Journal(path).entries()}
    assert states == {
        mine.id: JobState.RUNNING,
        "x": JobState.INTERRUPTED,
        "y": JobState.INTERRUPTED,
    }


def test_damaged_lines_are_passed_over_and_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    for number in range(2):
        each = job(number=number)
        journal.follow(each)
        each.move(JobState.DONE, 2)
    good = path.read_text()
    odd = json.dumps({**json.loads(good.splitlines()[1]), "state": "flying"})
    path.write_bytes(good.encode() + b"\n\xff\xfe{{\n[1]\n" + odd.encode() + b'\n{"format":1,"id')
    again = Journal(path)
    assert len(again.entries()) == 2
    assert again.problem.startswith("4 lines of the journal can't be read")
    # What comes next begins a line of its own.
    each = job(number=7)
    again.follow(each)
    each.move(JobState.DONE, 2)
    assert len(Journal(path).entries()) == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_full_disk_is_said_and_the_entry_stays_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.symlink_to("/dev/full")
    journal = Journal()
    journal._path = path  # reading /dev/full would never end
    one = job()
    journal.follow(one)
    one.move(JobState.DONE, 2)
    assert "in memory only" in journal.problem
    assert "No space left" in journal.problem
    assert journal.entries()[0].state is JobState.DONE


def test_a_large_file_is_put_aside_and_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "KEEP_BYTES", 100)
    monkeypatch.setattr(journal_module, "KEEP_ENTRIES", 3)
    path = tmp_path / "journal.jsonl"
    for number in range(5):
        journal = Journal(path)
        each = job(number=number)
        journal.follow(each)
        each.move(JobState.DONE, 2)
        assert len(journal.entries()) <= 3
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "journal.jsonl",
        "journal.older.jsonl",
    ]
    assert [entry.id for entry in journal.entries()][:2] == ["web4", "web3"]


def test_an_owner_is_this_process_and_no_later_one() -> None:
    assert owner_of(os.getpid()) == owner_of(os.getpid()) != ""
    assert owner_of(os.getpid()) != owner_of(os.getppid())


def test_an_entry_that_is_none_is_refused() -> None:
    for line in ("", "null", "{}", "[]", '{"format":2}'):
        with pytest.raises(ValueError, match=r"entry|Expecting"):
            from_json(line)


HOSTILE = ("a\nrm -rf ~ #", "$(touch HACKED)", "`touch HACKED`", "'; touch HACKED; '", "\u202eab")


def test_a_script_does_it_again_and_nothing_else(tmp_path: Path) -> None:
    journal = Journal()
    domain = Domain(domain_key(URI, UUID), "test", DomainState.RUNNING)
    runs: list[tuple[str, tuple[str, ...], JobState]] = [
        ("test", (domain_line("suspend", domain),), JobState.DONE),
        ("left out", ("virsh destroy test",), JobState.FAILED),
        ("left out too", ("virsh destroy test",), JobState.CANCELLED),
    ]
    for name in HOSTILE:
        hostile = replace(domain, name=name)
        runs.append((name, (domain_line("desc", hostile, "--new-desc", name),), JobState.DONE))
    for number, (name, lines, state) in enumerate(runs):
        each = job(name, number=number, lines=lines)
        journal.follow(each)
        each.move(state, 5000)
    script = as_script(journal.entries())
    assert script.startswith("#!/bin/sh\n")
    assert "destroy" not in script
    assert script.index("suspend") < script.index("desc")
    file = tmp_path / "again.sh"
    file.write_text(script)
    subprocess.run(["sh", "-n", file], check=True)
    done = subprocess.run(["sh", file], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.count("Domain 'test' suspended") == 1
    assert done.stdout.count("description updated") == 2  # those that kept their plain name fail
    assert [each.name for each in tmp_path.iterdir()] == ["again.sh"]


def test_lines_of_versions_that_knew_no_parts_are_read() -> None:
    journal = Journal()
    journal.follow(job())
    values = json.loads(to_json(journal.entries()[0]))
    del values["parent"]
    assert from_json(json.dumps(values)).parent == ""


def test_a_script_has_a_job_or_its_parts_and_never_both() -> None:
    whole, part = job(number=1, lines=("virsh whole",)), job(number=2, lines=("virsh part",))
    part.parent = whole.id
    failed = job(number=3, lines=("virsh broke",))
    finished = job(number=4, lines=("virsh finished",))
    finished.parent = failed.id
    journal = Journal()
    for each in (whole, part, failed, finished):
        journal.follow(each)
        each.move(JobState.FAILED if each is failed else JobState.DONE, 2000.0)
    script = as_script(journal.entries())
    assert "whole" in script
    assert "part" not in script
    # Of a job that broke off, what was done before is what a script has to do.
    assert "broke" not in script
    assert "finished" in script
