"""One captured packet with what the capture file says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunscope.packet.custom_block import CustomBlock
from tunscope.packet.direction import Direction, direction_of

#: The comment on what a replay sent.
REPLAYED: Final = "tunscope: replayed"


@dataclass(frozen=True, slots=True)
class PacketRecord:
    """A packet as stored: `data` holds caplen bytes of the `origlen` that were on the device.

    `ts_ns` counts nanoseconds since 1970-01-01T00:00:00Z. `interface` indexes the capture's
    interfaces across all sections. `flags` is pcapng's `epb_flags` word, 0 where there is none;
    `zero_flags` tells that there is one, and that it is 0.
    `timed` is False where the file tells no time; `ts_ns` is 0 then, which is also what
    Wireshark measures the times of other packets against.

    A pcapng Custom Block is a record as well: `custom` says whose it is, `data` is what follows
    the enterprise number, `linktype` is CUSTOM_BLOCK, and it has neither time nor interface.
    """

    data: bytes
    ts_ns: int
    origlen: int
    linktype: int
    interface: int = 0
    flags: int = 0
    comments: tuple[str, ...] = ()
    packet_id: int | None = None
    timed: bool = True
    custom: CustomBlock | None = None
    zero_flags: bool = False

    @property
    def caplen(self) -> int:
        """Number of bytes captured."""
        return len(self.data)

    @property
    def direction(self) -> Direction:
        """Which way the packet crossed the device."""
        return direction_of(self.flags)

    @property
    def truncated(self) -> bool:
        """Whether the capture holds less than the packet had."""
        return len(self.data) < self.origlen
