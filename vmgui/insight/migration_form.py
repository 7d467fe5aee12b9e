"""The way through a migration's four steps, without widgets: nothing changes before the last.

A form is a value. Whoever shows one draws what it says, and on each click puts the form in its
place that the method of that name returns.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from vmgui.insight.amounts import counted
from vmgui.insight.migration_checks import Check, Fix, blocking, why_not
from vmgui.insight.migration_disks import to_copy
from vmgui.insight.migration_facts import MigrationFacts
from vmgui.insight.migration_options import OPTIONS
from vmgui.insight.migration_transport import choose, conflicts
from vmgui.inventory.domain import Domain
from vmgui.inventory.migration import CopyStorage, MigrationSpec, Transport


class Step(IntEnum):
    """The steps, in their order."""

    MACHINE = 1
    DESTINATION = 2
    TRANSFER = 3
    REVIEW = 4

    @property
    def title(self) -> str:
        """Return the words of the step bar."""
        return ("Machine", "Destination and checks", "Transfer", "Review and start")[self - 1]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host that a machine may go to. ``found`` is None while its checks are being made.

    ``spec`` is what they were made for. ``fixed`` are fields of it that fixes have set: they hold
    for this host only.
    """

    uri: str
    name: str
    spec: MigrationSpec
    found: tuple[Check, ...] | None = None
    fixed: tuple[tuple[str, object], ...] = ()

    @property
    def why_not(self) -> str:
        """Return why it can't take the machine, "" where it can or nobody knows yet."""
        return why_not(self.found or ())

    @property
    def stops(self) -> tuple[Check, ...]:
        """Return the checks that stand in the way."""
        return blocking(self.found or ())


def recommended(facts: MigrationFacts) -> MigrationSpec:
    """Return the options that are right for most: what is safe, and what has to be so.

    Live where it runs, with auto-converge, since without it a busy machine may never arrive.
    Disks are copied that only the source has. TLS where both hosts have certificates. It moves
    with its definition, so that it isn't defined twice.
    """
    domain, uri = facts.domain, facts.spec.destination
    live = domain.state.is_active
    disks = to_copy(facts) if live or facts.copies_offline else ()
    choice = choose(
        facts.source.host.key.host, uri, destination_connected=facts.destination is not None
    )
    ends = (facts.source, facts.destination)
    return MigrationSpec(
        uri,
        live=live,
        copy_storage=CopyStorage.FULL if disks else CopyStorage.NONE,
        copy_disks=disks,
        auto_converge=live,
        tls=live and all(end is not None and end.tls_ready is True for end in ends),
        transport=choice.transport or Transport.DIRECT,
        transport_reason=choice.reason,
        undefine_source=domain.persistent,
        persist_destination=domain.persistent or not live,
    )


