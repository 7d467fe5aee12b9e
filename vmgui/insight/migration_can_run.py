"""The first question before a migration, whether the machine can run there."""

from collections.abc import Iterator

from vmgui.insight.amounts import counted, round_size
from vmgui.insight.migration_facts import CpuFit, DiskFacts, HostFacts, MigrationFacts
from vmgui.insight.migration_findings import About, Check, Fix, Question

CPU_RATIO_WARNS = 4.0
"""Virtual CPUs promised for each real one from which on they wait for each other."""

_DEVICE = {
    "pci": "PCI device",
    "usb": "USB device",
    "scsi": "SCSI device",
    "mdev": "mediated device",
    "vdpa": "vDPA device",
    "shmem": "shared memory",
    "virtiofs": "shared folder (virtiofs)",
    "9p": "shared folder (9p)",
}
_REMOVABLE = ("cdrom", "floppy")


def _about(check_id: str, title: str) -> About:
    return About(check_id, Question.CAN_RUN, title)


def can_run(facts: MigrationFacts) -> Iterator[Check]:
    """Return the checks of the first question."""
    there = facts.destination
    yield _different_host(facts)
    yield _hypervisor(facts)
    if there is not None:
        yield from _versions(facts.source, there)
    yield _cpu(facts)
    yield _machine_type(facts)
    yield from _firmware(facts)
    yield _devices(facts)
    yield from _media(facts)
    if there is not None:
        yield _memory(facts, there)
        yield _vcpus(facts, there)


def _different_host(facts: MigrationFacts) -> Check:
    about = _about("host", "Another host")
    there, here = facts.destination, facts.source
    if there is None or not there.host_uuid or not here.host_uuid:
        return about.unknown("the hosts don't tell who they are")
    if there.host_uuid == here.host_uuid:
        return about.failed(
            f"{there.host.name} and {here.host.name} have the same host UUID, {there.host_uuid}: "
            "to libvirt they are one host.",
            Fix("Set another host_uuid in one of the two libvirtd.conf, and restart it."),
        )
    return about.passed(f"{there.host.name} is another host than {here.host.name}")


def _hypervisor(facts: MigrationFacts) -> Check:
    about = _about("hypervisor", "Hypervisor")
    kind, arch, there = facts.domain.hypervisor_type, facts.domain.arch, facts.destination
    if there is None or facts.guest_types_there is None or not kind:
        return about.unknown()
    if kind not in facts.guest_types_there:
        has = ", ".join(sorted(facts.guest_types_there)) or "none"
        return about.failed(f"It is a {kind} machine; {there.host.name} runs {has}.")
    archs = there.host.guest_archs
    if arch and archs and arch not in archs:
        return about.failed(f"{there.host.name} has no {arch} processor to offer.")
    return about.passed(f"{there.host.name} runs {kind} machines")


def _versions(here: HostFacts, there: HostFacts) -> Iterator[Check]:
    for check_id, what, old, new in (
        ("qemu", here.host.driver or "Hypervisor", *_pair(here, there, "hypervisor_version")),
        ("libvirt", "libvirt", *_pair(here, there, "libvirt_version")),
    ):
        about = _about(check_id, f"{what} version")
        if not old or not new:
            yield about.unknown()
        elif _numbers(new) < _numbers(old):
            yield about.warned(
                f"{there.host.name} has {new}, older than {old}: "
                "it may not understand what it gets.",
                Fix(f"Update {what} on {there.host.name}."),
            )
        else:
            yield about.passed(f"{new} there, {old} here")


