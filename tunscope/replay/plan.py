"""The plan of a replay: what is sent when and to whom, in two files that the engine reads.

One holds the packets' bytes one behind the other, the other an entry a packet: offset and time due
in nanoseconds after the start (u64 each), length, number in the capture, side, zero (u32 each),
all little endian.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from tunscope.replay.sides import PlanSide

ENTRY: Final = struct.Struct("<QQIIII")
#: The longest IP packet behind an Ethernet header with a VLAN tag.
LARGEST_PACKET: Final = 0xFFFF + 18


class PlanWriter:
    """Appends packets to the two files; OSError where they cannot grow."""

    def __init__(self, entries: BinaryIO, packets: BinaryIO) -> None:
        self._entries = entries
        self._packets = packets
        self._offset = 0
        self.count = 0
        self.last_due = 0

    def add(self, data: bytes, due_ns: int, number: int, side: PlanSide) -> None:
        """Plan to send `data`, from packet `number` of the capture, at `due_ns`."""
        self._packets.write(data)
        self._entries.write(
            ENTRY.pack(self._offset, due_ns, len(data), number & 0xFFFFFFFF, side, 0)
        )
        self._offset += len(data)
        self.count += 1
        self.last_due = due_ns

    def finish(self) -> None:
        """Bring everything to the files."""
        self._packets.flush()
        self._entries.flush()