@dataclass(frozen=True, slots=True)
class MigrationForm:
    """Where a person is on the way, and what was chosen.

    ``chosen`` is the URI of the destination, "" for none yet. ``asked`` are the fields of the
    spec that the person has set: these go with them from host to host, the others are what is
    recommended for each.
    """

    domain: Domain | None = None
    candidates: tuple[Candidate, ...] = ()
    chosen: str = ""
    asked: tuple[tuple[str, object], ...] = ()
    step: Step = Step.MACHINE
    copies_offline: bool = False

    @property
    def candidate(self) -> Candidate | None:
        """Return the destination that is chosen."""
        return next((each for each in self.candidates if each.uri == self.chosen), None)

    @property
    def spec(self) -> MigrationSpec | None:
        """Return what would be started, None where no destination is chosen."""
        return self.candidate.spec if self.candidate else None

    def choose_machine(self, domain: Domain) -> "MigrationForm":
        """Take a machine; what was known of hosts was known for the one before."""
        if self.domain is not None and self.domain.key == domain.key:
            return replace(self, domain=domain)
        return MigrationForm(domain, copies_offline=self.copies_offline)

    def learned(self, name: str, facts: MigrationFacts) -> "MigrationForm":
        """Take what was read of a host: it gets what is recommended, and what was asked for.

        Its checks have to be made for the spec that it has then.
        """
        uri = facts.spec.destination
        before = next((each for each in self.candidates if each.uri == uri), None)
        fixed = before.fixed if before else ()
        spec = _set(recommended(facts), (*self.asked, *fixed))
        found = before.found if before and before.spec == spec else None
        known = Candidate(uri, name, spec, found, fixed)
        others = [each for each in self.candidates if each.uri != uri]
        ordered = sorted([*others, known], key=lambda each: (each.name, each.uri))
        return replace(self, candidates=tuple(ordered))

    def checked(self, spec: MigrationSpec, found: Iterable[Check]) -> "MigrationForm":
        """Take the checks of the host in ``spec``; too late ones, for another spec, are dropped."""
        return self._changed(
            lambda each: replace(each, found=tuple(found)) if each.spec == spec else each
        )

    def choose_destination(self, uri: str) -> "MigrationForm":
        """Take a destination, also one that can't take the machine: the reason then shows."""
        if all(each.uri != uri for each in self.candidates):
            raise ValueError(f"{uri} is no candidate")
        return replace(self, chosen=uri, step=min(self.step, Step.DESTINATION))

    def set(self, **fields: object) -> "MigrationForm":
        """Set options for every host; checks of those that this changes have to be made anew."""
        known = {option.field for option in OPTIONS}
        if stray := sorted(fields.keys() - known):
            raise ValueError(f"no option: {', '.join(stray)}")
        if "transport" in fields:
            fields = {"transport_reason": "It was chosen by hand.", **fields}
        asked = tuple((dict(self.asked) | fields).items())
        changed = self._changed(lambda each: _with(each, tuple(fields.items())))
        return replace(changed, asked=asked)

    def apply(self, fix: Fix) -> "MigrationForm":
        """Make the changes to the options that a fix is, for the chosen destination only."""

        def changed(each: Candidate) -> Candidate:
            if each.uri != self.chosen:
                return each
            fixed = tuple((dict(each.fixed) | dict(fix.spec_changes)).items())
            return replace(_with(each, fix.spec_changes), fixed=fixed)

        return self._changed(changed)

    def refusal(self, field: str, value: object) -> str:
        """Return why an option can't be set so beside the others, "" where it can."""
        if self.spec is None:
            return ""
        before = self._conflicts(self.spec)
        after = self._conflicts(_set(self.spec, ((field, value),)))
        return next((why for name, why in after if (name, why) not in before), "")

    def blocked(self, step: Step | None = None) -> str:
        """Return why one can't go on from a step (the present one), "" where one can."""
        match self.step if step is None else step:
            case Step.MACHINE:
                return "" if self.domain else "Choose a machine."
            case Step.DESTINATION:
                return self._blocked_destination()
            case Step.TRANSFER:
                found = self._conflicts(self.spec) if self.spec else ()
                return found[0][1] if found else ""
            case _:
                return self.start_refusal()

    def start_refusal(self) -> str:
        """Return which step or check forbids to start, "" where nothing does."""
        steps = (Step.MACHINE, Step.TRANSFER, Step.DESTINATION)
        return next((why for step in steps if (why := self.blocked(step))), "")

    def next(self) -> "MigrationForm":
        """Go on, where nothing is in the way; from the last step it stays."""
        if self.blocked() or self.step is Step.REVIEW:
            return self
        return replace(self, step=Step(self.step + 1))

    def back(self) -> "MigrationForm":
        """Go back a step; what was chosen stays."""
        return replace(self, step=Step(max(self.step - 1, Step.MACHINE)))

    def go(self, step: Step) -> "MigrationForm":
        """Go to a step of the bar: back at will, on only as far as nothing is in the way."""
        for before in (each for each in Step if self.step <= each < step):
            if self.blocked(before):
                return replace(self, step=before)
        return replace(self, step=step)

    def arguments(self) -> Mapping[str, Any]:
        """Return the arguments of ``domain.migrate``; raises ValueError where it can't start."""
        spec, refusal = self.spec, self.start_refusal()
        if spec is None or refusal:
            raise ValueError(refusal)
        options = {option.field: getattr(spec, option.field) for option in OPTIONS}
        return {"to": spec.destination, **options}

    def _blocked_destination(self) -> str:
        there = self.candidate
        if there is None:
            return "Choose where it shall go."
        if there.found is None:
            return f"{there.name} is still being checked."
        if not there.stops:
            return ""
        names = ", ".join(check.title for check in there.stops)
        return f"Fix {counted(len(there.stops), 'blocking check')} to go on: {names}."

    def _conflicts(self, spec: MigrationSpec) -> tuple[tuple[str, str], ...]:
        return conflicts(spec, copies_offline=self.copies_offline)

    def _changed(self, change: Callable[[Candidate], Candidate]) -> "MigrationForm":
        return replace(self, candidates=tuple(change(each) for each in self.candidates))


def _with(candidate: Candidate, fields: Iterable[tuple[str, object]]) -> Candidate:
    spec = _set(candidate.spec, fields)
    if spec == candidate.spec:
        return candidate
    return replace(candidate, spec=spec, found=None)


def _set(spec: MigrationSpec, fields: Iterable[tuple[str, object]]) -> MigrationSpec:
    changes: dict[str, Any] = dict(fields)
    return replace(spec, **changes)