def _pair(here: HostFacts, there: HostFacts, name: str) -> tuple[str, str]:
    return getattr(here.host, name), getattr(there.host, name)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _cpu(facts: MigrationFacts) -> Check:  # noqa: PLR0911  a truth table, a row each
    about, cpu = _about("cpu", "CPU"), facts.cpu
    if not facts.spec.live:
        return about.passed("its CPU is chosen anew when it starts")
    if cpu.invtsc_unset:
        return about.failed(
            "It has the feature invtsc without a fixed frequency, which QEMU doesn't move.",
            Fix("Take invtsc out of its CPU, or give its tsc timer a frequency."),
        )
    if cpu.fit is None:
        return about.unknown(cpu.error or "libvirt didn't compare them")
    what = cpu.model or cpu.mode or "its CPU"
    if cpu.fit is CpuFit.LACKS:
        if not cpu.lacks:
            return about.failed(
                f"libvirt says that {what} doesn't fit, and names no features. {cpu.error}".strip()
            )
        return about.failed(
            f"The guest uses CPU features this host lacks: {' '.join(cpu.lacks)}",
            Fix("Choose a CPU model that both hosts have; it counts from its next start on."),
        )
    if cpu.mode == "host-passthrough" and (cpu.differs or cpu.fit is CpuFit.MORE):
        differs = f"{', '.join(cpu.differs)} differ" if cpu.differs else "the CPUs differ"
        return about.warned(
            f"host-passthrough: fits, but {differs}; it can't be moved back by promise.",
            Fix("Choose a named CPU model; it counts from its next start on."),
        )
    if cpu.differs:
        return about.warned(f"{what} fits, but {', '.join(cpu.differs)} differ")
    return about.passed(f"{what} fits")


def _machine_type(facts: MigrationFacts) -> Check:
    about, machine = _about("machine-type", "Machine type"), facts.domain.machine
    if facts.destination is None or facts.machine_types_there is None or not machine:
        return about.unknown()
    name = facts.destination.host.name
    version = facts.destination.host.hypervisor_version
    qemu = f"{facts.destination.host.driver or 'hypervisor'} {version}".strip()
    if machine not in facts.machine_types_there:
        return about.failed(
            f"{machine} isn't known to {qemu} on {name}.", Fix(f"Update QEMU on {name}.")
        )
    return about.passed(f"{machine} is known to {qemu}")


def _firmware(facts: MigrationFacts) -> Iterator[Check]:
    firmware, name = facts.firmware, facts.spec.destination
    if facts.destination is not None:
        name = facts.destination.host.name
    about = _about("firmware", "Firmware")
    if not firmware.loader:
        yield about.passed("BIOS, which QEMU brings along")
    elif firmware.loader_there is None:
        yield about.unknown()
    elif not firmware.loader_there:
        yield about.failed(
            f"{firmware.loader} isn't on {name}.", Fix(f"Install that firmware on {name}.")
        )
    elif firmware.nvram and not facts.spec.live and not firmware.nvram_shared:
        yield about.warned(
            f"{firmware.nvram} stays here: libvirt carries the variables of running machines only.",
            Fix(f"Copy {firmware.nvram} to {name}, or its UEFI begins with empty variables."),
        )
    else:
        yield about.passed(f"{firmware.loader.rsplit('/', 1)[-1]} is there")
    if not firmware.tpm:
        return
    about = _about("tpm", "TPM")
    if firmware.tpm == "passthrough":
        yield about.failed(
            f"It uses the TPM of {facts.source.host.name} itself, which stays there."
        )
    elif firmware.tpm_there is None:
        yield about.unknown()
    elif not firmware.tpm_there:
        yield about.failed(f"{name} offers no emulated TPM.", Fix(f"Install swtpm on {name}."))
    elif not facts.spec.live and not firmware.tpm_shared:
        yield about.warned(
            "Its contents stay here: libvirt carries those of running machines only."
        )
    else:
        yield about.passed("emulated, its contents come along")


