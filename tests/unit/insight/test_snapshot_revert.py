"""What going back to a snapshot does, loses and leaves, and when it can't be done."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.storages import (
    GIB,
    POOL,
    chain,
    disk,
    external,
    image,
    internal,
    machine,
    path,
    snapshot,
    stored,
    user,
    with_images,
)
from vmgui.insight.file_plan import Fate
from vmgui.insight.revert_spec import NewOverlay, RevertPlan, RevertSpec, RevertWay, Run
from vmgui.insight.snapshot_revert import revert_plan
from vmgui.inventory.domain import DomainState
from vmgui.inventory.images import Image, MachineStorage
from vmgui.inventory.snapshot import SnapshotDisk

NOW = datetime(2026, 4, 9, 14, 5, 7)  # noqa: DTZ001  the time of the wall, as a person reads it
RUNNING, PAUSED, OFF = DomainState.RUNNING, DomainState.PAUSED, DomainState.OFF


def revert(storage: MachineStorage, name: str, **spec: Any) -> RevertPlan:
    return revert_plan(storage, name, RevertSpec(**spec), NOW)


def inside(now: DomainState = OFF, **more: Any) -> MachineStorage:
    domain = machine(state=now)
    one = snapshot("one", domain, internal(), current=True, **more)
    return replace(stored(domain, image("web.qcow2", internal=("one",))), snapshots=(one,))


def test_an_internal_one_is_libvirts_own() -> None:
    plan = revert(inside(), "one")
    assert (plan.refusal, plan.way) == ("", RevertWay.LIBVIRT)
    assert plan.fate_of(path("web.qcow2")) is Fate.WRITTEN
    assert plan.loses == ("All that was written since the last snapshot.",)
    running = revert(inside(RUNNING), "one")
    assert running.loses[0] == "What the machine is doing now, with its memory."


def test_what_is_now_is_kept_first_where_that_is_wanted() -> None:
    plan = revert(inside(RUNNING), "one", keep=True, keep_name="now")
    assert plan.first is not None
    assert (plan.first.name, plan.first.memory, plan.loses) == ("now", "internal", ())
    assert "What is now is kept as snapshot now." in plan.reasons
    refused = revert(inside(RUNNING), "one", keep=True, keep_name="one")
    assert "can't be kept as a snapshot first: There is a snapshot one" in refused.refusal


def test_an_external_one_is_done_by_hand_where_libvirt_cant() -> None:
    plan = revert(chain("first", "second"), "first")
    assert (plan.refusal, plan.way) == ("", RevertWay.BY_HAND)
    new = path("web.first.qcow2")
    assert plan.overlays == (NewOverlay("vda", new, path("web.qcow2"), "qcow2", 10 * GIB, POOL),)
    assert plan.fate_of(path("web.qcow2")) is Fate.KEPT
    assert plan.fate_of(path("web.second")) is Fate.LEFT
    assert plan.fate_of(new) is Fate.CREATED
    assert "stays in web.second (20 MiB), which no snapshot leads back to" in plan.warnings[0]
    assert (plan.machine, plan.after) == ("stays off", OFF)


def test_by_hand_what_is_now_is_kept_over_its_own_new_file() -> None:
    plan = revert(chain("first"), "first", keep=True, keep_name="now")
    assert plan.first is not None
    assert plan.first.disks[0].frozen == path("web.first")
    assert plan.fate_of(path("web.first")) is Fate.FROZEN
    assert plan.fate_of(path("web.now.qcow2")) is Fate.CREATED
    assert (plan.loses, plan.warnings) == ((), ())
    assert len({file.path for file in plan.files}) == len(plan.files)


def test_a_newer_libvirt_does_it_itself() -> None:
    plan = revert(chain("first", state=RUNNING, reverts_external=True), "first")
    assert (plan.refusal, plan.way, plan.overlays) == ("", RevertWay.LIBVIRT, ())
    assert plan.starts_anew
    # It removes what the current snapshot names as its overlay, and says nothing of it.
    assert plan.fate_of(path("web.first")) is Fate.REMOVED
    assert "All that was written since the last snapshot." in plan.loses


def test_a_newer_libvirt_removes_only_what_is_empty_where_the_present_is_kept() -> None:
    storage = chain("first", "second", reverts_external=True)
    plan = revert(storage, "first", keep=True, keep_name="now")
    assert (plan.refusal, plan.way, plan.loses) == ("", RevertWay.LIBVIRT, ())
    assert plan.fate_of(path("web.second")) is Fate.FROZEN
    assert not plan.of(Fate.REMOVED, Fate.CREATED)


def test_a_newer_libvirt_isnt_let_remove_what_somebody_needs() -> None:
    newer = chain("first", "second", reverts_external=True)
    # A clone was made of the file that the machine writes to.
    clone = with_images(newer, image("clone", "web.second", users=(user("db"),)))
    # Somebody went back to first by hand: it is the current one, and second's state is in what
    # first names as its overlay.
    first, second = newer.snapshots
    back = replace(
        with_images(newer, image("back", "web.qcow2")),
        domain=machine(disk(file="back")),
        snapshots=(replace(first, current=True), replace(second, current=False)),
    )
    none_current = replace(newer, snapshots=(first, replace(second, current=False)))
    for storage in (clone, back, none_current, replace(newer, unread=("A pool is away.",))):
        plan = revert(storage, "first")
        assert (plan.refusal, plan.way) == ("", RevertWay.BY_HAND)
        assert not plan.of(Fate.REMOVED)


def test_a_machine_that_runs_is_forced_off_only_where_that_was_said() -> None:
    storage = chain("first", state=RUNNING)
    assert "it has to be off" in revert(storage, "first").refusal
    plan = revert(storage, "first", force_off=True)
    assert (plan.refusal, plan.forces_off) == ("", True)
    assert plan.machine == "is forced off, and stays off"


@pytest.mark.parametrize(
    ("has_memory", "state", "run", "after"),
    [
        (True, "running", Run.AS_THEN, RUNNING),
        (True, "running", Run.RUNNING, RUNNING),
        (True, "running", Run.PAUSED, PAUSED),
        (True, "paused", Run.AS_THEN, PAUSED),
        (True, "paused", Run.RUNNING, RUNNING),
        (True, "paused", Run.PAUSED, PAUSED),
        (False, "shutoff", Run.AS_THEN, OFF),
        (False, "disk-snapshot", Run.RUNNING, RUNNING),
        (False, "shutoff", Run.PAUSED, PAUSED),
    ],
)
def test_what_the_machine_does_afterwards(
    has_memory: bool, state: str, run: Run, after: DomainState
) -> None:
    plan = revert(inside(has_memory=has_memory, state=state), "one", run=run)
    assert plan.after is after


def test_disks_that_arent_in_it_are_told() -> None:
    then = machine(disk(), disk("vdb", "data.qcow2"))
    one = snapshot("one", then, internal(), SnapshotDisk("vdb", "no"), state="shutoff")
    domain = machine(disk(), disk("vdb", "data.qcow2"), disk("vdc", "new.qcow2"))
    storage = replace(stored(domain, image("web.qcow2", internal=("one",))), snapshots=(one,))
    told = revert(storage, "one").warnings
    assert "vdb isn't in the snapshot: it stays as it is today." in told
    assert any("vdc came after the snapshot" in warning for warning in told)


def test_what_else_doesnt_come_back_is_told() -> None:
    storage = inside(state="disk-snapshot")
    uefi = replace(storage.domain, nvram_path="/nvram/web.fd")
    told = " ".join(revert(replace(storage, domain=uefi), "one").warnings)
    assert "UEFI variables stay" in told
    assert "as after a power cut" in told


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda s: with_images(s, image("web.qcow2", exists=False)),
                     "is missing, and one with it", id="missing"),
        pytest.param(lambda s: with_images(s, image("clone", "web.qcow2", users=(user("db"),))),
                     "clone of machine db reads", id="a-clone-is-built-on-it"),
        pytest.param(
            lambda s: replace(
                s, domain=machine(disk(file="web.outside")),
                snapshots=(*s.snapshots,
                           snapshot("outside", machine(), external("vda", "web.outside"))),
                images=(*s.images, image("web.outside", "web.qcow2"))),
            "would change what", id="an-overlay-is-built-on-it"),
        pytest.param(lambda s: replace(s, unread=("The disk of db is unknown.",)),
                     "The disk of db is unknown.", id="unread"),
        pytest.param(lambda s: with_images(s, image("web.qcow2", internal=("two",))),
                     "only libvirt knows of it", id="gone-inside"),
        pytest.param(lambda s: replace(s, snapshots=(replace(s.snapshots[0], then=None),)),
                     "doesn't tell which file", id="no-definition"),
        pytest.param(lambda s: replace(s, domain=machine(state=DomainState.SAVED)),
                     "memory saved to disk", id="saved"),
        pytest.param(lambda s: replace(s, domain=machine(state=DomainState.MIGRATING)),
                     "moving to another host", id="migrating"),
    ],
)  # fmt: skip
def test_an_internal_one_is_refused_where_it_would_harm(change: Any, why: str) -> None:
    assert why in revert(change(inside()), "one").refusal


def test_a_name_of_digits_could_mean_another_one() -> None:
    domain = machine()
    one = snapshot("2", domain, internal())
    storage = replace(stored(domain, image("web.qcow2", internal=("2",))), snapshots=(one,))
    assert revert(storage, "2").refusal == ""
    storage = with_images(storage, image("web.qcow2", internal=("2", "other")))
    assert "taken for another snapshot's number" in revert(storage, "2").refusal


MEMORY = path("first.memory")


def with_memory(storage: MachineStorage) -> MachineStorage:
    first = replace(storage.snapshots[0], memory_path=MEMORY, has_memory=True, state="running")
    return replace(storage, snapshots=(first, *storage.snapshots[1:]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda s: with_images(s, image("web.qcow2", exists=False)),
                     "isn't there any more", id="state-missing"),
        pytest.param(
            lambda s: with_images(s, image("web.qcow2", "golden"), image("golden", exists=False)),
            "golden, from which web.qcow2 reads, isn't there", id="base-of-the-state-missing"),
        pytest.param(lambda s: replace(s, domain=machine()),
                     "writes to web.qcow2 again", id="written-again"),
        pytest.param(lambda s: replace(s, next_start=machine()),
                     "writes to web.qcow2 again", id="written-at-the-next-start"),
        pytest.param(lambda s: with_images(s, image("web.qcow2", users=(user("db"),))),
                     "Machine db writes to web.qcow2", id="another-machine-writes"),
        pytest.param(lambda s: with_images(s, image("web.qcow2", pool=None)),
                     "No active storage pool of the host holds /images", id="no-pool"),
        pytest.param(lambda s: with_images(s, image("web.qcow2", virtual_bytes=None)),
                     "how large", id="size-unknown"),
        pytest.param(lambda s: replace(s, domain=replace(s.domain, persistent=False)),
                     "transient", id="transient"),
        pytest.param(
            lambda s: with_images(with_memory(s), Image(MEMORY, exists=False)),
            "memory of first isn't there", id="memory-missing"),
        pytest.param(
            lambda s: replace(s, snapshots=(replace(
                s.snapshots[0],
                disks=(*s.snapshots[0].disks, SnapshotDisk("vdb", "internal"))),)),
            "partly internal and partly external", id="mixed"),
    ],
)  # fmt: skip
def test_by_hand_it_is_refused_where_the_state_isnt_what_it_was(change: Any, why: str) -> None:
    assert why in revert(change(chain("first")), "first").refusal


def test_memory_is_restored_by_hand_too() -> None:
    storage = with_images(with_memory(chain("first")), Image(MEMORY, exists=True))
    plan = revert(storage, "first")
    assert (plan.refusal, plan.memory_path, plan.after) == ("", MEMORY, RUNNING)
    assert plan.machine == "is started"


def test_another_hypervisor_does_it_by_itself() -> None:
    domain = machine(hypervisor_type="vmware", state=RUNNING)
    storage = replace(stored(domain), snapshots=(snapshot("one", domain),))
    plan = revert(storage, "one")
    assert (plan.refusal, plan.way, plan.files) == ("", RevertWay.LIBVIRT, ())


def test_one_that_went_is_refused() -> None:
    assert "no snapshot gone any more" in revert(chain("first"), "gone").refusal


def left_out(*disks: SnapshotDisk, state_of_data: bool) -> MachineStorage:
    """Return a machine whose vdb was left out of "one", and has written to another file since."""
    then = machine(disk(), disk("vdb", "data.qcow2"))
    one = snapshot("one", then, *disks, SnapshotDisk("vdb", "no"), current=not state_of_data)
    later = snapshot("later", then, external("vdb", "data.later"), parent="one")
    now = machine(disk(file="web.one"), disk("vdb", "data.later"))
    images = [image("web.qcow2"), image("web.one", "web.qcow2"), image("data.qcow2")]
    images.append(image("data.later", "data.qcow2" if state_of_data else ""))
    snapshots = (one, later) if state_of_data else (one,)
    return replace(stored(now, *images), snapshots=snapshots)


def test_by_hand_a_disk_that_was_left_out_keeps_its_file_of_today() -> None:
    plan = revert(left_out(external("vda", "web.one"), state_of_data=True), "one")
    assert (plan.refusal, plan.way, plan.as_now) == ("", RevertWay.BY_HAND, ("vdb",))
    assert [overlay.target for overlay in plan.overlays] == ["vda"]


@pytest.mark.parametrize(
    ("state_of_data", "way"), [(True, RevertWay.BY_HAND), (False, RevertWay.LIBVIRT)]
)
def test_a_newer_libvirt_isnt_let_write_to_what_somebody_needs(
    state_of_data: bool, way: RevertWay
) -> None:
    storage = left_out(external("vda", "web.one"), state_of_data=state_of_data)
    plan = revert(replace(storage, reverts_external=True), "one")
    assert (plan.refusal, plan.way) == ("", way)


def test_an_internal_one_that_would_write_to_what_somebody_needs_is_refused() -> None:
    storage = left_out(internal(), state_of_data=True)
    now = machine(disk(), disk("vdb", "data.later"))
    images = (image("web.qcow2", internal=("one",)), *storage.images[2:])
    plan = revert(replace(storage, domain=now, images=images), "one")
    assert "the machine would write to data.qcow2 again" in plan.refusal


def test_a_disk_that_was_taken_away_and_is_needed_isnt_given_back() -> None:
    storage = left_out(external("vda", "web.one"), state_of_data=True)
    plan = revert(replace(storage, domain=machine(disk(file="web.one"))), "one")
    assert "its file of then, data.qcow2, is needed by" in plan.refusal
