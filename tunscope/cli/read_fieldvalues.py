"""Packets to fields, for printing."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.cli.read_packets import ReadPacket
from tunscope.filter.layers import everything
from tunscope.filter.layers.dissection import Dissection
from tunscope.filter.layers.frame import FrameContext, dissect_frame

__all__ = ["PacketDissector", "everything"]


class PacketDissector:
    """Takes packets apart; only the fields of `protocols` are collected.

    `interfaces` is what records index; `described` says whether the file itself describes them.
    """

    def __init__(
        self,
        protocols: Container[str],
        interfaces: Sequence[InterfaceDescription],
        *,
        described: bool,
    ) -> None:
        self._protocols: Final = protocols
        self._interfaces: Final = interfaces
        self._described: Final = described

    def dissect(self, packet: ReadPacket) -> Dissection:
        """Return the fields of one packet."""
        dissection = Dissection(packet.record, self._protocols)
        dissect_frame(dissection, self._context(packet))
        return dissection

    def _context(self, packet: ReadPacket) -> FrameContext:
        name = description = ""
        number = packet.record.interface
        if self._described and number < len(self._interfaces):
            interface = self._interfaces[number]
            name, description = interface.name, interface.description
        return FrameContext(
            packet.number, packet.first_ns, packet.previous_ns, name, description, self._described
        )
