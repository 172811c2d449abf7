"""`frame`: what the capture says about a packet, whatever is in it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from tunscope.columns.programs import Program
from tunscope.filter.deep.decode import decode_payloads
from tunscope.filter.layers.dissection import ERROR, MALFORMED_GROUP, Dissection, Octets
from tunscope.filter.layers.registry import dissect_data, dissect_guarded, dissector_of
from tunscope.packet.encapsulation import encapsulation

#: Severity of a packet comment.
_COMMENT: Final = 0x00100000
_COMMENT_GROUP: Final = 0x0B000000

#: frame.packet_flags_*: name, shift, mask.
_FLAG_FIELDS: Final = (
    ("frame.packet_flags_direction", 0, 0x3),
    ("frame.packet_flags_reception_type", 2, 0x7),
    ("frame.packet_flags_fcs_length", 5, 0xF),
    ("frame.packet_flags_reserved", 9, 0x7F),
    ("frame.packet_flags_crc_error", 24, 1),
    ("frame.packet_flags_packet_too_error", 25, 1),
    ("frame.packet_flags_packet_too_short_error", 26, 1),
    ("frame.packet_flags_wrong_inter_frame_gap_error", 27, 1),
    ("frame.packet_flags_unaligned_frame_error", 28, 1),
    ("frame.packet_flags_start_frame_delimiter_error", 29, 1),
    ("frame.packet_flags_preamble_error", 30, 1),
    ("frame.packet_flags_symbol_error", 31, 1),
)


#: Received and sent, from the direction flag's numbers to those of frame.p2p_dir.
_DIRECTIONS: Final = {1: 1, 2: 0}
#: Protocols that are all there once the headers are dissected.
_HEADERS: Final = frozenset(
    {
        "ah", "arp", "erspan", "esp", "eth", "geneve", "gre", "gtp", "icmp", "icmpv6",
        "ieee8021ad", "igmp", "ip", "ipcomp", "ipv6", "ipv6.dstopts", "ipv6.fraghdr",
        "ipv6.hopopts", "ipv6.routing", "llc", "mpls", "null", "ppp", "pppoed", "pppoes", "raw",
        "sctp", "sll", "tcp", "teredo", "udp", "udpencap", "vlan", "vxlan", "lcp", "ipcp",
        "ipv6cp", "ccp",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FrameContext:
    """What the packets around one say about it. Times are nanoseconds since 1970.

    `number` is the packet number, `first_ns` and `previous_ns` the times of the capture's first
    packet and of the one before. `interface_known` is False where the file does not tell of
    interfaces (a pcap file); `interface_id` numbers those of the section, `section` counts from 1.
    `program` is the local program of the packet's conversation, where that is known. `shown_ns`
    is the time of the packet displayed before, the packet's own where there is none; None where
    all packets are displayed.
    """

    number: int
    first_ns: int
    previous_ns: int
    interface_name: str = ""
    interface_description: str = ""
    interface_known: bool = False
    interface_id: int = 0
    section: int = 1
    program: Program | None = None
    shown_ns: int | None = None


def dissect_frame(dissection: Dissection, context: FrameContext | None) -> None:
    """Dissect the packet of `dissection`: its link layer and on, and `frame` itself."""
    record = dissection.record
    if context is not None:
        dissection.number = context.number
    octets = Octets(record.data, max(record.origlen, len(record.data)))
    dissector = dissector_of("linktype", record.linktype) or dissect_data
    if octets.data or dissector_of("linktype", record.linktype):
        dissect_guarded(dissection, dissector, octets)
    if dissection.payloads and wants_payloads(dissection.wanted):
        decode_payloads(dissection)
    if "frame" in dissection.wanted:
        _add_frame(dissection, octets, context)
    if context is not None and context.program is not None and "process" in dissection.wanted:
        dissection.begin("process", octets)
        dissection.add("process.name", context.program.name)
        dissection.add("process.pid", context.program.pid)


def wants_payloads(wanted: Container[str]) -> bool:
    """Whether somebody asks for more than headers tell."""
    return not (isinstance(wanted, frozenset) and wanted <= _HEADERS)


def _add_frame(dissection: Dissection, octets: Octets, context: FrameContext | None) -> None:
    record, add = dissection.record, dissection.add
    protocols = ":".join(dissection.protocols)
    dissection.begin("frame", octets, len(record.data))
    if record.custom is None:
        add("frame.encap_type", encapsulation(record.linktype))
    if record.timed:
        _add_times(dissection, context)
    if context is not None:
        add("frame.number", context.number)
    add("frame.len", record.origlen)
    add("frame.cap_len", record.caplen)
    if record.origlen < record.caplen:
        message = "Frame length is less than captured length"
        dissection.expert("frame.len_lt_caplen", ERROR, MALFORMED_GROUP, message)
    add("frame.marked", 0)
    add("frame.ignored", 0)
    if record.custom is not None:
        add("frame.cb_pen", record.custom.pen)
        add("frame.cb_copy", int(record.custom.copied))
    add("frame.protocols", protocols)
    if context is not None and record.custom is not None:
        add("frame.section_number", context.section)
    elif context is not None and context.interface_known:
        add("frame.interface_id", context.interface_id)
        add("frame.section_number", context.section)
        if context.interface_name:
            add("frame.interface_name", context.interface_name)
        if context.interface_description:
            add("frame.interface_description", context.interface_description)
    if record.flags or record.zero_flags:
        add("frame.packet_flags", record.flags)
        if record.flags & 3 in _DIRECTIONS:
            add("frame.p2p_dir", _DIRECTIONS[record.flags & 3])
        for name, shift, mask in _FLAG_FIELDS:
            add(name, record.flags >> shift & mask)
    if record.packet_id is not None:
        add("frame.packet_id", record.packet_id)
    for comment in record.comments:
        add("frame.comment", comment)
        dissection.expert("frame.comment.expert", _COMMENT, _COMMENT_GROUP, comment)


def _add_times(dissection: Dissection, context: FrameContext | None) -> None:
    ts_ns, add = dissection.record.ts_ns, dissection.add
    add("frame.time", ts_ns)
    add("frame.offset_shift", 0)
    add("frame.time_epoch", ts_ns)
    if context is not None:
        add("frame.time_delta", ts_ns - context.previous_ns)
        shown_ns = context.previous_ns if context.shown_ns is None else context.shown_ns
        add("frame.time_delta_displayed", ts_ns - shown_ns)
        add("frame.time_relative", ts_ns - context.first_ns)
