import random
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgui.insight.thumbnail import AT_MOST_BYTES, AT_MOST_PX, NoPicture, shrink

Rows = list[bytes]
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def paeth(left: int, up: int, corner: int) -> int:
    by_distance = [(abs(left + up - corner - each), i) for i, each in enumerate((left, up, corner))]
    return (left, up, corner)[min(by_distance)[1]]


PREDICT: dict[int, Callable[[int, int, int], int]] = {
    0: lambda *_: 0,
    1: lambda left, *_: left,
    2: lambda _, up, __: up,
    3: lambda left, up, _: (left + up) // 2,
    4: paeth,
}


def png(
    width: int, rows: Rows, kind: int = 2, filters: tuple[int, ...] = (0,), palette: bytes = b""
) -> bytes:
    """Write a PNG as its format says, with these filters in turn."""
    step = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    data, above = b"", bytes(width * step)
    for y, row in enumerate(rows):
        method = filters[y % len(filters)]
        left, corner = bytes(step) + row, bytes(step) + above
        data += bytes([method]) + bytes(
            (row[i] - PREDICT[method](left[i], above[i], corner[i])) % 256 for i in range(len(row))
        )
        above = row
    head = struct.pack(">IIBBBBB", width, len(rows), 8, kind, 0, 0, 0)
    packed = zlib.compress(data)
    half = len(packed) // 2
    parts = [chunk(b"IDAT", packed[:half]), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", packed[half:])]
    if palette:
        parts.insert(0, chunk(b"PLTE", palette))
    return b"".join((SIGNATURE, chunk(b"IHDR", head), *parts, chunk(b"IEND", b"")))


def ppm(width: int, rows: Rows, head: str = "P6\n# made by\n{} {}\n255\n") -> bytes:
    return head.format(width, len(rows)).encode() + b"".join(rows)


def pixels(picture: bytes) -> tuple[int, int, Rows]:
    """Read what `shrink` writes: RGB without filters, in one piece."""
    assert picture.startswith(SIGNATURE)
    width, height = struct.unpack_from(">II", picture, 16)
    start = picture.index(b"IDAT") + 4
    (length,) = struct.unpack_from(">I", picture, start - 8)
    data = zlib.decompress(picture[start : start + length])
    size = width * 3 + 1
    rows = [data[y * size : (y + 1) * size] for y in range(height)]
    assert all(row[0] == 0 for row in rows)
    return width, height, [row[1:] for row in rows]


def noise(width: int, height: int, step: int = 3) -> Rows:
    chance = random.Random(width)
    return [chance.randbytes(width * step) for _ in range(height)]


@pytest.mark.parametrize("method", [0, 1, 2, 3, 4])
def test_each_way_of_writing_a_row_gives_the_same_picture(method: int) -> None:
    rows = noise(17, 9)
    assert pixels(shrink(png(17, rows, filters=(method,)))) == (17, 9, rows)
    assert pixels(shrink(png(17, rows, filters=(0, method, 4)))) == (17, 9, rows)


def test_kinds_of_colours() -> None:
    grey = noise(8, 4, 1)
    as_rgb = [bytes(value for value in row for _ in range(3)) for row in grey]
    assert pixels(shrink(png(8, grey, 0, (4,))))[2] == as_rgb
    with_alpha = noise(8, 4, 4)
    opaque = [bytes(v for i, v in enumerate(row) if i % 4 < 3) for row in with_alpha]
    assert pixels(shrink(png(8, with_alpha, 6, (3,))))[2] == opaque
    palette = bytes((1, 2, 3, 40, 50, 60))
    assert pixels(shrink(png(2, [b"\0\1"], 3, palette=palette)))[2] == [palette]
    assert pixels(shrink(png(1, [b"\xff"], 3, palette=palette)))[2] == [b"\0\0\0"]
    assert pixels(shrink(ppm(17, noise(17, 9))))[2] == noise(17, 9)


def test_a_large_picture_becomes_the_mean_of_its_squares() -> None:
    # Left half white, right half black, in stripes of one line: each square is half as bright.
    width, height = AT_MOST_PX * 2, 40
    line = b"\xff" * (width // 2 * 3) + b"\0" * (width // 2 * 3)
    small = pixels(shrink(ppm(width, [line, b"\0" * len(line)] * (height // 2))))
    assert small[:2] == (AT_MOST_PX, height // 2)
    assert small[2][0] == b"\x7f" * (AT_MOST_PX // 2 * 3) + b"\0" * (AT_MOST_PX // 2 * 3)


@pytest.mark.parametrize(("width", "height"), [(1023, 767), (961, 9), (9, 961), (1920, 1080)])
def test_it_is_never_large_and_keeps_its_shape(width: int, height: int) -> None:
    made = shrink(ppm(width, noise(width, height)))
    small = pixels(made)
    assert max(small[:2]) <= AT_MOST_PX
    assert len(made) <= AT_MOST_BYTES
    assert small[0] / small[1] == pytest.approx(width / height, rel=0.4)


def broken() -> list[bytes]:
    rows = noise(20, 20)
    good = png(20, rows)

    def with_head(*head: int) -> bytes:
        start = len(SIGNATURE)
        rest = good[start + 25 :]
        return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", *head)) + rest

    bad_filter = zlib.compress(b"\x07" + bytes(3))
    tiny = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return [
        b"",
        b"GIF89a",
        SIGNATURE,
        good[:60],
        good[: len(good) // 2],
        good.replace(b"IDAT", b"IDAX"),
        with_head(20, 20, 16, 2, 0, 0, 0),
        with_head(20, 20, 8, 2, 0, 0, 1),
        with_head(20, 20, 8, 9, 0, 0, 0),
        with_head(0, 20, 8, 2, 0, 0, 0),
        with_head(2**31, 2**31, 8, 2, 0, 0, 0),
        with_head(30, 20, 8, 2, 0, 0, 0),
        SIGNATURE + tiny + chunk(b"IDAT", bad_filter),
        SIGNATURE + tiny + chunk(b"IDAT", b"no zlib"),
        ppm(20, rows)[:-1],
        b"P6 99999 99999 255 ",
        b"P6 2 2 65535 " + bytes(24),
    ]


@pytest.mark.parametrize("picture", broken())
def test_what_is_no_picture_is_refused(picture: bytes) -> None:
    with pytest.raises(NoPicture):
        shrink(picture)


def test_a_picture_that_would_never_end_is_cut_off_at_its_size() -> None:
    bomb = zlib.compress(bytes(300_000_000), 9)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
    small = pixels(shrink(SIGNATURE + head + chunk(b"IDAT", bomb)))
    assert small == (2, 2, [bytes(6)] * 2)


@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from([b"", SIGNATURE, b"P6 "]))
def test_no_bytes_do_anything_else(junk: bytes, at: int, begin: bytes) -> None:
    good = png(6, noise(6, 6), filters=(4, 1))
    for picture in (begin + junk, good[:at] + junk + good[at + len(junk) :]):
        try:
            made = shrink(picture)
        except NoPicture:
            continue
        assert made.startswith(SIGNATURE)
