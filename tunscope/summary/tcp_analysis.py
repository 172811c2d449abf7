"""What one TCP segment means after those before it: Wireshark's sequence number analysis.

The rules are those of the chapter "TCP Analysis" of the Wireshark User's Guide, with the defaults
of version 4.0: numbers relative to the first one seen, fast retransmission before out-of-order,
three milliseconds (or the handshake's round trip) as the limit of reordering.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
ACK: Final = 0x10

#: Window scale not known, and known to be unused.
SCALE_UNKNOWN: Final = -1
SCALE_UNUSED: Final = -2

_MODULUS: Final = 1 << 32
_HALF: Final = 1 << 31
_FAST_RETRANSMISSION_NS: Final = 20_000_000
_REORDERING_NS: Final = 3_000_000
#: Stands for a count of duplicate acknowledgments once an unseen segment was reported.
_TOLD: Final = -1
_UNSEEN_WINDOW: Final = 0xFFFFFFFF

OUT_OF_ORDER: Final = "TCP Out-Of-Order"
#: Notes on payload that was there before or is not in its place: applications do not read it.
NOT_NEW: Final = frozenset({"TCP Retransmission", OUT_OF_ORDER})


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP header's numbers, raw; `length` counts payload bytes, `scale` is the WS option's."""

    sequence: int
    acknowledgment: int
    flags: int
    window: int
    length: int
    scale: int | None = None


class TcpSide:
    """What one end of a connection has sent so far."""

    __slots__ = (
        "base",
        "duplicate_acks",
        "last_ack",
        "last_ack_ns",
        "last_notes",
        "last_was_syn",
        "last_window",
        "max_acked",
        "next_sequence",
        "next_sequence_ns",
        "original_ack_number",
        "scale",
    )

    def __init__(self) -> None:
        self.base: int | None = None
        self.next_sequence = 0
        self.next_sequence_ns = 0
        self.last_ack = 0
        self.last_ack_ns = 0
        self.last_was_syn = False
        self.last_window = _UNSEEN_WINDOW
        self.last_notes: frozenset[str] = frozenset()
        self.max_acked = 0
        self.duplicate_acks = 0
        self.original_ack_number = 0
        self.scale = SCALE_UNKNOWN


class TcpConnection:
    """Both sides of one connection, in the order its segments were captured."""

    __slots__ = ("first_rtt_ns", "sides", "syn_ns")

    def __init__(self) -> None:
        self.sides = (TcpSide(), TcpSide())
        self.syn_ns = 0
        self.first_rtt_ns = 0

    def is_reused_by(self, segment: Segment, side: int) -> bool:
        """Whether `segment` opens a new connection on the same addresses and ports."""
        base = self.sides[side].base
        return segment.flags & (SYN | ACK) == SYN and base is not None and base != segment.sequence

    def observe(
        self, segment: Segment, side: int, number: int, ts_ns: int, *, reused: bool = False
    ) -> tuple[str, ...]:
        """Take in the segment sent by `side` (0 or 1) in packet `number`; return its notes.

        The notes come in the order in which they stand in front of an Info text. `reused` adds
        the one for a connection that took over the ports of an earlier one.
        """
        forward, reverse = self.sides[side], self.sides[1 - side]
        flags = segment.flags
        _set_bases(segment, forward, reverse)
        self._measure_handshake(segment, forward, reverse, ts_ns)
        notes: list[str] = ["TCP Port numbers reused"] if reused else []
        if flags & (SYN | ACK) == SYN | ACK and forward.base != segment.sequence:
            forward.base = segment.sequence
            notes.append("TCP Port numbers reused")
        late = self._judge(segment, forward, reverse, number, ts_ns)
        notes += late
        _advance(segment, forward, ts_ns, probing="TCP ZeroWindowProbe" in late)
        forward.last_window = segment.window
        forward.last_ack = segment.acknowledgment
        forward.last_ack_ns = ts_ns
        forward.last_was_syn = bool(flags & SYN)
        forward.last_notes = frozenset(late)
        if flags & SYN:
            _settle_scale(segment, forward, reverse)
        return tuple(reversed(notes))

    def _measure_handshake(
        self, segment: Segment, forward: TcpSide, reverse: TcpSide, ts_ns: int
    ) -> None:
        flags = segment.flags
        if flags & (SYN | ACK) == SYN:
            self.syn_ns = ts_ns
        elif (
            flags & (SYN | ACK) == ACK
            and not self.first_rtt_ns
            and self.syn_ns
            and forward.base is not None
            and reverse.base is not None
            and segment.sequence == (forward.base + 1) % _MODULUS
            and segment.acknowledgment == (reverse.base + 1) % _MODULUS
        ):
            self.first_rtt_ns = ts_ns - self.syn_ns

    def _judge(
        self, segment: Segment, forward: TcpSide, reverse: TcpSide, number: int, ts_ns: int
    ) -> list[str]:
        """Return the notes on `segment`, in the order in which they are found to be shown."""
        found = _judge_acknowledgment(segment, forward, reverse, number)
        if segment.acknowledgment != forward.last_ack:
            forward.original_ack_number = number
            forward.duplicate_acks = 0
        if (
            reverse.max_acked
            and segment.flags & ACK
            and _after(segment.acknowledgment, reverse.max_acked)
        ):
            if _after(reverse.next_sequence, reverse.max_acked):
                reverse.max_acked = reverse.next_sequence
                found.add("TCP ACKed unseen segment")
            else:
                if reverse.duplicate_acks == 0:
                    found.add("TCP ACKed unseen segment")
                reverse.duplicate_acks = _TOLD
        if segment.length or segment.flags & (SYN | FIN):
            repeated = self._judge_repetition(segment, forward, reverse, found, ts_ns)
            if repeated:
                found.add(repeated)
        return [
            f"{note} {forward.original_ack_number}#{forward.duplicate_acks}"
            if note == "TCP Dup ACK"
            else note
            for note in _SHOWN_ORDER
            if note in found
        ]

    def _judge_repetition(
        self,
        segment: Segment,
        forward: TcpSide,
        reverse: TcpSide,
        found: set[str],
        ts_ns: int,
    ) -> str:
        if "TCP Keep-Alive" in found:
            return ""
        sequence, length = segment.sequence, segment.length
        old = bool(forward.next_sequence) and _after(forward.next_sequence, sequence)
        if length > 1 and (forward.next_sequence - 1) % _MODULUS == sequence:
            old = False  # what follows a zero window probe of one byte
        end = (sequence + length) % _MODULUS
        if length and reverse.last_ack and not _after(end, reverse.last_ack):
            return "TCP Spurious Retransmission"
        if not old:
            return ""
        if (
            (reverse.duplicate_acks >= 2 or reverse.duplicate_acks == _TOLD)
            and reverse.last_ack == sequence
            and 0 <= ts_ns - reverse.last_ack_ns < _FAST_RETRANSMISSION_NS
        ):
            return "TCP Fast Retransmission"
        limit = self.first_rtt_ns or _REORDERING_NS
        if segment.flags & (SYN | FIN):
            end = (end + 1) % _MODULUS
        waited = ts_ns - forward.next_sequence_ns  # negative where the clock was set back
        if 0 <= waited < limit and forward.next_sequence != end:
            return OUT_OF_ORDER
        return "TCP Retransmission"


