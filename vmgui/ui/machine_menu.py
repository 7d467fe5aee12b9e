"""How what can be done with machines is grouped in menus."""

from collections.abc import Iterable, Sequence

_POWER, _SAVED, _DISKS, _CLONES, _ITSELF, _DELETE = range(6)

_OF_ID = {
    "domain.save": _SAVED,
    "domain.restore": _SAVED,
    "domain.discard-saved": _SAVED,
    "domain.clone": _CLONES,
    "domain.edit": _ITSELF,
    "domain.rename": _ITSELF,
    "domain.tag": _ITSELF,
    "domain.autostart": _ITSELF,
    "domain.delete": _DELETE,
}
_OF_PREFIX = {"snapshot": _DISKS, "disk": _DISKS, "clone": _CLONES, "template": _CLONES}


def in_groups(action_ids: Iterable[str]) -> Sequence[Sequence[str]]:
    """Return the ids in the groups of a menu, none of them empty, each in the order given.

    Power comes first, then what was saved, snapshots and disks, clones and templates, the
    machine's own settings; deleting it stands alone at the end.
    """
    groups: list[list[str]] = [[] for _ in range(_DELETE + 1)]
    for action_id in action_ids:
        by_prefix = _OF_PREFIX.get(action_id.partition(".")[0], _POWER)
        groups[_OF_ID.get(action_id, by_prefix)].append(action_id)
    return [group for group in groups if group]
