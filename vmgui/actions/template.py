"""Templates: machines whose disks linked clones read, so that they must not change.

The mark is kept in the machine's metadata, where every vmgui sees it. virsh isn't stopped by it.
"""

from dataclasses import replace

from vmgui.actions.action import Action, Values
from vmgui.actions.clone_lines import mark_line
from vmgui.actions.domain_state import all_of, only_inactive, only_persistent
from vmgui.actions.work import Planning, Work
from vmgui.hypervisor import clones
from vmgui.hypervisor.images import read_machine_storage
from vmgui.hypervisor.xml.metadata import Origin
from vmgui.insight.file_plan import FilePlan
from vmgui.insight.template_plan import mark_plan, release_plan
from vmgui.inventory.domain import Domain


async def _plan_mark(planning: Planning[Domain]) -> FilePlan:
    record = planning.record
    storage = await planning.read(read_machine_storage, record.uuid, record.key.host)
    return replace(mark_plan(storage), virsh=_line(record, template=True))


async def _plan_release(planning: Planning[Domain]) -> FilePlan:
    record = planning.record
    storage = await planning.read(read_machine_storage, record.uuid, record.key.host)
    elsewhere = tuple(
        f"{domain.name} on {host}"
        for host, domain in planning.fleet.machines_elsewhere(record.key.host)
        if domain.clone_of == record.uuid
    )
    return replace(release_plan(storage, elsewhere), virsh=_line(record, template=False))


async def _mark(work: Work[Domain]) -> None:
    origin = await work.act(clones.get_origin)
    await work.act(clones.set_origin, replace(origin, is_template=True))


async def _release(work: Work[Domain]) -> None:
    origin = await work.act(clones.get_origin)
    await work.act(clones.set_origin, replace(origin, is_template=False))


def _line(domain: Domain, *, template: bool) -> tuple[str, ...]:
    return (mark_line(domain, Origin(template, domain.clone_of, domain.clone_of_name)),)


def _mark_line(domain: Domain, _: Values) -> tuple[str, ...]:
    return _line(domain, template=True)


def _release_line(domain: Domain, _: Values) -> tuple[str, ...]:
    return _line(domain, template=False)


def _not_yet(domain: Domain) -> str:
    return f"{domain.name} is a template already." if domain.is_template else ""


def _not_saved(domain: Domain) -> str:
    if domain.has_managed_save:
        return f"{domain.name} has memory saved to disk: restore it or discard it first."
    return ""


def _only_template(domain: Domain) -> str:
    return "" if domain.is_template else f"{domain.name} is no template."


ACTIONS: tuple[Action[Domain], ...] = (
    Action(
        id="template.mark",
        title="Convert to template",
        help="Marks the machine as one that is only cloned: vmgui doesn't start, change or delete "
        "it until it is released. virsh isn't stopped by the mark.",
        icon="copy",
        target="domain",
        on_templates=True,
        refuse=all_of(_not_yet, only_persistent, only_inactive, _not_saved),
        render=_mark_line,
        plan=_plan_mark,
        carry_out=_mark,
    ),
    Action(
        id="template.release",
        title="Release template",
        help="Makes a template an ordinary machine again; refused while linked clones read it.",
        icon="copy",
        target="domain",
        on_templates=True,
        refuse=_only_template,
        render=_release_line,
        plan=_plan_release,
        carry_out=_release,
    ),
)
