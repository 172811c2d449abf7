"""Wireshark's analysis of TCP sequence numbers, segment by segment.

The rules are those of the chapter "TCP Analysis" of the Wireshark User's Guide with the defaults
of version 4.0: fast retransmission before out-of-order, and three milliseconds, or the round trip
of the handshake, as the limit of reordering.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tunscope.filter.conversations.facts import Analysis, Segment, TcpFacts
from tunscope.filter.conversations.tcp_side import (
    MODULUS,
    SCALE_UNKNOWN,
    SCALE_UNUSED,
    TcpSide,
    after,
)

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

_FAST_NS: Final = 20_000_000
_REORDERING_NS: Final = 3_000_000
#: Stands for a count of duplicate acknowledgments once an unseen segment was reported.
_TOLD: Final = -1


@dataclass(slots=True)
class TcpConnection:
    """Both ends of a connection, fed in the order of the capture."""

    stream: int
    first_ns: int
    previous_ns: int
    sides: tuple[TcpSide, TcpSide] = field(default_factory=lambda: (TcpSide(), TcpSide()))
    syn_ns: int = 0
    first_rtt_ns: int = 0
    completeness: int = 0
    begun: bool = False
    closing_side: int | None = None

    def is_reused_by(self, segment: Segment, side: int) -> bool:
        """Whether `segment` opens a new connection on the same addresses and ports."""
        base = self.sides[side].base
        return segment.flags & (SYN | ACK) == SYN and base is not None and base != segment.sequence

    def observe(self, segment: Segment, side: int, *, reused: bool) -> TcpFacts:
        """Take in a segment sent by `side` (0 or 1); return what is known of it."""
        forward, reverse = self.sides[side], self.sides[1 - side]
        relative, delta = segment.ts_ns - self.first_ns, segment.ts_ns - self.previous_ns
        self.previous_ns = segment.ts_ns
        analysed = segment.length is not None
        if analysed:
            _set_bases(segment, forward, reverse)
        flags = segment.flags
        if flags & SYN:
            _settle_scale(segment, forward, reverse)
        shift = 0 if flags & SYN else max(forward.scale, 0)
        facts = TcpFacts(
            self.stream,
            forward.relative(segment.sequence) if analysed else segment.sequence,
            reverse.relative(segment.acknowledgment)
            if analysed and flags & ACK
            else segment.acknowledgment,
            segment.window << shift,
            forward.scale,
            relative,
            delta,
            self.completeness,
        )
        if analysed:
            self._complete(flags, segment.length or 0)
            if flags & FIN:
                if self.closing_side is None:
                    self.closing_side = side
                facts.closes_first = self.closing_side == side
            self._analyse(segment, segment.length or 0, forward, reverse, facts)
            if reused:
                facts.analysis |= Analysis.REUSED_PORTS
        facts.initial_rtt_ns = self.first_rtt_ns
        return facts

    def _analyse(
        self, segment: Segment, length: int, forward: TcpSide, reverse: TcpSide, facts: TcpFacts
    ) -> None:
        flags = segment.flags
        if flags & (SYN | ACK) == SYN | ACK and forward.base != segment.sequence:
            forward.base = segment.sequence
            facts.sequence = 0
            facts.analysis |= Analysis.REUSED_PORTS
        if flags & ACK:
            reverse.flight_known = True
        found = _judge_order(segment, length, forward, reverse)
        if found & Analysis.LOST_SEGMENT:
            forward.flight_known = False
        if found & Analysis.DUPLICATE_ACK:
            forward.duplicate_acks = max(forward.duplicate_acks, 0) + 1
            facts.duplicate_number = forward.duplicate_acks
            facts.duplicate_frame = forward.original_ack
        if segment.acknowledgment != forward.last_ack:
            forward.original_ack = segment.number
            forward.duplicate_acks = 0
        facts.noticed = _acknowledges_unseen(segment, reverse)
        if facts.noticed:
            found |= _judge_unseen(reverse)
        if length or flags & (SYN | FIN):
            found |= self._judge_repetition(segment, length, forward, reverse, found)
        if found & Analysis.RETRANSMISSION:
            number, ts_ns = forward.sent_first()
            facts.retransmission_ns = segment.ts_ns - ts_ns
            facts.retransmitted_frame = number
        self._advance(segment, length, forward, reverse, found, facts)
        self._measure_handshake(segment)
        facts.analysis |= found

    def _complete(self, flags: int, length: int) -> None:
        """Note which of a connection's stages this segment stands for; the first one heard of
        says only whether the beginning is there, and no other says that."""
        stage = 0
        match flags & (SYN | ACK):
            case 2:
                stage = 0 if self.begun else 1
            case 18:
                stage = 2
            case 16:
                stage = 8 if length else 4
        if flags & (FIN | ACK) == FIN | ACK:
            stage |= 16
        if flags & RST:
            stage |= 32
        self.completeness |= stage if self.begun else stage & 1
        self.begun = True

    def _measure_handshake(self, segment: Segment) -> None:
        """Take the first segment with ACK and without SYN for the end of the handshake."""
        flags = segment.flags
        if flags & (SYN | ACK) == SYN:
            self.syn_ns = segment.ts_ns
        elif flags & (SYN | ACK) == ACK and not self.first_rtt_ns and self.syn_ns:
            self.first_rtt_ns = segment.ts_ns - self.syn_ns

    def _judge_repetition(
        self, segment: Segment, length: int, forward: TcpSide, reverse: TcpSide, found: Analysis
    ) -> Analysis:
        if found & Analysis.KEEP_ALIVE:
            return Analysis(0)
        sequence = segment.sequence
        old = bool(forward.next_sequence) and after(forward.next_sequence, sequence)
        if length > 1 and (forward.next_sequence - 1) % MODULUS == sequence:
            old = False  # what follows a zero window probe of one byte
        end = (sequence + length) % MODULUS
        if length and reverse.last_ack and not after(end, reverse.last_ack):
            return Analysis.SPURIOUS_RETRANSMISSION
        if not old:
            return Analysis(0)
        if (
            (reverse.duplicate_acks >= 2 or reverse.duplicate_acks == _TOLD)
            and reverse.last_ack == sequence
            and segment.ts_ns - reverse.last_ack_ns < _FAST_NS
        ):
            return Analysis.FAST_RETRANSMISSION
        limit = self.first_rtt_ns or _REORDERING_NS
        if segment.flags & (SYN | FIN):
            end = (end + 1) % MODULUS
        if segment.ts_ns - forward.next_ns < limit and forward.next_sequence != end:
            return Analysis.OUT_OF_ORDER
        return Analysis.RETRANSMISSION

    def _advance(
        self,
        segment: Segment,
        length: int,
        forward: TcpSide,
        reverse: TcpSide,
        found: Analysis,
        facts: TcpFacts,
    ) -> None:
        flags, ts_ns = segment.flags, segment.ts_ns
        following = (segment.sequence + length + bool(flags & (SYN | FIN))) % MODULUS
        if length or flags & (SYN | FIN):
            forward.remember(segment.sequence, following, segment.number, ts_ns)
        if not found & Analysis.ZERO_WINDOW_PROBE:
            if after(following, forward.next_sequence) or not forward.next_sequence:
                forward.next_sequence = following
                forward.next_number = segment.number
                forward.next_ns = ts_ns
            if segment.sequence == forward.max_acked or not forward.max_acked:
                forward.max_acked = forward.next_sequence
        forward.last_window = segment.window
        forward.last_ack = segment.acknowledgment
        forward.last_ack_ns = ts_ns
        forward.last_was_syn = bool(flags & SYN)
        forward.last_analysis = found
        acked = reverse.acknowledged(segment.acknowledgment)
        if acked is not None:
            facts.acked_frame = acked.number
            facts.acked_rtt_ns = ts_ns - acked.ts_ns
        if length and forward.flight_known:
            # A SYN or a FIN takes a sequence number, but is no byte on its way.
            facts.bytes_in_flight = max(0, forward.in_flight() - bool(flags & (SYN | FIN)))
            facts.push_bytes = forward.push(length, pushed=bool(flags & PSH))


def _set_bases(segment: Segment, forward: TcpSide, reverse: TcpSide) -> None:
    if forward.base is None:
        begins = segment.flags & SYN
        forward.base = segment.sequence if begins else (segment.sequence - 1) % MODULUS
    if reverse.base is None and segment.flags & ACK:
        reverse.base = (segment.acknowledgment - 1) % MODULUS


def _judge_order(segment: Segment, length: int, forward: TcpSide, reverse: TcpSide) -> Analysis:
    """Windows, keep-alives, gaps and repeated acknowledgments."""
    sequence, window = segment.sequence, segment.window
    control = segment.flags & (SYN | FIN | RST)
    expected = sequence == forward.next_sequence
    if length == 1 and expected and reverse.last_window == 0:
        return Analysis.ZERO_WINDOW_PROBE
    found = Analysis(0)
    if window == 0 and not control:
        found |= Analysis.ZERO_WINDOW
    past = forward.next_sequence and after(sequence, forward.next_sequence)
    if past and not segment.flags & RST:
        found |= Analysis.LOST_SEGMENT
    if control:
        return found
    if length <= 1 and sequence == (forward.next_sequence - 1) % MODULUS:
        found |= Analysis.KEEP_ALIVE
    if length:
        if reverse.scale != SCALE_UNKNOWN:
            shift = 0 if reverse.last_was_syn else max(reverse.scale, 0)
            edge = reverse.last_ack + (reverse.last_window << shift)
            if (sequence + length) % MODULUS == edge % MODULUS:
                found |= Analysis.WINDOW_FULL
        return found
    if not expected or segment.acknowledgment != forward.last_ack:
        return found
    if window != forward.last_window:
        return found | Analysis.WINDOW_UPDATE if window else found
    if window == 0:
        probed = reverse.last_analysis & Analysis.ZERO_WINDOW_PROBE
        return found | Analysis.ZERO_WINDOW_PROBE_ACK if probed else found
    kept = reverse.last_analysis & Analysis.KEEP_ALIVE
    return found | (Analysis.KEEP_ALIVE_ACK if kept else Analysis.DUPLICATE_ACK)


def _acknowledges_unseen(segment: Segment, reverse: TcpSide) -> bool:
    acknowledges = bool(segment.flags & ACK and reverse.max_acked)
    return acknowledges and after(segment.acknowledgment, reverse.max_acked)


def _judge_unseen(reverse: TcpSide) -> Analysis:
    """Judge a segment that acknowledges what the capture does not have."""
    if after(reverse.next_sequence, reverse.max_acked):
        reverse.max_acked = reverse.next_sequence
        return Analysis.ACK_LOST_SEGMENT
    told = reverse.duplicate_acks != 0
    reverse.duplicate_acks = _TOLD
    return Analysis(0) if told else Analysis.ACK_LOST_SEGMENT


def _settle_scale(segment: Segment, forward: TcpSide, reverse: TcpSide) -> None:
    """Take the window scale a SYN offers; it holds only if both sides offer one (RFC 7323, 2)."""
    if segment.scale is not None:
        forward.scale = segment.scale
    if forward.scale == SCALE_UNKNOWN:
        forward.scale = reverse.scale = SCALE_UNUSED
    elif segment.flags & ACK and reverse.scale == SCALE_UNUSED:
        forward.scale = SCALE_UNUSED
