"""A walk at random over snapshots and clones of real images: each content is what a model says.

hypothesis drives it. The walks are the same ones each time, so that they take the same time;
``VMGUI_WALKS=50`` takes 50 others of each kind. What a walk did is told where it fails, and with
``--log-cli-level=INFO`` always.
"""

import asyncio
import logging
import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.lab.snapshot_place import own_machine
from tests.lab.walk import Walk
from vmgui.lab import LabStatus

_log = logging.getLogger(__name__)

_WALKS = int(os.environ.get("VMGUI_WALKS", "0"))

pytestmark = [pytest.mark.lab, pytest.mark.timeout(3600 if _WALKS else 300)]

_PROFILE = settings(
    max_examples=_WALKS or 2,
    derandomize=not _WALKS,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    phases=[Phase.generate],  # a walk takes seconds, so making a failed one shorter takes minutes
    suppress_health_check=list(HealthCheck),
)

# The first walk takes the steps in this order, so that each of them can be done; others mix them.
_OUTSIDE = (
    "take", "forget", "commit", "mark", "release", "take", "take", "delete", "revert",
    "clone_snapshot", "reset", "clone_full", "pull", "take", "revert", "remove", "delete_family",
    "clone_linked", "delete", "commit", "forget", "commit", "take", "delete_family", "remove",
    "clone_template", "reset_all", "release", "take",
)  # fmt: skip
_INSIDE = (
    "take_inside", "take_inside", "revert", "delete", "delete_family", "mark", "release",
    "clone_full", "take_inside", "forget", "remove", "clone_linked", "reset", "take",
    "clone_template", "reset_all", "take_inside", "revert", "take_inside", "delete", "release",
)  # fmt: skip
_BOTH = ("take_inside", "delete", *_OUTSIDE)


@pytest.mark.parametrize(
    ("second", "bag"),
    [("", _OUTSIDE), ("qcow2", _BOTH), ("raw", _OUTSIDE), ("", _INSIDE), ("qcow2", _INSIDE)],
    ids=["one-disk", "two-disks", "raw", "inside", "two-inside"],
)
def test_every_content_is_what_the_model_says(
    lab: LabStatus, second: str, bag: tuple[str, ...]
) -> None:
    done, refused = Counter[str](), Counter[str]()

    @_PROFILE
    @given(st.permutations(bag), st.data())
    def walk_at_random(steps: list[str], data: st.DataObject) -> None:
        asyncio.run(_walk(lab, second, steps, data, done, refused))

    walk_at_random()
    _log.info("done %s, refused %s", done, refused)
    assert set(bag) - set(done) == set(), f"never done; refused {refused}"


async def _walk(
    lab: LabStatus,
    second: str,
    steps: list[str],
    data: st.DataObject,
    done: Counter[str],
    refused: Counter[str],
) -> None:
    def draw(strategy: st.SearchStrategy[Any]) -> Any:
        return data.draw(strategy)

    async with own_machine(lab.hosts[0], size="1M", second=second) as machine:
        walk = Walk(machine, draw, done, refused)
        walk.check()
        try:
            for step in steps:
                await walk.step(step)
        except BaseException as error:
            error.add_note("\n".join(walk.steps))
            raise
        _log.info("%s", "\n".join(walk.steps))


async def test_what_is_forgotten_takes_no_other_state_along(lab: LabStatus) -> None:
    # libvirt 9 points the children of a forgotten snapshot to the file below.
    async with own_machine(lab.hosts[0], size="1M") as machine:
        walk = Walk(machine, draw_nothing, Counter(), Counter())
        for region in range(3):
            walk.write_to("source", "vda", region)
            await walk.take("source", "external", [])
        walk.write_to("source", "vda", 3)
        for name in ("s1", "s2"):
            await walk.forget("source", name)
            walk.check()
        assert walk.models["source"].parents == {"s3": ""}


def draw_nothing(strategy: st.SearchStrategy[Any]) -> Any:
    raise AssertionError(f"nothing is left to chance here: {strategy}")
