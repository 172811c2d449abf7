"""The fields of TCP and UDP that their conversations bring."""

from __future__ import annotations

from typing import Final

from tunscope.filter.conversations.facts import (
    Analysis,
    Endpoints,
    Segment,
    TcpFacts,
    UdpFacts,
)
from tunscope.filter.layers.dissection import (
    CHAT,
    NOTE,
    SEQUENCE_GROUP,
    WARN,
    Dissection,
    u16,
    u32,
)

_SYN, _FIN = 0x02, 0x01
_MODULUS: Final = 1 << 32
#: Stands for a label that is there.
_PRESENT: Final = 1 << 64
#: Severity of what the analysis finds, and what it says.
_FINDINGS: Final[dict[Analysis, tuple[int, str]]] = {
    Analysis.REUSED_PORTS: (NOTE, "A new tcp session is started with the same ports number"),
    Analysis.RETRANSMISSION: (NOTE, "This frame is a (suspected) retransmission"),
    Analysis.FAST_RETRANSMISSION: (NOTE, "This frame is a (suspected) fast retransmission"),
    Analysis.SPURIOUS_RETRANSMISSION: (
        NOTE,
        "This frame is a (suspected) spurious retransmission",
    ),
    Analysis.OUT_OF_ORDER: (WARN, "This frame is a (suspected) out-of-order segment"),
    Analysis.LOST_SEGMENT: (WARN, "Previous segment(s) not captured (common at capture start)"),
    Analysis.ACK_LOST_SEGMENT: (
        WARN,
        "ACKed segment that wasn't captured (common at capture start)",
    ),
    Analysis.WINDOW_UPDATE: (CHAT, "TCP window update"),
    Analysis.WINDOW_FULL: (WARN, "TCP window specified by the receiver is now completely full"),
    Analysis.KEEP_ALIVE: (NOTE, "TCP keep-alive segment"),
    Analysis.KEEP_ALIVE_ACK: (NOTE, "ACK to a TCP keep-alive segment"),
    Analysis.DUPLICATE_ACK: (NOTE, "Duplicate ACK"),
    Analysis.ZERO_WINDOW_PROBE: (NOTE, "TCP Zero Window Probe"),
    Analysis.ZERO_WINDOW: (WARN, "TCP Zero Window segment"),
    Analysis.ZERO_WINDOW_PROBE_ACK: (NOTE, "ACK to a TCP Zero Window Probe"),
}


def tcp_facts(dissection: Dissection, data: bytes, header: int, length: int) -> TcpFacts | None:
    """Ask the conversation of the TCP segment `data`, whose header has `header` bytes and whose
    payload `length`; None where the capture's conversations are not followed."""
    if dissection.conversations is None:
        return None
    network = dissection.network
    known = header >= 20 and length >= 0 and not network.quoted and not network.fragment
    segment = Segment(
        Endpoints(network.source, u16(data, 0), network.destination, u16(data, 2)),
        u32(data, 4),
        u32(data, 8),
        u16(data, 12) & 0xFFF,
        u16(data, 14),
        length if known else None,
        window_scale(data[20:header]) if data[13] & _SYN else None,
        dissection.number,
        dissection.record.ts_ns,
    )
    return dissection.conversations.tcp(segment)


def udp_facts(
    dissection: Dissection, source: int, destination: int, *, timed: bool
) -> UdpFacts | None:
    """Ask the conversation of a datagram; None where conversations are not followed.

    `timed` tells whether times of the conversation are measured by this one.
    """
    if dissection.conversations is None:
        return None
    network = dissection.network
    endpoints = Endpoints(network.source, source, network.destination, destination)
    ts_ns = dissection.record.ts_ns if timed else None
    return dissection.conversations.udp(endpoints, dissection.number, ts_ns)


