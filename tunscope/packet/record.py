"""One captured packet with what the capture file says about it."""

from __future__ import annotations

from dataclasses import dataclass

from tunscope.packet.direction import Direction, direction_of


@dataclass(frozen=True, slots=True)
class PacketRecord:
    """A packet as stored: `data` holds caplen bytes of the `origlen` that were on the device.

    `ts_ns` counts nanoseconds since 1970-01-01T00:00:00Z. `interface` indexes the capture's
    interfaces across all sections. `flags` is pcapng's `epb_flags` word, 0 where there is none.
    """

    data: bytes
    ts_ns: int
    origlen: int
    linktype: int
    interface: int = 0
    flags: int = 0
    comments: tuple[str, ...] = ()
    packet_id: int | None = None

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
