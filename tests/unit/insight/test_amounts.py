import pytest

from vmgui.insight import amounts

GIB = 2**30


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (512 * 2**20, "512 MiB"),
        (int(1023.9 * 2**20), "1.0 GiB"),
        (6 * GIB, "6.0 GiB"),
        (int(18.2 * GIB), "18.2 GiB"),
        (40 * GIB, "40 GiB"),
        (128 * GIB, "128 GiB"),
        (2 * 1024 * GIB, "2.0 TiB"),
    ],
)
def test_sizes_have_three_digits_at_most(value: int, expected: str) -> None:
    assert amounts.size(value) == expected


def test_a_round_size_has_no_empty_decimal() -> None:
    assert amounts.round_size(8 * GIB) == "8 GiB"
    assert amounts.round_size(GIB * 3 // 2) == "1.5 GiB"


@pytest.mark.parametrize(
    ("value", "bytes_", "bits"),
    [
        (0, "0 B/s", "0 b/s"),
        (999.6, "1.0 kB/s", "1.0 kb/s"),
        (40_000, "40 kB/s", "40 kb/s"),
        (1.24e6, "1.2 MB/s", "1.2 Mb/s"),
        (214e6, "214 MB/s", "214 Mb/s"),
        (1.5e9, "1.5 GB/s", "1.5 Gb/s"),
    ],
)
def test_rates_are_decimal(value: float, bytes_: str, bits: str) -> None:
    assert amounts.byte_rate(value) == bytes_
    assert amounts.bit_rate(value) == bits


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(0, "0 %"), (0.004, "0.4 %"), (0.0004, "0 %"), (0.38, "38 %"), (0.999, "100 %"), (1, "100 %")],
)
def test_shares_keep_a_digit_only_where_they_are_small(ratio: float, expected: str) -> None:
    assert amounts.percent(ratio) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-1, "0 s"),
        (8.4, "8 s"),
        (59.6, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (5 * 3600 + 120, "5 h 2 min"),
        (86400 * 12 + 3600 * 4 + 59, "12 d 4 h"),
        (86400 * 3, "3 d"),
        (86400 * 214 + 3600 * 4, "214 d"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, expected: str) -> None:
    assert amounts.duration(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0004, "0.4 ms"), (0.003, "3 ms"), (0.212, "212 ms"), (1.24, "1.2 s")],
)
def test_latencies(seconds: float, expected: str) -> None:
    assert amounts.latency(seconds) == expected


def test_counts_part_their_thousands_and_agree_in_number() -> None:
    assert amounts.counted(1, "machine") == "1 machine"
    assert amounts.counted(5240, "machine") == f"5{amounts.THIN}240 machines"
    assert amounts.counted(2, "address", "addresses") == "2 addresses"
