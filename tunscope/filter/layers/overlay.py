"""Overlays over UDP: VXLAN (RFC 7348), GENEVE (RFC 8926), GTP-U, Teredo (RFC 4380)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import CutShort, Dissection, Octets, take, u16, u24, u32
from tunscope.filter.layers.gre import dissect_carried
from tunscope.filter.layers.ipv4 import dissect_ip
from tunscope.filter.layers.ipv6 import dissect_ipv6
from tunscope.filter.layers.registry import dissect_data, dissect_next, takes

_VXLAN_FLAGS: Final = (
    ("vxlan.flag_g", 0x8000),
    ("vxlan.flag_i", 0x0800),
    ("vxlan.flag_d", 0x0040),
    ("vxlan.flag_a", 0x0008),
)
_ETHERNET: Final = 0x6558
#: GTP-U: a packet of the user.
_G_PDU: Final = 255


@takes("udp.port", 4789, 8472)
def dissect_vxlan(dissection: Dissection, octets: Octets) -> None:
    """Dissect a VXLAN header and the Ethernet frame behind it."""
    data = octets.data
    if dissection.begin("vxlan", octets, 8):
        flags = u16(data, 0)
        dissection.add("vxlan.flags", flags)
        dissection.add_bits(flags, _VXLAN_FLAGS)
        dissection.add("vxlan.flags_reserved", _reserved_flags(flags))
        dissection.add("vxlan.gbp", u16(data, 2))
        dissection.add("vxlan.vni", u24(data, 4))
        dissection.add("vxlan.reserved8", data[7])
    take(data, 0, 8)
    dissect_next(dissection, "ethertype", _ETHERNET, octets.rest(8))


def _reserved_flags(flags: int) -> int:
    """Return the bits of mask 0x77B7, shifted down as far as the lowest of them."""
    return flags & 0x77B7


@takes("udp.port", 4790)
def dissect_vxlan_gpe(dissection: Dissection, octets: Octets) -> None:
    """Dissect VXLAN with the generic protocol extension."""
    data = octets.data
    following = data[3]
    if dissection.begin("vxlan", octets, 8):
        add = dissection.add
        add("vxlan.flags", data[0])
        add("vxlan.ver", data[0] >> 4 & 3)
        add("vxlan.i_bit", data[0] >> 3 & 1)
        add("vxlan.p_bit", data[0] >> 2 & 1)
        add("vxlan.o_bit", data[0] & 1)
        add("vxlan.reserved_16", u16(data, 1))
        add("vxlan.next_proto", following)
        add("vxlan.vni", u24(data, 4))
        add("vxlan.reserved8", data[7])
    take(data, 0, 8)
    number = {1: 0x0800, 2: 0x86DD, 3: _ETHERNET, 5: 0x8847}.get(following, -1)
    dissect_next(dissection, "ethertype", number, octets.rest(8))


@takes("udp.port", 6081)
def dissect_geneve(dissection: Dissection, octets: Octets) -> None:
    """Dissect a GENEVE header, its options, and what it carries."""
    data = octets.data
    size = (data[0] & 63) * 4 if data else 0
    wanted = dissection.begin("geneve", octets, 8 + size)
    if wanted:
        _add_geneve(dissection, data)
    kind = u16(data, 2)
    take(data, 0, 8)
    if size:
        options = take(data, 8, size)
        if wanted:
            dissection.add("geneve.options", options)
            _add_geneve_options(dissection, options)
    dissect_carried(dissection, kind, octets.rest(8 + size))


def _add_geneve(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    add("geneve.version", data[0] >> 6)
    add("geneve.option.length", (data[0] & 63) * 4)
    if data[0] >> 6:
        add("geneve.version.unknown", None)
    add("geneve.flags", data[1])
    add("geneve.flags.oam", data[1] >> 7)
    add("geneve.flags.critical", data[1] >> 6 & 1)
    add("geneve.flags.reserved", int(data[1] & 63 != 0))
    add("geneve.proto_type", u16(data, 2))
    add("geneve.vni", u24(data, 4))
    add("geneve.reserved", data[7])


def _add_geneve_options(dissection: Dissection, options: bytes) -> None:
    add = dissection.add
    offset = 0
    while offset + 4 <= len(options):
        size = 4 + (options[offset + 3] & 31) * 4
        option = options[offset : offset + size]
        if len(option) < size:
            add("geneve.option.length.invalid", None)
            return
        add("geneve.option", option)
        add("geneve.option.class", u16(option, 0))
        add("geneve.option.type", option[2])
        add("geneve.option.type.critical", option[2] >> 7)
        add("geneve.option.flags", option[3] >> 5)
        add("geneve.option.flags.reserved", int(option[3] & 0xE0 != 0))
        add("geneve.option.length", size)
        add("geneve.option.unknown.data", option[4:])
        offset += size


@takes("udp.port", 2152)
def dissect_gtp_u(dissection: Dissection, octets: Octets) -> None:
    """Dissect the header of GTP version 1 as the user plane has it, and the user's packet."""
    data = octets.data
    wanted = dissection.begin("gtp", octets)
    flags, message = data[0], data[1]
    if wanted:
        add = dissection.add
        add("gtp.flags", flags)
        add("gtp.flags.version", flags >> 5)
        add("gtp.flags.payload", flags >> 4 & 1)
        add("gtp.flags.reserved", flags >> 3 & 1)
        dissection.add_bits(flags, (("gtp.flags.e", 4), ("gtp.flags.s", 2), ("gtp.flags.pn", 1)))
        add("gtp.message", message)
        add("gtp.length", u16(data, 2))
        add("gtp.teid", u32(data, 4))
    offset = 8
    if flags & 7:
        following = data[11]
        if wanted:
            _add_gtp_optional(dissection, data, flags)
        offset = 12
        while flags & 4 and following:
            words = data[offset]
            if not words:
                raise CutShort
            offset += words * 4
            following = data[offset - 1]
    take(data, 0, offset)
    payload = octets.rest(offset)
    if message != _G_PDU or not payload.data:
        return
    version = payload.data[0] >> 4
    if version == 4:
        dissect_ip(dissection, payload)
    elif version == 6:
        dissect_ipv6(dissection, payload)
    else:
        dissect_data(dissection, payload)


