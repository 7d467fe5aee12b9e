from vmgui.insight.overview import looks, totals
from vmgui.inventory.changes import Change
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.figures import Sample
from vmgui.inventory.host import Host, Link, LinkState
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key, host_key

A, B = "qemu:///a", "qemu:///b"
GIB = 2**30


def _inventory() -> Inventory:
    inventory = Inventory()
    inventory.apply(
        Change(
            added=(
                Host(
                    host_key(A), "lab-a", Link(LinkState.CONNECTED), cpus=8, memory_bytes=32 * GIB
                ),
                Host(host_key(B), "lab-b", Link(LinkState.LOST), cpus=4, memory_bytes=8 * GIB),
                _machine(A, "web", DomainState.RUNNING),
                _machine(A, "old", DomainState.OFF),
                _machine(A, "bad", DomainState.CRASHED),
                _machine(B, "far", DomainState.RUNNING),
            )
        )
    )
    return inventory


def _machine(uri: str, name: str, state: DomainState) -> Domain:
    return Domain(
        domain_key(uri, name),
        name,
        state,
        vcpus=2,
        memory_bytes=2 * GIB,
        memory_max_bytes=4 * GIB,
    )


def _latest(key: Key) -> Sample | None:
    if key == host_key(A):
        return Sample(key, 0.0, cpu_ratio=0.5, memory_used_bytes=10 * GIB)
    if key.id == "web":
        return Sample(key, 0.0, memory_used_bytes=99, memory_granted_bytes=100)
    return None


def test_totals_count_what_is_on_and_leave_out_what_is_not_told() -> None:
    found = totals(_inventory(), _latest)
    assert (found.hosts, found.connected, found.machines, found.active) == (2, 1, 4, 2)
    assert (found.cpus, found.vcpus, found.busy_cpus) == (12, 4, 4.0)
    assert (found.memory_bytes, found.used_bytes) == (40 * GIB, 10 * GIB)
    assert (found.granted_bytes, found.promised_bytes) == (4 * GIB, 8 * GIB)
    assert found.per_host == {A: (1, 3), B: (1, 1)}
    nothing = totals(Inventory(), _latest)
    assert nothing.busy_cpus is None
    assert nothing.used_bytes is None


def test_the_gravest_comes_first_and_a_lost_host_counts_once() -> None:
    assert [look.name for look in looks(_inventory(), _latest, 10)] == ["bad", "lab-b", "web"]
    assert len(looks(_inventory(), _latest, 1)) == 1
