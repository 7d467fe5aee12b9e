"""``vmgui snapshot list`` and ``vmgui disk chain``: what to go back to, and where it lies."""

from datetime import UTC, datetime

import click

from vmgui.cli.documents import image_document, snapshot_document
from vmgui.cli.find import find_domain
from vmgui.cli.main import Context
from vmgui.cli.output import Failed, print_json, print_table
from vmgui.cli.reach import run
from vmgui.hypervisor.errors import VmguiError
from vmgui.hypervisor.images import read_machine_storage
from vmgui.insight.amounts import size
from vmgui.insight.image_graph import ImageGraph, Reader
from vmgui.inventory.images import Image, MachineStorage, Use
from vmgui.inventory.snapshot import Snapshot
from vmgui.session import Session

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("list", help="List a machine's snapshots, the oldest first.")
@click.argument("name", metavar="DOMAIN")
@_JSON
@click.pass_obj
def list_snapshots(context: Context, name: str, *, as_json: bool) -> None:
    """Print the snapshots of a machine."""

    async def work(session: Session) -> int:
        domain = find_domain(session.inventory, name)
        found = sorted(
            (s for s in session.inventory.of(Snapshot, domain.key.host) if s.domain == domain.key),
            key=lambda each: each.created_at_s,
        )
        if as_json:
            print_json({"snapshots": [snapshot_document(each) for each in found]})
        else:
            rows = [
                (
                    f"{each.name} *" if each.current else each.name,
                    _time(each.created_at_s),
                    "external" if each.external else "internal",
                    "yes" if each.has_memory else "no",
                    each.state,
                    each.parent,
                    each.description,
                )
                for each in found
            ]
            head = ("NAME", "TAKEN", "KIND", "MEMORY", "STATE", "AFTER", "DESCRIPTION")
            print_table(head, rows)
        return 0

    click.get_current_context().exit(run(context, work, figures=False))


@click.command("chain", help="Show the files behind a machine's disks, and who needs them.")
@click.argument("name", metavar="DOMAIN")
@_JSON
@click.pass_obj
def show_chain(context: Context, name: str, *, as_json: bool) -> None:
    """Print the chain of each disk of a machine, the file that takes the writes first."""

    async def work(session: Session) -> int:
        domain = find_domain(session.inventory, name)
        try:
            storage = await session.fleet.long_call(
                domain.key.host,
                read_machine_storage,
                domain.uuid,
                domain.key.host,
                what=f"The files of {domain.name} can't be read.",
            )
        except VmguiError as error:
            raise Failed(error.what, error.why, error.what_to_do) from None
        chains = _chains(storage)
        if as_json:
            print_json(
                {
                    "disks": [
                        {"target": target, "chain": [image_document(image) for image in chain]}
                        for target, chain in chains
                    ],
                    "unread": list(storage.unread),
                }
            )
        else:
            _print_chains(storage, chains)
        return 0

    click.get_current_context().exit(run(context, work, figures=False))


def _chains(storage: MachineStorage) -> list[tuple[str, tuple[Image, ...]]]:
    graph = ImageGraph(storage.images)
    return [
        (disk.target, graph.chain(disk.source))
        for disk in storage.domain.disks
        if disk.source and disk.device in {"disk", "lun"}
    ]


def _print_chains(storage: MachineStorage, chains: list[tuple[str, tuple[Image, ...]]]) -> None:
    graph = ImageGraph(storage.images)
    rows = [
        (
            target if number == 0 else "",
            image.path if image.exists is not False else f"{image.path} (missing)",
            image.format,
            _others(storage, graph.readers(image.path)),
            _size(image.allocation_bytes),
            _size(image.virtual_bytes),
        )
        for target, chain in chains
        for number, image in enumerate(chain)
    ]
    print_table(("DISK", "FILE", "FORMAT", "ALSO NEEDED BY", "TAKES", "SIZE"), rows, figures=2)
    for sentence in storage.unread:
        print(f"not read: {sentence}")


def _others(storage: MachineStorage, readers: tuple[Reader, ...]) -> str:
    names: dict[str, None] = {}
    for reader in readers:
        user = reader.user
        if user.snapshot and user.use is not Use.OVERLAY:
            names[f"{user.domain_name}/{user.snapshot}"] = None
        elif not user.snapshot and user.domain != storage.domain.key:
            names[user.domain_name] = None
    return ", ".join(names)


def _size(amount: int | None) -> str:
    return "" if amount is None else size(amount)


def _time(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, tz=UTC).astimezone():%Y-%m-%d %H:%M:%S}"
