"""The options of a migration in words, those for everybody and those for experts."""

from dataclasses import dataclass

from vmgui.inventory.migration import (
    Compression,
    CopyStorage,
    MigrationSpec,
    Transport,
)


@dataclass(frozen=True, slots=True)
class Option:
    """An option: the field of `MigrationSpec` that it sets, and what it means for a person."""

    field: str
    title: str
    help: str
    expert: bool = False


OPTIONS = (
    Option("live", "Live", "It keeps running; else only what is off moves."),
    Option("copy_storage", "Copy disks", "For disks that only the source has."),
    Option(
        "auto_converge",
        "Auto-converge",
        "Slows the guest step by step until it writes less than the link carries.",
    ),
    Option(
        "post_copy",
        "Allow post-copy",
        "May be switched to while it runs: always finishes, but if the link breaks then, the "
        "machine is lost.",
    ),
    Option("bandwidth_mib_s", "Bandwidth limit", "MiB/s at most; can be changed while it runs."),
    Option("max_downtime_ms", "Longest pause", "How long it may stand still at the end, in ms."),
    Option("tls", "TLS", "Encrypts memory and disks on their way."),
    Option("undefine_source", "Remove here", "Takes its definition from this host afterwards."),
    Option("new_name", "Name there", "Empty keeps the name."),
    Option("transport", "Way", "Who talks to the destination.", expert=True),
    Option("migrate_uri", "Address for memory", "Empty: the destination's own name.", expert=True),
    Option("copy_disks", "Which disks", "Empty: all that can be written.", expert=True),
    Option(
        "parallel_channels",
        "Parallel channels",
        "More than one stream, for links that one doesn't fill; 0 is one stream.",
        expert=True,
    ),
    Option("compression", "Compression", "Less to send, more to compute.", expert=True),
    Option(
        "persist_destination",
        "Define there",
        "Else it is gone when it is shut down.",
        expert=True,
    ),
)
"""In the order in which they are asked for."""


def in_words(spec: MigrationSpec) -> tuple[str, ...]:
    """Return what was asked for in a few words each, for a review or a header."""
    words = ["live" if spec.live else "while it is off"]
    if spec.copy_storage is not CopyStorage.NONE:
        which = f" {', '.join(spec.copy_disks)}" if spec.copy_disks else ""
        how = "top files of disks" if spec.copy_storage is CopyStorage.INCREMENTAL else "disks"
        words.append(f"with {how}{which}")
    flags = (
        (spec.live and spec.auto_converge, "auto-converge"),
        (spec.post_copy, "post-copy allowed"),
        (spec.tls, "TLS"),
        (spec.parallel_channels > 0, f"{spec.parallel_channels} channels"),
        (spec.compression is not Compression.NONE, f"packed by {spec.compression}"),
        (spec.bandwidth_mib_s is not None, f"at most {spec.bandwidth_mib_s} MiB/s"),
        (spec.max_downtime_ms is not None, f"pause below {spec.max_downtime_ms} ms"),
        (spec.transport is Transport.P2P, "peer-to-peer"),
        (spec.transport is Transport.TUNNELLED, "tunnelled"),
        (bool(spec.new_name), f"named {spec.new_name} there"),
        (not spec.undefine_source, "stays defined here"),
        (not spec.persist_destination, "not defined there"),
    )
    return (*words, *(text for is_so, text in flags if is_so))
