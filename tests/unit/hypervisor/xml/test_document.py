import threading

import pytest

from vmgui.hypervisor.errors import UnreadableXml
from vmgui.hypervisor.xml.document import children, parse, text_of

LAUGHS = "".join(
    f'<!ENTITY {chr(i)} "{10 * f"&{chr(i - 1)};"}">' for i in range(ord("b"), ord("z") + 1)
)
BILLION_LAUGHS = f"""<?xml version="1.0"?>
<!DOCTYPE domain [<!ENTITY a "ha">{LAUGHS}]>
<domain><name>&z;</name><description x="&z;"/></domain>"""


def test_billion_laughs_are_refused_unexpanded() -> None:
    # 10 to the 25th laughs: whoever began to expand them would not come to this error.
    with pytest.raises(UnreadableXml, match="document type"):
        parse(BILLION_LAUGHS, "domain")


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE domain>",
        "  \n<!DOCTYPE domain>",
        "\ufeff<!DOCTYPE domain>",
        "<?xml version='1.0'?><!DOCTYPE domain>",
        "<!-- a --><?pi b?> <!-- <x> --><!DOCTYPE domain>",
        "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE domain [<!ENTITY x SYSTEM 'http://127.0.0.1:9/x'>]>",
    ],
)
def test_any_document_type_is_refused(prolog: str) -> None:
    with pytest.raises(UnreadableXml, match="document type"):
        parse(f"{prolog}<domain>&x;</domain>", "domain")


def test_undeclared_entity_is_malformed() -> None:
    with pytest.raises(UnreadableXml, match="malformed"):
        parse("<domain>&x;</domain>", "domain")


@pytest.mark.parametrize(
    "inside",
    ["<![CDATA[<!DOCTYPE domain>]]>", "<!-- <!DOCTYPE domain> -->"],
)
def test_text_that_only_speaks_of_a_document_type_is_read(inside: str) -> None:
    assert parse(f"<domain>{inside}</domain>", "domain").tag == "domain"


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "  ",
        "x",
        "<domain>",
        "<domain></x>",
        "<domain/><domain/>",
        "<a:domain/>",
        "\0",
        "\ud800",
    ],
)
def test_malformed_text_is_one_error(xml: str) -> None:
    with pytest.raises(UnreadableXml):
        parse(xml, "domain")


def test_declared_encoding_does_not_matter_for_text() -> None:
    root = parse("<?xml version='1.0' encoding='ISO-8859-1'?><domain>ä</domain>", "domain")
    assert root.text == "ä"


def test_nesting_has_a_limit() -> None:
    with pytest.raises(UnreadableXml, match="malformed"):
        parse(f"<domain>{'<a>' * 1000}{'</a>' * 1000}</domain>", "domain")


def test_comments_and_instructions_do_not_cut_a_text_short() -> None:
    assert parse("<domain>one<!-- x --> name<?y z?>!</domain>", "domain").text == "one name!"


def test_of_two_elements_with_one_name_the_first_counts() -> None:
    parts = children(parse("<domain><name>a</name><name>b</name></domain>", "domain"))
    assert text_of(parts, "name") == "a"


def test_threads_parse_side_by_side() -> None:
    texts: dict[int, set[str | None]] = {}

    def work(number: int) -> None:
        xml = f"<domain>{number}</domain>"
        texts[number] = {parse(xml, "domain").text for _ in range(200)}

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {number: {str(number)} for number in range(4)}
