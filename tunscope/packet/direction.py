"""Which way a packet crossed the device, in the kernel's view, as pcapng `epb_flags` has it."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

#: Bits of `epb_flags` (pcapng, section 4.3.1).
DIRECTION_MASK: Final = 0b11
CHECKSUM_NOT_READY: Final = 1 << 9
CHECKSUM_VALID: Final = 1 << 10
TCP_SEGMENTATION_OFFLOAD: Final = 1 << 11


class Direction(IntEnum):
    """`OUT`: the kernel sends it through the device. `IN`: it enters the kernel from the device."""

    UNKNOWN = 0
    IN = 1
    OUT = 2

    @property
    def arrow(self) -> str:
        """The sign shown in a packet list; a blank when the capture does not say."""
        return " ↓↑"[self.value]


def direction_of(epb_flags: int) -> Direction:
    """Return the direction in an `epb_flags` word; the reserved value 3 counts as unknown."""
    bits = epb_flags & DIRECTION_MASK
    return Direction(bits) if bits != DIRECTION_MASK else Direction.UNKNOWN
