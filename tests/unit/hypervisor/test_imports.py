from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgui.hypervisor.imports import (
    KnownConnection,
    parse_aliases,
    parse_gvariant_texts,
    read_virsh_aliases,
    read_virt_manager,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "['qemu:///system', 'qemu+ssh://root@a/system']\n",
            ("qemu:///system", "qemu+ssh://root@a/system"),
        ),
        ("@as []", ()),
        ("", ()),
        ("No such schema", ()),
        ("{'a': 1}", ()),
        ("[1, 'a']", ("a",)),
    ],
)
def test_what_gsettings_prints_is_read(text: str, expected: tuple[str, ...]) -> None:
    assert parse_gvariant_texts(text) == expected


LIBVIRT_CONF = """
#uri_aliases = [ "old=qemu:///system" ]
# uri_default = "qemu:///system"
uri_aliases = [
  "lab=qemu+ssh://root@lab-a.example/system",
  # "off=qemu:///session",   commented ] out
  'sleet=qemu+ssh://root@sleet/system?keyfile=/a&no_verify=1',
  "broken", "=nothing", "nobody="
]
other = [ "x=y" ]
"""


def test_aliases_are_read_without_what_is_commented_out() -> None:
    assert parse_aliases(LIBVIRT_CONF) == (
        ("lab", "qemu+ssh://root@lab-a.example/system"),
        ("sleet", "qemu+ssh://root@sleet/system?keyfile=/a&no_verify=1"),
    )


@given(st.text(alphabet="uri_aliases =[]\"'#,\nab"))
def test_any_file_is_read(text: str) -> None:
    parse_aliases(text)
    parse_aliases("uri_aliases = [" + text)
    parse_gvariant_texts(text)


def test_the_users_alias_goes_before_the_hosts(tmp_path: Path) -> None:
    mine, system = tmp_path / "mine.conf", tmp_path / "system.conf"
    mine.write_text('uri_aliases = [ "lab=qemu:///mine" ]')
    system.write_text('uri_aliases = [ "lab=qemu:///system", "b=qemu:///b" ]')
    assert read_virsh_aliases((mine, system, tmp_path / "missing.conf")) == (
        KnownConnection("qemu:///mine", "lab", str(mine)),
        KnownConnection("qemu:///b", "b", str(system)),
    )


def test_virt_manager_is_asked_through_gsettings() -> None:
    asked: list[list[str]] = []

    def run(command: list[str]) -> str:
        asked.append(command)
        return "['xen:///']"

    assert read_virt_manager(run) == (KnownConnection("xen:///", "", "virt-manager"),)
    assert asked == [["gsettings", "get", "org.virt-manager.virt-manager.connections", "uris"]]
