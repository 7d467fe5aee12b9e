from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vmgui.inventory.changes import Change, Record
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.host import Host
from vmgui.inventory.inventory import Inventory
from vmgui.inventory.key import Key, domain_key, host_key
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot
from vmgui.inventory.storage import Pool, Volume

A, B = "qemu:///a", "qemu:///b"


def host(uri: str) -> Host:
    return Host(host_key(uri), uri)


def domain(uri: str, uuid: str, state: DomainState = DomainState.OFF) -> Domain:
    return Domain(domain_key(uri, uuid), f"name of {uuid}", state)


def snapshot(uri: str, uuid: str, name: str) -> Snapshot:
    return Snapshot(Key(uri, "snapshot", f"{uuid}/{name}"), domain_key(uri, uuid), name)


def volume(uri: str, pool: str, name: str) -> Volume:
    return Volume(Key(uri, "volume", f"{pool}/{name}"), name)


def holding(*records: Record) -> Inventory:
    inventory = Inventory()
    inventory.apply(Change(updated=records))
    return inventory


def heard(inventory: Inventory) -> list[Change]:
    changes: list[Change] = []
    inventory.changed.connect(changes.append)
    return changes


def test_new_records_are_told_as_added() -> None:
    inventory = Inventory()
    changes = heard(inventory)
    done = inventory.apply(Change(updated=(host(A), domain(A, "1"))))
    assert done == Change(added=(host(A), domain(A, "1")))
    assert changes == [done]
    assert len(inventory) == 2


def test_record_that_is_the_same_is_not_told_again() -> None:
    inventory = holding(host(A), domain(A, "1"))
    changes = heard(inventory)
    assert not inventory.apply(Change(updated=(domain(A, "1"),)))
    assert changes == []


def test_only_what_differs_is_told() -> None:
    inventory = holding(host(A), domain(A, "1"), domain(A, "2"))
    started = domain(A, "2", DomainState.RUNNING)
    done = inventory.apply(Change(updated=(domain(A, "1"), started)))
    assert done == Change(updated=(started,))
    assert inventory.domain(started.key) == started


def test_removing_what_is_not_there_is_not_told() -> None:
    inventory = holding(host(A))
    changes = heard(inventory)
    assert not inventory.apply(Change(removed=(domain_key(A, "1"),)))
    assert changes == []


def test_machine_takes_its_snapshots_with_it_and_no_others() -> None:
    inventory = holding(
        host(A),
        domain(A, "1"),
        domain(A, "11"),
        snapshot(A, "1", "x"),
        snapshot(A, "1", "y/z"),
        snapshot(A, "11", "x"),
        snapshot(B, "1", "x"),
    )
    done = inventory.apply(Change(removed=(domain_key(A, "1"),)))
    assert set(done.removed) == {
        domain_key(A, "1"),
        snapshot(A, "1", "x").key,
        snapshot(A, "1", "y/z").key,
    }
    assert inventory.get(snapshot(A, "11", "x").key) is not None
    assert inventory.get(snapshot(B, "1", "x").key) is not None


def test_pool_takes_its_volumes_with_it() -> None:
    pool = Pool(Key(A, "pool", "p"), "pool")
    inventory = holding(host(A), pool, volume(A, "p", "v"), volume(A, "q", "v"))
    done = inventory.apply(Change(removed=(pool.key,)))
    assert done.removed == (pool.key, volume(A, "p", "v").key)
    assert list(inventory.of(Volume, A)) == [volume(A, "q", "v")]


def test_host_takes_everything_on_it_and_nothing_of_another() -> None:
    network = Network(Key(A, "network", "n"), "net")
    inventory = holding(
        host(A), host(B), domain(A, "1"), snapshot(A, "1", "x"), network, domain(B, "1")
    )
    done = inventory.apply(Change(removed=(host_key(A),)))
    assert len(done.removed) == 4
    assert inventory.hosts() == (host(B),)
    assert list(inventory.of(Domain)) == [domain(B, "1")]
    assert len(inventory) == 2


