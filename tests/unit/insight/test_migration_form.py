from dataclasses import fields, replace

import pytest

from vmgui.insight.migration_checks import Verdict, checks
from vmgui.insight.migration_facts import DiskFacts, HostFacts, MigrationFacts
from vmgui.insight.migration_form import MigrationForm, Step, recommended
from vmgui.insight.migration_options import OPTIONS, in_words
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.key import domain_key, host_key
from vmgui.inventory.migration import Compression, CopyStorage, MigrationSpec, Transport

A, B, C = (f"qemu+ssh://root@lab-{letter}/system" for letter in "abc")
WEB = Domain(domain_key(A, "u"), "web-01", DomainState.RUNNING, snapshot_count=0)
SHARED = DiskFacts("vda", source="/srv/a", shared=True, cache="none")
LOCAL = DiskFacts("vdb", source="/var/b", shared=False, there=False, pool_there=True)


def host(uri: str, *, tls: bool = True) -> HostFacts:
    name = uri.partition("@")[2].partition("/")[0]
    link = Link(LinkState.CONNECTED)
    return HostFacts(Host(host_key(uri), name, link, hostname=name), f"u-{name}", tls_ready=tls)


def facts(uri: str = B, domain: Domain = WEB, **changes: object) -> MigrationFacts:
    found = MigrationFacts(domain, host(A), host(uri), MigrationSpec(uri), disks=(SHARED,))
    return replace(found, **changes)  # type: ignore[arg-type]  # a test's shorthand


def checked(form: MigrationForm, known: MigrationFacts) -> MigrationForm:
    """Return the form with a host's checks as they are made for its spec now."""
    name = known.destination.host.name if known.destination else "?"
    form = form.learned(name, known)
    spec = next(each.spec for each in form.candidates if each.uri == known.spec.destination)
    return form.checked(spec, checks(replace(known, spec=spec)))


def ready(known: MigrationFacts | None = None) -> MigrationForm:
    known = known or facts()
    form = checked(MigrationForm().choose_machine(known.domain).next(), known)
    return form.choose_destination(known.spec.destination)


def test_the_way_through_all_steps() -> None:
    form = MigrationForm()
    assert form.blocked() == "Choose a machine."
    assert form.next() is form
    form = form.choose_machine(WEB).next()
    assert form.step is Step.DESTINATION
    assert form.blocked() == "Choose where it shall go."
    form = form.learned("lab-b", facts()).choose_destination(B)
    assert form.blocked() == "lab-b is still being checked."
    form = checked(form, facts())
    assert form.blocked() == ""
    form = form.next().next()
    assert form.step is Step.REVIEW
    assert form.start_refusal() == ""
    assert form.next() is form
    assert form.arguments()["to"] == B
    assert form.back().back().back().back().step is Step.MACHINE
    assert [step.title for step in Step][-1] == "Review and start"


def test_a_check_that_blocks_is_named_and_nothing_starts() -> None:
    form = ready(facts(snapshots=2, other_job="backup"))
    said = "Fix 2 blocking checks to go on: No other job, No snapshots."
    assert form.blocked() == said
    assert form.next().step is Step.DESTINATION
    assert form.go(Step.REVIEW).step is Step.DESTINATION
    assert form.start_refusal() == said
    with pytest.raises(ValueError, match="No snapshots"):
        form.arguments()
    assert form.candidate is not None
    assert form.candidate.why_not.startswith("No other job: ")


def test_hosts_that_can_not_take_it_stay_listed_with_their_reason() -> None:
    form = checked(ready(), facts(C, snapshots=1))
    assert [(each.name, bool(each.why_not)) for each in form.candidates] == [
        ("lab-b", False),
        ("lab-c", True),
    ]
    assert form.choose_destination(C).blocked().endswith("No snapshots.")
    with pytest.raises(ValueError, match="no candidate"):
        form.choose_destination("qemu+ssh://elsewhere/system")


def test_defaults_are_right_for_most() -> None:
    spec = recommended(facts(disks=(SHARED, LOCAL)))
    assert spec == MigrationSpec(
        B,
        live=True,
        copy_storage=CopyStorage.FULL,
        copy_disks=("vdb",),
        auto_converge=True,
        tls=True,
        transport=Transport.DIRECT,
        transport_reason="vmgui is connected to both hosts, so neither needs a login on the other.",
    )
    assert recommended(facts()).copy_storage is CopyStorage.NONE
    assert not recommended(facts(destination=host(B, tls=False))).tls
    assert recommended(facts(destination=None)).transport is Transport.P2P


