"""Options of packet blocks, for many blocks at once: flags, and whether there are comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.capfile.blocks import PacketOption
from tunscope.capfile.options import ByteOrder, OptionCode, OptionError, decode_options
from tunscope.columns.batch import Bytes
from tunscope.columns.gather import ByteWindow, Mask, Positions, header_type

#: Options of a block that are read vectorised; the few blocks with more are read one by one.
_ROUNDS: Final = 8
_OPTIONS: Final = {
    order: header_type(8, code=(f"{order}u2", 0), length=(f"{order}u2", 2), value=(f"{order}u4", 4))
    for order in ("<", ">")
}


@dataclass(slots=True)
class PacketOptions:
    """What the options of some packet blocks say, one entry a block."""

    #: The `epb_flags` word, 0 where there is none.
    flags: npt.NDArray[np.uint32]
    comment: Mask
    #: An option claims more bytes than its block has.
    broken: Mask


def read_packet_options(
    window: ByteWindow, at: Positions, end: Positions, order: ByteOrder
) -> PacketOptions:
    """Read the options between `at` and `end` of every block."""
    count = len(at)
    found = PacketOptions(
        np.zeros(count, np.uint32), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    )
    rows = np.arange(count)
    for _ in range(_ROUNDS):
        option = window.take(_OPTIONS[order], at, end)
        code = option["code"].astype(np.uint16)
        size = option["length"].astype(np.int64)
        step = 4 + size + (-size & 3)
        more = (code != OptionCode.END) & (at < end)
        past = more & (step > end - at)
        if past.any():
            found.broken[rows[past]] = True
            more &= ~past
        flags = more & (code == PacketOption.FLAGS) & (size == 4)
        found.flags[rows[flags]] = option["value"][flags]
        found.comment[rows[more & (code == OptionCode.COMMENT)]] = True
        if not more.any():
            return found
        rows, at, end = rows[more], (at + step)[more], end[more]
    for row, start, stop in zip(rows.tolist(), at.tolist(), end.tolist(), strict=True):
        _read_one(found, row, window.data[start:stop], order)
    return found


def _read_one(found: PacketOptions, row: int, data: Bytes, order: ByteOrder) -> None:
    try:
        options = decode_options(data.data, order)
    except OptionError:
        found.broken[row] = True
        return
    for code, value in options:
        if code == OptionCode.COMMENT:
            found.comment[row] = True
        elif code == PacketOption.FLAGS and len(value) == 4:
            found.flags[row] = int.from_bytes(value, "little" if order == "<" else "big")
