from dataclasses import replace
from pathlib import Path

import pytest

from vmgui.hypervisor.xml.snapshot import read_snapshot_xml
from vmgui.inventory.key import Key, domain_key
from vmgui.inventory.snapshot import Snapshot

SAMPLES = Path(__file__).parent / "samples"
KNOWN = Snapshot(Key("h", "snapshot", "u/known"), domain_key("h", "u"), "known", current=True)


def read(inside: str) -> Snapshot:
    return read_snapshot_xml(f"<domainsnapshot>{inside}</domainsnapshot>", KNOWN)


def test_external_snapshot_of_a_real_libvirtd() -> None:
    xml = (SAMPLES / "qemu-external-snapshot.xml").read_text(encoding="utf-8")
    assert read_snapshot_xml(xml, KNOWN) == replace(
        KNOWN,
        name="ext",
        state="disk-snapshot",
        description="d",
        created_at_s=1_795_424_548,
        external=True,
    )


def test_name_and_description_are_those_of_the_snapshot_not_of_its_machine() -> None:
    snapshot = read(
        "<domain><name>machine</name><description>machine's</description></domain>"
        "<name>a &lt;b&gt;</name><description>own</description><parent><name>p</name></parent>"
    )
    assert (snapshot.name, snapshot.description, snapshot.parent) == ("a <b>", "own", "p")


@pytest.mark.parametrize(
    ("inside", "has_memory", "external"),
    [
        ("<state>running</state><memory snapshot='internal'/>", True, False),
        ("<state>running</state><memory snapshot='external' file='/m'/>", True, True),
        ("<state>running</state><memory snapshot='no'/>", False, False),
        ("<state>shutoff</state><memory snapshot='no'/>", False, False),
        ("<state>running</state>", True, False),
        ("<state>poweroff</state>", False, False),
        ("<memory snapshot='no'/><disks><disk snapshot='external'/><disk/></disks>", False, True),
        ("<memory snapshot='no'/><disks><disk snapshot='internal'/></disks>", False, False),
        ("", False, False),
    ],
)
def test_what_is_in_it(inside: str, has_memory: bool, external: bool) -> None:
    snapshot = read(inside)
    assert (snapshot.has_memory, snapshot.external) == (has_memory, external)


def test_snapshot_that_tells_nothing_keeps_what_is_known() -> None:
    assert read("") == KNOWN
    assert read("<creationTime>yesterday</creationTime>").created_at_s == 0
