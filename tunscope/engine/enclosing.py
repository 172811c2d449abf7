"""An Enhanced Packet Block made around a packet that lies in its place already."""

from __future__ import annotations

import struct
import time
from typing import Final

#: Bytes of a block before the packet.
HEAD_SIZE: Final = 28
_HEAD: Final = struct.Struct("<7I").pack_into
_TAIL_SIZE: Final = 16
#: Padding, then option epb_flags (2, length 4), opt_endofopt and the block's total length.
_TAILS: Final = tuple(struct.Struct(f"<{-caplen % 4}x4I").pack_into for caplen in range(4))
_FLAGS_OPTION: Final = 4 << 16 | 2
_ENHANCED_PACKET_BLOCK: Final = 6
_time_ns: Final = time.time_ns


def enclose(view: memoryview, position: int, length: int, snaplen: int, flags: int) -> int:
    """Make a block at `position` of the `length` bytes that lie `HEAD_SIZE` behind it.

    It keeps at most `snaplen` of them, says the time that it is now, and has `flags` as epb_flags.
    Return its size.
    """
    caplen = length if length < snaplen else snaplen
    total = (caplen + HEAD_SIZE + _TAIL_SIZE + 3) & ~3
    now = _time_ns()
    high, low = now >> 32, now & 0xFFFFFFFF
    _HEAD(view, position, _ENHANCED_PACKET_BLOCK, total, 0, high, low, caplen, length)
    tail = position + HEAD_SIZE + caplen
    _TAILS[caplen & 3](view, tail, _FLAGS_OPTION, flags, 0, total)
    return total
