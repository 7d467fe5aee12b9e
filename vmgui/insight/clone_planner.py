"""Plans clones: from what there is and what is wanted to every name, address and file."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from vmgui.insight.amounts import counted, size
from vmgui.insight.clone_disks import (
    FILE_POOLS,
    content_bytes,
    needs_base,
    path_in,
    planned_disk,
    pool_refusal,
    source_disks,
)
from vmgui.insight.clone_files import file_plan
from vmgui.insight.clone_freeze import freeze_plan, freeze_refusal
from vmgui.insight.clone_names import FreeFiles, free_macs, free_uuid, name_refusal
from vmgui.insight.clone_plan import (
    CloneFacts,
    ClonePlan,
    Option,
    PlannedMachine,
    SourceDisk,
    Space,
)
from vmgui.insight.clone_source import Source, find_source, snapshot_refusal
from vmgui.insight.clone_spec import (
    BaseFate,
    CloneKind,
    CloneSpec,
    DiskChoice,
    GuestName,
    default_pattern,
    hostname_of,
    name_of,
    pattern_refusal,
)
from vmgui.inventory.storage import Pool

SEED_BYTES = 400 * 1024
"""What a cloud-init seed takes at the most: an ISO of two small files."""

_VARIABLES_BYTES = 540 * 1024
"""What a file of UEFI variables takes with the firmware that distributions ship."""


def plan_clones(facts: CloneFacts, spec: CloneSpec) -> ClonePlan:
    """Return what ``spec`` would make of what there is; nothing is read or touched."""
    source = find_source(facts, spec.snapshot)
    pool = _pool(facts, source, spec)
    filled = replace(
        spec,
        pattern=spec.pattern or _default_pattern(facts, spec.count),
        pool=pool.key.id if pool is not None else spec.pool,
        guest=_guest(facts, source, spec.guest, pool),
    )
    disks = source_disks(facts, source, filled, pool)
    linked = any(disk.choice is DiskChoice.LINKED for disk in disks)
    base = filled.base if linked and needs_base(facts, source) else None
    frozen = tuple(disk.disk.target for disk in disks if disk.choice is DiskChoice.LINKED)
    freeze = freeze_plan(facts, frozen) if base is BaseFate.OVERLAY else None
    machines = tuple(_machines(facts, source, filled, disks, pool))
    space = _space(facts, source, filled, disks, pool)
    freeze_problem = freeze.refusal if freeze is not None else ""
    refusals = _refusals(facts, source, filled, disks, pool, space)
    refusal = next(filter(None, refusals), freeze_problem)
    return ClonePlan(
        spec=filled,
        source_name=facts.storage.domain.name,
        machines=machines,
        disks=disks,
        space=space,
        files=file_plan(facts, source, filled, disks, machines, (base, freeze), space, refusal),
        base=base,
        freeze=freeze,
        kinds=_kinds(facts, source, filled, pool),
        bases=_bases(facts, source, frozen),
        guests=_guests(facts, source, pool),
        pools=_pools(facts, disks),
        networks=tuple(Option(name, name) for name in facts.networks),
        sources=_sources(facts),
        obstacle=refusal,
    )


def _default_pattern(facts: CloneFacts, count: int) -> str:
    """Return the pattern that is offered; one clone gets a name that nobody has yet."""
    pattern = free = default_pattern(facts.storage.domain.name, count)
    number = 1
    while count == 1 and free in facts.names:
        number += 1
        free = f"{pattern}-{number}"
    return free


def _pool(facts: CloneFacts, source: Source, spec: CloneSpec) -> Pool | None:
    """Return the pool for the new files: the chosen one, or that of the source's first disk."""
    if spec.pool:
        return next((each for each in facts.pools if spec.pool in (each.key.id, each.name)), None)
    known = {each.key: each for each in facts.pools}
    for disk in source.domain.disks:
        image = source.image(disk)
        if disk.device == "disk" and image is not None and image.pool in known:
            return known[image.pool]
    return next((each for each in facts.pools if not pool_refusal(each)), None)


