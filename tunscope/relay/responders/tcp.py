"""TCP without a connection: refuse everything (RFC 9293, 3.10.7.1), or accept and acknowledge."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from tunscope.relay.responders.question import Question

_FIN: Final = 0x01
_SYN: Final = 0x02
_RST: Final = 0x04
_ACK: Final = 0x10
_WINDOW: Final = 65535
_HEADER: Final = struct.Struct(">HHIIBBHHH")


def answer_with_reset(question: Question) -> bytes | None:
    """Reset every segment that is not a reset itself, as a closed port does."""
    segment = _Segment.of(question)
    if segment is None or segment.flags & _RST:
        return None
    if segment.flags & _ACK:
        return segment.answer(question, segment.ack, 0, _RST)
    return segment.answer(question, 0, segment.next_sequence, _RST | _ACK)


def answer_with_acceptance(question: Question) -> bytes | None:
    """Accept every connection, acknowledge what comes, close when the other side does."""
    segment = _Segment.of(question)
    if segment is None or segment.flags & _RST:
        return None
    if segment.flags & _SYN:
        start = zlib.crc32(question.data[:16] + bytes([segment.flags]))
        return segment.answer(question, start, segment.next_sequence, _SYN | _ACK)
    if segment.flags & _FIN:
        return segment.answer(question, segment.ack, segment.next_sequence, _FIN | _ACK)
    if segment.next_sequence != segment.sequence:
        return segment.answer(question, segment.ack, segment.next_sequence, _ACK)
    return None


class _Segment:
    def __init__(self, header: bytes, payload: int) -> None:
        fields = _HEADER.unpack(header[:20])
        self.source, self.destination, self.sequence, self.ack = fields[:4]
        self.flags = fields[5]
        length = payload + bool(self.flags & _SYN) + bool(self.flags & _FIN)
        self.next_sequence = (self.sequence + length) & 0xFFFFFFFF

    @classmethod
    def of(cls, question: Question) -> _Segment | None:
        layer = question.top
        if layer is None or layer.protocol != "tcp":
            return None
        return cls(question.data[layer.start : layer.payload], layer.end - layer.payload)

    def answer(self, question: Question, sequence: int, ack: int, flags: int) -> bytes:
        header = _HEADER.pack(
            self.destination, self.source, sequence, ack, 0x50, flags,
            0 if flags & _RST else _WINDOW, 0, 0,
        )  # fmt: skip
        return question.answer(header, "tcp")
