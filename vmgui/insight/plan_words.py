"""A file plan in words: the figures, the sizes of its files, and all of it in one line."""

from vmgui.insight.amounts import counted, size
from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile

UNKNOWN = "not known"
_TAKES_ROOM = (Fate.CREATED, Fate.GROWS, Fate.WRITTEN)
_NOTED = (Fate.CREATED, Fate.GROWS, Fate.REMOVED, Fate.LEFT)


def sizes(file: PlannedFile) -> str:
    """Return what a file takes now and may take afterwards: ``4.2 GiB → up to 6.1 GiB``."""
    now, after = file.size_bytes, file.becomes_bytes
    if file.fate is Fate.REMOVED or after is None or after == now:
        return "" if now is None else size(now)
    return f"up to {size(after)}" if not now else f"{size(now)} → up to {size(after)}"


def needed_bytes(plan: FilePlan) -> int | None:
    """Return how much more its files may take at the most, None where that isn't known."""
    files = plan.of(*_TAKES_ROOM)
    if any(file.becomes_bytes is None for file in files):
        return None
    return sum(max(0, (file.becomes_bytes or 0) - (file.size_bytes or 0)) for file in files)


def figures(plan: FilePlan) -> tuple[tuple[str, str], ...]:
    """Return what is copied, freed and needed, and what the machine meets: label and words.

    What is nothing isn't told; what isn't known is told as such.
    """
    told: list[tuple[str, str]] = []
    for label, amount in (
        ("Copies", plan.copies_bytes),
        ("Frees", plan.frees_bytes),
        ("Needs", needed_bytes(plan)),
    ):
        if amount is None:
            told.append((label, UNKNOWN))
        elif amount:
            told.append((label, f"up to {size(amount)}"))
    if plan.machine:
        told.append(("Machine", plan.machine))
    return tuple(told)


def in_short(plan: FilePlan) -> str:
    """Return a plan in a line, for one of many: why it can't be, or what it comes to."""
    if plan.refusal:
        return plan.refusal
    parts = [
        f"{counted(len(files), 'file')} {fate.value}" for fate in _NOTED if (files := plan.of(fate))
    ]
    parts += [
        words if label == "Machine" else f"{label.lower()} {words}"
        for label, words in figures(plan)
        if words != UNKNOWN
    ]
    return " · ".join(parts) or "No file is touched"
