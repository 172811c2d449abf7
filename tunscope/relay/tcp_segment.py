"""TCP segments by what they carry: a flow and a range of sequence numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunscope.packet.flow import Flow, flow_of
from tunscope.packet.layers import Layer, layers_of

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
ACK: Final = 0x10


@dataclass(frozen=True, slots=True)
class Segment:
    """Sequence numbers `start` up to `start` + `length`, of which `payload` are bytes.

    SYN and FIN take one number each (RFC 9293, 3.4). `layer` is the TCP header in the packet.
    """

    flow: Flow
    start: int
    length: int
    payload: int
    flags: int
    layer: Layer

    def overlaps(self, other: Segment) -> bool:
        """Whether both carry something of the same, in the same flow."""
        if self.flow != other.flow or not self.length or not other.length:
            return False
        ahead = distance(other.start, self.start)
        return ahead < self.length and -ahead < other.length


def segment_of(data: bytes, linktype: int) -> Segment | None:
    """Return the TCP segment of the outermost IP header, None if there is none."""
    layers = layers_of(data, linktype)
    for index, layer in enumerate(layers[1:], 1):
        if layer.protocol == "tcp" and layers[index - 1].protocol in {"ip", "ipv6"}:
            flow = flow_of(data, linktype)
            if flow is None or flow.protocol != 6 or layer.fragment:
                return None
            flags = data[layer.start + 13]
            payload = layer.end - layer.payload
            start = int.from_bytes(data[layer.start + 4 : layer.start + 8], "big")
            length = payload + bool(flags & SYN) + bool(flags & FIN)
            return Segment(flow, start, length, payload, flags, layer)
    return None


def distance(number: int, origin: int) -> int:
    """Return how far a sequence number is ahead of another, negative if it is behind."""
    return ((number - origin + 0x80000000) & 0xFFFFFFFF) - 0x80000000
