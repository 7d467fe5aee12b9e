"""What a machine was when a snapshot was taken, and what it is now."""

from collections.abc import Iterator
from dataclasses import dataclass

from vmgui.insight.amounts import round_size
from vmgui.insight.machine_files import listed
from vmgui.inventory.domain import Disk, Domain
from vmgui.inventory.snapshot import Snapshot

NOTHING = "–"
"""What stands where something wasn't, or isn't, there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that was another: ``then`` and ``now`` in the words that are shown."""

    label: str
    then: str
    now: str


def differences(snapshot: Snapshot, domain: Domain) -> tuple[Difference, ...]:
    """Return the settings that are not what they were; none where it isn't known.

    That a disk's file is another one after an external snapshot is no difference: the files are
    told apart.
    """
    then = snapshot.then
    if then is None or not domain.read_fully:
        return ()
    return tuple(each for each in _compared(then, domain) if each.then != each.now)


def caution(snapshot: Snapshot, domain: Domain | None) -> str:
    """Tell in a sentence or two what going back to a snapshot doesn't bring back; "" for nothing.

    Without its memory a machine that ran starts from power-off.
    """
    sentences = []
    left_out = [disk.target for disk in snapshot.disks if disk.kind == "no"]
    brought = [disk.target for disk in snapshot.disks if disk.kind in ("internal", "external")]
    if left_out and brought:
        stays = (
            f"{listed(left_out)} {'stays as it is' if len(left_out) == 1 else 'stay as they are'}"
        )
        sentences.append(f"Reverting brings {listed(brought)} back, but {stays} today.")
    elif left_out:
        sentences.append("Reverting brings no disk back.")
    if not snapshot.has_memory and snapshot.state in _WITH_MEMORY:
        sentences.append("Without its memory the machine starts from power-off.")
    elif not snapshot.has_memory and snapshot.external and snapshot.state == "disk-snapshot":
        sentences.append("The machine starts from power-off.")
    if new := _new_disks(snapshot, domain):
        one = len(new) == 1
        sentences.append(
            f"{listed(new)} {'was' if one else 'were'} added later and "
            f"{'is' if one else 'are'} not part of it."
        )
    return " ".join(sentences)


_WITH_MEMORY = frozenset({"running", "paused", "blocked"})


def _compared(then: Domain, now: Domain) -> Iterator[Difference]:
    memory = Difference("Memory", _size(then.memory_bytes), _size(now.memory_bytes))
    vcpus = Difference("vCPU", _number(then.vcpus), _number(now.vcpus))
    for present, most in (
        (memory, (_size(then.memory_max_bytes), _size(now.memory_max_bytes))),
        (vcpus, (_number(then.vcpus_max), _number(now.vcpus_max))),
    ):
        yield present
        if most != (present.then, present.now):
            yield Difference(f"{present.label} at most", *most)
    yield Difference("Name", then.name, now.name)
    for label, before_text, after_text in (
        ("Firmware", then.firmware, now.firmware),
        ("Chipset", then.machine, now.machine),
        ("CPU model", then.cpu_mode, now.cpu_mode),
        ("System", then.os_name, now.os_name),
    ):
        yield Difference(label, before_text or NOTHING, after_text or NOTHING)
    yield from _disks(then, now)
    yield from _interfaces(then, now)


def _disks(then: Domain, now: Domain) -> Iterator[Difference]:
    before = {disk.target: disk for disk in then.disks}
    after = {disk.target: disk for disk in now.disks}
    for target in dict.fromkeys((*before, *after)):
        yield Difference(f"Disk {target}", _disk(before.get(target)), _disk(after.get(target)))


def _disk(disk: Disk | None) -> str:
    if disk is None:
        return NOTHING
    words = [disk.device, disk.bus]
    if disk.device in ("cdrom", "floppy"):
        # What lies in a drive is not a file that a snapshot changes.
        words.append(disk.source.rsplit("/", 1)[-1] or "empty")
    else:
        words += ["read-only"] * disk.read_only + ["shared"] * disk.shareable
    return " ".join(filter(None, words))


def _interfaces(then: Domain, now: Domain) -> Iterator[Difference]:
    before = {interface.mac: interface for interface in then.interfaces}
    after = {interface.mac: interface for interface in now.interfaces}
    for mac in dict.fromkeys((*before, *after)):
        words = [
            " ".join(filter(None, (each.kind, each.source, each.model))) if each else NOTHING
            for each in (before.get(mac), after.get(mac))
        ]
        yield Difference(f"Network {mac}", *words)


def _new_disks(snapshot: Snapshot, domain: Domain | None) -> list[str]:
    if domain is None or snapshot.then is None:
        return []
    known = {disk.target for disk in snapshot.then.disks}
    return [
        disk.target
        for disk in domain.disks
        if disk.target not in known and disk.device == "disk" and not disk.read_only
    ]


def _size(size_bytes: int) -> str:
    return round_size(size_bytes) if size_bytes else NOTHING


def _number(number: int) -> str:
    return str(number) if number else NOTHING