def _machines(
    facts: CloneFacts,
    source: Source,
    spec: CloneSpec,
    disks: tuple[SourceDisk, ...],
    pool: Pool | None,
) -> Iterator[PlannedMachine]:
    key, original = facts.storage.domain.key, facts.storage.domain
    files = FreeFiles(pool, (image.path for image in facts.storage.images))
    macs, uuids = set(facts.macs), set(facts.uuids)
    macs |= {each.mac.lower() for each in (*original.interfaces, *source.domain.interfaces)}
    named = [
        (number, spec.own_name(number) or name_of(spec.pattern, number, facts.host_name))
        for number in spec.numbers()
    ]
    times = Counter(name for _, name in named)
    own_files = [disk for disk in disks if planned_disk(disk, "x", pool).volume]
    for number, name in named:
        planned = tuple(
            planned_disk(
                disk,
                files.free(name if len(own_files) == 1 else f"{name}-{disk.disk.target}")
                if disk in own_files
                else "",
                pool,
            )
            for disk in disks
        )
        yield PlannedMachine(
            number=number,
            name=name,
            host=key.host,
            host_name=facts.host_name,
            uuid=free_uuid(spec, original.uuid, number, name, uuids),
            hostname="" if spec.guest is GuestName.NONE else hostname_of(name),
            macs=tuple(free_macs(spec, source, number, macs)),
            disks=planned,
            nvram=_variables(source, facts, name, files),
            seed_path=_seed_path(spec, name, files),
            conflict=_conflict(facts, name, times[name]),
            # Another number helps only where it gives another name.
            can_skip=name in facts.names
            and not spec.own_name(number)
            and not pattern_refusal(spec.pattern, 2),
        )


def _conflict(facts: CloneFacts, name: str, times: int) -> str:
    if reason := name_refusal(name):
        return reason
    if name in facts.names:
        return f"exists on {facts.names[name]}"
    if times > 1:
        return f"{times} of the clones would be called {name}"
    return ""


def _variables(source: Source, facts: CloneFacts, name: str, files: FreeFiles) -> str:
    """Return where the copy of the UEFI variables goes; "" where libvirt makes them anew."""
    path = source.domain.nvram_path
    image = next((each for each in facts.storage.images if each.path == path), None)
    if not path or image is None or image.pool is None or not _holds_files(files.pool):
        return ""
    assert files.pool is not None
    return path_in(files.pool, f"{files.free(f'{name}_VARS')}.fd")


def _seed_path(spec: CloneSpec, name: str, files: FreeFiles) -> str:
    if spec.guest is not GuestName.CLOUD_INIT or files.pool is None:
        return ""
    return path_in(files.pool, f"{files.free(f'{name}-seed')}.iso")


def _holds_files(pool: Pool | None) -> bool:
    return pool is not None and pool.kind in FILE_POOLS


def _guest(facts: CloneFacts, source: Source, wanted: GuestName, pool: Pool | None) -> GuestName:
    if wanted is not GuestName.AUTO:
        return wanted
    possible = {option.value for option in _guests(facts, source, pool) if not option.refusal}
    if facts.kernel_name:
        return GuestName.KERNEL
    if facts.seed and GuestName.CLOUD_INIT in possible:
        return GuestName.CLOUD_INIT
    return GuestName.SYSPREP if GuestName.SYSPREP in possible else GuestName.NONE


def _guests(facts: CloneFacts, source: Source, pool: Pool | None) -> tuple[Option, ...]:
    windows = source.domain.os_name.startswith("Windows")
    linux = f"{source.domain.os_name} has its own tool: run sysprep in the machine before." * (
        windows
    )
    no_kernel = "" if facts.kernel_name else "The guest isn't told its name by its kernel's line."
    no_file = "" if _holds_files(pool) else "The pool can't hold the disc's file."
    detail = "as its drive has now" if facts.seed else "if cloud-init is installed in the guest"
    return (
        Option(GuestName.KERNEL, "Kernel's command line", "host name", no_kernel),
        Option(
            GuestName.CLOUD_INIT,
            "cloud-init disc",
            f"host name, new SSH keys; {detail}",
            linux or no_file,
        ),
        Option(
            GuestName.SYSPREP,
            "virt-sysprep",
            "host name, machine id, SSH keys",
            linux or facts.sysprep,
        ),
        Option(GuestName.NONE, "Not at all", "each clone says that it is the source"),
    )


def _space(
    facts: CloneFacts,
    source: Source,
    spec: CloneSpec,
    disks: tuple[SourceDisk, ...],
    pool: Pool | None,
) -> Space:
    extra = SEED_BYTES if spec.guest is GuestName.CLOUD_INIT else 0
    extra += _VARIABLES_BYTES if source.domain.nvram_path else 0
    full = [
        content_bytes(image, facts.storage)
        for disk in source.domain.disks
        if disk.device == "disk" and (image := source.image(disk)) is not None
    ]
    return Space(
        pool=pool.key if pool is not None else None,
        pool_name=pool.name if pool is not None else "",
        free_bytes=pool.available_bytes if pool is not None else None,
        now_bytes=_times(spec.count, [*(disk.now_bytes for disk in disks), extra]),
        worst_bytes=_times(spec.count, [*(disk.worst_bytes for disk in disks), extra]),
        full_bytes=_times(spec.count, full),
    )


