from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vmgui.insight.image_graph import (
    ImageGraph,
    built_on,
    chain,
    depends_on,
    disk_image,
    missing,
    readers,
    unused,
)
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.images import Image, ImageUser, MachineStorage, Use
from vmgui.inventory.key import Key, domain_key

POOL = Key("h", "pool", "p")
WEB, DB = domain_key("h", "web"), domain_key("h", "db")
BASE, MID, TOP, CLONE = "/p/base.qcow2", "/p/mid.qcow2", "/p/top.qcow2", "/p/clone.qcow2"


def user(domain: Key, use: Use = Use.DISK, snapshot: str = "", target: str = "vda") -> ImageUser:
    return ImageUser(domain, domain.id, use, target, snapshot)


IMAGES = (
    Image(BASE, "qcow2", pool=POOL, users=(user(WEB, Use.STATE, "first"),)),
    Image(
        MID,
        "qcow2",
        backing=BASE,
        pool=POOL,
        users=(user(WEB, Use.OVERLAY, "first"), user(WEB, Use.STATE, "second")),
    ),
    Image(TOP, "qcow2", backing=MID, users=(user(WEB), user(WEB, Use.OVERLAY, "second"))),
    Image(CLONE, "qcow2", backing=BASE, users=(user(DB),)),
    Image("/p/orphan", "qcow2", pool=POOL),
    Image("/p/orphan.img", "raw", pool=POOL),
    Image("/p/readme.txt", "raw", pool=POOL),
    Image("/elsewhere/orphan.qcow2", "qcow2"),
)
STORAGE = MachineStorage(Domain(WEB, "web", DomainState.OFF), images=IMAGES)


def test_a_chain_begins_with_its_own_and_ends_at_what_stands_by_itself() -> None:
    assert [image.path for image in chain(IMAGES, TOP)] == [TOP, MID, BASE]
    assert [image.path for image in chain(IMAGES, BASE)] == [BASE]
    assert chain(IMAGES, "/unheard") == (Image("/unheard"),)
    assert chain(IMAGES, "") == ()


def test_a_chain_that_goes_round_ends_where_it_began() -> None:
    ring = (Image("/a", backing="/b"), Image("/b", backing="/a", users=(user(WEB),)))
    assert [image.path for image in chain(ring, "/a")] == ["/a", "/b"]
    assert [reader.way for reader in readers(ring, "/a")] == [("/b", "/a")]
    assert [image.path for image in built_on(ring, "/a")] == ["/b"]


def test_what_is_built_on_a_base_the_nearest_first() -> None:
    assert [image.path for image in built_on(IMAGES, BASE)] == [MID, CLONE, TOP]
    assert built_on(IMAGES, TOP) == ()


def test_who_reads_a_base_and_by_which_way() -> None:
    found = {(r.user.domain, r.user.use, r.user.snapshot): r for r in readers(IMAGES, BASE)}
    assert found[WEB, Use.STATE, "first"].is_direct
    assert found[WEB, Use.DISK, ""].way == (TOP, MID, BASE)
    assert found[DB, Use.DISK, ""].way == (CLONE, BASE)
    assert len(found) == 6


def test_who_else_needs_a_file() -> None:
    def names(path: str, *besides: Key | str) -> set[tuple[str, str]]:
        found = depends_on(STORAGE, path, besides)
        return {(reader.user.domain_name, reader.user.snapshot) for reader in found}

    assert names(BASE) == {("web", ""), ("web", "first"), ("web", "second"), ("db", "")}
    assert names(BASE, WEB) == {("db", "")}
    assert names(MID, "first", "") == {("web", "second")}
    assert names(MID, WEB) == set()
    # A snapshot of another machine may have the same name.
    other = replace(STORAGE, images=(Image(MID, users=(user(DB, Use.STATE, "first"), user(DB))),))
    assert {r.user.snapshot for r in depends_on(other, MID, ("first", ""))} == {"first", ""}


def test_files_that_nobody_uses_are_disks_in_a_pool() -> None:
    assert [image.path for image in unused(IMAGES)] == ["/p/orphan", "/p/orphan.img"]
    pair = (Image("/p/a", "qcow2", backing="/p/b", pool=POOL), Image("/p/b", "qcow2", pool=POOL))
    assert unused(pair) == pair
    assert unused((replace(pair[0], users=(user(DB),)), pair[1])) == ()


def test_missing_is_what_is_needed_and_known_not_to_be_there() -> None:
    gone = Image("/p/gone", exists=False)
    top = Image("/p/top", backing="/p/gone", exists=True)
    assert missing((gone, top)) == (gone,)
    assert missing((gone,)) == ()
    assert missing((replace(gone, exists=None), top)) == ()
    used = replace(gone, users=(user(DB),))
    assert missing((used,)) == (used,)


def test_what_a_disk_is_now_and_what_it_was() -> None:
    def path(target: str, snapshot: str = "") -> str | None:
        image = disk_image(STORAGE, target, snapshot)
        return image.path if image is not None else None

    assert (path("vda"), path("vda", "first"), path("vda", "second")) == (TOP, BASE, MID)
    assert path("vdb") is None
    running = Image("/run", users=(replace(user(WEB), active=True),))
    next_start = Image("/next", users=(user(WEB),))
    both = replace(STORAGE, images=(next_start, running))
    assert disk_image(both, "vda") == running


paths = st.sampled_from("abcdefgh")
worlds = st.dictionaries(
    paths,
    st.tuples(st.one_of(st.just(""), paths), st.booleans()),
    max_size=8,
).map(
    lambda world: tuple(
        Image(path, backing=backing, users=(user(domain_key("h", path)),) if used else ())
        for path, (backing, used) in world.items()
    )
)


@given(worlds, paths)
def test_who_reads_a_file_has_it_in_his_chain(images: tuple[Image, ...], path: str) -> None:
    graph = ImageGraph(images)
    by_chain = {
        user.domain
        for image in images
        for user in image.users
        if path in {each.path for each in graph.chain(image.path)}
    }
    found = graph.readers(path)
    assert {reader.user.domain for reader in found} == by_chain
    for reader in found:
        way = reader.way
        assert way[-1] == path
        assert tuple(each.path for each in graph.chain(way[0]))[: len(way)] == way


@given(worlds, paths)
def test_a_chain_has_each_file_once(images: tuple[Image, ...], path: str) -> None:
    found = [image.path for image in chain(images, path)]
    assert len(found) == len(set(found))
    assert found[0] == path
    assert {image.path for image in built_on(images, path)}.isdisjoint({path})
