"""The clone wizard without its widgets: a state, what a person does, and the state after it.

The widgets show `CloneForm` and its plan, and hand each change on as an event. What is valid is
decided by the plan alone.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from vmgui.insight.clone_plan import CloneFacts, ClonePlan
from vmgui.insight.clone_planner import plan_clones
from vmgui.insight.clone_spec import (
    MOST_AT_ONCE,
    BaseFate,
    CloneKind,
    CloneSpec,
    DiskChoice,
    GuestName,
    WhenFailed,
)


@dataclass(frozen=True, slots=True)
class KindChosen:
    """Linked or full; disks that have a choice of their own keep it."""

    kind: CloneKind


@dataclass(frozen=True, slots=True)
class CountChosen:
    """How many clones; kept between 1 and `MOST_AT_ONCE`."""

    count: int


@dataclass(frozen=True, slots=True)
class FirstChosen:
    """The first clone's number, 0 or more."""

    first: int


@dataclass(frozen=True, slots=True)
class PatternTyped:
    """The names' pattern; an empty one offers the default again."""

    pattern: str


@dataclass(frozen=True, slots=True)
class NameTyped:
    """A name for one clone; an empty one, or the pattern's own, gives it back to the pattern."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class NumberSkipped:
    """Pass over a number: the next free one is taken in its place."""

    number: int


@dataclass(frozen=True, slots=True)
class ConflictsSkipped:
    """Pass over each number that something stands against."""


@dataclass(frozen=True, slots=True)
class SkipsTakenBack:
    """No number is passed over any more."""


@dataclass(frozen=True, slots=True)
class DiskChosen:
    """What becomes of one disk; None lets the kind decide."""

    target: str
    choice: DiskChoice | None


@dataclass(frozen=True, slots=True)
class SourceChosen:
    """The snapshot to clone from; "" is the machine as it is."""

    snapshot: str


@dataclass(frozen=True, slots=True)
class BaseChosen:
    """What keeps the source's files from changing."""

    base: BaseFate


@dataclass(frozen=True, slots=True)
class PoolChosen:
    """The UUID of the pool; "" is the source's own."""

    pool: str


@dataclass(frozen=True, slots=True)
class NetworkChosen:
    """The network of all interfaces; "" leaves them where they are."""

    network: str


@dataclass(frozen=True, slots=True)
class GuestChosen:
    """How the guest learns its name."""

    guest: GuestName


@dataclass(frozen=True, slots=True)
class TagsChosen:
    """The clones' tags."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartChosen:
    """Whether they are started when all are made, one every ``every_s`` seconds."""

    start: bool
    every_s: int = 0


@dataclass(frozen=True, slots=True)
class WhenFailedChosen:
    """What becomes of finished clones when one fails."""

    when_failed: WhenFailed


@dataclass(frozen=True, slots=True)
class FactsRead:
    """The host was read again; everything that was chosen stays."""

    facts: CloneFacts


Event = (
    KindChosen
    | CountChosen
    | FirstChosen
    | PatternTyped
    | NameTyped
    | NumberSkipped
    | ConflictsSkipped
    | SkipsTakenBack
    | DiskChosen
    | SourceChosen
    | BaseChosen
    | PoolChosen
    | NetworkChosen
    | GuestChosen
    | TagsChosen
    | StartChosen
    | WhenFailedChosen
    | FactsRead
)


@dataclass(frozen=True)
class CloneForm:
    """The wizard's state: what is known, what was chosen, and (made once) the plan of both."""

    facts: CloneFacts
    spec: CloneSpec

    @cached_property
    def plan(self) -> ClonePlan:
        """Return what would be made."""
        return plan_clones(self.facts, self.spec)

    @property
    def can_create(self) -> bool:
        """Tell whether the button is on."""
        return self.plan.ready

    @property
    def button(self) -> str:
        """Return the button's words: ``Create 12 clones``."""
        count = len(self.plan.machines)
        return "Create the clone" if count == 1 else f"Create {count} clones"

    @property
    def problem(self) -> str:
        """Tell beside the button what stands against it, in one sentence; "" for nothing."""
        return self.plan.refusal


def open_form(facts: CloneFacts, *, seed: int, snapshot: str = "") -> CloneForm:
    """Return the wizard as it opens; ``seed`` is any number, another one for each opening.

    A template is cloned by link, as is a snapshot that linked clones can be made of; any other
    machine in full, since a link would change the source.
    """
    spec = CloneSpec(seed=seed, snapshot=snapshot, tags=facts.storage.domain.tags)
    linked = CloneForm(facts, spec)
    if (facts.storage.domain.is_template or snapshot) and not linked.plan.refusal:
        return linked
    return CloneForm(facts, replace(spec, kind=CloneKind.FULL))


def advance(form: CloneForm, event: Event) -> CloneForm:  # noqa: PLR0911  one line for each event
    """Return the wizard after ``event``."""
    spec = form.spec
    match event:
        case FactsRead(facts):
            return CloneForm(facts, spec)
        case KindChosen(kind):
            return _with_a_base(_with(form, kind=kind))
        case CountChosen(count):
            return _with(form, count=min(max(1, count), MOST_AT_ONCE))
        case FirstChosen(first):
            return _with(form, first=max(0, first), skipped=(), names=())
        case PatternTyped(pattern):
            return _with(form, pattern=pattern)
        case NameTyped(number, name):
            return _with(form, names=_named(form, number, name.strip()))
        case NumberSkipped(number):
            return _with(form, skipped=(*spec.skipped, number))
        case ConflictsSkipped():
            return _skip_conflicts(form)
        case SkipsTakenBack():
            return _with(form, skipped=())
        case DiskChosen(target, choice):
            others = tuple(pair for pair in spec.disks if pair[0] != target)
            return _with(form, disks=(*others, (target, choice)) if choice else others)
        case StartChosen(start, every_s):
            return _with(form, start=start, start_every_s=max(0, every_s))
        case _:
            return _with(form, **{name: getattr(event, name) for name in event.__match_args__})


def _with(form: CloneForm, **changes: object) -> CloneForm:
    return CloneForm(form.facts, replace(form.spec, **changes))  # type: ignore[arg-type]


def _with_a_base(form: CloneForm) -> CloneForm:
    """Return the form with the first thing that can become of its source, if any can."""
    bases = (form.spec.base, *(each for each in BaseFate if each is not form.spec.base))
    tried = (_with(form, base=base) for base in bases)
    return next((each for each in tried if not each.plan.obstacle), form)


def _named(form: CloneForm, number: int, name: str) -> tuple[tuple[int, str], ...]:
    others = tuple(pair for pair in form.spec.names if pair[0] != number)
    return (*others, (number, name)) if name else others


def _skip_conflicts(form: CloneForm) -> CloneForm:
    # Those that take their place may be taken as well.
    while skippable := [each.number for each in form.plan.conflicts if each.can_skip]:
        form = _with(form, skipped=(*form.spec.skipped, *skippable))
    return form
