"""What the capture around a packet says about it, for filters and fields."""

from __future__ import annotations

from typing import Final

from tunscope.cli.read_input import PacketInput
from tunscope.cli.read_packets import ReadPacket
from tunscope.filter.layers.frame import FrameContext


class FrameContexts:
    """Makes FrameContexts of the packets of one input."""

    def __init__(self, packets: PacketInput) -> None:
        self._interfaces: Final = packets.interfaces
        self._described: Final = packets.describes_interfaces

    def of(self, packet: ReadPacket) -> FrameContext:
        """Return the context of one packet."""
        name = description = ""
        number = packet.record.interface
        if self._described and number < len(self._interfaces):
            interface = self._interfaces[number]
            name, description = interface.name, interface.description
        return FrameContext(
            packet.number, packet.first_ns, packet.previous_ns, name, description, self._described
        )
