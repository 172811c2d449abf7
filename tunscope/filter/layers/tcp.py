"""TCP (RFC 9293), as far as one segment tells; what its conversation tells is flow state."""

from __future__ import annotations

from typing import Final

from tunscope.filter.conversations.facts import NOT_IN_ORDER
from tunscope.filter.layers.dissection import (
    CHAT,
    ERROR,
    MALFORMED_GROUP,
    NOTE,
    PROTOCOL_GROUP,
    SEQUENCE_GROUP,
    WARN,
    CutShort,
    Dissection,
    Octets,
    Payload,
    u16,
    u32,
)
from tunscope.filter.layers.registry import takes
from tunscope.filter.layers.tcp_conversation import (
    add_analysis,
    add_closing,
    add_numbers,
    add_times,
    tcp_facts,
)
from tunscope.filter.layers.tcp_options import Reached, dissect_options

_FLAGS: Final = (
    ("tcp.flags.ae", 0x100),
    ("tcp.flags.cwr", 0x080),
    ("tcp.flags.ece", 0x040),
    ("tcp.flags.urg", 0x020),
    ("tcp.flags.ack", 0x010),
    ("tcp.flags.push", 0x008),
    ("tcp.flags.reset", 0x004),
    ("tcp.flags.syn", 0x002),
    ("tcp.flags.fin", 0x001),
)
_FIN, _SYN, _RST, _ACK, _URG = 1, 2, 4, 16, 32
_LETTERS: Final = "RRRACEUAPRSF"


@takes("ip.proto", 6)
def dissect_tcp(dissection: Dissection, octets: Octets) -> None:
    """Dissect a TCP header and hand on what it carries."""
    wanted = dissection.begin("tcp", octets, needs=4)
    data = octets.data
    source, destination = u16(data, 0), u16(data, 2)
    if wanted:
        dissection.add("tcp.srcport", source)
        dissection.add("tcp.dstport", destination)
        dissection.add("tcp.port", source)
        dissection.add("tcp.port", destination)
    if len(data) < 16:
        if wanted and dissection.network.quoted == "icmp" and len(data) >= 8:
            dissection.add("tcp.seq", u32(data, 4))
        raise CutShort
    header = data[12] >> 4 << 2
    flags = u16(data, 12) & 0xFFF
    length = octets.reported - header
    sized = length >= 0 and not (dissection.network.quoted or dissection.network.fragment)
    facts = tcp_facts(dissection, data, header, length)
    if wanted:
        if facts is not None:
            add_numbers(dissection, facts, flags, header, length if sized else None)
        if sized:
            dissection.add("tcp.len", length)
        _add_header(dissection, data, header, flags)
        if header >= 20 and length < 0 and not dissection.network.quoted:
            message = "Short segment. Segment/fragment does not contain a full TCP header "
            message += "(might be NMAP or someone else deliberately sending unusual packets)"
            dissection.expert("tcp.short_segment", WARN, MALFORMED_GROUP, message)
        if facts is not None and flags & _FIN and header >= 20:
            add_closing(dissection, facts)
    if header < 20:
        if wanted:
            message = f"Bogus TCP Header length ({header}, must be at least 20)"
            dissection.expert("tcp.bogus_header_length", ERROR, PROTOCOL_GROUP, message)
        return
    if wanted:
        reached = None
        if facts is not None:
            reached = Reached(u32(data, 8) - facts.acknowledgment, facts.acknowledgment)
        _add_rest(dissection, data, flags)
        if facts is not None:
            add_times(dissection, facts)
        if header > 20:
            dissection.add("tcp.options", data[20:header])
            dissect_options(dissection, data[20:header], header - 20, flags, reached)
        if facts is not None:
            add_analysis(dissection, facts)
    if len(data) < header:
        raise CutShort
    payload = octets.rest(header)
    if flags & _RST:
        if wanted and payload.data:
            # Why, in words of the sender's own (RFC 9293, 3.5.3).
            cause = payload.data.partition(b"\0")[0].decode("utf-8", "replace")
            dissection.add("tcp.reset_cause", cause)
        return
    if wanted and payload.data:
        dissection.add("tcp.payload", payload.data)
    if payload.reported:
        network = dissection.network
        stale = facts is not None and bool(facts.analysis & NOT_IN_ORDER)
        stream = -1 if facts is None else facts.stream
        dissection.payloads.append(
            Payload("tcp", source, destination, payload, network, stale, stream)
        )


def _add_header(dissection: Dissection, data: bytes, header: int, flags: int) -> None:
    add = dissection.add
    if dissection.network.quoted == "icmp":
        add("tcp.seq", u32(data, 4))
        if dissection.conversations is None:
            add("tcp.ack", u32(data, 8))
    else:
        add("tcp.seq_raw", u32(data, 4))
    add("tcp.hdr_len", header)
    if header < 20:
        return
    add("tcp.ack_raw", u32(data, 8))
    add("tcp.flags", flags)
    add("tcp.flags.res", int(flags >> 9 != 0))
    dissection.add_bits(flags, _FLAGS)
    add("tcp.flags.str", flags_text(flags))
    if not flags & _ACK and u32(data, 8):
        message = "The acknowledgment number field is nonzero while the ACK flag is not set"
        dissection.expert("tcp.ack.nonzero", NOTE, PROTOCOL_GROUP, message)
    _add_events(dissection, data, flags)


def flags_text(flags: int) -> str:
    """Return the 12 flags as letters, a middle dot for each one that is not set."""
    return "".join(
        letter if flags >> (11 - place) & 1 else "·" for place, letter in enumerate(_LETTERS)
    )


def _add_events(dissection: Dissection, data: bytes, flags: int) -> None:
    """Expert informations about connections that begin and end."""
    port = u16(data, 0)
    if flags & _SYN:
        if flags & _ACK:
            message = f"Connection establish acknowledge (SYN+ACK): server port {port}"
            dissection.expert("tcp.connection.synack", CHAT, SEQUENCE_GROUP, message)
        else:
            message = f"Connection establish request (SYN): server port {u16(data, 2)}"
            dissection.expert("tcp.connection.syn", CHAT, SEQUENCE_GROUP, message)
    if flags & _FIN:
        message = "Connection finish (FIN)"
        dissection.expert("tcp.connection.fin", CHAT, SEQUENCE_GROUP, message)
    if flags & _RST:
        dissection.expert("tcp.connection.rst", WARN, SEQUENCE_GROUP, "Connection reset (RST)")


def _add_rest(dissection: Dissection, data: bytes, flags: int) -> None:
    add = dissection.add
    add("tcp.window_size_value", u16(data, 14))
    add("tcp.checksum", u16(data, 16))
    add("tcp.checksum.status", 2)
    urgent = u16(data, 18)
    add("tcp.urgent_pointer", urgent)
    if urgent and not flags & _URG:
        message = "The urgent pointer field is nonzero while the URG flag is not set"
        dissection.expert("tcp.urgent_pointer.non_zero", NOTE, PROTOCOL_GROUP, message)
