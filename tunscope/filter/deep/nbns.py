"""NetBIOS over TCP/IP: the name service and datagrams' headers (RFC 1002, 4.2 and 4.4)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.netbios import read_netbios_name, show_name, take_name
from tunscope.filter.deep.registry import decodes
from tunscope.filter.layers.dissection import Dissection, Payload, take, u16, u32

_NAME, _STATUS = 32, 33
_WAIT = 7
_HEADER: Final = 12
_STATISTICS: Final = (
    ("jumpers", 1), ("test_result", 1), ("version_number", 2), ("period_of_statistics", 2),
    ("num_crcs", 2), ("num_alignment_errors", 2), ("num_collisions", 2), ("num_send_aborts", 2),
    ("num_good_sends", 4), ("num_good_receives", 4), ("numretransmits", 2),
    ("num_no_resource_conditions", 2), ("numcommand_blocks", 2), ("numpending_sessions", 2),
    ("max_num_pending_sessions", 2), ("max_total_sessions_possible", 2),
    ("session_data_packet_size", 2),
)  # fmt: skip
_NAME_FLAGS: Final = (("drg", 0x1000), ("cnf", 0x0800), ("act", 0x0400), ("prm", 0x0200))


@decodes("udp", "nbns")
def decode_nbns(dissection: Dissection, payload: Payload) -> bool:
    """Decode a message of the name service."""
    octets = payload.octets
    data = octets.data
    if not dissection.begin("nbns", octets):
        return True
    dissection.add("nbns.id", u16(data, 0))
    flags = u16(data, 2)
    _add_flags(dissection, flags)
    counts = []
    for place, name in enumerate(("queries", "answers", "auth_rr", "add_rr")):
        counts.append(u16(data, 4 + 2 * place))
        dissection.add(f"nbns.count.{name}", counts[-1])
    offset = _HEADER
    for _ in range(counts[0]):
        if offset >= len(data):
            return True
        name, _, offset = read_netbios_name(data, offset)
        dissection.add("nbns.name", name)
        dissection.add("nbns.type", u16(data, offset))
        dissection.add("nbns.class", u16(data, offset + 2))
        offset += 4
    for _ in range(sum(counts[1:])):
        if offset >= len(data):
            return True
        offset = _add_record(dissection, data, offset, flags >> 11 & 15)
    return True


def _add_flags(dissection: Dissection, flags: int) -> None:
    response = flags >> 15
    add = dissection.add
    add("nbns.flags", flags)
    add("nbns.flags.response", response)
    add("nbns.flags.opcode", flags >> 11 & 15)
    if response:
        add("nbns.flags.authoritative", flags >> 10 & 1)
    add("nbns.flags.truncated", flags >> 9 & 1)
    add("nbns.flags.recdesired", flags >> 8 & 1)
    if response:
        add("nbns.flags.recavail", flags >> 7 & 1)
    add("nbns.flags.broadcast", flags >> 4 & 1)
    if response:
        add("nbns.flags.rcode", flags & 15)


def _add_record(dissection: Dissection, data: bytes, offset: int, opcode: int) -> int:
    """Note a resource record and return where it ends."""
    add = dissection.add
    name, service, offset = read_netbios_name(data, offset)
    kind, size = u16(data, offset), u16(data, offset + 8)
    add("nbns.name", f"{name} ({service})" if kind == _NAME else name)
    add("nbns.type", kind)
    add("nbns.class", u16(data, offset + 2))
    add("nbns.ttl", u32(data, offset + 4))
    add("nbns.data_length", size)
    offset += 10
    body = take(data, offset, size)
    if kind == _NAME and opcode == _WAIT:
        if size >= 2:
            _add_flags(dissection, u16(body, 0))
    elif kind == _NAME:
        for place in range(0, size - 5, 6):
            bits = u16(body, place)
            add("nbns.nb_flags", bits)
            add("nbns.nb_flags.group", bits >> 15)
            add("nbns.nb_flags.ont", bits >> 13 & 3)
            add("nbns.addr", u32(body, place + 2))
    elif kind == _STATUS:
        _add_status(dissection, body)
    else:
        add("nbns.data", body)
    return offset + size


def _add_status(dissection: Dissection, body: bytes) -> None:
    """A node's names and its statistics."""
    add = dissection.add
    add("nbns.number_of_names", body[0])
    offset = 1
    for _ in range(body[0]):
        add("nbns.netbios_name", show_name(take_name(body, offset)))
        bits = u16(body, offset + 16)
        add("nbns.name_flags", bits)
        add("nbns.name_flags.group", bits >> 15)
        add("nbns.name_flags.ont", bits >> 13 & 3)
        dissection.add_bits(bits, [(f"nbns.name_flags.{name}", mask) for name, mask in _NAME_FLAGS])
        offset += 18
    add("nbns.unit_id", take(body, offset, 6))
    offset += 6
    for name, size in _STATISTICS:
        add(f"nbns.{name}", int.from_bytes(take(body, offset, size), "big"))
        offset += size


_WITH_NAMES: Final = frozenset({0x10, 0x11, 0x12})
_ERROR: Final = 0x13
_QUERIES: Final = frozenset({0x14, 0x15, 0x16})


@decodes("udp", "nbdgm")
def decode_nbdgm(dissection: Dissection, payload: Payload) -> bool:
    """Decode the header of a NetBIOS datagram."""
    octets = payload.octets
    data = octets.data
    if not dissection.begin("nbdgm", octets):
        return True
    add = dissection.add
    kind, flags = data[0], data[1]
    add("nbdgm.type", kind)
    add("nbdgm.flags", flags)
    add("nbdgm.next", flags & 1)
    add("nbdgm.first", flags >> 1 & 1)
    add("nbdgm.node_type", flags >> 2 & 3)
    add("nbdgm.dgram_id", u16(data, 2))
    add("nbdgm.src.ip", u32(data, 4))
    add("nbdgm.src.port", u16(data, 8))
    if kind in _WITH_NAMES:
        add("nbdgm.dgram_len", u16(data, 10))
        add("nbdgm.pkt_offset", u16(data, 12))
        name, _, offset = read_netbios_name(data, 14)
        add("nbdgm.source_name", name)
        add("nbdgm.destination_name", read_netbios_name(data, offset)[0])
    elif kind == _ERROR:
        add("nbdgm.error_code", data[10])
    elif kind in _QUERIES:
        add("nbdgm.destination_name", read_netbios_name(data, 10)[0])
    return True
