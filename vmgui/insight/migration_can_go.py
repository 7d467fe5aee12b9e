"""The second question before a migration, whether the machine can get there.

What libvirt refuses is as in qemuMigrationSrcIsAllowed and qemuMigrationSrcIsSafe (libvirt,
``src/qemu/qemu_migration.c``).
"""

from collections.abc import Iterator

from vmgui.insight.amounts import counted, latency
from vmgui.insight.migration_disks import disk_checks
from vmgui.insight.migration_facts import HostFacts, MigrationFacts
from vmgui.insight.migration_findings import About, Check, Fix, Question
from vmgui.insight.migration_transport import choose, conflicts
from vmgui.inventory.domain import DomainState
from vmgui.inventory.host import LinkState
from vmgui.inventory.migration import CopyStorage, MigrationSpec, Transport

_DEFAULTS = MigrationSpec("")


def _about(check_id: str, title: str) -> About:
    return About(check_id, Question.CAN_GO, title)


def can_go(facts: MigrationFacts) -> Iterator[Check]:
    """Return the checks of the second question."""
    yield _login(facts)
    yield _state(facts)
    yield _transport(facts)
    yield from _options(facts)
    yield _ports(facts)
    yield _encryption(facts)
    yield from disk_checks(facts)
    yield _other_job(facts)
    yield _snapshots(facts)
    yield from _left_behind(facts)


def _login(facts: MigrationFacts) -> Check:
    about, there = _about("login", "Login"), facts.destination
    if there is None:
        return about.failed(
            f"vmgui isn't connected to {facts.spec.destination}.",
            Fix("Add that host, and connect."),
        )
    for end in (facts.source, there):
        host = end.host
        if host.link.state is LinkState.STALLED:
            return about.warned(f"{host.name} doesn't answer at the moment; this goes by old data.")
        if host.link.state is not LinkState.CONNECTED:
            why = host.link.why or f"the connection is {host.link.state}"
            return about.failed(f"{host.name} can't be reached: {why.rstrip('.')}.")
        if host.link.read_only:
            return about.failed(f"The connection to {host.name} is read-only.")
    waits = facts.latency_s if facts.latency_s is not None else there.host.link.latency_s
    answers = "answers" if waits is None else f"answers in {latency(waits)}"
    return about.passed(f"{facts.spec.destination} {answers}")


def _state(facts: MigrationFacts) -> Check:  # noqa: PLR0911  a truth table, a row each
    about, domain = _about("state", "State"), facts.domain
    live, state = facts.spec.live, domain.state
    if state is DomainState.MIGRATING:
        return about.failed("It is being moved already.")
    if live and not state.is_active:
        off = Fix("Move it while it is off", spec_changes=(("live", False),))
        fix = None if domain.has_managed_save else off
        return about.failed(f"It is {state}: there is no memory to move.", fix)
    if not live and state.is_active:
        return about.failed(
            f"It is {state}: its definition alone would make a second one of it.",
            Fix("Move it live", spec_changes=(("live", True),)),
        )
    if not live and not domain.persistent:
        return about.failed("It has no definition that could be moved.")
    if state is DomainState.PAUSED and "i/o error" in domain.state_reason.casefold():
        return about.warned("It is paused by an I/O error, and arrives so.")
    if state in (DomainState.PAUSED, DomainState.SLEEPING):
        return about.passed(f"{state}, and stays so")
    if state is DomainState.SHUTTING_DOWN:
        return about.warned("It is shutting down: it may be off before it is there.")
    if state is DomainState.UNKNOWN:
        return about.unknown()
    return about.passed("it stays up while it moves" if live else f"{state}")


def _transport(facts: MigrationFacts) -> Check:
    about, spec = _about("transport", "Way"), facts.spec
    connected = facts.destination is not None
    choice = choose(facts.source.host.key.host, spec.destination, destination_connected=connected)
    refusal = choice.refusal(spec.transport)
    if refusal and choice.transport is not None:
        change = (("transport", choice.transport), ("transport_reason", choice.reason))
        return about.failed(refusal, Fix(f"Go {choice.transport.value}", spec_changes=change))
    if refusal:
        return about.failed(refusal)
    there, here = facts.destination, facts.source
    if there is not None and there.host.hostname and there.host.hostname == here.host.hostname:
        return about.warned(
            f"Both hosts call themselves {here.host.hostname}, so neither finds the other by name.",
            Fix("Give each host a name of its own."),
        )
    if spec.transport is choice.transport:
        return about.passed(choice.reason)
    meaning = next(each.meaning for each in choice.options if each.transport is spec.transport)
    return about.passed(meaning)


