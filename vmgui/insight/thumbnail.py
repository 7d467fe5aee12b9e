"""A picture of a screen made small: PNG or PPM in, a small PNG out.

What comes in is what a hypervisor made of a guest's screen, so no length in it is trusted. Formats:
https://www.w3.org/TR/png-3/ and https://netpbm.sourceforge.net/doc/ppm.html.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

AT_MOST_PX = 480
"""How wide and high a small picture is at the most."""

AT_MOST_BYTES = 100_000

_LARGEST_PX = 8_400_000  # a screen of 4K; each pixel costs about a microsecond
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG's colour type
_PPM = re.compile(rb"P6\s+(?:#[^\n]*\n\s*)*(\d{1,5})\s+(\d{1,5})\s+255\s")


class NoPicture(ValueError):
    """What was given is no picture that can be read here."""


@dataclass(frozen=True, slots=True)
class _Raster:
    """Rows of bytes, ``step`` to a pixel; ``colours`` are where red, green and blue stand in it."""

    width: int
    height: int
    step: int
    colours: tuple[int, int, int]
    rows: Iterator[bytes]
    palette: bytes = b""


def shrink(picture: bytes) -> bytes:
    """Return ``picture`` as a PNG of at most `AT_MOST_PX` and `AT_MOST_BYTES`.

    Raises `NoPicture`. Takes about a second for a screen of 2 million pixels: for a worker.
    """
    raster = _read(picture)
    factor = max(1, -(-max(raster.width, raster.height) // AT_MOST_PX))
    width, height, small = _reduced(raster, factor)
    while len(made := _write(width, height, small)) > AT_MOST_BYTES:
        again = _Raster(width, height, 3, (0, 1, 2), iter(small))
        width, height, small = _reduced(again, 2)
    return made


def _read(picture: bytes) -> _Raster:
    if picture.startswith(_SIGNATURE):
        return _read_png(picture)
    if head := _PPM.match(picture):
        return _read_ppm(picture, head)
    raise NoPicture("It is neither PNG nor PPM.")


def _read_ppm(picture: bytes, head: re.Match[bytes]) -> _Raster:
    width, height = _checked(int(head[1]), int(head[2]))
    start, length = head.end(), width * 3
    if len(picture) < start + length * height:
        raise NoPicture("It ends too early.")
    rows = (picture[start + y * length : start + (y + 1) * length] for y in range(height))
    return _Raster(width, height, 3, (0, 1, 2), rows)


def _read_png(picture: bytes) -> _Raster:
    chunks = dict.fromkeys((b"IHDR", b"PLTE", b"IDAT"), b"")
    for name, data in _chunks(picture):
        if name in chunks:
            chunks[name] += data
    if len(chunks[b"IHDR"]) != struct.calcsize(">IIBBBBB"):
        raise NoPicture("It has no head.")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if depth != 8 or kind not in _CHANNELS or interlaced:
        raise NoPicture("It is a PNG of a kind that no hypervisor makes.")
    width, height = _checked(width, height)
    step = _CHANNELS[kind]
    length = width * step
    inflater = zlib.decompressobj()
    try:
        # A bomb ends here: no more comes out than the picture has.
        data = inflater.decompress(chunks[b"IDAT"], (length + 1) * height)
    except zlib.error as error:
        raise NoPicture("Its data are damaged.") from error
    if len(data) < (length + 1) * height:
        raise NoPicture("It ends too early.")
    colours = (0, 1, 2) if kind in {2, 6} else (0, 0, 0)
    palette = chunks[b"PLTE"].ljust(768, b"\0") if kind == 3 else b""
    return _Raster(width, height, step, colours, _unfiltered(data, length, height, step), palette)


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + 8 <= len(picture):
        length, name = struct.unpack_from(">I4s", picture, at)
        yield name, picture[at + 8 : at + 8 + length]
        at += 12 + length


def _checked(width: int, height: int) -> tuple[int, int]:
    if not width or not height or width * height > _LARGEST_PX:
        raise NoPicture("It has no size that a screen has.")
    return width, height


def _unfiltered(data: bytes, length: int, height: int, step: int) -> Iterator[bytes]:
    """Yield the rows of a PNG; each is kept as differences to its left or to the row above."""
    above = bytes(length)
    for start in range(0, height * (length + 1), length + 1):
        undo = _FILTERS.get(data[start])
        if undo is None:
            raise NoPicture("Its data are damaged.")
        above = undo(data[start + 1 : start + 1 + length], above, step)
        yield above


def _plain(row: bytes, _above: bytes, _step: int) -> bytes:
    return row


def _left(row: bytes, _above: bytes, step: int) -> bytes:
    found = bytearray(row)
    for channel in range(step):
        found[channel::step] = bytes(sum_ & 255 for sum_ in accumulate(row[channel::step]))
    return bytes(found)


def _up(row: bytes, above: bytes, _step: int) -> bytes:
    return bytes((a + b) & 255 for a, b in zip(row, above, strict=True))


def _average(row: bytes, above: bytes, step: int) -> bytes:
    found = bytearray(step) + row  # a pixel of nothing at the left spares a case
    for i, up in enumerate(above, step):
        found[i] = (found[i] + (found[i - step] + up >> 1)) & 255
    return bytes(found[step:])


def _paeth(row: bytes, above: bytes, step: int) -> bytes:
    found = bytearray(step) + row
    corners = bytes(step) + above
    for i, up in enumerate(above, step):
        left, corner = found[i - step], corners[i - step]
        to_left, to_up = abs(up - corner), abs(left - corner)
        to_corner = abs(left + up - 2 * corner)
        if to_left <= to_up and to_left <= to_corner:
            nearest = left
        elif to_up <= to_corner:
            nearest = up
        else:
            nearest = corner
        found[i] = (found[i] + nearest) & 255
    return bytes(found[step:])


_FILTERS: dict[int, Callable[[bytes, bytes, int], bytes]] = {
    0: _plain,
    1: _left,
    2: _up,
    3: _average,
    4: _paeth,
}


def _reduced(raster: _Raster, factor: int) -> tuple[int, int, list[bytes]]:
    """Return width, height and rows of RGB, each pixel the mean of a square of ``factor``.

    What is left over at the right and at the bottom, less than a square, is cut off.
    """
    factor = min(factor, raster.width, raster.height)
    width, height = raster.width // factor, raster.height // factor
    small: list[bytes] = []
    square: list[bytes] = []
    for row in raster.rows:
        square.append(row)
        if len(square) == factor:
            small.append(_mean(raster, square, factor, width))
            square = []
    return width, height, small


def _mean(raster: _Raster, square: list[bytes], factor: int, width: int) -> bytes:
    found = bytearray(width * 3)
    area = factor * factor
    for channel, colour in enumerate(raster.colours):
        parts = []
        for row in square:
            values = row[colour :: raster.step]
            if raster.palette:
                values = values.translate(raster.palette[channel::3][:256])
            parts += [values[x::factor][:width] for x in range(factor)]
        found[channel::3] = bytes(sum(values) // area for values in zip(*parts, strict=True))
    return bytes(found)


def _write(width: int, height: int, rows: list[bytes]) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