def _times(count: int, amounts: list[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return count * sum(known) if len(known) == len(amounts) else None


def _refusals(
    facts: CloneFacts,
    source: Source,
    spec: CloneSpec,
    disks: tuple[SourceDisk, ...],
    pool: Pool | None,
    space: Space,
) -> Iterator[str]:
    """Yield why it can't be done, the reason that matters most first."""
    yield source.refusal
    yield from facts.obstacles
    yield pattern_refusal(spec.pattern, spec.count)
    if spec.pool and pool is None:
        yield f"{facts.host_name} has no pool {spec.pool}."
    if spec.network and spec.network not in facts.networks:
        yield f"{facts.host_name} has no network {spec.network}."
    known = {disk.disk.target for disk in disks}
    for target, _ in spec.disks:
        if target not in known:
            yield f"{source.domain.name} has no disk {target}."
    for disk in disks:
        chosen = next(option for option in disk.options if option.value == disk.choice)
        if chosen.refusal:
            yield f"{disk.disk.target} can't be {_DONE[disk.choice]}: {chosen.refusal}"
    for guest in _guests(facts, source, pool):
        if guest.value == spec.guest and guest.refusal:
            yield f"The guest can't be told its name by {spec.guest}: {guest.refusal}"
    now, free = space.now_bytes, space.free_bytes
    if now is not None and free is not None and now > free:
        yield (
            f"{counted(spec.count, 'clone')} would take {size(now)} at once, and "
            f"{space.pool_name} has {size(free)} free."
        )


_DONE = {
    DiskChoice.LINKED: "linked",
    DiskChoice.FULL: "copied",
    DiskChoice.SHARED: "shared",
    DiskChoice.OUT: "left out",
    DiskChoice.EMPTY: "made empty",
}


def _kinds(
    facts: CloneFacts, source: Source, spec: CloneSpec, pool: Pool | None
) -> tuple[Option, ...]:
    """Return both kinds; one is refused where no disk could be had in that way."""
    return tuple(
        Option(
            kind,
            kind.value.capitalize(),
            "reads the source's disk, keeps only what changes"
            if kind is CloneKind.LINKED
            else "a copy of its own, depends on nothing",
            _kind_refusal(facts, source, replace(spec, kind=kind, disks=()), pool),
        )
        for kind in CloneKind
    )


def _kind_refusal(facts: CloneFacts, source: Source, spec: CloneSpec, pool: Pool | None) -> str:
    """Tell why no disk could be had in a way, whatever becomes of the source."""
    wanted = DiskChoice.LINKED if spec.kind is CloneKind.LINKED else DiskChoice.FULL
    refusals = []
    for base in (spec.base, *(each for each in BaseFate if each is not spec.base)):
        found = source_disks(facts, source, replace(spec, base=base), pool)
        reasons = [
            next(option.refusal for option in disk.options if option.value == wanted)
            for disk in found
            if disk.choice is wanted
        ]
        if not reasons or not all(reasons):
            return ""
        refusals.append(reasons[0])
    return refusals[0]


def _bases(facts: CloneFacts, source: Source, linked: tuple[str, ...]) -> tuple[Option, ...]:
    name = facts.storage.domain.name
    if not needs_base(facts, source):
        return ()
    return (
        Option(
            BaseFate.TEMPLATE,
            "It becomes a template",
            f"{name} isn't started or changed any more while clones depend on it",
        ),
        Option(
            BaseFate.OVERLAY,
            "It goes on with an overlay",
            f"{name} keeps what it writes from now on in a file of its own",
            freeze_refusal(facts, linked) if linked else "",
        ),
    )


def _pools(facts: CloneFacts, disks: tuple[SourceDisk, ...]) -> tuple[Option, ...]:
    linked = any(disk.choice is DiskChoice.LINKED for disk in disks)
    options = []
    for pool in facts.pools:
        refusal = pool_refusal(pool)
        if not refusal and linked and not _holds_files(pool):
            refusal = f"{pool.name} is a {pool.kind} pool, which holds no qcow2 files."
        free = pool.available_bytes
        detail = "" if free is None else f"{size(free)} free"
        options.append(Option(pool.key.id, pool.name, detail, refusal))
    return tuple(options)


def _sources(facts: CloneFacts) -> tuple[Option, ...]:
    now = find_source(facts, "")
    return (
        Option("", "As it is now", "", now.refusal),
        *(
            Option(each.name, each.name, each.description, snapshot_refusal(each))
            for each in facts.storage.snapshots
        ),
    )
