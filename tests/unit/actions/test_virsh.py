import shlex

import pytest

from vmgui.actions.virsh import by_name, complete, domain_line, option, printable
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.key import domain_key

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"


def named(name: str) -> Domain:
    return Domain(domain_key("test:///default", UUID), name, DomainState.OFF)


@pytest.mark.parametrize("name", ["web-01", "a b", "it's", "$(id) ; rm -rf ~", "שלום", "1a"])
def test_a_plain_name_stands_quoted(name: str) -> None:
    assert shlex.split(domain_line("start", named(name))) == ["virsh", "start", name]


@pytest.mark.parametrize(
    "name", ["3", "+3", " 3", "-x", "--all", "".join(reversed(UUID)), "a\nb", "a\u202eb"]
)
def test_a_name_that_can_be_mistaken_gives_way_to_the_uuid(name: str) -> None:
    line = domain_line("start", named(name))
    assert line == f"virsh start {UUID}  # {printable(name)}"
    assert "\n" not in line
    assert shlex.split(line, comments=True) == ["virsh", "start", UUID]


def test_a_value_that_looks_like_an_option_is_tied_to_its_own() -> None:
    assert option("new-desc", "--live") == ("--new-desc=--live",)
    assert option("new-desc", "live") == ("--new-desc", "live")


def test_a_complete_line_names_its_connection() -> None:
    uri = "qemu+ssh://me@there/system?socket=/run/a&b=c"
    line = complete(domain_line("start", named("web")), uri)
    assert shlex.split(line) == ["virsh", "-c", uri, "start", "web"]


@pytest.mark.parametrize("text", ["a\x1b[31m", "a\nb\r", "a\u202eb", "\x07", "\udc80", "a\u2028b"])
def test_what_a_terminal_would_act_upon_is_escaped(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text) != text


def test_a_line_with_the_uuid_takes_the_name_where_that_is_plain() -> None:
    line = f"virsh snapshot-delete {UUID} clean"
    assert by_name(line, named("web 01")) == "virsh snapshot-delete 'web 01' clean"
    assert by_name(line, named("3")) == line
