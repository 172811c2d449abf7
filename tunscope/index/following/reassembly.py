"""TCP segments to the bytes that were meant, in order of their sequence numbers (RFC 9293, 3.4).

As tshark's follow: bytes count in the order in which they become complete; what was said before
is not said again; what is missing is a gap as soon as the other side acknowledges bytes behind
it, or when nothing more comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tunscope.index.following.pieces import Pieces

_MODULUS: Final = 1 << 32
_HALF: Final = 1 << 31
#: Segments of a side that may wait for missing ones before the missing ones are given up.
MOST_WAITING: Final = 4096


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment: `length` payload bytes by its headers, of which `captured` are there.

    The payload starts at `place` in the packet of `row`. `acknowledgment` is None without ACK.
    """

    row: int
    way: int
    sequence: int
    acknowledgment: int | None
    syn: bool
    place: int
    length: int
    captured: int


def distance(sequence: int, base: int) -> int:
    """Return how far `sequence` lies behind `base`, -2**31 to 2**31 - 1 (RFC 1982)."""
    return (sequence - base + _HALF) % _MODULUS - _HALF


class _Side:
    """What one side has said: the next byte expected, and segments that came too early."""

    def __init__(self) -> None:
        self.expected: int | None = None
        self.waiting: list[Segment] = []


class TcpReassembly:
    """Takes the segments of one connection in capture order and adds pieces to `pieces`."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces: Final = pieces
        self._sides: Final = (_Side(), _Side())

    def add(self, segment: Segment) -> None:
        """Take in one segment."""
        acknowledgment = segment.acknowledgment
        other = self._sides[1 - segment.way]
        if acknowledgment is not None and other.waiting:
            self._give_up(other, acknowledgment)
        side = self._sides[segment.way]
        if segment.syn:
            segment = _without_syn(segment)
        if side.expected is None:
            side.expected = segment.sequence
        if segment.length <= 0:
            return
        if distance(segment.sequence, side.expected) > 0:
            side.waiting.append(segment)
            if len(side.waiting) > MOST_WAITING:
                self._skip_gap(side)
        else:
            self._accept(side, segment)
            if side.waiting:
                self._accept_waiting(side)

    def finish(self) -> None:
        """Nothing more comes: what waited is said behind gaps."""
        for side in self._sides:
            while side.waiting:
                self._skip_gap(side)

    def _accept(self, side: _Side, segment: Segment) -> None:
        """Add what is new of a segment that begins at or before the byte expected."""
        assert side.expected is not None
        said = -distance(segment.sequence, side.expected)
        if said >= segment.length:
            return
        captured = max(0, segment.captured - said)
        self._pieces.add(segment.row, segment.place + said, captured, segment.way)
        cut_off = segment.length - max(segment.captured, said)
        self._pieces.add_gap(segment.row, cut_off, segment.way)
        side.expected = (segment.sequence + segment.length) % _MODULUS

    def _accept_waiting(self, side: _Side) -> None:
        """Add the segments that fit now, in the order of their sequence numbers."""
        expected = side.expected
        assert expected is not None
        side.waiting.sort(key=lambda segment: distance(segment.sequence, expected))
        fitting = 0
        for segment in side.waiting:
            if distance(segment.sequence, side.expected or 0) > 0:
                break
            self._accept(side, segment)
            fitting += 1
        del side.waiting[:fitting]

    def _give_up(self, side: _Side, acknowledgment: int) -> None:
        """Skip gaps whose other end the receiver has acknowledged: the capture missed them."""
        while side.waiting:
            lowest = min(distance(s.sequence, side.expected or 0) for s in side.waiting)
            if distance(acknowledgment, side.expected or 0) <= lowest:
                return
            self._skip_gap(side)

    def _skip_gap(self, side: _Side) -> None:
        expected = side.expected
        assert expected is not None
        nearest = min(side.waiting, key=lambda segment: distance(segment.sequence, expected))
        self._pieces.add_gap(nearest.row, distance(nearest.sequence, expected), nearest.way)
        side.expected = nearest.sequence
        self._accept_waiting(side)


def _without_syn(segment: Segment) -> Segment:
    """Return the segment with the sequence number of its first byte: a SYN takes one number."""
    return Segment(
        segment.row,
        segment.way,
        (segment.sequence + 1) % _MODULUS,
        segment.acknowledgment,
        False,
        segment.place,
        segment.length,
        segment.captured,
    )
