"""``vmgui template list``: the templates, and the linked clones of each."""

import click

from vmgui.cli.main import Context
from vmgui.cli.output import print_json, print_table
from vmgui.cli.reach import run, unreached
from vmgui.inventory.domain import Domain
from vmgui.session import Session


@click.command("list", help="List the templates with their linked clones.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def list_templates(context: Context, *, as_json: bool) -> None:
    """Print the templates, and machines that have linked clones without being marked."""

    async def work(session: Session) -> int:
        found = list(_templates(session))
        if as_json:
            print_json(
                {
                    "templates": [
                        {
                            "uuid": domain.uuid,
                            "name": domain.name,
                            "host_uri": domain.key.host,
                            "is_template": domain.is_template,
                            "clones": [
                                {"uuid": clone.uuid, "name": clone.name, "state": clone.state}
                                for clone in clones
                            ],
                        }
                        for domain, clones in found
                    ]
                }
            )
        else:
            rows = [
                (
                    domain.name,
                    _host(session, domain),
                    "yes" if domain.is_template else "no",
                    str(len(clones)),
                    " ".join(clone.name for clone in clones),
                )
                for domain, clones in found
            ]
            print_table(("NAME", "HOST", "MARKED", "CLONES", "THEY ARE"), rows)
        return 1 if unreached(session) else 0

    click.get_current_context().exit(run(context, work, figures=False))


def _templates(session: Session) -> list[tuple[Domain, list[Domain]]]:
    clones: dict[tuple[str, str], list[Domain]] = {}
    for domain in session.inventory.of(Domain):
        if domain.clone_of:
            clones.setdefault((domain.key.host, domain.clone_of), []).append(domain)
    return [
        (domain, sorted(of, key=lambda each: each.name))
        for domain in sorted(session.inventory.of(Domain), key=lambda each: each.name)
        if (of := clones.get((domain.key.host, domain.uuid), [])) or domain.is_template
    ]


def _host(session: Session, domain: Domain) -> str:
    host = session.inventory.host(domain.key.host)
    return host.name if host is not None else domain.key.host
