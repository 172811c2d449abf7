"""One packet seen twice, on two devices: as it is, or inside a UDP datagram that carries it.

Linked packets get the same `epb_packetid`, which is what pcapng has for this, and comments that
name each other's device. Only equal bytes are linked; what was encrypted, translated or routed
between the two is not. Standard library only.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

#: Numbers of engines (edited packets) are below, ours above.
FIRST_LINK: Final = 1 << 32
_REMEMBERED: Final = 4096
_ETHERNET, _IPV4, _UDP = 14, 0x0800, 17
_UDP_HEADER: Final = 8


@dataclass(slots=True)
class _Sighting:
    """Where a packet was seen; `outside` if only inside another, `link` once it has one."""

    record: PacketRecord
    device: str
    outside: bool


class Linker:
    """Told of every packet as it comes, and asked when it leaves."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, _Sighting] = OrderedDict()
        self._links: dict[int, tuple[int, str]] = {}  # id() of a waiting record: number, comment
        self._last = 0

    def add(self, record: PacketRecord, device: str) -> None:
        """Look whether the packet, or what it carries, was seen on another device."""
        packet = network_packet(record.data, record.linktype)
        if packet is None:
            return
        carried = carried_packet(packet)
        for content, outside in ((packet, False), (carried, True)):
            if content is None:
                continue
            here = _Sighting(record, device, outside)
            there = self._seen.get(content)
            if there is not None and there.record.interface != record.interface:
                del self._seen[content]
                self._link(here, there)
                return
            self._seen[content] = here
            self._seen.move_to_end(content)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def linked(self, record: PacketRecord) -> PacketRecord:
        """Return the record with its link, if it has one; it is forgotten then."""
        number, comment = self._links.pop(id(record), (None, ""))
        if number is None:
            return record
        identity = number if record.packet_id is None else record.packet_id
        return replace(record, packet_id=identity, comments=(*record.comments, comment))

    def _link(self, here: _Sighting, there: _Sighting) -> None:
        self._last += 1
        for one, other in ((here, there), (there, here)):
            if one.outside == other.outside:
                text = f"link {self._last}: the same packet is on {other.device}"
            elif one.outside:
                text = f"link {self._last}: carries a packet of {other.device}"
            else:
                text = f"link {self._last}: carried by a datagram on {other.device}"
            self._links[id(one.record)] = (FIRST_LINK + self._last, text)


def network_packet(data: bytes, linktype: int) -> bytes | None:
    """Return the IPv4 packet in a frame, without padding behind it; None if there is none."""
    if linktype == LinkType.ETHERNET:
        if int.from_bytes(data[12:14]) != _IPV4:
            return None
        data = data[_ETHERNET:]
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    length = int.from_bytes(data[2:4])
    return data[:length] if 20 <= length <= len(data) else None


def carried_packet(packet: bytes) -> bytes | None:
    """Return the whole IPv4 packet that is the payload of an unfragmented UDP datagram."""
    header = (packet[0] & 15) * 4
    fragmented = int.from_bytes(packet[6:8]) & 0x3FFF
    if packet[9] != _UDP or fragmented or len(packet) < header + _UDP_HEADER:
        return None
    payload = packet[header + _UDP_HEADER :]
    return payload if network_packet(payload, LinkType.RAW) == payload else None
