"""What ``vmgui domain delete`` needs beside the action: the plan, told before it is carried out."""

from typing import Any

import click

from vmgui.actions.delete_plan import DeleteSpec, delete_plan
from vmgui.cli.output import Failed
from vmgui.hypervisor.errors import VmguiError
from vmgui.inventory.domain import Domain
from vmgui.session import Session

ACTION_ID = "domain.delete"

ALL_DISKS = click.Option(
    ["--all-disks"], is_flag=True, help="All its disks go too, but those that others use."
)


async def prepare(
    session: Session, domain: Domain, *, all_disks: bool, **arguments: Any
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the arguments for ``domain`` and the lines that say what goes and what stays."""
    try:
        plan = await delete_plan(session.fleet, domain)
    except VmguiError as error:
        raise Failed(error.what, error.why, error.what_to_do) from None
    if all_disks:
        arguments["disks"] = plan.deletable
    spec = DeleteSpec(**arguments)
    if reason := plan.refusal(spec):
        raise Failed(f"{domain.name} is not deleted.", reason, "Nothing was changed.")
    lines = [f"goes:  {line}" for line in plan.goes(spec)]
    lines += [f"stays: {line}" for line in plan.stays(spec)]
    return arguments, tuple(lines)
