"""Figures in the words that a person reads: three digits at most, a unit, no surprises.

Memory and disks are binary (GiB), transfers decimal (MB/s, Mb/s), as the field does it.
"""

THIN = "\u202f"
"""The narrow no-break space that parts thousands."""

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(size_bytes: float) -> str:
    """Return an amount of memory or disk: ``6.0 GiB``, ``18.2 GiB``, ``512 MiB``, ``128 GiB``."""
    value, unit = float(size_bytes), 0
    while value >= 1023.5 and unit < len(_BINARY) - 1:
        value, unit = value / 1024, unit + 1
    return f"{round(value)} B" if unit == 0 else f"{_digits(value)} {_BINARY[unit]}"


def round_size(size_bytes: float) -> str:
    """Return an amount without an empty decimal: ``8 GiB``, ``1.5 GiB``."""
    return size(size_bytes).replace(".0 ", " ")


def byte_rate(bytes_per_s: float) -> str:
    """Return the transfer rate of a disk: ``81 MB/s``, ``1.2 MB/s``, ``40 kB/s``."""
    return _decimal(bytes_per_s, ("B/s", "kB/s", "MB/s", "GB/s", "TB/s"))


def bit_rate(bits_per_s: float) -> str:
    """Return the transfer rate of a network: ``214 Mb/s``, ``9.5 kb/s``."""
    return _decimal(bits_per_s, ("b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s"))


def percent(ratio: float) -> str:
    """Return a share of 1 in whole per cent: ``38 %``; small ones keep a digit: ``0.4 %``."""
    value = ratio * 100
    return f"{value:.1f} %" if 0.05 <= value < 0.95 else f"{round(value)} %"


def count(number: float) -> str:
    """Return a whole number, its thousands parted: ``1 240``."""
    return f"{round(number):,}".replace(",", THIN)


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 machine`` or ``12 machines``."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def duration(duration_s: float) -> str:
    """Return a time span in its two largest units: ``12 d 4 h``, ``3 min``, ``8 s``.

    Seconds stand alone up to a minute and are left out above it.
    """
    seconds = max(0, round(duration_s))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{count(days)} d {hours} h" if hours and days < 100 else f"{count(days)} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def latency(latency_s: float) -> str:
    """Return how long an answer took: ``3 ms``, ``0.4 ms``, ``1.2 s``."""
    if latency_s >= 0.9995:
        return f"{_digits(latency_s)} s"
    value = latency_s * 1000
    return f"{value:.1f} ms" if value < 0.95 else f"{round(value)} ms"


def _decimal(value: float, units: tuple[str, ...]) -> str:
    unit = 0
    while value >= 999.5 and unit < len(units) - 1:
        value, unit = value / 1000, unit + 1
    return f"{round(value)} {units[0]}" if unit == 0 else f"{_digits(value)} {units[unit]}"


def _digits(value: float) -> str:
    if value < 9.95:
        return f"{value:.1f}"
    return f"{value:.1f}".removesuffix(".0") if value < 99.95 else count(value)
