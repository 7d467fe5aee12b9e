"""Whatever a host sends: a record, or the one error for what can't be read."""

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vmgui.hypervisor.errors import UnreadableXml
from vmgui.hypervisor.xml.domain import read_domain_xml
from vmgui.hypervisor.xml.host import read_capabilities_xml, read_sysinfo_xml
from vmgui.hypervisor.xml.network import read_network_xml
from vmgui.hypervisor.xml.snapshot import read_snapshot_xml
from vmgui.hypervisor.xml.storage import read_pool_xml, read_volume_xml
from vmgui.inventory.domain import Domain, DomainState
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.network import Network
from vmgui.inventory.snapshot import Snapshot
from vmgui.inventory.storage import Pool, Volume

KEY = domain_key("test:///x", "uuid")
READERS: dict[str, Callable[[str], object]] = {
    "domain": lambda xml: read_domain_xml(xml, Domain(KEY, "x", DomainState.OFF)),
    "network": lambda xml: read_network_xml(xml, Network(Key("h", "network", "u"), "x")),
    "pool": lambda xml: read_pool_xml(xml, Pool(Key("h", "pool", "u"), "x", active=True)),
    "volume": lambda xml: read_volume_xml(xml, Volume(Key("h", "volume", "u/x"), "x")),
    "domainsnapshot": lambda xml: read_snapshot_xml(
        xml, Snapshot(Key("h", "snapshot", "u/x"), KEY, "x")
    ),
    "capabilities": read_capabilities_xml,
    "sysinfo": read_sysinfo_xml,
}
SAMPLES = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "samples").glob("*.xml"))
]
TREES = [etree.fromstring(xml.encode()) for xml in SAMPLES]
assert {str(tree.tag) for tree in TREES} == set(READERS)

legal = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
)
odd = st.one_of(
    legal,
    st.sampled_from(["", "-1", "yes", "NaN", "1e99", "0x10", "٣", "9" * 5000, "../..", "<b>"]),
    st.integers().map(str),
)


@given(st.data())
def test_any_mutation_of_real_xml_is_read(data: st.DataObject) -> None:
    tree = deepcopy(data.draw(st.sampled_from(TREES)))
    reader = READERS[str(tree.tag)]
    for _ in range(data.draw(st.integers(1, 6))):
        elements = [each for each in tree.iter() if isinstance(each.tag, str)]
        element = data.draw(st.sampled_from(elements))
        match data.draw(st.sampled_from(["drop", "empty", "text", "attribute", "move", "rename"])):
            case "drop" if (parent := element.getparent()) is not None:
                parent.remove(element)
            case "empty":
                element.clear()
            case "text":
                element.text = data.draw(odd)
            case "attribute" if element.attrib:
                element.set(data.draw(st.sampled_from(sorted(element.attrib))), data.draw(odd))
            case "move":
                data.draw(st.sampled_from(elements)).append(deepcopy(element))
            case "rename" if element.getparent() is not None:
                element.tag = data.draw(st.sampled_from(elements)).tag
            case _:
                element.tail = data.draw(odd)
    reader(etree.tostring(tree, encoding="unicode", with_tail=False))


@given(st.sampled_from(SAMPLES), st.data())
def test_any_damage_to_the_text_is_read_or_is_the_one_error(xml: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(xml)))
    end = data.draw(st.integers(start, min(len(xml), start + 40)))
    damaged = xml[:start] + data.draw(st.text(max_size=20)) + xml[end:]
    for reader in READERS.values():
        with suppress(UnreadableXml):
            reader(damaged)