def test_record_can_be_replaced_within_one_change() -> None:
    inventory = holding(host(A), domain(A, "1"), snapshot(A, "1", "x"))
    again = domain(A, "1", DomainState.RUNNING)
    done = inventory.apply(Change(updated=(again,), removed=(again.key,)))
    assert done.added == (again,)
    assert set(done.removed) == {again.key, snapshot(A, "1", "x").key}
    assert inventory.domain(again.key) == again


def test_hosts_stand_in_the_order_in_which_they_were_added() -> None:
    inventory = holding(host(B), host(A))
    inventory.apply(Change(updated=(replace(host(B), hostname="other"),)))
    assert [h.key.host for h in inventory.hosts()] == [B, A]
    inventory.apply(Change(removed=(host_key(B),)))
    inventory.apply(Change(updated=(host(B),)))
    assert [h.key.host for h in inventory.hosts()] == [A, B]


def test_records_are_found_by_kind_and_host() -> None:
    inventory = holding(host(A), host(B), domain(B, "1"), domain(A, "1"), snapshot(A, "1", "x"))
    assert list(inventory.of(Domain)) == [domain(A, "1"), domain(B, "1")]
    assert list(inventory.of(Domain, B)) == [domain(B, "1")]
    assert list(inventory.of(Network)) == []
    assert list(inventory.of(Host, A)) == [host(A)]


def test_getters_give_their_own_kind_or_none() -> None:
    inventory = holding(host(A), domain(A, "1"))
    assert inventory.host(A) == host(A)
    assert inventory.host(B) is None
    assert inventory.domain(domain_key(A, "1")) == domain(A, "1")
    assert inventory.domain(host_key(A)) is None
    assert inventory.get(domain_key(A, "2")) is None


def test_changes_are_joined_in_their_order() -> None:
    one = Change(added=(host(A),), removed=(host_key(B),))
    two = Change(added=(host(B),), updated=(domain(A, "1"),))
    assert Change.joined([one, two]) == Change(
        added=(host(A), host(B)), updated=(domain(A, "1"),), removed=(host_key(B),)
    )
    assert not Change.joined([])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([A, B]),
            st.sampled_from("123"),
            st.sampled_from([DomainState.OFF, DomainState.RUNNING, None]),
        )
    )
)
def test_listener_that_follows_the_changes_knows_what_the_inventory_holds(
    steps: list[tuple[str, str, DomainState | None]],
) -> None:
    inventory = holding(host(A), host(B))
    followed: dict[Key, Record] = {h.key: h for h in inventory.hosts()}

    def follow(change: Change) -> None:
        for key in change.removed:
            del followed[key]
        for record in change.added:
            assert record.key not in followed
            followed[record.key] = record
        for record in change.updated:
            assert followed[record.key] != record
            followed[record.key] = record

    inventory.changed.connect(follow)
    for uri, uuid, state in steps:
        if state is None:
            inventory.apply(Change(removed=(domain_key(uri, uuid),)))
        else:
            inventory.apply(Change(updated=(domain(uri, uuid, state), snapshot(uri, uuid, "x"))))
    held: list[Record] = [*inventory.hosts(), *inventory.of(Domain), *inventory.of(Snapshot)]
    assert {record.key: record for record in held} == followed
    assert len(inventory) == len(followed)


def test_what_moves_is_shown_so_until_its_host_is_read_again() -> None:
    inventory = Inventory()
    runs = Domain(domain_key("qemu:///a", "1"), "web", DomainState.RUNNING, "booted")
    inventory.apply(Change(added=(runs,)))
    inventory.set_moving(runs.key, "to b")
    shown = inventory.domain(runs.key)
    assert shown is not None
    assert (shown.state, shown.state_reason) == (DomainState.MIGRATING, "to b")
    # What its host tells meanwhile doesn't take that back, but for its end.
    inventory.apply(Change(updated=(replace(runs, title="t"),)))
    assert inventory.domain(runs.key).state is DomainState.MIGRATING  # type: ignore[union-attr]
    off = replace(runs, state=DomainState.OFF)
    inventory.apply(Change(updated=(off,)))
    assert inventory.domain(runs.key) == off
    inventory.set_moving(runs.key, "")
    inventory.apply(Change(updated=(runs,)))
    assert inventory.domain(runs.key) == runs
