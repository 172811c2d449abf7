"""Where the headers of a packet lie: a plain walk over link, network and transport. Pure.

Good for changing packets as they pass, where only offsets matter; showing them is the dissector's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunscope.packet.linktype import LinkType

ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_ARP: Final = 0x0806
ETHERTYPE_IPV6: Final = 0x86DD
_ETHERTYPES_VLAN: Final = frozenset({0x8100, 0x88A8})
PROTO_ICMP: Final = 1
PROTO_IPIP: Final = 4
PROTO_TCP: Final = 6
PROTO_UDP: Final = 17
PROTO_IPV6: Final = 41
PROTO_ICMPV6: Final = 58
#: IPv6 extension headers that carry a length in units of 8 bytes: hop-by-hop, routing, options.
_EXTENSIONS: Final = frozenset({0, 43, 60})
_FRAGMENT: Final = 44
_MAX_LAYERS: Final = 32
_TRANSPORTS: Final = {
    PROTO_ICMP: ("icmp", 8),
    PROTO_TCP: ("tcp", 20),
    PROTO_UDP: ("udp", 8),
    PROTO_ICMPV6: ("icmpv6", 8),
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One header: bytes `start` to `payload`, and what it carries up to `end`.

    `protocol` is the display filter name. `fragment` says that the packet carries only a part of
    what the transport header speaks of, so that no checksum over the whole can be computed.
    """

    protocol: str
    start: int
    payload: int
    end: int
    fragment: bool = False


def layers_of(data: bytes, linktype: int, end: int | None = None) -> tuple[Layer, ...]:
    """Return the headers of `data`, outermost first, as far as they are whole.

    Where `end` is given, length fields are not believed: every payload reaches to byte `end`.
    """
    walk = _Walk(data, end)
    if linktype == LinkType.ETHERNET:
        walk.ethernet()
    elif linktype in {LinkType.RAW, LinkType.IPV4, LinkType.IPV6}:
        walk.network(0, len(data) if end is None else end)
    return tuple(walk.found)


def find_layer(layers: tuple[Layer, ...], protocol: str) -> int | None:
    """Return the index of the outermost header of `protocol`, None if there is none."""
    for index, layer in enumerate(layers):
        if layer.protocol == protocol:
            return index
    return None


class _Walk:
    def __init__(self, data: bytes, end: int | None) -> None:
        self.data = data
        self.believes = end is None
        self.end = len(data) if end is None else end
        self.found: list[Layer] = []

    def ethernet(self) -> None:
        if self.end < 14:
            return
        self.found.append(Layer("eth", 0, 14, self.end))
        at, kind = 14, int.from_bytes(self.data[12:14], "big")
        while kind in _ETHERTYPES_VLAN and at + 4 <= self.end and len(self.found) < _MAX_LAYERS:
            self.found.append(Layer("vlan", at, at + 4, self.end))
            kind = int.from_bytes(self.data[at + 2 : at + 4], "big")
            at += 4
        if kind == ETHERTYPE_ARP and at + 28 <= self.end:
            self.found.append(Layer("arp", at, at + 28, self.end))
        elif kind in {ETHERTYPE_IPV4, ETHERTYPE_IPV6}:
            self.network(at, self.end)

    def network(self, at: int, end: int) -> None:
        if at >= end or len(self.found) >= _MAX_LAYERS:
            return
        version = self.data[at] >> 4
        if version == 4:
            self._ipv4(at, end)
        elif version == 6:
            self._ipv6(at, end)

    def _ipv4(self, at: int, end: int) -> None:
        data = self.data
        header = 4 * (data[at] & 0x0F)
        if header < 20 or at + header > end:
            return
        total = int.from_bytes(data[at + 2 : at + 4], "big")
        if self.believes and header <= total <= end - at:
            end = at + total
        offset = int.from_bytes(data[at + 6 : at + 8], "big")
        fragment = bool(offset & 0x3FFF)
        self.found.append(Layer("ip", at, at + header, end, fragment))
        if not offset & 0x1FFF:
            self._transport(data[at + 9], at + header, end, fragment)

    def _ipv6(self, at: int, end: int) -> None:
        data = self.data
        if at + 40 > end:
            return
        length = int.from_bytes(data[at + 4 : at + 6], "big")
        if self.believes and 0 < length <= end - at - 40:
            end = at + 40 + length
        place = len(self.found)
        position, following, fragment = at + 40, data[at + 6], False
        while position + 8 <= end and (following in _EXTENSIONS or following == _FRAGMENT):
            kind, following = following, data[position]
            if kind == _FRAGMENT:
                fragment = bool(int.from_bytes(data[position + 2 : position + 4], "big") & 0xFFF9)
                size = 8
                if int.from_bytes(data[position + 2 : position + 4], "big") & 0xFFF8:
                    following = 59  # a later fragment: nothing to read
            else:
                size = 8 * (data[position + 1] + 1)
            if position + size > end:
                following = 59
                break
            position += size
        self.found.insert(place, Layer("ipv6", at, position, end, fragment))
        self._transport(following, position, end, fragment)

    def _transport(self, protocol: int, at: int, end: int, fragment: bool) -> None:
        if protocol in {PROTO_IPIP, PROTO_IPV6}:
            if not fragment:
                self.network(at, end)
            return
        name, header = _TRANSPORTS.get(protocol, ("", 0))
        if not name or at + header > end:
            return
        if name == "tcp":
            header = 4 * (self.data[at + 12] >> 4)
            if header < 20 or at + header > end:
                return
        elif name == "udp" and self.believes:
            length = int.from_bytes(self.data[at + 4 : at + 6], "big")
            if header <= length <= end - at:
                end = at + length
        self.found.append(Layer(name, at, at + header, end, fragment))
