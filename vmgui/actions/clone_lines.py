"""The virsh lines that make clones: the same files and definitions, to be run by hand."""

from collections.abc import Iterator

from vmgui.actions.snapshot_lines import take_lines
from vmgui.actions.virsh import domain_line, line
from vmgui.hypervisor.volumes import volume_xml
from vmgui.hypervisor.xml.clone import clone_xml
from vmgui.hypervisor.xml.metadata import ORIGIN_PREFIX, Origin, origin_element
from vmgui.insight.clone_plan import CloneFacts, ClonePlan, PlannedDisk, PlannedMachine
from vmgui.insight.clone_spec import BaseFate, DiskChoice
from vmgui.inventory.domain import ORIGIN_URI, Domain
from vmgui.inventory.storage import Pool

_END = "END_OF_XML"


def clone_script(facts: CloneFacts, plan: ClonePlan) -> tuple[str, ...]:
    """Return the lines that do what ``plan`` says; a definition stands in its line as it is."""
    return (
        *source_lines(facts, plan),
        *(each for machine in plan.machines for each in machine_lines(facts, plan, machine)),
        *start_lines(plan),
    )


def source_lines(facts: CloneFacts, plan: ClonePlan) -> tuple[str, ...]:
    """Return the lines that keep the source's files from changing."""
    domain = facts.storage.domain
    if plan.freeze is not None:
        return take_lines(domain, plan.freeze)
    if plan.base is BaseFate.TEMPLATE:
        return (mark_line(domain, Origin(True, domain.clone_of, domain.clone_of_name)),)
    return ()


def machine_lines(facts: CloneFacts, plan: ClonePlan, machine: PlannedMachine) -> tuple[str, ...]:
    """Return the lines that make one clone."""
    return tuple(_machine_lines(facts, plan, machine))


def start_lines(plan: ClonePlan) -> tuple[str, ...]:
    """Return the lines that start the clones."""
    if not plan.spec.start:
        return ()
    return tuple(line("start", machine.uuid) for machine in plan.machines)


def mark_line(domain: Domain, origin: Origin) -> str:
    """Return the line that keeps ``origin`` in a machine's metadata."""
    element = origin_element(origin)
    what = ("--remove",) if element is None else ("--key", ORIGIN_PREFIX, "--set", element)
    return domain_line("metadata", domain, ORIGIN_URI, "--config", *what)


def definition(facts: CloneFacts, plan: ClonePlan, machine: PlannedMachine) -> str:
    """Return the XML of one clone; raises UnreadableXml and UnfitText."""
    linked = any(disk.choice is DiskChoice.LINKED for disk in machine.disks)
    source = facts.storage.domain
    return clone_xml(
        facts.definitions[plan.spec.snapshot],
        machine,
        plan.spec,
        (source.uuid, source.name) if linked else ("", ""),
    )


def pool_of(facts: CloneFacts, plan: ClonePlan) -> Pool:
    """Return the pool that takes the files."""
    return next(pool for pool in facts.pools if pool.key == plan.space.pool)


def _machine_lines(facts: CloneFacts, plan: ClonePlan, machine: PlannedMachine) -> Iterator[str]:
    for disk in machine.disks:
        if disk.volume:
            yield _volume_line(facts, plan, disk)
    if machine.nvram:
        source = facts.storage.next_start or facts.storage.domain
        yield _copy_line(facts, plan, machine.nvram.rpartition("/")[2], "raw", 0, source.nvram_path)
    if machine.seed_path:
        name = machine.seed_path.rpartition("/")[2]
        pool = pool_of(facts, plan).name
        yield (
            f"{line('vol-create-as', pool, name, '400K', '--format', 'raw')}"
            f"  # then vol-upload a NoCloud seed with local-hostname {machine.hostname}"
        )
    yield _with_xml(line("define", "/dev/stdin"), definition(facts, plan, machine))


def _volume_line(facts: CloneFacts, plan: ClonePlan, disk: PlannedDisk) -> str:
    capacity = disk.virtual_bytes or 0
    if disk.source:
        return _copy_line(facts, plan, disk.volume, disk.format, capacity, disk.source)
    words = [pool_of(facts, plan).name, disk.volume, f"{capacity}B", "--format", disk.format]
    if disk.backing:
        words += ["--backing-vol", disk.backing, "--backing-vol-format", disk.backing_format]
    return line("vol-create-as", *words)


def _copy_line(
    facts: CloneFacts, plan: ClonePlan, name: str, format_: str, capacity: int, source: str
) -> str:
    pool = pool_of(facts, plan).name
    # --vol is a path, by which virsh finds a volume in whatever pool it is.
    return _with_xml(
        line("vol-create-from", pool, "/dev/stdin", f"--vol={source}"),
        volume_xml(name, format_, capacity),
    )


def _with_xml(command: str, xml: str) -> str:
    """Return a command with its standard input behind it, as any POSIX shell reads it.

    The XML is ASCII, and no line of it is the end word: that has no angle bracket.
    """
    return f"{command} <<'{_END}'\n{xml.rstrip()}\n{_END}"
