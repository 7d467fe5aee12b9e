import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vmgui.hypervisor.errors import UnfitText
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.hypervisor.xml.metadata import (
    METADATA_PREFIX,
    BaseOfDisk,
    Origin,
    check_text,
    origin_element,
    read_origin,
    readable_os,
    tags_element,
)
from vmgui.inventory.domain import METADATA_URI, ORIGIN_URI, Domain, DomainState
from vmgui.inventory.key import domain_key

legal_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&'\"]")
)


def tags_read_from(element: str) -> tuple[str, ...]:
    """Read ``element`` back as libvirt stores it: in a namespace that it adds by itself."""
    inside = element.replace("<tags>", f'<{METADATA_PREFIX}:tags xmlns:vmgui="{METADATA_URI}">')
    inside = inside.replace("</tags>", f"</{METADATA_PREFIX}:tags>")
    xml = f"<domain><metadata>{inside}</metadata></domain>"
    return read_domain_xml(xml, Domain(domain_key("h", "u"), "x", DomainState.OFF)).tags


@given(st.lists(legal_text.filter(str.strip), min_size=1, unique_by=str.strip))
def test_tags_of_any_text_come_back_as_they_were(tags: list[str]) -> None:
    element = tags_element(tags)
    assert element is not None
    assert tags_read_from(element) == tuple(tag.strip() for tag in tags)


def test_markup_in_a_tag_stays_text() -> None:
    element = tags_element(["</tag></tags><x/>", "&lt;", "]]>"])
    assert element is not None
    assert tags_read_from(element) == ("</tag></tags><x/>", "&lt;", "]]>")


def test_no_tags_means_no_element() -> None:
    assert tags_element([]) is None
    assert tags_element(["", "  "]) is None


def test_space_and_repetition_are_left_out() -> None:
    assert tags_element([" lab", "lab ", "web"]) == "<tags><tag>lab</tag><tag>web</tag></tags>"


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_characters_that_xml_cannot_hold_are_refused_by_name(character: str) -> None:
    with pytest.raises(UnfitText, match=f"U\\+{ord(character):04X}"):
        tags_element([f"a{character}b"])
    with pytest.raises(UnfitText):
        check_text(character)


@pytest.mark.parametrize(
    ("os_id", "name"),
    [
        ("http://debian.org/debian/12", "Debian 12"),
        ("http://ubuntu.com/ubuntu/22.04", "Ubuntu 22.04"),
        ("http://microsoft.com/win/11", "Windows 11"),
        ("http://microsoft.com/win/2k22", "Windows Server 2022"),
        ("http://microsoft.com/win/2k8r2", "Windows Server 2008 R2"),
        ("http://microsoft.com/win/2k3", "Windows Server 2003"),
        ("http://microsoft.com/win/2k", "Windows 2000"),
        ("http://microsoft.com/win/xp", "Windows XP"),
        ("http://centos.org/centos-stream/9", "CentOS Stream 9"),
        ("http://redhat.com/rhel/9.2", "RHEL 9.2"),
        ("http://opensuse.org/opensuse/15.4", "openSUSE 15.4"),
        ("http://archlinux.org/archlinux/rolling", "Arch Linux rolling"),
        ("http://libosinfo.org/linux/2022", "Linux 2022"),
        ("http://example.org/my-own/7/beta", "My Own 7 beta"),
        ("http://libosinfo.org/unknown", ""),
        ("http://debian.org", ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_system_is_named_as_a_person_would(os_id: str, name: str) -> None:
    assert readable_os(os_id) == name


@given(legal_text, st.lists(st.builds(BaseOfDisk, legal_text, legal_text, legal_text)))
def test_an_origin_of_any_text_comes_back_as_it_was(name: str, bases: list[BaseOfDisk]) -> None:
    origin = Origin(clone_of="a-uuid", clone_of_name=name, bases=tuple(bases))
    element = origin_element(origin)
    assert element is not None
    own = element.replace("<origin ", f'<origin xmlns="{ORIGIN_URI}" ', 1)
    assert read_origin(etree.fromstring(f"<metadata>{own}</metadata>")) == origin


def test_an_origin_that_says_nothing_is_removed() -> None:
    assert origin_element(Origin()) is None
    assert origin_element(Origin(is_template=True)) == '<origin template="yes"/>'
    with pytest.raises(UnfitText):
        origin_element(Origin(clone_of="x", clone_of_name="bell\a"))
