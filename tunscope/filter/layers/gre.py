"""GRE (RFC 2784, RFC 2890), its PPTP variant (RFC 2637), and ERSPAN inside it."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    PROTOCOL_GROUP,
    WARN,
    Dissection,
    Octets,
    take,
    u16,
    u32,
)
from tunscope.filter.layers.registry import dissect_data, dissector_of, dissector_or_data, takes
from tunscope.packet.checksum import internet_checksum

_CHECKSUM, _ROUTING, _KEY, _SEQUENCE = 0x8000, 0x4000, 0x2000, 0x1000
_ACKNOWLEDGMENT, _VERSION = 0x0080, 0x0007
_PPP: Final = 0x880B
_ERSPAN: Final = frozenset({0x88BE, 0x22EB})


@takes("ip.proto", 47)
@takes("udp.port", 4754)
def dissect_gre(dissection: Dissection, octets: Octets) -> None:
    """Dissect a GRE header and what it carries."""
    data = octets.data
    wanted = dissection.begin("gre", octets, needs=4)
    flags, kind = u16(data, 0), u16(data, 2)
    pptp = kind == _PPP and bool(flags & _VERSION)
    if wanted:
        _add_flags(dissection, flags, kind, pptp=pptp)
    offset = 4
    if flags & (_CHECKSUM | _ROUTING):
        if wanted:
            dissection.add("gre.checksum", u16(data, offset))
            if flags & _CHECKSUM and len(data) >= octets.reported:
                status = int(internet_checksum(data) == 0)
                dissection.add("gre.checksum.status", status)
                if not status:
                    message = "Incorrect GRE Checksum"
                    dissection.expert("gre.checksum.incorrect", WARN, PROTOCOL_GROUP, message)
            else:
                dissection.add("gre.checksum.status", 2)
            dissection.add("gre.offset", u16(data, offset + 2))
        offset += 4
    if flags & _KEY:
        if wanted:
            if pptp:
                dissection.add("gre.key.payload_length", u16(data, offset))
                dissection.add("gre.key.call_id", u16(data, offset + 2))
            else:
                dissection.add("gre.key", u32(data, offset))
        offset += 4
    if flags & _SEQUENCE:
        if wanted:
            dissection.add("gre.sequence_number", u32(data, offset))
        offset += 4
    if pptp and flags & _ACKNOWLEDGMENT:
        if wanted:
            dissection.add("gre.ack_number", u32(data, offset))
        offset += 4
    if flags & _ROUTING:
        offset = _dissect_routing(dissection, data, offset, wanted=wanted)
    take(data, 0, offset)
    if flags & _SEQUENCE or kind not in _ERSPAN:
        dissect_carried(dissection, kind, octets.rest(offset))
    else:
        dissect_carried(dissection, 0x6558, octets.rest(offset))


def dissect_carried(dissection: Dissection, kind: int, payload: Octets) -> None:
    """Dissect what protocol type `kind` announces: mostly EtherTypes."""
    if not payload.reported:
        return
    dissector = dissector_of("gre", kind) or dissector_or_data("ethertype", kind)
    dissector(dissection, payload)


def _add_flags(dissection: Dissection, flags: int, kind: int, *, pptp: bool) -> None:
    add = dissection.add
    add("gre.flags_and_version", flags)
    dissection.add_bits(
        flags,
        (
            ("gre.flags.checksum", _CHECKSUM),
            ("gre.flags.routing", _ROUTING),
            ("gre.flags.key", _KEY),
            ("gre.flags.sequence_number", _SEQUENCE),
            ("gre.flags.strict_source_route", 0x0800),
        ),
    )
    add("gre.flags.recursion_control", flags >> 8 & 7)
    if pptp:
        add("gre.flags.ack", flags >> 7 & 1)
        add("gre.flags.reserved", flags >> 3 & 15)
    else:
        add("gre.flags.reserved", flags >> 3 & 31)
    add("gre.flags.version", flags & _VERSION)
    add("gre.proto", kind)


def _dissect_routing(dissection: Dissection, data: bytes, offset: int, *, wanted: bool) -> int:
    """Note the source route entries (RFC 1701); return where they end."""
    while True:
        family, length = u16(data, offset), data[offset + 3]
        if wanted:
            dissection.add("gre.routing", None)
            dissection.add("gre.routing.address_family", family)
            dissection.add("gre.routing.sre_offset", data[offset + 2])
            dissection.add("gre.routing.src_length", length)
        offset += 4
        if not family and not length:
            return offset
        if wanted and length:
            dissection.add("gre.routing.information", take(data, offset, length))
        offset += length


@takes("gre", 0x88BE)
def dissect_erspan(dissection: Dissection, octets: Octets) -> None:
    """Dissect an ERSPAN type II header and the frame behind it."""
    data = octets.data
    wanted = dissection.begin("erspan", octets)
    word = u16(data, 0)
    version = word >> 12
    if wanted:
        second = u16(data, 2)
        dissection.add("erspan.version", version)
        dissection.add("erspan.vlan", word & 0xFFF)
        dissection.add("erspan.cos", second >> 13)
        if version == 1:
            dissection.add("erspan.encap", second >> 11 & 3)
        else:
            dissection.add("erspan.bso", second >> 11 & 3)
        dissection.add("erspan.truncated", second >> 10 & 1)
        dissection.add("erspan.spanid", second & 0x3FF)
        if version == 1:
            dissection.add("erspan.reserved", u32(data, 4) >> 20)
            dissection.add("erspan.index", u32(data, 4) & 0xFFFFF)
    take(data, 0, 8)
    if version == 1:
        dissect_carried(dissection, 0x6558, octets.rest(8))
    elif version == 2:
        _dissect_erspan_3(dissection, octets, wanted=wanted)
    else:
        dissect_data(dissection, octets.rest(8))


@takes("gre", 0x22EB)
def dissect_erspan_3(dissection: Dissection, octets: Octets) -> None:
    """Dissect an ERSPAN type III header and the frame behind it."""
    dissect_erspan(dissection, octets)


def _dissect_erspan_3(dissection: Dissection, octets: Octets, *, wanted: bool) -> None:
    data = octets.data
    if wanted:
        word = u16(data, 10)
        dissection.add("erspan.timestamp", u32(data, 4))
        dissection.add("erspan.sgt", u16(data, 8))
        dissection.add("erspan.p", word >> 15)
        dissection.add("erspan.ft", word >> 10 & 31)
        dissection.add("erspan.hw", word >> 4 & 63)
        dissection.add("erspan.direction", word >> 3 & 1)
        dissection.add("erspan.gra", word >> 1 & 3)
        dissection.add("erspan.o", word & 1)
    offset = 20 if u16(data, 10) & 1 else 12
    if u16(data, 10) >> 10 & 31 == 0:
        dissect_carried(dissection, 0x6558, octets.rest(offset))
    else:
        dissect_data(dissection, octets.rest(offset))
