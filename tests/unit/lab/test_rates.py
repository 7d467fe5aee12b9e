import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgui.lab import LabUnavailable
from vmgui.lab.rates import LEAST_BPS, MOST_BPS, parse_rate, rate_text


@pytest.mark.parametrize(
    ("text", "rate_bps"),
    [
        ("100mbit", 100_000_000),
        ("100Mbit", 100_000_000),
        ("2.5gbit", 2_500_000_000),
        ("64000", 64_000),
        ("64000bit", 64_000),
        ("1mibit", 1_048_576),
        ("12.5mbps", 100_000_000),
        ("1kibps", 8_192),
    ],
)
def test_rates_are_what_tc_takes_them_for(text: str, rate_bps: int) -> None:
    assert parse_rate(text) == rate_bps


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("100mb", "unknown unit, “mb”"),
        ("100mbit/s", "no rate"),
        ("50%", "no rate"),
        ("", "no rate"),
        ("-5mbit", "no rate"),
        ("0", "not between"),
        ("1bit", "not between"),
        ("1000gbit", "not between 8kbit and 100gbit"),
    ],
)
def test_what_is_no_rate_is_refused_with_a_sentence(text: str, why: str) -> None:
    with pytest.raises(LabUnavailable, match=why):
        parse_rate(text)


@given(st.integers(LEAST_BPS, MOST_BPS // 1000).map(lambda rate: rate * 1000))
def test_a_rate_that_is_shown_can_be_typed(rate_bps: int) -> None:
    if rate_bps <= MOST_BPS:
        assert parse_rate(rate_text(rate_bps)) == rate_bps
