from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.clone_facts import IMAGES, MACHINE, external_snapshot, facts
from vmgui.actions.action import Values
from vmgui.actions.clone_arguments import ARGUMENTS, arguments_of, spec_of
from vmgui.insight.clone_form import (
    BaseChosen,
    CloneForm,
    ConflictsSkipped,
    CountChosen,
    DiskChosen,
    Event,
    FactsRead,
    FirstChosen,
    GuestChosen,
    KindChosen,
    NameTyped,
    NetworkChosen,
    NumberSkipped,
    PatternTyped,
    PoolChosen,
    SkipsTakenBack,
    SourceChosen,
    StartChosen,
    TagsChosen,
    WhenFailedChosen,
    advance,
    open_form,
)
from vmgui.insight.clone_spec import (
    BaseFate,
    CloneKind,
    DiskChoice,
    GuestName,
    WhenFailed,
)
from vmgui.inventory.snapshot import Snapshot, SnapshotDisk, snapshot_key


def after(form: CloneForm, *events: Event) -> CloneForm:
    for event in events:
        form = advance(form, event)
    return form


def test_it_opens_with_one_full_clone_and_a_template_with_a_linked_one() -> None:
    form = open_form(facts(), seed=1)
    assert form.spec.kind is CloneKind.FULL
    assert form.plan.machines[0].name == "win-clone"
    assert form.spec.tags == ("classroom",)
    assert form.can_create
    assert form.button == "Create the clone"
    template = open_form(facts(replace(MACHINE, is_template=True)), seed=1)
    assert template.spec.kind is CloneKind.LINKED


def test_more_than_one_get_numbers_without_being_asked() -> None:
    form = after(open_form(facts(), seed=1), CountChosen(3))
    assert [each.name for each in form.plan.machines] == ["win-01", "win-02", "win-03"]
    assert form.button == "Create 3 clones"
    assert after(form, CountChosen(1)).plan.machines[0].name == "win-clone"


def test_a_typed_pattern_stays_and_an_empty_one_offers_the_default() -> None:
    form = after(open_form(facts(), seed=1), PatternTyped("pc-{n}"), CountChosen(2))
    assert form.plan.machines[1].name == "pc-2"
    assert after(form, PatternTyped("")).plan.machines[1].name == "win-02"


def test_the_conflict_has_its_fix_and_the_fix_is_taken_back() -> None:
    known = facts(names={"pc-2": "lab-b", "pc-5": "lab-a"})
    form = after(open_form(known, seed=1), PatternTyped("pc-{n}"), CountChosen(4))
    assert form.problem == "pc-2: exists on lab-b."
    assert not form.can_create
    # Number 5 comes in for 2, and is taken as well.
    fixed = after(form, ConflictsSkipped())
    assert [each.number for each in fixed.plan.machines] == [1, 3, 4, 6]
    assert fixed.can_create
    assert after(form, NumberSkipped(2)).problem == "pc-5: exists on lab-a."
    assert after(fixed, SkipsTakenBack()).problem
    named = after(form, NameTyped(2, "spare"))
    assert named.plan.machines[1].name == "spare"
    assert named.can_create
    assert after(named, NameTyped(2, "")).problem


def test_a_disk_keeps_its_own_choice_when_the_kind_changes() -> None:
    form = after(
        open_form(facts(replace(MACHINE, is_template=True)), seed=1),
        DiskChosen("vdb", DiskChoice.SHARED),
        KindChosen(CloneKind.FULL),
    )
    assert [disk.choice for disk in form.plan.disks[:2]] == [DiskChoice.FULL, DiskChoice.SHARED]
    given_back = after(form, DiskChosen("vdb", None))
    assert given_back.plan.disks[1].choice is DiskChoice.FULL


def test_facts_that_are_read_again_leave_what_was_chosen() -> None:
    form = after(open_form(facts(), seed=1), PatternTyped("pc-{n}"), CountChosen(2))
    again = after(form, FactsRead(facts(names={"pc-1": "lab-a"})))
    assert again.spec == form.spec
    assert again.problem