#: Each note is put in front of those before it.
_SHOWN_ORDER: Final = (
    "TCP Retransmission",
    "TCP Fast Retransmission",
    "TCP Spurious Retransmission",
    OUT_OF_ORDER,
    "TCP Previous segment not captured",
    "TCP ACKed unseen segment",
    "TCP Window Update",
    "TCP Window Full",
    "TCP Keep-Alive",
    "TCP Keep-Alive ACK",
    "TCP Dup ACK",
    "TCP ZeroWindowProbe",
    "TCP ZeroWindow",
    "TCP ZeroWindowProbeAck",
)


def _after(left: int, right: int) -> bool:
    """Whether sequence number `left` comes after `right` (RFC 9293, 3.4)."""
    return 0 < (left - right) % _MODULUS < _HALF


def _set_bases(segment: Segment, forward: TcpSide, reverse: TcpSide) -> None:
    if forward.base is None:
        if segment.flags & SYN:
            forward.base = segment.sequence
        else:
            forward.base = (segment.sequence - 1) % _MODULUS
    if reverse.base is None and segment.flags & ACK:
        reverse.base = (segment.acknowledgment - 1) % _MODULUS


def _judge_acknowledgment(
    segment: Segment, forward: TcpSide, reverse: TcpSide, number: int
) -> set[str]:
    """Return the notes on windows, keep-alives, gaps and repeated acknowledgments."""
    sequence, length, window = segment.sequence, segment.length, segment.window
    control = segment.flags & (SYN | FIN | RST)
    expected = sequence == forward.next_sequence
    if length == 1 and expected and reverse.last_window == 0:
        return {"TCP ZeroWindowProbe"}
    found: set[str] = set()
    if window == 0 and not control:
        found.add("TCP ZeroWindow")
    if (
        forward.next_sequence
        and _after(sequence, forward.next_sequence)
        and not segment.flags & RST
    ):
        found.add("TCP Previous segment not captured")
    if control:
        return found
    if length <= 1 and sequence == (forward.next_sequence - 1) % _MODULUS:
        found.add("TCP Keep-Alive")
    if length:
        if reverse.scale != SCALE_UNKNOWN:
            shift = 0 if reverse.last_was_syn else max(reverse.scale, 0)
            edge = reverse.last_ack + (reverse.last_window << shift)
            if (sequence + length) % _MODULUS == edge % _MODULUS:
                found.add("TCP Window Full")
        return found
    if not expected or segment.acknowledgment != forward.last_ack:
        return found
    if window != forward.last_window:
        if window:
            found.add("TCP Window Update")
    elif window == 0:
        if "TCP ZeroWindowProbe" in reverse.last_notes:
            found.add("TCP ZeroWindowProbeAck")
    elif "TCP Keep-Alive" in reverse.last_notes:
        found.add("TCP Keep-Alive ACK")
    else:
        forward.duplicate_acks = max(forward.duplicate_acks, 0) + 1
        found.add("TCP Dup ACK")
    return found


def _advance(segment: Segment, forward: TcpSide, ts_ns: int, *, probing: bool) -> None:
    following = segment.sequence + segment.length
    if segment.flags & (SYN | FIN):
        following += 1
    following %= _MODULUS
    if probing:
        return
    if _after(following, forward.next_sequence) or not forward.next_sequence:
        forward.next_sequence = following
        forward.next_sequence_ns = ts_ns
    if segment.sequence == forward.max_acked or not forward.max_acked:
        forward.max_acked = forward.next_sequence


def _settle_scale(segment: Segment, forward: TcpSide, reverse: TcpSide) -> None:
    """Take the window scale a SYN offers; it holds only if both sides offer one (RFC 7323, 2)."""
    if segment.scale is not None:
        forward.scale = segment.scale
    if forward.scale == SCALE_UNKNOWN:
        forward.scale = reverse.scale = SCALE_UNUSED
    elif segment.flags & ACK and reverse.scale == SCALE_UNUSED:
        forward.scale = SCALE_UNUSED
