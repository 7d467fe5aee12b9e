"""What moving a machine would take: facts of both hosts, the checks, and the virsh line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from vmgui.actions.action import Values, WrongArgument
from vmgui.actions.virsh import domain_line, option
from vmgui.actions.work import Fleet, Planning
from vmgui.hypervisor.migration import NewVolume
from vmgui.hypervisor.migration_facts import (
    DestinationRead,
    SourceRead,
    compared,
    read_again,
    read_destination,
    read_source,
)
from vmgui.insight.file_plan import Fate, FilePlan, PlannedFile
from vmgui.insight.migration_checks import Check, Verdict, blocking, checks
from vmgui.insight.migration_disks import is_copied
from vmgui.insight.migration_facts import DiskFacts, HostFacts, MigrationFacts
from vmgui.insight.migration_form import recommended
from vmgui.insight.migration_options import in_words
from vmgui.inventory.domain import Domain
from vmgui.inventory.host import Host, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.migration import (
    Compression,
    CopyStorage,
    MigrationSpec,
    Transport,
)

_ENUMS = {"copy_storage": CopyStorage, "compression": Compression, "transport": Transport}
_FORMATS = ("qcow2", "raw")
_SEEN_SHARED = (
    "Both hosts see the very same files, which libvirt can't always tell: so it is told (--unsafe)."
)
_BY_HAND = "It was chosen by hand."


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPlan(FilePlan):
    """A migration as it would be done. ``spec`` and ``facts`` are None where there is no host.

    ``unsafe``: libvirt has to be told that the disks are shared, which vmgui saw itself.
    ``volumes`` have to be made at the destination before.
    """

    spec: MigrationSpec | None = None
    facts: MigrationFacts | None = None
    checks: tuple[Check, ...] = ()
    destination: Host | None = None
    unsafe: bool = False
    volumes: tuple[NewVolume, ...] = ()


def destinations(inventory: Inventory, domain: Domain) -> tuple[Host, ...]:
    """Return the other hosts that vmgui knows, by name."""
    others = (host for host in inventory.hosts() if host.key.host != domain.key.host)
    return tuple(sorted(others, key=lambda host: (host.name, host.key.host)))


def destination_of(inventory: Inventory, domain: Domain, word: str) -> Host:
    """Return the host that ``word`` means, a URI or a name; raises WrongArgument."""
    hosts = inventory.hosts()
    found = [host for host in hosts if word == host.key.host] or [
        host for host in hosts if word and word in (host.name, host.hostname)
    ]
    if not found:
        raise WrongArgument(f"No host that vmgui is connected to is called {word}.")
    if len(found) > 1:
        raise WrongArgument(f"{word} is {len(found)} hosts: give the URI.")
    if found[0].key.host == domain.key.host:
        raise WrongArgument(f"{domain.name} is on {found[0].name} already.")
    return found[0]


async def make_plan(planning: Planning[Domain]) -> MigrationPlan:
    """Return what the migration would be, from what both hosts say now; nothing is changed."""
    domain, values = planning.record, planning.values
    title = f"Migrate {domain.name}"
    try:
        there = destination_of(planning.inventory, domain, values.text("to"))
    except WrongArgument as error:
        return MigrationPlan(title, refusal=str(error))
    title = f"{title} to {there.name}"
    here = planning.inventory.host(domain.key.host)
    assert here is not None
    for host in (here, there):
        if host.link.state not in (LinkState.CONNECTED, LinkState.STALLED):
            why = host.link.why or f"The connection is {host.link.state}"
            refusal = f"{host.name} can't be reached: {why.rstrip('.')}."
            return MigrationPlan(title, refusal=refusal, destination=there)
    facts = await read_facts(planning, there, given_of(values))
    found = checks(facts)
    copied = tuple(disk for disk in facts.disks if is_copied(disk, facts.spec))
    unsafe = facts.spec.live and any(
        disk.shared and disk.source_type == "file" and not is_copied(disk, facts.spec)
        for disk in facts.disks
    )
    return MigrationPlan(
        title,
        files=tuple(_planned(disk) for disk in copied),
        machine=_meets(facts.spec),
        reasons=(
            _asked_for(facts.spec),
            *filter(None, (facts.spec.transport_reason,)),
            *((_SEEN_SHARED,) if unsafe else ()),
        ),
        loses=tuple(
            f"What {disk.source} holds on {there.name} now." for disk in copied if disk.there
        ),
        warnings=tuple(
            _sentence(check) for check in found if check.verdict in (Verdict.WARN, Verdict.UNKNOWN)
        ),
        refusal=" ".join(_sentence(check) for check in blocking(found)),
        copies_bytes=_sum(disk.size_bytes for disk in copied),
        virsh=(migrate_line(domain, facts.spec, unsafe=unsafe),),
        spec=facts.spec,
        facts=facts,
        checks=found,
        destination=there,
        unsafe=unsafe,
        volumes=_volumes(facts),
    )


def given_of(values: Values) -> dict[str, object]:
    """Return the fields of the spec that were asked for, as the spec has them."""
    given: dict[str, object] = {}
    for field in fields(MigrationSpec):
        value = values.get(field.name)
        if value is not None:
            kind = _ENUMS.get(field.name)
            given[field.name] = kind(str(value)) if kind is not None else value
    if "transport" in given:
        given["transport_reason"] = _BY_HAND
    return given


async def read_facts(
    planning: Planning[Domain], there: Host, given: Mapping[str, object]
) -> MigrationFacts:
    """Return the facts of one machine and one destination; raises VmguiError.

    Their spec is what is right for most, with what was ``given``.
    """
    domain, inventory = planning.record, planning.inventory
    here = inventory.host(domain.key.host)
    assert here is not None
    before = await planning.read(read_source, domain.uuid)
    name = str(given.get("new_name") or domain.name)
    live = bool(given.get("live", domain.state.is_active))
    found = await _read_at(planning.fleet, there, before, domain.uuid, name, live, planning.failure)
    after = await planning.read(read_again, before.needs.disks)
    facts = MigrationFacts(
        domain=domain,
        source=HostFacts(here, before.host_uuid, before.memory_free_bytes),
        destination=_host_facts(inventory, there, found),
        spec=MigrationSpec(there.key.host),
        cpu=found.cpu,
        firmware=found.firmware,
        disks=tuple(compared(disk, before, after, found) for disk in before.needs.disks),
        needs=found.needs,
        devices=before.needs.devices,
        guest_types_there=found.guest_types,
        machine_types_there=found.machine_types,
        other_job=before.other_job,
        name_taken_there=found.name_taken,
        uuid_state_there=found.uuid_state,
        snapshots=before.snapshots,
        checkpoints=before.checkpoints,
        latency_s=there.link.latency_s,
    )
    return replace(facts, spec=_spec(facts, given))


def migrate_line(domain: Domain, spec: MigrationSpec, *, unsafe: bool = False) -> str:
    """Return the virsh line; its ``-c`` is the source's URI."""
    flags = (
        (spec.live, "--live"),
        (not spec.live, "--offline"),
        (spec.persist_destination, "--persistent"),
        (spec.undefine_source, "--undefinesource"),
        (spec.copy_storage is CopyStorage.FULL, "--copy-storage-all"),
        (spec.copy_storage is CopyStorage.INCREMENTAL, "--copy-storage-inc"),
        (spec.transport is Transport.P2P, "--p2p"),
        (spec.transport is Transport.TUNNELLED, "--p2p --tunnelled"),
        (spec.live and spec.auto_converge, "--auto-converge"),
        (spec.live and spec.post_copy, "--postcopy"),
        (spec.live and spec.tls, "--tls"),
        (unsafe, "--unsafe"),
    )
    words = [word for asked, text in flags if asked for word in text.split()]
    packed = spec.live and spec.compression is not Compression.NONE
    options = (
        ("migrateuri", spec.migrate_uri),
        ("dname", spec.new_name),
        ("migrate-disks", ",".join(spec.copy_disks)),
        ("bandwidth", _number(spec.bandwidth_mib_s if spec.live else None)),
        ("parallel-connections", _number(spec.parallel_channels if spec.live else None)),
        ("comp-methods", spec.compression.value if packed else ""),
    )
    if spec.live and spec.parallel_channels:
        words.append("--parallel")
    if packed:
        words.append("--compressed")
    for name, value in options:
        if value:
            words += option(name, value)
    return domain_line("migrate", domain, spec.destination, *words)


