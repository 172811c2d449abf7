"""One end of a TCP connection: what it has sent, and what of that is not acknowledged."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

MODULUS: Final = 1 << 32
HALF: Final = 1 << 31
#: Window scale not known, and known to be unused.
SCALE_UNKNOWN: Final = -1
SCALE_UNUSED: Final = -2
#: Segments remembered until they are acknowledged.
_MOST_UNACKED: Final = 10_000
_MANY: Final = 256
_UNSEEN_WINDOW: Final = 0xFFFFFFFF


def after(left: int, right: int) -> bool:
    """Whether sequence number `left` comes after `right` (RFC 9293, 3.4)."""
    return 0 < (left - right) % MODULUS < HALF


@dataclass(slots=True)
class Unacked:
    """A segment on its way."""

    start: int
    stop: int
    number: int
    ts_ns: int


@dataclass(slots=True)
class TcpSide:
    """The state of one end."""

    base: int | None = None
    next_sequence: int = 0
    next_number: int = 0
    next_ns: int = 0
    max_acked: int = 0
    last_ack: int = 0
    last_ack_ns: int = 0
    last_window: int = _UNSEEN_WINDOW
    last_analysis: int = 0
    last_was_syn: bool = False
    duplicate_acks: int = 0
    original_ack: int = 0
    scale: int = SCALE_UNKNOWN
    flight_known: bool = True
    push_bytes: int = 0
    push_last: bool = False
    unacked: deque[Unacked] = field(default_factory=deque)

    def relative(self, number: int) -> int:
        """Return a sequence number relative to the first one."""
        return (number - (self.base or 0)) % MODULUS

    def remember(self, start: int, stop: int, number: int, ts_ns: int) -> None:
        """Note a segment until it is acknowledged."""
        if len(self.unacked) < _MOST_UNACKED:
            self.unacked.append(Unacked(start, stop, number, ts_ns))

    def sent_first(self) -> tuple[int, int]:
        """Return number and time of the oldest segment on its way.

        Where none is known, those of the one that reached furthest.
        """
        if self.unacked:
            return self.unacked[0].number, self.unacked[0].ts_ns
        return self.next_number, self.next_ns

    def acknowledged(self, acknowledgment: int) -> Unacked | None:
        """Forget what `acknowledgment` covers; return the oldest segment that it ends exactly."""
        exact: Unacked | None = None
        kept: deque[Unacked] = deque()
        for one in self.unacked:
            if acknowledgment == one.stop:
                exact = exact or one
            elif after(one.stop, acknowledgment):
                if after(acknowledgment, one.start):
                    one.start = acknowledgment
                kept.append(one)
        self.unacked = kept
        return exact

    def in_flight(self) -> int:
        """Return how many bytes are on their way, as far as that can be told.

        Where very many segments wait, the oldest and the newest stand for all.
        """
        if not self.unacked:
            return 0
        waiting = self.unacked
        if len(waiting) > _MANY:
            waiting = deque((waiting[0], waiting[-1]))
        first = min(self.relative(one.start) for one in waiting)
        last = max(self.relative(one.stop) for one in waiting)
        return last - first if 0 < last - first < 2_000_000_000 else 0

    def push(self, length: int, *, pushed: bool) -> int:
        """Count payload since the last pushed segment; return the count with this segment."""
        self.push_bytes = length if self.push_last else self.push_bytes + length
        self.push_last = pushed
        return self.push_bytes
