"""Which conversation a packet belongs to, and which packets answer it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from tunscope.packet.direction import Direction
from tunscope.packet.layers import Layer, layers_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import REPLAYED, PacketRecord

_ARP: Final = 0x0806
_PROTOCOLS: Final = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
#: ICMP and ICMPv6 types of an echo's reply and request.
_ECHO: Final = {"icmp": (0, 8), "icmpv6": (129, 128)}
#: ICMP and ICMPv6 types that quote the packet they are about (RFC 792, RFC 4443).
_ERRORS: Final = {"icmp": frozenset({3, 4, 5, 11, 12}), "icmpv6": frozenset({1, 2, 3, 4})}


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of a conversation: IP protocol number, addresses, ports.

    An ICMP echo has its identifier as both ports; where there are no ports they are 0. ARP has
    its EtherType as protocol, and the IPv4 addresses of sender and target.
    """

    protocol: int
    source: bytes
    destination: bytes
    source_port: int = 0
    destination_port: int = 0

    def reversed(self) -> Flow:
        """Return the other direction."""
        return Flow(
            self.protocol,
            self.destination,
            self.source,
            self.destination_port,
            self.source_port,
        )


def flow_of(data: bytes, linktype: int) -> Flow | None:
    """Return the flow of the outermost network header, None if there is none."""
    return _flow(data, layers_of(data, linktype))


def answered_flows(data: bytes, linktype: int) -> tuple[Flow, ...]:
    """Return the flows to which a packet may be an answer.

    The way back in its own flow, and, of an ICMP error, the flow that it is about.
    """
    layers = layers_of(data, linktype)
    flow = _flow(data, layers)
    if flow is None:
        return ()
    last = layers[-1]
    if last.protocol in _ERRORS and data[last.start] in _ERRORS[last.protocol]:
        quoted = flow_of(_quoted(data, last), LinkType.RAW)
        return (flow.reversed(),) if quoted is None else (flow.reversed(), quoted)
    return (flow.reversed(),)


@dataclass(frozen=True, slots=True)
class Echo:
    """What tells one ICMP echo of a flow from the next."""

    request: bool
    sequence: int


def echo_of(data: bytes, linktype: int) -> Echo | None:
    """Return what an ICMP echo request or reply says of itself, None for any other packet."""
    layers = layers_of(data, linktype)
    last = layers[-1] if layers else None
    if last is None or last.protocol not in _ECHO or last.end - last.start < 8:
        return None
    reply, request = _ECHO[last.protocol]
    kind, at = data[last.start], last.start + 6
    if kind not in {reply, request}:
        return None
    return Echo(kind == request, int.from_bytes(data[at : at + 2], "big"))


def is_answer(record: PacketRecord, flows: Collection[Flow], *, owned: bool) -> bool:
    """Whether a captured packet answers one of `flows`, which a replay sent.

    On an `owned` device what the kernel sends may answer as well.
    """
    if REPLAYED in record.comments or (not owned and record.direction is Direction.OUT):
        return False
    return any(flow in flows for flow in answered_flows(record.data, record.linktype))


def _flow(data: bytes, layers: tuple[Layer, ...]) -> Flow | None:
    for index, layer in enumerate(layers):
        at = layer.start
        if layer.protocol == "arp":
            return Flow(_ARP, data[at + 14 : at + 18], data[at + 24 : at + 28])
        if layer.protocol in {"ip", "ipv6"}:
            first, size = (at + 12, 4) if layer.protocol == "ip" else (at + 8, 16)
            source, destination = data[first : first + size], data[first + size : first + 2 * size]
            protocol, *ports = _ports(data, layers[index + 1 : index + 2])
            if not protocol:
                protocol = data[at + (9 if layer.protocol == "ip" else 6)]
            return Flow(protocol, source, destination, *ports)
    return None


def _ports(data: bytes, above: tuple[Layer, ...]) -> tuple[int, int, int]:
    if not above or above[0].protocol not in _PROTOCOLS:
        return 0, 0, 0
    layer = above[0]
    number, at = _PROTOCOLS[layer.protocol], layer.start
    if layer.protocol in _ECHO:
        identifier = 0
        if data[at] in _ECHO[layer.protocol]:
            identifier = int.from_bytes(data[at + 4 : at + 6], "big")
        return number, identifier, identifier
    return (
        number,
        int.from_bytes(data[at : at + 2], "big"),
        int.from_bytes(data[at + 2 : at + 4], "big"),
    )


def _quoted(data: bytes, error: Layer) -> bytes:
    """Return the quoted packet, lengthened with zeros so that its cut transport header is whole."""
    return data[error.start + 8 : error.end] + bytes(20)