def _add_gtp_optional(dissection: Dissection, data: bytes, flags: int) -> None:
    if flags & 2:
        dissection.add("gtp.seq_number", u16(data, 8))
    if flags & 1:
        dissection.add("gtp.npdu_number", data[10])
    if flags & 4:
        dissection.add("gtp.ext_hdr.next", data[11])


@takes("udp.port", 3544)
def dissect_teredo(dissection: Dissection, octets: Octets) -> None:
    """Dissect Teredo's indications and the IPv6 packet behind them."""
    data = octets.data
    wanted = dissection.begin("teredo", octets)
    offset = 0
    if data[:2] == b"\0\1":
        id_size, auth_size = data[2], data[3]
        if wanted:
            dissection.add("teredo.auth", None)
            dissection.add("teredo.auth.idlen", id_size)
            dissection.add("teredo.auth.aulen", auth_size)
            if id_size:
                dissection.add("teredo.auth.id", take(data, 4, id_size))
            if auth_size:
                dissection.add("teredo.auth.value", take(data, 4 + id_size, auth_size))
            nonce = 4 + id_size + auth_size
            dissection.add("teredo.auth.nonce", take(data, nonce, 8))
            dissection.add("teredo.auth.conf", take(data, nonce + 8, 1))
        offset = 4 + id_size + auth_size + 9
    if data[offset : offset + 2] == b"\0\0":
        if wanted:
            dissection.add("teredo.orig", None)
            dissection.add("teredo.orig.port", u16(data, offset + 2) ^ 0xFFFF)
            dissection.add("teredo.orig.addr", u32(data, offset + 4) ^ 0xFFFFFFFF)
        offset += 8
    payload = octets.rest(offset)
    if payload.data and payload.data[0] >> 4 == 6:
        dissect_ipv6(dissection, payload)
    else:
        dissect_data(dissection, payload)