async def _read_at(
    fleet: Fleet, there: Host, before: SourceRead, uuid: str, name: str, live: bool, what: str
) -> DestinationRead:
    return await fleet.long_call(
        there.key.host, read_destination, before.needs, uuid, name, live, what=what
    )


def _host_facts(inventory: Inventory, there: Host, found: DestinationRead) -> HostFacts:
    running = [each for each in inventory.of(Domain, there.key.host) if each.state.is_active]
    return HostFacts(
        there,
        found.host_uuid,
        found.memory_free_bytes,
        memory_promised_bytes=sum(each.memory_bytes for each in running),
        vcpus_promised=sum(each.vcpus for each in running),
    )


def _spec(facts: MigrationFacts, given: Mapping[str, object]) -> MigrationSpec:
    spec = recommended(facts)
    if given.get("copy_storage") is CopyStorage.NONE:
        spec = replace(spec, copy_disks=())
    return replace(spec, **given)  # type: ignore[arg-type]  # fields of the spec


def _planned(disk: DiskFacts) -> PlannedFile:
    fate = Fate.WRITTEN if disk.there else Fate.CREATED
    return PlannedFile(
        disk.source, fate, f"copy of disk {disk.target}", disk.target, None, disk.capacity_bytes
    )


def _volumes(facts: MigrationFacts) -> tuple[NewVolume, ...]:
    """Return what has to be made there: libvirt makes it only where its storage driver answers."""
    wanted = []
    for disk in facts.disks:
        if not is_copied(disk, facts.spec) or disk.there is not False or not disk.pool_there:
            continue
        if disk.capacity_bytes is not None and disk.format in _FORMATS:
            wanted.append(NewVolume(disk.source, disk.format, disk.capacity_bytes))
    return tuple(wanted)


def _asked_for(spec: MigrationSpec) -> str:
    words = ", ".join(in_words(spec))
    return f"{words[0].upper()}{words[1:]}."


def _meets(spec: MigrationSpec) -> str:
    return "keeps running, but for a pause at the end" if spec.live else "is off, and stays so"


def _sentence(check: Check) -> str:
    fix = f" {check.fix.title.rstrip('.')}." if check.fix is not None else ""
    return f"{check.title}: {check.evidence.rstrip('.')}.{fix}"


def _sum(amounts: Iterable[int | None]) -> int | None:
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _number(value: int | None) -> str:
    return str(value) if value else ""