def test_what_is_off_or_transient_gets_defaults_of_its_own() -> None:
    off = replace(WEB, state=DomainState.OFF)
    spec = recommended(facts(domain=off, disks=(LOCAL,)))
    assert (spec.live, spec.tls, spec.auto_converge) == (False, False, False)
    assert spec.copy_storage is CopyStorage.NONE
    assert spec.persist_destination
    own = recommended(facts(domain=off, disks=(LOCAL,), copies_offline=True))
    assert own.copy_disks == ("vdb",)
    transient = recommended(facts(domain=replace(WEB, persistent=False)))
    assert (transient.undefine_source, transient.persist_destination) == (False, False)
    for domain in (off, replace(WEB, persistent=False), WEB):
        known = facts(domain=domain, disks=(SHARED, LOCAL))
        found = checks(replace(known, spec=recommended(known)))
        failed = [check.id for check in found if check.verdict is Verdict.FAIL]
        assert failed == []


def test_an_option_makes_checks_of_its_hosts_anew_and_stays_for_the_next_host() -> None:
    form = ready().set(tls=False)
    assert form.candidate is not None
    assert form.candidate.found is None
    assert form.blocked() == "lab-b is still being checked."
    later = form.learned("lab-c", facts(C)).choose_destination(C)
    assert later.spec is not None
    assert later.spec.tls is False
    same = ready()
    assert same.set(tls=True).candidate == same.candidate


def test_checks_that_come_too_late_are_dropped() -> None:
    form = ready()
    assert form.spec is not None
    late = checks(replace(facts(), spec=form.spec))
    changed = form.set(bandwidth_mib_s=100)
    assert changed.checked(form.spec, late).blocked() == "lab-b is still being checked."


def test_options_that_do_not_go_together_are_told_before_and_after() -> None:
    form = ready()
    assert "tunnel" in form.set(tls=False, post_copy=True).refusal("transport", Transport.TUNNELLED)
    assert form.refusal("compression", Compression.ZSTD)
    assert form.refusal("parallel_channels", 4) == ""
    assert MigrationForm().refusal("parallel_channels", 4) == ""
    form = form.set(compression=Compression.ZSTD)
    assert form.blocked(Step.TRANSFER) == "zstd packs parallel channels, and there are none."
    assert form.start_refusal() == form.blocked(Step.TRANSFER)
    with pytest.raises(ValueError, match="no option: nonsense"):
        form.set(nonsense=1)


def test_a_way_that_is_chosen_by_hand_says_so() -> None:
    form = ready().set(transport=Transport.P2P)
    assert form.spec is not None
    assert form.spec.transport_reason == "It was chosen by hand."


def test_a_fix_holds_for_its_host_only() -> None:
    taken = facts(name_taken_there=True, uuid_state_there="")
    form = checked(ready(taken), facts(C))
    assert form.candidate is not None
    fix = next(check.fix for check in form.candidate.stops if check.id == "identity")
    assert fix is not None
    fixed = form.apply(fix)
    assert [each.spec.new_name for each in fixed.candidates] == ["web-01-2", ""]
    assert fixed.blocked() == "lab-b is still being checked."
    again = checked(fixed, facts(name_taken_there=False, uuid_state_there=""))
    assert again.spec is not None
    assert again.spec.new_name == "web-01-2"
    assert again.blocked() == ""


def test_reading_a_host_again_keeps_checks_that_still_hold() -> None:
    form = ready()
    again = form.learned("lab-b", facts())
    assert again.candidate == form.candidate


def test_another_machine_begins_anew_and_the_same_one_does_not() -> None:
    form = ready().next()
    assert form.choose_machine(replace(WEB, title="x")).step is Step.TRANSFER
    other = form.choose_machine(replace(WEB, key=domain_key(A, "v")))
    assert (other.step, other.candidates, other.chosen) == (Step.MACHINE, (), "")


def test_another_destination_leads_back_to_its_checks() -> None:
    form = checked(ready(), facts(C)).next().next()
    assert form.step is Step.REVIEW
    assert form.choose_destination(C).step is Step.DESTINATION


def test_each_field_of_the_spec_can_be_asked_for() -> None:
    named = {option.field for option in OPTIONS}
    own = {each.name for each in fields(MigrationSpec)} - {"destination", "transport_reason"}
    assert named == own
    assert all(option.title and option.help.endswith(".") for option in OPTIONS)
    assert any(option.expert for option in OPTIONS)


def test_a_spec_in_words() -> None:
    assert in_words(MigrationSpec(B)) == ("live", "auto-converge")
    assert in_words(MigrationSpec(B, live=False)) == ("while it is off",)
    spec = MigrationSpec(
        B,
        copy_storage=CopyStorage.INCREMENTAL,
        copy_disks=("vda",),
        post_copy=True,
        tls=True,
        parallel_channels=4,
        compression=Compression.ZSTD,
        bandwidth_mib_s=160,
        max_downtime_ms=300,
        transport=Transport.P2P,
        new_name="x",
        undefine_source=False,
        persist_destination=False,
    )
    assert in_words(spec)[1:] == (
        "with top files of disks vda",
        "auto-converge",
        "post-copy allowed",
        "TLS",
        "4 channels",
        "packed by zstd",
        "at most 160 MiB/s",
        "pause below 300 ms",
        "peer-to-peer",
        "named x there",
        "stays defined here",
        "not defined there",
    )
