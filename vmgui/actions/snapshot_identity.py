"""What a snapshot is called and said to be, and its XML in a file of one's own."""

from pathlib import Path

from vmgui.actions.action import Action, Argument, ArgumentType, Values
from vmgui.actions.snapshot_lines import snapshot_line
from vmgui.actions.snapshot_storage import read_again
from vmgui.actions.virsh import printable
from vmgui.actions.work import Work
from vmgui.hypervisor import snapshot_calls
from vmgui.hypervisor.errors import CallFailed, NotPossibleNow
from vmgui.hypervisor.xml.metadata import check_text
from vmgui.insight.snapshot_names import name_refusal
from vmgui.inventory.snapshot import Snapshot, snapshot_key


def _refuse_rename(snapshot: Snapshot) -> str:
    if not snapshot.external:
        return (
            f"{snapshot.name} is internal: its data lie in the disks under this name, and libvirt "
            "can't give them another."
        )
    if any(disk.kind == "internal" for disk in snapshot.disks):
        return f"{snapshot.name} lies in the disks under this name, partly."
    return ""


async def _rename(work: Work[Snapshot]) -> None:
    new = work.values.text("new_name")
    others = [
        each.name
        for each in work.inventory.of(Snapshot, work.record.key.host)
        if each.domain == work.record.domain
    ]
    if reason := name_refusal(new, others):
        raise NotPossibleNow(work.job.failure, reason)
    check_text(new)
    read_again(work, new)
    await work.act(snapshot_calls.rename, work.record.name, new)
    work.renamed.append((work.record, snapshot_key(work.record.domain, new)))


async def _describe(work: Work[Snapshot]) -> None:
    text = check_text(work.values.text("description"))
    await work.act(snapshot_calls.describe, work.record.name, text)


async def _export(work: Work[Snapshot]) -> None:
    path = work.values.text("path")
    xml = await work.act(snapshot_calls.read_xml, work.record.name)
    try:
        _write_anew(path, xml)
    except OSError as error:
        raise CallFailed(
            work.job.failure,
            f"{printable(path)} can't be written: {error.strerror}.",
            "Choose another file.",
        ) from None
    work.job.note = f"Written: {printable(path)}"


def _write_anew(path: str, text: str) -> None:
    """Write a small file; one that exists is left alone. Raises OSError."""
    with Path(path).expanduser().open("x", encoding="utf-8") as file:
        file.write(text)


def _rename_lines(snapshot: Snapshot, values: Values) -> tuple[str, ...]:
    line = snapshot_line("snapshot-edit", snapshot, "--rename")
    return (f"{line}  # <name>{printable(values.text('new_name'))}</name>",)


def _describe_lines(snapshot: Snapshot, values: Values) -> tuple[str, ...]:
    line = snapshot_line("snapshot-edit", snapshot)
    return (f"{line}  # <description>{printable(values.text('description'))}</description>",)


def _export_lines(snapshot: Snapshot, values: Values) -> tuple[str, ...]:
    line = snapshot_line("snapshot-dumpxml", snapshot)
    return (f"{line}  # > {printable(values.text('path'))}",)


ACTIONS: tuple[Action[Snapshot], ...] = (
    Action(
        id="snapshot.rename",
        title="Rename snapshot",
        help="Gives an external snapshot another name; its files keep theirs.",
        icon="pencil-simple",
        target="snapshot",
        on_templates=True,
        many=False,
        arguments=(
            Argument(
                "new_name", ArgumentType.TEXT, "The new name.", required=True, positional=True
            ),
        ),
        refuse=_refuse_rename,
        render=_rename_lines,
        carry_out=_rename,
    ),
    Action(
        id="snapshot.describe",
        title="Describe snapshot",
        help="Says what a snapshot is for.",
        icon="pencil-simple",
        target="snapshot",
        on_templates=True,
        many=False,
        arguments=(
            Argument(
                "description",
                ArgumentType.TEXT,
                "Any text; empty removes it.",
                default="",
                positional=True,
            ),
        ),
        refuse=lambda _: "",
        render=_describe_lines,
        carry_out=_describe,
    ),
    Action(
        id="snapshot.export",
        title="Export XML",
        help="Writes what libvirt knows of a snapshot to a file on this computer.",
        icon="code",
        target="snapshot",
        on_templates=True,
        many=False,
        arguments=(
            Argument(
                "path",
                ArgumentType.TEXT,
                "The file that is made; one that exists is left alone.",
                required=True,
                positional=True,
            ),
        ),
        refuse=lambda _: "",
        render=_export_lines,
        carry_out=_export,
    ),
)
