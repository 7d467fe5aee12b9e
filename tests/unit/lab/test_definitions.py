from pathlib import Path
from xml.etree import ElementTree

import pytest

from vmgui.inventory.domain import METADATA_URI
from vmgui.lab.definitions import (
    ROLES,
    GuestSpec,
    HostSpec,
    _accounts,
    etc_mounts,
    guest_specs,
    guest_xml,
    host_name,
    write_host,
)


def _host(name: str = "lab-a", *, networked: bool = True, virt_type: str = "qemu") -> HostSpec:
    return HostSpec("default", name, virt_type, networked, guest_specs(0, 2, 2))


def _guest(host: HostSpec, spec: GuestSpec | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(guest_xml(host, spec or host.guests[0]))


def test_hosts_are_named_by_letters() -> None:
    assert [host_name(index) for index in (0, 1, 25)] == ["lab-a", "lab-b", "lab-z"]


@pytest.mark.parametrize(("hosts", "guests"), [(1, 1), (2, 2), (3, 8), (4, 30)])
def test_no_two_guests_of_a_lab_share_a_name(hosts: int, guests: int) -> None:
    names = [spec.name for index in range(hosts) for spec in guest_specs(index, hosts, guests)]
    assert len(set(names)) == hosts * guests


def test_the_first_guests_have_pleasant_names() -> None:
    assert [spec.name for spec in guest_specs(0, 2, 2)] == ["web-01", "db-01"]
    assert [spec.name for spec in guest_specs(1, 2, 2)] == ["web-02", "db-02"]


def test_a_guest_is_the_same_machine_in_each_lab_of_that_name() -> None:
    host = _host()
    assert guest_xml(host, host.guests[0]) == guest_xml(host, host.guests[0])
    uuids = {_guest(host, guest).findtext("uuid") for guest in host.guests}
    assert len(uuids) == 2


@pytest.mark.parametrize("virt_type", ["kvm", "qemu"])
def test_acceleration_is_what_the_trial_found(virt_type: str) -> None:
    assert _guest(_host(virt_type=virt_type)).get("type") == virt_type


@pytest.mark.parametrize(("networked", "kind"), [(True, "network"), (False, "user")])
def test_interface_follows_what_the_machine_allows(networked: bool, kind: str) -> None:
    interface = _guest(_host(networked=networked)).find("devices/interface")
    assert interface is not None
    assert interface.get("type") == kind


def test_tags_are_in_our_metadata() -> None:
    host = _host()
    for role in ROLES:
        tags = _guest(host, GuestSpec(f"{role.name}-01", role)).findall(
            f"metadata/{{{METADATA_URI}}}tags/{{{METADATA_URI}}}tag"
        )
        assert tuple(tag.text for tag in tags) == role.tags
        assert "classroom" in role.tags


ENTRY = "{name}:x:{id}:"


def test_accounts_that_are_there_stay_as_they_are() -> None:
    known = "root:x:0:\nlibvirt-qemu:x:64055:\nqemu:x:36:\nkvm:x:109:someone\n"
    assert _accounts(known, ENTRY) == known


def test_each_account_that_lacks_gets_a_line_and_an_id_of_its_own() -> None:
    known = "root:x:0:\nlibvirt-qemu:x:64055:\n+nis\nodd:x:64057:"
    assert _accounts(known, ENTRY).splitlines() == [
        *known.splitlines(),
        "qemu:x:64056:",
        "kvm:x:64058:",
    ]
    assert _accounts(known, ENTRY).endswith("\n")


def test_a_name_that_begins_like_an_account_is_another() -> None:
    names = [line.partition(":")[0] for line in _accounts("kvm2:x:1:\n", ENTRY).splitlines()]
    assert names == ["kvm2", "libvirt-qemu", "qemu", "kvm"]


def test_accounts_in_another_writing_than_ours_are_kept_byte_by_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = b"j\xf6rg:x:1000:\n"
    monkeypatch.setattr(Path, "read_bytes", lambda _: old)
    write_host(HostSpec("default", "lab-a", "qemu", False, ()), tmp_path, "")
    monkeypatch.undo()
    for file, target in etc_mounts(tmp_path):
        assert file.stat().st_mode & 0o777 == 0o644
        assert target in {"/etc/passwd", "/etc/group", "/etc/hosts"}
        assert file.read_bytes().startswith(old) or target == "/etc/hosts"
