"""Who carries a migration: which ways the two URIs allow, and which of them is taken.

Direct: vmgui talks to both daemons, and the memory goes from host to host. Peer-to-peer: the
source's daemon calls the destination by itself, so it needs a URI that means the destination from
there, and a login of its own. Tunnelled: peer-to-peer, with the memory in the daemons' own
connection (https://libvirt.org/migration.html).
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from vmgui.inventory.migration import CopyStorage, MigrationSpec, Transport


@dataclass(frozen=True, slots=True)
class TransportOption:
    """One way. ``refusal`` is "" where it can be taken; ``meaning`` is what it means."""

    transport: Transport
    meaning: str
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class TransportChoice:
    """The way that is taken and why, with all others; ``transport`` None where none is open."""

    transport: Transport | None
    reason: str
    options: tuple[TransportOption, ...]

    def refusal(self, transport: Transport) -> str:
        """Return why a way can't be taken, "" where it can."""
        return next(each.refusal for each in self.options if each.transport is transport)


_MEANING = {
    Transport.DIRECT: "vmgui talks to both hosts; the memory goes from host to host.",
    Transport.P2P: "The source's libvirt talks to the destination, and goes on without vmgui.",
    Transport.TUNNELLED: (
        "As peer-to-peer, with the memory inside libvirt's own connection: "
        "no port to open, and as encrypted as that is, but slower."
    ),
}

_HERE = ("localhost", "127.", "::1", "ip6-localhost")


def choose(
    source_uri: str, destination_uri: str, *, destination_connected: bool
) -> TransportChoice:
    """Return how a machine can go from one URI to the other; both as vmgui opens them."""
    same = _same_kind(source_uri, destination_uri)
    direct = same or ("" if destination_connected else "vmgui isn't connected to the destination.")
    peer = same or _peer_refusal(destination_uri)
    options = (
        TransportOption(Transport.DIRECT, _MEANING[Transport.DIRECT], direct),
        TransportOption(Transport.P2P, _MEANING[Transport.P2P], peer),
        TransportOption(Transport.TUNNELLED, _MEANING[Transport.TUNNELLED], peer),
    )
    if not direct:
        why = "vmgui is connected to both hosts, so neither needs a login on the other."
        return TransportChoice(Transport.DIRECT, why, options)
    if not peer:
        why = f"{direct} The source's libvirt has to reach it by itself, with its own login."
        return TransportChoice(Transport.P2P, why, options)
    return TransportChoice(None, direct if same else f"{direct} {peer}", options)


def conflicts(spec: MigrationSpec, *, copies_offline: bool = False) -> tuple[tuple[str, str], ...]:
    """Return the fields of ``spec`` that libvirt refuses together, each with the sentence why.

    ``copies_offline``: disks of a machine that is off are copied by vmgui, libvirt doesn't.
    The rules are those of qemuMigrationSrcBeginPhase and qemuMigrationDstPrepareAny (libvirt,
    ``src/qemu/qemu_migration.c``), and of QEMU's capabilities.
    """
    tunnelled, copies = spec.transport is Transport.TUNNELLED, spec.copy_storage
    packed = spec.compression.value
    of_parallel, of_one = ("zlib", "zstd"), ("xbzrle", "mt")
    rules = (
        (tunnelled and spec.post_copy, "post_copy", "Post-copy isn't possible in a tunnel."),
        (
            tunnelled and copies is not CopyStorage.NONE,
            "copy_storage",
            "Disks can't be copied through a tunnel.",
        ),
        (
            tunnelled and spec.parallel_channels > 0,
            "parallel_channels",
            "A tunnel is one stream: no parallel channels.",
        ),
        (
            tunnelled and spec.tls,
            "tls",
            "A tunnel is as safe as libvirt's connection; TLS adds nothing.",
        ),
        (
            tunnelled and bool(spec.migrate_uri),
            "migrate_uri",
            "A tunnel has no migration address of its own.",
        ),
        (
            not spec.live and copies is not CopyStorage.NONE and not copies_offline,
            "copy_storage",
            "Of a machine that is off libvirt moves the definition only, no disks.",
        ),
        (not spec.live and tunnelled, "transport", "Without memory there is nothing to tunnel."),
        (
            not spec.live and not spec.persist_destination,
            "persist_destination",
            "A machine that is off has to be defined at the destination, else it is gone.",
        ),
        (not spec.live and spec.post_copy, "post_copy", "Post-copy is for running machines."),
        (
            packed in of_parallel and not spec.parallel_channels,
            "compression",
            f"{packed} packs parallel channels, and there are none.",
        ),
        (
            packed in of_one and spec.parallel_channels > 0,
            "compression",
            f"{packed} packs one stream, not parallel channels.",
        ),
        (
            bool(spec.copy_disks) and copies is CopyStorage.NONE,
            "copy_disks",
            "Disks are named, but none shall be copied.",
        ),
        (
            spec.bandwidth_mib_s is not None and spec.bandwidth_mib_s <= 0,
            "bandwidth_mib_s",
            "A bandwidth limit is at least 1 MiB/s.",
        ),
        (
            spec.max_downtime_ms is not None and spec.max_downtime_ms <= 0,
            "max_downtime_ms",
            "The longest pause is at least 1 ms.",
        ),
    )
    return tuple((field, why) for broken, field, why in rules if broken)


def _same_kind(source_uri: str, destination_uri: str) -> str:
    drivers = [uri.partition(":")[0].partition("+")[0] for uri in (source_uri, destination_uri)]
    if drivers[0] != drivers[1]:
        return f"Machines don't move from {drivers[0]} to {drivers[1]}."
    if drivers[0] == "test":
        return "libvirt's test driver can't move machines."
    return ""


def _peer_refusal(destination_uri: str) -> str:
    try:
        parts = urlsplit(destination_uri)
        host = parts.hostname or ""
    except ValueError:
        return f"{destination_uri} is no URI."
    if not host:
        return "The destination's URI names no host: to the source it would mean itself."
    if host.startswith(_HERE):
        return f"To the source, {host} means itself."
    if "keyfile" in parse_qs(parts.query):
        return "The destination's URI names a key that is on this computer, not on the source."
    return ""
