"""One packet seen twice, on two devices: as it is, or inside a UDP datagram that carries it.

Linked packets get the same `epb_packetid`, which is what pcapng has for this, and comments that
name each other's device. Only equal bytes are linked; what was encrypted, translated or routed
between the two is not. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

#: Numbers of engines (edited packets) are below, ours above.
FIRST_LINK: Final = 1 << 32
_ETHERNET, _IPV4, _UDP = 14, 0x0800, 17
_UDP_HEADER: Final = 8


@dataclass(frozen=True, slots=True)
class _Sighting:
    """Where a packet that waits was seen; `outside` if it was inside another there."""

    number: int
    interface: int
    device: str
    outside: bool


class Linker:
    """Told of every packet as it comes, and asked when it leaves.

    Packets go by the number that the caller gave them. Those that wait are linked to each other;
    one that has left is forgotten, since nothing can be added to it any more.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, _Sighting] = {}
        self._contents: dict[int, list[bytes]] = {}  # by number, as they are in `_seen`
        self._links: dict[int, tuple[int, str]] = {}  # by number: epb_packetid, comment
        self._last = 0

    def add(self, number: int, record: PacketRecord, device: str) -> None:
        """Look whether the packet, or what it carries, waits from another device."""
        packet = network_packet(record.data, record.linktype)
        if packet is None:
            return
        carried = carried_packet(packet)
        for content, outside in ((packet, False), (carried, True)):
            if content is None:
                continue
            here = _Sighting(number, record.interface, device, outside)
            there = self._seen.get(content)
            if there is not None and there.interface != here.interface:
                del self._seen[content]
                self._link(here, there)
                return
            self._seen[content] = here
            self._contents.setdefault(number, []).append(content)

    def linked(self, number: int, record: PacketRecord) -> PacketRecord:
        """Return the record that leaves, with its link if it has one."""
        for content in self._contents.pop(number, ()):
            sighting = self._seen.get(content)
            if sighting is not None and sighting.number == number:
                del self._seen[content]
        link = self._links.pop(number, None)
        if link is None:
            return record
        identity, comment = link
        if record.packet_id is not None:
            identity = record.packet_id
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
            self._links[one.number] = (FIRST_LINK + self._last, text)


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
