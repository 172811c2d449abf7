"""ICMPv6 beside errors, echoes and the discoveries: node information (RFC 4620), router
renumbering (RFC 2894), extended echo (RFC 8335), mobility (RFC 6275)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, take, u16, u32, u64
from tunscope.filter.layers.neighbour_discovery import add_options
from tunscope.filter.layers.registry import dissect_data

_NODE_QUERY: Final = 139
_AGENT_REQUEST, _AGENT_REPLY, _PREFIX_SOLICITATION = 144, 145, 146
_ECHO_REQUEST: Final = 160
TYPES: Final = frozenset({138, 139, 140, 144, 145, 146, 147, 160, 161})
_ADDRESSES, _ADDRESSES_4 = 3, 4
_MATCH_PART: Final = 24
_USE_PART: Final = 32


def add_message(dissection: Dissection, kind: int, octets: Octets) -> None:
    """Note the fields of one of the messages in TYPES."""
    data = octets.data
    match kind:
        case 138:
            _add_renumbering(dissection, data)
        case 139 | 140:
            _add_information(dissection, kind, data)
        case 160 | 161:
            _add_extended_echo(dissection, kind, octets)
        case _:
            _add_mobility(dissection, kind, data)


def _add_extended_echo(dissection: Dissection, kind: int, octets: Octets) -> None:
    data = octets.data
    add = dissection.add
    add("icmpv6.echo.identifier", u16(data, 4))
    add("icmpv6.ext.echo.seq", data[6])
    if kind == _ECHO_REQUEST:
        add("icmpv6.ext.echo.req.res", data[7] >> 1)
        add("icmpv6.ext.echo.req.local", data[7] & 1)
    else:
        prefix = "icmpv6.ext.echo.rsp"
        add(f"{prefix}.state", data[7] >> 5)
        add(f"{prefix}.res", data[7] >> 3 & 3)
        dissection.add_bits(
            data[7], ((f"{prefix}.active", 4), (f"{prefix}.ipv4", 2), (f"{prefix}.ipv6", 1))
        )
    if octets.reported > 8:
        dissect_data(dissection, octets.rest(8))


def _add_mobility(dissection: Dissection, kind: int, data: bytes) -> None:
    add = dissection.add
    add("icmpv6.mip6.identifier", u16(data, 4))
    if kind in (_AGENT_REQUEST, _PREFIX_SOLICITATION):
        add("icmpv6.reserved", take(data, 6, 2))
        return
    flags = u16(data, 6)
    if kind == _AGENT_REPLY:
        add("icmpv6.reserved", take(data, 6, 2))
        for offset in range(8, len(data) - 15, 16):
            add("icmpv6.mip6.home_agent_address", data[offset : offset + 16])
        return
    add("icmpv6.mip6.flag", flags)
    dissection.add_bits(flags, (("icmpv6.mip6.flag.m", 0x8000), ("icmpv6.mip6.flag.o", 0x4000)))
    add("icmpv6.mip6.flag.rsv", flags & 0x3FFF)
    add_options(dissection, data, 8)


def _add_information(dissection: Dissection, kind: int, data: bytes) -> None:
    add = dissection.add
    query, flags = u16(data, 4), u16(data, 6)
    add("icmpv6.ni.qtype", query)
    prefix = "icmpv6.ni.flag"
    add(prefix, flags)
    letters = (("g", 32), ("s", 16), ("l", 8), ("c", 4), ("a", 2), ("t", 1))
    dissection.add_bits(flags, ((f"{prefix}.{letter}", mask) for letter, mask in letters))
    add(f"{prefix}.rsv", flags & 0xFFC0)
    add("icmpv6.ni.nonce", u64(data, 8))
    if kind == _NODE_QUERY:
        if data[1] == 0 and len(data) > 16:
            add("icmpv6.ni.query.subject_ipv6", take(data, 16, 16))
        elif data[1] == 2 and len(data) > 16:
            add("icmpv6.ni.query.subject_ipv4", u32(data, 16))
        return
    size = {_ADDRESSES: 16, _ADDRESSES_4: 4}.get(query)
    if size is None or data[1]:
        return
    for offset in range(16, len(data) - 3 - size, 4 + size):
        add("icmpv6.ni.reply.node_ttl", u32(data, offset))
        if size == 4:
            add("icmpv6.ni.reply.ipv4_address", u32(data, offset + 4))
        else:
            add("icmpv6.ni.reply.node_address", take(data, offset + 4, 16))


def _add_renumbering(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    flags = data[9]
    add("icmpv6.rr.sequence_number", u32(data, 4))
    add("icmpv6.rr.segment_number", data[8])
    prefix = "icmpv6.rr.flag"
    add(prefix, flags)
    letters = (("t", 128), ("r", 64), ("a", 32), ("s", 16), ("p", 8))
    dissection.add_bits(flags, ((f"{prefix}.{letter}", mask) for letter, mask in letters))
    add(f"{prefix}.rsv", flags & 7)
    add("icmpv6.rr.maxdelay", u16(data, 10))
    add("icmpv6.reserved", take(data, 12, 4))
    if data[1] != 0:
        return
    offset = 16
    while offset + _MATCH_PART <= len(data):
        size = data[offset + 1] * 8
        _add_match(dissection, data, offset)
        for use in range(offset + _MATCH_PART, offset + size - _USE_PART + 1, _USE_PART):
            _add_use(dissection, data, use)
        if size < _MATCH_PART:
            return
        offset += size


def _add_match(dissection: Dissection, data: bytes, offset: int) -> None:
    add = dissection.add
    prefix = "icmpv6.rr.pco.mp"
    add(prefix, None)
    names = ("opcode", "oplength", "ordinal", "matchlen", "minlen", "maxlen")
    for place, name in enumerate(names):
        add(f"{prefix}.{name}", data[offset + place])
    add("icmpv6.reserved", take(data, offset + 6, 2))
    add(f"{prefix}.matchprefix", take(data, offset + 8, 16))


def _add_use(dissection: Dissection, data: bytes, offset: int) -> None:
    add = dissection.add
    prefix = "icmpv6.rr.pco.up"
    add(prefix, None)
    add(f"{prefix}.uselen", data[offset])
    add(f"{prefix}.keeplen", data[offset + 1])
    for place, name in ((2, "flagmask"), (3, "raflags")):
        flags = data[offset + place]
        add(f"{prefix}.{name}", flags)
        dissection.add_bits(flags, ((f"{prefix}.flagmask.l", 0x80), (f"{prefix}.flagmask.a", 0x40)))
        add(f"{prefix}.flagmask.reserved", flags & 0x3F)
    add(f"{prefix}.validlifetime", u32(data, offset + 4))
    add(f"{prefix}.preferredlifetime", u32(data, offset + 8))
    flags = u32(data, offset + 12)
    add(f"{prefix}.flag", flags)
    dissection.add_bits(flags, ((f"{prefix}.flag.v", 1 << 31), (f"{prefix}.flag.p", 1 << 30)))
    add(f"{prefix}.flag.reserved", flags & 0x3FFFFFFF)
    add(f"{prefix}.useprefix", take(data, offset + 16, 16))
