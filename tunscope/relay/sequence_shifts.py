"""Sequence numbers after an edit changed the length of what a TCP segment carries. Pure.

From the edit on, the receiver counts differently from the sender. Segments of the edited side get
their sequence numbers shifted, those of the other side their acknowledgements, SACK included
(RFC 2018), for the rest of the connection.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from tunscope.packet.edit import refreshed
from tunscope.packet.flow import Flow
from tunscope.packet.repair import sound_layers, trailer_length
from tunscope.relay.tcp_segment import ACK, Segment, distance, segment_of

_MOST_FLOWS: Final = 4096
_MOST_EDITS: Final = 4096
_MASK: Final = 0xFFFFFFFF
_SACK: Final = 5


@dataclass(slots=True)
class _Stream:
    """One direction: edits (offset from `base`, old length, new length) in order of offset."""

    base: int
    edits: list[tuple[int, int, int]] = field(default_factory=list)

    def to_receiver(self, number: int) -> int:
        """Return what the receiver calls the sender's `number`."""
        at = distance(number, self.base)
        shift = sum(new - old for start, old, new in self.edits if at >= start + max(old, 1))
        return (number + shift) & _MASK

    def to_sender(self, number: int) -> int:
        """Return what the sender calls the receiver's `number`; a part of an edit is none of it."""
        at, shift = distance(number, self.base), 0
        for start, old, new in self.edits:
            begin, end = start + shift, start + shift + new
            if at >= end and (at > begin or not new):
                shift += new - old
            elif at > begin:
                return (self.base + start) & _MASK
            else:
                break
        return (number - shift) & _MASK


class SequenceShifts:
    """The edits of all connections; the longest unused are forgotten beyond some thousands."""

    def __init__(self) -> None:
        self._streams: OrderedDict[Flow, _Stream] = OrderedDict()

    def __len__(self) -> int:
        return len(self._streams)

    def note(self, original: Segment, payload: int) -> None:
        """Take note that the segment leaves with `payload` bytes; a second time changes nothing."""
        if payload == original.payload:
            return
        stream = self._streams.setdefault(original.flow, _Stream(original.start))
        self._streams.move_to_end(original.flow)
        at = distance(original.start, stream.base)
        known = any(start == at for start, _, _ in stream.edits)
        if not known and len(stream.edits) < _MOST_EDITS:
            stream.edits.append((at, original.payload, payload))
            stream.edits.sort()
        while len(self._streams) > _MOST_FLOWS:
            self._streams.popitem(last=False)

    def forget(self, flow: Flow) -> None:
        """Both directions begin anew: a connection with the same ports is another one."""
        self._streams.pop(flow, None)
        self._streams.pop(flow.reversed(), None)

    def translated(self, data: bytes, linktype: int) -> bytes:
        """Return the packet as its receiver has to see it; most are as they are."""
        if not self._streams:
            return data
        segment = segment_of(data, linktype)
        if segment is None:
            return data
        own = self._streams.get(segment.flow)
        other = self._streams.get(segment.flow.reversed())
        if own is None and other is None:
            return data
        packet = bytearray(data)
        at = segment.layer.start
        if own is not None:
            packet[at + 4 : at + 8] = own.to_receiver(segment.start).to_bytes(4, "big")
        if other is not None:
            if segment.flags & ACK:
                _replace(packet, at + 8, other)
            for place in _sack_edges(data, segment):
                _replace(packet, place, other)
        if packet == data:
            return data
        sound = sound_layers(data, linktype)
        return refreshed(bytes(packet), linktype, sound, trailer_length(data, linktype))


def _replace(packet: bytearray, place: int, stream: _Stream) -> None:
    number = int.from_bytes(packet[place : place + 4], "big")
    packet[place : place + 4] = stream.to_sender(number).to_bytes(4, "big")


def _sack_edges(data: bytes, segment: Segment) -> list[int]:
    """Return the places of all SACK block edges among the TCP options."""
    places: list[int] = []
    at, end = segment.layer.start + 20, segment.layer.payload
    while at < end and data[at]:
        if data[at] == 1:
            at += 1
            continue
        size = data[at + 1] if at + 1 < end else 0
        if size < 2 or at + size > end:
            break
        if data[at] == _SACK:
            places += range(at + 2, at + size - 3, 4)
        at += size
    return places
