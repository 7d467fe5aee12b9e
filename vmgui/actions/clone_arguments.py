"""The arguments of ``domain.clone``, and the spec that they stand for."""

from collections.abc import Callable
from typing import TypeVar

from vmgui.actions.action import Argument, ArgumentType, Value, Values, WrongArgument
from vmgui.insight.clone_spec import (
    MOST_AT_ONCE,
    BaseFate,
    CloneKind,
    CloneSpec,
    DiskChoice,
    GuestName,
    WhenFailed,
)

T = TypeVar("T")
U = TypeVar("U")

ARGUMENTS = (
    Argument(
        "pattern",
        ArgumentType.TEXT,
        "The clone's name, or a pattern with {n}, {n:02} and {host}.",
        default="",
        positional=True,
    ),
    Argument(
        "kind",
        ArgumentType.CHOICE,
        "Linked: disks that keep only what changes; full: copies that depend on nothing.",
        default=CloneKind.FULL,
        choices=tuple(CloneKind),
    ),
    Argument("count", ArgumentType.NUMBER, "How many clones.", default=1),
    Argument("first", ArgumentType.NUMBER, "The first one's number.", default=1),
    Argument(
        "own_names",
        ArgumentType.LIST,
        "NUMBER=NAME: a clone's name that no pattern gives.",
        default=(),
    ),
    Argument("skips", ArgumentType.LIST, "A number that is passed over.", default=()),
    Argument(
        "disks",
        ArgumentType.LIST,
        f"TARGET=CHOICE for a disk that differs: {', '.join(DiskChoice)}.",
        default=(),
    ),
    Argument("snapshot", ArgumentType.TEXT, "The snapshot to clone from.", default=""),
    Argument(
        "base",
        ArgumentType.CHOICE,
        "What keeps the files that linked clones read from changing: the machine becomes a "
        "template, or it goes on with an overlay of its own.",
        default=BaseFate.OVERLAY,
        choices=tuple(BaseFate),
    ),
    Argument("pool", ArgumentType.TEXT, "Name or UUID of the pool for the files.", default=""),
    Argument("network", ArgumentType.TEXT, "The network of all its interfaces.", default=""),
    Argument(
        "guest",
        ArgumentType.CHOICE,
        "How the guest gets its own host name.",
        default=GuestName.AUTO,
        choices=tuple(GuestName),
    ),
    Argument("tags", ArgumentType.LIST, "The clones' tags.", default=()),
    Argument("start", ArgumentType.FLAG, "Start the clones when all are made.", default=False),
    Argument(
        "start_every_s", ArgumentType.NUMBER, "Seconds from one start to the next.", default=0
    ),
    Argument(
        "when_failed",
        ArgumentType.CHOICE,
        "What becomes of finished clones when one fails or the job is cancelled.",
        default=WhenFailed.KEEP,
        choices=tuple(WhenFailed),
    ),
    Argument(
        "seed",
        ArgumentType.NUMBER,
        "Decides MACs and UUIDs: the same number gives the same ones.",
        default=0,
    ),
)


def arguments_of(spec: CloneSpec) -> dict[str, Value]:
    """Return the arguments of ``domain.clone`` that stand for ``spec``."""
    return {
        "pattern": spec.pattern,
        "kind": spec.kind,
        "count": spec.count,
        "first": spec.first,
        "own_names": tuple(f"{number}={name}" for number, name in spec.names),
        "skips": tuple(map(str, spec.skipped)),
        "disks": tuple(f"{target}={choice}" for target, choice in spec.disks),
        "snapshot": spec.snapshot,
        "base": spec.base,
        "pool": spec.pool,
        "network": spec.network,
        "guest": spec.guest,
        "tags": spec.tags,
        "start": spec.start,
        "start_every_s": spec.start_every_s,
        "when_failed": spec.when_failed,
        "seed": spec.seed,
    }


def spec_of(values: Values) -> CloneSpec:
    """Return what the arguments mean; raises WrongArgument where one can't be read."""
    count, first = values.number("count"), values.number("first")
    if not 1 <= count <= MOST_AT_ONCE:
        raise WrongArgument(f"count is from 1 to {MOST_AT_ONCE}.")
    if first < 0:
        raise WrongArgument("first can't be negative.")
    return CloneSpec(
        kind=CloneKind(values.text("kind")),
        count=count,
        first=first,
        pattern=values.text("pattern"),
        names=_pairs(values, "own_names", int, str),
        skipped=tuple(_read(int, text, "skips") for text in values.texts("skips")),
        disks=_pairs(values, "disks", str, DiskChoice),
        snapshot=values.text("snapshot"),
        base=BaseFate(values.text("base")),
        pool=values.text("pool"),
        network=values.text("network"),
        guest=GuestName(values.text("guest")),
        tags=values.texts("tags"),
        start=values.flag("start"),
        start_every_s=max(0, values.number("start_every_s")),
        when_failed=WhenFailed(values.text("when_failed")),
        seed=values.number("seed"),
    )


def _pairs(
    values: Values, name: str, left: Callable[[str], T], right: Callable[[str], U]
) -> tuple[tuple[T, U], ...]:
    pairs = []
    for text in values.texts(name):
        key, equals, value = text.partition("=")
        if not equals:
            raise WrongArgument(f"{name}: {text} has no =.")
        pairs.append((_read(left, key, name), _read(right, value, name)))
    return tuple(pairs)


def _read(kind: Callable[[str], T], text: str, name: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise WrongArgument(f"{name} can't be {text}.") from None