def _devices(facts: MigrationFacts) -> Check:  # noqa: PLR0911  a truth table, a row each
    about, live = _about("devices", "No host devices"), facts.spec.live
    here = facts.source.host.name
    if facts.blockers and live:
        return about.failed(f"QEMU says: {'; '.join(facts.blockers)}")
    stuck = [each for each in facts.devices if each.moves is False]
    open_ = [each for each in facts.devices if each.moves is None]
    words = [f"{_DEVICE.get(each.kind, each.kind)} {each.name}" for each in stuck]
    if stuck and live:
        return about.failed(
            f"It holds what stays on {here}: {', '.join(words)}.",
            Fix(
                "Take it out of the machine, or shut the machine down and move it while it is off."
            ),
        )
    if stuck:
        return about.warned(f"What is on {here} won't be there: {', '.join(words)}.")
    if open_:
        names = ", ".join(f"{_DEVICE.get(each.kind, each.kind)} {each.name}" for each in open_)
        if facts.blockers is None:
            return about.unknown(f"whether {names} can be moved")
        return about.passed(f"{names} can be moved, says QEMU")
    moving = ", ".join(f"{_DEVICE.get(each.kind, each.kind)} {each.name}" for each in facts.devices)
    if moving:
        return about.passed(f"{moving} can be moved")
    return about.passed(f"nothing is passed through from {here}")


def _media(facts: MigrationFacts) -> Iterator[Check]:
    """Yield a check for each drive with a medium in it."""
    name = facts.destination.host.name if facts.destination else facts.spec.destination
    for disk in facts.disks:
        if disk.device not in _REMOVABLE or not disk.source:
            continue
        what = "CD-ROM" if disk.device == "cdrom" else "Floppy"
        about = _about(f"medium:{disk.target}", f"{what} file exists on {name}")
        if disk.shared or disk.there:
            yield about.passed(f"{disk.source} is on both")
        elif disk.there is None:
            yield about.unknown()
        else:
            yield _missing_medium(about, disk, facts)


def _missing_medium(about: About, disk: DiskFacts, facts: MigrationFacts) -> Check:
    where = f"{disk.source} is only on {facts.source.host.name}."
    if disk.startup_policy in ("optional", "requisite"):
        return about.warned(f"No. {where} It arrives with an empty drive, as it allows.")
    size = f", {round_size(disk.size_bytes)}" if disk.size_bytes else ""
    return about.failed(
        f"No. {where}", Fix(f"Eject {disk.target}, or copy the file to the same path there{size}.")
    )


def _memory(facts: MigrationFacts, there: HostFacts) -> Check:  # noqa: PLR0911  a truth table, a row each
    about, needs = _about("memory", "Memory"), facts.domain.memory_max_bytes
    total, name = there.host.memory_bytes, there.host.name
    if not needs or total is None:
        return about.unknown()
    if needs > total:
        return about.failed(
            f"It may use {round_size(needs)}; {name} has {round_size(total)} in all."
        )
    free = there.memory_free_bytes
    if free is None:
        return about.unknown(f"{name} doesn't tell what is free")
    now = facts.domain.memory_bytes or needs
    if facts.spec.live and now > free:
        return about.failed(
            f"It has {round_size(now)}; {round_size(free)} are free on {name}.",
            Fix("Take memory from it, or stop something there."),
        )
    promised = there.memory_promised_bytes
    if promised is not None and promised + needs > total:
        return about.warned(
            f"{name} would have promised {round_size(promised + needs)} of {round_size(total)}."
        )
    if needs > free:
        return about.warned(f"It may use {round_size(needs)}; {round_size(free)} are free.")
    return about.passed(f"{round_size(needs)} promised, {round_size(free)} free")


def _vcpus(facts: MigrationFacts, there: HostFacts) -> Check:
    about, needs, threads = _about("vcpus", "CPU promises"), facts.domain.vcpus, there.host.cpus
    name = there.host.name
    if not needs or not threads or there.vcpus_promised is None:
        return about.unknown()
    before, after = there.vcpus_promised / threads, (there.vcpus_promised + needs) / threads
    words = f"{name} goes from {before:.1f} : 1 to {after:.1f} : 1"
    if needs > threads:
        return about.warned(
            f"It has {counted(needs, 'virtual CPU')}; {name} has {counted(threads, 'thread')}."
        )
    if after > CPU_RATIO_WARNS:
        return about.warned(f"{words}: virtual CPUs will wait for each other")
    if there.cpu_busy_ratio is not None and there.cpu_busy_ratio > 0.9:
        return about.warned(f"{words}, and {name} is {there.cpu_busy_ratio:.0%} busy already")
    return about.passed(words)