def test_a_snapshot_opens_the_form_with_links_to_it() -> None:
    snapshot, machine = external_snapshot()
    known = facts(machine, snapshots=(snapshot,), images=())
    form = open_form(known, seed=1, snapshot="before")
    assert form.spec.snapshot == "before"
    assert [each.value for each in form.plan.sources] == ["", "before"]


EVENTS = st.one_of(
    st.builds(KindChosen, st.sampled_from(CloneKind)),
    st.builds(CountChosen, st.integers(-5, 40)),
    st.builds(FirstChosen, st.integers(-5, 120)),
    st.builds(PatternTyped, st.sampled_from(["", "pc-{n}", "{host}-{n:03}", "{", "same"])),
    st.builds(NameTyped, st.integers(1, 9), st.sampled_from(["", "own", "pc-3"])),
    st.builds(NumberSkipped, st.integers(1, 9)),
    st.builds(ConflictsSkipped),
    st.builds(SkipsTakenBack),
    st.builds(
        DiskChosen,
        st.sampled_from(["vda", "vdb", "sda"]),
        st.one_of(st.none(), st.sampled_from(DiskChoice)),
    ),
    st.builds(SourceChosen, st.sampled_from(["", "before", "nowhere"])),
    st.builds(BaseChosen, st.sampled_from(BaseFate)),
    st.builds(PoolChosen, st.sampled_from(["", "p-1", "p-2", "nowhere"])),
    st.builds(NetworkChosen, st.sampled_from(["", "classroom", "nowhere"])),
    st.builds(GuestChosen, st.sampled_from(GuestName)),
    st.builds(TagsChosen, st.just(("a", "b"))),
    st.builds(StartChosen, st.booleans(), st.integers(0, 9)),
    st.builds(WhenFailedChosen, st.sampled_from(WhenFailed)),
)


@given(st.lists(EVENTS, max_size=12))
def test_whatever_is_clicked_a_plan_that_is_ready_shares_nothing(events: list[Event]) -> None:
    snapshot, machine = external_snapshot()
    images = tuple(replace(image, users=()) for image in IMAGES)
    known = facts(machine, snapshots=(snapshot,), images=images, names={"pc-3": "lab-b"})
    form = after(open_form(known, seed=3), *events)
    plan = form.plan
    assert len(plan.machines) == form.spec.count
    # What the form holds survives the way through the action's arguments.
    defaults = {argument.name: argument.default for argument in ARGUMENTS}
    checked = {a.name: a.check({**defaults, **arguments_of(form.spec)}[a.name]) for a in ARGUMENTS}
    assert spec_of(Values(checked)) == form.spec
    if not plan.ready:
        assert form.problem
        return
    names = [each.name for each in plan.machines]
    written = [d.path for each in plan.machines for d in each.disks if d.volume]
    macs = [mac for each in plan.machines for _, mac in each.macs]
    for unique in (names, written, macs, [each.uuid for each in plan.machines]):
        assert len(set(unique)) == len(unique)
    assert not set(names) & known.names.keys()
    assert not set(macs) & known.macs
    assert not set(written) & {image.path for image in known.storage.images}


def test_linked_is_offered_where_one_fate_of_the_source_allows_it_and_takes_that() -> None:
    inside = Snapshot(
        snapshot_key(MACHINE.key, "old"),
        MACHINE.key,
        "old",
        disks=(SnapshotDisk("vda", "internal"),),
        then=MACHINE,
    )
    form = after(open_form(facts(snapshots=(inside,)), seed=1), KindChosen(CloneKind.FULL))
    linked = next(each for each in form.plan.kinds if each.value == CloneKind.LINKED)
    assert not linked.refusal
    assert form.spec.base is BaseFate.OVERLAY
    form = after(form, KindChosen(CloneKind.LINKED))
    assert form.spec.base is BaseFate.TEMPLATE, "an overlay would cost the way back to old"
    assert not form.plan.obstacle
