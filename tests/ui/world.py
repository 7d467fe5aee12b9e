"""The invented machines of the design's pictures, and many machines, for tests of the tree."""

import math
import random
from collections.abc import Sequence

from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key, host_key

A, B, C = "test:///a", "test:///b", "test:///c"
RUNNING, OFF = DomainState.RUNNING, DomainState.OFF


def host(uri: str, name: str, state: LinkState = LinkState.CONNECTED) -> Host:
    """Return a host as it is once it was read."""
    return Host(host_key(uri), name, Link(state, latency_s=0.003), libvirt_version="10.0.0")


def machine(
    uri: str, name: str, state: DomainState = RUNNING, tags: tuple[str, ...] = ()
) -> Domain:
    """Return a machine as it is once it was read."""
    return Domain(domain_key(uri, f"uuid-{name}"), name, state, tags=tags, read_fully=True)


def pictured() -> Inventory:
    """Return the 30 machines on 3 hosts of the picture of the main window... and their states."""
    students = [
        machine(A, f"student-{n:02}", RUNNING if n <= 8 else OFF, ("classroom",))
        for n in range(1, 13)
    ]
    prod = [machine(A, name, RUNNING, ("prod",)) for name in ("cache-01", "db-01", "git-01")]
    prod += [
        machine(A, "mon-01", RUNNING, ("prod",)),
        machine(A, "web-01", RUNNING, ("prod", "web")),
    ]
    infra = [
        machine(B, f"{name}-01", RUNNING, ("infra",))
        for name in ("dns", "proxy", "ntp", "ldap", "log", "vpn")
    ]
    inventory = Inventory()
    inventory.apply(
        Change(
            added=(
                host(A, "lab-a"),
                host(B, "lab-b"),
                host(C, "kvm-01.example", LinkState.STALLED),
                *students,
                *prod,
                machine(A, "ci-runner-02", DomainState.PAUSED),
                *infra,
                machine(B, "build-arm64", DomainState.CRASHED),
                machine(B, "demo-k3s"),
                machine(B, "win11-lab", OFF),
                machine(B, "win11-test", DomainState.SAVED),
                machine(C, "nested-kvm-01"),
                machine(C, "old-jira", OFF),
            )
        )
    )
    return inventory


def many(count: int) -> tuple[Host, tuple[Domain, ...]]:
    """Return a host with ``count`` machines, two of three running, half of them tagged."""
    return host(A, "big"), tuple(
        machine(A, f"vm-{n}", OFF if n % 3 == 0 else RUNNING, ("web",) if n % 2 else ())
        for n in range(count)
    )


class Waves:
    """Figures that go up and down, for what is running."""

    def __init__(self) -> None:
        self.calls = 0

    def latest(self, key: Key) -> Sample | None:
        """Return a figure that depends on the name only."""
        self.calls += 1
        return Sample(key, 0.0, cpu_ratio=random.Random(key.id).random())

    def recent_cpu(self, key: Key) -> Sequence[float]:
        """Return 150 values around the figure."""
        chance = random.Random(key.id)
        base = chance.random() / 2
        return [
            min(1.0, max(0.0, base + math.sin(n / 9) * 0.05 + chance.gauss(0, 0.06)))
            for n in range(150)
        ]
