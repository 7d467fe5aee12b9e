"""The third question before a migration, whether the machine will work once it is there."""

from collections.abc import Iterator

from vmgui.insight.amounts import latency
from vmgui.insight.migration_facts import MigrationFacts, NeedFacts
from vmgui.insight.migration_findings import About, Check, Fix, Question

CLOCKS_WARN_S = 0.5
"""A guest that is set right by its host's clock jumps by as much."""

_WORDS = {
    "network": "network",
    "bridge": "bridge",
    "filter": "filter",
    "device": "network device",
}


def _about(check_id: str, title: str) -> About:
    return About(check_id, Question.WILL_WORK, title)


def will_work(facts: MigrationFacts) -> Iterator[Check]:
    """Return the checks of the third question."""
    yield from _networks(facts)
    yield _identity(facts)
    yield _clocks(facts)
    yield from _keeping(facts)
    for number, sentence in enumerate(facts.unread):
        yield _about(f"unread:{number}", "What couldn't be read").unknown(sentence)


def _networks(facts: MigrationFacts) -> Iterator[Check]:
    found = [check for need in facts.needs if (check := _need(need, facts)) is not None]
    yield from found
    if found:
        return
    about = _about("networks", "Networks")
    if not facts.needs:
        yield about.passed("it is on none")
    else:
        yield about.passed(f"there by name: {', '.join(need.name for need in facts.needs)}")


def _need(need: NeedFacts, facts: MigrationFacts) -> Check | None:
    """Return what is wrong with one thing that the machine names; None where nothing is."""
    name = facts.destination.host.name if facts.destination else facts.spec.destination
    word = _WORDS.get(need.kind, need.kind)
    about = _about(f"{need.kind}:{need.name}", f"{word[0].upper()}{word[1:]}" if word else "Need")
    if need.there is None:
        return about.unknown(f"{need.name} on {name}")
    if not need.there:
        return about.failed(
            f"{name} has no {word} {need.name}.",
            Fix(f"Make it there, or put the machine on another {word} that both have."),
        )
    if need.kind == "network" and need.active_there is False:
        return about.failed(f"{need.name} isn't started on {name}.", Fix(f"Start it on {name}."))
    return None


def _identity(facts: MigrationFacts) -> Check:
    about, there = _about("identity", "Name and UUID"), facts.destination
    name = there.host.name if there else facts.spec.destination
    called = facts.spec.new_name or facts.domain.name
    if facts.uuid_state_there not in (None, "", "off"):
        return about.failed(f"A machine with its UUID is {facts.uuid_state_there} on {name}.")
    if facts.name_taken_there:
        return about.failed(
            f"{name} has another machine called {called}.",
            Fix("Give it another name there", spec_changes=(("new_name", f"{called}-2"),)),
        )
    if facts.name_taken_there is None or facts.uuid_state_there is None:
        return about.unknown()
    if facts.uuid_state_there == "off":
        return about.passed(f"its own definition on {name} is taken over")
    return about.passed(f"not in use on {name}")


def _clocks(facts: MigrationFacts) -> Check:
    about, apart = _about("clocks", "Clocks"), facts.clock_apart_s
    if not facts.spec.live:
        return about.passed("it starts with the clock that it finds")
    if apart is None:
        return about.unknown()
    if abs(apart) > CLOCKS_WARN_S:
        return about.warned(
            f"{latency(abs(apart))} apart: the guest's clock may jump by as much.",
            Fix("Set both hosts' clocks by the same time server."),
        )
    return about.passed(f"{latency(abs(apart))} apart")


def _keeping(facts: MigrationFacts) -> Iterator[Check]:
    """Yield what its definitions come to, where that is a surprise."""
    spec, domain = facts.spec, facts.domain
    about = _about("definition", "Definition")
    if not domain.persistent and not spec.persist_destination:
        yield about.passed("it has none, here as there: gone when it is shut down")
    elif spec.live and not spec.persist_destination:
        lost = " and it is gone when it is shut down" if spec.undefine_source else ""
        yield about.warned(f"It won't be defined there{lost}.")
    elif domain.persistent and not spec.undefine_source:
        yield about.warned(
            f"It stays defined on {facts.source.host.name} too: started there as well, both would "
            "write to the same disks."
        )
    else:
        yield about.passed("it moves along")
