"""Migrations: what is asked for, what is seen while one runs, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from vmgui.inventory.key import Key

MIB = 1024 * 1024

DEFAULT_MAX_DOWNTIME_MS = 300
"""The longest pause that QEMU allows itself where nobody says another (``downtime-limit``)."""


class Phase(StrEnum):
    """What a migration is doing."""

    SETUP = "setup"
    PRECOPY = "precopy"
    POSTCOPY = "postcopy"  # the machine runs at the destination and fetches what is missing
    SWITCHOVER = "switchover"  # it stands still: the last round, and the state of its devices
    DONE = "done"


class EventKind(StrEnum):
    """What a mark in the course of a migration stands for."""

    ROUND = "round"
    THROTTLE = "throttle"
    KNOB = "knob"
    PHASE = "phase"
    NOTE = "note"


class Transport(StrEnum):
    """Who carries the memory: see `vmgui.insight.migration_transport`."""

    DIRECT = "direct"
    P2P = "p2p"
    TUNNELLED = "tunnelled"


class CopyStorage(StrEnum):
    """Whether disks are copied: all of each, or only the top file of its chain."""

    NONE = "none"
    FULL = "full"
    INCREMENTAL = "incremental"


class Compression(StrEnum):
    """How memory is packed on its way; XBZRLE sends what changed in pages that go again."""

    NONE = "none"
    XBZRLE = "xbzrle"
    MULTITHREAD = "mt"  # deflate; gone from QEMU 9.1 on
    ZLIB = "zlib"  # of parallel channels
    ZSTD = "zstd"  # of parallel channels


class Outcome(StrEnum):
    """How a migration ended, in the words that are shown."""

    ARRIVED = "arrived"
    CANCELLED = "cancelled"
    FAILED = "failed"
    BROKEN = "broken off half-way"  # in post-copy: neither side has all of the memory
    UNKNOWN = "not known"  # vmgui, or the way to both hosts, was gone when it ended


class Whereabouts(StrEnum):
    """Where the machine runs now; ``UNKNOWN`` has to be said, never guessed."""

    SOURCE = "source"
    DESTINATION = "destination"
    NOWHERE = "nowhere"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MigrationSpec:
    """A migration that is asked for.

    ``destination`` is the URI of the host. ``live`` false moves the definition of a machine that
    is off (and its disks, where they are copied). ``copy_disks`` names the disks to be copied by
    target; empty: libvirt's own choice, which is each disk that can be written and isn't
    shareable, on shared storage or not. ``parallel_channels`` 0 is one stream. ``bandwidth_mib_s``
    None is what the hypervisor does by itself, ``max_downtime_ms`` None is 300 ms with QEMU.
    ``migrate_uri`` "" leaves the destination's address to libvirt. ``new_name`` "" keeps the name.
    """

    destination: str
    live: bool = True
    copy_storage: CopyStorage = CopyStorage.NONE
    copy_disks: tuple[str, ...] = ()
    post_copy: bool = False
    auto_converge: bool = True
    parallel_channels: int = 0
    compression: Compression = Compression.NONE
    tls: bool = False
    bandwidth_mib_s: int | None = None
    max_downtime_ms: int | None = None
    transport: Transport = Transport.DIRECT
    transport_reason: str = ""
    migrate_uri: str = ""
    undefine_source: bool = True
    persist_destination: bool = True
    new_name: str = ""


@dataclass(frozen=True, slots=True)
class MigrationSample:
    """One reading of a migration's job; None where the hypervisor doesn't tell.

    ``memory_processed_bytes`` is what went over the wire, ``memory_remaining_bytes`` what is
    known to be dirty: it falls while a round is sent and jumps up when the next one begins.
    ``memory_constant_bytes`` are pages of zeroes, which cost next to nothing; each time that one
    is met counts. ``memory_bps`` and ``disk_bps`` are bytes per second, as libvirt's fields of
    that name. ``dirty_bytes_per_s`` is of the last round. ``round`` counts from 1.
    ``throttle_percent`` is how much of the vCPUs' time auto-converge takes away. ``downtime_ms``
    is expected while it runs, and measured in a sample of `Phase.DONE`.
    """

    at_monotonic_s: float
    phase: Phase = Phase.PRECOPY
    round: int | None = None
    memory_total_bytes: int | None = None
    memory_processed_bytes: int | None = None
    memory_remaining_bytes: int | None = None
    memory_constant_bytes: int | None = None
    memory_bps: float | None = None
    dirty_bytes_per_s: float | None = None
    throttle_percent: int | None = None
    downtime_ms: float | None = None
    disk_total_bytes: int | None = None
    disk_processed_bytes: int | None = None
    disk_remaining_bytes: int | None = None
    disk_bps: float | None = None


@dataclass(frozen=True, slots=True)
class MigrationEvent:
    """A mark in the course of a migration; ``text`` is the sentence that is shown.

    ``value`` is the number of a round (`EventKind.ROUND`), the per cent of a throttle, the new
    value of a knob in the unit that ``text`` tells, or the name of the phase that began.
    """

    at_monotonic_s: float
    kind: EventKind
    text: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class MigrationSummary:
    """What came of a migration. ``sentence`` says where the machine runs, and what to do.

    ``downtime_ms`` is as libvirt measured it, None where it doesn't tell.
    ``heartbeat_gap_ms`` is the longest silence of the guest's own heartbeat, where it has one.
    """

    outcome: Outcome
    runs_at: Whereabouts
    sentence: str = ""
    total_s: float | None = None
    rounds: int | None = None
    sent_bytes: int | None = None
    disk_sent_bytes: int | None = None
    downtime_ms: float | None = None
    heartbeat_gap_ms: float | None = None


@dataclass(frozen=True, slots=True)
class MigrationRun:
    """One migration from its start on. ``summary`` is None while it runs.

    ``domain`` is the machine's key at the source. ``started_at_s`` is wall time (seconds since
    the epoch) and ``started_monotonic_s`` the same moment on the clock of the samples. ``spec``
    is what was asked for; what knobs changed since stands in ``events``, and in
    ``bandwidth_mib_s`` and ``max_downtime_ms`` as it is now.
    """

    job_id: str
    domain: Key
    domain_name: str
    source_name: str
    destination_name: str
    spec: MigrationSpec
    started_at_s: float
    started_monotonic_s: float
    bandwidth_mib_s: int | None = None
    max_downtime_ms: int | None = None
    samples: tuple[MigrationSample, ...] = ()
    events: tuple[MigrationEvent, ...] = ()
    summary: MigrationSummary | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will come."""
        return self.summary is not None
