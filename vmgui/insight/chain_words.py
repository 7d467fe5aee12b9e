"""What is said of the files behind a disk: how large, what they hold, who needs them."""

from collections.abc import Sequence

from vmgui.insight import dates
from vmgui.insight.amounts import round_size, size
from vmgui.insight.chain import MEMORY, Box, Role, overlay_of, state_of
from vmgui.insight.file_plan import Fate, PlannedFile
from vmgui.insight.image_graph import ImageGraph
from vmgui.insight.machine_files import base_name
from vmgui.inventory.images import Image, MachineStorage
from vmgui.inventory.snapshot import Snapshot

NOT_RUNNING = "not used by the running machine"
NOT_USED = "not used by the machine as it is"
NOBODY = "nobody uses it"

_WOULD = {
    Fate.CREATED: "would be created",
    Fate.FROZEN: "would become read-only",
    Fate.LEFT: "would be left, used by nobody",
}


class Words:
    """Finds the words for the files of one disk."""

    def __init__(
        self,
        storage: MachineStorage,
        target: str,
        graph: ImageGraph,
        line: Sequence[str],
        now_s: float,
    ) -> None:
        self._storage = storage
        self._target = target
        self._graph = graph
        self._line = line
        self._now_s = now_s
        self._made_for: dict[str, list[Snapshot]] = {}
        self._state_of: dict[str, list[Snapshot]] = {}
        self._inside_of: dict[str, list[str]] = {}
        for each in sorted(storage.snapshots, key=lambda snapshot: snapshot.created_at_s):
            internal = any(d.target == target and d.kind == "internal" for d in each.disks)
            if path := overlay_of(each, target):
                self._made_for.setdefault(path, []).append(each)
            path = state_of(each, target)
            if internal:
                path = path or next(iter(line), "")
                self._inside_of.setdefault(path, []).append(each.name)
            elif path:
                self._state_of.setdefault(path, []).append(each)
        base = line[-1] if line else ""
        stem, dot, ending = base_name(base).partition(".")
        self._stem, self._ending = f"{stem}." if base else "", f"{dot}{ending}"

    def name(self, path: str) -> str:
        """Return a short name: what it shares with the base's is left out of an overlay's."""
        name = base_name(path)
        is_base = bool(self._line) and path == self._line[-1]
        if not self._stem or is_base or not name.startswith(self._stem):
            return name
        rest = name.removeprefix(self._stem).removesuffix(self._ending)
        return f"…{rest}" if rest else name

    def box(
        self, path: str, parent: str, column: int, row: int, planned: PlannedFile | None
    ) -> Box:
        """Return a file in its place with all that is said of it."""
        image = self._graph.get(path)
        inside = self._inside(path, image)
        made_for = [snapshot.name for snapshot in self._made_for.get(path, ())]
        is_new = planned is not None and planned.fate is Fate.CREATED
        missing = not is_new and image is not None and image.exists is False
        role = self._role(path, image, planned)
        ratio = None
        if image is not None and image.virtual_bytes and image.allocation_bytes is not None:
            ratio = min(1.0, image.allocation_bytes / image.virtual_bytes)
        return Box(
            path,
            self.name(path),
            role,
            column,
            row,
            parent,
            self._figure(role, image, planned),
            "missing" if missing else self._story(path, role, planned),
            missing,
            inside,
            frozenset((*made_for, *inside)),
            tuple(snapshot.name for snapshot in self._state_of.get(path, ())),
            self._others(path),
            ratio,
            planned.fate if planned is not None else None,
        )

    def _inside(self, path: str, image: Image | None) -> tuple[str, ...]:
        told = image.internal if image is not None else ()
        return tuple(dict.fromkeys((*self._inside_of.get(path, ()), *told)))

    def _role(self, path: str, image: Image | None, planned: PlannedFile | None) -> Role:
        if planned is not None and planned.fate is Fate.CREATED:
            return Role.ASIDE
        if path in self._line[:1]:
            return Role.ACTIVE
        if path in self._line[-1:]:
            return Role.BASE
        if path in self._line:
            return Role.OVERLAY
        users = self._graph.readers(path)
        named = path in self._made_for or path in self._state_of or self._target == MEMORY
        is_stray = image is not None and not users and not named
        return Role.STRAY if is_stray else Role.ASIDE

    def _figure(self, role: Role, image: Image | None, planned: PlannedFile | None) -> str:
        now = image.allocation_bytes if image is not None else None
        if planned is not None and planned.size_bytes is not None:
            now = planned.size_bytes
        if planned is not None and planned.fate is Fate.GROWS:
            if planned.becomes_bytes is None or now is None:
                return f"{size(now)} and more" if now is not None else ""
            return f"{size(now)} → up to {size(planned.becomes_bytes)}"
        if now is None:
            return ""
        if role is Role.ACTIVE:
            return f"{size(now)} and growing" if self._storage.domain.state.is_active else size(now)
        if role is Role.BASE and image is not None and image.virtual_bytes:
            return _part(now, image.virtual_bytes)
        return size(now)

    def _story(self, path: str, role: Role, planned: PlannedFile | None) -> str:
        if planned is not None and planned.fate in _WOULD:
            return _WOULD[planned.fate]
        if role is Role.STRAY:
            return NOBODY
        return self._aside(path) if role is Role.ASIDE else self._in_line(path, role)

    def _aside(self, path: str) -> str:
        if self._target == MEMORY:
            of = [each.name for each in self._storage.snapshots if each.memory_path == path]
            return f"memory of {', '.join(of)}" if of else "its snapshot is gone"
        return NOT_RUNNING if self._storage.domain.state.is_active else NOT_USED

    def _in_line(self, path: str, role: Role) -> str:
        made_for, state = self._made_for.get(path), self._state_of.get(path)
        if made_for and role is Role.ACTIVE:
            return f"writes since {dates.moment(made_for[0].created_at_s, self._now_s)}"
        if made_for and state:
            days = dates.span(made_for[0].created_at_s, state[0].created_at_s, self._now_s)
            return f"writes {days}"
        return f"state at {state[0].name}" if state else ""

    def _others(self, path: str) -> tuple[str, ...]:
        own = self._storage.domain.key
        users = self._graph.users(path)
        return tuple(dict.fromkeys(each.domain_name for each in users if each.domain != own))


def _part(held_bytes: int, disk_bytes: int) -> str:
    """Return ``23.1 of 40 GiB``: the unit once, where it is one.

    A file may hold more than its disk: memory of internal snapshots, for one.
    """
    amount, whole = size(held_bytes), round_size(disk_bytes)
    if held_bytes > disk_bytes:
        return f"{amount}, disk of {whole}"
    figure, _, unit = amount.partition(" ")
    return f"{figure} of {whole}" if whole.endswith(f" {unit}") else f"{amount} of {whole}"
