"""Moments in words, whatever the numbers."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgui.insight import dates

APRIL_4 = 1_775_295_000  # 4 April 2026, 09:30 UTC
NOW = APRIL_4 + 5 * 86400


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_moment_has_its_year_only_where_it_is_another() -> None:
    assert dates.moment(APRIL_4, NOW) == "4 Apr, 09:30"
    assert dates.moment(APRIL_4 - 400 * 86400, NOW) == "28 Feb 2025, 09:30"
    assert dates.clock(APRIL_4) == "09:30"


@pytest.mark.parametrize(("days", "words"), [(0, "4 Apr"), (2, "4 – 6 Apr"), (30, "4 Apr – 4 May")])
def test_a_span_says_the_month_once_where_it_is_one(days: int, words: str) -> None:
    assert dates.span(APRIL_4, APRIL_4 + days * 86400, NOW) == words


def test_a_span_with_an_end_that_is_not_known_is_the_other_one() -> None:
    assert dates.span(0, APRIL_4, NOW) == dates.span(APRIL_4, 0, NOW) == "4 Apr"


def test_about_is_the_largest_unit_alone() -> None:
    assert dates.about(21 * 86400 + 7200) == "21 d"
    assert dates.about(3 * 3600 + 60) == "3 h"


@given(st.integers() | st.floats(allow_nan=False))
def test_no_number_breaks_it(at_s: float) -> None:
    for words in (dates.moment(at_s, NOW), dates.span(at_s, NOW, NOW), dates.clock(at_s)):
        assert words == words.strip()
    if at_s <= 0:
        assert dates.day(at_s, NOW) == ""
