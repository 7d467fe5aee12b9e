"""``vmgui hosts``, ``vmgui list`` and ``vmgui show``: what there is."""

import click

from vmgui.cli.documents import domain_document, host_document
from vmgui.cli.find import find_domain
from vmgui.cli.main import Context
from vmgui.cli.output import print_facts, print_json, print_table
from vmgui.cli.reach import run, unreached
from vmgui.insight.amounts import round_size
from vmgui.insight.facts import machine_facts
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host
from vmgui.session import Session

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command(help="List the hypervisor hosts.")
@JSON
@click.pass_obj
def hosts(context: Context, *, as_json: bool) -> None:
    """Print the hosts."""

    async def work(session: Session) -> int:
        records = session.inventory.hosts()
        if as_json:
            print_json({"hosts": [host_document(host) for host in records]})
        else:
            rows = [
                (
                    host.name,
                    host.link.state.value,
                    host.driver,
                    "" if host.cpus is None else str(host.cpus),
                    "" if host.memory_bytes is None else round_size(host.memory_bytes),
                    _count(session, host.key.host),
                    host.key.host,
                )
                for host in records
            ]
            print_table(("HOST", "LINK", "DRIVER", "CPUS", "MEMORY", "RUNNING", "URI"), rows)
        return 1 if unreached(session) else 0

    _exit(run(context, work, figures=False))


@click.command("list", help="List the virtual machines.")
@JSON
@click.pass_obj
def list_domains(context: Context, *, as_json: bool) -> None:
    """Print the machines."""

    async def work(session: Session) -> int:
        if as_json:
            pairs = _domains(session)
            print_json({"domains": [domain_document(domain, host) for domain, host in pairs]})
        else:
            print_domains(session)
        return 1 if unreached(session) else 0

    _exit(run(context, work, figures=False))


def print_domains(session: Session) -> None:
    """Print the table of machines that ``vmgui list`` prints."""
    rows = [
        (
            domain.name,
            domain.state.value,
            host.name if host is not None else "",
            " ".join(domain.tags),
            "template" if domain.is_template else "clone" if domain.clone_of else "",
            str(domain.vcpus),
            round_size(domain.memory_bytes),
        )
        for domain, host in _domains(session)
    ]
    print_table(("NAME", "STATE", "HOST", "TAGS", "IS", "VCPUS", "MEMORY"), rows, figures=2)


def _domains(session: Session) -> list[tuple[Domain, Host | None]]:
    inventory = session.inventory
    domains = sorted(
        inventory.of(Domain), key=lambda domain: (domain.key.host, domain.name.casefold())
    )
    return [(domain, inventory.host(domain.key.host)) for domain in domains]


@click.command(help="Show a virtual machine: DOMAIN is NAME, UUID or HOST/NAME.")
@click.argument("name", metavar="DOMAIN")
@JSON
@click.pass_obj
def show(context: Context, name: str, *, as_json: bool) -> None:
    """Print all that is known of a machine."""

    async def work(session: Session) -> int:
        domain = find_domain(session.inventory, name)
        host = session.inventory.host(domain.key.host)
        if as_json:
            print_json(domain_document(domain, host))
            return 0
        facts = [
            ("Name", domain.name),
            ("UUID", domain.uuid),
            ("State", f"{domain.state} {domain.state_reason}".strip()),
            ("Title", domain.title),
            ("Tags", " ".join(domain.tags)),
            ("Description", domain.description),
        ]
        facts += [
            (fact.label, f"{fact.value} {fact.detail}".strip())
            for fact in machine_facts(domain, host)
        ]
        print_facts(facts)
        return 0

    _exit(run(context, work, figures=False))


def _count(session: Session, uri: str) -> str:
    states = [domain.state for domain in session.inventory.of(Domain, uri)]
    return f"{sum(state.is_active for state in states)} of {len(states)}"


def _exit(code: int) -> None:
    click.get_current_context().exit(code)
