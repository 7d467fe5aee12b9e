import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgui.insight.fuzzy import positions, rank, score


def _ranked(search: str, *texts: str) -> list[str]:
    return rank(search, [(text, text) for text in texts])


def test_the_nearer_a_text_is_the_earlier_it_comes() -> None:
    best_first = ["web", "web-01", "shop web", "cobweb", "wide eyed bat", "windy elbow"]
    assert _ranked("web", *reversed(best_first)) == best_first


def test_every_word_must_be_found_in_any_order() -> None:
    assert _ranked("01 start", "Start web-01", "Start web-02", "Shut down web-01") == [
        "Start web-01"
    ]


def test_initials_are_understood() -> None:
    assert _ranked("sd", "Shut down", "Misdeed", "Pause") == ["Misdeed", "Shut down"]
    assert _ranked("sdw", "Shut down web", "Pause") == ["Shut down web"]
    assert _ranked("frco", "Force off", "Pause") == ["Force off"]


def test_letters_strewn_over_a_long_text_are_no_match() -> None:
    assert score("abc", "a" + "-" * 40 + "b" + "-" * 40 + "c" * 2 + "ab") is not None
    assert score("xyz", "x" + "e" * 40 + "y" + "e" * 40 + "z") is None


def test_shorter_texts_win_and_equals_keep_their_order() -> None:
    assert _ranked("web", "web-0100", "web-01") == ["web-01", "web-0100"]
    assert _ranked("web", "web-02", "web-01") == ["web-02", "web-01"]


def test_nothing_typed_keeps_everything_and_the_limit_holds() -> None:
    assert rank("", [("a", 1), ("b", 2), ("c", 3)], limit=2) == [1, 2]
    assert rank("zz", [("a", 1)]) == []


@pytest.mark.parametrize(
    ("search", "text", "marked"),
    [
        ("web", "cobweb web", (7, 8, 9)),
        ("WEB", "Web-01", (0, 1, 2)),
        ("fo", "Force off", (0, 1)),
        ("fof", "Force off", (0, 1, 7)),
        ("zz", "web", ()),
        ("", "web", ()),
    ],
)
def test_positions_mark_what_was_meant(search: str, text: str, marked: tuple[int, ...]) -> None:
    assert positions(search, text) == marked


@given(st.text(), st.text())
def test_any_texts_can_be_compared(search: str, text: str) -> None:
    value = score(search, text)
    marked = positions(search, text)
    assert all(0 <= place < len(text) for place in marked)
    if value is None:
        assert text.casefold() != search.casefold().strip() or not text.strip()


@given(st.text(alphabet="ab -", min_size=1))
def test_a_text_finds_itself(text: str) -> None:
    assert score(text, text) is not None
