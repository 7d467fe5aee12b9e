"""A migration of a guest that writes, page by page, counted as QEMU and libvirt count it."""

import random
from dataclasses import dataclass

from vmgui.inventory.migration import MIB, EventKind, MigrationEvent, MigrationSample, Phase

STEP_S = 0.01
PIECE_S = 0.05


@dataclass(frozen=True)
class Guest:
    """A page stands for ``page_mib``; it writes random pages of its working set, or in a circle."""

    memory_mib: int = 2048
    writes_mib_s: float = 50.0
    set_mib: int = 1024
    zero_mib: int = 0
    in_a_circle: bool = False


@dataclass(frozen=True)
class Link:
    carries_mib_s: float = 160.0
    jitter: float = 0.0


@dataclass
class Result:
    samples: list[MigrationSample]
    events: list[MigrationEvent]
    arrived_at_s: float | None
    pause_ms: float | None


class _Qemu:
    def __init__(
        self, guest: Guest, link: Link, downtime_ms: float, seed: int, *, auto_converge: bool
    ) -> None:
        self.guest, self.link, self.downtime_ms = guest, link, downtime_ms
        self.auto_converge = auto_converge
        self.random = random.Random(seed)
        self.pages = guest.memory_mib
        self.bitmap = bytearray(b"\1" * self.pages)
        self.left = self.pages
        self.scan = 0
        self.log: set[int] = set()
        self.zero = set(range(self.pages - guest.zero_mib, self.pages))
        self.now = 0.0
        self.round = 1
        self.sent = 0.0
        self.constant = 0
        self.credit = self.owed = 0.0
        self.cursor = 0
        self.speed = link.carries_mib_s
        self.throttle = 0
        self.high = 0
        self.synced_at, self.sent_then, self.dirty_rate = 0.0, 0.0, 0.0
        self.dirtied = 0
        self.events: list[MigrationEvent] = []
        self._begin(1)

    def _begin(self, number: int) -> None:
        self.events.append(
            MigrationEvent(self.now, EventKind.ROUND, f"Round {number}", str(number))
        )

    @property
    def threshold(self) -> float:
        return self.speed * self.downtime_ms / 1000

    def write(self) -> None:
        self.owed += self.guest.writes_mib_s * (1 - self.throttle / 100) * STEP_S
        while self.owed >= 1:
            self.owed -= 1
            if self.guest.in_a_circle:
                self.cursor = (self.cursor + 1) % self.guest.set_mib
            else:
                self.cursor = self.random.randrange(self.guest.set_mib)
            self.log.add(self.cursor)

    def send(self) -> None:
        swing = self.link.jitter
        self.speed = self.link.carries_mib_s * (1 + self.random.uniform(-swing, swing))
        self.credit += self.speed * STEP_S
        while self.left and self.credit >= 1:
            page = self.bitmap.find(1, self.scan)
            if page < 0:
                self.scan = 0
                continue
            self.bitmap[page] = 0
            self.left -= 1
            self.scan = page + 1
            if page in self.zero and self.round == 1:
                self.constant += 1
                continue
            self.credit -= 1
            self.sent += 1
        if not self.left:
            self.credit = 0.0

    def sync(self) -> None:
        for page in self.log:
            if not self.bitmap[page]:
                self.bitmap[page] = 1
                self.left += 1
                self.dirtied += 1
        self.log = set()
        self.round += 1
        self._begin(self.round)
        period = self.now - self.synced_at
        if period >= 1:
            self.dirty_rate = self.dirtied / period
            if self.dirtied > (self.sent - self.sent_then) / 2:
                self.high += 1
                if self.high >= 2:
                    self.high = 0
                    if self.auto_converge:
                        self.throttle = min(self.throttle + 10, 99) if self.throttle else 20
            self.synced_at, self.sent_then, self.dirtied = self.now, self.sent, 0

    def sample(self) -> MigrationSample:
        return MigrationSample(
            at_monotonic_s=self.now,
            round=self.round,
            memory_total_bytes=self.pages * MIB,
            memory_processed_bytes=round(self.sent * MIB),
            memory_remaining_bytes=self.left * MIB,
            memory_constant_bytes=self.constant * MIB,
            memory_bps=self.speed * MIB,
            dirty_bytes_per_s=self.dirty_rate * MIB if self.synced_at else None,
            throttle_percent=self.throttle,
            downtime_ms=self.left / self.speed * 1000,
        )


def migrate(
    guest: Guest,
    link: Link,
    *,
    downtime_ms: float = 300,
    auto_converge: bool = False,
    most_s: float = 120.0,
    every_s: float = 0.5,
    seed: int = 1,
) -> Result:
    """Return the samples until it arrives, or until ``most_s`` are over."""
    qemu = _Qemu(guest, link, downtime_ms, seed, auto_converge=auto_converge)
    samples: list[MigrationSample] = []
    steps = round(most_s / STEP_S)
    every, piece = round(every_s / STEP_S), round(PIECE_S / STEP_S)
    for step in range(steps):
        if step % every == 0:
            samples.append(qemu.sample())
        qemu.now += STEP_S
        qemu.write()
        qemu.send()
        if (step + 1) % piece == 0 and qemu.left < qemu.threshold:
            qemu.sync()
            if qemu.left < qemu.threshold:
                pause_s = qemu.left / qemu.speed
                at = qemu.now + pause_s
                done = MigrationSample(at, Phase.DONE, downtime_ms=pause_s * 1000)
                return Result([*samples, done], qemu.events, at, pause_s * 1000)
    return Result(samples, qemu.events, None, None)
