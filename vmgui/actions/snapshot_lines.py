"""The virsh lines of what is done to snapshots and chains, from the plans themselves."""

from vmgui.actions.virsh import domain_line, is_plain, line, option, printable
from vmgui.insight.delete_steps import DeletePlan
from vmgui.insight.disk_merge import Direction, MergePlan
from vmgui.insight.revert_spec import RevertPlan, RevertWay, Run
from vmgui.insight.take_spec import TakePlan
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.snapshot import Snapshot


def snapshot_line(verb: str, snapshot: Snapshot, *words: str) -> str:
    """Return ``virsh VERB DOMAIN SNAPSHOT WORD…`` where only the machine's UUID is known."""
    return line(verb, snapshot.domain.id, *named(snapshot.name), *words)


def named(name: str) -> tuple[str, ...]:
    """Return the words that name a snapshot."""
    return option("snapshotname", name) if name.startswith("-") else (name,)


def take_lines(domain: Domain, plan: TakePlan) -> tuple[str, ...]:
    """Return the line that takes the snapshot of ``plan``."""
    words = [*(option("name", plan.name) if plan.name.startswith("-") else (plan.name,))]
    if plan.description:
        words += option("description", plan.description)
    if plan.is_external:
        if plan.memory == "external":
            words += option("memspec", f"file={_spec(plan.memory_path)},snapshot=external")
        for disk in plan.disks:
            spec = f"{disk.target},snapshot={disk.kind}"
            if disk.path:
                spec += f",file={_spec(disk.path)},driver={disk.format}"
            words += option("diskspec", spec)
        words += ["--disk-only"] if plan.memory == "no" else []
        words += ["--atomic"] if plan.active else []
        words += ["--quiesce"] if plan.quiesce else []
    return (domain_line("snapshot-create-as", domain, *words),)


def revert_lines(domain: Domain, plan: RevertPlan) -> tuple[str, ...]:
    """Return the lines that do what ``plan`` says; by hand these are several.

    The definition that the snapshot kept has to be edited in between; a comment says so.
    """
    lines = list(take_lines(domain, plan.first)) if plan.first is not None else []
    name = named(plan.snapshot)
    if plan.way is RevertWay.LIBVIRT:
        words = ["--force"] if plan.starts_anew else []
        if plan.run is not Run.AS_THEN:
            words.append(f"--{plan.run}")
        return (*lines, domain_line("snapshot-revert", domain, *name, *words))
    for overlay in plan.overlays:
        folder, _, file = overlay.path.rpartition("/")
        lines.append(
            line(
                "vol-create-as", overlay.pool.id, file, f"{overlay.virtual_bytes}B",
                "--format", "qcow2", "--backing-vol", overlay.below,
                "--backing-vol-format", overlay.below_format,
            )
            + f"  # in {printable(folder)}"
        )  # fmt: skip
    if plan.forces_off:
        lines.append(domain_line("destroy", domain))
    files = " and ".join(f"{each.target}: {printable(each.path)}" for each in plan.overlays)
    files = " and ".join((files, *(f"{target} as it is now" for target in plan.as_now)))
    xml = f"{_file_stem(domain)}.then.xml"
    lines += [
        domain_line("snapshot-dumpxml", domain, *name, "--security-info"),
        line("define", xml) + f"  # the <inactiveDomain> or <domain> of that, with {files}",
        domain_line("snapshot-current", domain, *name),
    ]
    if plan.memory_path:
        words = ["--paused"] if plan.after is DomainState.PAUSED else ["--running"]
        lines.append(line("restore", plan.memory_path, "--xml", xml, *words))
    elif plan.after is not DomainState.OFF:
        words = ["--paused"] if plan.after is DomainState.PAUSED else []
        lines.append(domain_line("start", domain, *words))
    return tuple(lines)


def delete_lines(domain: Domain, plan: DeletePlan) -> tuple[str, ...]:
    """Return a line for each snapshot that goes, and one for each file that libvirt leaves."""
    lines = []
    for step in plan.steps:
        words = ["--metadata"] if step.metadata_only else []
        if step.metadata_only:
            parent = f"<parent><name>{printable(step.parent)}</name></parent>"
            lines += [
                domain_line("snapshot-edit", domain, *named(child))
                + f"  # {parent if step.parent else 'without <parent>'}: libvirt 9 breaks it else"
                for child in step.children
            ]
        line_ = domain_line("snapshot-delete", domain, *named(step.snapshot), *words)
        lines += _in_paused_process(domain, line_) if step.starts else [line_]
        for file in step.files:
            lines.append(line("pool-refresh", file.pool.id))
            lines.append(line("vol-delete", *_vol(file.path)))
    return tuple(lines)


def merge_lines(domain: Domain, plan: MergePlan) -> tuple[str, ...]:
    """Return the line of a merge; on a machine that is off, between its start and its end."""
    target = plan.target or "DISK"
    if plan.direction is Direction.PULL:
        words = [*option("base", plan.base)] if plan.base else []
        lines = [domain_line("blockpull", domain, target, *words, "--wait")]
    else:
        words = [*option("base", plan.base)] if plan.base else []
        words += option("top", plan.top) if plan.top else ["--active", "--pivot"]
        lines = [domain_line("blockcommit", domain, target, *words, "--wait", "--delete")]
    return tuple(_in_paused_process(domain, *lines) if plan.starts else lines)


def _in_paused_process(domain: Domain, *lines: str) -> list[str]:
    return [domain_line("start", domain, "--paused"), *lines, domain_line("destroy", domain)]


def _spec(path: str) -> str:
    """Return a path for a list that is parted by commas."""
    return path.replace(",", ",,")


def _vol(path: str) -> tuple[str, ...]:
    return (f"--vol={path}",) if path.startswith("-") else (path,)


def _file_stem(domain: Domain) -> str:
    return domain.name if is_plain(domain.name) else domain.uuid