def _options(facts: MigrationFacts) -> Iterator[Check]:
    found = conflicts(facts.spec, copies_offline=facts.copies_offline)
    for field, why in found:
        back = getattr(_DEFAULTS, field)
        fix = Fix("Take that back", spec_changes=((field, back),))
        yield _about(f"option:{field}", "Options").failed(why, fix)
    if not found:
        yield _about("options", "Options").passed("they go together")


def _ports(facts: MigrationFacts) -> Check:  # noqa: PLR0911  a truth table, a row each
    about, spec = _about("ports", "Ports"), facts.spec
    if not spec.live:
        return about.passed("none needed: only the definition moves")
    if spec.transport is Transport.TUNNELLED:
        return about.passed("none needed: it goes through libvirt's connection")
    if spec.migrate_uri.startswith("unix:"):
        return about.passed("none needed: it goes through a socket")
    there, here = facts.destination, facts.source.host.name
    if there is None:
        return about.unknown()
    hostname = there.host.hostname
    address = Fix(f"Give the address by which {here} reaches {there.host.name}.")
    if not spec.migrate_uri and hostname.startswith("localhost"):
        return about.failed(f"{there.host.name} calls itself {hostname}: libvirt refuses.", address)
    if not spec.migrate_uri and facts.destination_hostname_resolves is False:
        return about.failed(f"{here} doesn't know the address of {hostname}.", address)
    if facts.ports_open is None:
        return about.unknown(f"whether {here} reaches the ports of {there.host.name}")
    if not facts.ports_open:
        return about.failed(
            f"{here} doesn't reach the ports of {there.host.name} (49152–49215 by default).",
            Fix("Open them in its firewall, or go through a tunnel."),
        )
    return about.passed(f"reached from {here}")


def _encryption(facts: MigrationFacts) -> Check:  # noqa: PLR0911  a truth table, a row each
    about, spec, there = _about("encryption", "Encryption"), facts.spec, facts.destination
    if not spec.live:
        return about.passed("no memory travels")
    if spec.transport is Transport.TUNNELLED:
        scheme = spec.destination.partition("://")[0]
        if scheme.endswith(("+ssh", "+tls", "+libssh", "+libssh2")) or "+" not in scheme:
            return about.passed("inside libvirt's own connection, which is encrypted")
        return about.warned(f"The tunnel is as open as {scheme} is.")
    if spec.migrate_uri.startswith("unix:"):
        return about.passed("it doesn't leave this computer")
    ready = [end.tls_ready if end else None for end in (facts.source, there)]
    if spec.tls:
        if False in ready:
            return about.failed(
                f"{_unready(facts.source, there)} has no certificates for migration.",
                Fix("Go without TLS", spec_changes=(("tls", False),)),
            )
        if None in ready:
            return about.unknown("whether both have certificates for migration")
        return about.passed("TLS, with the certificates of both hosts")
    what = "memory" if spec.copy_storage is CopyStorage.NONE else "memory and disks"
    if all(ready):
        fix = Fix("Turn on TLS", spec_changes=(("tls", True),))
    else:
        fix = Fix("Give both hosts certificates for migration, or trust the network between them.")
    return about.warned(f"{what} would travel in clear text", fix)


def _unready(here: HostFacts, there: HostFacts | None) -> str:
    names = [end.host.name for end in (here, there) if end is not None and end.tls_ready is False]
    return " and ".join(names)


def _other_job(facts: MigrationFacts) -> Check:
    about = _about("other-job", "No other job")
    if facts.other_job is None:
        return about.unknown()
    if facts.other_job:
        return about.failed(
            f"Something else is being done with it: {facts.other_job}.",
            Fix("Wait until that is over, or cancel it."),
        )
    return about.passed("no backup, block job or snapshot is running")


def _snapshots(facts: MigrationFacts) -> Check:
    about = _about("snapshots", "No snapshots")
    count = facts.snapshots if facts.snapshots is not None else facts.domain.snapshot_count
    if count is None:
        return about.unknown()
    if count:
        return about.failed(
            f"It has {counted(count, 'snapshot')}: libvirt moves no machine that has any.",
            Fix(
                "Delete its snapshots. “virsh snapshot-delete --metadata” makes libvirt forget one "
                "and leaves its data where they are."
            ),
        )
    return about.passed("it has none")


def _left_behind(facts: MigrationFacts) -> Iterator[Check]:
    if facts.domain.has_managed_save:
        yield _about("saved-state", "Saved state").failed(
            f"Its memory is saved on {facts.source.host.name}, and stays there.",
            Fix("Restore it, and move it live", "domain.restore", spec_changes=(("live", True),)),
        )
    if facts.checkpoints:
        yield _about("checkpoints", "Checkpoints").warned(
            f"Its {counted(facts.checkpoints, 'checkpoint')} stay: the next backup is a full one."
        )
