"""Options of packet blocks, for many blocks at once: flags, and whether there are comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.capfile.blocks import PacketOption
from tunscope.capfile.decode import decode_packet_options
from tunscope.capfile.errors import BlockError
from tunscope.capfile.options import ByteOrder, OptionCode
from tunscope.columns.batch import Bytes
from tunscope.columns.gather import ByteWindow, Mask, Positions, header_type

#: Options of a block that are read vectorised; the few blocks with more are read one by one.
_ROUNDS: Final = 8
#: Codes above this are checked one by one: they are rare, and each has rules of its own.
_PLAIN: Final = PacketOption.FLAGS
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
    #: The options contradict the format.
    broken: Mask


def read_packet_options(
    window: ByteWindow, at: Positions, end: Positions, order: ByteOrder
) -> PacketOptions:
    """Read the options between `at` and `end` of every block, as strictly as `capfile` does."""
    count = len(at)
    found = PacketOptions(
        np.zeros(count, np.uint32), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    )
    begin, stop = at, end
    rows = np.arange(count)
    special: list[npt.NDArray[np.intp]] = []
    for _ in range(_ROUNDS):
        option = window.take(_OPTIONS[order], at, end)
        code = option["code"].astype(np.uint16)
        size = option["length"].astype(np.int64)
        step = 4 + size + (-size & 3)
        there = at < end
        more = there & (code != OptionCode.END)
        odd = there & ((step > end - at) | (code > _PLAIN) | ((code == _PLAIN) & (size != 4)))
        if odd.any():
            special.append(rows[odd])
            more &= ~odd
        flags = more & (code == _PLAIN) & (found.flags[rows] == 0)
        found.flags[rows[flags]] = option["value"][flags]
        found.comment[rows[more & (code == OptionCode.COMMENT)]] = True
        if not more.any():
            break
        rows, at, end = rows[more], (at + step)[more], end[more]
    else:
        special.append(rows)
    for row in np.concatenate(special).tolist() if special else ():
        _read_one(found, row, window.data[begin[row] : stop[row]], order)
    return found


def _read_one(found: PacketOptions, row: int, data: Bytes, order: ByteOrder) -> None:
    try:
        options = decode_packet_options(data.data, order)
    except BlockError:
        found.broken[row] = True
        return
    found.flags[row] = options.flags
    found.comment[row] = bool(options.comments)
