"""The virsh lines of plans: what is typed does what the plan says."""

import shlex
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.storages import POOL, chain, disk, image, machine, path, stored, with_images
from vmgui.actions.snapshot_lines import delete_lines, merge_lines, revert_lines, take_lines
from vmgui.insight.disk_merge import MergeSpec, commit_plan, pull_plan
from vmgui.insight.revert_spec import RevertSpec, Run
from vmgui.insight.snapshot_delete import DeleteSpec, delete_plan
from vmgui.insight.snapshot_revert import revert_plan
from vmgui.insight.snapshot_take import take_plan
from vmgui.insight.take_spec import SnapshotKind, TakeSpec, Wanted
from vmgui.inventory.domain import DomainState
from vmgui.inventory.images import Image

NOW = datetime(2026, 4, 9)  # noqa: DTZ001  the time of the wall, as a person reads it
RUNNING = DomainState.RUNNING


def take(**spec: Any) -> str:
    domain = machine(disk(), disk("vdb", "a,b.qcow2"), state=spec.pop("state", DomainState.OFF))
    plan = take_plan(stored(domain), TakeSpec(**{"name": "one", **spec}), NOW)
    assert plan.refusal == ""
    (line,) = take_lines(domain, plan)
    return line


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ({}, "virsh snapshot-create-as web one"),
        ({"name": "--it's", "description": "-d"},
         "virsh snapshot-create-as web '--name=--it'\"'\"'s' --description=-d"),
        ({"kind": SnapshotKind.EXTERNAL, "leave_out": ("vdb",)},
         ("virsh snapshot-create-as web one --diskspec vda,snapshot=external,"
         "file=/images/web.one.qcow2,driver=qcow2 --diskspec vdb,snapshot=no --disk-only")),
        ({"kind": SnapshotKind.EXTERNAL, "leave_out": ("vdb",), "state": RUNNING,
          "memory_path": "/images/m,n"},
         ("virsh snapshot-create-as web one --memspec file=/images/m,,n,snapshot=external "
         "--diskspec vda,snapshot=external,file=/images/web.one.qcow2,driver=qcow2 "
         "--diskspec vdb,snapshot=no --atomic")),
        ({"memory": Wanted.NO, "leave_out": ("vdb",), "state": RUNNING},
         ("virsh snapshot-create-as web one --diskspec vda,snapshot=external,"
         "file=/images/web.one.qcow2,driver=qcow2 --diskspec vdb,snapshot=no --disk-only "
         "--atomic")),
    ],
)  # fmt: skip
def test_taking(spec: dict[str, Any], line: str) -> None:
    assert take(**spec) == line


def test_reverting_by_hand_names_every_step() -> None:
    storage = chain("first", state=RUNNING)
    plan = revert_plan(storage, "first", RevertSpec(force_off=True, run=Run.PAUSED), NOW)
    lines = [line.partition("  # ")[0] for line in revert_lines(storage.domain, plan)]
    assert lines == [
        (
            f"virsh vol-create-as {POOL.id} web.first.qcow2 10737418240B --format qcow2 "
            "--backing-vol /images/web.qcow2 --backing-vol-format qcow2"
        ),
        "virsh destroy web",
        "virsh snapshot-dumpxml web first --security-info",
        "virsh define web.then.xml",
        "virsh snapshot-current web first",
        "virsh start web --paused",
    ]


def test_reverting_by_libvirt_is_one_line_and_what_is_kept_comes_first() -> None:
    storage = chain("first", state=RUNNING, reverts_external=True)
    spec = RevertSpec(run=Run.RUNNING, keep=True, keep_name="now")
    lines = revert_lines(storage.domain, revert_plan(storage, "first", spec, NOW))
    assert lines[0].startswith("virsh snapshot-create-as web now ")
    assert lines[1:] == ("virsh snapshot-revert web first --force --running",)


def test_memory_is_restored_with_the_edited_definition() -> None:
    storage = chain("first")
    first = replace(storage.snapshots[0], memory_path="/m", has_memory=True, state="running")
    storage = with_images(replace(storage, snapshots=(first,)), Image("/m", exists=True))
    lines = revert_lines(storage.domain, revert_plan(storage, "first", RevertSpec(), NOW))
    assert lines[-1] == "virsh restore /m --xml web.then.xml --running"


def test_deleting_names_each_snapshot_and_each_file_that_is_left() -> None:
    storage = chain("first", "second", "third")
    plan = delete_plan(storage, "second", DeleteSpec())
    assert delete_lines(storage.domain, plan) == (
        "virsh start web --paused",
        "virsh snapshot-delete web second",
        "virsh destroy web",
    )
    branch = with_images(
        replace(storage, domain=machine(disk(file="now"))), image("now", "web.qcow2")
    )
    plan = delete_plan(branch, "third", DeleteSpec())
    assert delete_lines(branch.domain, plan) == (
        "virsh snapshot-delete web third --metadata",
        f"virsh pool-refresh {POOL.id}",
        f"virsh vol-delete {path('web.third')}",
    )


def test_what_libvirt_breaks_when_it_forgets_is_told() -> None:
    storage = chain("first", "second")
    lines = delete_lines(
        storage.domain, delete_plan(storage, "first", DeleteSpec(metadata_only=True))
    )
    assert lines[0].startswith("virsh snapshot-edit web second  # without <parent>")
    assert lines[1] == "virsh snapshot-delete web first --metadata"


def test_merging() -> None:
    storage = stored(machine(disk(file="top"), state=RUNNING), image("base"), image("top", "base"))
    line = "virsh blockcommit web vda --base /images/base --active --pivot --wait --delete"
    assert merge_lines(storage.domain, commit_plan(storage, MergeSpec())) == (line,)
    pull = merge_lines(storage.domain, pull_plan(storage, MergeSpec()))
    assert pull == ("virsh blockpull web vda --wait",)
    off = replace(storage, domain=machine(disk(file="top")))
    assert merge_lines(off.domain, commit_plan(off, MergeSpec())) == (
        "virsh start web --paused", line, "virsh destroy web",
    )  # fmt: skip
    assert all(shlex.split(each) for each in pull)
