"""The files behind a disk: who reads from whom, who needs them, what a plan makes of them."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.snapshot_world import (
    BASE,
    DELETE_PLAN,
    GIB,
    IMAGES,
    KEY,
    NOW_S,
    REVERT_PLAN,
    STORAGE,
    URI,
    machine,
    path,
)
from vmgui.insight.chain import MEMORY, Box, Role, targets
from vmgui.insight.chain_layout import chain
from vmgui.insight.chain_words import NOBODY, NOT_RUNNING
from vmgui.insight.file_plan import Fate
from vmgui.inventory.domain import Disk
from vmgui.inventory.images import Image, ImageUser, MachineStorage, Use
from vmgui.inventory.key import domain_key


def box(storage: MachineStorage, where: str, target: str = "vda") -> Box:
    found = chain(storage, target, NOW_S).box(where)
    assert found is not None
    return found


def test_the_base_is_left_the_active_file_right_and_what_is_not_used_below() -> None:
    boxes = {each.name: each for each in chain(STORAGE, "vda", NOW_S).boxes}
    assert {name: (each.column, each.row, each.role) for name, each in boxes.items()} == {
        "db-01.qcow2": (0, 0, Role.BASE),
        "…before-upgrade": (1, 0, Role.OVERLAY),
        "…upgraded": (2, 0, Role.OVERLAY),
        "…nightly-06": (3, 0, Role.ACTIVE),
        "…try-1": (1, 1, Role.ASIDE),
        "…broken-index": (2, 1, Role.ASIDE),
    }
    assert {name: (each.figure, each.story) for name, each in boxes.items()} == {
        "db-01.qcow2": ("23.1 of 40 GiB", "state at before-upgrade"),
        "…before-upgrade": ("4.2 GiB", "writes 2 – 4 Apr"),
        "…upgraded": ("1.9 GiB", "writes 4 – 6 Apr"),
        "…nightly-06": ("717 MiB and growing", "writes since 6 Apr, 06:00"),
        "…try-1": ("2.6 GiB", NOT_RUNNING),
        "…broken-index": ("307 MiB", NOT_RUNNING),
    }
    assert boxes["db-01.qcow2"].inside == ("fresh-install", "configured", "load-test")
    assert boxes["…try-1"].parent == BASE


def test_what_an_overlay_shares_with_its_base_is_left_out_of_its_name() -> None:
    paths = ("/i/web.qcow2", "/i/web.first.qcow2", "/i/web.qcow2.second", "/elsewhere/other.qcow2")
    images = tuple(
        Image(each, backing=below, exists=True)
        for each, below in zip(paths, ("", *paths), strict=False)
    )
    boxes = chain(MachineStorage(machine(paths[-1]), images=images), "vda", NOW_S).boxes
    assert [each.name for each in boxes] == [
        "web.qcow2",
        "…first",
        "…qcow2.second",
        "other.qcow2",
    ]


def test_disks_and_saved_memory_can_be_looked_at() -> None:
    assert targets(STORAGE) == ("vda", "vdb", MEMORY)
    stories = [each.story for each in chain(STORAGE, MEMORY, NOW_S).boxes]
    assert sorted(stories) == ["memory of before-upgrade", "memory of try-1"]


def test_a_file_leads_to_its_snapshot() -> None:
    assert box(STORAGE, path("upgraded")).snapshot == "upgraded"
    assert box(STORAGE, BASE).snapshot == "try-1"
    assert box(STORAGE, BASE).marks == {"fresh-install", "configured", "load-test"}


def test_deleting_removes_one_grows_another_and_rewires_a_third() -> None:
    layout = chain(STORAGE, "vda", NOW_S, DELETE_PLAN)
    fates = {each.name: each.fate for each in layout.boxes if each.fate}
    assert fates["…upgraded"] is Fate.REMOVED
    assert fates["…before-upgrade"] is Fate.GROWS
    grows = layout.box(path("before-upgrade"))
    assert grows is not None
    assert grows.figure == "4.2 GiB → up to 6.1 GiB"
    assert [(arc.start, arc.end, arc.text) for arc in layout.merges] == [
        (path("upgraded"), path("before-upgrade"), "merge 1.9 GiB")
    ]
    assert [(arc.start, arc.end, arc.text) for arc in layout.rewired] == [
        (path("nightly-06"), path("before-upgrade"), "then backs nightly-06 directly")
    ]


def test_reverting_shows_what_would_be_created_where_it_would_be() -> None:
    layout = chain(STORAGE, "vda", NOW_S, REVERT_PLAN)
    new = layout.box(path("revert-1"))
    assert new is not None
    assert (new.column, new.parent, new.story) == (2, path("before-upgrade"), "would be created")
    places = [(each.column, each.row) for each in layout.boxes]
    assert len(places) == len(set(places))
    assert chain(STORAGE, "vdb", NOW_S, REVERT_PLAN) == chain(STORAGE, "vdb", NOW_S)


def test_another_machine_that_reads_a_file_is_named_also_through_its_own() -> None:
    clone = Image(
        "/clone.qcow2",
        "qcow2",
        backing=BASE,
        exists=True,
        users=(ImageUser(domain_key(URI, "other"), "student-01", Use.DISK, "vda"),),
    )
    storage = replace(STORAGE, images=(*IMAGES, clone))
    assert box(storage, BASE).others == ("student-01",)
    assert box(storage, path("upgraded")).others == ()
    assert chain(storage, "vda", NOW_S).box("/clone.qcow2") is None


def test_a_missing_file_is_named_as_such() -> None:
    gone = tuple(
        replace(image, exists=False, backing="", allocation_bytes=None)
        if image.path == path("try-1")
        else image
        for image in IMAGES
    )
    missing = box(replace(STORAGE, images=gone), path("try-1"))
    assert missing.missing
    assert missing.story == "missing"
    assert missing.parent == BASE  # as its snapshot tells


def test_a_file_that_nobody_uses_is_shown_on_what_it_is_built_on() -> None:
    left = Image(path("half"), "qcow2", 40 * GIB, GIB, path("upgraded"), exists=True)
    stray = box(replace(STORAGE, images=(*IMAGES, left)), path("half"))
    assert (stray.role, stray.story) == (Role.STRAY, NOBODY)


def test_what_nobody_could_read_is_told_from_the_machine_and_its_snapshots() -> None:
    storage = replace(STORAGE, images=())
    parents = {each.path: each.parent for each in chain(storage, "vda", NOW_S).boxes}
    assert parents[path("nightly-06")] == path("upgraded")
    assert parents[path("upgraded")] == path("before-upgrade")
    assert not any(each.missing for each in chain(storage, "vda", NOW_S).boxes)


def test_a_machine_without_the_disk_has_no_files() -> None:
    storage = MachineStorage(replace(machine(), disks=(Disk("sda", "cdrom"),)))
    assert targets(storage) == ()
    assert chain(storage, "vda", NOW_S).boxes == ()


PATHS = st.sampled_from([f"/f{number}" for number in range(8)])


@given(st.lists(st.tuples(PATHS, st.just("") | PATHS), unique_by=lambda pair: pair[0]), PATHS)
def test_whatever_reads_from_whatever_each_file_has_a_place_of_its_own(
    pairs: list[tuple[str, str]], active: str
) -> None:
    users = (ImageUser(KEY, "db-01", Use.DISK, "vda", active=True),)
    images = tuple(
        Image(where, backing=backing, exists=True, users=users if where == active else ())
        for where, backing in pairs
    )
    boxes = chain(MachineStorage(machine(active), images=images), "vda", NOW_S).boxes
    places = {(each.column, each.row) for each in boxes}
    assert len(places) == len(boxes)
    at = {each.path: each for each in boxes}
    assert at[active].row == 0
    for each in boxes:
        if each.parent:
            assert at[each.parent].column < each.column


def test_a_base_that_holds_more_than_its_disk_is_never_said_to_be_a_part_of_it() -> None:
    full = tuple(
        replace(each, allocation_bytes=48 * GIB) if each.path == BASE else each for each in IMAGES
    )
    assert box(replace(STORAGE, images=full), BASE).figure == "48 GiB, disk of 40 GiB"
