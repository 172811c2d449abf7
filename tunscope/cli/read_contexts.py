"""What the capture around a packet says about it, for filters and fields."""

from __future__ import annotations

from typing import Final

from tunscope.cli.read_input import PacketInput
from tunscope.cli.read_packets import ReadPacket
from tunscope.filter import contexts
from tunscope.filter.layers.frame import FrameContext


class FrameContexts:
    """Makes FrameContexts of the packets of one input."""

    def __init__(self, packets: PacketInput) -> None:
        self._contexts: Final = contexts.FrameContexts(packets.interfaces)

    def of(self, packet: ReadPacket) -> FrameContext:
        """Return the context of one packet."""
        return self._contexts.of(
            packet.number,
            packet.first_ns,
            packet.previous_ns,
            packet.record.interface,
            packet.shown_ns,
        )
