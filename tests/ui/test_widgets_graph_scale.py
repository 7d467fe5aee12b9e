"""The arithmetic under the graphs."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgui.ui.widgets.graph_scale import (
    Quantity,
    figures,
    split_runs,
    thin_out,
    time_ticks,
    value_scale,
)

_GIB = 2**30


@pytest.mark.parametrize(
    ("quantity", "up", "down", "mirrored", "labels"),
    [
        ("percent", 0, 0, False, ["0", "25", "50", "75", "100 %"]),
        ("percent", 380, 0, False, ["0", "25", "50", "75", "100 %"]),
        ("memory", 8 * _GIB, 0, False, ["0", "2", "4", "6", "8 GiB"]),
        ("memory", 128 * 2**20, 0, False, ["0", "32", "64", "96", "128 MiB"]),
        ("memory", 250 * _GIB, 0, False, ["0", "64", "128", "192", "256 GiB"]),
        ("disk", 86e6, 98e6, True, ["100", "50", "0", "50", "100 MB/s"]),
        ("disk", 0, 2e6, True, ["2", "1", "0", "1 MB/s"]),
        ("disk", 0, 0, True, ["0.4", "0.2", "0", "0.2", "0.4 MB/s"]),
        ("network", 127e6, 410e6, True, ["400", "200", "0", "200 Mb/s"]),
        ("network", 9.4e9, 0, False, ["0", "2\u2009000", "4\u2009000", "6\u2009000",
                                      "8\u2009000", "10\u2009000 Mb/s"]),
    ],
)  # fmt: skip
def test_axis_labels(
    quantity: Quantity, up: float, down: float, mirrored: bool, labels: list[str]
) -> None:
    scale = value_scale(quantity, up, down, mirrored=mirrored)
    assert [tick.label for tick in scale.ticks] == labels
    if quantity != "percent":
        assert scale.low <= -down <= up <= scale.high


@given(
    st.sampled_from(["memory", "disk", "network"]),
    st.floats(0, 1e15),
    st.floats(0, 1e15),
    st.booleans(),
)
def test_any_axis_holds_its_values_with_few_labels(
    quantity: Quantity, up: float, down: float, mirrored: bool
) -> None:
    scale = value_scale(quantity, up, down if mirrored else 0, mirrored=mirrored)
    assert scale.high >= up
    assert not mirrored or scale.low <= -down
    assert 2 <= len(scale.ticks) <= 8
    assert all(scale.low <= tick.at <= scale.high for tick in scale.ticks)
    assert all("-" not in tick.label and "−" not in tick.label for tick in scale.ticks)
    assert sum(tick.label.endswith(scale.unit) for tick in scale.ticks) == 1


def test_an_axis_says_values_positive_with_their_unit() -> None:
    scale = value_scale("disk", 50e6, 50e6, mirrored=True)
    assert scale.text(-23.14e6) == "23.1 MB/s"


@pytest.mark.parametrize(
    ("window_s", "labels"),
    [
        (60, ["−60 s", "−45", "−30", "−15", "now"]),
        (300, ["−5 min", "−4", "−3", "−2", "−1", "now"]),
        (900, ["−15 min", "−12", "−9", "−6", "−3", "now"]),
        (3600, ["−60 min", "−45", "−30", "−15", "now"]),
        (86400, ["−24 h", "−18", "−12", "−6", "now"]),
        (7 * 86400, ["−7 d", "−6", "−5", "−4", "−3", "−2", "−1", "now"]),
    ],
)
def test_time_labels(window_s: float, labels: list[str]) -> None:
    ticks = time_ticks(window_s)
    assert [tick.label for tick in ticks] == labels
    assert ticks[0].at == -window_s
    assert ticks[-1].at == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.4, "0.4"),
        (4.1, "4.1"),
        (4.123, "4.12"),
        (38, "38"),
        (99.97, "100"),
        (214.4, "214"),
        (1240, "1\u2009240"),
    ],
)
def test_figures_have_three_places_at_most(value: float, text: str) -> None:
    assert figures(value) == text


def test_gaps_part_a_series() -> None:
    at_s = [0.0, 2, 4, 6, 8, 20, 22]
    values = [1.0, 2, nan, 4, inf, 6, 7]
    assert split_runs(at_s, values, 2, -1) == [
        [(0, 1.0), (2, 2.0)],
        [(6, 4.0)],
        [(20, 6.0), (22, 7.0)],
    ]


def test_what_is_older_than_the_window_is_left_out_but_for_the_point_before_it() -> None:
    at_s = [0.0, 2, 4, 6, 8]
    assert split_runs(at_s, [1.0, 2, 3, 4, 5], 2, 5) == [[(4, 3.0), (6, 4.0), (8, 5.0)]]
    assert split_runs(at_s, [1.0, 2, nan, 4, 5], 2, 5) == [[(6, 4.0), (8, 5.0)]]
    assert split_runs(at_s, [1.0, 2, 3, 4, 5], 2, 9) == []


def test_series_and_times_of_different_length_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        split_runs([0.0, 2], [1.0], 2, 0)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=400), st.integers(1, 50))
def test_thinning_keeps_order_peaks_and_troughs(values: list[float], columns: int) -> None:
    run = list(enumerate(values))
    kept = list(thin_out(run, columns, float(len(run))))
    assert len(kept) <= max(2 * columns + 2, 2 * columns)
    assert max(v for _, v in kept) == max(values)
    assert min(v for _, v in kept) == min(values)
    assert [at for at, _ in kept] == sorted(at for at, _ in kept)