def add_numbers(
    dissection: Dissection, facts: TcpFacts, flags: int, header: int, length: int | None
) -> None:
    """Note stream, relative numbers and window; the header's own fields stand around them.

    `length` is the payload's, None where it is not certain.
    """
    add = dissection.add
    add("tcp.stream", facts.stream)
    add("tcp.completeness", facts.completeness)
    quoted = dissection.network.quoted
    if quoted != "icmp":
        add("tcp.seq", facts.sequence)
    if header < 20:
        return
    if length is not None:
        following = facts.sequence + length + bool(flags & (_SYN | _FIN))
        add("tcp.nxtseq", following % _MODULUS)
    add("tcp.ack", facts.acknowledgment)
    add("tcp.window_size", facts.window)
    if not flags & _SYN:
        scale = facts.scale
        add("tcp.window_size_scalefactor", 1 << scale if scale >= 0 else scale)


def add_closing(dissection: Dissection, facts: TcpFacts) -> None:
    """Note which side of the connection a FIN comes from."""
    if facts.closes_first:
        message = "This frame initiates the connection closing"
        dissection.expert("tcp.connection.fin_active", NOTE, SEQUENCE_GROUP, message)
    else:
        message = "This frame undergoes the connection closing"
        dissection.expert("tcp.connection.fin_passive", NOTE, SEQUENCE_GROUP, message)


def add_times(dissection: Dissection, facts: TcpFacts) -> None:
    """Note how long after the conversation's first and previous segment this one came."""
    dissection.add("tcp.time_relative", facts.relative_ns)
    dissection.add("tcp.time_delta", facts.delta_ns)


def add_analysis(dissection: Dissection, facts: TcpFacts) -> None:
    """Note what the analysis of sequence numbers found."""
    add = dissection.add
    details = (
        ("tcp.analysis.acks_frame", facts.acked_frame),
        ("tcp.analysis.ack_rtt", facts.acked_rtt_ns),
        ("tcp.analysis.bytes_in_flight", facts.bytes_in_flight),
        ("tcp.analysis.push_bytes_sent", facts.push_bytes),
        ("tcp.analysis.rto", facts.retransmission_ns),
        ("tcp.analysis.rto_frame", facts.retransmission_ns and facts.retransmitted_frame),
        ("tcp.analysis.duplicate_ack", facts.duplicate_number and _PRESENT),
        ("tcp.analysis.duplicate_ack_num", facts.duplicate_number),
    )
    present = [(name, value) for name, value in details if value]
    if facts.duplicate_number:
        present.append(("tcp.analysis.duplicate_ack_frame", facts.duplicate_frame))
    if not (present or facts.analysis or facts.noticed):
        return
    add("tcp.analysis", None)
    if facts.initial_rtt_ns:
        add("tcp.analysis.initial_rtt", facts.initial_rtt_ns)
    for name, value in present:
        add(name, None if value is _PRESENT else value)
    if facts.analysis:
        add("tcp.analysis.flags", None)
    found = facts.analysis
    if found & (Analysis.FAST_RETRANSMISSION | Analysis.SPURIOUS_RETRANSMISSION):
        found |= Analysis.RETRANSMISSION
    for finding, (severity, words) in _FINDINGS.items():
        if found & finding:
            repeated = finding is Analysis.DUPLICATE_ACK
            message = f"{words} (#{facts.duplicate_number})" if repeated else words
            name = f"tcp.analysis.{(finding.name or '').lower()}"
            dissection.expert(name, severity, SEQUENCE_GROUP, message)


def window_scale(options: bytes) -> int | None:
    """Return the shift count of the window scale option, capped as RFC 7323 has it."""
    offset = 0
    while offset + 1 < len(options):
        kind = options[offset]
        if kind == 0:
            break
        if kind == 1:
            offset += 1
            continue
        length = options[offset + 1]
        if kind == 3 and length == 3 and offset + 2 < len(options):
            return min(options[offset + 2], 14)
        if length < 2:
            break
        offset += length
    return None
