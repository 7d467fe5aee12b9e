"""What is told of a snapshot, a line each."""

from collections.abc import Iterator, Sequence

from vmgui.actions.moments import Moment
from vmgui.insight import dates
from vmgui.insight.amounts import latency, size
from vmgui.insight.snapshot_sizes import SnapshotSize
from vmgui.insight.timeline import HERE
from vmgui.inventory.snapshot import Snapshot
from vmgui.ui.views.snapshots.look import kind_words
from vmgui.ui.widgets.facts import Fact, Part

_LINK, _CHILDREN_MOST = "snapshot:", 6
_STATES = {"shutoff": "Off", "running": "Running", "paused": "Paused"}
_NO_STATE = frozenset({"", "disk-snapshot"})


def snapshot_facts(
    snapshot: Snapshot,
    parent: str | None,
    children: Sequence[str],
    size_of: SnapshotSize | None,
    moment: Moment | None,
    now_s: float,
) -> list[Fact]:
    """Return what is known of a snapshot; ``children`` are names, `HERE` for the machine."""
    facts = []
    if taken := dates.moment(snapshot.created_at_s, now_s):
        facts.append(Fact("Taken", (Part(taken),)))
    facts.append(Fact("Kind", (Part(kind_words(snapshot)),)))
    if snapshot.state not in _NO_STATE:
        facts.append(Fact("State then", (Part(_STATES.get(snapshot.state, snapshot.state)),)))
    facts += _memory(snapshot, size_of, moment)
    if moment is not None and moment.quiesced:
        took = "" if moment.took_s is None else f", {latency(moment.took_s)}"
        how = Part(f"by guest agent{took}", "ok", icon="check-circle")
        facts.append(Fact("Quiesced", (how,)))
    if parent:
        facts.append(Fact("Parent", (link_to(parent),)))
    elif snapshot.parent:
        facts.append(Fact("Parent", (Part(f"{snapshot.parent} isn't there", "warn"),)))
    facts += _family(children)
    return facts


def link_to(name: str) -> Part:
    """Return what leads to a snapshot, or to `HERE`."""
    return Part(name if name != HERE else "You are here", "acc", link=_LINK + name)


def name_behind(link: str) -> str:
    """Return the name that a link leads to."""
    return link.removeprefix(_LINK)


def _memory(
    snapshot: Snapshot, size_of: SnapshotSize | None, moment: Moment | None
) -> Iterator[Fact]:
    if not snapshot.has_memory:
        yield Fact("Memory", (Part("Not included"),))
        return
    amount = size_of.memory_bytes if size_of is not None else None
    if amount is None and moment is not None:
        amount = moment.memory_bytes
    yield Fact("Memory", (Part("Included" if amount is None else f"Included, {size(amount)}"),))
    if snapshot.memory_path:
        yield Fact("Memory file", (Part(snapshot.memory_path, "t2", mono=True),))


def _family(children: Sequence[str]) -> Iterator[Fact]:
    for number, child in enumerate(children[:_CHILDREN_MOST]):
        label = "" if number else "Children" if len(children) > 1 else "Child"
        yield Fact(label, (link_to(child),))
    if len(children) > _CHILDREN_MOST:
        yield Fact("", (Part(f"and {len(children) - _CHILDREN_MOST} more", "t3"),))
