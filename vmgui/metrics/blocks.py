"""How figures lie in the history: blocks of 32 machines by 13 figures. Pure.

A block is a compressed array of 4-byte floats, figure by figure and in each machine by machine
(like things lie together, which compresses), nan where there is none. A machine has a slot: its
number in the host, ``slot // MACHINES`` is its block and the remainder its place in it.
"""

import math
import zlib
from array import array
from collections.abc import Iterable, Sequence

from vmgui.inventory.figures import Sample

MACHINES = 32

FIELDS = (
    "cpu_ratio",
    "steal_ratio",
    "memory_used_bytes",
    "memory_granted_bytes",
    "memory_max_bytes",
    "disk_read_bytes_per_s",
    "disk_written_bytes_per_s",
    "disk_requests_per_s",
    "net_received_bits_per_s",
    "net_sent_bits_per_s",
    "net_dropped_per_s",
    "cpu_ratio_max",
)
"""What is kept: fields of `Sample`, and the highest CPU among the readings in a longer step."""

_CPU_MAX = FIELDS.index("cpu_ratio_max")
_STEP = len(FIELDS)  # the last row: how long before its time a reading reaches back
_LENGTH = (len(FIELDS) + 1) * MACHINES
_EMPTY = array("f", [math.nan]) * _LENGTH


def pack(samples: Iterable[tuple[int, Sample]]) -> "dict[int, array[float]]":
    """Return the blocks of samples, each given with its slot, by the block's number."""
    blocks: dict[int, array[float]] = {}
    nan = math.nan
    for slot, s in samples:
        number, i = divmod(slot, MACHINES)
        block = blocks.get(number)
        if block is None:
            block = blocks[number] = _EMPTY[:]
        cpu = nan if s.cpu_ratio is None else s.cpu_ratio
        block[i::MACHINES] = array(
            "f",
            (
                cpu,
                nan if s.steal_ratio is None else s.steal_ratio,
                nan if s.memory_used_bytes is None else s.memory_used_bytes,
                nan if s.memory_granted_bytes is None else s.memory_granted_bytes,
                nan if s.memory_max_bytes is None else s.memory_max_bytes,
                nan if s.disk_read_bytes_per_s is None else s.disk_read_bytes_per_s,
                nan if s.disk_written_bytes_per_s is None else s.disk_written_bytes_per_s,
                nan if s.disk_requests_per_s is None else s.disk_requests_per_s,
                nan if s.net_received_bits_per_s is None else s.net_received_bits_per_s,
                nan if s.net_sent_bits_per_s is None else s.net_sent_bits_per_s,
                nan if s.net_dropped_per_s is None else s.net_dropped_per_s,
                cpu,
                0.0 if s.step_s is None else s.step_s,
            ),
        )
    return blocks


def encode(block: "array[float]") -> bytes:
    """Return a block as it is kept."""
    return zlib.compress(block.tobytes(), 1)


def decode(data: bytes) -> "array[float] | None":
    """Return a block that was kept, or None where its bytes are damaged."""
    block = array("f")
    try:
        block.frombytes(zlib.decompress(data))
    except (zlib.error, ValueError):
        return None
    return block if len(block) == _LENGTH else None


def row(block: "array[float]", slot: int) -> "tuple[array[float], float] | None":
    """Return the figures of one machine in a block and its step, or None if it has none there."""
    figures = block[slot % MACHINES :: MACHINES]
    step_s = figures.pop()
    return None if math.isnan(step_s) else (figures, step_s)


def mean(blocks: "Sequence[array[float]]", step_s: float) -> "array[float]":
    """Return one block for the ``step_s`` in which ``blocks`` lie.

    Each figure is the mean of its readings, but ``cpu_ratio_max`` the highest; the step is the
    time that the readings cover.
    """
    result = _EMPTY[:]
    for i, column in enumerate(zip(*blocks, strict=True)):
        total = sum(column)
        values: Sequence[float] = column
        if math.isnan(total):
            values = [value for value in column if not math.isnan(value)]
            if not values:
                continue
            total = sum(values)
        field = i // MACHINES
        if field == _CPU_MAX:
            result[i] = max(values)
        elif field == _STEP:
            result[i] = min(total, step_s)
        else:
            result[i] = total / len(values)
    return result
