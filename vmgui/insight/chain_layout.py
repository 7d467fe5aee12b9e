"""The files behind a disk laid out: each right of what it reads from, the active one's line on top.

A layout of columns and rows, without pixels. With a `FilePlan` it shows what the plan would do
to the same files, so that picture and deed can't differ.
"""

from collections.abc import Mapping, Sequence

from vmgui.insight.amounts import size
from vmgui.insight.chain import MEMORY, Arc, Chain, memory_paths, overlay_of, state_of
from vmgui.insight.chain_words import Words
from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.insight.image_graph import ImageGraph
from vmgui.inventory.images import MachineStorage


def chain(
    storage: MachineStorage, target: str, now_s: float, plan: FilePlan | None = None
) -> Chain:
    """Lay out the files of a disk, or of `MEMORY`."""
    graph = ImageGraph(storage.images)
    line = [] if target == MEMORY else _line(storage, target, graph)
    paths = memory_paths(storage) if target == MEMORY else _paths(storage, target, graph, line)
    planned = {
        file.path: file for file in (plan.files if plan is not None else ()) if _fits(file, target)
    }
    parents = {path: _backing(path, graph, storage, target) for path in paths}
    parents |= {
        path: file.backing_after
        for path, file in planned.items()
        if path not in parents and file.fate in (Fate.CREATED, Fate.WRITTEN)
    }
    parents = {path: parent if parent in parents else "" for path, parent in parents.items()}
    _cut_circles(parents)
    columns = _columns(parents)
    rows = _rows(parents, columns, line)
    said = Words(storage, target, graph, line, now_s)
    boxes = tuple(
        said.box(path, parents[path], columns[path], rows[path], planned.get(path))
        for path in sorted(parents, key=lambda path: (rows[path], columns[path]))
    )
    return Chain(target, boxes, _merges(plan, parents), _rewired(planned, parents, said))


def _line(storage: MachineStorage, target: str, graph: ImageGraph) -> list[str]:
    """Return the files that the machine reads for a disk, the active one first."""
    disk = next((disk for disk in storage.domain.disks if disk.target == target), None)
    if disk is None or not disk.source:
        return []
    told = [disk.source, *disk.backing]
    line: dict[str, None] = {}
    path = disk.source
    while path and path not in line:
        line[path] = None
        image = graph.get(path)
        after = told[told.index(path) + 1] if path in told[:-1] else ""
        path = (image.backing if image is not None else "") or after
    return list(line)


def _paths(
    storage: MachineStorage, target: str, graph: ImageGraph, line: Sequence[str]
) -> list[str]:
    found = dict.fromkeys(line)
    for snapshot in storage.snapshots:
        for start in (state_of(snapshot, target), overlay_of(snapshot, target)):
            if start:
                found.update(dict.fromkeys(image.path for image in graph.chain(start)))
    # What is built on these and needed by nobody: left by something that ended half-way.
    waiting = list(found)
    while waiting:
        for path in graph.above(waiting.pop()):
            if path not in found and not graph.readers(path):
                found[path] = None
                waiting.append(path)
    return list(found)


def _backing(path: str, graph: ImageGraph, storage: MachineStorage, target: str) -> str:
    image = graph.get(path)
    if image is not None and image.backing:
        return image.backing
    if image is not None and image.exists:
        return ""
    # Nobody could look into it: what the snapshots tell is all that is known.
    for snapshot in storage.snapshots:
        if overlay_of(snapshot, target) == path:
            return state_of(snapshot, target)
    disk = next((disk for disk in storage.domain.disks if disk.target == target), None)
    told = [disk.source, *disk.backing] if disk is not None else []
    return told[told.index(path) + 1] if path in told[:-1] else ""


def _cut_circles(parents: dict[str, str]) -> None:
    for start in parents:
        way = {start}
        path = start
        while parent := parents[path]:
            if parent in way:
                parents[path] = ""
                break
            way.add(parent)
            path = parent


def _columns(parents: Mapping[str, str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for start in parents:
        way = []
        path = start
        while path and path not in columns:
            way.append(path)
            path = parents[path]
        column = columns[path] if path else -1
        for each in reversed(way):
            column = columns[each] = column + 1
    return columns


def _rows(
    parents: Mapping[str, str], columns: Mapping[str, int], line: Sequence[str]
) -> dict[str, int]:
    """Give the machine's own line the first row, and each branch the first that is free."""
    children: dict[str, list[str]] = {}
    for path, parent in parents.items():
        children.setdefault(parent, []).append(path)
    reach = dict(columns)
    for path in sorted(parents, key=columns.__getitem__, reverse=True):
        if parent := parents[path]:
            reach[parent] = max(reach[parent], reach[path])
    own = set(line)

    def branch(path: str) -> list[str]:
        found = [path]
        while below := children.get(found[-1]):
            found.append(max(below, key=lambda each: (each in own, reach[each])))
        return found

    rows: dict[str, int] = {}
    taken: list[set[int]] = []
    order = sorted(parents, key=lambda path: (path not in own, columns[path]))
    for path in order:
        if path in rows:
            continue
        span = branch(path)
        held = {columns[each] for each in span}
        row = next((n for n, cells in enumerate(taken) if not cells & held), len(taken))
        if row == len(taken):
            taken.append(set())
        taken[row] |= held
        rows.update(dict.fromkeys(span, row))
    return rows


def _fits(file: PlannedFile, target: str) -> bool:
    if target == MEMORY:
        return not file.target and MEMORY in file.what
    return file.target == target


def _merges(plan: FilePlan | None, shown: Mapping[str, str]) -> tuple[Arc, ...]:
    merges = plan.merges if plan is not None else ()
    return tuple(
        Arc(
            merge.source,
            merge.into,
            "merge" if merge.at_most_bytes is None else f"merge {size(merge.at_most_bytes)}",
        )
        for merge in merges
        if merge.source in shown and merge.into in shown
    )


def _rewired(
    planned: Mapping[str, PlannedFile], parents: Mapping[str, str], said: Words
) -> tuple[Arc, ...]:
    return tuple(
        Arc(path, file.backing_after, f"then backs {said.name(path).lstrip('…')} directly")
        for path, file in planned.items()
        if file.backing_after
        and file.fate not in (Fate.CREATED, Fate.REMOVED)
        and file.backing_after in parents
        and parents.get(path) not in ("", None, file.backing_after)
    )
