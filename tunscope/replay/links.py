"""The packet of a capture as what the device carries: bare IP, or an Ethernet frame. Pure.

Nothing is made into what it is not: what has no counterpart is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tunscope.packet.direction import Direction
from tunscope.packet.layers import ETHERTYPE_IPV4, ETHERTYPE_IPV6, layers_of
from tunscope.packet.linktype import LinkType, linktype_name
from tunscope.packet.record import PacketRecord
from tunscope.replay.refusals import NO_LINK_HEADER, NOT_IP, Unsendable, unknown_linktype

_BARE: Final = frozenset(
    {LinkType.RAW, LinkType.RAW_BSD, LinkType.RAW_OPENBSD, LinkType.IPV4, LinkType.IPV6}
)
_TAGS: Final = frozenset({0x8100, 0x88A8})
#: PF_INET, and PF_INET6 as Linux, NetBSD, FreeBSD and Darwin number it (pcap-linktype(7)).
_FAMILIES: Final = {2: ETHERTYPE_IPV4} | dict.fromkeys((10, 24, 28, 30), ETHERTYPE_IPV6)
#: Protocol values below are no EtherTypes but lengths, or Linux's own ETH_P_802_3 and its like.
_FIRST_ETHERTYPE: Final = 0x0600
_PACKET_OUTGOING: Final = 4


@dataclass(frozen=True, slots=True)
class Carried:
    """What a link header announces: `payload` of an EtherType, and who sent it, if told."""

    ethertype: int
    payload: bytes
    source: bytes | None = None


def nobody(address: bytes) -> bytes | None:
    """Tell no MAC address."""
    del address
    return None


@dataclass(frozen=True, slots=True)
class DeviceLink:
    """The device's link: `linktype` is RAW or ETHERNET.

    `source` and `destination` are the MAC addresses of a header that has to be made; a packet
    that tells its sender's keeps it unless `source_given`. VLAN tags go unless `keep_tags`.
    `neighbour` tells the MAC address for an IP address, if anybody does: then it is that of the
    header in the place of `destination`.
    """

    linktype: LinkType
    source: bytes = bytes(6)
    destination: bytes = b"\xff" * 6
    source_given: bool = False
    keep_tags: bool = True
    neighbour: Callable[[bytes], bytes | None] = nobody

    def convert(self, data: bytes, linktype: int) -> bytes:
        """Return the packet as this device carries it; Unsendable if there is no such thing."""
        if self.linktype == LinkType.ETHERNET:
            return self._as_frame(data, linktype)
        return _ip_packet(carried(data, linktype))

    def _as_frame(self, data: bytes, linktype: int) -> bytes:
        if linktype == LinkType.ETHERNET:
            if len(data) < 14:
                raise Unsendable(NO_LINK_HEADER)
            return data if self.keep_tags else _without_tags(data)
        found = carried(data, linktype)
        if found.ethertype < _FIRST_ETHERTYPE:
            raise Unsendable(NO_LINK_HEADER)
        payload = found.payload
        destination = self.destination
        if found.ethertype in {ETHERTYPE_IPV4, ETHERTYPE_IPV6}:
            payload = _ip_packet(found)
            address = payload[16:20] if found.ethertype == ETHERTYPE_IPV4 else payload[24:40]
            destination = self.neighbour(address) or destination
        source = self.source if self.source_given or found.source is None else found.source
        return destination + source + found.ethertype.to_bytes(2) + payload


def carried(data: bytes, linktype: int) -> Carried:
    """Take the link header and VLAN tags off; Unsendable for link types that are not known."""
    source = None
    if linktype in _BARE:
        version = data[0] >> 4 if data else 0
        return Carried({4: ETHERTYPE_IPV4, 6: ETHERTYPE_IPV6}.get(version, 0), data)
    if linktype in {LinkType.NULL, LinkType.LOOP}:
        family = data[:4]
        known = _FAMILIES.get(int.from_bytes(family, "big"))
        known = known or _FAMILIES.get(int.from_bytes(family, "little"), 0)
        return Carried(known, data[4:])
    if linktype == LinkType.ETHERNET:
        at, kind, source = 14, data[12:14], data[6:12]
    elif linktype == LinkType.LINUX_SLL:
        at, kind = 16, data[14:16]
        source = data[6:12] if data[4:6] == b"\0\6" else None
    elif linktype == LinkType.LINUX_SLL2:
        at, kind = 20, data[0:2]
        source = data[12:18] if data[11:12] == b"\6" else None
    else:
        raise Unsendable(unknown_linktype(linktype_name(linktype)))
    ethertype = int.from_bytes(kind, "big")
    while ethertype in _TAGS and at + 4 <= len(data):
        ethertype = int.from_bytes(data[at + 2 : at + 4], "big")
        at += 4
    if len(data) < at:
        raise Unsendable(NOT_IP)
    return Carried(ethertype, data[at:], source)


def direction_of_record(record: PacketRecord) -> Direction:
    """Return which way a packet went, from its flags or from a cooked header that tells it."""
    if record.direction is not Direction.UNKNOWN:
        return record.direction
    kind = None
    if record.linktype == LinkType.LINUX_SLL and record.caplen >= 16:
        kind = int.from_bytes(record.data[:2], "big")
    elif record.linktype == LinkType.LINUX_SLL2 and record.caplen >= 20:
        kind = record.data[10]
    if kind is None:
        return Direction.UNKNOWN
    return Direction.OUT if kind == _PACKET_OUTGOING else Direction.IN


def _ip_packet(found: Carried) -> bytes:
    """Return the IP packet without what pads the frame behind it."""
    version = {ETHERTYPE_IPV4: 4, ETHERTYPE_IPV6: 6}.get(found.ethertype)
    layers = layers_of(found.payload, LinkType.RAW)
    if not layers or found.payload[0] >> 4 != version:
        raise Unsendable(NOT_IP)
    return found.payload[: layers[0].end]


def _without_tags(frame: bytes) -> bytes:
    at = 12
    while int.from_bytes(frame[at : at + 2], "big") in _TAGS and at + 6 <= len(frame):
        at += 4
    return frame[:12] + frame[at:]
